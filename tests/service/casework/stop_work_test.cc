#include <algorithm>

#include "absl/strings/str_cat.h"
#include "domain/policy/escalation_rules.h"
#include "gridwarden/casework/v1/site_service.pb.h"
#include "gtest/gtest.h"
#include "service/casework/casework_world.h"

// Sites that stop work for as long as their findings say, and start again only after an acceptance.
namespace gridwarden::testing {
namespace {

using casework::v1::Case;
using casework::v1::StopWork;
using domain::PostKind;

constexpr char kSites[] = "gridwarden.casework.v1.SiteService/";

class StopWorks : public ::testing::Test {
 protected:
  void SetUp() override { World().Reset(); }
  CaseworkWorld& world = World();
  const std::string source_ = ResourceName("sources", Uuid::Derive(Uuid(), "the site"));

  // A case about the site; every other way is as usual.
  Case Found() {
    auto request = world.SignalRequest("SITE");
    request.mutable_signal()->set_source(source_);
    return world.CaseOf(request, Case::HANDLING);
  }
  casework::v1::OrderStopWorkRequest Stop(const std::string& name) const {
    casework::v1::OrderStopWorkRequest request;
    request.set_request_id(CaseworkWorld::NewId());
    request.set_name(name);
    request.set_reason("裸土未覆盖，出入口未冲洗");
    return request;
  }
  casework::v1::AcceptRestartRequest Restart(const std::string& name, const char* met = "yes") {
    casework::v1::AcceptRestartRequest request;
    request.set_request_id(CaseworkWorld::NewId());
    request.set_name(name);
    auto* answer = request.add_answers();
    answer->set_checklist("SITE_RESTART");
    answer->set_item("SIX_MET");
    answer->set_value(met);
    answer->add_media(world.Photo());
    return request;
  }
  template <typename Request>
  absl::StatusOr<StopWork> Call(const std::string& token, const char* method, const Request& request) {
    return world.server().Call<StopWork>(token, absl::StrCat(kSites, method), request);
  }
};

TEST_F(StopWorks, LastsAWeekThenAMonthThenThreeMonthsAsFindingsAddUp) {
  const int days[] = {7, 30, 90, 90};
  for (int finding = 1; finding <= 4; ++finding) {
    const Case file = Found();
    const auto order = Call(world.Dispatcher(), "OrderStopWork", Stop(file.name()));
    ASSERT_TRUE(order.ok()) << order.status();
    EXPECT_EQ(order->state(), StopWork::STOPPED);
    EXPECT_EQ(order->finding(), finding);
    EXPECT_EQ(order->stop_days(), days[finding - 1]);
    EXPECT_EQ(order->until_time().seconds() - order->start_time().seconds(), days[finding - 1] * 86400);
    EXPECT_EQ(order->ladder_source(), "test");
    world.clock().Advance(absl::Hours(24));
  }
  // A year later nothing of it adds up any more.
  world.clock().Advance(absl::Hours(24 * 400));
  EXPECT_EQ(Call(world.Dispatcher(), "OrderStopWork", Stop(Found().name()))->finding(), 1);
}

TEST_F(StopWorks, StartsAgainOnlyAfterThePeriodAndOnlyWhenEveryItemIsMet) {
  const auto order = Call(world.Dispatcher(), "OrderStopWork", Stop(Found().name()));
  ASSERT_TRUE(order.ok()) << order.status();
  EXPECT_EQ(ReasonOf(Call(world.CountyOffice(), "AcceptRestart", Restart(order->name())).status()),
            "STOP_PERIOD_RUNS");
  world.clock().Advance(absl::Hours(24 * 7));
  EXPECT_EQ(ReasonOf(Call(world.CountyOffice(), "AcceptRestart", Restart(order->name(), "no")).status()),
            "CLOSING_CONDITION_UNMET");
  const auto again = Call(world.CountyOffice(), "AcceptRestart", Restart(order->name()));
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->state(), StopWork::RESTARTED);
  EXPECT_EQ(ReasonOf(Call(world.CountyOffice(), "AcceptRestart", Restart(order->name())).status()),
            "ILLEGAL_TRANSITION");
}

TEST_F(StopWorks, IsNotAcceptedByWhoeverOrderedIt) {
  const auto order = Call(world.CountyOffice(), "OrderStopWork", Stop(Found().name()));
  ASSERT_TRUE(order.ok()) << order.status();
  world.clock().Advance(absl::Hours(24 * 8));
  EXPECT_EQ(ReasonOf(Call(world.CountyOffice(), "AcceptRestart", Restart(order->name())).status()),
            "ANOTHER_PERSON_NEEDED");
  EXPECT_TRUE(
      Call(world.Token(PostKind::kCampaignOffice, City().city), "AcceptRestart", Restart(order->name()))
          .ok());
}

TEST_F(StopWorks, IsListedInScopeAndCanBeRevoked) {
  const auto order = Call(world.Dispatcher(), "OrderStopWork", Stop(Found().name()));
  ASSERT_TRUE(order.ok()) << order.status();
  casework::v1::ListStopWorksRequest list;
  list.set_standing(true);
  const auto count = [&](const std::string& token) {
    const auto answer = world.server().Call<casework::v1::ListStopWorksResponse>(
        token, absl::StrCat(kSites, "ListStopWorks"), list);
    return answer.ok() ? answer->stop_works_size() : -1;
  };
  EXPECT_EQ(count(world.CountyOffice()), 1);
  EXPECT_EQ(count(world.Token(PostKind::kCampaignOffice, City().counties[1])), 0);
  casework::v1::RevokeStopWorkRequest revoke;
  revoke.set_request_id(CaseworkWorld::NewId());
  revoke.set_name(order->name());
  revoke.set_reason("误下");
  EXPECT_EQ(Call(world.Dispatcher(), "RevokeStopWork", revoke).status().code(),
            absl::StatusCode::kPermissionDenied);
  ASSERT_TRUE(Call(world.CountyOffice(), "RevokeStopWork", revoke).ok());
  EXPECT_EQ(count(world.CountyOffice()), 0);
}

// The eight standard cases.
TEST_F(StopWorks, AreOrderedByRightPeopleInRightStatesOnce) {
  const Case file = Found();
  const auto good = Stop(file.name());
  for (const std::string& token :
       {world.Fixer(), world.Patrol(), world.Token(PostKind::kCampaignOffice, City().townships[0][1]),
        world.Token(PostKind::kCampaignOffice, City().counties[1])}) {
    EXPECT_EQ(Call(token, "OrderStopWork", good).status().code(), absl::StatusCode::kPermissionDenied);
  }
  auto bad = Stop(file.name());
  bad.clear_reason();
  EXPECT_EQ(ReasonOf(Call(world.Dispatcher(), "OrderStopWork", bad).status()), "REQUIRED_FIELD_MISSING");
  bad = Stop(file.name());
  bad.set_etag("77");
  EXPECT_EQ(ReasonOf(Call(world.Dispatcher(), "OrderStopWork", bad).status()), "ETAG_MISMATCH");
  EXPECT_EQ(
      ReasonOf(Call(world.Dispatcher(), "OrderStopWork", Stop(world.CaseIn(Case::HANDLING).name())).status()),
      "NO_STOP_WORK_LADDER");

  const auto first = Call(world.Dispatcher(), "OrderStopWork", good);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(Call(world.Dispatcher(), "OrderStopWork", good)->SerializeAsString(), first->SerializeAsString());
  auto other = good;
  other.set_reason("另一个理由");
  EXPECT_EQ(ReasonOf(Call(world.Dispatcher(), "OrderStopWork", other).status()), "REQUEST_ID_REUSED");
  EXPECT_EQ(ReasonOf(Call(world.Dispatcher(), "OrderStopWork", Stop(file.name())).status()),
            "ALREADY_EXISTS");
}

TEST_F(StopWorks, AreEndedByRightPeopleOnceAndOnlyWhole) {
  const auto order = Call(world.Dispatcher(), "OrderStopWork", Stop(Found().name()));
  ASSERT_TRUE(order.ok()) << order.status();
  world.clock().Advance(absl::Hours(24 * 8));
  auto restart = Restart(order->name());
  for (const std::string& token :
       {world.Fixer(), world.Dispatcher(), world.Token(PostKind::kCampaignOffice, City().counties[1])}) {
    EXPECT_EQ(Call(token, "AcceptRestart", restart).status().code(), absl::StatusCode::kPermissionDenied);
  }
  auto stale = Restart(order->name());
  stale.set_etag("99");
  EXPECT_EQ(ReasonOf(Call(world.CountyOffice(), "AcceptRestart", stale).status()), "ETAG_MISMATCH");
  auto empty = Restart(order->name());
  empty.clear_answers();
  EXPECT_EQ(ReasonOf(Call(world.CountyOffice(), "AcceptRestart", empty).status()), "REQUIRED_FIELD_MISSING");
  const auto restarted = Call(world.CountyOffice(), "AcceptRestart", restart);
  ASSERT_TRUE(restarted.ok()) << restarted.status();
  EXPECT_EQ(Call(world.CountyOffice(), "AcceptRestart", restart)->SerializeAsString(),
            restarted->SerializeAsString());
  restart.set_etag("2");
  EXPECT_EQ(ReasonOf(Call(world.CountyOffice(), "AcceptRestart", restart).status()), "REQUEST_ID_REUSED");

  casework::v1::RevokeStopWorkRequest revoke;
  revoke.set_request_id(CaseworkWorld::NewId());
  revoke.set_name(order->name());
  EXPECT_EQ(ReasonOf(Call(world.CountyOffice(), "RevokeStopWork", revoke).status()),
            "REQUIRED_FIELD_MISSING");
  revoke.set_reason("误下");
  EXPECT_EQ(ReasonOf(Call(world.CountyOffice(), "RevokeStopWork", revoke).status()), "ILLEGAL_TRANSITION");
  const auto second = Call(world.Dispatcher(), "OrderStopWork", Stop(Found().name()));
  ASSERT_TRUE(second.ok()) << second.status();
  revoke.set_request_id(CaseworkWorld::NewId());
  revoke.set_name(second->name());
  revoke.set_etag("99");
  EXPECT_EQ(ReasonOf(Call(world.CountyOffice(), "RevokeStopWork", revoke).status()), "ETAG_MISMATCH");
  revoke.clear_etag();
  const auto revoked = Call(world.CountyOffice(), "RevokeStopWork", revoke);
  ASSERT_TRUE(revoked.ok()) << revoked.status();
  EXPECT_EQ(Call(world.CountyOffice(), "RevokeStopWork", revoke)->SerializeAsString(),
            revoked->SerializeAsString());
  revoke.set_reason("另一个理由");
  EXPECT_EQ(ReasonOf(Call(world.CountyOffice(), "RevokeStopWork", revoke).status()), "REQUEST_ID_REUSED");
}

}  // namespace
}  // namespace gridwarden::testing
