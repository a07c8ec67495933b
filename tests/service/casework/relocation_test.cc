// Relocation evasion: what the system proposes about a new case, and what the county makes of it.
#include "casework/relocation.h"

#include <gtest/gtest.h>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "casework/timestamps.h"
#include "domain/policy/signal_rules.h"
#include "service/casework/casework_world.h"
#include "support/statement_plan.h"

namespace gridwarden::testing {
namespace {

using casework::v1::Case;
using casework::v1::MergeCandidate;
using casework::v1::RelocationProposal;

constexpr std::string_view kSignals = "gridwarden.casework.v1.SignalService/";
constexpr char kOldSource[] = "sources/01900000-0000-7000-8000-0000000000a1";
constexpr char kNewSource[] = "sources/01900000-0000-7000-8000-0000000000a2";

class Relocation : public ::testing::Test {
 protected:
  void SetUp() override { world.Reset(); }
  CaseworkWorld& world = World();
  // As the world's, but what is found is of the small polluters' regime.
  std::shared_ptr<const domain::Policy> policy = [] {
    auto made = std::make_shared<domain::Policy>(*CaseworkPolicy());
    made->case_types["DUST"].regime = domain::Regime::kSmallPolluter;
    return made;
  }();

  Case At(const std::string& source, double metres, Case::State state) {
    auto request = world.SignalRequest();
    casework::v1::Signal& signal = *request.mutable_signal();
    signal.set_source(source);
    signal.mutable_position()->set_longitude(114.02);
    signal.mutable_position()->set_latitude(33.01 + metres / 111'195.0);
    signal.mutable_position()->set_datum(type::v1::Position::WGS84);
    return world.CaseOf(request, state);
  }
  // As At, a day later.
  Case LaterAt(const std::string& source, double metres, Case::State state) {
    world.clock().Advance(absl::Hours(24));
    return At(source, metres, state);
  }
  // A case that was closed because the source was to shut down.
  Case ShutDown() {
    const Case closed = At(kOldSource, 0, Case::MONITORING);
    const absl::Status done = world.database().database().Run([&](db::Transaction& tx) {
      return tx
          .Exec("UPDATE case_file SET disposition = 1 WHERE case_id = ?",
                *ParseResourceName("cases", closed.name()))
          .status();
    });
    EXPECT_TRUE(done.ok()) << done;
    return closed;
  }
  void SayAlike(bool owner, bool trade) {
    source::v1::SourceLikeness likeness;
    likeness.set_name(kOldSource);
    likeness.set_same_owner(owner);
    likeness.set_same_trade(trade);
    world.likenesses = {likeness};
  }
  absl::Status Propose() {
    const casework::Casework own{world.area().database, world.area().directory, policy, world.area().channel};
    for (const journal::FeedEntry& entry : world.Entries()) {
      const rpc::Call call = rpc::Call::System("casework.relocations", world.clock().Now());
      if (const absl::Status status = casework::ProposeRelocations(own, call, entry); !status.ok())
        return status;
    }
    return absl::OkStatus();
  }
  template <typename Response, typename Request>
  absl::StatusOr<Response> Ask(const std::string& token, std::string_view method, const Request& request) {
    return world.server().Call<Response>(token, absl::StrCat(std::string(kSignals), std::string(method)),
                                         request);
  }
  std::vector<RelocationProposal> Proposals(const std::string& token) {
    const auto list = Ask<casework::v1::ListRelocationProposalsResponse>(
        token, "ListRelocationProposals", casework::v1::ListRelocationProposalsRequest());
    EXPECT_TRUE(list.ok()) << list.status();
    if (!list.ok()) return {};
    return {list->proposals().begin(), list->proposals().end()};
  }
  casework::v1::DecideRelocationProposalRequest Decision(const RelocationProposal& proposal, bool confirm) {
    casework::v1::DecideRelocationProposalRequest request;
    request.set_request_id(world.NewId());
    request.set_name(proposal.name());
    request.set_confirm(confirm);
    request.set_reason("同一业主王某，设备相同");
    return request;
  }
  absl::StatusOr<RelocationProposal> Decide(const std::string& token,
                                            const casework::v1::DecideRelocationProposalRequest& request) {
    return Ask<RelocationProposal>(token, "DecideRelocationProposal", request);
  }
};

TEST_F(Relocation, ASourceOfTheSameOwnerElsewhereIsProposedOnce) {
  const Case old = ShutDown();
  SayAlike(true, false);
  world.clock().Advance(absl::Hours(24 * 40));
  const Case again = At(kNewSource, 20'000, Case::FILED);
  ASSERT_TRUE(Propose().ok());
  ASSERT_TRUE(Propose().ok()) << "a repeat is no error and no second proposal";
  const auto proposals = Proposals(world.Dispatcher());
  ASSERT_EQ(proposals.size(), 1u);
  EXPECT_EQ(proposals[0].state(), RelocationProposal::PROPOSED);
  EXPECT_EQ(proposals[0].case_(), again.name());
  EXPECT_EQ(proposals[0].old_case(), old.name());
  EXPECT_TRUE(proposals[0].same_owner());
  EXPECT_NEAR(proposals[0].distance_m(), 20'000, 20);
  EXPECT_EQ(proposals[0].days_between(), 39) << "found ten minutes before the fortieth day is over";
  EXPECT_EQ(world.database().Ask("SELECT COUNT(*) FROM journal_stage WHERE body LIKE '%RelocationEvent%'"),
            "1");
  EXPECT_TRUE(Proposals(world.Token(domain::PostKind::kCampaignOffice, City().townships[1][1])).empty());

  casework::v1::ListMergeCandidatesRequest ask;
  ask.set_name(again.signals(0));
  const auto candidates =
      Ask<casework::v1::ListMergeCandidatesResponse>(world.Dispatcher(), "ListMergeCandidates", ask);
  ASSERT_TRUE(candidates.ok()) << candidates.status();
  ASSERT_EQ(candidates->candidates_size(), 1);
  EXPECT_EQ(candidates->candidates(0).kind(), MergeCandidate::RELOCATION);
  EXPECT_EQ(candidates->candidates(0).case_no(), old.case_no());
}

TEST_F(Relocation, TheTradeAloneCountsOnlyCloseByAndNothingCountsLater) {
  ShutDown();
  SayAlike(false, true);
  LaterAt(kNewSource, 6'000, Case::FILED);
  ASSERT_TRUE(Propose().ok());
  EXPECT_TRUE(Proposals(world.Dispatcher()).empty());
  At(kNewSource, 4'000, Case::FILED);
  ASSERT_TRUE(Propose().ok());
  EXPECT_EQ(Proposals(world.Dispatcher()).size(), 1u);
  SayAlike(true, true);
  world.clock().Advance(absl::Hours(24 * 731));
  LaterAt(kNewSource, 1'000, Case::FILED);
  ASSERT_TRUE(Propose().ok());
  // The case nearer by is compared with what was closed in its own two years.
  EXPECT_EQ(Proposals(world.Dispatcher()).size(), 2u)
      << "the far one has the owner now, the late one nothing";
}

TEST_F(Relocation, OnlyWhatWasShutDownOrHadToMoveIsCompared) {
  At(kOldSource, 0, Case::MONITORING);
  SayAlike(true, true);
  LaterAt(kNewSource, 1'000, Case::FILED);
  ASSERT_TRUE(Propose().ok());
  EXPECT_TRUE(Proposals(world.Dispatcher()).empty());
}

TEST_F(Relocation, AConfirmedProposalLinksTheCasesAndIsToldInTheStory) {
  const Case old = ShutDown();
  SayAlike(true, true);
  const Case again = LaterAt(kNewSource, 1'000, Case::HANDLING);
  ASSERT_TRUE(Propose().ok());
  const RelocationProposal proposal = Proposals(world.CountyOffice()).at(0);
  const auto decided = Decide(world.CountyOffice(), Decision(proposal, true));
  ASSERT_TRUE(decided.ok()) << decided.status();
  EXPECT_EQ(decided->state(), RelocationProposal::CONFIRMED);
  const Case linked = world.Get(again.name());
  EXPECT_EQ(linked.relocation_of(), old.name());
  EXPECT_EQ(linked.state(), Case::HANDLING);
  EXPECT_EQ(linked.due_time().seconds(), again.due_time().seconds()) << "a link moves no clock";
  casework::v1::ListCaseEventsRequest story;
  story.set_name(again.name());
  const auto events =
      world.Call<casework::v1::ListCaseEventsResponse>(world.CountyOffice(), "ListCaseEvents", story);
  ASSERT_TRUE(events.ok()) << events.status();
  const auto& last = events->events(events->events_size() - 1);
  EXPECT_EQ(last.action(), casework::v1::LINK);
  EXPECT_EQ(last.reason(), old.name());
  const std::string journal =
      world.database().Ask("SELECT GROUP_CONCAT(HEX(body) SEPARATOR '') FROM journal_stage");
  EXPECT_EQ(journal.find(absl::BytesToHexString("同一业主王某")), std::string::npos);
}

TEST_F(Relocation, ARefusedProposalLinksNothingAndIsDecidedOnce) {
  ShutDown();
  SayAlike(true, true);
  const Case again = LaterAt(kNewSource, 1'000, Case::FILED);
  ASSERT_TRUE(Propose().ok());
  const RelocationProposal proposal = Proposals(world.CountyOffice()).at(0);
  const auto refused = Decide(world.CountyOffice(), Decision(proposal, false));
  ASSERT_TRUE(refused.ok()) << refused.status();
  EXPECT_EQ(refused->state(), RelocationProposal::REFUSED);
  EXPECT_EQ(world.Get(again.name()).relocation_of(), "");
  EXPECT_EQ(ReasonOf(Decide(world.CountyOffice(), Decision(proposal, true)).status()), "ALREADY_DECIDED");
}

TEST_F(Relocation, ADecisionIsTheCountysAndHasItsEightCases) {
  ShutDown();
  SayAlike(true, true);
  LaterAt(kNewSource, 1'000, Case::FILED);
  ASSERT_TRUE(Propose().ok());
  const RelocationProposal proposal = Proposals(world.CountyOffice()).at(0);
  const auto request = Decision(proposal, true);
  // Wrong role, wrong ground.
  EXPECT_EQ(Decide(world.Dispatcher(), request).status().code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(Decide(world.Leader(), request).status().code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(
      Decide(world.Token(domain::PostKind::kCampaignOffice, City().counties[1]), request).status().code(),
      absl::StatusCode::kPermissionDenied);
  // Missing field, stale etag.
  auto bare = Decision(proposal, true);
  bare.clear_reason();
  EXPECT_EQ(ReasonOf(Decide(world.CountyOffice(), bare).status()), "REQUIRED_FIELD_MISSING");
  auto stale = Decision(proposal, true);
  stale.set_etag("999");
  EXPECT_EQ(ReasonOf(Decide(world.CountyOffice(), stale).status()), "ETAG_MISMATCH");
  // Works, twice alike, and not with another payload.
  const auto first = Decide(world.CountyOffice(), request);
  ASSERT_TRUE(first.ok()) << first.status();
  const auto second = Decide(world.CountyOffice(), request);
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(first->SerializeAsString(), second->SerializeAsString());
  auto other = request;
  other.set_confirm(false);
  EXPECT_EQ(ReasonOf(Decide(world.CountyOffice(), other).status()), "REQUEST_ID_REUSED");
  // Wrong state: above, ALREADY_DECIDED.
}

TEST_F(Relocation, ClosedCasesAroundAPointAreReadThroughTheirKey) {
  const std::vector<PlanPart> plans =
      PlansOf(world.database().database(), [&](db::Transaction& tx) -> absl::Status {
        return casework::ReadDisposedNear(tx, Uuid::Derive(Uuid(), "x"), {114.02, 33.01}, 50'000,
                                          absl::FromUnixSeconds(0), world.clock().Now())
            .status();
      });
  ASSERT_EQ(plans.size(), 1u);
  EXPECT_EQ(plans[0].type, "range");
  EXPECT_EQ(plans[0].key, "case_disposed");
}

}  // namespace
}  // namespace gridwarden::testing
