#include "platform/db/database.h"

#include <algorithm>
#include <random>
#include <thread>

#include "absl/time/clock.h"
#include "platform/db/pool.h"
#include "platform/runtime/instruments.h"

namespace gridwarden::db {
namespace {

// How long an unknown COMMIT is asked after when the caller gave no deadline.
constexpr absl::Duration kUnknownWait = absl::Seconds(10);

constexpr char kTransactions[] = "gridwarden_db_transactions_total";
constexpr char kTransactionsHelp[] =
    "Attempts of transactions, by what became of them: conflict is tried again, unknown had no answer to its "
    "COMMIT.";

struct TransactionNumbers {
  Counter committed{kTransactions, kTransactionsHelp, {{"outcome", "committed"}}};
  Counter refused{kTransactions, kTransactionsHelp, {{"outcome", "refused"}}};
  Counter conflict{kTransactions, kTransactionsHelp, {{"outcome", "conflict"}}};
  Counter lost{kTransactions, kTransactionsHelp, {{"outcome", "lost"}}};
  Counter unknown{kTransactions, kTransactionsHelp, {{"outcome", "unknown"}}};
};

TransactionNumbers& Numbers() {
  static auto* const numbers = new TransactionNumbers();
  return *numbers;
}

enum class Outcome { kCommitted, kRolledBack, kUnknown };

class PooledTransaction final : public Transaction {
 public:
  PooledTransaction(Connection& connection, absl::Time deadline)
      : connection_(connection), deadline_(deadline) {}

  absl::StatusOr<uint64_t> ExecValues(std::string_view sql, std::span<const Value> values) override {
    GW_RETURN_IF_ERROR(StillUsable());
    absl::StatusOr<uint64_t> rows = connection_.Exec(sql, values);
    if (!rows.ok()) Remember(rows.status());
    return rows;
  }

  absl::Status QueryValues(std::string_view sql, std::span<const Value> values,
                           const std::function<void(const Row&)>& each) override {
    GW_RETURN_IF_ERROR(StillUsable());
    absl::Status status = connection_.Query(sql, values, each);
    if (!status.ok()) Remember(status);
    return status;
  }

  void AfterCommit(std::function<void()> then) override { after_commit_.push_back(std::move(then)); }
  std::vector<std::function<void()>> TakeAfterCommit() { return std::move(after_commit_); }

  // A conflict or a lost connection: whatever the body answers, the transaction is gone.
  bool lost() const { return !lost_.ok(); }
  const absl::Status& why() const { return lost_; }

 private:
  absl::Status StillUsable() {
    if (!lost_.ok()) return lost_;
    if (absl::Now() > deadline_) return DeadlinePassed();
    return absl::OkStatus();
  }
  void Remember(const absl::Status& status) {
    if (connection_.broken() || connection_.fault() == Fault::kConflict) lost_ = status;
  }

  Connection& connection_;
  const absl::Time deadline_;
  absl::Status lost_;
  std::vector<std::function<void()>> after_commit_;
};

// Closes a connection whose body left by an exception: its transaction is still open.
struct CloseUnlessDone {
  Connection& connection;
  bool done = false;
  ~CloseUnlessDone() {
    if (!done) connection.MarkBroken();
  }
};

// Full jitter around a doubling step, so that two transactions that met do not meet again.
absl::Duration Backoff(int attempt) {
  thread_local std::minstd_rand random(std::random_device{}());
  const absl::Duration step =
      std::min(absl::Milliseconds(4) * (1 << std::min(attempt, 6)), absl::Milliseconds(200));
  return absl::Microseconds(
      std::uniform_int_distribution<int64_t>(500, absl::ToInt64Microseconds(step))(random));
}

class PooledDatabase final : public Database {
 public:
  explicit PooledDatabase(const Options& options) : pool_(options) {}

  using Database::Run;
  absl::Status Run(const RunOptions& options,
                   const std::function<absl::Status(Transaction&)>& body) override {
    for (int attempt = 1;; ++attempt) {
      bool again = false;
      absl::Status status = Try(options, body, &again);
      if (!again || attempt >= options.attempts_max) return status;
      const absl::Duration pause = Backoff(attempt);
      if (absl::Now() + pause >= options.deadline) return status;
      std::this_thread::sleep_for(absl::ToChronoMicroseconds(pause));
    }
  }

  absl::Status Probe() {
    absl::StatusOr<Pool::Lease> lease = pool_.Take(absl::Now() + absl::Seconds(10));
    return lease.status();
  }

 private:
  // One attempt, and what is to follow it. Sets `again` when nothing was committed and another attempt may
  // succeed.
  absl::Status Try(const RunOptions& options, const std::function<absl::Status(Transaction&)>& body,
                   bool* again) {
    std::vector<std::function<void()>> after_commit;
    const absl::Status status = TryOnce(options, body, again, after_commit);
    if (status.ok()) {
      for (const auto& then : after_commit) then();
    }
    return status;
  }

  absl::Status TryOnce(const RunOptions& options, const std::function<absl::Status(Transaction&)>& body,
                       bool* again, std::vector<std::function<void()>>& after_commit) {
    {
      GW_ASSIGN_OR_RETURN(Pool::Lease connection, pool_.Take(options.deadline));
      if (absl::Status begun = Begin(*connection, options.read_only); !begun.ok()) {
        *again = connection->broken();  // a connection that went stale in the pool
        connection->MarkBroken();
        return begun;
      }
      PooledTransaction tx(*connection, options.deadline);
      CloseUnlessDone guard{*connection};
      absl::Status status = body(tx);
      guard.done = true;
      if (tx.lost()) status = tx.why();
      if (status.ok() && absl::Now() > options.deadline) status = DeadlinePassed();
      if (!status.ok() || tx.lost()) {
        (connection->broken() ? Numbers().lost : tx.lost() ? Numbers().conflict : Numbers().refused).Add();
        RollBack(*connection);
        *again = tx.lost();
        return status;
      }
      after_commit = tx.TakeAfterCommit();
      switch (Commit(*connection, &status)) {
        case Outcome::kCommitted:
          Numbers().committed.Add();
          return absl::OkStatus();
        case Outcome::kRolledBack:
          Numbers().conflict.Add();
          *again = true;
          return status;
        case Outcome::kUnknown:
          Numbers().unknown.Add();
          if (options.read_only) return absl::OkStatus();  // the rows were read; there was nothing to commit
          break;
      }
    }
    return AskWhetherCommitted(options, again);
  }

  static absl::Status Begin(Connection& connection, bool read_only) {
    if (!read_only) return absl::OkStatus();  // begins with its first statement, see Pool::Take
    GW_RETURN_IF_ERROR(connection.Execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"));
    return connection.Execute("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY");
  }

  static void RollBack(Connection& connection) {
    if (connection.broken()) return;
    // A connection that cannot roll back may still hold locks: it is closed, which lets them go.
    if (!connection.Execute("ROLLBACK").ok()) connection.MarkBroken();
  }

  static Outcome Commit(Connection& connection, absl::Status* status) {
    connection.ClearFault();
    *status = connection.Execute("COMMIT");
    if (status->ok()) return Outcome::kCommitted;
    if (connection.fault() == Fault::kConflict) {
      RollBack(connection);
      return Outcome::kRolledBack;
    }
    connection.MarkBroken();
    return Outcome::kUnknown;
  }

  // COMMIT got no answer. A body run again after "no" may meet the first commit after all (the server may
  // still be working on it): its idempotency row then refuses as a duplicate.
  absl::Status AskWhetherCommitted(const RunOptions& options, bool* again) {
    const absl::Status unknown =
        Unavailable("DATABASE_UNAVAILABLE", "the connection broke while committing; the outcome is unknown",
                    absl::Seconds(1));
    if (!options.committed) return unknown;
    const absl::Time until = std::min(options.deadline, absl::Now() + kUnknownWait);
    for (int attempt = 1; absl::Now() < until; ++attempt) {
      bool committed = false;
      const absl::Status asked = Run(RunOptions{.deadline = until}, [&](Transaction& tx) -> absl::Status {
        GW_ASSIGN_OR_RETURN(committed, options.committed(tx));
        return absl::OkStatus();
      });
      if (asked.ok()) {
        *again = !committed;
        return committed ? absl::OkStatus() : unknown;
      }
      std::this_thread::sleep_for(
          absl::ToChronoMicroseconds(std::min(Backoff(attempt) * 4, until - absl::Now())));
    }
    return unknown;
  }

  Pool pool_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Database>> Database::Open(const Options& options) {
  auto database = std::make_unique<PooledDatabase>(options);
  GW_RETURN_IF_ERROR(database->Probe());
  return database;
}

std::string RepeatedRows(int columns, int rows) {
  const std::string row = "(" + InList(columns) + ")";
  std::string text;
  text.reserve(rows * (row.size() + 1));
  for (int i = 0; i < rows; ++i) {
    if (i > 0) text += ',';
    text += row;
  }
  return text;
}

std::string InList(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += i > 0 ? ",?" : "?";
  return text;
}

}  // namespace gridwarden::db
