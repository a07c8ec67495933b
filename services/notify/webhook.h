#pragma once

#include <string>

#include "absl/status/status.h"

namespace gridwarden::notify {

// Where group chats listen: a robot of WeCom or DingTalk, or anything that takes the same message.
struct Webhook {
  std::string url;      // https, or http to this machine; its query may hold a key: never logged
  std::string ca_file;  // authorities its certificate may come from; "" = those of the system
  int per_minute = 20;  // messages, over all groups
  // INVALID_ARGUMENT naming the flag that cannot be meant.
  absl::Status Check() const;
};

}  // namespace gridwarden::notify
