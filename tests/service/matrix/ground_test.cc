// The fine half of the permission table (guarantees.md G12): how the caller's post stands to the ground
// decides. Each command is tried by the right kind of post on its own ground, above, below, beside and in
// another county.
#include <gtest/gtest.h>

#include <tuple>
#include <vector>

#include "base/status.h"
#include "service/matrix/commands.h"

namespace gridwarden::testing {
namespace {

struct Relation {
  const char* name;
  Uuid resource;  // division of what the command is done to
  Uuid caller;    // division of the caller's post
  bool at_or_above;
};

std::vector<Relation> Relations() {
  return {
      {"OwnGround", City().townships[0][0], City().townships[0][0], true},
      {"CountyAbove", City().townships[0][0], City().counties[0], true},
      {"CityAbove", City().townships[0][0], City().city, true},
      {"TownshipBelow", City().counties[0], City().townships[0][0], false},
      {"SiblingTownship", City().townships[0][0], City().townships[0][1], false},
      {"OtherCounty", City().townships[0][0], City().counties[1], false},
      {"TownshipOfOtherCounty", City().townships[0][0], City().townships[1][0], false},
  };
}

class EveryGround : public ::testing::TestWithParam<std::tuple<Command, Relation>> {};

TEST_P(EveryGround, AllowsWhatIsWrittenDownAndNothingElse) {
  const auto& [command, relation] = GetParam();
  const std::unique_ptr<google::protobuf::Message> request =
      World().Request(command.method, command.request(relation.resource));
  const std::string before = World().database().Ask("SELECT COUNT(*) FROM journal_stage");
  const absl::Status status =
      World()
          .Send(City().TokenOf(command.kind, relation.caller), command.method, request->SerializeAsString())
          .status();
  const bool allowed =
      command.reach == Reach::kAssigned ? relation.caller == relation.resource : relation.at_or_above;
  if (allowed) {
    EXPECT_TRUE(status.ok()) << status;
    return;
  }
  EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied) << status;
  EXPECT_EQ(ReasonOf(status), command.reach == Reach::kAssigned ? "NOT_YOUR_TASK" : "NOT_ALLOWED");
  EXPECT_EQ(World().database().Ask("SELECT COUNT(*) FROM journal_stage"), before);
}

INSTANTIATE_TEST_SUITE_P(Matrix, EveryGround,
                         ::testing::Combine(::testing::ValuesIn(Commands()),
                                            ::testing::ValuesIn(Relations())),
                         [](const ::testing::TestParamInfo<std::tuple<Command, Relation>>& info) {
                           return ShortName(std::get<0>(info.param).method) + "_" +
                                  std::get<1>(info.param).name;
                         });

}  // namespace
}  // namespace gridwarden::testing
