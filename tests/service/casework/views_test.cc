#include <gtest/gtest.h>

#include <set>

#include "absl/strings/str_cat.h"
#include "casework/timestamps.h"
#include "service/casework/casework_world.h"

namespace gridwarden::testing {
namespace {

using casework::v1::Case;
using casework::v1::ListCasesRequest;
using casework::v1::ListCasesResponse;
using casework::v1::ListSignalsRequest;
using casework::v1::ListSignalsResponse;
using casework::v1::Signal;
using domain::PostKind;

class Views : public ::testing::Test {
 protected:
  void SetUp() override { world.Reset(); }
  CaseworkWorld& world = World();

  absl::StatusOr<ListCasesResponse> Cases(const std::string& token, const ListCasesRequest& request = {}) {
    return world.Call<ListCasesResponse>(token, "ListCases", request);
  }
  static std::vector<std::string> Names(const absl::StatusOr<ListCasesResponse>& list) {
    std::vector<std::string> names;
    for (const Case& file : list->cases()) names.push_back(file.name());
    return names;
  }
  ListCasesRequest Mine() {
    ListCasesRequest request;
    request.set_assigned_to_me(true);
    return request;
  }
};

TEST_F(Views, ACategoryOrANumberInChineseIsAnsweredAndNoFault) {
  ListCasesRequest cases;
  cases.set_category("秸秆焚烧");
  EXPECT_EQ(ReasonOf(Cases(world.Dispatcher(), cases).status()), "INVALID_FIELD");
  ListSignalsRequest signals;
  signals.set_category("秸秆焚烧");
  EXPECT_EQ(ReasonOf(world.Call<ListSignalsResponse>(world.Dispatcher(), "ListSignals", signals).status()),
            "INVALID_FIELD");
  casework::v1::GetCaseRequest get;
  get.set_name("cases/no:驻马店-2026-1");
  EXPECT_EQ(world.Call<Case>(City().AdministratorToken(), "GetCase", get).status().code(),
            absl::StatusCode::kNotFound);
}

TEST_F(Views, ACaseIsSeenInItsScopeAndByWhoItIsAssignedToAndByNobodyElse) {
  const Case file = world.CaseIn(Case::CHECKING);
  casework::v1::GetCaseRequest get;
  get.set_name(file.name());
  for (const std::string& token : {world.Patrol(), world.Dispatcher(), world.CountyOffice(),
                                   world.CheckerOf(file), City().AdministratorToken()}) {
    EXPECT_TRUE(world.Call<Case>(token, "GetCase", get).ok());
  }
  const std::string stranger = world.Token(PostKind::kGridLeader, City().townships[1][0]);
  EXPECT_EQ(world.Call<Case>(stranger, "GetCase", get).status().code(), absl::StatusCode::kPermissionDenied);
  casework::v1::ListCaseEventsRequest events;
  events.set_name(file.name());
  EXPECT_EQ(
      world.Call<casework::v1::ListCaseEventsResponse>(stranger, "ListCaseEvents", events).status().code(),
      absl::StatusCode::kPermissionDenied);
  get.set_name("cases/no:" + file.case_no());
  EXPECT_EQ(world.Call<Case>(world.Dispatcher(), "GetCase", get)->name(), file.name());
  get.set_name("cases/" + world.NewId());
  EXPECT_EQ(world.Call<Case>(City().AdministratorToken(), "GetCase", get).status().code(),
            absl::StatusCode::kNotFound);
  get.set_name("case/1");
  EXPECT_EQ(world.Call<Case>(world.Dispatcher(), "GetCase", get).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(Views, WhatIsElsewhereIsRefusedLikeWhatIsNowhere) {
  const Case file = world.CaseIn(Case::DISPATCHED);
  const std::string stranger = world.Token(PostKind::kGridLeader, City().townships[1][0]);
  casework::v1::GetCaseRequest get;
  get.set_name("cases/no:" + file.case_no());
  const absl::Status elsewhere = world.Call<Case>(stranger, "GetCase", get).status();
  EXPECT_EQ(elsewhere.code(), absl::StatusCode::kPermissionDenied);
  for (const std::string& nowhere : {std::string("cases/no:411702-2026-99999"), "cases/" + world.NewId()}) {
    get.set_name(nowhere);
    EXPECT_EQ(world.Call<Case>(stranger, "GetCase", get).status(), elsewhere);
  }
  casework::v1::AcceptCaseRequest accept = world.AcceptRequest(file.name());
  const absl::Status not_mine = world.Call<Case>(stranger, "AcceptCase", accept).status();
  EXPECT_EQ(not_mine.code(), absl::StatusCode::kPermissionDenied);
  accept.set_request_id(world.NewId());
  accept.set_name("cases/" + world.NewId());
  EXPECT_EQ(world.Call<Case>(stranger, "AcceptCase", accept).status(), not_mine);
}

TEST_F(Views, ASignalIsSeenInItsScopeOnly) {
  casework::v1::GetSignalRequest get;
  get.set_name(world.NewSignal().name());
  const auto seen = world.Call<Signal>(world.Dispatcher(), "GetSignal", get);
  ASSERT_TRUE(seen.ok()) << seen.status();
  EXPECT_EQ(seen->evidence_size(), 2);
  EXPECT_EQ(seen->description(), "院内露天喷漆，户主王某");
  EXPECT_EQ(world.Call<Signal>(world.Token(PostKind::kGridLeader, City().villages[0][0][1]), "GetSignal", get)
                .status()
                .code(),
            absl::StatusCode::kPermissionDenied);
}

TEST_F(Views, PagesGoThroughEveryCaseOnceNewestFirst) {
  std::vector<std::string> made;
  for (int i = 0; i < 5; ++i) {
    if (i != 2) world.clock().Advance(absl::Minutes(1));  // two at the same instant
    made.insert(made.begin(), world.CaseIn(Case::FILED).name());
  }
  ListCasesRequest request;
  request.set_page_size(2);
  std::vector<std::string> listed;
  for (int page = 0; page < 4; ++page) {
    const auto list = Cases(world.CountyOffice(), request);
    ASSERT_TRUE(list.ok()) << list.status();
    for (const std::string& name : Names(list)) listed.push_back(name);
    if (list->next_page_token().empty()) break;
    request.set_page_token(list->next_page_token());
  }
  EXPECT_EQ(listed.size(), 5u);
  EXPECT_EQ(std::set<std::string>(listed.begin(), listed.end()).size(), 5u);
  EXPECT_EQ(listed.front(), made.front());
  EXPECT_EQ(listed.back(), made.back());
  request.set_category("DUST");
  EXPECT_EQ(ReasonOf(Cases(world.CountyOffice(), request).status()), "PAGE_TOKEN_MISMATCH");
}

TEST_F(Views, AListShowsTheScopeAndNothingBesideIt) {
  const Case here = world.CaseIn(Case::FILED);
  EXPECT_EQ(Names(Cases(world.Patrol())), std::vector<std::string>{here.name()});
  EXPECT_TRUE(Names(Cases(world.Token(PostKind::kGridLeader, City().villages[0][0][1]))).empty());
  EXPECT_TRUE(Names(Cases(world.Token(PostKind::kCampaignOffice, City().counties[1]))).empty());
  ListCasesRequest request;
  request.set_division(ResourceName("divisions", City().townships[0][1]));
  EXPECT_TRUE(Names(Cases(world.CountyOffice(), request)).empty());
  EXPECT_EQ(Cases(world.Dispatcher(), request).status().code(), absl::StatusCode::kPermissionDenied);
  request.set_division("测试市/甲县/东关街道");
  EXPECT_EQ(Names(Cases(world.CountyOffice(), request)), std::vector<std::string>{here.name()});
  request.set_category("STRAW_BURNING");
  EXPECT_TRUE(Names(Cases(world.CountyOffice(), request)).empty());
}

TEST_F(Views, StatesNarrowAList) {
  const Case filed = world.CaseIn(Case::FILED);
  const Case closed = world.CaseIn(Case::CLOSED);
  ListCasesRequest request;
  request.add_states(Case::FILED);
  request.add_states(Case::DISPATCHED);
  request.add_states(Case::HANDLING);
  EXPECT_EQ(Names(Cases(world.Dispatcher(), request)), std::vector<std::string>{filed.name()});
  request.clear_states();
  request.add_states(Case::CLOSED);
  EXPECT_EQ(Names(Cases(world.Dispatcher(), request)), std::vector<std::string>{closed.name()});
}

TEST_F(Views, AnUnknownStateIsRefusedRatherThanIgnored) {
  ListCasesRequest request;
  request.add_states(static_cast<Case::State>(77));
  EXPECT_EQ(Cases(world.Dispatcher(), request).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(Views, OverdueListsOpenWorkOldestDueFirst) {
  const Case accept = world.CaseIn(Case::DISPATCHED);  // due in 4 h
  world.clock().Advance(absl::Minutes(1));
  const Case handle = world.CaseIn(Case::HANDLING);  // due in 72 h
  const Case closed = world.CaseIn(Case::CLOSED);
  ListCasesRequest request;
  request.set_overdue(true);
  EXPECT_TRUE(Names(Cases(world.Dispatcher(), request)).empty());
  world.clock().Advance(absl::Hours(5));
  EXPECT_EQ(Names(Cases(world.Dispatcher(), request)), std::vector<std::string>{accept.name()});
  world.clock().Advance(absl::Hours(100));
  EXPECT_EQ(Names(Cases(world.Dispatcher(), request)),
            (std::vector<std::string>{accept.name(), handle.name()}));
  request.set_page_size(1);
  const auto first = Cases(world.Dispatcher(), request);
  request.set_page_token(first->next_page_token());
  EXPECT_EQ(Names(Cases(world.Dispatcher(), request)), std::vector<std::string>{handle.name()});
  request.clear_page_token();
  request.clear_page_size();
  *request.mutable_as_of() = casework::ToTimestamp(world.clock().Now() - absl::Hours(100));
  EXPECT_EQ(Names(Cases(world.Dispatcher(), request)), std::vector<std::string>{accept.name()});
}

TEST_F(Views, EverybodyFindsWhatWaitsForThem) {
  const Case handling = world.CaseIn(Case::HANDLING);
  EXPECT_EQ(Names(Cases(world.Fixer(), Mine())), std::vector<std::string>{handling.name()});
  EXPECT_TRUE(Names(Cases(world.Leader(), Mine())).empty());
  const Case checking = world.CaseIn(Case::CHECKING);
  EXPECT_EQ(Names(Cases(world.CheckerOf(checking), Mine())), std::vector<std::string>{checking.name()});
  const Case signing = world.CaseIn(Case::SIGN_OFF);
  EXPECT_EQ(Names(Cases(world.Leader(), Mine())), std::vector<std::string>{signing.name()});
  // The village's leader may not sign what the township filed.
  EXPECT_TRUE(Names(Cases(world.Token(PostKind::kGridLeader, world.village), Mine())).empty());
}

TEST_F(Views, SignalsAreListedInScopeAndByAssignment) {
  const Signal lead = world.NewLead();
  const Signal find = world.NewSignal();
  ListSignalsRequest request;
  EXPECT_EQ(world.Call<ListSignalsResponse>(world.Dispatcher(), "ListSignals", request)->signals_size(), 2);
  request.set_assigned_to_me(true);
  EXPECT_EQ(world.Call<ListSignalsResponse>(world.Patrol(), "ListSignals", request)->signals_size(), 0);
  casework::v1::RequestOnsiteCheckRequest ask;
  ask.set_request_id(world.NewId());
  ask.set_name(lead.name());
  ask.set_post(ResourceName("posts", City().PostOf(PostKind::kPatrolOfficer, world.village).id));
  ASSERT_TRUE(world.Call<Signal>(world.Dispatcher(), "RequestOnsiteCheck", ask).ok());
  const auto mine = world.Call<ListSignalsResponse>(world.Patrol(), "ListSignals", request);
  ASSERT_EQ(mine->signals_size(), 1);
  EXPECT_EQ(mine->signals(0).name(), lead.name());
  ListSignalsRequest fresh;
  fresh.add_states(Signal::NEW);
  const auto new_ones = world.Call<ListSignalsResponse>(world.Dispatcher(), "ListSignals", fresh);
  ASSERT_EQ(new_ones->signals_size(), 1);
  EXPECT_EQ(new_ones->signals(0).name(), find.name());
}

}  // namespace
}  // namespace gridwarden::testing
