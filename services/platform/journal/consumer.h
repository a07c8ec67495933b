#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "gridwarden/journal/v1/entry.pb.h"
#include "platform/db/database.h"
#include "platform/rpc/call.h"
#include "platform/rpc/channel.h"
#include "platform/runtime/worker.h"

// Reads the feed of the journal and acts on it (architecture.md D4): how an effect in one area follows a
// change in another. The cursor is a row of feed_cursor in the consumer's own database.
namespace gridwarden::journal {

// One sequenced entry.
struct FeedEntry {
  uint64_t index = 0;
  std::string leaf;      // leaf hash, 32 bytes
  absl::Time sequenced;  // when it was given its index
  v1::Entry entry;

  Uuid id() const { return Uuid::FromBytes(entry.entry_id()).value_or(Uuid()); }
  Uuid subject() const { return Uuid::FromBytes(entry.subject()).value_or(Uuid()); }
  absl::Time received() const { return absl::FromUnixMicros(entry.received_us()); }

  // The typed event: false when the entry carries another type (see event_type) or bytes that do not parse.
  template <typename Event>
  bool ReadEvent(Event* event) const {
    return entry.event_type() == Event::descriptor()->full_name() && event->ParseFromString(entry.event());
  }
};

// True for an error that may be gone at the next try.
bool IsPassing(const absl::Status& status);

struct ConsumerOptions {
  std::string name;                // "casework.visits": key of its cursor, never renamed
  std::vector<std::string> kinds;  // entry kinds it wants; empty = all
  bool demo = false;  // the call's now is then the entry's own time, so that effects stand in demo time
  absl::Duration wait = absl::Seconds(1);            // long poll; Stop() waits for one at most
  absl::Duration backoff_max = absl::Seconds(2);     // while the journal or the database is away
  absl::Duration retry_stopped = absl::Seconds(30);  // how often a stopped consumer tries its entry again
};

// One reader of the feed. It never skips an entry: an error that will not pass by itself stops it at that
// entry, is logged and shown by Health(), and the entry is tried again every `retry_stopped`. Passing errors
// (IsPassing) are UNAVAILABLE, ABORTED, RESOURCE_EXHAUSTED, DEADLINE_EXCEEDED and CANCELLED.
class Consumer final : public Worker {
 public:
  // The effects and the cursor are one commit: exactly once. The function may run more than once (a deadlock
  // reruns it) and must touch nothing outside `tx`; several entries may share one transaction. `call` is the
  // system itself (principal.system).
  using Fold =
      std::function<absl::Status(const rpc::Call& call, db::Transaction& tx, const FeedEntry& entry)>;
  // The effects are outside a transaction of ours (rpcs to other areas, files, own transactions): at least
  // once. They must be idempotent by entry id, for example by a request id Uuid::Derive(entry.id(), name).
  using Act = std::function<absl::Status(const rpc::Call& call, const FeedEntry& entry)>;

  static std::unique_ptr<Consumer> InTransaction(db::Database& database, rpc::Channel& journal,
                                                 const Clock& clock, ConsumerOptions options, Fold fold);
  static std::unique_ptr<Consumer> AtLeastOnce(db::Database& database, rpc::Channel& journal,
                                               const Clock& clock, ConsumerOptions options, Act act);
  ~Consumer() override;

  void Start() override;
  void Stop() override;

  // Handles everything the log held when asked, on the calling thread; answers the index it has come to. For
  // tests and rebuilds; safe while started. Answers the first error instead of backing off.
  absl::StatusOr<uint64_t> CatchUp(absl::Time deadline);

  // OK, or why it stands still.
  absl::Status Health() const;
  // The next index it will look at, as last saved by this process; 0 before the first step.
  uint64_t next_index() const { return next_index_.load(); }
  const std::string& name() const { return options_.name; }

 private:
  struct Batch;
  Consumer(db::Database& database, rpc::Channel& journal, const Clock& clock, ConsumerOptions options,
           Fold fold, Act act);

  void Loop();
  // Reads and handles one batch; answers the log's size when it was read.
  absl::StatusOr<uint64_t> Step(absl::Duration wait, absl::Time deadline);
  absl::StatusOr<Batch> ReadBatch(uint64_t start, absl::Duration wait, absl::Time deadline);
  absl::StatusOr<uint64_t> ReadCursor();
  absl::Status MoveCursor(uint64_t from, uint64_t to);
  absl::Status FoldBatch(const Batch& batch);
  absl::Status FoldEntries(const Batch& batch, size_t first, size_t count, uint64_t from, uint64_t to);
  absl::Status ActOnBatch(const Batch& batch);
  rpc::Call CallFor(const FeedEntry& entry) const;
  // Notes how a step ended, logs a change; answers how long to rest before the next.
  absl::Duration Note(const absl::Status& status, bool idle);
  void Rest(absl::Duration time);

  db::Database& database_;
  rpc::Channel& journal_;
  const Clock& clock_;
  const ConsumerOptions options_;
  const Fold fold_;
  const Act act_;
  std::atomic<uint64_t> next_index_{0};
  std::mutex step_mutex_;     // one step at a time
  mutable std::mutex mutex_;  // guards stopping_, health_, failures_
  std::condition_variable wake_;
  bool stopping_ = false;
  absl::Status health_;
  int failures_ = 0;  // in a row
  std::thread thread_;
};

}  // namespace gridwarden::journal
