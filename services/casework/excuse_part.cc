#include "base/status.h"
#include "casework/case_repository.h"
#include "casework/casework.h"
#include "casework/closing.h"
#include "casework/rules.h"
#include "casework/step.h"
#include "casework/timestamps.h"
#include "platform/rpc/mutate.h"

namespace gridwarden::casework {

absl::StatusOr<v1::Case> ExcusePart(const Casework& casework, const rpc::Call& call,
                                    const v1::ExcusePartRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = casework.directory.ground();
  GW_RETURN_IF_ERROR(ParseResourceName("units", request.unit(), "unit").status());
  GW_RETURN_IF_ERROR(CheckText("reason", request.reason(), true));
  return rpc::Mutate<v1::Case>(
      casework.database, call, request, [&](db::Transaction& tx) -> absl::StatusOr<v1::Case> {
        GW_ASSIGN_OR_RETURN(CaseFile file, LockCase(tx, request.name()));
        GW_ASSIGN_OR_RETURN(const access::Acting acting, access::AllowAt(*ground, call, file.place.division));
        GW_RETURN_IF_ERROR(CheckEtag(request.etag(), file.subject.seq, request.name()));

        Step step{.action = v1::EXCUSE_PART,
                  .acting = acting,
                  .event_time = call.now,
                  .received = call.now,
                  .request_id = request.request_id(),
                  .reason = request.reason()};
        GW_RETURN_IF_ERROR(Advance(*casework.policy, file, step));
        v1::DisposalTask* part = FindPart(file, request.unit());
        if (part == nullptr)
          return InvalidField("unit", "got a unit without a part, want one that cooperates");
        if (part->state() != v1::DisposalTask::OPEN)
          return FailedPrecondition("ALREADY_DECIDED", "this part is done or excused");
        part->set_state(v1::DisposalTask::EXCUSED);
        part->set_person(ResourceName("persons", call.principal.person));
        part->set_post(ResourceName("posts", acting.post));
        part->set_note(request.reason());
        *part->mutable_event_time() = ToTimestamp(call.now);
        return Record(tx, call, *casework.policy, file, step);
      });
}

}  // namespace gridwarden::casework
