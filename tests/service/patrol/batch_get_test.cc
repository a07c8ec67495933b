#include <gtest/gtest.h>

#include "base/status.h"
#include "google/protobuf/util/time_util.h"
#include "gridwarden/patrol/v1/patrol_service.pb.h"
#include "patrol/patrol_service.h"
#include "source/source_service.h"
#include "support/shared_database.h"
#include "support/test_city.h"
#include "support/test_policy.h"
#include "support/test_server.h"

// Many tasks at once, as phones fetch them.
namespace gridwarden::patrol {
namespace {

using domain::PostKind;
using testing::City;
using testing::SharedDatabase;

class BatchGetTasks : public ::testing::Test {
 protected:
  BatchGetTasks() : server(*SharedDatabase(), City().MakeDirectory(), testing::TestPolicy()) {
    SharedDatabase().Clear();
    server.Install(Install);
    server.Install(source::Install);
  }
  template <typename Response, typename Request>
  absl::StatusOr<Response> Call(const std::string& token, const std::string& method, const Request& request) {
    return server.Call<Response>(token, "gridwarden.patrol.v1.PatrolService/" + method, request);
  }
  std::string NewId() { return Uuid::Make(server.clock().Now()).ToString(); }

  v1::PatrolTask Create(const Uuid& division) {
    v1::CreatePatrolTaskRequest request;
    request.set_request_id(NewId());
    v1::PatrolTask& task = *request.mutable_patrol_task();
    task.set_division(ResourceName("divisions", division));
    task.set_category("STRAW_BURNING");
    task.set_title("夜查");
    *task.mutable_due_time() = google::protobuf::util::TimeUtil::MicrosecondsToTimestamp(
        absl::ToUnixMicros(server.clock().Now() + absl::Hours(8)));
    task.set_post(ResourceName("posts", City().PostOf(PostKind::kPatrolOfficer, division).id));
    const auto made = Call<v1::PatrolTask>(city_office, "CreatePatrolTask", request);
    EXPECT_TRUE(made.ok()) << made.status();
    return made.value_or(v1::PatrolTask());
  }
  absl::StatusOr<v1::BatchGetPatrolTasksResponse> Get(const std::string& token,
                                                      const std::vector<std::string>& names) {
    v1::BatchGetPatrolTasksRequest request;
    for (const std::string& name : names) request.add_names(name);
    return Call<v1::BatchGetPatrolTasksResponse>(token, "BatchGetPatrolTasks", request);
  }

  testing::TestServer server;
  const Uuid village = City().villages[0][0][0];
  const std::string city_office = City().TokenOf(PostKind::kCampaignOffice, City().city);
  const std::string office = City().TokenOf(PostKind::kCampaignOffice, City().townships[0][0]);
  const std::string officer = City().TokenOf(PostKind::kPatrolOfficer, village);
};

TEST_F(BatchGetTasks, TasksComeInTheOrderAskedEachOnceAsGetPatrolTaskAnswersThem) {
  const v1::PatrolTask first = Create(village);
  const v1::PatrolTask second = Create(City().villages[0][0][1]);
  const auto got = Get(office, {second.name(), first.name(), second.name()});
  ASSERT_TRUE(got.ok()) << got.status();
  ASSERT_EQ(got->patrol_tasks_size(), 2);
  EXPECT_EQ(got->patrol_tasks(0).SerializeAsString(), second.SerializeAsString());
  EXPECT_EQ(got->patrol_tasks(1).SerializeAsString(), first.SerializeAsString());
}

TEST_F(BatchGetTasks, WhatTheCallerMayNotSeeIsLeftOutLikeWhatIsNowhere) {
  const v1::PatrolTask mine = Create(village);
  const v1::PatrolTask neighbours = Create(City().villages[0][0][1]);
  const v1::PatrolTask elsewhere = Create(City().villages[1][0][0]);
  const std::vector<std::string> all = {elsewhere.name(), "patrolTasks/" + NewId(), neighbours.name(),
                                        mine.name()};
  const auto seen = Get(officer, all);
  ASSERT_TRUE(seen.ok()) << seen.status();
  ASSERT_EQ(seen->patrol_tasks_size(), 1);
  EXPECT_EQ(seen->patrol_tasks(0).name(), mine.name());
  EXPECT_EQ(Get(office, all)->patrol_tasks_size(), 2);
  EXPECT_EQ(Get(City().AdministratorToken(), all)->patrol_tasks_size(), 3);
  const std::string no_post = City().TokenOfPerson(Uuid::Derive(City().city, "nobody"));
  EXPECT_EQ(Get(no_post, all).status().code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(Get("", all).status().code(), absl::StatusCode::kUnauthenticated);
}

TEST_F(BatchGetTasks, OneToTwoHundredNamesOfTasksAreAsked) {
  const std::string absent = "patrolTasks/" + NewId();
  EXPECT_EQ(ReasonOf(Get(office, {}).status()), "REQUIRED_FIELD_MISSING");
  EXPECT_EQ(ReasonOf(Get(office, {"cases/" + NewId()}).status()), "INVALID_FIELD");
  EXPECT_EQ(ReasonOf(Get(office, {""}).status()), "INVALID_FIELD");
  EXPECT_EQ(Get(office, std::vector<std::string>(200, absent))->patrol_tasks_size(), 0);
  EXPECT_EQ(ReasonOf(Get(office, std::vector<std::string>(201, absent)).status()), "INVALID_FIELD");
}

}  // namespace
}  // namespace gridwarden::patrol
