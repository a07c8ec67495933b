#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "domain/sync/chain.h"
#include "domain/sync/claimed_time.h"
#include "gridwarden/sync/v1/sync.pb.h"
#include "gridwarden/sync/v1/sync_service.pb.h"
#include "sync/device_repository.h"

// What a phone signed, read.
namespace gridwarden::sync {

inline constexpr size_t kBodyMax = 60 * 1024;
inline constexpr int kAfterMax = 20;
inline constexpr int kPhotosMax = 30;

struct SignedBody {
  Uuid op_id;
  int64_t seq = 0;
  std::string hash;       // SHA-256 of the bytes, 32 bytes
  std::string prev_hash;  // 32 bytes; "" for the first
  v1::OperationBody body;
  std::vector<Uuid> after;          // and what it corrects
  std::vector<std::string> photos;  // 32 bytes each, each once
  domain::TimeClaim time;
  std::optional<domain::Fix> fix;  // without its time
  std::string bytes;
  std::string signature;
};

// OPERATION_TOO_LARGE; SIGNATURE_INVALID unless the device signed these bytes; OPERATION_MALFORMED naming the
// field. A clock or a place that makes no sense is no mistake: it is left out and judged so.
absl::StatusOr<SignedBody> ReadOperation(const DeviceRow& device, const v1::SignedOperation& operation);

// The clocks of a phone as it sent a push.
domain::ClockReading ReadPushClock(const v1::PushRequest& request);

// 32 bytes of 64 hex digits of either case.
std::optional<std::string> ParseDigest(std::string_view hex);

// JSON by descriptor: names in either spelling, unknown fields ignored. MALFORMED_REQUEST.
absl::Status FromJson(const std::string& json, google::protobuf::Message& message);
absl::StatusOr<std::string> ToJson(const google::protobuf::Message& message);

}  // namespace gridwarden::sync
