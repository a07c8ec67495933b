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

// What the handler showed: its photos are not the checker's, and no check was made before the last feedback.
struct Fix {
  std::vector<std::string> media;
  absl::Time event_time = absl::InfinitePast();
};

absl::StatusOr<Fix> ReadFix(db::Transaction& tx, const Uuid& case_id) {
  GW_ASSIGN_OR_RETURN(const std::vector<HistoryRow> rows,
                      ReadHistoryOf(tx, Aggregate::kCase, case_id, v1::SUBMIT_FEEDBACK));
  Fix fix;
  for (const HistoryRow& row : rows) {
    v1::CaseEvent event;
    if (!event.ParseFromString(row.event)) return Internal("a stored case event cannot be parsed");
    const std::vector<std::string> media = MediaOf({event.evidence().begin(), event.evidence().end()},
                                                   {event.answers().begin(), event.answers().end()});
    fix.media.insert(fix.media.end(), media.begin(), media.end());
    fix.event_time = row.earliest;
  }
  return fix;
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
        GW_ASSIGN_OR_RETURN(const Fix fix, ReadFix(tx, file.id));
        GW_ASSIGN_OR_RETURN(const absl::Time event_time,
                            EventTime(call, request.event_time(), fix.event_time));

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
            ToDomain(proof.answers), ToDomain(proof.evidence), fix.media));
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
