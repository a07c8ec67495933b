#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "casework/casework.h"
#include "casework/timer_repository.h"
#include "casework/timer_time.h"
#include "platform/runtime/worker.h"

namespace gridwarden::casework {

// Fires what timers owe. Any number of schedulers may run on one database: each claims other rows, and a
// rung, its entry in the journal and the timer's next time are one commit, so a rung fires once whenever
// whoever dies. After a pause everything missed fires at once, in order.
class TimerScheduler final : public Worker {
 public:
  TimerScheduler(std::shared_ptr<const Casework> casework, const Clock& clock, rpc::Channel& journal,
                 bool demo);
  ~TimerScheduler() override;

  void Start() override;
  void Stop() override;

  // Looks at timers of `now` until none is left; answers how many it looked at. For the thread and for tests.
  absl::StatusOr<int> CatchUp(absl::Time now);

 private:
  void Loop();
  // One look; answers how many timers it looked at.
  absl::StatusOr<int> Step();
  absl::StatusOr<std::optional<absl::Time>> Now();
  // One batch; `left` names those that need a transaction of their own.
  absl::StatusOr<int> FireBatch(const rpc::Call& call, int limit, std::vector<TimerKey>* left);
  // A timer whose end is a step of its case: the case is locked before the timer, as in every step.
  absl::Status FireAcceptance(const rpc::Call& call, const TimerKey& key);
  // One that cannot be fired holds up nobody: it is tried again in an hour. Without a key the one that waits
  // longest.
  absl::Status PutOff(const rpc::Call& call, std::optional<TimerKey> key, const absl::Status& why);
  void Note(const absl::Status& status);

  const std::shared_ptr<const Casework> casework_;
  const Clock& clock_;
  const bool demo_;
  AgreedTime agreed_;
  DemoTime demo_time_;
  absl::Status health_;
  int failures_ = 0;           // in a row
  absl::Time vacancies_seen_;  // when the findings of vacancy were last looked through
  std::mutex mutex_;           // guards stopping_
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace gridwarden::casework
