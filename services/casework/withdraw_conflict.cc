#include "base/status.h"
#include "casework/casework.h"
#include "casework/conflict_rules.h"
#include "casework/proof.h"
#include "casework/rules.h"
#include "platform/rpc/mutate.h"

namespace gridwarden::casework {
namespace {

// What somebody declared about himself he may take back; what an office put on record only an office.
absl::StatusOr<access::Acting> AllowWithdraw(const domain::Ground& ground, const rpc::Call& call,
                                             const ConflictFile& conflict) {
  const bool own = conflict.declarer == conflict.person && conflict.person == call.principal.person;
  if (!own) return AllowOffice(ground, call, conflict.division);
  for (const domain::Holding& holding :
       ground.HoldingsOf(call.principal.person, call.now, absl::InfiniteFuture())) {
    return access::Acting{holding.post->id, holding.tenure->id, holding.post->kind,
                          ground.DivisionOf(*holding.post)};
  }
  return NotAllowed("the caller holds no post");
}

}  // namespace

absl::StatusOr<v1::Conflict> WithdrawConflict(const Casework& casework, const rpc::Call& call,
                                              const v1::WithdrawConflictRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = casework.directory.ground();
  GW_RETURN_IF_ERROR(CheckText("reason", request.reason(), true));
  return rpc::Mutate<v1::Conflict>(
      casework.database, call, request, [&](db::Transaction& tx) -> absl::StatusOr<v1::Conflict> {
        absl::StatusOr<ConflictFile> found = LockConflict(tx, request.name());
        // An unknown one and one elsewhere are refused in the same words.
        if (absl::IsNotFound(found.status())) return NotAllowed("the caller may not do this here");
        GW_RETURN_IF_ERROR(found.status());
        ConflictFile& conflict = *found;
        GW_ASSIGN_OR_RETURN(const access::Acting acting, AllowWithdraw(*ground, call, conflict));
        GW_RETURN_IF_ERROR(CheckEtag(request.etag(), conflict.subject.seq, request.name()));
        if (!InForce(conflict, call.now)) {
          return FailedPrecondition("CONFLICT_ENDED", "the conflict is no longer in force");
        }
        conflict.withdrawn = call.now;
        conflict.withdraw_reason = request.reason();
        return RecordConflict(tx, call, *casework.policy, conflict, v1::ConflictEvent::WITHDRAW, acting,
                              request.request_id());
      });
}

}  // namespace gridwarden::casework
