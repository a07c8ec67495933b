#include "base/status.h"
#include "casework/casework.h"
#include "casework/rules.h"
#include "casework/signal_repository.h"
#include "casework/step.h"
#include "platform/rpc/mutate.h"

namespace gridwarden::casework {

absl::StatusOr<v1::Signal> RejectSignal(const Casework& casework, const rpc::Call& call,
                                        const v1::RejectSignalRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = casework.directory.ground();
  GW_RETURN_IF_ERROR(CheckText("reason", request.reason(), true));
  return rpc::Mutate<v1::Signal>(
      casework.database, call, request, [&](db::Transaction& tx) -> absl::StatusOr<v1::Signal> {
        GW_ASSIGN_OR_RETURN(SignalFile signal, LockSignal(tx, request.name()));
        GW_ASSIGN_OR_RETURN(const access::Acting acting,
                            access::AllowAt(*ground, call, signal.place.division));
        GW_RETURN_IF_ERROR(CheckEtag(request.etag(), signal.subject.seq, request.name()));

        Step step{.action = v1::REJECT,
                  .acting = acting,
                  .event_time = call.now,
                  .received = call.now,
                  .request_id = request.request_id(),
                  .reason = request.reason()};
        GW_RETURN_IF_ERROR(Advance(*casework.policy, signal, step));
        signal.reject_reason = request.reason();
        return Record(tx, call, *casework.policy, signal, step);
      });
}

}  // namespace gridwarden::casework
