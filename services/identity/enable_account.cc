#include "base/status.h"
#include "identity/identity_service.h"
#include "platform/rpc/mutate.h"

namespace gridwarden::identity {

absl::StatusOr<v1::Account> EnableAccount(Identity& identity, const rpc::Call& call,
                                          const v1::EnableAccountRequest& request) {
  GW_ASSIGN_OR_RETURN(const Uuid id, ParseResourceName("accounts", request.name()));
  return rpc::Mutate<v1::Account>(
      identity.database, call, request, [&](db::Transaction& tx) -> absl::StatusOr<v1::Account> {
        GW_ASSIGN_OR_RETURN(const int64_t revision, NextAccessRevision(tx));
        GW_RETURN_IF_ERROR(CheckAdministrator(tx, call));
        GW_ASSIGN_OR_RETURN(AccountRow account, LockAccount(tx, id));
        if (!account.disabled) {
          return FailedPrecondition("ILLEGAL_TRANSITION", "the account is not disabled",
                                    {{"state", "正常"}, {"action", "启用"}});
        }
        account.disabled = false;
        account.access_revision = revision;
        GW_ASSIGN_OR_RETURN(const journal::Sealed sealed,
                            SealAccount(call, account, v1::AccountEvent::ENABLED, request.request_id()));
        GW_RETURN_IF_ERROR(SaveAccount(tx, account));
        GW_RETURN_IF_ERROR(journal::Stage(tx, sealed));
        return AccountMessage(account);
      });
}

}  // namespace gridwarden::identity
