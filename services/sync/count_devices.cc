#include <algorithm>
#include <vector>

#include "access/permission.h"
#include "access/standing.h"
#include "base/status.h"
#include "google/protobuf/util/time_util.h"
#include "platform/db/database.h"
#include "sync/pull.h"

namespace gridwarden::sync {
namespace {

using google::protobuf::util::TimeUtil;

constexpr absl::Duration kSinceDefault = absl::Hours(1);
constexpr size_t kPersonsAtOnce = 256;

constexpr std::string_view kSelect =
    "SELECT COUNT(*), COALESCE(SUM(synced_us IS NULL OR synced_us < ?), 0), "
    "COALESCE(SUM((synced_us IS NULL OR synced_us < ?) AND (pending_operations > 0 OR pending_photos > 0)), "
    "0), "
    "MIN(COALESCE(synced_us, created_us)) FROM device WHERE revoked_us IS NULL AND person IN (";

// Everybody who holds a post now in the division or below it.
std::vector<Uuid> PersonsIn(const domain::Ground& ground, const domain::Division& division, absl::Time now) {
  std::vector<Uuid> persons;
  for (const domain::Post& post : ground.posts()) {
    const Uuid stands = ground.DivisionOf(post);
    if (stands.IsNil() || !ground.IsWithin(stands, division.id)) continue;
    const domain::Tenure* tenure = ground.HolderOf(post.id, now, absl::InfiniteFuture());
    if (tenure != nullptr) persons.push_back(tenure->person);
  }
  std::sort(persons.begin(), persons.end());
  persons.erase(std::unique(persons.begin(), persons.end()), persons.end());
  return persons;
}

struct Counts {
  int64_t devices = 0, not_synced = 0, with_pending = 0;
  std::optional<int64_t> oldest_us;
};

absl::Status Count(db::Transaction& tx, std::span<const Uuid> persons, absl::Time since, Counts& counts) {
  for (size_t at = 0; at < persons.size(); at += kPersonsAtOnce) {
    const std::span<const Uuid> some = persons.subspan(at, std::min(kPersonsAtOnce, persons.size() - at));
    std::vector<db::Value> values{since, since};
    // Padded to one size, so that there is one statement.
    for (size_t i = 0; i < kPersonsAtOnce; ++i) values.emplace_back(some[std::min(i, some.size() - 1)]);
    GW_RETURN_IF_ERROR(tx.QueryValues(std::string(kSelect) + db::InList(kPersonsAtOnce) + ")", values,
                                      [&](const db::Row& row) {
                                        counts.devices += row.Int(0);
                                        counts.not_synced += row.Int(1);
                                        counts.with_pending += row.Int(2);
                                        const std::optional<int64_t> oldest = row.OptInt(3);
                                        if (oldest && (!counts.oldest_us || *oldest < *counts.oldest_us))
                                          counts.oldest_us = oldest;
                                      }));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<v1::DeviceCounts> CountDevices(const Sync& sync, const rpc::Call& call,
                                              const v1::CountDevicesRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = sync.directory.ground();
  GW_ASSIGN_OR_RETURN(const access::Standing standing,
                      access::StandingOf(*ground, request.division(), call.now, "division"));
  GW_RETURN_IF_ERROR(access::AllowAt(*ground, call, standing.division).status());
  const absl::Time since = request.has_since()
                               ? absl::FromUnixMicros(TimeUtil::TimestampToMicroseconds(request.since()))
                               : call.now - kSinceDefault;
  const std::vector<Uuid> persons = PersonsIn(*ground, *ground->FindDivision(standing.division), call.now);
  Counts counts;
  GW_RETURN_IF_ERROR(sync.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
    counts = Counts();
    return Count(tx, persons, since, counts);
  }));
  v1::DeviceCounts answer;
  answer.set_devices(static_cast<int32_t>(counts.devices));
  answer.set_not_synced(static_cast<int32_t>(counts.not_synced));
  answer.set_with_pending(static_cast<int32_t>(counts.with_pending));
  if (counts.oldest_us)
    *answer.mutable_oldest_sync_time() = TimeUtil::MicrosecondsToTimestamp(*counts.oldest_us);
  *answer.mutable_since() = TimeUtil::MicrosecondsToTimestamp(absl::ToUnixMicros(since));
  return answer;
}

}  // namespace gridwarden::sync
