#include <algorithm>

#include "access/token.h"
#include "base/status.h"
#include "identity/identity_service.h"
#include "identity/session_tokens.h"
#include "platform/crypto/hmac.h"

namespace gridwarden::identity {
namespace {

absl::Status NotSignedIn(std::string_view why) {
  return MakeError(absl::StatusCode::kUnauthenticated, why, {.reason = "NOT_SIGNED_IN"});
}

// Puts `next` in force when the token shown may be changed for it: the one in force, or the one before, whose
// successor nobody has used: its answer was lost on the way, a minute or a month ago. The successor that was
// lost ends with it, so that of two who hold tokens of one family the second to come is found out.
bool Rotate(SessionRow& session, const RefreshToken& shown, const RefreshToken& next, absl::Time now) {
  const std::string digest = shown.TokenDigest();
  const bool in_force = crypto::SameSecret(digest, session.token_digest);
  const bool before = !session.previous_digest.empty() && crypto::SameSecret(digest, session.previous_digest);
  if (!in_force && !before) return false;
  session.previous_digest = digest;
  session.token_digest = next.TokenDigest();
  session.rotated = now;
  session.idle_expires = std::min(now + LifeOf(session.client).idle, session.expires);
  session.access_expires = std::min(now + access::kAccessTokenLife, session.expires);
  return true;
}

}  // namespace

absl::StatusOr<v1::Tokens> RefreshTokens(Identity& identity, const rpc::Call& call,
                                         const v1::RefreshTokensRequest& request) {
  const std::optional<RefreshToken> shown = ParseRefreshToken(request.refresh_token());
  if (!shown) return NotSignedIn("no refresh token");
  const absl::Time now = identity.clock.Now();
  const RefreshToken next = NextTurn(*shown);

  SessionRow session;
  AccountRow account;
  bool rotated = false;
  GW_RETURN_IF_ERROR(
      identity.database.Run({.deadline = call.deadline}, [&](db::Transaction& tx) -> absl::Status {
        GW_ASSIGN_OR_RETURN(const std::optional<SessionRow> found,
                            LockSessionByFamily(tx, shown->FamilyDigest()));
        if (!found) return NotSignedIn("the refresh token is unknown");
        session = *found;
        if (session.ended) return NotSignedIn("the session has ended");
        if (session.idle_expires <= now || session.expires <= now) {
          return MakeError(absl::StatusCode::kUnauthenticated, "the session has expired",
                           {.reason = "TOKEN_EXPIRED"});
        }
        GW_ASSIGN_OR_RETURN(const std::optional<AccountRow> owner, FindAccount(tx, session.account));
        if (!owner || owner->disabled) return NotSignedIn("the account is disabled");
        account = *owner;
        rotated = Rotate(session, *shown, next, now);
        return rotated ? SaveRotation(tx, session) : absl::OkStatus();
      }));
  if (rotated) return AnswerTokens(identity, account, session, next, now);

  // Two hold tokens of one family; nobody can tell which is the thief, so both have to sign in again. In a
  // transaction of its own, because the access counter is locked before sessions everywhere else.
  GW_RETURN_IF_ERROR(
      identity.database.Run({.deadline = call.deadline}, [&](db::Transaction& tx) -> absl::Status {
        GW_ASSIGN_OR_RETURN(const int64_t revision, NextAccessRevision(tx));
        return EndSession(tx, session.id, SessionEnd::kTokenReused, now, revision).status();
      }));
  return MakeError(absl::StatusCode::kUnauthenticated,
                   "a refresh token was used twice; its session has ended",
                   {.reason = "REFRESH_TOKEN_REUSED"});
}

}  // namespace gridwarden::identity
