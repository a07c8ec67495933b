#pragma once

#include "absl/time/time.h"
#include "google/protobuf/timestamp.pb.h"

// Times of the API are Timestamps; inside they are absl::Time, to the microsecond.
namespace gridwarden::casework {

inline google::protobuf::Timestamp ToTimestamp(absl::Time time) {
  const int64_t us = absl::ToUnixMicros(time);
  google::protobuf::Timestamp out;
  int64_t seconds = us / 1'000'000;
  int64_t rest = us % 1'000'000;
  if (rest < 0) {
    seconds -= 1;
    rest += 1'000'000;
  }
  out.set_seconds(seconds);
  out.set_nanos(static_cast<int32_t>(rest * 1000));
  return out;
}

inline absl::Time FromTimestamp(const google::protobuf::Timestamp& time) {
  return absl::FromUnixSeconds(time.seconds()) + absl::Microseconds(time.nanos() / 1000);
}

}  // namespace gridwarden::casework
