#pragma once

#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "google/protobuf/timestamp.pb.h"
#include "sim/find.h"

// What the acts of a find share (find*.cc).
namespace gridwarden::sim {

inline std::string Casework(std::string_view rpc) {
  return "gridwarden.casework.v1.CaseworkService/" + std::string(rpc);
}

inline std::string Closing(std::string_view rpc) {
  return "gridwarden.casework.v1.ClosingService/" + std::string(rpc);
}

inline google::protobuf::Timestamp ToProto(absl::Time time) {
  google::protobuf::Timestamp proto;
  proto.set_seconds(absl::ToUnixSeconds(time));
  proto.set_nanos(
      static_cast<int32_t>((absl::ToUnixMicros(time) - absl::ToUnixSeconds(time) * 1000000) * 1000));
  return proto;
}

inline absl::Time FromProto(const google::protobuf::Timestamp& proto) {
  return absl::FromUnixSeconds(proto.seconds()) + absl::Nanoseconds(proto.nanos());
}

inline NextStep In(Step step, absl::Time now, absl::Duration wait) { return {step, now + wait}; }

}  // namespace gridwarden::sim
