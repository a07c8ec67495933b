#include "report/board_scope.h"

#include <algorithm>

#include "access/permission.h"
#include "base/status.h"

namespace gridwarden::report {

absl::StatusOr<const domain::Division*> AllowedDivision(const domain::Ground& ground, const rpc::Call& call,
                                                        std::string_view spelling) {
  const std::vector<const domain::Division*> meant = ground.DivisionsOnceSpelled(spelling, call.now);
  if (meant.size() != 1) return NotFound(spelling);
  const domain::Division* division = meant.front();
  const absl::Status allowed = access::AllowAt(ground, call, division->id).status();
  if (allowed.ok()) return division;
  const std::vector<std::string> scope = access::ScopeOf(ground, call);
  const std::vector<std::string> paths = ground.PathKeysEver(division->id);
  const bool all_listed = std::all_of(paths.begin(), paths.end(), [&](const std::string& path) {
    return std::any_of(scope.begin(), scope.end(),
                       [&](const std::string& key) { return path.starts_with(key); });
  });
  if (!all_listed) return allowed;
  return division;
}

std::vector<GroundRange> RangesOf(const domain::Ground& ground, const Uuid& division) {
  std::vector<GroundRange> ranges;
  for (const std::string& path : ground.PathKeysEver(division)) ranges.push_back(GroundRange::Below(path));
  return ranges;
}

std::vector<std::string> CategoriesOf(const domain::Policy* policy, std::string_view category) {
  if (category.empty()) return {};
  std::vector<std::string> found{std::string(category)};
  if (policy == nullptr) return found;
  for (size_t i = 0; i < found.size(); ++i) {
    for (const auto& [code, one] : policy->categories) {
      if (one.parent == found[i] && std::find(found.begin(), found.end(), code) == found.end())
        found.push_back(code);
    }
  }
  return found;
}

domain::Instant InstantOf(const domain::Policy* policy, const rpc::Call& call, bool is_set,
                          const google::protobuf::Timestamp& as_of) {
  absl::TimeZone zone;
  if (policy == nullptr || policy->calendar.time_zone.empty() ||
      !absl::LoadTimeZone(policy->calendar.time_zone, &zone)) {
    zone = absl::FixedTimeZone(8 * 3600);
  }
  const absl::Time at =
      is_set ? absl::FromUnixSeconds(as_of.seconds()) + absl::Nanoseconds(as_of.nanos()) : call.now;
  const absl::Time day_end = absl::FromCivil(absl::ToCivilDay(at, zone) + 1, zone);
  return {.us = absl::ToUnixMicros(at), .day_end_us = absl::ToUnixMicros(day_end)};
}

google::protobuf::Timestamp TimestampOf(int64_t us) {
  google::protobuf::Timestamp time;
  int64_t seconds = us / 1000000;
  int64_t rest = us % 1000000;
  if (rest < 0) {
    seconds -= 1;
    rest += 1000000;
  }
  time.set_seconds(seconds);
  time.set_nanos(static_cast<int32_t>(rest * 1000));
  return time;
}

}  // namespace gridwarden::report
