#pragma once

#include <string_view>

#include "absl/status/statusor.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "base/status.h"
#include "google/protobuf/timestamp.pb.h"

// Times at the border of this area, to the microsecond.
namespace gridwarden::notify {

inline void SetTime(absl::Time time, google::protobuf::Timestamp* out) {
  const int64_t us = absl::ToUnixMicros(time);
  out->set_seconds(us / 1000000);
  out->set_nanos(static_cast<int32_t>(us % 1000000) * 1000);
}

// Years 2000 to 2100: what lies outside is a mistake of units.
inline absl::StatusOr<absl::Time> ReadTime(const google::protobuf::Timestamp& time, std::string_view field) {
  constexpr int64_t kFirst = 946684800, kLast = 4102444800;
  if (time.seconds() < kFirst || time.seconds() >= kLast || time.nanos() < 0 || time.nanos() > 999999999) {
    return InvalidField(
        field, absl::StrFormat("got %d seconds since 1970, want a time from 2000 to 2100", time.seconds()));
  }
  return absl::FromUnixSeconds(time.seconds()) + absl::Microseconds(time.nanos() / 1000);
}

}  // namespace gridwarden::notify
