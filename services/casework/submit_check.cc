#include <algorithm>

#include "base/status.h"
#include "casework/case_repository.h"
#include "casework/casework.h"
#include "casework/history_repository.h"
#include "casework/independence.h"
#include "casework/media_repository.h"
#include "casework/rules.h"
#include "casework/step.h"
#include "domain/workflow/conditions.h"
#include "gridwarden/casework/v1/case_event.pb.h"
#include "platform/rpc/mutate.h"

namespace gridwarden::casework {
namespace {

using Result = v1::SubmitCheckRequest;

// A check is made neither before the fix it checks nor before somebody was asked to make it.
absl::StatusOr<absl::Time> EarliestCheck(db::Transaction& tx, const Uuid& case_id) {
  GW_ASSIGN_OR_RETURN(const std::vector<HistoryRow> fixes,
                      ReadHistoryOf(tx, Aggregate::kCase, case_id, v1::SUBMIT_FEEDBACK));
  GW_ASSIGN_OR_RETURN(const absl::Time asked,
                      LastReceived(tx, Aggregate::kCase, case_id, {v1::ASSIGN_CHECK, v1::REFUSE_SIGN}));
  const absl::Time fixed = fixes.empty() ? absl::InfinitePast() : fixes.back().latest;
  return std::max(fixed, NotBeforeAsked(asked));
}

void SetResult(v1::SubmitCheckRequest::Result result, const rpc::Call& call, absl::Time event_time,
               CaseFile& file) {
  if (result != Result::UNABLE) file.checker = call.principal.person;
  if (result == Result::PASS) file.pass_time = event_time;
  // Rework goes to a new check, and *unable* to another person.
  if (result != Result::PASS) file.check_post = Uuid();
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
        GW_ASSIGN_OR_RETURN(const std::vector<std::string> shown, ReadMediaOfChain(tx, file.chain));

        Step step{.action = static_cast<v1::Action>(domain::ActionOf(result)),
                  .acting = acting,
                  .event_time = event_time,
                  .received = call.now,
                  .request_id = request.request_id(),
                  .note = request.note(),
                  .proof = proof};
        GW_ASSIGN_OR_RETURN(const domain::CheckerQuestion question, AskForChecker(tx, file, call.now));
        GW_RETURN_IF_ERROR(
            domain::CheckSeparation(question.chain, call.principal.person, domain::Duty::kChecker));
        const domain::Verdict verdict =
            domain::JudgeChecker(*ground, question, file.check_post, call.principal.person);
        GW_RETURN_IF_ERROR(domain::ToStatus(verdict));
        GW_RETURN_IF_ERROR(Advance(policy, file, step));
        GW_RETURN_IF_ERROR(domain::CheckConditions(
            policy, policy.TypeOf(file.category), static_cast<domain::Disposition>(file.disposition), result,
            ToDomain(proof.answers), ToDomain(proof.evidence), MediaNames(shown)));
        step.eligibility = verdict.rule + " " + verdict.words;
        SetResult(request.result(), call, event_time, file);

        if (request.result() != Result::UNABLE) {
          GW_RETURN_IF_ERROR(TakeDuty(tx, file, call.principal.person, domain::Duty::kChecker, call.now));
        }
        GW_RETURN_IF_ERROR(ClaimMedia(tx, {.chain = file.chain}, DigestsOf(proof.evidence, proof.answers),
                                      call.principal.person, call.now));
        return Record(tx, call, policy, file, step);
      });
}

}  // namespace gridwarden::casework
