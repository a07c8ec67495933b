#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "platform/rpc/channel.h"
#include "platform/rpc/registry.h"

// gRPC in front of a registry, without generated code: every rpc is a raw callback method named by its
// descriptor, so that reflection and health show what is really served. No gRPC thread ever waits for a body.
namespace gridwarden::rpc {

// Names of what travels beside a message, for the listener and the network channel alike.
inline constexpr char kTokenKey[] = "authorization";  // "Bearer <token>"
inline constexpr char kTraceKey[] = "gridwarden-trace";
inline constexpr char kDemoTimeKey[] = "gridwarden-demo-time";  // RFC 3339
inline constexpr char kHopKey[] = "gridwarden-hop";             // hop_seal.h
inline constexpr char kBearer[] = "Bearer ";

using Answer = std::function<void(absl::StatusOr<std::string>)>;
// Takes a call: answers once, on any thread. Must not block.
using Serve = std::function<void(Envelope, Answer)>;

class GrpcListener {
 public:
  static absl::StatusOr<std::unique_ptr<GrpcListener>> Start(const Registry& registry,
                                                             const std::string& address,
                                                             const std::string& hop_secret, Serve serve);
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
