#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "base/clock.h"
#include "platform/rpc/channel.h"
#include "platform/rpc/registry.h"

// The one way every rpc takes, whatever transport it came by:
//   find -> admit -> parse -> authenticate -> allow -> validate -> body -> details of an error.
namespace gridwarden::rpc {

// Proves a token. UNAUTHENTICATED / NOT_SIGNED_IN or TOKEN_EXPIRED. Set by services/access.
using Authenticate = std::function<absl::StatusOr<Principal>(std::string_view token, absl::Time real_now)>;
// The coarse permission row of a method: may this principal call it at all? PERMISSION_DENIED / NOT_ALLOWED.
using Allow = std::function<absl::Status(const Call& call)>;

struct ServerOptions {
  int executor_threads = 16;
  int queue_limit = 256;          // calls waiting; beyond it the lowest class is shed with RetryInfo
  bool demo = false;              // honour demo_now
  absl::Duration timeout_default = absl::Seconds(5);
};

// Serves a registry: in process through channel(), and over gRPC when Listen was called.
class Server {
 public:
  Server(const Registry& registry, Authenticate authenticate, Allow allow, const Clock& clock, ServerOptions options);
  ~Server();

  // Serves gRPC with health and reflection. `address` as gRPC writes it: "127.0.0.1:0", "unix:/path".
  // Answers the bound port (0 for a unix socket).
  absl::StatusOr<int> Listen(const std::string& address);

  // Calls this process's own methods. Send runs on the calling thread, SendAsync on the executor.
  Channel& channel();

  // Reports ready or not (health, readyz).
  void SetServing(bool serving);
  // Stops taking calls, waits for those under way, at most `grace`.
  void Drain(absl::Duration grace);

 private:
  class Core;
  std::unique_ptr<Core> core_;
};

// A channel to another process of ours; "127.0.0.1:7001" or "unix:/path". Ignores http_proxy.
std::unique_ptr<Channel> DialNetwork(const std::string& address);

// Status with facts <-> google.rpc.Status with ErrorInfo, BadRequest, ResourceInfo, RetryInfo and LocalizedMessage (zh-CN).
std::string EncodeStatusDetails(const absl::Status& status);  // serialised google.rpc.Status
absl::Status DecodeStatusDetails(absl::StatusCode code, const std::string& message, const std::string& details);

// REQUIRED by reflection, every missing field at once (REQUIRED_FIELD_MISSING); also sizes: strings 64 KiB, lists 10,000.
absl::Status Validate(const google::protobuf::Message& request);

}  // namespace gridwarden::rpc
