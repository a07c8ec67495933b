#include "notify/settings_repository.h"

#include "absl/strings/str_cat.h"
#include "notify/rows.h"

namespace gridwarden::notify {
namespace {

Settings SettingsOf(const db::Row& row) {
  Settings settings;
  if (!row.IsNull(1)) settings.quiet = {static_cast<int>(row.Int(1)), static_cast<int>(row.Int(2))};
  if (!row.IsNull(3)) settings.digest_at = static_cast<int>(row.Int(3));
  settings.revision = row.Int(4);
  return settings;
}

}  // namespace

absl::StatusOr<absl::flat_hash_map<Uuid, Settings>> ReadSettings(db::Transaction& tx,
                                                                 std::span<const Uuid> persons) {
  absl::flat_hash_map<Uuid, Settings> all;
  if (persons.empty()) return all;
  const std::vector<db::Value> values = PaddedIds(persons);
  const std::string sql = absl::StrCat(
      "SELECT person, quiet_from, quiet_to, digest_at, revision FROM notice_settings WHERE person IN (",
      db::InList(static_cast<int>(values.size())), ")");
  GW_RETURN_IF_ERROR(
      tx.QueryValues(sql, values, [&](const db::Row& row) { all[row.Id(0)] = SettingsOf(row); }));
  return all;
}

absl::StatusOr<Settings> LockSettings(db::Transaction& tx, const Uuid& person) {
  constexpr std::string_view kSql =
      "SELECT person, quiet_from, quiet_to, digest_at, revision FROM notice_settings WHERE person = ? FOR "
      "UPDATE";
  GW_ASSIGN_OR_RETURN(const auto found, tx.QueryOne(kSql, SettingsOf, person));
  return found.value_or(Settings());
}

absl::Status SaveSettings(db::Transaction& tx, const Uuid& person, const Settings& settings) {
  constexpr std::string_view kInsert = R"(
    INSERT INTO notice_settings (person, quiet_from, quiet_to, digest_at, revision) VALUES (?, ?, ?, ?, ?)
    ON DUPLICATE KEY UPDATE quiet_from = VALUES(quiet_from), quiet_to = VALUES(quiet_to),
    digest_at = VALUES(digest_at), revision = VALUES(revision))";
  const auto minute = [&](int domain::QuietHours::*which) -> std::optional<int> {
    if (!settings.quiet) return std::nullopt;
    return (*settings.quiet).*which;
  };
  return tx
      .Exec(kInsert, person, minute(&domain::QuietHours::from), minute(&domain::QuietHours::to),
            settings.digest_at, settings.revision)
      .status();
}

}  // namespace gridwarden::notify
