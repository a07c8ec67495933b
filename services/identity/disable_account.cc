#include "base/status.h"
#include "identity/identity_service.h"
#include "identity/session_repository.h"
#include "platform/rpc/mutate.h"

namespace gridwarden::identity {

absl::StatusOr<v1::Account> DisableAccount(Identity& identity, const rpc::Call& call,
                                           const v1::DisableAccountRequest& request) {
  GW_ASSIGN_OR_RETURN(const Uuid id, ParseResourceName("accounts", request.name()));
  if (id == call.principal.account) return NotAllowed("nobody disables the own account");
  return rpc::Mutate<v1::Account>(
      identity.database, call, request, [&](db::Transaction& tx) -> absl::StatusOr<v1::Account> {
        GW_ASSIGN_OR_RETURN(const int64_t revision, NextAccessRevision(tx));
        GW_RETURN_IF_ERROR(CheckAdministrator(tx, call));
        GW_ASSIGN_OR_RETURN(AccountRow account, LockAccount(tx, id));
        if (account.disabled) {
          return FailedPrecondition("ILLEGAL_TRANSITION", "the account is disabled already",
                                    {{"state", "停用"}, {"action", "停用"}});
        }
        account.disabled = true;
        account.access_revision = revision;
        GW_ASSIGN_OR_RETURN(const journal::Sealed sealed,
                            SealAccount(call, account, v1::AccountEvent::DISABLED, request.request_id()));
        GW_RETURN_IF_ERROR(SaveAccount(tx, account));
        GW_RETURN_IF_ERROR(
            EndSessionsOf(tx, id, Uuid(), SessionEnd::kAccountDisabled, identity.clock.Now(), revision));
        GW_RETURN_IF_ERROR(journal::Stage(tx, sealed));
        return AccountMessage(account);
      });
}

}  // namespace gridwarden::identity
