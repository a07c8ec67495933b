#include "gridwarden/casework/v1/routing_service.pb.h"

#include <algorithm>
#include "gridwarden/casework/v1/application_service.pb.h"

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "service/casework/casework_world.h"

// Who has to put it right: the duty list, and the one way around it.
namespace gridwarden::testing {
namespace {

using casework::v1::Application;
using casework::v1::Case;
using domain::PostKind;

constexpr char kRouting[] = "gridwarden.casework.v1.RoutingService/";
constexpr char kApplications[] = "gridwarden.casework.v1.ApplicationService/";

class Routing : public ::testing::Test {
 protected:
  void SetUp() override { World().Reset(); }
  CaseworkWorld& world = World();

  // Of another township of the county: not of this ground.
  std::string Stranger() const {
    return ResourceName("posts", City().PostOf(PostKind::kGridOfficer, City().villages[0][1][0]).id);
  }

  casework::v1::RequestDispatchOutsideListRequest Outside(const std::string& name) const {
    casework::v1::RequestDispatchOutsideListRequest request;
    request.set_request_id(CaseworkWorld::NewId());
    request.set_name(name);
    request.set_handler(Stranger());
    request.set_reason_code("URGENT");
    request.set_statement("本村网格员外出，由邻镇先行处置");
    return request;
  }

  absl::StatusOr<Application> Ask(const std::string& token,
                                  const casework::v1::RequestDispatchOutsideListRequest& request) {
    return world.server().Call<Application>(token, absl::StrCat(kRouting, "RequestDispatchOutsideList"),
                                            request);
  }

  absl::StatusOr<Application> Decide(const std::string& token, const std::string& application, bool agrees) {
    casework::v1::DecideApplicationRequest request;
    request.set_request_id(CaseworkWorld::NewId());
    request.set_name(application);
    request.set_agrees(agrees);
    request.set_reason("已与邻镇协调");
    return world.server().Call<Application>(token, absl::StrCat(kApplications, "DecideApplication"), request);
  }
};

TEST_F(Routing, ProposesWhoBearsTheDutyWithTheItemItRestsOn) {
  const Case file = world.CaseIn(Case::FILED);
  casework::v1::ProposeRouteRequest request;
  request.set_name(file.name());
  const auto answer = world.server().Call<casework::v1::ProposeRouteResponse>(
      world.Dispatcher(), absl::StrCat(kRouting, "ProposeRoute"), request);
  ASSERT_TRUE(answer.ok()) << answer.status();
  ASSERT_EQ(answer->routes_size(), 2);
  EXPECT_EQ(answer->routes(0).item().id(), "D-GRID");
  const auto& leads = answer->routes(0).leads();
  EXPECT_TRUE(std::any_of(leads.begin(), leads.end(), [&](const auto& lead) {
    return lead.name() == world.FixerPost() && !lead.vacant();
  }));
  EXPECT_EQ(answer->routes(1).item().id(), "D-BUREAU");
  EXPECT_EQ(answer->routes(1).leads(0).name(), ResourceName("units", City().bureaus[0]));
  // Nobody learns of a case elsewhere.
  const auto elsewhere = world.server().Call<casework::v1::ProposeRouteResponse>(
      world.Token(PostKind::kCampaignOffice, City().counties[1]), absl::StrCat(kRouting, "ProposeRoute"),
      request);
  EXPECT_EQ(elsewhere.status().code(), absl::StatusCode::kPermissionDenied);
}

TEST_F(Routing, CitesTheItemOfWhoeverIsDispatched) {
  const Case file = world.CaseIn(Case::FILED);
  auto request = world.DispatchRequest(file.name());
  request.clear_duty_item();
  const auto sent = world.Call<Case>(world.Dispatcher(), "DispatchCase", request);
  ASSERT_TRUE(sent.ok()) << sent.status();
  EXPECT_EQ(sent->duty_item(), "D-GRID");
  EXPECT_FALSE(sent->has_outside_list());
}

TEST_F(Routing, RefusesAHandlerThatTheListDoesNotNameAndAnItemItDoesNotHave) {
  const Case file = world.CaseIn(Case::FILED);
  auto request = world.DispatchRequest(file.name());
  request.clear_duty_item();
  request.set_handler(Stranger());
  const auto refused = world.Call<Case>(world.Dispatcher(), "DispatchCase", request);
  EXPECT_EQ(ReasonOf(refused.status()), "NOT_ON_DUTY_LIST");
  const auto facts = FactsOf(refused.status());
  ASSERT_TRUE(facts.has_value());
  EXPECT_NE(facts->metadata.at("item").find("属地网格负责"), std::string::npos);

  request = world.DispatchRequest(file.name());
  request.set_duty_item("D-BUREAU");  // an item of somebody else
  EXPECT_EQ(ReasonOf(world.Call<Case>(world.Dispatcher(), "DispatchCase", request).status()),
            "NOT_ON_DUTY_LIST");
  request.set_request_id(CaseworkWorld::NewId());
  request.set_duty_item("属地管理");
  EXPECT_EQ(ReasonOf(world.Call<Case>(world.Dispatcher(), "DispatchCase", request).status()),
            "INVALID_FIELD");
  EXPECT_EQ(world.Get(file.name()).state(), Case::FILED);
}

TEST_F(Routing, GoesOutsideTheListOnlyByTheNamedApprovalOfTheCounty) {
  const Case file = world.CaseIn(Case::FILED);
  const auto asked = Ask(world.Dispatcher(), Outside(file.name()));
  ASSERT_TRUE(asked.ok()) << asked.status();
  EXPECT_EQ(asked->state(), Application::PENDING);
  EXPECT_EQ(world.Get(file.name()).state(), Case::FILED);
  EXPECT_EQ(ReasonOf(Ask(world.Dispatcher(), Outside(file.name())).status()), "APPLICATION_PENDING");
  // The office that asked does not approve itself.
  EXPECT_FALSE(Decide(world.Dispatcher(), asked->name(), true).ok());

  const auto decided = Decide(world.CountyOffice(), asked->name(), true);
  ASSERT_TRUE(decided.ok()) << decided.status();
  const Case sent = world.Get(file.name());
  EXPECT_EQ(sent.state(), Case::DISPATCHED);
  EXPECT_EQ(sent.handler(), Stranger());
  EXPECT_TRUE(sent.outside_list().agrees());
  EXPECT_FALSE(sent.outside_list().person().empty());
  EXPECT_EQ(sent.outside_list().seat(), "COUNTY_CENTRE");
}

TEST_F(Routing, StaysWhereItIsWhenTheCountyRefuses) {
  const Case file = world.CaseIn(Case::FILED);
  const auto asked = Ask(world.Dispatcher(), Outside(file.name()));
  ASSERT_TRUE(asked.ok()) << asked.status();
  ASSERT_TRUE(Decide(world.CountyOffice(), asked->name(), false).ok());
  EXPECT_EQ(world.Get(file.name()).state(), Case::FILED);
  EXPECT_TRUE(world.Get(file.name()).handler().empty());
}

// The eight standard cases.
TEST_F(Routing, AsksOnlyFromRightPeopleInRightStatesAndOnce) {
  const Case file = world.CaseIn(Case::FILED);
  const auto request = Outside(file.name());
  for (const std::string& token :
       {world.Fixer(), world.Patrol(), world.Token(PostKind::kCampaignOffice, City().townships[0][1]),
        world.Token(PostKind::kCampaignOffice, City().counties[1])}) {
    EXPECT_EQ(Ask(token, request).status().code(), absl::StatusCode::kPermissionDenied);
  }
  auto incomplete = request;
  incomplete.clear_reason_code();
  EXPECT_EQ(ReasonOf(Ask(world.Dispatcher(), incomplete).status()), "REQUIRED_FIELD_MISSING");
  auto stale = request;
  stale.set_etag("99");
  EXPECT_EQ(ReasonOf(Ask(world.Dispatcher(), stale).status()), "ETAG_MISMATCH");
  auto listed = request;
  listed.set_handler(world.FixerPost());
  EXPECT_EQ(ReasonOf(Ask(world.Dispatcher(), listed).status()), "INVALID_FIELD");

  const auto first = Ask(world.Dispatcher(), request);
  ASSERT_TRUE(first.ok()) << first.status();
  const auto again = Ask(world.Dispatcher(), request);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(first->SerializeAsString(), again->SerializeAsString());
  auto other = request;
  other.set_statement("改了主意");
  EXPECT_EQ(ReasonOf(Ask(world.Dispatcher(), other).status()), "REQUEST_ID_REUSED");

  const Case handling = world.CaseIn(Case::HANDLING);
  EXPECT_EQ(ReasonOf(Ask(world.Dispatcher(), Outside(handling.name())).status()), "ILLEGAL_TRANSITION");
}

}  // namespace
}  // namespace gridwarden::testing
