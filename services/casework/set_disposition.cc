#include "base/status.h"
#include "casework/case_repository.h"
#include "casework/casework.h"
#include "casework/rules.h"
#include "casework/step.h"
#include "platform/rpc/mutate.h"

namespace gridwarden::casework {

absl::StatusOr<v1::Case> SetDisposition(const Casework& casework, const rpc::Call& call,
                                        const v1::SetDispositionRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = casework.directory.ground();
  if (!v1::Case::Disposition_IsValid(request.disposition())) {
    return InvalidField("disposition", "got an unknown value, want SHUT_DOWN, RELOCATE or UPGRADE");
  }
  return rpc::Mutate<v1::Case>(
      casework.database, call, request, [&](db::Transaction& tx) -> absl::StatusOr<v1::Case> {
        GW_ASSIGN_OR_RETURN(CaseFile file, LockCase(tx, request.name()));
        GW_ASSIGN_OR_RETURN(const access::Acting acting, access::AllowAt(*ground, call, file.place.division));
        GW_RETURN_IF_ERROR(CheckEtag(request.etag(), file.subject.seq, request.name()));

        Step step{.action = v1::SET_DISPOSITION,
                  .acting = acting,
                  .event_time = call.now,
                  .received = call.now,
                  .request_id = request.request_id(),
                  .reason = v1::Case::Disposition_Name(request.disposition())};
        GW_RETURN_IF_ERROR(Advance(*casework.policy, file, step));
        file.disposition = request.disposition();
        return Record(tx, call, *casework.policy, file, step);
      });
}

}  // namespace gridwarden::casework
