#include "base/status.h"
#include "casework/handler.h"
#include "casework/rules.h"
#include "casework/signal_repository.h"
#include "casework/signal_rules.h"
#include "casework/signal_service.h"
#include "casework/step.h"
#include "casework/timestamps.h"
#include "platform/rpc/mutate.h"

namespace gridwarden::casework {
namespace {

constexpr int kDocumentNoCharsMax = 100;
constexpr int kReceiverCharsMax = 100;

// Who gets it has to be named: a unit or post of the ground, or in words whoever is not of it.
absl::StatusOr<v1::Transfer> ReadTransfer(const domain::Ground& ground,
                                          const v1::TransferSignalRequest& request) {
  if (!v1::Transfer::Kind_IsValid(request.kind()) || request.kind() == v1::Transfer::KIND_UNSPECIFIED)
    return InvalidField("kind", "got none, want UNIT, ENFORCEMENT or POLICE");
  GW_RETURN_IF_ERROR(CheckText("document_no", request.document_no(), true, kDocumentNoCharsMax));
  GW_RETURN_IF_ERROR(CheckText("receiver_display_name", request.receiver_display_name(),
                               request.receiver().empty(), kReceiverCharsMax));
  GW_ASSIGN_OR_RETURN(const Handler receiver, ReadHandler(ground, request.receiver(), "receiver"));
  v1::Transfer transfer;
  transfer.set_kind(request.kind());
  transfer.set_receiver(ResourceName(receiver.is_unit ? "units" : "posts", receiver.id));
  transfer.set_receiver_display_name(receiver.id.IsNil() ? request.receiver_display_name()
                                                         : DisplayName(ground, receiver));
  transfer.set_document_no(request.document_no());
  return transfer;
}

}  // namespace

absl::StatusOr<v1::Signal> TransferSignal(const Casework& casework, const rpc::Call& call,
                                          const v1::TransferSignalRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = casework.directory.ground();
  GW_ASSIGN_OR_RETURN(const v1::Transfer transfer, ReadTransfer(*ground, request));
  GW_RETURN_IF_ERROR(CheckText("reason", request.reason()));
  return rpc::Mutate<v1::Signal>(
      casework.database, call, request, [&](db::Transaction& tx) -> absl::StatusOr<v1::Signal> {
        GW_ASSIGN_OR_RETURN(SignalFile signal, LockSignal(tx, request.name()));
        GW_ASSIGN_OR_RETURN(const access::Acting acting, AllowSignalDecision(*ground, call, signal));
        GW_RETURN_IF_ERROR(CheckEtag(request.etag(), signal.subject.seq, request.name()));

        Step step{.action = v1::TRANSFER,
                  .acting = acting,
                  .event_time = call.now,
                  .received = call.now,
                  .request_id = request.request_id(),
                  .reason = request.reason()};
        GW_RETURN_IF_ERROR(Advance(*casework.policy, signal, step));
        *signal.details.mutable_transfer() = transfer;
        *signal.details.mutable_transfer()->mutable_time() = ToTimestamp(call.now);
        signal.details.clear_rejection_proposal();
        return Record(tx, call, *casework.policy, signal, step);
      });
}

}  // namespace gridwarden::casework
