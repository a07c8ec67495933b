#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status.h"
#include "casework/case_repository.h"
#include "casework/casework.h"
#include "casework/closing.h"
#include "casework/history_repository.h"
#include "casework/independence.h"
#include "casework/media_repository.h"
#include "casework/rules.h"
#include "casework/step.h"
#include "domain/geo/datum.h"
#include "domain/policy/check_rules.h"
#include "domain/workflow/check_hours.h"
#include "domain/workflow/conditions.h"
#include "gridwarden/casework/v1/case_event.pb.h"
#include "platform/rpc/mutate.h"

namespace gridwarden::casework {
namespace {

using Result = v1::SubmitCheckRequest;

// A check is made neither before the fix it checks nor before somebody was asked to make it; a receiver's
// result and a dispute ask for one as well.
absl::StatusOr<absl::Time> EarliestCheck(db::Transaction& tx, const Uuid& case_id) {
  absl::Time earliest = absl::InfinitePast();
  for (const v1::Action fix : {v1::SUBMIT_FEEDBACK, v1::SUBMIT_RESULT}) {
    GW_ASSIGN_OR_RETURN(const std::vector<HistoryRow> fixes,
                        ReadHistoryOf(tx, Aggregate::kCase, case_id, fix));
    if (!fixes.empty()) earliest = std::max(earliest, fixes.back().latest);
  }
  GW_ASSIGN_OR_RETURN(const absl::Time asked,
                      LastReceived(tx, Aggregate::kCase, case_id,
                                   {v1::ASSIGN_CHECK, v1::REFUSE_SIGN, v1::SUBMIT_RESULT, v1::DISPUTE}));
  return std::max(earliest, NotBeforeAsked(asked));
}

// 同时段: what is done at night is seen at night only.
absl::Status CheckHours(const domain::Policy& policy, const CaseFile& file, const Step& step) {
  const domain::HourWindow window{file.details.check_window_start_minute(),
                                  file.details.check_window_end_minute()};
  const bool any_hour = window.start_minute == 0 && window.end_minute == 0;
  if (any_hour || file.details.check_any_hour()) return absl::OkStatus();
  if (domain::Touches(window, step.earliest.value_or(step.event_time), step.event_time,
                      policy.calendar.time_zone)) {
    return absl::OkStatus();
  }
  return FailedPrecondition("CHECK_OTHER_HOURS",
                            absl::StrCat("the check has to be made between ", domain::ToText(window)),
                            {{"window", domain::ToText(window)}});
}

// Whoever passes it was there. Too far away is refused, or flagged when the note says why.
absl::Status CheckPosition(const domain::Policy& policy, const Step& step, CaseFile& file) {
  const domain::CheckRules& rules = domain::CheckRulesOf(policy);
  if (!rules.checks_position || !file.place.position || !step.proof.position) return absl::OkStatus();
  const type::v1::Position& place = *file.place.position;
  const type::v1::Position& stood = *step.proof.position;
  const double distance =
      domain::DistanceMetres({place.longitude(), place.latitude()}, {stood.longitude(), stood.latitude()});
  const double limit = place.accuracy_m() + stood.accuracy_m() + rules.position_slack_m;
  if (distance <= limit) return absl::OkStatus();
  if (step.note.find_first_not_of(" \t\r\n") != std::string::npos) {
    file.details.set_check_far_m(std::round(distance));
    return absl::OkStatus();
  }
  return FailedPrecondition(
      "POSITION_INCONSISTENT",
      absl::StrFormat("the check is %.0f m from the place of the case, want at most %.0f m", distance, limit),
      {{"distance", absl::StrFormat("%.0f", distance)}, {"limit", absl::StrFormat("%.0f", limit)}});
}

void SetResult(v1::SubmitCheckRequest::Result result, const rpc::Call& call, absl::Time passed,
               CaseFile& file) {
  if (result != Result::UNABLE) file.checker = call.principal.person;
  // The favourable bound stops the total clock; a check of a closing that was disputed does not move it
  // (T24).
  if (result == Result::PASS && !WasClosed(file)) file.pass_time = passed;
  // Rework goes to a new check, and *unable* to another person.
  if (result == Result::PASS) return;
  file.check_post = Uuid();
  file.details.clear_check_window_start_minute();
  file.details.clear_check_window_end_minute();
  file.details.clear_check_any_hour();
}

}  // namespace

absl::StatusOr<v1::Case> SubmitCheck(const Casework& casework, const rpc::Call& call,
                                     const v1::SubmitCheckRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = casework.directory.ground();
  const domain::Policy& policy = *casework.policy;
  const auto result = static_cast<domain::CheckResult>(request.result());
  GW_ASSIGN_OR_RETURN(const Proof proof, ReadProofOf(policy, request));
  GW_RETURN_IF_ERROR(CheckText("note", request.note(), request.result() == Result::UNABLE));
  if (domain::ActionOf(result) == domain::Action::kUnspecified) {
    return InvalidField("result", "got an unknown value, want PASS, FAIL or UNABLE");
  }
  return rpc::Mutate<v1::Case>(
      casework.database, call, request, [&](db::Transaction& tx) -> absl::StatusOr<v1::Case> {
        GW_ASSIGN_OR_RETURN(CaseFile file, LockCase(tx, request.name()));
        GW_ASSIGN_OR_RETURN(const access::Acting acting,
                            access::AllowAssigned(*ground, call, file.check_post));
        GW_RETURN_IF_ERROR(CheckEtag(request.etag(), file.subject.seq, request.name()));
        GW_ASSIGN_OR_RETURN(const absl::Time not_before, EarliestCheck(tx, file.id));
        GW_ASSIGN_OR_RETURN(const absl::Time event_time, EventTime(call, request.event_time(), not_before));
        GW_ASSIGN_OR_RETURN(const std::optional<absl::Time> earliest,
                            EarliestOf(request, event_time, not_before));
        GW_ASSIGN_OR_RETURN(const std::vector<std::string> shown, ReadMediaOfChain(tx, file.chain));

        Step step{.action = static_cast<v1::Action>(domain::ActionOf(result)),
                  .acting = acting,
                  .event_time = event_time,
                  .earliest = earliest,
                  .received = call.now,
                  .request_id = request.request_id(),
                  .note = request.note(),
                  .proof = proof};
        GW_ASSIGN_OR_RETURN(const std::vector<domain::Actor> chain, ReadChain(tx, file.chain));
        GW_RETURN_IF_ERROR(domain::CheckSeparation(chain, call.principal.person, domain::Duty::kChecker));
        GW_ASSIGN_OR_RETURN(const Assignment accepted,
                            AcceptChecker(*ground, policy, tx, call, file, acting, event_time));
        GW_RETURN_IF_ERROR(Advance(policy, file, step));
        GW_RETURN_IF_ERROR(domain::CheckConditions(
            policy, TypeOf(policy, *ground, file), static_cast<domain::Disposition>(file.disposition), result,
            ToDomain(proof.answers), ToDomain(proof.evidence), MediaNames(shown)));
        if (request.result() == Result::PASS) {
          GW_RETURN_IF_ERROR(CheckHours(policy, file, step));
          GW_RETURN_IF_ERROR(CheckPosition(policy, step, file));
        }
        step.eligibility = accepted.eligibility;
        step.eligibility_proof = accepted.proof;
        SetResult(request.result(), call, earliest.value_or(event_time), file);

        if (request.result() != Result::UNABLE) {
          GW_RETURN_IF_ERROR(TakeDuty(tx, file, call.principal.person, domain::Duty::kChecker, call.now));
        }
        GW_RETURN_IF_ERROR(ClaimMedia(tx, {.chain = file.chain}, DigestsOf(proof.evidence, proof.answers),
                                      call.principal.person, call.now));
        return Record(tx, call, policy, file, step);
      });
}

}  // namespace gridwarden::casework
