#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "access/area.h"
#include "notify/channel.h"
#include "platform/runtime/worker.h"

// Carries what is due over one channel, at least once: claims it in a transaction, hands it to the channel
// outside of one, writes what became of it in another. Whoever dies in between leaves a lease that ends, and
// the same batch goes out again under the same id. Any number may run.
namespace gridwarden::notify {

class DeliveryWorker final : public Worker {
 public:
  DeliveryWorker(const AreaContext& context, std::unique_ptr<Channel> channel,
                 std::function<absl::Time()> now);
  ~DeliveryWorker() override;

  void Start() override;
  void Stop() override;

  // One batch; answers how many deliveries were tried.
  absl::StatusOr<int> RunOnce(absl::Time deadline);

 private:
  void Loop();
  absl::StatusOr<std::vector<DueDelivery>> Claim(absl::Time deadline);
  absl::Status Save(const std::vector<DueDelivery>& batch, const BatchResult& result, absl::Time deadline);

  const AreaContext& context_;
  const std::unique_ptr<Channel> channel_;
  const std::function<absl::Time()> now_;
  std::mutex run_mutex_;  // one batch at a time
  std::mutex mutex_;      // guards stopping_
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace gridwarden::notify
