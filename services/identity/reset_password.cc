#include "base/status.h"
#include "identity/attempt.h"
#include "identity/identity_service.h"
#include "identity/session_repository.h"
#include "platform/rpc/mutate.h"

namespace gridwarden::identity {

absl::StatusOr<v1::Account> ResetPassword(Identity& identity, const rpc::Call& call,
                                          const v1::ResetPasswordRequest& request) {
  GW_ASSIGN_OR_RETURN(const Uuid id, ParseResourceName("accounts", request.name()));
  if (id == call.principal.account) return NotAllowed("the own password is changed with ChangePassword");
  std::optional<AccountRow> found;
  GW_RETURN_IF_ERROR(identity.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(found, FindAccount(tx, id));
    return absl::OkStatus();
  }));
  if (!found) return NotFound(request.name());
  GW_RETURN_IF_ERROR(CheckPassword(request.password(), found->login, found->phone));
  GW_ASSIGN_OR_RETURN(const Credential credential,
                      MakeCredential(identity, id, request.password(), call.now));

  v1::ResetPasswordRequest kept = request;
  kept.set_password(PasswordStandIn(identity, request.request_id(), request.password()));
  return rpc::Mutate<v1::Account>(
      identity.database, call, kept, [&](db::Transaction& tx) -> absl::StatusOr<v1::Account> {
        GW_ASSIGN_OR_RETURN(const int64_t revision, NextAccessRevision(tx));
        GW_RETURN_IF_ERROR(CheckAdministrator(tx, call));
        GW_ASSIGN_OR_RETURN(AccountRow account, LockAccount(tx, id));
        GW_ASSIGN_OR_RETURN(
            const journal::Sealed sealed,
            SealAccount(call, account, v1::AccountEvent::PASSWORD_RESET, request.request_id()));
        GW_RETURN_IF_ERROR(SaveCredential(tx, credential));
        GW_RETURN_IF_ERROR(SaveAccount(tx, account));
        GW_RETURN_IF_ERROR(EndSessionsOf(tx, account.id, Uuid(), SessionEnd::kPasswordChanged,
                                         identity.clock.Now(), revision));
        GW_RETURN_IF_ERROR(
            ForgetAttempts(tx, AttemptKeys(identity.secret, account.id.ToString(), "").front()));
        GW_RETURN_IF_ERROR(journal::Stage(tx, sealed));
        return AccountMessage(account);
      });
}

}  // namespace gridwarden::identity
