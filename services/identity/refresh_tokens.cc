#include <algorithm>

#include "access/token.h"
#include "base/status.h"
#include "identity/identity_service.h"
#include "identity/session_tokens.h"
#include "platform/crypto/hmac.h"

namespace gridwarden::identity {
namespace {

// How long the token just replaced is still taken, once: its answer may have been lost on the way.
constexpr absl::Duration kLostAnswerGrace = absl::Seconds(10);

enum class Verdict { kRotate, kRotateAgain, kStale };

absl::Status NotSignedIn(std::string_view why) {
  return MakeError(absl::StatusCode::kUnauthenticated, why, {.reason = "NOT_SIGNED_IN"});
}

Verdict Judge(const SessionRow& session, const RefreshToken& shown, absl::Time now) {
  const std::string digest = shown.TokenDigest();
  if (crypto::SameSecret(digest, session.token_digest)) return Verdict::kRotate;
  const bool previous =
      !session.previous_digest.empty() && crypto::SameSecret(digest, session.previous_digest);
  if (previous && !session.previous_spent && now - session.rotated <= kLostAnswerGrace)
    return Verdict::kRotateAgain;
  return Verdict::kStale;
}

// Puts `next` in force. The first repeat of a lost answer keeps the token it came with as the previous one,
// spent: the one that was lost on the way is stale if it ever turns up.
void Rotate(SessionRow& session, Verdict verdict, const RefreshToken& next, absl::Time now) {
  if (verdict == Verdict::kRotate) {
    session.previous_digest = session.token_digest;
    session.previous_spent = false;
  } else {
    session.previous_spent = true;
  }
  session.token_digest = next.TokenDigest();
  session.rotated = now;
  session.idle_expires = std::min(now + LifeOf(session.client).idle, session.expires);
  session.access_expires = std::min(now + access::kAccessTokenLife, session.expires);
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
  Verdict verdict = Verdict::kStale;
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
        verdict = Judge(session, *shown, now);
        if (verdict == Verdict::kStale) return absl::OkStatus();
        Rotate(session, verdict, next, now);
        return SaveRotation(tx, session);
      }));
  if (verdict != Verdict::kStale) return AnswerTokens(identity, account, session, next, now);

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
