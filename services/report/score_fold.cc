#include "report/score_fold.h"

#include <algorithm>
#include <cstring>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "google/protobuf/util/time_util.h"
#include "gridwarden/casework/v1/case_event.pb.h"
#include "platform/crypto/digest.h"
#include "report/score_repository.h"

namespace gridwarden::report {
namespace {

using casework::v1::Case;
using google::protobuf::util::TimeUtil;

int64_t Micros(bool is_set, const google::protobuf::Timestamp& time) {
  return is_set ? TimeUtil::TimestampToMicroseconds(time) : 0;
}

absl::Status Unreadable(const journal::FeedEntry& entry, std::string_view why) {
  return Internal(absl::StrCat("entry ", entry.index, " cannot be scored: ", std::string(why)));
}

// When it happened, by the bound that counts for whoever waited for it.
int64_t EventTime(const journal::FeedEntry& entry) {
  const int64_t latest = entry.entry.time().latest_us();
  return latest != 0 ? latest : entry.entry.received_us();
}

std::string ActingPost(const journal::FeedEntry& entry) {
  const std::optional<Uuid> post = Uuid::FromBytes(entry.entry.actor().post());
  return post ? ResourceName("posts", *post) : std::string();
}

// Counts where the entry says; entries from before they said so, where the division stood then.
absl::Status Place(const journal::FeedEntry& entry, const std::string& division, const std::string& path,
                   int64_t found_us, const domain::Ground& ground, v1::ScoreFact& fact) {
  if (fact.division() == division && !fact.ground_path().empty()) return absl::OkStatus();
  fact.set_division(division);
  const absl::StatusOr<Uuid> id = ParseResourceName("divisions", division);
  if (!id.ok() || id->IsNil()) return Unreadable(entry, "no division");
  fact.set_ground_path(path);
  if (!path.empty()) return absl::OkStatus();
  const absl::Time found = found_us == 0 ? entry.received() : absl::FromUnixMicros(found_us);
  fact.set_ground_path(ground.PathKeyNear(*id, found, entry.received()));
  if (fact.ground_path().empty())
    return Unavailable("DATABASE_UNAVAILABLE", "a case stands at a division not known yet", absl::Seconds(1));
  return absl::OkStatus();
}

void TakeDispatches(const journal::FeedEntry& entry, const casework::v1::CaseEvent& event,
                    v1::ScoreFact& fact) {
  if (event.action() == casework::v1::DISPATCH) {
    v1::ScoreFact::Dispatch& made = *fact.add_dispatches();
    made.set_time_us(EventTime(entry));
    made.set_post(ActingPost(entry));
    made.set_handler(event.after().handler());
  }
  for (v1::ScoreFact::Dispatch& dispatch : *fact.mutable_dispatches()) dispatch.set_returned(false);
  // A return that was upheld tells against the dispatch it came back from: the last one to that handler.
  for (const casework::v1::ReturnOutcome& outcome : event.after().return_outcomes()) {
    if (outcome.outcome() != casework::v1::ReturnOutcome::UPHELD) continue;
    const int64_t returned = Micros(outcome.has_return_time(), outcome.return_time());
    v1::ScoreFact::Dispatch* wrong = nullptr;
    for (v1::ScoreFact::Dispatch& dispatch : *fact.mutable_dispatches()) {
      if (dispatch.handler() == outcome.handler() && dispatch.time_us() <= returned) wrong = &dispatch;
    }
    if (wrong != nullptr) wrong->set_returned(true);
  }
}

void TakeStages(const journal::FeedEntry& entry, const casework::v1::CaseEvent& event, v1::ScoreFact& fact) {
  switch (event.action()) {
    case casework::v1::SUBMIT_FEEDBACK: {
      v1::ScoreFact::Handling& run = *fact.add_handlings();
      run.set_time_us(EventTime(entry));
      run.set_handler(event.after().handler());
      run.set_late(event.ended_late());
      run.set_uncertain(event.ended_uncertain());
      return;
    }
    case casework::v1::PASS:
    case casework::v1::REWORK:
    case casework::v1::UNABLE: {
      v1::ScoreFact::Check& check = *fact.add_checks();
      check.set_time_us(EventTime(entry));
      check.set_post(ActingPost(entry));
      check.set_late(event.ended_late());
      check.set_uncertain(event.ended_uncertain());
      check.set_verdict(event.action() != casework::v1::UNABLE);
      check.set_failed(event.action() == casework::v1::REWORK);
      return;
    }
    case casework::v1::VOID:
      fact.set_void_us(EventTime(entry));
      return;
    case casework::v1::RECHECK_HELD:
    case casework::v1::RECHECK_HELD_SO_FAR:
      fact.set_held_us(EventTime(entry));
      return;
    default:
      return;
  }
}

bool IsOpenState(Case::State state) {
  return (state >= Case::FILED && state <= Case::SIGN_OFF) || state == Case::TRACKED;
}

absl::Status TakeCase(const journal::FeedEntry& entry, const domain::Ground& ground, v1::ScoreFact& fact) {
  casework::v1::CaseEvent event;
  if (!event.ParseFromString(entry.entry.event())) return Unreadable(entry, "not a CaseEvent");
  const Case& after = event.after();
  fact.set_is_case(true);
  fact.set_state(after.state());
  fact.set_case_no(after.case_no());
  fact.set_handler(after.handler());
  fact.set_found_us(Micros(after.has_event_time(), after.event_time()));
  fact.set_file_us(Micros(after.has_file_time(), after.file_time()));
  fact.set_total_due_us(Micros(after.has_total_due_time(), after.total_due_time()));
  fact.set_close_us(Micros(after.has_close_time(), after.close_time()));
  fact.set_closed_on_time(after.closed_on_time());
  // A closing by force that was opened again is no closing.
  fact.set_forced(after.forced() && !IsOpenState(after.state()));
  if (after.forced() && IsOpenState(after.state())) fact.set_close_us(0);
  fact.set_time_uncertain(after.time_uncertain());
  fact.set_extended(std::any_of(after.ledger().begin(), after.ledger().end(), [](const auto& one) {
    return one.kind() == casework::v1::LedgerEntry::EXTEND;
  }));
  if (after.held() != Case::NOT_HELD) {
    fact.set_not_held_us(0);
  } else if (fact.not_held_us() == 0) {
    fact.set_not_held_us(EventTime(entry));
  }
  fact.clear_persons();
  for (const std::string& person : {after.fixer(), after.checker(), after.signer()}) {
    if (!person.empty()) fact.add_persons(person);
  }
  TakeDispatches(entry, event, fact);
  TakeStages(entry, event, fact);
  return Place(entry, after.division(), event.ground_path(), fact.found_us(), ground, fact);
}

absl::Status TakeSignal(const journal::FeedEntry& entry, const domain::Ground& ground, v1::ScoreFact& fact) {
  casework::v1::SignalEvent event;
  if (!event.ParseFromString(entry.entry.event())) return Unreadable(entry, "not a SignalEvent");
  const casework::v1::Signal& after = event.after();
  fact.set_is_case(false);
  fact.set_state(after.state());
  fact.set_found_us(Micros(after.has_event_time(), after.event_time()));
  if (fact.found_us() == 0) fact.set_found_us(EventTime(entry));
  return Place(entry, after.division(), event.ground_path(), fact.found_us(), ground, fact);
}

void Change(const domain::ScoreRules& rules, const v1::ScoreFact& fact, int sign, ScoreChanges& changes) {
  const domain::score::Fact counted = ScoreFactOf(fact);
  for (const domain::ScoreTerm& term : rules.terms) {
    for (const auto& [cell, tally] : domain::score::TalliesOf(counted, term.kind, term.code)) {
      changes[{fact.ground_path(), term.code, cell.party, cell.month}] +=
          {sign * tally.numerator, sign * tally.denominator, sign * tally.uncertain, sign * tally.adjusted};
    }
  }
}

// The case that an upheld appeal leaves out of a term; none for another step.
absl::StatusOr<std::optional<Uuid>> SubjectOf(const journal::FeedEntry& entry, std::string& term) {
  if (entry.entry.kind() != "score.appeal") return entry.subject();
  v1::ScoreAppealEvent event;
  if (!event.ParseFromString(entry.entry.event())) return Unreadable(entry, "not a ScoreAppealEvent");
  if (event.after().state() != v1::ScoreAppeal::UPHELD) return std::nullopt;
  term = event.after().term();
  const std::string& name = event.after().case_();
  return Uuid::Parse(std::string_view(name).substr(name.find('/') + 1));
}

}  // namespace

int64_t ScoreGeneration(const domain::ScoreRules& rules) {
  const std::string digest = crypto::Sha256(rules.Counting());
  int64_t generation = 0;
  std::memcpy(&generation, digest.data(), sizeof(generation));
  return generation & INT64_MAX;
}

std::string ScoreConsumer(const domain::ScoreRules& rules) {
  return absl::StrCat("report.scores.", absl::Hex(ScoreGeneration(rules)));
}

domain::score::Fact ScoreFactOf(const v1::ScoreFact& fact) {
  domain::score::Fact made;
  made.is_case = fact.is_case();
  made.state = fact.state();
  made.handler = fact.handler();
  made.found_us = fact.found_us();
  made.file_us = fact.file_us();
  made.total_due_us = fact.total_due_us();
  made.close_us = fact.close_us();
  made.void_us = fact.void_us();
  made.closed_on_time = fact.closed_on_time();
  made.forced = fact.forced();
  made.time_uncertain = fact.time_uncertain();
  made.extended = fact.extended();
  made.not_held_us = fact.not_held_us();
  made.held_us = fact.held_us();
  for (const auto& one : fact.dispatches())
    made.dispatches.push_back({one.time_us(), one.post(), one.handler(), one.returned()});
  for (const auto& one : fact.checks())
    made.checks.push_back(
        {one.time_us(), one.post(), one.late(), one.uncertain(), one.verdict(), one.failed()});
  for (const auto& one : fact.handlings())
    made.handlings.push_back({one.time_us(), one.handler(), one.late(), one.uncertain()});
  made.excluded.insert(fact.excluded().begin(), fact.excluded().end());
  return made;
}

absl::Status FoldScore(const domain::ScoreRules& rules, const domain::Ground& ground, db::Transaction& tx,
                       const journal::FeedEntry& entry) {
  std::string excluded_term;
  GW_ASSIGN_OR_RETURN(const std::optional<Uuid> subject, SubjectOf(entry, excluded_term));
  if (!subject) return absl::OkStatus();
  if (subject->IsNil()) return Unreadable(entry, "no subject");
  const int64_t generation = ScoreGeneration(rules);
  GW_ASSIGN_OR_RETURN(const std::optional<v1::ScoreFact> before, ReadScoreFact(tx, generation, *subject));
  v1::ScoreFact after = before.value_or(v1::ScoreFact());
  if (!excluded_term.empty()) {
    if (!before) return Unreadable(entry, "an appeal about a case that was never counted");
    if (std::find(after.excluded().begin(), after.excluded().end(), excluded_term) == after.excluded().end())
      after.add_excluded(excluded_term);
  } else if (entry.entry.kind() == "case.transition") {
    GW_RETURN_IF_ERROR(TakeCase(entry, ground, after));
  } else if (entry.entry.kind() == "signal.transition") {
    GW_RETURN_IF_ERROR(TakeSignal(entry, ground, after));
  } else {
    return absl::OkStatus();
  }
  ScoreChanges changes;
  if (before) Change(rules, *before, -1, changes);
  Change(rules, after, 1, changes);
  GW_RETURN_IF_ERROR(SaveScoreFact(tx, generation, *subject, after));
  return AddToScores(tx, generation, changes);
}

}  // namespace gridwarden::report
