#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "platform/db/database.h"

// Lock-out: repeated failures make a login, or everybody at one address, wait; each further failure longer
// (guarantees.md X16). An attempt is counted before its password is looked at and taken back when it was
// right, so that many at once cannot slip by.
namespace gridwarden::identity {

struct AttemptLimits {
  int failures_free;          // that many failures cost nothing
  absl::Duration lock_first;  // doubled with each further failure
  absl::Duration lock_max;
  absl::Duration forget;  // after so long without an attempt all is forgotten
};

inline constexpr AttemptLimits kLoginLimits = {4, absl::Minutes(1), absl::Minutes(15), absl::Hours(24)};
// A whole office may stand behind one address.
inline constexpr AttemptLimits kPeerLimits = {49, absl::Seconds(30), absl::Minutes(15), absl::Hours(1)};

struct Attempts {
  int failures = 0;
  absl::Time last = absl::InfinitePast();
  absl::Time locked_until = absl::InfinitePast();
};

// The attempts after one more failure at `now`.
Attempts CountFailure(const Attempts& before, const AttemptLimits& limits, absl::Time now);

// What is counted: a keyed digest, so that the table holds no login and no address.
struct AttemptKey {
  std::string digest;  // 32 bytes
  AttemptLimits limits;
};
// The address in what gRPC or the gateway calls a peer, without its port: "ipv4:10.0.0.7:5000" -> "10.0.0.7".
// Of IPv6 only the network (/64), because a caller owns all of it. "" for a unix socket.
std::string AddressOf(std::string_view peer);

// Keys of a login and of a caller's address ("" when unknown), always in this order.
std::vector<AttemptKey> AttemptKeys(std::string_view secret, std::string_view login, std::string_view peer);

// RESOURCE_EXHAUSTED / ACCOUNT_LOCKED with the time to wait, when one of the keys is locked.
absl::Status CheckAttempts(db::Transaction& tx, const std::vector<AttemptKey>& keys, absl::Time now);
// CheckAttempts, then counts one failure for each key.
absl::Status ClaimAttempt(db::Transaction& tx, const std::vector<AttemptKey>& keys, absl::Time now);
// The password of the attempt claimed at `claimed` was right: forgets the first key's failures, takes this
// one back from the others, and the lock it set, unless somebody else failed meanwhile.
absl::Status ClearAttempt(db::Transaction& tx, const std::vector<AttemptKey>& keys, absl::Time claimed);
// Forgets a login's failures.
absl::Status ForgetAttempts(db::Transaction& tx, const AttemptKey& key);

}  // namespace gridwarden::identity
