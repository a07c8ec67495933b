#include "base/status.h"
#include "casework/case_repository.h"
#include "casework/casework.h"
#include "casework/handler.h"
#include "casework/media_repository.h"
#include "casework/place.h"
#include "casework/rules.h"
#include "casework/step.h"
#include "casework/timestamps.h"
#include "domain/workflow/conditions.h"
#include "platform/rpc/mutate.h"

namespace gridwarden::casework {
namespace {

constexpr int kDocumentNoCharsMax = 100;

// Who says it: the county's office with the receiver's document in hand, or the receiver, whose fix it then
// is.
struct Teller {
  access::Acting acting;
  bool is_receiver = false;
};

absl::StatusOr<Teller> AllowResult(const domain::Ground& ground, const rpc::Call& call,
                                   const CaseFile& file) {
  const absl::StatusOr<access::Acting> office =
      AllowAs(ground, call, CountyOf(ground, file.place.division, call.now), access::kDispatchers);
  if (office.ok()) return Teller{*office, false};
  const absl::StatusOr<Handler> receiver =
      ReadHandler(ground, file.details.transfer().receiver(), "receiver");
  if (!receiver.ok() || receiver->id.IsNil()) return office.status();
  const absl::StatusOr<access::Acting> own = access::AllowAssigned(ground, call, receiver->id);
  if (!own.ok()) return office.status();
  return Teller{*own, true};
}

}  // namespace

absl::StatusOr<v1::Case> SubmitTransferResult(const Casework& casework, const rpc::Call& call,
                                              const v1::SubmitTransferResultRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = casework.directory.ground();
  const domain::Policy& policy = *casework.policy;
  GW_RETURN_IF_ERROR(CheckText("document_no", request.document_no(), true, kDocumentNoCharsMax));
  GW_RETURN_IF_ERROR(CheckText("note", request.note()));
  GW_ASSIGN_OR_RETURN(const Proof proof,
                      ReadProof(policy, {request.evidence().begin(), request.evidence().end()}, {}, nullptr));
  return rpc::Mutate<v1::Case>(
      casework.database, call, request, [&](db::Transaction& tx) -> absl::StatusOr<v1::Case> {
        GW_ASSIGN_OR_RETURN(CaseFile file, LockCase(tx, request.name()));
        GW_ASSIGN_OR_RETURN(const Teller teller, AllowResult(*ground, call, file));
        GW_RETURN_IF_ERROR(CheckEtag(request.etag(), file.subject.seq, request.name()));
        GW_ASSIGN_OR_RETURN(const absl::Time event_time,
                            EventTime(call, request.event_time(),
                                      NotBeforeAsked(FromTimestamp(file.details.transfer().time()))));

        Step step{.action = v1::SUBMIT_RESULT,
                  .acting = teller.acting,
                  .event_time = event_time,
                  .received = call.now,
                  .request_id = request.request_id(),
                  .note = request.note(),
                  .proof = proof};
        GW_RETURN_IF_ERROR(Advance(policy, file, step));
        GW_ASSIGN_OR_RETURN(const std::vector<std::string> shown, ReadMediaOfChain(tx, file.chain));
        GW_RETURN_IF_ERROR(domain::ResultEvidence(ToDomain(NotAmong(proof.evidence, MediaNames(shown)))));
        if (teller.is_receiver) {
          GW_RETURN_IF_ERROR(TakeDuty(tx, file, call.principal.person, domain::Duty::kFixer, call.now));
          file.fixer = call.principal.person;
          file.fixer_post = teller.acting.post;
        }
        *file.details.mutable_transfer()->mutable_result_time() = ToTimestamp(event_time);
        file.details.mutable_transfer()->set_result_document_no(request.document_no());
        file.check_post = Uuid();
        file.unable_count = 0;

        GW_RETURN_IF_ERROR(ClaimMedia(tx, {.chain = file.chain}, DigestsOf(proof.evidence, {}),
                                      call.principal.person, call.now));
        return Record(tx, call, policy, file, step);
      });
}

}  // namespace gridwarden::casework
