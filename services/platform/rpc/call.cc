#include "platform/rpc/call.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "platform/rpc/channel.h"
#include "platform/rpc/deadline.h"

namespace gridwarden::rpc {

namespace {

constexpr size_t kIdSize = 16, kDigestSize = 32, kSignatureSize = 64, kTimeSize = 8;
constexpr size_t kSize = kIdSize + kDigestSize + kSignatureSize;

// Microseconds, the highest byte first.
std::string TimeBytes(absl::Time time) {
  const auto us = static_cast<uint64_t>(absl::ToUnixMicros(time));
  std::string bytes;
  for (size_t i = kTimeSize; i-- > 0;) bytes.push_back(static_cast<char>(us >> (8 * i)));
  return bytes;
}

absl::Time TimeIn(const std::string& bytes, size_t at) {
  uint64_t us = 0;
  for (size_t i = 0; i < kTimeSize; ++i) us = us << 8 | static_cast<uint8_t>(bytes[at + i]);
  return absl::FromUnixMicros(static_cast<int64_t>(us));
}

}  // namespace

std::string DeviceOperation::Encode() const {
  std::string bytes = absl::StrCat(device.Bytes(), digest, signature);
  if (done) absl::StrAppend(&bytes, TimeBytes(done->earliest), TimeBytes(done->latest));
  return absl::WebSafeBase64Escape(bytes);
}

std::optional<DeviceOperation> DeviceOperation::Decode(std::string_view text) {
  std::string bytes;
  if (!absl::WebSafeBase64Unescape(std::string(text), &bytes)) return std::nullopt;
  if (bytes.size() != kSize && bytes.size() != kSize + 2 * kTimeSize) return std::nullopt;
  const std::optional<Uuid> device = Uuid::FromBytes(bytes.substr(0, kIdSize));
  if (!device) return std::nullopt;
  DeviceOperation operation{.device = *device,
                            .digest = bytes.substr(kIdSize, kDigestSize),
                            .signature = bytes.substr(kIdSize + kDigestSize, kSignatureSize)};
  if (bytes.size() > kSize) operation.done = {TimeIn(bytes, kSize), TimeIn(bytes, kSize + kTimeSize)};
  return operation;
}

Call Call::System(std::string_view method, absl::Time now, absl::Duration timeout) {
  Call call;
  call.principal.system = true;
  call.method = std::string(method);
  call.now = now;
  call.deadline = absl::Now() + timeout;
  call.trace_id = Uuid::Make(absl::Now()).ToString();
  return call;
}

Envelope EnvelopeOf(const Call& call, std::string_view method, const google::protobuf::Message& request) {
  Envelope envelope;
  envelope.method = std::string(method);
  envelope.body = request.SerializeAsString();
  envelope.token = call.token;
  envelope.deadline = call.deadline - kHop;
  envelope.demo_now = call.now;  // heeded by demo servers only
  envelope.trace_id = call.trace_id;
  envelope.peer = call.peer;
  envelope.system = call.principal.system;
  envelope.peer = call.peer;
  return envelope;
}

}  // namespace gridwarden::rpc
