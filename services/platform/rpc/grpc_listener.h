#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "platform/rpc/channel.h"
#include "platform/rpc/identity.h"
#include "platform/rpc/registry.h"

// gRPC in front of a registry, without generated code: every rpc is a raw callback method named by its
// descriptor, so that reflection and health show what is really served. No gRPC thread ever waits for a body.
namespace gridwarden::rpc {

// Names of what travels beside a message, for the listener and the network channel alike.
inline constexpr char kTokenKey[] = "authorization";  // "Bearer <token>"
inline constexpr char kTraceKey[] = "gridwarden-trace";
inline constexpr char kDemoTimeKey[] = "gridwarden-demo-time";   // RFC 3339
inline constexpr char kHopKey[] = "gridwarden-hop";              // hop_seal.h; between plain processes
inline constexpr char kSystemKey[] = "gridwarden-system";        // "1"; between processes with certificates
inline constexpr char kPeerKey[] = "gridwarden-peer";            // the outside caller's address; likewise
inline constexpr char kOperationKey[] = "gridwarden-operation";  // DeviceOperation::Encode; likewise
inline constexpr char kBearer[] = "Bearer ";

using Answer = std::function<void(absl::StatusOr<std::string>)>;
// Takes a call: answers once, on any thread. Must not block.
using Serve = std::function<void(Envelope, Answer)>;

// How the processes that call are known.
struct ListenOptions {
  std::string hop_secret;                    // plain connections: who seals with it is ours (hop_seal.h)
  std::shared_ptr<const Identity> identity;  // certificates on both sides; nobody else is listened to
  AllowPeer allow_peer;                      // with certificates: who may call what
  bool reflection = false;
};

class GrpcListener {
 public:
  static absl::StatusOr<std::unique_ptr<GrpcListener>> Start(const Registry& registry,
                                                             const std::string& address,
                                                             ListenOptions options, Serve serve);
  ~GrpcListener();

  int port() const;
  void SetServing(bool serving);
  // Takes no new calls and waits for those under way until `deadline`, then cancels them.
  void Shutdown(absl::Time deadline);

 private:
  struct State;
  explicit GrpcListener(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace gridwarden::rpc
