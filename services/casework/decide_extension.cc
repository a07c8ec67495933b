#include "base/status.h"
#include "casework/proof.h"
#include "casework/rules.h"
#include "casework/supervision.h"
#include "casework/supervision_service.h"
#include "platform/rpc/mutate.h"

namespace gridwarden::casework {

absl::StatusOr<v1::SupervisionOrder> DecideExtension(const Casework& casework, const rpc::Call& call,
                                                     const v1::DecideExtensionRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = casework.directory.ground();
  GW_RETURN_IF_ERROR(CheckText("reason", request.reason(), true));
  return rpc::Mutate<v1::SupervisionOrder>(
      casework.database, call, request, [&](db::Transaction& tx) -> absl::StatusOr<v1::SupervisionOrder> {
        GW_ASSIGN_OR_RETURN(OrderFile file, LockOrder(tx, request.name()));
        GW_ASSIGN_OR_RETURN(const access::Acting acting,
                            AllowIssuer(*ground, call, KindOf(file), file.division));
        GW_RETURN_IF_ERROR(CheckEtag(request.etag(), file.subject.seq, request.name()));

        OrderStep step{.act = v1::SupervisionEvent::DECIDE_EXTENSION,
                       .acting = acting,
                       .request_id = request.request_id()};
        GW_RETURN_IF_ERROR(Advance(file, step));
        if (file.order.extensions().empty() || file.order.extensions().rbegin()->has_decision())
          return FailedPrecondition("ALREADY_DECIDED", "no extension waits for a decision");
        v1::SupervisionOrder::Extension& extension = *file.order.mutable_extensions()->rbegin();
        if (extension.applicant().person() == ResourceName("persons", call.principal.person)) {
          return FailedPrecondition("ANOTHER_PERSON_NEEDED", "nobody decides on the own application",
                                    {{"seat", "延期审批"}});
        }
        *extension.mutable_decision() =
            ConsentOf(call, acting, "DECIDER", request.approve(), request.reason());
        if (request.approve()) *file.order.mutable_limit_time() = extension.until_time();
        GW_RETURN_IF_ERROR(Record(tx, call, *casework.policy, file, step).status());
        return View(*ground, file);
      });
}

}  // namespace gridwarden::casework
