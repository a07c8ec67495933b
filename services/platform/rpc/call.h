#pragma once

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

struct Call {
  Principal principal;
  std::string method;   // "gridwarden.casework.v1.CaseworkService/FileCase"
  absl::Time now;       // the one "now" of this call; in a demo the demo clock
  absl::Time deadline;  // real time
  std::string token;    // forwarded to other areas; never logged
  std::string trace_id;
  std::string peer;  // address of the outside caller, for rate limits; "" when unknown

  // A call of the system itself at `now`.
  static Call System(std::string_view method, absl::Time now, absl::Duration timeout = absl::Seconds(30));
};

}  // namespace gridwarden::rpc
