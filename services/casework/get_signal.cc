#include "base/status.h"
#include "casework/casework.h"
#include "casework/signal_repository.h"
#include "casework/views.h"

namespace gridwarden::casework {

absl::StatusOr<v1::Signal> GetSignal(const Casework& casework, const rpc::Call& call,
                                     const v1::GetSignalRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = casework.directory.ground();
  v1::Signal found;
  GW_RETURN_IF_ERROR(casework.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(const SignalFile signal, ReadSignal(tx, request.name()));
    GW_RETURN_IF_ERROR(AllowView(*ground, call, signal));
    std::vector<v1::Signal> one{ToProto(signal)};
    GW_RETURN_IF_ERROR(ShowCasesOfMerged(tx, one));
    found = std::move(one.front());
    return absl::OkStatus();
  }));
  return found;
}

}  // namespace gridwarden::casework
