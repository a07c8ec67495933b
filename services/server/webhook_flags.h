#pragma once

#include <memory>
#include <span>

#include "absl/status/statusor.h"
#include "notify/webhook.h"
#include "server/flags.h"

namespace gridwarden::server {

// Where notices go besides the inbox: to a group chat's robot when --notify-webhook-url-file is given.
std::span<const Flag> WebhookFlags();
// Null for nowhere. INVALID_ARGUMENT naming the flag that cannot be meant or is missing.
absl::StatusOr<std::shared_ptr<const notify::Webhook>> ReadWebhookFlags(const Flags& flags);

}  // namespace gridwarden::server
