// Who may check (B4), declared conflicts, waiting visibly, hours and place of a check (T13, T14, T16).
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "casework/case_repository.h"
#include "casework/history_repository.h"
#include "casework/step.h"
#include "casework/timestamps.h"
#include "casework/waiting_checks.h"
#include "gridwarden/casework/v1/check_service.pb.h"
#include "gridwarden/casework/v1/closing_service.pb.h"
#include "platform/crypto/digest.h"
#include "platform/crypto/hmac.h"
#include "service/casework/casework_world.h"

namespace gridwarden::testing {
namespace {

using casework::v1::Case;
using casework::v1::Conflict;
using casework::v1::SubmitCheckRequest;
using domain::PostKind;

class Independence : public ::testing::Test {
 protected:
  void SetUp() override { world.Reset(); }
  CaseworkWorld& world = World();

  template <typename Response, typename Request>
  absl::StatusOr<Response> Check(const std::string& token, const std::string& method,
                                 const Request& request) {
    return world.server().Call<Response>(token, "gridwarden.casework.v1.CheckService/" + method, request);
  }

  static std::string PersonName(PostKind kind, const Uuid& division) {
    return ResourceName("persons", City().PersonIn(kind, division));
  }
  std::string Supervisor(const Uuid& division) { return PersonName(PostKind::kSupervisionOfficer, division); }
  std::string SupervisorPost(const Uuid& division) {
    return ResourceName("posts", City().PostOf(PostKind::kSupervisionOfficer, division).id);
  }
  std::string TheFixer() { return PersonName(PostKind::kGridOfficer, world.village); }

  casework::v1::DeclareConflictRequest DeclareRequest(const std::string& person, const std::string& with) {
    casework::v1::DeclareConflictRequest request;
    request.set_request_id(world.NewId());
    request.set_person(person);
    request.set_counterpart(with);
    request.set_reason("近亲属");
    return request;
  }
  Conflict Declare(const std::string& person, const std::string& with) {
    const auto declared =
        Check<Conflict>(world.CountyOffice(), "DeclareConflict", DeclareRequest(person, with));
    EXPECT_TRUE(declared.ok()) << declared.status();
    return declared.value_or(Conflict());
  }
  absl::StatusOr<Conflict> Withdraw(const std::string& token, const std::string& name,
                                    const std::string& etag = "") {
    casework::v1::WithdrawConflictRequest request;
    request.set_request_id(world.NewId());
    request.set_name(name);
    request.set_reason("已调离");
    request.set_etag(etag);
    return Check<Conflict>(token, "WithdrawConflict", request);
  }
  // Everybody who could check the story's village, by ring.
  std::vector<Uuid> DivisionsThatCouldCheck() {
    return {world.township,
            City().villages[0][0][1],
            City().villages[0][0][2],
            City().villages[0][0][3],
            City().townships[0][1],
            City().townships[0][2],
            world.county};
  }
  std::vector<Conflict> PutEverybodyOut() {
    std::vector<Conflict> conflicts;
    for (const Uuid& division : DivisionsThatCouldCheck())
      conflicts.push_back(Declare(Supervisor(division), TheFixer()));
    return conflicts;
  }
  absl::StatusOr<Case> Assign(const std::string& name, const std::string& post, const std::string& token,
                              const std::string& reason = "", bool any_hour = false) {
    casework::v1::AssignCheckRequest request;
    request.set_request_id(world.NewId());
    request.set_name(name);
    request.set_post(post);
    request.set_reason(reason);
    request.set_any_hour(any_hour);
    return world.Call<Case>(token, "AssignCheck", request);
  }
  absl::StatusOr<Case> SubmitCheck(const SubmitCheckRequest& request) {
    return world.Call<Case>(world.CheckerOf(world.Get(request.name())), "SubmitCheck", request);
  }
  absl::StatusOr<casework::v1::ExplainCheckersResponse> Explain(const std::string& token,
                                                                const std::string& name) {
    casework::v1::ExplainCheckersRequest request;
    request.set_name(name);
    return Check<casework::v1::ExplainCheckersResponse>(token, "ExplainCheckers", request);
  }
  std::vector<casework::v1::CaseEvent> Events(const std::string& name, casework::v1::Action action) {
    std::vector<casework::v1::CaseEvent> events;
    const absl::Status read = world.database().database().Run([&](db::Transaction& tx) -> absl::Status {
      events.clear();
      const auto rows =
          casework::ReadHistoryOf(tx, casework::Aggregate::kCase, *ParseResourceName("cases", name), action);
      if (!rows.ok()) return rows.status();
      for (const casework::HistoryRow& row : *rows) events.emplace_back().ParseFromString(row.event);
      return absl::OkStatus();
    });
    EXPECT_TRUE(read.ok()) << read;
    return events;
  }
  int TryAgain() {
    casework::WaitingChecks waiting(std::make_shared<const casework::Casework>(world.area()), world.clock(),
                                    false);
    const auto assigned = waiting.Round();
    EXPECT_TRUE(assigned.ok()) << assigned.status();
    return assigned.value_or(-1);
  }
  std::string Rows() {
    return world.database().Ask(
        "SELECT CONCAT((SELECT COUNT(*) FROM journal_stage), '/', (SELECT COUNT(*) FROM "
        "conflict_of_interest), "
        "'/', (SELECT COUNT(*) FROM op_receipt))");
  }
};

// ---- conflicts

TEST_F(Independence, APersonDeclaresAConflictAboutHimselfAndAnOfficeAboutItsPeople) {
  auto own = Check<Conflict>(world.Token(PostKind::kSupervisionOfficer, world.township), "DeclareConflict",
                             DeclareRequest("", TheFixer()));
  ASSERT_TRUE(own.ok()) << own.status();
  EXPECT_EQ(own->person(), Supervisor(world.township));
  EXPECT_EQ(own->declarer(), own->person());
  EXPECT_EQ(own->division(), ResourceName("divisions", world.township));
  const Conflict other = Declare(Supervisor(world.village), TheFixer());
  EXPECT_EQ(other.declarer(), PersonName(PostKind::kCampaignOffice, world.county));
  EXPECT_EQ(other.division(), ResourceName("divisions", world.village));
}

TEST_F(Independence, NobodyDeclaresAConflictAboutSomebodyElseWithoutAnOfficeInScope) {
  const std::string before = Rows();
  // Wrong role, and the right role elsewhere.
  for (const std::string& token :
       {world.Fixer(), world.Token(PostKind::kCampaignOffice, City().counties[1])}) {
    const auto refused =
        Check<Conflict>(token, "DeclareConflict", DeclareRequest(Supervisor(world.township), TheFixer()));
    EXPECT_EQ(refused.status().code(), absl::StatusCode::kPermissionDenied) << refused.status();
  }
  EXPECT_EQ(Rows(), before);
}

TEST_F(Independence, AConflictIsWithSomebodyThatExistsAndNotOneself) {
  const std::string token = world.CountyOffice();
  const std::string person = Supervisor(world.township);
  for (const std::string& with :
       {person, std::string("persons/") + world.NewId(), std::string("units/") + world.NewId(),
        std::string("divisions/") + world.NewId(), std::string("sources/")}) {
    EXPECT_EQ(ReasonOf(Check<Conflict>(token, "DeclareConflict", DeclareRequest(person, with)).status()),
              "INVALID_FIELD")
        << with;
  }
  auto missing = DeclareRequest(person, "");
  EXPECT_EQ(ReasonOf(Check<Conflict>(token, "DeclareConflict", missing).status()), "REQUIRED_FIELD_MISSING");
  auto past = DeclareRequest(person, TheFixer());
  *past.mutable_valid_until_time() = casework::ToTimestamp(world.clock().Now() - absl::Hours(1));
  EXPECT_EQ(ReasonOf(Check<Conflict>(token, "DeclareConflict", past).status()), "INVALID_FIELD");
}

TEST_F(Independence, TheSameDeclarationTwiceIsOneAndAnotherPayloadUnderItsIdIsRefused) {
  auto request = DeclareRequest(Supervisor(world.township), TheFixer());
  const auto first = Check<Conflict>(world.CountyOffice(), "DeclareConflict", request);
  const std::string after_first = Rows();
  const auto second = Check<Conflict>(world.CountyOffice(), "DeclareConflict", request);
  ASSERT_TRUE(first.ok() && second.ok()) << second.status();
  EXPECT_EQ(first->SerializeAsString(), second->SerializeAsString());
  EXPECT_EQ(Rows(), after_first);
  request.set_reason("同学");
  EXPECT_EQ(ReasonOf(Check<Conflict>(world.CountyOffice(), "DeclareConflict", request).status()),
            "REQUEST_ID_REUSED");
}

TEST_F(Independence, WhatAnOfficePutOnRecordOnlyAnOfficeTakesBackAndOnlyOnce) {
  const Conflict conflict = Declare(Supervisor(world.township), TheFixer());
  const std::string before = Rows();
  // The person himself, another county's office, a stale etag, one that does not exist.
  EXPECT_EQ(
      Withdraw(world.Token(PostKind::kSupervisionOfficer, world.township), conflict.name()).status().code(),
      absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(
      Withdraw(world.Token(PostKind::kCampaignOffice, City().counties[1]), conflict.name()).status().code(),
      absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(Withdraw(world.CountyOffice(), "conflicts/" + world.NewId()).status().code(),
            absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(ReasonOf(Withdraw(world.CountyOffice(), conflict.name(), "7").status()), "ETAG_MISMATCH");
  EXPECT_EQ(Rows(), before);
  const auto withdrawn = Withdraw(world.Dispatcher(), conflict.name(), conflict.etag());
  ASSERT_TRUE(withdrawn.ok()) << withdrawn.status();
  EXPECT_TRUE(withdrawn->has_withdraw_time());
  EXPECT_EQ(withdrawn->withdraw_reason(), "已调离");
  EXPECT_EQ(ReasonOf(Withdraw(world.Dispatcher(), conflict.name()).status()), "CONFLICT_ENDED");
}

TEST_F(Independence, AWithdrawalTwiceIsOneAndNeedsAReason) {
  casework::v1::WithdrawConflictRequest request;
  request.set_request_id(world.NewId());
  request.set_name(Declare(Supervisor(world.township), TheFixer()).name());
  EXPECT_EQ(ReasonOf(Check<Conflict>(world.CountyOffice(), "WithdrawConflict", request).status()),
            "REQUIRED_FIELD_MISSING");
  request.set_reason("已调离");
  const auto first = Check<Conflict>(world.CountyOffice(), "WithdrawConflict", request);
  const auto second = Check<Conflict>(world.CountyOffice(), "WithdrawConflict", request);
  ASSERT_TRUE(first.ok() && second.ok()) << first.status();
  EXPECT_EQ(first->SerializeAsString(), second->SerializeAsString());
  request.set_reason("另一原因");
  EXPECT_EQ(ReasonOf(Check<Conflict>(world.CountyOffice(), "WithdrawConflict", request).status()),
            "REQUEST_ID_REUSED");
}

TEST_F(Independence, OnesOwnDeclarationOneTakesBackOneself) {
  const std::string token = world.Token(PostKind::kSupervisionOfficer, world.township);
  const auto own = Check<Conflict>(token, "DeclareConflict", DeclareRequest("", TheFixer()));
  ASSERT_TRUE(own.ok()) << own.status();
  const auto withdrawn = Withdraw(token, own->name());
  EXPECT_TRUE(withdrawn.ok()) << withdrawn.status();
}

TEST_F(Independence, ConflictsAreSeenByThePersonAndTheOfficesAboveAndByNobodyElse) {
  const Conflict conflict = Declare(Supervisor(world.township), TheFixer());
  const auto seen = [&](const std::string& token, bool ended = false) {
    casework::v1::ListConflictsRequest request;
    request.set_ended(ended);
    const auto list = Check<casework::v1::ListConflictsResponse>(token, "ListConflicts", request);
    EXPECT_TRUE(list.ok()) << list.status();
    return list.ok() ? list->conflicts_size() : -1;
  };
  EXPECT_EQ(seen(world.Token(PostKind::kSupervisionOfficer, world.township)), 1);
  EXPECT_EQ(seen(world.CountyOffice()), 1);
  EXPECT_EQ(seen(world.Dispatcher()), 1);
  EXPECT_EQ(seen(world.Token(PostKind::kCampaignOffice, City().townships[0][1])), 0);
  EXPECT_EQ(seen(world.Fixer()), 0);
  EXPECT_EQ(seen(world.Leader()), 0);
  ASSERT_TRUE(Withdraw(world.CountyOffice(), conflict.name()).ok());
  EXPECT_EQ(seen(world.CountyOffice()), 0);
  EXPECT_EQ(seen(world.CountyOffice(), true), 1);
}

TEST_F(Independence, TheReasonOfAConflictStaysOutOfTheJournal) {
  ASSERT_TRUE(Withdraw(world.CountyOffice(), Declare(Supervisor(world.township), TheFixer()).name()).ok());
  int told = 0;
  for (const journal::FeedEntry& entry : world.Entries()) {
    casework::v1::ConflictEvent event;
    if (!entry.ReadEvent(&event)) continue;
    ++told;
    EXPECT_EQ(event.after().reason(), "");
    EXPECT_EQ(event.after().withdraw_reason(), "");
    EXPECT_EQ(event.after().person(), Supervisor(world.township));
  }
  EXPECT_EQ(told, 2);
}

TEST_F(Independence, ADeclaredConflictKeepsOutOfTheDrawBothWaysAndIsAskedAgainAtAcceptance) {
  const std::string fixer = TheFixer();
  Declare(Supervisor(world.township), fixer);            // of the supervisor with the fixer
  Declare(fixer, Supervisor(City().villages[0][0][1]));  // of the fixer with the supervisor
  Case file = world.CaseIn(Case::CHECKING);
  EXPECT_NE(file.check_post(), SupervisorPost(world.township));
  EXPECT_NE(file.check_post(), SupervisorPost(City().villages[0][0][1]));
  const auto refused = Assign(file.name(), SupervisorPost(world.township), world.Dispatcher(), "换人");
  EXPECT_EQ(ReasonOf(refused.status()), "CHECKER_NOT_ELIGIBLE");
  EXPECT_EQ(FactsOf(refused.status())->metadata.at("rule_id"), "B4.CONFLICT");

  // One that is declared after the assignment.
  const Uuid post = *ParseResourceName("posts", file.check_post());
  Declare(ResourceName("persons", City().PersonIn(post)), fixer);
  const auto late = SubmitCheck(world.CheckRequest(file.name(), SubmitCheckRequest::PASS));
  EXPECT_EQ(ReasonOf(late.status()), "CHECKER_NOT_ELIGIBLE") << late.status();
  EXPECT_EQ(FactsOf(late.status())->metadata.at("rule_id"), "B4.CONFLICT");
}

TEST_F(Independence, AConflictThatRanOutPutsNobodyOut) {
  auto request = DeclareRequest(Supervisor(world.township), TheFixer());
  *request.mutable_valid_until_time() = casework::ToTimestamp(world.clock().Now() + absl::Hours(1));
  ASSERT_TRUE(Check<Conflict>(world.CountyOffice(), "DeclareConflict", request).ok());
  const std::string name = world.CaseIn(Case::CHECKING).name();
  EXPECT_EQ(ReasonOf(Assign(name, SupervisorPost(world.township), world.Dispatcher(), "换人").status()),
            "CHECKER_NOT_ELIGIBLE");
  world.clock().Set(world.clock().Now() + absl::Hours(2));
  const auto assigned = Assign(name, SupervisorPost(world.township), world.Dispatcher(), "换人");
  EXPECT_TRUE(assigned.ok()) << assigned.status();
}

// ---- explaining

TEST_F(Independence, ExplainsWhoMayCheckAndHowManyEachRulePutsOut) {
  Declare(Supervisor(City().villages[0][0][1]), TheFixer());
  const std::string name = world.CaseIn(Case::FEEDBACK).name();
  const auto answer = Explain(world.Dispatcher(), name);
  ASSERT_TRUE(answer.ok()) << answer.status();
  ASSERT_EQ(answer->rings_size(), 1);
  EXPECT_EQ(answer->rings(0).ring(), "TOWNSHIP");
  EXPECT_EQ(answer->rings(0).held_count(), 5);
  EXPECT_EQ(answer->rings(0).eligible_count(), 3);
  std::map<std::string, int> refused;
  for (const auto& one : answer->rings(0).refused()) refused[one.rule()] = one.count();
  EXPECT_EQ(refused, (std::map<std::string, int>{{"B4.CONFLICT", 1}, {"B4.OWN_NODE", 1}}));
  EXPECT_EQ(answer->candidates_size(), 3);
  EXPECT_EQ(answer->waiting_reason(), "");
}

TEST_F(Independence, ExplainsToDispatchersInScopeAndOnlyWhileAFixIsToBeChecked) {
  const std::string name = world.CaseIn(Case::FEEDBACK).name();
  EXPECT_EQ(Explain(world.Leader(), name).status().code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(Explain(world.Token(PostKind::kCampaignOffice, City().townships[0][1]), name).status().code(),
            absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(ReasonOf(Explain(world.Dispatcher(), "").status()), "REQUIRED_FIELD_MISSING");
  EXPECT_EQ(ReasonOf(Explain(world.Dispatcher(), world.CaseIn(Case::HANDLING).name()).status()),
            "ILLEGAL_TRANSITION");
}

// ---- the draw and its proof

TEST_F(Independence, TheDrawCanBeMadeAgainByAnybodyFromItsProof) {
  const Case file = world.CaseIn(Case::CHECKING);
  const auto assigned = Events(file.name(), casework::v1::ASSIGN_CHECK);
  ASSERT_EQ(assigned.size(), 1u);
  const casework::v1::EligibilityProof& proof = assigned[0].eligibility_proof();
  EXPECT_EQ(proof.rule(), "B4");
  EXPECT_EQ(proof.ring(), "TOWNSHIP");
  EXPECT_EQ(proof.fixer(), TheFixer());
  EXPECT_FALSE(proof.named());
  std::vector<std::pair<std::string, std::string>> list;  // ids, post
  for (const Uuid& division :
       {world.township, City().villages[0][0][1], City().villages[0][0][2], City().villages[0][0][3]}) {
    const Uuid post = City().PostOf(PostKind::kSupervisionOfficer, division).id;
    list.emplace_back(post.Bytes() + City().PersonIn(post).Bytes(), ResourceName("posts", post));
  }
  std::sort(list.begin(), list.end());
  ASSERT_EQ(proof.eligible_count(), 4);
  std::string ids, smallest, drawn;
  for (const auto& [id, post] : list) {
    ids += id;
    const std::string key = crypto::HmacSha256(proof.seed(), id);
    if (smallest.empty() || key < smallest) smallest = key, drawn = post;
  }
  EXPECT_EQ(proof.eligible_digest(), crypto::Sha256(ids));
  EXPECT_EQ(proof.post(), drawn);
  EXPECT_EQ(file.check_post(), drawn);
  // Nobody chose the seed: the entry that asked, and the case.
  const std::string case_id = file.name().substr(6);
  std::string asked;
  for (const journal::FeedEntry& entry : world.Entries()) {
    casework::v1::CaseEvent event;
    if (entry.ReadEvent(&event) && event.action() == casework::v1::SUBMIT_FEEDBACK)
      asked = entry.id().ToString();
  }
  EXPECT_EQ(proof.seed(), asked + "/" + case_id);
}

TEST_F(Independence, TheProofIsStoredAgainWithTheResult) {
  const std::string name = world.CaseIn(Case::SIGN_OFF).name();
  const auto passed = Events(name, casework::v1::PASS);
  ASSERT_EQ(passed.size(), 1u);
  EXPECT_EQ(passed[0].eligibility_proof().rule(), "B4");
  EXPECT_EQ(passed[0].eligibility_proof().person(), passed[0].after().checker());
  EXPECT_TRUE(passed[0].eligibility_proof().has_as_of_time());
  EXPECT_TRUE(passed[0].eligibility_proof().has_known_time());
}

TEST_F(Independence, WhoeverCheckedTheFixersLastTwoCasesDoesNotCheckTheNext) {
  std::vector<std::string> last;
  for (int i = 0; i < 5; ++i) {
    const Case file = world.CaseIn(Case::SIGN_OFF);
    EXPECT_EQ(std::count(last.end() - std::min<size_t>(last.size(), 2), last.end(), file.checker()), 0) << i;
    last.push_back(file.checker());
    world.clock().Set(world.clock().Now() + absl::Hours(1));
  }
}

TEST_F(Independence, AlternationGivesWayOnlyWhenNobodyElseMayAndOnTheRecord) {
  for (const Uuid& division : DivisionsThatCouldCheck()) {
    if (division != world.township) Declare(Supervisor(division), TheFixer());
  }
  const Case first = world.CaseIn(Case::SIGN_OFF);
  EXPECT_EQ(first.checker(), Supervisor(world.township));
  EXPECT_FALSE(Events(first.name(), casework::v1::ASSIGN_CHECK)[0].eligibility_proof().alternation_relaxed());
  world.clock().Set(world.clock().Now() + absl::Hours(1));
  const Case second = world.CaseIn(Case::SIGN_OFF);
  EXPECT_EQ(second.checker(), Supervisor(world.township));
  const auto assigned = Events(second.name(), casework::v1::ASSIGN_CHECK);
  EXPECT_TRUE(assigned[0].eligibility_proof().alternation_relaxed());
  EXPECT_NE(assigned[0].eligibility().find("轮换要求放宽"), std::string::npos);
}

TEST_F(Independence, WhoFoundTheProblemDoesNotCheckTheFix) {
  auto request = world.SignalRequest();
  const auto signal = world.Call<casework::v1::Signal>(
      world.Token(PostKind::kSupervisionOfficer, world.township), "SubmitSignal", request);
  ASSERT_TRUE(signal.ok()) << signal.status();
  const std::string name =
      world.Call<Case>(world.Dispatcher(), "FileCase", world.FileRequest(signal->name()))->name();
  ASSERT_TRUE(world.Call<Case>(world.Dispatcher(), "DispatchCase", world.DispatchRequest(name)).ok());
  ASSERT_TRUE(world.Call<Case>(world.Fixer(), "AcceptCase", world.AcceptRequest(name)).ok());
  ASSERT_TRUE(world.Call<Case>(world.Fixer(), "SubmitFeedback", world.FeedbackRequest(name)).ok());
  const auto refused = Assign(name, SupervisorPost(world.township), world.Dispatcher());
  EXPECT_EQ(ReasonOf(refused.status()), "CHECKER_NOT_ELIGIBLE") << refused.status();
  EXPECT_EQ(FactsOf(refused.status())->metadata.at("rule_id"), "B4.FINDER");
}

TEST_F(Independence, SomebodyElseInPlaceOfWhoeverWasDrawnNeedsAReasonAndIsDrawnAnew) {
  const Case file = world.CaseIn(Case::CHECKING);
  EXPECT_EQ(ReasonOf(Assign(file.name(), "", world.Dispatcher()).status()), "INVALID_FIELD");
  const auto again = Assign(file.name(), "", world.Dispatcher(), "原核查人请假");
  ASSERT_TRUE(again.ok()) << again.status();
  const auto assigned = Events(file.name(), casework::v1::ASSIGN_CHECK);
  ASSERT_EQ(assigned.size(), 2u);
  EXPECT_NE(assigned[0].eligibility_proof().seed(), assigned[1].eligibility_proof().seed());
}

TEST_F(Independence, WhoPassedAClosingThatIsDisputedDoesNotCheckItAgain) {
  const Case watched = world.CaseIn(Case::MONITORING);
  const Uuid first = *ParseResourceName("persons", watched.checker());
  casework::v1::DisputeClosingRequest request;
  request.set_request_id(world.NewId());
  request.set_name(watched.name());
  request.set_statement("夜间仍在生产");
  const auto disputed = world.server().Call<Case>(
      world.CountyOffice(), "gridwarden.casework.v1.ClosingService/DisputeClosing", request);
  ASSERT_TRUE(disputed.ok()) << disputed.status();
  world.Settle();
  const Case again = world.Get(watched.name());
  ASSERT_EQ(again.state(), Case::CHECKING);
  ASSERT_NE(again.check_post(), "");
  EXPECT_NE(City().PersonIn(*ParseResourceName("posts", again.check_post())), first);
  const auto refused = Assign(watched.name(), watched.check_post(), world.Dispatcher(), "熟悉情况");
  EXPECT_EQ(ReasonOf(refused.status()), "CHECKER_NOT_ELIGIBLE") << refused.status();
  EXPECT_EQ(FactsOf(refused.status())->metadata.at("rule_id"), "B4.FIRST_CHECKER");
  // Nor does his first pass move.
  const auto passed = SubmitCheck(world.CheckRequest(watched.name(), SubmitCheckRequest::PASS));
  ASSERT_TRUE(passed.ok()) << passed.status();
  EXPECT_EQ(passed->pass_time().SerializeAsString(), watched.pass_time().SerializeAsString());
}

TEST_F(Independence, WhatAReceiverDealtWithIsCheckedWithoutAFixerOfOurs) {
  const std::string name = world.CaseIn(Case::HANDLING).name();
  casework::v1::TransferCaseRequest transfer;
  transfer.set_request_id(world.NewId());
  transfer.set_name(name);
  transfer.set_kind(casework::v1::Transfer::UNIT);
  transfer.set_receiver(ResourceName("units", City().bureaus[0]));
  transfer.set_document_no("移〔2026〕3号");
  transfer.set_reason("属住建部门职责");
  const auto handed = world.server().Call<Case>(
      world.CountyOffice(), "gridwarden.casework.v1.ClosingService/TransferCase", transfer);
  ASSERT_TRUE(handed.ok()) << handed.status();
  casework::v1::SubmitTransferResultRequest result;
  result.set_request_id(world.NewId());
  result.set_name(name);
  result.set_document_no("住建〔2026〕1号");
  world.AddPhoto(type::v1::Evidence::DOCUMENT, result.mutable_evidence());
  *result.mutable_event_time() = casework::ToTimestamp(world.clock().Now());
  const auto answered = world.server().Call<Case>(
      world.CountyOffice(), "gridwarden.casework.v1.ClosingService/SubmitTransferResult", result);
  ASSERT_TRUE(answered.ok()) << answered.status();
  world.Settle();
  const Case file = world.Get(name);
  EXPECT_EQ(file.state(), Case::CHECKING);
  EXPECT_EQ(file.fixer(), "");
  ASSERT_NE(file.check_post(), "");
  // The county's own supervision stands where the receiver's unit stands.
  const auto refused = Assign(name, SupervisorPost(world.county), world.Dispatcher(), "换人");
  EXPECT_EQ(ReasonOf(refused.status()), "CHECKER_NOT_ELIGIBLE") << refused.status();
  EXPECT_EQ(FactsOf(refused.status())->metadata.at("rule_id"), "B4.OWN_NODE");
  EXPECT_TRUE(SubmitCheck(world.CheckRequest(name, SubmitCheckRequest::PASS)).ok());
}

// ---- waiting

TEST_F(Independence, ACaseThatNobodyMayCheckWaitsVisiblyAndGoesOnWhenSomebodyMay) {
  const std::vector<Conflict> conflicts = PutEverybodyOut();
  const std::string name = world.CaseIn(Case::FEEDBACK).name();
  world.Settle();
  Case file = world.Get(name);
  EXPECT_EQ(file.state(), Case::FEEDBACK);
  EXPECT_EQ(file.check_post(), "");
  EXPECT_NE(file.waiting_reason().find("全县没有符合条件的监督员"), std::string::npos)
      << file.waiting_reason();
  EXPECT_NE(file.waiting_reason().find("已申报回避 7 人"), std::string::npos) << file.waiting_reason();
  EXPECT_TRUE(file.has_due_time());  // the centre's clock runs
  const auto explained = Explain(world.Dispatcher(), name);
  ASSERT_TRUE(explained.ok()) << explained.status();
  EXPECT_EQ(explained->rings_size(), 3);
  EXPECT_EQ(explained->waiting_reason(), file.waiting_reason());
  EXPECT_EQ(ReasonOf(Assign(name, "", world.Dispatcher()).status()), "CHECKER_NOT_ELIGIBLE");

  // Nothing changed: nothing is said twice.
  EXPECT_EQ(TryAgain(), 0);
  EXPECT_EQ(Events(name, casework::v1::WAIT_FOR_CHECKER).size(), 1u);

  ASSERT_TRUE(Withdraw(world.CountyOffice(), conflicts[5].name()).ok());
  EXPECT_EQ(TryAgain(), 1);
  file = world.Get(name);
  EXPECT_EQ(file.state(), Case::CHECKING);
  EXPECT_EQ(file.check_post(), SupervisorPost(City().townships[0][2]));
  EXPECT_EQ(file.waiting_reason(), "");
  const auto assigned = Events(name, casework::v1::ASSIGN_CHECK);
  ASSERT_EQ(assigned.size(), 1u);
  EXPECT_EQ(assigned[0].eligibility_proof().ring(), "NEIGHBOUR_TOWNSHIPS");
  EXPECT_EQ(TryAgain(), 0);
}

TEST_F(Independence, WhatIsAddedToACaseBeforeTheFeedIsReadDoesNotKeepItsCheckWaiting) {
  const std::string name = world.CaseIn(Case::FEEDBACK).name();
  const Uuid id = *ParseResourceName("cases", name);
  const absl::Status added = world.database().database().Run([&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(casework::CaseFile file, casework::LockCase(tx, id));
    casework::Step step{
        .action = casework::v1::LINK, .event_time = world.clock().Now(), .received = world.clock().Now()};
    GW_RETURN_IF_ERROR(casework::Advance(*world.area().policy, file, step));
    return casework::Record(tx, rpc::Call::System("test", world.clock().Now()), *world.area().policy, file,
                            step)
        .status();
  });
  ASSERT_TRUE(added.ok()) << added;
  world.Settle();
  EXPECT_EQ(world.Get(name).state(), Case::CHECKING);
  EXPECT_NE(world.Get(name).check_post(), "");
}

TEST_F(Independence, AfterTwoUnableTheCountyDecidesWhoGoes) {
  const std::string name = world.CaseIn(Case::CHECKING).name();
  auto silent = world.CheckRequest(name, SubmitCheckRequest::UNABLE);
  silent.clear_note();
  EXPECT_EQ(ReasonOf(SubmitCheck(silent).status()), "INVALID_FIELD");
  std::set<std::string> tried;
  for (int i = 0; i < 2; ++i) {
    const Case file = world.Get(name);
    EXPECT_TRUE(tried.insert(file.check_post()).second);
    const auto unable = SubmitCheck(world.CheckRequest(name, SubmitCheckRequest::UNABLE));
    ASSERT_TRUE(unable.ok()) << unable.status();
    world.Settle();
  }
  EXPECT_EQ(world.Get(name).check_post(), "");
  EXPECT_EQ(TryAgain(), 0);
  EXPECT_EQ(Assign(name, "", world.Dispatcher()).status().code(), absl::StatusCode::kPermissionDenied);
  const auto assigned = Assign(name, "", world.CountyOffice());
  ASSERT_TRUE(assigned.ok()) << assigned.status();
  EXPECT_FALSE(tried.contains(assigned->check_post()));
}

// ---- hours and place

TEST_F(Independence, NightWorkIsPassedAtTheHoursOfTheFindOrWhenTheDispatcherReleasedIt) {
  const std::string name = world.CaseIn(Case::CHECKING, "NIGHT_WORK").name();  // found at 8:50
  Case file = world.Get(name);
  EXPECT_EQ(file.check_window_start_minute(), 6 * 60 + 50);
  EXPECT_EQ(file.check_window_end_minute(), 10 * 60 + 50);
  world.clock().Set(world.clock().Now() + absl::Hours(6));
  const auto refused = SubmitCheck(world.CheckRequest(name, SubmitCheckRequest::PASS));
  EXPECT_EQ(ReasonOf(refused.status()), "CHECK_OTHER_HOURS") << refused.status();
  EXPECT_EQ(FactsOf(refused.status())->metadata.at("window"), "06:50-10:50");
  EXPECT_EQ(ReasonOf(Assign(name, "", world.Dispatcher(), "", true).status()), "INVALID_FIELD");
  ASSERT_TRUE(Assign(name, "", world.Dispatcher(), "设备已整体拆除，无须夜查", true).ok());
  const auto passed = SubmitCheck(world.CheckRequest(name, SubmitCheckRequest::PASS));
  ASSERT_TRUE(passed.ok()) << passed.status();
  EXPECT_TRUE(passed->check_any_hour());
}

TEST_F(Independence, NightWorkThatGoesOnIsSeenAtAnyHour) {
  const std::string name = world.CaseIn(Case::CHECKING, "NIGHT_WORK").name();
  world.clock().Set(world.clock().Now() + absl::Hours(6));
  const auto failed = SubmitCheck(world.CheckRequest(name, SubmitCheckRequest::FAIL));
  ASSERT_TRUE(failed.ok()) << failed.status();
  EXPECT_EQ(failed->check_window_end_minute(), 0);
}

class Presence : public Independence {
 protected:
  std::string CaseAt(double longitude, double latitude) {
    auto request = world.SignalRequest();
    SetPosition(longitude, latitude, request.mutable_signal()->mutable_position());
    const auto signal = world.Call<casework::v1::Signal>(world.Patrol(), "SubmitSignal", request);
    EXPECT_TRUE(signal.ok()) << signal.status();
    const std::string name =
        world.Call<Case>(world.Dispatcher(), "FileCase", world.FileRequest(signal->name()))->name();
    EXPECT_TRUE(world.Call<Case>(world.Dispatcher(), "DispatchCase", world.DispatchRequest(name)).ok());
    EXPECT_TRUE(world.Call<Case>(world.Fixer(), "AcceptCase", world.AcceptRequest(name)).ok());
    EXPECT_TRUE(world.Call<Case>(world.Fixer(), "SubmitFeedback", world.FeedbackRequest(name)).ok());
    world.Settle();
    return name;
  }
  static void SetPosition(double longitude, double latitude, type::v1::Position* position) {
    position->set_longitude(longitude);
    position->set_latitude(latitude);
    position->set_datum(type::v1::Position::WGS84);
    position->set_accuracy_m(20);
  }
};

TEST_F(Presence, APassFromElsewhereIsRefusedOrFlaggedWhenTheNoteSaysWhy) {
  const std::string name = CaseAt(114.0, 33.0);
  auto request = world.CheckRequest(name, SubmitCheckRequest::PASS);
  SetPosition(114.02, 33.0, request.mutable_position());  // 1.9 km away
  request.clear_note();
  const auto refused = SubmitCheck(request);
  EXPECT_EQ(ReasonOf(refused.status()), "POSITION_INCONSISTENT") << refused.status();
  EXPECT_EQ(FactsOf(refused.status())->metadata.at("limit"), "340");
  request.set_request_id(world.NewId());
  request.set_note("信号漂移，已在现场拍照");
  const auto flagged = SubmitCheck(request);
  ASSERT_TRUE(flagged.ok()) << flagged.status();
  EXPECT_NEAR(flagged->check_far_m(), 1865, 10);
}

TEST_F(Presence, APassWithinTheAccuracyAndWithoutAPositionIsTaken) {
  const std::string near = CaseAt(114.0, 33.0);
  auto request = world.CheckRequest(near, SubmitCheckRequest::PASS);
  SetPosition(114.003, 33.0, request.mutable_position());  // 280 m
  request.clear_note();
  const auto passed = SubmitCheck(request);
  ASSERT_TRUE(passed.ok()) << passed.status();
  EXPECT_EQ(passed->check_far_m(), 0);
  EXPECT_TRUE(SubmitCheck(world.CheckRequest(CaseAt(114.0, 33.0), SubmitCheckRequest::PASS)).ok());
}

}  // namespace
}  // namespace gridwarden::testing
