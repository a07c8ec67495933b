#include "base/status.h"
#include "casework/proof.h"
#include "casework/rules.h"
#include "casework/supervision.h"
#include "casework/supervision_service.h"
#include "casework/timestamps.h"
#include "platform/rpc/mutate.h"

namespace gridwarden::casework {

absl::StatusOr<v1::SupervisionOrder> ReplyToOrder(const Casework& casework, const rpc::Call& call,
                                                  const v1::ReplyToOrderRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = casework.directory.ground();
  GW_RETURN_IF_ERROR(CheckText("statement", request.statement(), true));
  GW_RETURN_IF_ERROR(CheckText("document_no", request.document_no(), false, 120));
  return rpc::Mutate<v1::SupervisionOrder>(
      casework.database, call, request, [&](db::Transaction& tx) -> absl::StatusOr<v1::SupervisionOrder> {
        GW_ASSIGN_OR_RETURN(OrderFile file, LockOrder(tx, request.name()));
        GW_ASSIGN_OR_RETURN(const access::Acting acting,
                            access::AllowAssigned(*ground, call, file.addressee));
        GW_RETURN_IF_ERROR(CheckEtag(request.etag(), file.subject.seq, request.name()));

        OrderStep step{
            .act = v1::SupervisionEvent::REPLY, .acting = acting, .request_id = request.request_id()};
        GW_RETURN_IF_ERROR(Advance(file, step));
        v1::SupervisionOrder::Reply& reply = *file.order.mutable_reply();
        reply.set_statement(request.statement());
        reply.set_document_no(request.document_no());
        reply.set_person(ResourceName("persons", call.principal.person));
        reply.set_post(ResourceName("posts", acting.post));
        *reply.mutable_time() = ToTimestamp(call.now);
        GW_RETURN_IF_ERROR(Record(tx, call, *casework.policy, file, step).status());
        return View(*ground, file);
      });
}

}  // namespace gridwarden::casework
