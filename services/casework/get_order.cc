#include "base/status.h"
#include "casework/supervision.h"
#include "casework/supervision_service.h"

namespace gridwarden::casework {

absl::StatusOr<v1::SupervisionOrder> GetOrder(const Casework& casework, const rpc::Call& call,
                                              const v1::GetOrderRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = casework.directory.ground();
  v1::SupervisionOrder found;
  GW_RETURN_IF_ERROR(casework.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(const OrderFile file, ReadOrder(tx, request.name()));
    GW_RETURN_IF_ERROR(AllowView(*ground, call, file));
    found = View(*ground, file);
    return absl::OkStatus();
  }));
  return found;
}

}  // namespace gridwarden::casework
