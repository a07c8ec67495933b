#pragma once

#include "notify/channel.h"

namespace gridwarden::notify {

// The inbox in the application: a notice is in it from the beginning; delivered, it counts as announced
// (GetUnreadCount), which is what makes a device ring.
class InboxChannel final : public Channel {
 public:
  v1::Delivery::Channel id() const override { return v1::Delivery::INBOX; }
  bool one_message() const override { return false; }
  int batch_max() const override { return 512; }
  int per_minute() const override { return 0; }
  BatchResult Deliver(std::span<const DueDelivery> batch) override {
    return {.results = std::vector<Result>(batch.size()), .silence = std::nullopt};
  }
};

}  // namespace gridwarden::notify
