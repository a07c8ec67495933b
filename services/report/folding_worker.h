#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "access/directory.h"
#include "base/clock.h"
#include "platform/db/database.h"
#include "platform/rpc/channel.h"
#include "platform/runtime/worker.h"
#include "report/fold_feed.h"
#include "report/live_rollup.h"

// Folds the feed into the generation in use and, while there is one, into the generation being built. It is
// the only writer of the report tables; of several processes, whoever holds the generation's row folds and
// the others follow. It reads the feed itself rather than by journal::Consumer, because it folds a thousand
// entries with a handful of statements and reads it twice at once during a rebuild.
namespace gridwarden::report {

class FoldingWorker final : public Worker {
 public:
  FoldingWorker(db::Database& database, access::Directory& directory, rpc::Channel& journal,
                const Clock& clock, LiveRollup& live);
  ~FoldingWorker() override;

  void Start() override;
  void Stop() override;

  // Looks at once whether there is something to do: a rebuild was asked for.
  void Wake();
  // Folds everything the log holds now, on the calling thread, and goes on with a rebuild until it is done.
  // For tests and tools; safe while started.
  absl::Status CatchUp(absl::Time deadline);
  // Why it stands still; OK when it does not.
  absl::Status Health() const;

 private:
  void Loop();
  // Each of them answers whether there is more to do at once.
  absl::StatusOr<bool> FoldActive(int wait_ms, absl::Time deadline);
  absl::StatusOr<bool> FoldRebuild(absl::Time deadline);
  absl::StatusOr<bool> FoldFrom(int64_t generation, uint64_t start, int wait_ms, bool remember,
                                absl::Time deadline);
  absl::StatusOr<bool> FinishRebuild(int64_t generation, absl::Time deadline);
  absl::StatusOr<bool> EmptyRetired(absl::Time deadline);

  db::Database& database_;
  access::Directory& directory_;
  rpc::Channel& journal_;
  const Clock& clock_;
  LiveRollup& live_;
  std::mutex step_mutex_;              // one step at a time
  std::atomic<uint64_t> log_size_{0};  // as the feed last said
  mutable std::mutex mutex_;           // guards stopping_, woken_, health_
  std::condition_variable wake_;
  bool stopping_ = false;
  bool woken_ = true;  // at start: look whether a rebuild was under way
  absl::Status health_;
  std::thread thread_;
};

}  // namespace gridwarden::report
