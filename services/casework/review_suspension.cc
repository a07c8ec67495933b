#include "base/status.h"
#include "casework/application_service.h"
#include "casework/case_repository.h"
#include "casework/proof.h"
#include "casework/rules.h"
#include "casework/step.h"
#include "casework/timestamps.h"
#include "platform/rpc/mutate.h"

namespace gridwarden::casework {

absl::StatusOr<v1::Case> ReviewSuspension(const Casework& casework, const rpc::Call& call,
                                          const v1::ReviewSuspensionRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = casework.directory.ground();
  GW_RETURN_IF_ERROR(CheckText("reason", request.reason(), true));
  return rpc::Mutate<v1::Case>(
      casework.database, call, request, [&](db::Transaction& tx) -> absl::StatusOr<v1::Case> {
        GW_ASSIGN_OR_RETURN(CaseFile file, LockCase(tx, request.name()));
        GW_ASSIGN_OR_RETURN(const access::Acting acting, access::AllowAt(*ground, call, file.place.division));
        GW_RETURN_IF_ERROR(CheckEtag(request.etag(), file.subject.seq, request.name()));

        Step step{.action = v1::REVIEW_SUSPENSION,
                  .acting = acting,
                  .event_time = call.now,
                  .received = call.now,
                  .request_id = request.request_id(),
                  .reason = request.reason()};
        GW_RETURN_IF_ERROR(Advance(*casework.policy, file, step));
        v1::Suspension& suspension = *file.details.mutable_suspension();
        suspension.set_review_count(suspension.review_count() + 1);
        *suspension.mutable_last_review_time() = ToTimestamp(call.now);
        if (file.due_time) *suspension.mutable_review_due_time() = ToTimestamp(*file.due_time);
        return Record(tx, call, *casework.policy, file, step);
      });
}

}  // namespace gridwarden::casework
