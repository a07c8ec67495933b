#include <string>

#include "base/status.h"
#include "gridwarden/grid/v1/grid_service.pb.h"
#include "gtest/gtest.h"
#include "platform/rpc/server.h"

namespace gridwarden::rpc {
namespace {

using grid::v1::EndTenureRequest;
using grid::v1::ListDivisionsRequest;
using grid::v1::ResolveResponsibleRequest;

TEST(Validate, NamesEveryMissingFieldAtOnce) {
  EndTenureRequest request;
  request.set_name("tenures/1");
  const absl::Status status = Validate(request);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  const ErrorFacts facts = FactsOf(status).value();
  EXPECT_EQ(facts.reason, "REQUIRED_FIELD_MISSING");
  EXPECT_EQ(facts.metadata.at("field"), "request_id, valid_to");
  ASSERT_EQ(facts.fields.size(), 2u);
  EXPECT_EQ(facts.fields[0].field, "request_id");
}

TEST(Validate, AcceptsARequiredMessageThatIsEmptyButThere) {
  ResolveResponsibleRequest request;
  request.mutable_event_time();  // 1970-01-01 is a time
  EXPECT_TRUE(Validate(request).ok());
}

TEST(Validate, RefusesAStringLongerThanTheLimit) {
  ListDivisionsRequest request;
  request.set_parent(std::string(64 * 1024, 'x'));
  EXPECT_TRUE(Validate(request).ok());
  request.set_parent(std::string(64 * 1024 + 1, 'x'));
  const absl::Status status = Validate(request);
  EXPECT_EQ(ReasonOf(status), "INVALID_FIELD");
  EXPECT_EQ(FactsOf(status)->fields[0].field, "parent");
}

TEST(Validate, RefusesAListLongerThanTheLimitWithoutWalkingIt) {
  grid::v1::ListDivisionsResponse message;  // any message with a list
  for (int i = 0; i < 10'001; ++i) message.add_divisions();
  const absl::Status status = Validate(message);
  EXPECT_EQ(FactsOf(status)->fields.size(), 1u);
  EXPECT_EQ(FactsOf(status)->fields[0].field, "divisions");
}

TEST(Validate, RefusesAnEnumValueThisReleaseDoesNotKnow) {
  ListDivisionsRequest request;
  request.set_level(static_cast<grid::v1::Division::Level>(999));
  const absl::Status status = Validate(request);
  EXPECT_EQ(ReasonOf(status), "INVALID_FIELD");
  EXPECT_EQ(FactsOf(status)->fields[0].field, "level");
}

TEST(Validate, LooksIntoNestedMessages) {
  grid::v1::ListDivisionsResponse message;
  message.add_divisions();
  message.add_divisions()->set_display_name(std::string(70'000, 'x'));
  const absl::Status status = Validate(message);
  EXPECT_EQ(FactsOf(status)->fields[0].field, "divisions[1].display_name");
}

}  // namespace
}  // namespace gridwarden::rpc
