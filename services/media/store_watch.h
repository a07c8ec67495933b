#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include "absl/status/status.h"
#include "media/object_store.h"
#include "platform/runtime/worker.h"

namespace gridwarden::media {

// Asks the store every few seconds whether it would take an upload, sooner while it would not, and logs each
// turn.
class StoreWatch final : public Worker {
 public:
  explicit StoreWatch(std::shared_ptr<ObjectStore> store,
                      std::chrono::milliseconds while_well = std::chrono::seconds(5),
                      std::chrono::milliseconds while_not = std::chrono::seconds(1));
  ~StoreWatch() override { Stop(); }

  void Start() override;
  void Stop() override;

  // The last answer; UNAVAILABLE before the first.
  absl::Status last() const;

 private:
  void Loop();

  const std::shared_ptr<ObjectStore> store_;
  const std::chrono::milliseconds while_well_;
  const std::chrono::milliseconds while_not_;
  mutable std::mutex mutex_;  // guards last_, stopping_
  std::condition_variable wake_;
  absl::Status last_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace gridwarden::media
