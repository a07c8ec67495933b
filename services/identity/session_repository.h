#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/id.h"
#include "platform/db/database.h"

// Sessions and the public halves of signing keys in the database.
namespace gridwarden::identity {

// Why a session is over; stored.
enum class SessionEnd {
  kNone = 0,
  kSignedOut = 1,
  kTokenReused = 2,
  kPasswordChanged = 3,
  kAccountDisabled = 4
};

struct SessionRow {
  Uuid id;
  Uuid account;
  std::string family_digest;    // SHA-256 of the token's first 16 bytes
  std::string token_digest;     // of the whole token in force
  std::string previous_digest;  // of the one it was given for; "" for none
  absl::Time rotated;
  std::string client;
  absl::Time created;
  absl::Time idle_expires;  // moved on with each refresh
  absl::Time expires;
  absl::Time access_expires;  // when the last access token given out expires
  std::optional<absl::Time> ended;
};

absl::Status InsertSession(db::Transaction& tx, const SessionRow& session);
// Reads and locks the session of a family; none when the family is unknown.
absl::StatusOr<std::optional<SessionRow>> LockSessionByFamily(db::Transaction& tx,
                                                              std::string_view family_digest);
// Saves a rotation: digests, rotated, idle_expires, access_expires.
absl::Status SaveRotation(db::Transaction& tx, const SessionRow& session);
// Ends one session; answers whether it was open.
absl::StatusOr<bool> EndSession(db::Transaction& tx, const Uuid& session, SessionEnd reason, absl::Time now,
                                int64_t revision);
// Ends all open sessions of an account but one (nil: all).
absl::Status EndSessionsOf(db::Transaction& tx, const Uuid& account, const Uuid& but, SessionEnd reason,
                           absl::Time now, int64_t revision);
// Sessions ended after a revision whose access tokens may still be unexpired.
absl::StatusOr<std::vector<Uuid>> ListEndedSessions(db::Transaction& tx, int64_t after_revision,
                                                    absl::Time now);

struct SigningKeyRow {
  std::string id;
  std::string public_key;  // 32 bytes
  absl::Time created;
  absl::Time active;
  absl::Time retired = absl::InfiniteFuture();
};
absl::Status InsertSigningKey(db::Transaction& tx, const SigningKeyRow& key);
// Keys whose tokens still verify at `now`, oldest first; those not active yet too.
absl::StatusOr<std::vector<SigningKeyRow>> ListSigningKeys(db::Transaction& tx, absl::Time now);
absl::Status RetireSigningKey(db::Transaction& tx, std::string_view key_id, absl::Time when);

// Deletes up to `limit` rows each of what nobody needs any more: sessions over for 30 days, attempts a day
// old. Answers how many went.
absl::StatusOr<uint64_t> SweepIdentity(db::Transaction& tx, absl::Time now, int limit);

}  // namespace gridwarden::identity
