#include "base/status.h"
#include "casework/proof.h"
#include "casework/rules.h"
#include "casework/supervision.h"
#include "casework/supervision_service.h"
#include "platform/rpc/mutate.h"

namespace gridwarden::casework {

absl::StatusOr<v1::SupervisionOrder> AcceptOrder(const Casework& casework, const rpc::Call& call,
                                                 const v1::AcceptOrderRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = casework.directory.ground();
  const domain::Policy& policy = *casework.policy;
  GW_RETURN_IF_ERROR(CheckText("reason", request.reason(), true));
  return rpc::Mutate<v1::SupervisionOrder>(
      casework.database, call, request, [&](db::Transaction& tx) -> absl::StatusOr<v1::SupervisionOrder> {
        GW_ASSIGN_OR_RETURN(OrderFile file, LockOrder(tx, request.name()));
        GW_ASSIGN_OR_RETURN(const access::Acting acting,
                            AllowIssuer(*ground, call, KindOf(file), file.division));
        GW_RETURN_IF_ERROR(CheckEtag(request.etag(), file.subject.seq, request.name()));

        OrderStep step{.act = request.accept() ? v1::SupervisionEvent::ACCEPT : v1::SupervisionEvent::REFUSE,
                       .acting = acting,
                       .request_id = request.request_id()};
        GW_RETURN_IF_ERROR(Advance(file, step));
        if (file.order.reply().person() == ResourceName("persons", call.principal.person)) {
          return FailedPrecondition("SEPARATION_OF_DUTIES", "whoever replied does not accept",
                                    {{"duty", "答复督办"}});
        }
        *file.order.mutable_acceptance() =
            ConsentOf(call, acting, "ACCEPTOR", request.accept(), request.reason());
        if (!request.accept()) {
          file.order.set_refusals(file.order.refusals() + 1);
          SetReplyDue(policy, call.now, file);
        }
        GW_RETURN_IF_ERROR(Record(tx, call, policy, file, step).status());
        return View(*ground, file);
      });
}

}  // namespace gridwarden::casework
