#include "base/status.h"
#include "casework/application_service.h"
#include "casework/case_repository.h"
#include "casework/place.h"
#include "casework/proof.h"
#include "casework/rules.h"
#include "casework/step.h"
#include "platform/rpc/mutate.h"

namespace gridwarden::casework {
namespace {

absl::StatusOr<access::Acting> AllowResume(const domain::Ground& ground, const rpc::Call& call,
                                           const CaseFile& file) {
  absl::StatusOr<access::Acting> handler = access::AllowAssigned(ground, call, file.handler.id);
  if (handler.ok()) return handler;
  return AllowAs(ground, call, CountyOf(ground, file.place.division, call.now), access::kDispatchers);
}

}  // namespace

absl::StatusOr<v1::Case> ResumeCase(const Casework& casework, const rpc::Call& call,
                                    const v1::ResumeCaseRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = casework.directory.ground();
  GW_RETURN_IF_ERROR(CheckText("reason", request.reason(), true));
  return rpc::Mutate<v1::Case>(
      casework.database, call, request, [&](db::Transaction& tx) -> absl::StatusOr<v1::Case> {
        GW_ASSIGN_OR_RETURN(CaseFile file, LockCase(tx, request.name()));
        GW_ASSIGN_OR_RETURN(const access::Acting acting, AllowResume(*ground, call, file));
        GW_RETURN_IF_ERROR(CheckEtag(request.etag(), file.subject.seq, request.name()));

        Step step{.action = v1::RESUME,
                  .acting = acting,
                  .event_time = call.now,
                  .received = call.now,
                  .request_id = request.request_id(),
                  .reason = request.reason()};
        GW_RETURN_IF_ERROR(Advance(*casework.policy, file, step));
        return Record(tx, call, *casework.policy, file, step);
      });
}

}  // namespace gridwarden::casework
