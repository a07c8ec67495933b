#include "sync/phone_watch.h"

#include <algorithm>

#include "absl/time/clock.h"
#include "base/status.h"
#include "sync/numbers.h"

namespace gridwarden::sync {
namespace {

constexpr absl::Duration kTimeout = absl::Seconds(20);

constexpr std::string_view kOnPhones = R"(
  SELECT CAST(COALESCE(SUM(pending_operations), 0) AS SIGNED), CAST(COALESCE(SUM(pending_photos), 0) AS SIGNED),
         MIN(IF(pending_operations > 0 OR pending_photos > 0, synced_us, NULL))
  FROM device WHERE revoked_us IS NULL)";
constexpr std::string_view kMissing = R"(
  SELECT CAST(COALESCE(SUM(to_seq - from_seq + 1), 0) AS SIGNED) FROM device_gap)";

}  // namespace

absl::Status PhoneWatch::Look() {
  OnPhones seen;
  std::optional<int64_t> oldest_us;
  GW_RETURN_IF_ERROR(database_.Read(absl::Now() + kTimeout, [&](db::Transaction& tx) -> absl::Status {
    GW_RETURN_IF_ERROR(tx.Query(kOnPhones, [&](const db::Row& row) {
                           seen.operations = row.Int(0);
                           seen.photos = row.Int(1);
                           oldest_us = row.OptInt(2);
                           return 0;
                         }).status());
    GW_ASSIGN_OR_RETURN(const std::optional<int64_t> missing,
                        tx.QueryOne(kMissing, [](const db::Row& row) { return row.Int(0); }));
    seen.missing = missing.value_or(0);
    return absl::OkStatus();
  }));
  if (oldest_us)
    seen.silent = std::max(absl::ZeroDuration(), clock_.Now() - absl::FromUnixMicros(*oldest_us));
  Show(seen);
  return absl::OkStatus();
}

}  // namespace gridwarden::sync
