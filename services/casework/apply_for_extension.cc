#include "base/status.h"
#include "casework/proof.h"
#include "casework/rules.h"
#include "casework/supervision.h"
#include "casework/supervision_service.h"
#include "casework/timestamps.h"
#include "platform/rpc/mutate.h"

namespace gridwarden::casework {

absl::StatusOr<v1::SupervisionOrder> ApplyForExtension(const Casework& casework, const rpc::Call& call,
                                                       const v1::ApplyForExtensionRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = casework.directory.ground();
  GW_RETURN_IF_ERROR(CheckText("reason", request.reason(), true));
  GW_RETURN_IF_ERROR(CheckText("document_no", request.document_no(), false, 120));
  const absl::Time until = FromTimestamp(request.until_time());
  return rpc::Mutate<v1::SupervisionOrder>(
      casework.database, call, request, [&](db::Transaction& tx) -> absl::StatusOr<v1::SupervisionOrder> {
        GW_ASSIGN_OR_RETURN(OrderFile file, LockOrder(tx, request.name()));
        GW_ASSIGN_OR_RETURN(const access::Acting acting,
                            access::AllowAssigned(*ground, call, file.addressee));
        GW_RETURN_IF_ERROR(CheckEtag(request.etag(), file.subject.seq, request.name()));

        OrderStep step{.act = v1::SupervisionEvent::APPLY_EXTENSION,
                       .acting = acting,
                       .request_id = request.request_id()};
        GW_RETURN_IF_ERROR(Advance(file, step));
        if (!file.order.has_limit_time())
          return InvalidField("name", "got an order without a limit, want one that has a limit to extend");
        if (!file.order.extensions().empty() && !file.order.extensions().rbegin()->has_decision())
          return FailedPrecondition("EXTENSION_PENDING", "an extension waits for its decision");
        GW_RETURN_IF_ERROR(domain::CheckExtension(OrderRulesOf(*casework.policy), KindOf(file),
                                                  FromTimestamp(file.order.issuer().time()),
                                                  FromTimestamp(file.order.limit_time()), until, call.now));
        v1::SupervisionOrder::Extension& extension = *file.order.add_extensions();
        *extension.mutable_until_time() = request.until_time();
        extension.set_document_no(request.document_no());
        *extension.mutable_applicant() = ConsentOf(call, acting, "APPLICANT", true, request.reason());
        GW_RETURN_IF_ERROR(Record(tx, call, *casework.policy, file, step).status());
        return View(*ground, file);
      });
}

}  // namespace gridwarden::casework
