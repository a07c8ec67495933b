#include "support/journal_state.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "base/status.h"

namespace gridwarden::bench {

absl::StatusOr<std::unique_ptr<JournalState>> JournalState::Open(const City& city) {
  auto state = std::make_unique<JournalState>();
  GW_ASSIGN_OR_RETURN(
      state->database_,
      db::Database::Open(
          {.unix_socket = city.database_socket, .user = "root", .database = city.database, .pool_size = 4}));
  return state;
}

absl::StatusOr<JournalState::Backlog> JournalState::Read() {
  Backlog backlog;
  GW_RETURN_IF_ERROR(database_->Run([&](db::Transaction& tx) -> absl::Status {
    const auto number = [](const db::Row& row) { return row.OptInt(0).value_or(-1); };
    GW_ASSIGN_OR_RETURN(const auto staged, tx.QueryOne("SELECT COUNT(*) FROM journal_stage", number));
    GW_ASSIGN_OR_RETURN(const auto size, tx.QueryOne("SELECT size FROM journal_head", number));
    GW_ASSIGN_OR_RETURN(const auto cursor, tx.QueryOne("SELECT MIN(next_index) FROM feed_cursor", number));
    GW_ASSIGN_OR_RETURN(const auto folded,
                        tx.QueryOne("SELECT MAX(next_index) FROM report_generation WHERE state = 2", number));
    backlog.staged = staged.value_or(0);
    backlog.size = size.value_or(0);
    backlog.unread = cursor.value_or(-1) < 0 ? 0 : backlog.size - *cursor;
    backlog.unfolded = backlog.size - std::max<int64_t>(0, folded.value_or(0));
    return absl::OkStatus();
  }));
  return backlog;
}

absl::StatusOr<absl::Duration> JournalState::WaitUntilDone(absl::Duration most) {
  const absl::Time begin = absl::Now();
  while (true) {
    GW_ASSIGN_OR_RETURN(const Backlog backlog, Read());
    if (backlog.empty()) return absl::Now() - begin;
    if (absl::Now() - begin > most) {
      return absl::DeadlineExceededError(absl::StrFormat("after %s: %d staged, %d unread, %d unfolded",
                                                         absl::FormatDuration(most), backlog.staged,
                                                         backlog.unread, backlog.unfolded));
    }
    absl::SleepFor(absl::Milliseconds(20));
  }
}

}  // namespace gridwarden::bench
