#include "base/status.h"
#include "casework/proof.h"
#include "casework/rules.h"
#include "casework/supervision.h"
#include "casework/supervision_service.h"
#include "platform/rpc/mutate.h"

namespace gridwarden::casework {
namespace {

absl::Status HigherLevelNeeded() {
  return FailedPrecondition("HIGHER_LEVEL_NEEDED",
                            "a level above the one that accepted it lifts a listed order");
}

// Nobody lifts a listed order at the level that accepted it.
absl::StatusOr<access::Acting> AllowLift(const domain::Ground& ground, const rpc::Call& call,
                                         const OrderFile& file) {
  GW_ASSIGN_OR_RETURN(const access::Acting acting, AllowIssuer(ground, call, KindOf(file), file.division));
  if (file.order.kind() != v1::SupervisionOrder::LISTED || !file.order.has_acceptance()) return acting;
  GW_ASSIGN_OR_RETURN(const Uuid acceptor,
                      ParseResourceName("posts", file.order.acceptance().post(), "acceptance.post"));
  const domain::Post* post = ground.FindPost(acceptor);
  if (post == nullptr) return Internal("the post that accepted an order is not on the ground");
  const auto levels = ground.AncestorsAt(ground.DivisionOf(*post), call.now, absl::InfiniteFuture());
  if (levels.size() < 2) return HigherLevelNeeded();
  absl::StatusOr<access::Acting> above = AllowAs(ground, call, levels[1]->id, access::kDispatchers);
  if (absl::IsPermissionDenied(above.status())) return HigherLevelNeeded();
  return above;
}

}  // namespace

absl::StatusOr<v1::SupervisionOrder> LiftOrder(const Casework& casework, const rpc::Call& call,
                                               const v1::LiftOrderRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = casework.directory.ground();
  GW_RETURN_IF_ERROR(CheckText("reason", request.reason(), true));
  return rpc::Mutate<v1::SupervisionOrder>(
      casework.database, call, request, [&](db::Transaction& tx) -> absl::StatusOr<v1::SupervisionOrder> {
        GW_ASSIGN_OR_RETURN(OrderFile file, LockOrder(tx, request.name()));
        GW_ASSIGN_OR_RETURN(const access::Acting acting, AllowLift(*ground, call, file));
        GW_RETURN_IF_ERROR(CheckEtag(request.etag(), file.subject.seq, request.name()));

        OrderStep step{
            .act = v1::SupervisionEvent::LIFT, .acting = acting, .request_id = request.request_id()};
        GW_RETURN_IF_ERROR(Advance(file, step));
        *file.order.mutable_lifting() = ConsentOf(call, acting, "LIFTER", true, request.reason());
        GW_RETURN_IF_ERROR(Record(tx, call, *casework.policy, file, step).status());
        if (file.order.kind() == v1::SupervisionOrder::LISTED)
          GW_RETURN_IF_ERROR(MarkListed(tx, file, false));
        return View(*ground, file);
      });
}

}  // namespace gridwarden::casework
