#include "casework/conflict_rules.h"

#include "base/status.h"
#include "casework/rules.h"

namespace gridwarden::casework {

absl::StatusOr<access::Acting> AllowOffice(const domain::Ground& ground, const rpc::Call& call,
                                           const Uuid& division) {
  return AllowAs(ground, call, division, access::kDispatchers);
}

absl::StatusOr<v1::Conflict> RecordConflict(db::Transaction& tx, const rpc::Call& call,
                                            const domain::Policy& policy, ConflictFile& conflict,
                                            v1::ConflictEvent::Action action, const access::Acting& acting,
                                            const std::string& request_id) {
  const bool born = conflict.subject.seq == 0;
  conflict.subject.id = conflict.id;
  v1::ConflictEvent event;
  event.set_action(action);
  *event.mutable_after() = ToProto(conflict);
  event.mutable_after()->clear_reason();
  event.mutable_after()->clear_withdraw_reason();
  event.mutable_after()->clear_etag();
  GW_ASSIGN_OR_RETURN(const journal::Sealed sealed, journal::Seal(call, {.kind = "conflict",
                                                                         .before = conflict.subject,
                                                                         .event = &event,
                                                                         .post = acting.post,
                                                                         .tenure = acting.tenure,
                                                                         .rule_version = policy.version,
                                                                         .request_id = request_id}));
  conflict.subject = sealed.after;
  GW_RETURN_IF_ERROR(born ? InsertConflict(tx, conflict) : SaveConflict(tx, conflict));
  GW_RETURN_IF_ERROR(journal::Stage(tx, sealed));
  return ToProto(conflict);
}

}  // namespace gridwarden::casework
