#include <algorithm>

#include "access/token.h"
#include "base/status.h"
#include "identity/attempt.h"
#include "identity/identity_service.h"
#include "identity/session_tokens.h"

namespace gridwarden::identity {
namespace {

constexpr size_t kLoginTextBytesMax = 128;

absl::Status Refused() {
  return MakeError(absl::StatusCode::kUnauthenticated, "login or password is wrong",
                   {.reason = "SIGN_IN_REFUSED"});
}

// At most `limit` bytes, not cutting a UTF-8 character.
std::string Shortened(const std::string& text, size_t limit) {
  if (text.size() <= limit) return text;
  size_t size = limit;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) --size;
  return text.substr(0, size);
}

}  // namespace

absl::StatusOr<v1::Tokens> SignIn(Identity& identity, const rpc::Call& call,
                                  const v1::SignInRequest& request) {
  if (request.login().size() > kLoginTextBytesMax) return InvalidField("login", "want at most 128 bytes");
  if (request.password().size() > kPasswordBytesMax)
    return InvalidField("password", "want at most 1024 bytes");
  const std::string login = NormaliseLoginOrPhone(request.login());
  const absl::Time now = identity.clock.Now();

  // An account has one count of failures, whether it was named by login or by phone; an unknown one is
  // counted just the same.
  std::optional<AccountCredential> found;
  std::vector<AttemptKey> keys;
  GW_RETURN_IF_ERROR(identity.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(found, FindByLogin(tx, login));
    keys = AttemptKeys(identity.secret, found ? found->account.id.ToString() : login, call.peer);
    return CheckAttempts(tx, keys, now);
  }));

  bool right = false;
  {
    GW_ASSIGN_OR_RETURN(const HashGate::Pass pass, identity.gate.Enter());
    GW_RETURN_IF_ERROR(identity.database.Run(
        {.deadline = call.deadline}, [&](db::Transaction& tx) { return ClaimAttempt(tx, keys, now); }));
    right = VerifyPassword(found ? found->phc : PhcOfNobody(identity.CostOfNobody()), request.password()) &&
            found;
  }
  if (!right) return Refused();

  const RefreshToken refresh = NewFamily();
  const SessionLife life = LifeOf(request.client());
  const SessionRow session{.id = Uuid::Make(now),
                           .account = found->account.id,
                           .family_digest = refresh.FamilyDigest(),
                           .token_digest = refresh.TokenDigest(),
                           .rotated = now,
                           .client = Shortened(request.client(), kClientBytesMax),
                           .created = now,
                           .idle_expires = now + life.idle,
                           .expires = now + life.whole,
                           .access_expires = std::min(now + access::kAccessTokenLife, now + life.whole)};
  AccountRow account;
  std::optional<std::string> phc;
  GW_RETURN_IF_ERROR(
      identity.database.Run({.deadline = call.deadline}, [&](db::Transaction& tx) -> absl::Status {
        // Locked, so that a disabling or a change of password that comes at the same time either sees the
        // session or is seen.
        GW_ASSIGN_OR_RETURN(account, LockAccount(tx, found->account.id));
        GW_ASSIGN_OR_RETURN(phc, FindPhc(tx, account.id));
        if (account.disabled || phc != found->phc) return Refused();
        GW_RETURN_IF_ERROR(ClearAttempt(tx, keys, now));
        return InsertSession(tx, session);
      }));
  return AnswerTokens(identity, account, session, refresh, now);
}

}  // namespace gridwarden::identity
