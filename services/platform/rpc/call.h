#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "base/id.h"

// What an rpc body knows of its caller.
namespace gridwarden::rpc {

// Who calls: proven by the access token, which carries no rights.
struct Principal {
  Uuid account;
  Uuid person;  // the natural person; nil for an administrator who holds no post
  Uuid session;
  bool administrator = false;  // from the access snapshot, not from the token
  bool system = false;         // the system itself: timers and consumers of the feed
};

// The operation of a phone that sync replays (B12): what the journal keeps of what the phone signed.
struct DeviceOperation {
  Uuid device;
  std::string digest;     // SHA-256 of the signed bytes, 32 bytes
  std::string signature;  // ECDSA P-256, r and s of 32 bytes each
  // When it was done, as sync judged it: of a fact whose doer has left a post since (guarantees.md 6.5).
  struct Interval {
    absl::Time earliest, latest;
  };
  std::optional<Interval> done;

  // For the way between processes; nothing when the text was not made by Encode.
  std::string Encode() const;
  static std::optional<DeviceOperation> Decode(std::string_view text);
};

struct Call {
  Principal principal;
  std::string method;   // "gridwarden.casework.v1.CaseworkService/FileCase"
  absl::Time now;       // the one "now" of this call; in a demo the demo clock
  absl::Time deadline;  // real time
  std::string token;    // forwarded to other areas; never logged
  std::string trace_id;
  std::string peer;  // address of the outside caller, for rate limits; "" when unknown
  std::optional<DeviceOperation> operation;  // only of calls that sync replays

  // A call of the system itself at `now`.
  static Call System(std::string_view method, absl::Time now, absl::Duration timeout = absl::Seconds(30));
};

}  // namespace gridwarden::rpc
