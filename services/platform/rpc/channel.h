#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "google/protobuf/message.h"
#include "platform/rpc/call.h"

// How one area calls another. In process or over the network: the caller cannot tell.
// Never call through a channel inside a database transaction.
namespace gridwarden::rpc {

// One message on its way, with what belongs to it beside the bytes.
struct Envelope {
  std::string method;                          // "gridwarden.grid.v1.GridService/GetDivision"
  std::string body;                            // serialised request
  std::string token;                           // "" for anonymous and system calls
  absl::Time deadline;                         // real time
  absl::Time demo_now = absl::InfinitePast();  // demo logs only: the demo clock of this request
  std::string trace_id;
  std::string peer;                          // address of the outside caller, for rate limits
  bool system = false;                       // one of our own processes speaks for itself, not for a user
  std::optional<DeviceOperation> operation;  // sync replays what a phone signed; believed of that area only
};

class Channel {
 public:
  virtual ~Channel() = default;
  // Blocks until the answer is there; the status carries the facts of base/status.h.
  virtual absl::StatusOr<std::string> Send(const Envelope& envelope) = 0;
  // Answers on some thread of the channel's own; `done` must not block.
  virtual void SendAsync(Envelope envelope, std::function<void(absl::StatusOr<std::string>)> done) = 0;
};

// A typed call on behalf of the caller of `call`: token, deadline (less 50 ms), trace and demo clock travel
// along.
template <typename Response, typename Request>
absl::StatusOr<Response> Send(Channel& channel, const Call& call, std::string_view method,
                              const Request& request);

// Implementation.
Envelope EnvelopeOf(const Call& call, std::string_view method, const google::protobuf::Message& request);

template <typename Response, typename Request>
absl::StatusOr<Response> Send(Channel& channel, const Call& call, std::string_view method,
                              const Request& request) {
  absl::StatusOr<std::string> bytes = channel.Send(EnvelopeOf(call, method, request));
  if (!bytes.ok()) return bytes.status();
  Response response;
  if (!response.ParseFromString(*bytes)) return absl::InternalError("answer cannot be parsed");
  return response;
}

}  // namespace gridwarden::rpc
