#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "journal/journal_repository.h"
#include "platform/db/database.h"
#include "platform/runtime/worker.h"

// Gives each committed entry the next index and extends the tree (guarantees.md 4.4). Any number may run: a
// lease with an epoch chooses one, and the compare-and-set of the head makes a second one harmless.
namespace gridwarden::journal {

struct SequencerOptions {
  bool demo = false;
  absl::Duration lease = absl::Seconds(3);  // how long the log stands still after the sequencer was killed
  absl::Duration poll = absl::Milliseconds(50);  // between looks when nobody rang
  int batch_max = 1024;                          // entries a transaction; fewer when they are heavy
};

class Sequencer final : public Worker {
 public:
  Sequencer(db::Database& database, const Clock& clock, SequencerOptions options);
  ~Sequencer() override;

  void Start() override;
  void Stop() override;  // gives the lease back

  struct Batch {
    int sequenced = 0;
    int waiting = 0;                  // held back for a predecessor
    std::vector<std::string> faults;  // can never be sequenced
  };
  // Sequences one batch, taking the lease if it is free. UNAVAILABLE while another sequencer holds it;
  // FAILED_PRECONDITION when the clock went back more than 2 s (not in a demo, whose clock is only for show)
  // or the log is of the other kind.
  absl::StatusOr<Batch> RunOnce();

  // True while it holds the lease, as far as it knows.
  bool leading() const { return epoch_.load() != 0; }
  // OK, or why the log stands still or entries are stuck.
  absl::Status Health() const;

 private:
  void Loop();
  absl::Status EnsureLease();
  absl::Status KeepLease();
  absl::StatusOr<Batch> SequenceBatch();
  absl::StatusOr<Batch> SequenceIn(db::Transaction& tx);
  absl::StatusOr<Order> ChooseReady(db::Transaction& tx);
  void Note(const absl::Status& status);

  db::Database& database_;
  const Clock& clock_;
  const SequencerOptions options_;
  const Uuid owner_;
  std::atomic<uint64_t> epoch_{0};  // 0: not leading
  absl::Time renewed_ = absl::InfinitePast();
  bool opened_ = false;
  std::mutex run_mutex_;      // one batch at a time
  mutable std::mutex mutex_;  // guards stopping_, health_
  bool stopping_ = false;
  absl::Status health_;
  std::thread thread_;
};

// Sequences everything that is staged, on the calling thread: for tests and loaders. Waits for another
// sequencer's lease.
absl::Status SequenceAll(db::Database& database, const Clock& clock, bool demo, absl::Time deadline);

}  // namespace gridwarden::journal
