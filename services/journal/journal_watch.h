#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>

#include "absl/status/statusor.h"
#include "base/clock.h"
#include "platform/db/database.h"
#include "platform/runtime/worker.h"

// Looks every second how far the journal is behind (guarantees.md G7), whoever leads it: for metrics and for
// whoever runs the place. Changes nothing.
namespace gridwarden::journal {

struct Backlog {
  uint64_t staged = 0;  // rows, counted up to kStageFull + 1
  uint64_t size = 0;
  uint64_t sealed_size = 0;
  absl::Time sealed = absl::InfinitePast();  // of the newest checkpoint
  absl::Duration lag;                        // how long the oldest unsealed entry has waited
};

// More committed entries than this wait for their index only when the sequencer has stood still for long.
inline constexpr uint64_t kStageFull = 1'000'000;

// `demo`: entries carry the demo clock then, so that only sequenced ones have a real age.
absl::StatusOr<Backlog> ReadBacklog(db::Database& database, absl::Time now, bool demo);

class JournalWatch final : public Worker {
 public:
  JournalWatch(db::Database& database, const Clock& clock, bool demo);
  ~JournalWatch() override;

  void Start() override;
  void Stop() override;

 private:
  void Loop();

  db::Database& database_;
  const Clock& clock_;
  const bool demo_;
  std::mutex mutex_;  // guards stopping_
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace gridwarden::journal
