#include "base/status.h"
#include "casework/case_repository.h"
#include "casework/casework.h"
#include "casework/closing.h"
#include "casework/handler.h"
#include "casework/media_repository.h"
#include "casework/rules.h"
#include "casework/step.h"
#include "casework/timestamps.h"
#include "platform/rpc/mutate.h"

namespace gridwarden::casework {
namespace {

constexpr int kNameCharsMax = 200;
constexpr int kDocumentNoCharsMax = 100;

// The police are outside the ground: their name will do. Everybody else is found there.
absl::Status CheckReceiver(const v1::TransferCaseRequest& request) {
  if (!v1::Transfer::Kind_IsValid(request.kind()) || request.kind() == v1::Transfer::KIND_UNSPECIFIED)
    return InvalidField("kind", "got an unknown value, want UNIT, ENFORCEMENT or POLICE");
  if (!request.receiver().empty()) return absl::OkStatus();
  if (request.kind() != v1::Transfer::POLICE)
    return InvalidField("receiver", "got none, want units/{uuid} or posts/{uuid}");
  return CheckText("receiver_display_name", request.receiver_display_name(), true, kNameCharsMax);
}

v1::Transfer TransferOf(const v1::TransferCaseRequest& request, const domain::Ground& ground,
                        const Handler& receiver, absl::Time now) {
  v1::Transfer transfer;
  transfer.set_kind(request.kind());
  transfer.set_receiver(request.receiver());
  transfer.set_receiver_display_name(receiver.id.IsNil() ? request.receiver_display_name()
                                                         : DisplayName(ground, receiver));
  transfer.set_document_no(request.document_no());
  *transfer.mutable_time() = ToTimestamp(now);
  return transfer;
}

}  // namespace

absl::StatusOr<v1::Case> TransferCase(const Casework& casework, const rpc::Call& call,
                                      const v1::TransferCaseRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = casework.directory.ground();
  const domain::Policy& policy = *casework.policy;
  GW_RETURN_IF_ERROR(CheckReceiver(request));
  GW_ASSIGN_OR_RETURN(const Handler receiver, ReadHandler(*ground, request.receiver(), "receiver"));
  GW_RETURN_IF_ERROR(CheckText("document_no", request.document_no(), true, kDocumentNoCharsMax));
  GW_RETURN_IF_ERROR(CheckText("reason", request.reason(), true));
  GW_ASSIGN_OR_RETURN(const Proof proof,
                      ReadProof(policy, {request.evidence().begin(), request.evidence().end()}, {}, nullptr));
  return rpc::Mutate<v1::Case>(
      casework.database, call, request, [&](db::Transaction& tx) -> absl::StatusOr<v1::Case> {
        GW_ASSIGN_OR_RETURN(CaseFile file, LockCase(tx, request.name()));
        GW_ASSIGN_OR_RETURN(const access::Acting acting, access::AllowAt(*ground, call, file.place.division));
        GW_RETURN_IF_ERROR(CheckEtag(request.etag(), file.subject.seq, request.name()));

        Step step{.action = v1::TRANSFER,
                  .acting = acting,
                  .event_time = call.now,
                  .received = call.now,
                  .request_id = request.request_id(),
                  .reason = request.reason(),
                  .proof = proof};
        GW_RETURN_IF_ERROR(Advance(policy, file, step));
        v1::Transfer& transfer = *file.details.mutable_transfer();
        transfer = TransferOf(request, *ground, receiver, call.now);
        if (file.due_time) *transfer.mutable_result_due_time() = ToTimestamp(*file.due_time);
        file.check_post = Uuid();
        file.details.clear_signatures();
        if (!WasClosed(file)) file.pass_time.reset();  // a pass that nobody signed stops no clock

        GW_RETURN_IF_ERROR(ClaimMedia(tx, {.chain = file.chain}, DigestsOf(proof.evidence, {}),
                                      call.principal.person, call.now));
        return Record(tx, call, policy, file, step);
      });
}

}  // namespace gridwarden::casework
