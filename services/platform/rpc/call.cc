#include "platform/rpc/call.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "platform/rpc/channel.h"
#include "platform/rpc/deadline.h"

namespace gridwarden::rpc {

namespace {
constexpr size_t kIdSize = 16, kDigestSize = 32, kSignatureSize = 64;
}

std::string DeviceOperation::Encode() const {
  return absl::WebSafeBase64Escape(absl::StrCat(device.Bytes(), digest, signature));
}

std::optional<DeviceOperation> DeviceOperation::Decode(std::string_view text) {
  std::string bytes;
  if (!absl::WebSafeBase64Unescape(std::string(text), &bytes)) return std::nullopt;
  if (bytes.size() != kIdSize + kDigestSize + kSignatureSize) return std::nullopt;
  const std::optional<Uuid> device = Uuid::FromBytes(bytes.substr(0, kIdSize));
  if (!device) return std::nullopt;
  return DeviceOperation{.device = *device,
                         .digest = bytes.substr(kIdSize, kDigestSize),
                         .signature = bytes.substr(kIdSize + kDigestSize)};
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
