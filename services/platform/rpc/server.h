#pragma once

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "base/clock.h"
#include "platform/rpc/admission.h"
#include "platform/rpc/channel.h"
#include "platform/rpc/identity.h"
#include "platform/rpc/registry.h"

// The one way every rpc takes, whatever transport it came by:
//   find -> admit -> authenticate -> allow -> parse -> validate -> body -> details of an error.
namespace gridwarden::rpc {

// Proves a token. UNAUTHENTICATED / NOT_SIGNED_IN or TOKEN_EXPIRED. Set by services/access.
using Authenticate = std::function<absl::StatusOr<Principal>(std::string_view token, absl::Time real_now)>;
// The coarse permission row of a method: may this principal call it at all? PERMISSION_DENIED / NOT_ALLOWED.
using Allow = std::function<absl::Status(const Call& call)>;

// What is told about a finished call: enough for a log line and a metric, never a token or a body.
struct CallRecord {
  std::string method;
  absl::StatusCode code = absl::StatusCode::kOk;
  std::string reason;                    // "" when OK
  absl::Duration elapsed;                // since the call came in, waiting included
  int call_class = 0;                    // 0 when the method is unknown
  std::optional<absl::Duration> waited;  // for a thread; none of a call that was refused or needed none
  std::string account;                   // "" for anonymous and system calls
  std::string trace_id;
  std::string log_id;  // of an internal fault: what the caller was told
  std::string detail;  // of an internal fault: the whole story, for the log only
};

struct ServerOptions {
  int executor_threads = 16;
  int queue_limit = 256;  // calls waiting; beyond it the lowest class is shed with RetryInfo
  bool demo = false;      // honour demo_now
  absl::Duration timeout_default = absl::Seconds(5);
  absl::Duration timeout_export = absl::Seconds(60);  // default of class EXPORT: imports and exports
  absl::Duration timeout_max = absl::Minutes(10);     // a caller's longer deadline is cut to this
  // Proves that a network caller is another process of this installation (hop_seal.h). Empty: nobody is.
  std::string hop_secret;
  // Certificates on both sides in its place: who calls is a process of this installation, and `allow_peer`
  // says what it may.
  std::shared_ptr<const Identity> identity;
  AllowPeer allow_peer;
  bool reflection = false;  // tells any caller which rpcs there are
  // Told of each finished call; must not block. Null: nobody listens.
  std::function<void(const CallRecord&)> observe;
};

// How busy a server is, for metrics.
struct ServerLoad {
  int waiting = 0;
  int running = 0;
  int running_max = 0;  // of the classes between health and export; fewer in an overload
  bool overloaded = false;
  uint64_t shed = 0;  // since start
  std::array<uint64_t, kCallClasses> shed_by_class{};
};

// Serves a registry: in process through channel(), and over gRPC when Listen was called.
class Server {
 public:
  Server(const Registry& registry, Authenticate authenticate, Allow allow, const Clock& clock,
         ServerOptions options);
  ~Server();

  // Serves gRPC with health and reflection. `address` as gRPC writes it: "127.0.0.1:0", "unix:/path".
  // Answers the bound port (0 for a unix socket). Register every rpc before.
  absl::StatusOr<int> Listen(const std::string& address);

  // Calls this process's own methods. Send runs on the calling thread, SendAsync on the executor.
  Channel& channel();

  // Whether a call of this class would be turned away now for want of threads; counts as one that was. For
  // whoever stands before SendAsync and can spare itself the work of reading the call.
  absl::Status Admit(int call_class);

  // Reports ready or not (health, readyz).
  void SetServing(bool serving);
  // Stops taking calls from outside (UNAVAILABLE / DRAINING), waits for those under way, at most `grace`.
  // Calls made by those under way, through channel().Send, are still served.
  void Drain(absl::Duration grace);

  ServerLoad load() const;

 private:
  class Core;
  std::unique_ptr<Core> core_;
};

// A channel to another process of ours; "127.0.0.1:7001" or "unix:/path". Ignores http_proxy. A call without
// a deadline has 5 s, an export 60 s. Sends again on UNAVAILABLE, at most twice, inside the deadline and the
// budget of the channel (retry_budget.h), what is safe to send again: reads, and requests with a request_id.
struct DialOptions {
  std::string hop_secret;  // the same as the server's ServerOptions::hop_secret; without it system calls are
                           // refused there
  // Certificates in its place; whoever answers must be `target` of the same installation.
  std::shared_ptr<const Identity> identity;
  std::string target;
};
std::unique_ptr<Channel> DialNetwork(const std::string& address, DialOptions options = {});

// Status with facts <-> google.rpc.Status with ErrorInfo, BadRequest, ResourceInfo, RetryInfo and
// LocalizedMessage (zh-CN).
std::string EncodeStatusDetails(const absl::Status& status);  // serialised google.rpc.Status
absl::Status DecodeStatusDetails(absl::StatusCode code, const std::string& message,
                                 const std::string& details);

// REQUIRED by reflection, every missing field at once (REQUIRED_FIELD_MISSING); also sizes: strings 64 KiB,
// lists 10,000; and enum values that this release does not know. A number or a bool without presence is never
// missing: 0 is a value.
absl::Status Validate(const google::protobuf::Message& request);

}  // namespace gridwarden::rpc
