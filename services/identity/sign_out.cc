#include "base/status.h"
#include "identity/identity_service.h"
#include "identity/session_repository.h"

namespace gridwarden::identity {

absl::StatusOr<v1::SignOutResponse> SignOut(Identity& identity, const rpc::Call& call) {
  GW_RETURN_IF_ERROR(
      identity.database.Run({.deadline = call.deadline}, [&](db::Transaction& tx) -> absl::Status {
        GW_ASSIGN_OR_RETURN(const int64_t revision, NextAccessRevision(tx));
        // A second sign-out finds nothing open, which is just as well.
        return EndSession(tx, call.principal.session, SessionEnd::kSignedOut, identity.clock.Now(), revision)
            .status();
      }));
  return v1::SignOutResponse();
}

}  // namespace gridwarden::identity
