#include "sync/sync.h"

namespace gridwarden::sync {

absl::StatusOr<v1::SyncKey> GetSyncKey(const Sync& sync, const rpc::Call& call,
                                       const v1::GetSyncKeyRequest&) {
  v1::SyncKey key;
  GW_ASSIGN_OR_RETURN(*key.mutable_verifier_key(), sync.keys->VerifierKey(sync.database, call.now));
  return key;
}

}  // namespace gridwarden::sync
