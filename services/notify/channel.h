#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "gridwarden/notify/v1/notify.pb.h"
#include "notify/delivery_repository.h"

// How notices reach people. The rules of who is told what know no channel; a channel knows no rule.
namespace gridwarden::notify {

// What became of one delivery.
struct Result {
  enum class Kind { kDelivered, kRetry, kRefused };  // kRefused: trying again would not help
  Kind kind = Kind::kDelivered;
  std::string error;  // in words of ours, ASCII, nothing of what was sent
};

struct BatchResult {
  std::vector<Result> results;  // one per delivery, in order
  // The other side wants silence for so long.
  std::optional<absl::Duration> silence;
};

class Channel {
 public:
  virtual ~Channel() = default;
  virtual v1::Delivery::Channel id() const = 0;
  // A batch is one message to one target; otherwise any deliveries go together.
  virtual bool one_message() const = 0;
  virtual int batch_max() const = 0;
  // Messages a minute over all processes; 0 = as many as there are.
  virtual int per_minute() const = 0;
  // Called outside any transaction, by one thread at a time. The same batch may come again, when the answer
  // to it was lost: it carries the same id.
  virtual BatchResult Deliver(std::span<const DueDelivery> batch) = 0;
};

}  // namespace gridwarden::notify
