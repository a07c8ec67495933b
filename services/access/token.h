#pragma once

#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "access/directory.h"
#include "base/id.h"
#include "platform/rpc/server.h"

// Access tokens (guarantees.md 5.3): PASETO v4.public, verified in every process without a call. A token says
// who calls and nothing else; rights follow from the posts held when it is shown.
namespace gridwarden::access {

inline constexpr absl::Duration kAccessTokenLife = absl::Minutes(10);
// How far the clocks of our processes may be apart.
inline constexpr absl::Duration kClockSkewMax = absl::Seconds(30);
// Longer texts are refused unread.
inline constexpr size_t kTokenSizeMax = 2048;

struct TokenClaims {
  Uuid account;
  Uuid person;  // nil for an account without one
  Uuid session;
  absl::Time issued;  // real time, whole seconds
  absl::Time expires;
};

struct SigningKey {
  std::string id;    // goes into the footer
  std::string seed;  // 32 bytes, secret
};

std::string MintToken(const SigningKey& key, const TokenClaims& claims);

// The claims of a token signed by one of `keys` (key id -> Ed25519 public key).
// UNAUTHENTICATED / TOKEN_EXPIRED past its end, UNAUTHENTICATED / NOT_SIGNED_IN for anything else that is
// wrong with it.
absl::StatusOr<TokenClaims> VerifyToken(std::string_view token,
                                        const absl::flat_hash_map<std::string, std::string>& keys,
                                        absl::Time real_now);

// Proves tokens against the directory's keys, then refuses disabled accounts and ended sessions. An account
// that the snapshot does not hold yet (made less than a second ago) may call, but not as an administrator.
// UNAVAILABLE until the directory has loaded, so that nobody is signed out by a restart.
rpc::Authenticate MakeAuthenticate(Directory& directory);

}  // namespace gridwarden::access
