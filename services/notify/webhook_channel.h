#pragma once

#include <functional>
#include <memory>
#include <string>

#include "access/directory.h"
#include "domain/policy/policy.h"
#include "notify/channel.h"
#include "notify/webhook.h"

// Tells group chats. What waits for one group goes out as one message of at most 2,048 bytes (conventions.md
// C1): headings, case numbers and categories, never who reported, never a place below the county.
namespace gridwarden::notify {

class WebhookChannel final : public Channel {
 public:
  WebhookChannel(std::shared_ptr<const Webhook> webhook, std::shared_ptr<const domain::Policy> policy,
                 const access::Directory& directory);
  ~WebhookChannel() override;

  v1::Delivery::Channel id() const override { return v1::Delivery::WEBHOOK; }
  bool one_message() const override { return true; }
  int batch_max() const override { return 100; }
  int per_minute() const override { return webhook_->per_minute; }
  BatchResult Deliver(std::span<const DueDelivery> batch) override;

  // The text of a batch.
  std::string TextOf(std::span<const DueDelivery> batch) const;

 private:
  const std::shared_ptr<const Webhook> webhook_;
  const std::shared_ptr<const domain::Policy> policy_;
  const access::Directory& directory_;
  void* curl_ = nullptr;  // kept for its connection
};

// What an answer means, for tests: 2xx with errcode 0 or none is delivered; 429, 5xx and a robot's own "too
// many" (45009, 130101) come again, the latter after silence; everything else is refused.
BatchResult ReadAnswer(long status, const std::string& body, std::optional<int> retry_after_seconds,
                       size_t batch);

}  // namespace gridwarden::notify
