#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "platform/db/database.h"

// The key that signs time tokens and receipts: a file of mode 0600 under data_dir/sync. Its public half is a
// row, so that what was signed stays verifiable when the file is lost and another key takes over.
namespace gridwarden::sync {

class KeyRing {
 public:
  // "" keeps the key in memory only: it ends with the process, and what it signed stays verifiable.
  explicit KeyRing(std::string data_dir) : data_dir_(std::move(data_dir)) {}

  // Signs lines (each ends with a newline) as a note (C2SP signed-note). Loads or makes the key at first.
  absl::StatusOr<std::string> Sign(db::Database& database, absl::Time now, std::string_view lines);
  // The lines of a note that one of our keys signed; nothing for anything else.
  absl::StatusOr<std::optional<std::string>> Open(db::Database& database, std::string_view note);
  // name+keyid+base64, as verifiers are told.
  absl::StatusOr<std::string> VerifierKey(db::Database& database, absl::Time now);

 private:
  absl::Status Load(db::Database& database, absl::Time now);
  absl::Status ReadPublicKeys(db::Database& database);

  const std::string data_dir_;
  std::mutex mutex_;  // guards all below
  std::string name_;
  std::string private_key_;
  absl::flat_hash_map<std::string, std::string> public_keys_;  // by key id
  absl::Time asked_ = absl::InfinitePast();                    // when a key was last looked for in vain
};

}  // namespace gridwarden::sync
