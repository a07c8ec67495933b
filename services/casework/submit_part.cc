#include "base/status.h"
#include "casework/case_repository.h"
#include "casework/casework.h"
#include "casework/closing.h"
#include "casework/media_repository.h"
#include "casework/rules.h"
#include "casework/step.h"
#include "casework/timestamps.h"
#include "domain/workflow/conditions.h"
#include "platform/rpc/mutate.h"

namespace gridwarden::casework {
namespace {

// Nobody learns which units cooperate by trying them.
absl::StatusOr<v1::DisposalTask*> OwnPart(CaseFile& file, std::string_view unit) {
  v1::DisposalTask* part = FindPart(file, unit);
  if (part == nullptr) {
    return MakeError(absl::StatusCode::kPermissionDenied, "assigned to somebody else",
                     {.reason = "NOT_YOUR_TASK"});
  }
  return part;
}

}  // namespace

absl::StatusOr<v1::Case> SubmitPart(const Casework& casework, const rpc::Call& call,
                                    const v1::SubmitPartRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = casework.directory.ground();
  const domain::Policy& policy = *casework.policy;
  GW_ASSIGN_OR_RETURN(const Uuid unit, ParseResourceName("units", request.unit(), "unit"));
  GW_ASSIGN_OR_RETURN(const Proof proof,
                      ReadProof(policy, {request.evidence().begin(), request.evidence().end()}, {},
                                request.has_position() ? &request.position() : nullptr));
  GW_RETURN_IF_ERROR(CheckText("note", request.note()));
  return rpc::Mutate<v1::Case>(
      casework.database, call, request, [&](db::Transaction& tx) -> absl::StatusOr<v1::Case> {
        GW_ASSIGN_OR_RETURN(CaseFile file, LockCase(tx, request.name()));
        GW_ASSIGN_OR_RETURN(const access::Acting acting, access::AllowAssigned(*ground, call, unit));
        GW_ASSIGN_OR_RETURN(v1::DisposalTask * part, OwnPart(file, request.unit()));
        GW_RETURN_IF_ERROR(CheckEtag(request.etag(), file.subject.seq, request.name()));
        GW_ASSIGN_OR_RETURN(const absl::Time event_time,
                            EventTime(call, request.event_time(), file.event_time));
        GW_ASSIGN_OR_RETURN(const std::optional<absl::Time> earliest,
                            EarliestOf(request, event_time, file.event_time));

        Step step{.action = v1::SUBMIT_PART,
                  .acting = acting,
                  .event_time = event_time,
                  .earliest = earliest,
                  .received = call.now,
                  .request_id = request.request_id(),
                  .reason = request.unit(),
                  .note = request.note(),
                  .proof = proof};
        GW_RETURN_IF_ERROR(Advance(policy, file, step));
        if (part->state() != v1::DisposalTask::OPEN)
          return FailedPrecondition("ALREADY_DECIDED", "this part is done or excused");
        GW_ASSIGN_OR_RETURN(const std::vector<std::string> shown, ReadMediaOfChain(tx, file.chain));
        GW_RETURN_IF_ERROR(domain::PartEvidence(ToDomain(NotAmong(proof.evidence, MediaNames(shown)))));
        GW_RETURN_IF_ERROR(TakeDuty(tx, file, call.principal.person, domain::Duty::kFixer, call.now));
        part->set_state(v1::DisposalTask::DONE);
        part->set_person(ResourceName("persons", call.principal.person));
        part->set_post(ResourceName("posts", acting.post));
        part->set_note(request.note());
        *part->mutable_evidence() = request.evidence();
        *part->mutable_event_time() = ToTimestamp(event_time);

        GW_RETURN_IF_ERROR(ClaimMedia(tx, {.chain = file.chain}, DigestsOf(proof.evidence, {}),
                                      call.principal.person, call.now));
        return Record(tx, call, policy, file, step);
      });
}

}  // namespace gridwarden::casework
