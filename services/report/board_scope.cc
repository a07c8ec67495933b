#include "report/board_scope.h"

#include <algorithm>

#include "access/permission.h"
#include "base/status.h"

namespace gridwarden::report {

absl::StatusOr<const domain::Division*> AllowedDivision(const domain::Ground& ground, const rpc::Call& call,
                                                        std::string_view spelling) {
  const domain::Division* division = ground.FindDivisionBySpelling(spelling, call.now);
  if (division == nullptr) return NotFound(spelling);
  GW_RETURN_IF_ERROR(access::AllowAt(ground, call, division->id).status());
  return division;
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
