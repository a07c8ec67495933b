#include <gtest/gtest.h>

#include <algorithm>

#include "base/status.h"
#include "casework/history_repository.h"
#include "service/casework/casework_world.h"
#include "support/watched_database.h"

// Many cases and signals at once, as phones fetch them.
namespace gridwarden::testing {
namespace {

using casework::v1::BatchGetCasesRequest;
using casework::v1::BatchGetCasesResponse;
using casework::v1::BatchGetSignalsRequest;
using casework::v1::BatchGetSignalsResponse;
using casework::v1::Case;
using casework::v1::CaseHistoryLine;
using casework::v1::ListCaseEventsRequest;
using casework::v1::ListCaseEventsResponse;
using casework::v1::Signal;
using domain::PostKind;

class BatchGet : public ::testing::Test {
 protected:
  void SetUp() override { world.Reset(); }
  CaseworkWorld& world = World();

  absl::StatusOr<BatchGetCasesResponse> Cases(const std::string& token, const std::vector<std::string>& names,
                                              bool with_events = false) {
    BatchGetCasesRequest request;
    for (const std::string& name : names) request.add_names(name);
    request.set_with_events(with_events);
    return world.Call<BatchGetCasesResponse>(token, "BatchGetCases", request);
  }
  absl::StatusOr<BatchGetSignalsResponse> Signals(const std::string& token,
                                                  const std::vector<std::string>& names) {
    BatchGetSignalsRequest request;
    for (const std::string& name : names) request.add_names(name);
    return world.Call<BatchGetSignalsResponse>(token, "BatchGetSignals", request);
  }
  std::string Stranger() const { return world.Token(PostKind::kGridLeader, City().townships[1][0]); }
};

TEST_F(BatchGet, CasesComeInTheOrderAskedEachOnceAsGetCaseAnswersThem) {
  const Case first = world.CaseIn(Case::HANDLING);
  const Case second = world.CaseIn(Case::CLOSED);
  const auto got = Cases(world.Dispatcher(), {second.name(), first.name(), second.name()});
  ASSERT_TRUE(got.ok()) << got.status();
  ASSERT_EQ(got->cases_size(), 2);
  EXPECT_EQ(got->histories_size(), 0);
  EXPECT_EQ(got->cases(0).SerializeAsString(), world.Get(second.name()).SerializeAsString());
  EXPECT_EQ(got->cases(1).SerializeAsString(), world.Get(first.name()).SerializeAsString());
}

TEST_F(BatchGet, WhatTheCallerMayNotSeeIsLeftOutLikeWhatIsNowhere) {
  const Case file = world.CaseIn(Case::CHECKING);
  const Signal lead = world.NewLead();
  const auto none = Cases(Stranger(), {file.name(), "cases/" + world.NewId()});
  ASSERT_TRUE(none.ok()) << none.status();
  EXPECT_EQ(none->cases_size(), 0);
  EXPECT_EQ(Signals(Stranger(), {lead.name(), "signals/" + world.NewId()})->signals_size(), 0);
  // Whoever checks it sees it wherever it stands, as GetCase has it.
  for (const std::string& token : {world.CheckerOf(file), world.Patrol(), City().AdministratorToken()})
    EXPECT_EQ(Cases(token, {file.name()}, true)->cases_size(), 1);
  const std::string no_post = City().TokenOfPerson(Uuid::Derive(City().city, "nobody"));
  EXPECT_EQ(Cases(no_post, {file.name()}).status().code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(Cases("", {file.name()}).status().code(), absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(Signals("", {lead.name()}).status().code(), absl::StatusCode::kUnauthenticated);
}

TEST_F(BatchGet, OneToTwoHundredNamesOfTheRightKindAreAsked) {
  const std::string id = world.NewId();
  EXPECT_EQ(ReasonOf(Cases(world.Dispatcher(), {}).status()), "REQUIRED_FIELD_MISSING");
  EXPECT_EQ(ReasonOf(Cases(world.Dispatcher(), {"signals/" + id}).status()), "INVALID_FIELD");
  EXPECT_EQ(ReasonOf(Cases(world.Dispatcher(), {""}).status()), "INVALID_FIELD");
  EXPECT_EQ(ReasonOf(Signals(world.Dispatcher(), {"cases/" + id}).status()), "INVALID_FIELD");
  EXPECT_TRUE(Cases(world.Dispatcher(), std::vector<std::string>(200, "cases/" + id)).ok());
  EXPECT_EQ(ReasonOf(Cases(world.Dispatcher(), std::vector<std::string>(201, "cases/" + id)).status()),
            "INVALID_FIELD");
  EXPECT_EQ(ReasonOf(Signals(world.Dispatcher(), std::vector<std::string>(201, "signals/" + id)).status()),
            "INVALID_FIELD");
}

TEST_F(BatchGet, TheEventsAreThoseOfTheCaseAndItsSignalsAndNameTheRequestThatCausedEach) {
  const Case handling = world.CaseIn(Case::HANDLING);
  const Case closed = world.CaseIn(Case::CLOSED);
  const auto got = Cases(world.Dispatcher(), {handling.name(), closed.name()}, true);
  ASSERT_TRUE(got.ok()) << got.status();
  ASSERT_EQ(got->histories_size(), 2);
  for (int i = 0; i < 2; ++i) {
    ListCaseEventsRequest one;
    one.set_name(got->cases(i).name());
    EXPECT_EQ(
        got->histories(i).SerializeAsString(),
        world.Call<ListCaseEventsResponse>(world.Dispatcher(), "ListCaseEvents", one)->SerializeAsString());
  }
  casework::v1::SubmitFeedbackRequest fixed = world.FeedbackRequest(handling.name());
  ASSERT_TRUE(world.Call<Case>(world.Fixer(), "SubmitFeedback", fixed).ok());
  const auto after = Cases(world.Dispatcher(), {handling.name()}, true);
  const auto& events = after->histories(0).events();
  const auto line = std::find_if(events.begin(), events.end(), [](const CaseHistoryLine& event) {
    return event.action() == casework::v1::SUBMIT_FEEDBACK;
  });
  ASSERT_NE(line, events.end());
  EXPECT_EQ(line->request_id(), fixed.request_id());
  EXPECT_EQ(events.begin()->action(), casework::v1::SUBMIT);
  EXPECT_FALSE(events.begin()->request_id().empty());
  // What the system did by itself has none.
  world.Settle();
  const auto settled = Cases(world.Dispatcher(), {handling.name()}, true);
  for (const CaseHistoryLine& event : settled->histories(0).events()) {
    EXPECT_EQ(event.request_id().empty(), event.system()) << event.DebugString();
  }
}

TEST_F(BatchGet, OnlyTheNewestHundredEventsOfACaseAreTold) {
  const Case file = world.CaseIn(Case::HANDLING);
  // A long life, written as it is stored.
  ASSERT_TRUE(
      world.database()
          ->Run([&](db::Transaction& tx) -> absl::Status {
            GW_ASSIGN_OR_RETURN(const Uuid id, ParseResourceName("cases", file.name()));
            GW_ASSIGN_OR_RETURN(const auto rows, casework::ReadHistory(tx, casework::Aggregate::kCase, id));
            casework::HistoryRow row = rows.back();
            for (int i = 0; i < 150; ++i) {
              ++row.seq;
              row.received += absl::Seconds(1);
              GW_RETURN_IF_ERROR(casework::AppendHistory(tx, casework::Aggregate::kCase, row));
            }
            return tx.Exec("UPDATE case_file SET subject_seq = ? WHERE case_id = ?", row.seq, id).status();
          })
          .ok());
  const auto got = Cases(world.Dispatcher(), {file.name()}, true);
  ASSERT_TRUE(got.ok()) << got.status();
  ASSERT_EQ(got->histories(0).events_size(), 100);
  EXPECT_EQ(got->histories(0).events(99).subject_seq(), std::stoll(file.etag()) + 150);
  EXPECT_EQ(got->histories(0).events(0).subject_seq(), std::stoll(file.etag()) + 51);
}

TEST_F(BatchGet, TheStatementsAreAsManyForTwentyCasesAsForOne) {
  std::vector<std::string> names;
  for (int i = 0; i < 20; ++i) names.push_back(world.CaseIn(Case::HANDLING).name());
  int statements = 0;
  WatchedDatabase watched(*world.database(), [&](std::string_view, std::span<const db::Value>) {
    ++statements;
    return absl::OkStatus();
  });
  const casework::Casework area{watched, world.area().directory, world.area().policy, world.area().channel};
  rpc::Call call = City().CallOf(PostKind::kCampaignOffice, world.township, world.clock().Now(),
                                 std::string(kCasework) + "BatchGetCases");
  call.deadline = absl::InfiniteFuture();
  BatchGetCasesRequest request;
  for (const std::string& name : names) request.add_names(name);
  request.set_with_events(true);
  const auto got = casework::BatchGetCases(area, call, request);
  ASSERT_TRUE(got.ok()) << got.status();
  EXPECT_EQ(got->histories_size(), 20);
  EXPECT_EQ(statements, 4);
}

TEST_F(BatchGet, SignalsComeInTheOrderAskedAndTellTheCaseTheyWereMergedInto) {
  const Signal find = world.NewSignal();
  const Signal lead = world.NewLead();
  const auto got = Signals(world.Dispatcher(), {lead.name(), find.name(), lead.name()});
  ASSERT_TRUE(got.ok()) << got.status();
  ASSERT_EQ(got->signals_size(), 2);
  EXPECT_EQ(got->signals(0).name(), lead.name());
  casework::v1::GetSignalRequest get;
  get.set_name(find.name());
  EXPECT_EQ(got->signals(1).SerializeAsString(),
            world.Call<Signal>(world.Dispatcher(), "GetSignal", get)->SerializeAsString());
}

}  // namespace
}  // namespace gridwarden::testing
