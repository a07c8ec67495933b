#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "platform/rpc/channel.h"

// How a process proves over the network that it belongs to this installation: an HMAC with the secret all its
// processes share, over the method, the deadline, the request and what it claims. Without it nobody can speak
// as the system or name another caller's address. (Mutual TLS takes over when processes leave one machine.)
namespace gridwarden::rpc {

// What the sending process claims.
struct Hop {
  bool system = false;
  std::string peer;                          // the outside caller's address as the gateway saw it
  std::optional<DeviceOperation> operation;  // what sync replays
};

// The metadata value for this envelope; "" without a secret.
std::string SealHop(std::string_view secret, const Envelope& envelope);

// What a value proves for this method and body. Nothing when it was not made with our secret, for something
// else, when it has expired at `real_now`, or when it would be valid for more than an hour.
std::optional<Hop> OpenHop(std::string_view secret, std::string_view value, std::string_view method,
                           std::string_view body, absl::Time real_now);

}  // namespace gridwarden::rpc
