#include "casework/step.h"

#include "base/status.h"
#include "casework/application.h"
#include "casework/case_repository.h"
#include "casework/history_repository.h"
#include "casework/ledger.h"
#include "casework/rules.h"
#include "casework/signal_repository.h"
#include "casework/timer.h"
#include "casework/timestamps.h"
#include "domain/clock/stage_clock.h"
#include "domain/workflow/case_workflow.h"
#include "gridwarden/casework/v1/case_event.pb.h"

namespace gridwarden::casework {
namespace {

void EndClock(domain::Stage stage, const std::optional<absl::Time>& due, Step& step) {
  if (stage == domain::Stage::kNone || !due) return;
  step.ended_clock = std::string(domain::NameOf(stage));
  step.ended_late = step.earliest.value_or(step.event_time) > *due;
  step.ended_uncertain = !step.ended_late && step.event_time > *due;
}

// A new check starts with nobody having been unable to make it.
void Count(v1::Action action, CaseFile& file) {
  if (action == v1::RETURN) ++file.return_count;
  if (action == v1::REWORK) ++file.rework_count;
  if (action == v1::UNABLE) ++file.unable_count;
  if (action == v1::SUBMIT_FEEDBACK || action == v1::REFUSE_SIGN || action == v1::SUBMIT_RESULT ||
      action == v1::DISPUTE) {
    file.unable_count = 0;
  }
}

std::optional<absl::Time> OptTime(bool has, const google::protobuf::Timestamp& time) {
  return has ? std::optional(FromTimestamp(time)) : std::nullopt;
}

// Keeps when the running clock began, and the handling that a suspension interrupts.
void MoveClocks(CaseFile& file, const Step& step, domain::ClockEffect effect, domain::CaseState to) {
  v1::Case& details = file.details;
  domain::ClockStarts starts{OptTime(details.has_stage_start_time(), details.stage_start_time()),
                             OptTime(details.has_handle_start_time(), details.handle_start_time())};
  domain::Move(starts, effect, to, step.event_time);
  details.clear_stage_start_time();
  details.clear_handle_start_time();
  if (starts.stage) *details.mutable_stage_start_time() = ToTimestamp(*starts.stage);
  if (starts.handling) *details.mutable_handle_start_time() = ToTimestamp(*starts.handling);
}

// The running clock's due time by its start and the whole ledger. A case from before the starts were kept has
// none until its next stage: nothing shifts it before that.
void SetDue(const domain::Policy& policy, CaseFile& file, domain::Stage stage) {
  if (!file.details.has_stage_start_time()) return;
  file.due_time =
      domain::StageDue(stage, FromTimestamp(file.details.stage_start_time()), policy.TypeOf(file.category),
                       policy.calendar, file.rework_count, !file.rebound_of.IsNil(), LedgerOf(file.details));
}

// Where a returned case goes next says whether the return was right (T7, T8).
void JudgeReturns(const Step& step, CaseFile& file) {
  if (step.action != v1::DISPATCH) return;
  const std::string handler = ResourceName(file.handler.is_unit ? "units" : "posts", file.handler.id);
  for (v1::ReturnOutcome& one : *file.details.mutable_return_outcomes()) {
    if (one.outcome() != v1::ReturnOutcome::UNDECIDED) continue;
    one.set_outcome(one.handler() == handler ? v1::ReturnOutcome::WRONG : v1::ReturnOutcome::UPHELD);
    one.set_decided_by(ResourceName("posts", step.acting.post));
    *one.mutable_decide_time() = ToTimestamp(step.received);
  }
}

domain::SignalFacts FactsOf(const SignalFile& signal) {
  return {.state = static_cast<domain::SignalState>(signal.state),
          .channel = static_cast<domain::Channel>(signal.channel),
          .onsite_result = static_cast<domain::OnsiteResult>(signal.onsite.result),
          .unable_count = signal.onsite.unable_count,
          .check_asked = !signal.onsite.post.IsNil()};
}

// An answer of free kind may name people: the journal has that it was given, the row what it said.
void LeaveOutWords(const domain::Policy& policy,
                   google::protobuf::RepeatedPtrField<type::v1::ChecklistAnswer>& answers) {
  for (type::v1::ChecklistAnswer& answer : answers) {
    const domain::Checklist* checklist = policy.FindChecklist(answer.checklist());
    const domain::ChecklistItem* item = checklist == nullptr ? nullptr : checklist->Find(answer.item());
    if (item == nullptr || item->answer == "text" || item->answer == "signature") answer.clear_value();
  }
}

// A reason that a person wrote may name people; a code, or the duty item a case is routed by, does not.
bool IsInWords(v1::Action action) {
  return action == v1::REJECT || action == v1::RETURN || action == v1::ASSIGN_CHECK || action == v1::SIGN ||
         action == v1::REFUSE_SIGN || action == v1::DISPUTE || action == v1::PROPOSE_REJECT ||
         action == v1::MERGE || action == v1::UNMERGE || action == v1::TRANSFER ||
         action == v1::SUBMIT_RESULT || action == v1::REVIEW_SUSPENSION || action == v1::RESUME ||
         action == v1::COSIGN || action == v1::CONTRADICT || action == v1::EXCUSE_PART ||
         action == v1::STOP_PRODUCTION;
}

void LeaveOutWords(v1::Suspension& suspension) {
  suspension.clear_end_condition();
  suspension.clear_plan();
  suspension.clear_interim_control();
}

void LeaveOutWords(v1::Application& application) {
  application.clear_statement();
  if (application.has_suspension()) LeaveOutWords(*application.mutable_suspension());
  if (application.has_applicant()) application.mutable_applicant()->clear_reason();
  for (v1::Consent& consent : *application.mutable_decisions()) consent.clear_reason();
}

// What people wrote into the details of a case, as the row keeps it.
void LeaveOutWords(v1::Case& after) {
  for (v1::DisposalTask& part : *after.mutable_disposals()) part.clear_note();
  if (after.has_suspension()) LeaveOutWords(*after.mutable_suspension());
  if (after.has_dispute()) after.mutable_dispute()->clear_reason();
  if (after.has_outside_list()) after.mutable_outside_list()->clear_reason();
  for (v1::Consent& consent : *after.mutable_signatures()) consent.clear_reason();
}

// What of an event goes into the journal.
v1::CaseEvent ForJournal(const domain::Policy& policy, v1::CaseEvent event) {
  LeaveOutWords(policy, *event.mutable_answers());
  LeaveOutWords(*event.mutable_after());
  if (event.has_application()) LeaveOutWords(*event.mutable_application());
  if (IsInWords(event.action())) event.clear_reason();
  return event;
}

v1::SignalEvent ForJournal(const domain::Policy& policy, v1::SignalEvent event) {
  // What a signal was handed in with stands in `after`; twice it could outgrow an entry that the visit's own
  // just fitted.
  if (event.action() == v1::SUBMIT) {
    event.clear_evidence();
    event.clear_answers();
  }
  LeaveOutWords(policy, *event.mutable_answers());
  LeaveOutWords(policy, *event.mutable_after()->mutable_answers());
  if (IsInWords(event.action())) event.clear_reason();
  event.mutable_after()->clear_reject_reason();
  event.mutable_after()->clear_dispute_statement();
  event.mutable_after()->clear_merge_reason();
  if (event.after().has_rejection_proposal())
    event.mutable_after()->mutable_rejection_proposal()->clear_reason();
  return event;
}

journal::Draft DraftOf(std::string_view kind, const journal::Subject& before,
                       const google::protobuf::Message& event, const Step& step,
                       const domain::Policy& policy) {
  return {.kind = std::string(kind),
          .before = before,
          .event = &event,
          .post = step.acting.post,
          .tenure = step.acting.tenure,
          .earliest = step.earliest.value_or(step.event_time),
          .latest = step.event_time,
          .media = DigestsOf(step.proof.evidence, step.proof.answers),
          .rule_version = policy.version,
          .request_id = step.request_id};
}

absl::Status Append(db::Transaction& tx, const rpc::Call& call, const domain::Policy& policy,
                    Aggregate aggregate, int to_state, const journal::Sealed& sealed,
                    const google::protobuf::Message& event, const Step& step) {
  GW_RETURN_IF_ERROR(AppendHistory(tx, aggregate,
                                   {.subject = sealed.after.id,
                                    .seq = sealed.after.seq,
                                    .action = step.action,
                                    .from_state = step.from_state,
                                    .to_state = to_state,
                                    .account = call.principal.account,
                                    .person = call.principal.person,
                                    .post = step.acting.post,
                                    .tenure = step.acting.tenure,
                                    .system = call.principal.system,
                                    .earliest = step.earliest.value_or(step.event_time),
                                    .latest = step.event_time,
                                    .received = call.now,
                                    .reason = step.reason,
                                    .note = step.note,
                                    .late = step.ended_late,
                                    .rule_version = policy.version,
                                    .entry_id = sealed.entry_id,
                                    .request_id = Uuid::FromBytes(sealed.request_id).value_or(Uuid()),
                                    .leaf = sealed.after.leaf,
                                    .event = event.SerializeAsString()}));
  return journal::Stage(tx, sealed);
}

template <typename Event>
void FillEvent(const Step& step, Event& event) {
  event.set_action(step.action);
  event.set_reason(step.reason);
  *event.mutable_evidence() = {step.proof.evidence.begin(), step.proof.evidence.end()};
  *event.mutable_answers() = {step.proof.answers.begin(), step.proof.answers.end()};
  if (step.proof.position) *event.mutable_position() = *step.proof.position;
  event.set_ended_clock(step.ended_clock);
  event.set_ended_late(step.ended_late);
  event.set_ended_uncertain(step.ended_uncertain);
}

// The whole case, less the words that may name people. Its etag is left out: it is the entry's own number.
v1::CaseEvent EventOf(const CaseFile& file, const Step& step) {
  v1::CaseEvent event;
  FillEvent(step, event);
  event.set_ground_path(file.place.ground_path);
  event.set_from(static_cast<v1::Case::State>(step.from_state));
  event.set_eligibility(step.eligibility);
  event.set_proposed_handler(step.proposed_handler);
  if (step.eligibility_proof) *event.mutable_eligibility_proof() = *step.eligibility_proof;
  if (step.application) *event.mutable_application() = *step.application;
  *event.mutable_after() = ToProto(file);
  event.mutable_after()->clear_description();
  event.mutable_after()->clear_etag();
  return event;
}

v1::SignalEvent EventOf(const SignalFile& signal, const Step& step) {
  v1::SignalEvent event;
  FillEvent(step, event);
  event.set_ground_path(signal.place.ground_path);
  event.set_from(static_cast<v1::Signal::State>(step.from_state));
  *event.mutable_after() = ToProto(signal);
  event.mutable_after()->clear_description();
  event.mutable_after()->clear_etag();
  if (event.after().has_onsite_check()) event.mutable_after()->mutable_onsite_check()->clear_note();
  return event;
}

}  // namespace

absl::Status Advance(const domain::Policy& policy, CaseFile& file, Step& step) {
  const auto from = static_cast<domain::CaseState>(file.state);
  const auto action = static_cast<domain::Action>(step.action);
  GW_ASSIGN_OR_RETURN(const domain::CaseState to, domain::Next(from, action));
  step.from_state = file.state;
  file.state = static_cast<v1::Case::State>(to);

  const domain::ClockEffect effect = domain::EffectOf(from, action, to, file.unable_count);
  Count(step.action, file);
  const domain::Stage stage = domain::StageOf(to);
  // A recheck is planned by recheck_time; it is no clock of open work.
  const bool timed = stage != domain::Stage::kNone && stage != domain::Stage::kRecheck;
  // A suspension ends no clock: handling only rests.
  const bool rests = step.action == v1::SUSPEND;
  if ((effect != domain::ClockEffect::kNone && !rests) || !timed)
    EndClock(domain::StageOf(from), file.due_time, step);
  const bool shifted = WriteLedger(file, step, from, to);
  MoveClocks(file, step, effect, to);
  if (!timed) {
    file.due_time.reset();
  } else if (effect != domain::ClockEffect::kNone || shifted) {
    SetDue(policy, file, stage);
  }
  if (shifted) {
    file.total_due_time = domain::TotalDue(file.event_time, policy.TypeOf(file.category), policy.calendar,
                                           LedgerOf(file.details));
  }
  if (IsUncertain(policy, step.earliest, step.event_time)) file.details.set_time_uncertain(true);
  return absl::OkStatus();
}

absl::Status Advance(const domain::Policy& policy, SignalFile& signal, Step& step) {
  const domain::SignalFacts before = FactsOf(signal);
  GW_ASSIGN_OR_RETURN(const domain::SignalState to,
                      domain::NextSignal(before, static_cast<domain::Action>(step.action)));
  step.from_state = signal.state;
  signal.state = static_cast<v1::Signal::State>(to);
  EndClock(domain::StageOf(before), signal.due_time, step);
  // A check that is asked for again, or has been answered, begins its next clock although the state stays.
  domain::SignalFacts after = before;
  after.state = to;
  after.onsite_result = step.action == v1::SUBMIT_ONSITE_CHECK ? domain::OnsiteResult::kExists  // some answer
                                                               : domain::OnsiteResult::kUnspecified;
  // The office's clock runs from the moment it could know, not from a find that was still on its way.
  const bool handed_in = step.action == v1::SUBMIT || step.action == v1::SUBMIT_ONSITE_CHECK;
  signal.due_time = domain::StageDue(domain::StageOf(after), handed_in ? step.received : step.event_time,
                                     policy.TypeOf(signal.category), policy.calendar);
  return absl::OkStatus();
}

absl::StatusOr<v1::Case> Record(db::Transaction& tx, const rpc::Call& call, const domain::Policy& policy,
                                CaseFile& file, const Step& step) {
  const bool born = file.subject.seq == 0;
  file.subject.id = file.id;
  GW_RETURN_IF_ERROR(LapseApplications(tx, step, file));
  JudgeReturns(step, file);
  GW_RETURN_IF_ERROR(ArmTimers(tx, policy, file, step));
  const v1::CaseEvent event = EventOf(file, step);
  const v1::CaseEvent told = ForJournal(policy, event);
  GW_ASSIGN_OR_RETURN(const journal::Sealed sealed,
                      journal::Seal(call, DraftOf("case.transition", file.subject, told, step, policy)));
  file.subject = sealed.after;
  GW_RETURN_IF_ERROR(born ? InsertCase(tx, file) : SaveCase(tx, file));
  GW_RETURN_IF_ERROR(Append(tx, call, policy, Aggregate::kCase, file.state, sealed, event, step));
  return ToProto(file);
}

absl::StatusOr<v1::Signal> Record(db::Transaction& tx, const rpc::Call& call, const domain::Policy& policy,
                                  SignalFile& signal, const Step& step) {
  const bool born = signal.subject.seq == 0;
  signal.subject.id = signal.id;
  GW_RETURN_IF_ERROR(ArmTimers(tx, policy, signal, step));
  const v1::SignalEvent event = EventOf(signal, step);
  const v1::SignalEvent told = ForJournal(policy, event);
  GW_ASSIGN_OR_RETURN(const journal::Sealed sealed,
                      journal::Seal(call, DraftOf("signal.transition", signal.subject, told, step, policy)));
  signal.subject = sealed.after;
  GW_RETURN_IF_ERROR(born ? InsertSignal(tx, signal) : SaveSignal(tx, signal));
  GW_RETURN_IF_ERROR(Append(tx, call, policy, Aggregate::kSignal, signal.state, sealed, event, step));
  return ToProto(signal);
}

}  // namespace gridwarden::casework
