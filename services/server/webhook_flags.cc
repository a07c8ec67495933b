#include "server/webhook_flags.h"

#include "base/status.h"

namespace gridwarden::server {
namespace {

constexpr Flag kWebhookFlags[] = {
    {"--notify-webhook-url-file", "PATH", "",
     "file whose first line is the address of a group chat's robot (it holds its key); none: only the inbox"},
    {"--notify-webhook-ca-file", "PATH", "",
     "authorities its certificate may come from; none: those of the system"},
    {"--notify-webhook-per-minute", "N", "20", "messages a minute over all groups, 1 to 100"},
};

}  // namespace

std::span<const Flag> WebhookFlags() { return kWebhookFlags; }

absl::StatusOr<std::shared_ptr<const notify::Webhook>> ReadWebhookFlags(const Flags& flags) {
  const std::string file = flags.Text("--notify-webhook-url-file");
  if (file.empty()) {
    for (const Flag& flag : kWebhookFlags) {
      if (!flags.All(flag.name).empty())
        return InvalidField(flag.name, "want --notify-webhook-url-file too, or none of them");
    }
    return nullptr;
  }
  notify::Webhook webhook;
  GW_ASSIGN_OR_RETURN(webhook.url, ReadSecretFile(file));
  webhook.ca_file = flags.Text("--notify-webhook-ca-file");
  GW_ASSIGN_OR_RETURN(webhook.per_minute, flags.Number("--notify-webhook-per-minute", 1, 100));
  GW_RETURN_IF_ERROR(webhook.Check());
  return std::make_shared<const notify::Webhook>(std::move(webhook));
}

}  // namespace gridwarden::server
