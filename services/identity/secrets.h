#pragma once

#include <mutex>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "access/token.h"
#include "platform/db/database.h"

// What the identity area keeps secret in files of mode 0600 under data_dir/identity: the server secret (32
// random bytes that key digests of logins, addresses and passwords) and the private halves of signing keys.
namespace gridwarden::identity {

// The secret in `data_dir`; made at the first call. INTERNAL with the file's name when it cannot be read or
// written.
absl::StatusOr<std::string> LoadServerSecret(const std::string& data_dir);

// The keys that sign access tokens. A key lives 30 days; its successor is published a minute before it signs,
// so that every process knows it, and the old one is honoured until the last token it signed has expired.
class KeyRing {
 public:
  static constexpr absl::Duration kKeyLife = absl::Hours(24 * 30);
  static constexpr absl::Duration kPublishAhead = absl::Minutes(1);

  explicit KeyRing(std::string data_dir) : data_dir_(std::move(data_dir)) {}

  // The key to sign with at `now` (real time). Makes the first one, and the next one when its time has come.
  absl::StatusOr<access::SigningKey> Current(db::Database& database, absl::Time now);

 private:
  absl::StatusOr<access::SigningKey> Choose(db::Database& database, absl::Time now);
  absl::StatusOr<access::SigningKey> MakeKey(db::Database& database, absl::Time now, absl::Time active);
  std::string FileOf(const std::string& key_id) const;

  const std::string data_dir_;
  std::mutex mutex_;  // guards key_, good_until_
  access::SigningKey key_;
  absl::Time good_until_ = absl::InfinitePast();
};

}  // namespace gridwarden::identity
