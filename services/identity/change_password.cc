#include "base/status.h"
#include "identity/attempt.h"
#include "identity/identity_service.h"
#include "identity/session_repository.h"
#include "platform/rpc/mutate.h"

namespace gridwarden::identity {
namespace {

absl::Status Refused() {
  return MakeError(absl::StatusCode::kUnauthenticated, "the old password is wrong",
                   {.reason = "SIGN_IN_REFUSED"});
}

struct Before {
  AccountRow account;
  std::string phc;
};

absl::StatusOr<Before> ReadBefore(Identity& identity, const rpc::Call& call,
                                  const std::vector<AttemptKey>& keys, absl::Time now) {
  Before before;
  GW_RETURN_IF_ERROR(identity.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(const std::optional<AccountRow> account, FindAccount(tx, call.principal.account));
    GW_ASSIGN_OR_RETURN(const std::optional<std::string> phc, FindPhc(tx, call.principal.account));
    if (!account || !phc) return NotFound(ResourceName("accounts", call.principal.account));
    before = {.account = *account, .phc = *phc};
    return CheckAttempts(tx, keys, now);
  }));
  return before;
}

}  // namespace

absl::StatusOr<v1::Account> ChangePassword(Identity& identity, const rpc::Call& call,
                                           const v1::ChangePasswordRequest& request) {
  if (request.old_password().size() > kPasswordBytesMax)
    return InvalidField("old_password", "want at most 1024 bytes");
  const absl::Time now = identity.clock.Now();
  // An open phone must not be a way to guess: failures count as at signing in.
  const std::vector<AttemptKey> keys =
      AttemptKeys(identity.secret, call.principal.account.ToString(), call.peer);
  GW_ASSIGN_OR_RETURN(const Before before, ReadBefore(identity, call, keys, now));
  GW_RETURN_IF_ERROR(CheckPassword(request.new_password(), before.account.login, before.account.phone));

  bool right = false;
  {
    GW_ASSIGN_OR_RETURN(const HashGate::Pass pass, identity.gate.Enter());
    GW_RETURN_IF_ERROR(identity.database.Run(
        {.deadline = call.deadline}, [&](db::Transaction& tx) { return ClaimAttempt(tx, keys, now); }));
    right = VerifyPassword(before.phc, request.old_password());
  }
  Credential credential;
  if (right) {
    GW_ASSIGN_OR_RETURN(credential,
                        MakeCredential(identity, before.account.id, request.new_password(), call.now));
  }

  // A repeat comes with an old password that is wrong by now. So that it gets the first answer all the same,
  // the refusal stands inside: Mutate looks for the receipt before it answers an error.
  v1::ChangePasswordRequest kept = request;
  kept.set_old_password(PasswordStandIn(identity, request.request_id(), request.old_password()));
  kept.set_new_password(PasswordStandIn(identity, request.request_id(), request.new_password()));
  absl::StatusOr<v1::Account> answer = rpc::Mutate<v1::Account>(
      identity.database, call, kept, [&](db::Transaction& tx) -> absl::StatusOr<v1::Account> {
        if (!right) return Refused();
        GW_ASSIGN_OR_RETURN(const int64_t revision, NextAccessRevision(tx));
        GW_ASSIGN_OR_RETURN(AccountRow account, LockAccount(tx, before.account.id));
        GW_ASSIGN_OR_RETURN(const std::optional<std::string> phc, FindPhc(tx, account.id));
        if (account.disabled || phc != before.phc) return Refused();
        GW_ASSIGN_OR_RETURN(
            const journal::Sealed sealed,
            SealAccount(call, account, v1::AccountEvent::PASSWORD_CHANGED, request.request_id()));
        GW_RETURN_IF_ERROR(SaveCredential(tx, credential));
        GW_RETURN_IF_ERROR(SaveAccount(tx, account));
        GW_RETURN_IF_ERROR(EndSessionsOf(tx, account.id, call.principal.session, SessionEnd::kPasswordChanged,
                                         now, revision));
        GW_RETURN_IF_ERROR(journal::Stage(tx, sealed));
        return AccountMessage(account);
      });
  if (answer.ok()) {
    GW_RETURN_IF_ERROR(identity.database.Run(
        {.deadline = call.deadline}, [&](db::Transaction& tx) { return ClearAttempt(tx, keys, now); }));
  }
  return answer;
}

}  // namespace gridwarden::identity
