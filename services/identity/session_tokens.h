#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "identity/identity.h"
#include "identity/session_repository.h"

// Refresh tokens: 16 bytes that stay for the session (the family) and 32 that change with each use (the
// turn), all random, in base64url. The server keeps digests only, and knows a stale token by its family.
namespace gridwarden::identity {

struct RefreshToken {
  std::string family;  // 16 bytes
  std::string turn;    // 32 bytes

  std::string ToText() const;
  std::string FamilyDigest() const;
  std::string TokenDigest() const;
};

RefreshToken NewFamily();
RefreshToken NextTurn(const RefreshToken& token);
std::optional<RefreshToken> ParseRefreshToken(std::string_view text);

// How long a session lasts, from the name its client gave.
struct SessionLife {
  absl::Duration idle;
  absl::Duration whole;
};
SessionLife LifeOf(std::string_view client);

// The answer to SignIn and RefreshTokens. Mints an access token that expires at session.access_expires.
absl::StatusOr<v1::Tokens> AnswerTokens(Identity& identity, const AccountRow& account,
                                        const SessionRow& session, const RefreshToken& refresh,
                                        absl::Time now);

}  // namespace gridwarden::identity
