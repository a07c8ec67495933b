#pragma once

#include <optional>

#include "absl/time/time.h"
#include "google/protobuf/timestamp.pb.h"

// Times at the border of this area, to the microsecond.
namespace gridwarden::sync {

inline void SetTime(absl::Time time, google::protobuf::Timestamp* out) {
  const int64_t us = absl::ToUnixMicros(time);
  out->set_seconds(us / 1'000'000);
  out->set_nanos(static_cast<int32_t>(us % 1'000'000) * 1000);
}

// Years 2000 to 2100; nothing for what lies outside: a phone's clock may stand anywhere.
inline std::optional<absl::Time> ReadTime(const google::protobuf::Timestamp& time) {
  constexpr int64_t kFirst = 946684800, kLast = 4102444800;
  if (time.seconds() < kFirst || time.seconds() >= kLast || time.nanos() < 0 || time.nanos() > 999'999'999)
    return std::nullopt;
  return absl::FromUnixSeconds(time.seconds()) + absl::Microseconds(time.nanos() / 1000);
}

}  // namespace gridwarden::sync
