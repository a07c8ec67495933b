#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "platform/db/database.h"
#include "support/bench_city.h"

// How far the work that follows a commit has come: the sequencer, the areas that read the feed, the board.
namespace gridwarden::bench {

class JournalState {
 public:
  static absl::StatusOr<std::unique_ptr<JournalState>> Open(const City& city);

  struct Backlog {
    int64_t size = 0;      // entries in the log
    int64_t staged = 0;    // not yet in order
    int64_t unread = 0;    // of the slowest consumer of the feed
    int64_t unfolded = 0;  // not yet on the board
    bool empty() const { return staged == 0 && unread == 0 && unfolded == 0; }
  };
  absl::StatusOr<Backlog> Read();
  // Waits until nothing is left to do; answers how long that took. DEADLINE_EXCEEDED after `most`.
  absl::StatusOr<absl::Duration> WaitUntilDone(absl::Duration most);

  db::Database& database() { return *database_; }

 private:
  std::unique_ptr<db::Database> database_;
};

}  // namespace gridwarden::bench
