#pragma once

#include <optional>
#include <span>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "domain/policy/notice_rules.h"
#include "platform/db/database.h"

// The SQL of how people want to be told.
namespace gridwarden::notify {

struct Settings {
  std::optional<domain::QuietHours> quiet;
  std::optional<int> digest_at;
  int64_t revision = 0;

  domain::QuietHours QuietOr(const domain::NoticeRules& rules) const { return quiet.value_or(rules.quiet); }
  int DigestOr(const domain::NoticeRules& rules) const { return digest_at.value_or(rules.digest_at); }
};

// Persons who never set anything are not among them.
absl::StatusOr<absl::flat_hash_map<Uuid, Settings>> ReadSettings(db::Transaction& tx,
                                                                 std::span<const Uuid> persons);
// Locked; revision 0 for who never set anything.
absl::StatusOr<Settings> LockSettings(db::Transaction& tx, const Uuid& person);
// Of a person whose settings are locked; the first ones of a person are whoever is last.
absl::Status SaveSettings(db::Transaction& tx, const Uuid& person, const Settings& settings);

}  // namespace gridwarden::notify
