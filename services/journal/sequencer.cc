#include "journal/sequencer.h"

#include <algorithm>
#include <chrono>
#include <iterator>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "journal/log.h"
#include "platform/crypto/digest.h"
#include "platform/journal/consumer.h"
#include "platform/journal/wake.h"
#include "platform/runtime/instruments.h"
#include "platform/runtime/log.h"

namespace gridwarden::journal {
namespace {

// A step back by more than this is no drift: somebody set the clock (X12).
constexpr absl::Duration kClockStepMax = absl::Seconds(2);
// How many staged rows are looked through for ones that can go; stuck ones must not hide them.
constexpr size_t kScanMax = 8192;
// Rows of one read, and bytes of bodies after which no further page is read: memory and the time the head is
// locked stay bounded whatever the entries weigh (61,440 bytes at most, a few hundred as a rule).
constexpr int kPageRows = 256;
constexpr size_t kBatchBytes = 4 << 20;
constexpr absl::Duration kRunTimeout = absl::Seconds(20);
// While another process leads.
constexpr absl::Duration kStandbyRest = absl::Milliseconds(500);
constexpr absl::Duration kErrorRest = absl::Milliseconds(200);

std::vector<Uuid> SubjectsOf(const std::vector<StagedEntry>& staged) {
  absl::flat_hash_set<Uuid> seen;
  std::vector<Uuid> subjects;
  for (const StagedEntry& entry : staged) {
    if (seen.insert(entry.subject).second) subjects.push_back(entry.subject);
  }
  return subjects;
}

}  // namespace

Sequencer::Sequencer(db::Database& database, const Clock& clock, SequencerOptions options)
    : database_(database), clock_(clock), options_(options), owner_(Uuid::Make(absl::Now())) {}

Sequencer::~Sequencer() { Stop(); }

void Sequencer::Start() {
  if (thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = false;
  }
  thread_ = std::thread([this] { Loop(); });
}

void Sequencer::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  Bell::RingStaged();
  if (thread_.joinable()) thread_.join();
  if (const uint64_t epoch = epoch_.exchange(0); epoch != 0) {
    // A lease that cannot be given back runs out by itself.
    (void)database_.Run(db::RunOptions{.deadline = absl::Now() + absl::Seconds(2)},
                        [&](db::Transaction& tx) { return GiveUpLease(tx, epoch, owner_); });
  }
}

absl::Status Sequencer::Health() const {
  const std::lock_guard lock(mutex_);
  return health_;
}

void Sequencer::Note(const absl::Status& status) {
  std::unique_lock lock(mutex_);
  const bool changed = health_.ok() != status.ok() || health_.message() != status.message();
  health_ = status;
  lock.unlock();
  static Gauge leading("gridwarden_journal_leading",
                       "1 while this process orders the journal, 0 while it stands by.");
  leading.Set(epoch_.load() != 0 ? 1 : 0);
  if (!changed) return;
  NoteHealth("journal.sequencer", status);
  if (status.ok()) {
    Log(LogLevel::kInfo, "sequencer_goes_on");
  } else {
    Log(IsPassing(status) ? LogLevel::kWarning : LogLevel::kError, "sequencer_stands_still",
        {{"error", status.ToString(absl::StatusToStringMode::kWithNoExtraData)}});
  }
}

void Sequencer::Loop() {
  while (true) {
    const uint64_t rings = Bell::Staged();
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return;
    }
    const absl::StatusOr<Batch> batch = RunOnce();
    if (!batch.ok()) {
      // Standing by is the normal state of a second sequencer.
      const bool standby = absl::IsUnavailable(batch.status()) && ReasonOf(batch.status()).empty();
      Note(standby ? absl::OkStatus() : batch.status());
      Bell::WaitStaged(Bell::Staged(), standby ? kStandbyRest : kErrorRest);
      continue;
    }
    Note(batch->faults.empty() ? absl::OkStatus()
                               : FailedPrecondition("JOURNAL_ALTERED", absl::StrJoin(batch->faults, "; ")));
    if (batch->sequenced > 0) {
      Bell::RingSequenced();
      continue;
    }
    Bell::WaitStaged(rings, options_.poll);
  }
}

absl::StatusOr<Sequencer::Batch> Sequencer::RunOnce() {
  const std::lock_guard lock(run_mutex_);
  GW_RETURN_IF_ERROR(EnsureLease());
  absl::StatusOr<Batch> batch = SequenceBatch();
  // Whatever went wrong, who leads is asked again.
  if (!batch.ok()) epoch_ = 0;
  return batch;
}

absl::Status Sequencer::EnsureLease() {
  if (!opened_) {
    GW_RETURN_IF_ERROR(OpenLog(database_, "", options_.demo).status());
    opened_ = true;
  }
  if (epoch_.load() != 0) return KeepLease();
  bool held_by_other = false;
  uint64_t epoch = 0;
  GW_RETURN_IF_ERROR(database_.Run(
      db::RunOptions{.deadline = absl::Now() + kRunTimeout}, [&](db::Transaction& tx) -> absl::Status {
        GW_ASSIGN_OR_RETURN(const std::optional<Head> head, LockHead(tx));
        if (!head) return FailedPrecondition("JOURNAL_ALTERED", "the head of the journal is gone");
        held_by_other = head->lease_owner != owner_ && head->lease_until_us > head->database_now_us;
        if (held_by_other) return absl::OkStatus();
        epoch = head->epoch + 1;
        return TakeLease(tx, *head, owner_, options_.lease);
      }));
  if (held_by_other) return absl::UnavailableError("another sequencer holds the lease");
  epoch_ = epoch;
  renewed_ = absl::Now();
  Log(LogLevel::kInfo, "sequencer_leads", {{"epoch", std::to_string(epoch)}});
  return absl::OkStatus();
}

absl::Status Sequencer::KeepLease() {
  if (absl::Now() - renewed_ < options_.lease / 3) return absl::OkStatus();
  bool mine = false;
  const absl::Time now = absl::Now();
  const absl::Status renewed =
      database_.Run(db::RunOptions{.deadline = now + kRunTimeout}, [&](db::Transaction& tx) -> absl::Status {
        GW_ASSIGN_OR_RETURN(mine, RenewLease(tx, epoch_.load(), owner_, options_.lease));
        return absl::OkStatus();
      });
  if (renewed.ok() && mine) {
    renewed_ = now;
    return absl::OkStatus();
  }
  epoch_ = 0;
  return renewed.ok() ? absl::UnavailableError("another sequencer took the lease") : renewed;
}

absl::StatusOr<Sequencer::Batch> Sequencer::SequenceBatch() {
  // Looking costs a tenth of locking the head.
  bool staged = false;
  GW_RETURN_IF_ERROR(database_.Run(db::RunOptions{.deadline = absl::Now() + kRunTimeout},
                                   [&](db::Transaction& tx) -> absl::Status {
                                     GW_ASSIGN_OR_RETURN(staged, AnythingStaged(tx));
                                     return absl::OkStatus();
                                   }));
  Batch batch;
  if (!staged) return batch;
  GW_RETURN_IF_ERROR(database_.Run(db::RunOptions{.deadline = absl::Now() + kRunTimeout},
                                   [&](db::Transaction& tx) -> absl::Status {
                                     GW_ASSIGN_OR_RETURN(batch, SequenceIn(tx));
                                     return absl::OkStatus();
                                   }));
  if (batch.sequenced > 0) renewed_ = absl::Now();
  return batch;
}

absl::StatusOr<Order> Sequencer::ChooseReady(db::Transaction& tx) {
  std::vector<StagedEntry> staged;
  size_t bytes = 0;  // of the bodies since the last look for ones that can go
  size_t rows = 0;
  while (true) {
    const int limit = std::min(options_.batch_max, kPageRows);
    const uint64_t after = staged.empty() ? 0 : staged.back().id;
    GW_ASSIGN_OR_RETURN(std::vector<StagedEntry> page, LockStaged(tx, after, limit));
    const bool last = page.size() < static_cast<size_t>(limit);
    rows += page.size();
    for (const StagedEntry& entry : page) bytes += entry.body.size();
    std::move(page.begin(), page.end(), std::back_inserter(staged));
    const bool full = rows >= static_cast<size_t>(options_.batch_max) || bytes >= kBatchBytes;
    if (!full && !last) continue;
    GW_ASSIGN_OR_RETURN(const std::vector<ChainEnd> ends, ReadChainEnds(tx, SubjectsOf(staged)));
    Order order = OrderStaged(staged, ends);
    if (!order.ready.empty() || last || staged.size() >= kScanMax) return order;
    rows = bytes = 0;
  }
}

absl::StatusOr<Sequencer::Batch> Sequencer::SequenceIn(db::Transaction& tx) {
  GW_ASSIGN_OR_RETURN(const std::optional<Head> head, LockHead(tx));
  if (!head) return FailedPrecondition("JOURNAL_ALTERED", "the head of the journal is gone");
  if (head->epoch != epoch_.load()) return absl::UnavailableError("another sequencer took the lease");
  const int64_t now_us = absl::ToUnixMicros(clock_.Now());
  if (!options_.demo && now_us < head->last_sequenced_us - absl::ToInt64Microseconds(kClockStepMax)) {
    return absl::FailedPreconditionError(
        absl::StrFormat("the clock went back by %d s; the journal stands still until it has caught up",
                        (head->last_sequenced_us - now_us) / 1'000'000));
  }
  GW_ASSIGN_OR_RETURN(Order order, ChooseReady(tx));
  Batch batch{.sequenced = static_cast<int>(order.ready.size()),
              .waiting = order.waiting,
              .faults = std::move(order.faults)};
  if (order.ready.empty()) return batch;

  GW_ASSIGN_OR_RETURN(auto frontier,
                      domain::merkle::Frontier::Parse(crypto::Sha256, head->size, head->frontier));
  const int64_t sequenced_us = std::max(now_us, head->last_sequenced_us);
  std::vector<StoredEntry> entries;
  std::vector<uint64_t> ids;
  std::vector<domain::merkle::TileRoot> nodes;
  entries.reserve(order.ready.size());
  for (StagedEntry& staged : order.ready) {
    ids.push_back(staged.id);
    entries.push_back({.index = frontier.size(),
                       .leaf = staged.leaf,
                       .entry_id = staged.entry_id,
                       .request_id = std::move(staged.request_id),
                       .kind = std::move(staged.kind),
                       .subject = staged.subject,
                       .subject_seq = staged.subject_seq,
                       .sequenced = absl::FromUnixMicros(sequenced_us),
                       .body = std::move(staged.body)});
    frontier.Append(staged.leaf, [&](domain::merkle::TileRoot node) { nodes.push_back(std::move(node)); });
  }
  GW_RETURN_IF_ERROR(InsertEntries(tx, entries));
  GW_RETURN_IF_ERROR(InsertNodes(tx, nodes));
  GW_RETURN_IF_ERROR(DeleteStaged(tx, ids));
  GW_RETURN_IF_ERROR(
      MoveHead(tx, *head, frontier.size(), sequenced_us, frontier.Bytes(), owner_, options_.lease));
  return batch;
}

absl::Status SequenceAll(db::Database& database, const Clock& clock, bool demo, absl::Time deadline) {
  Sequencer sequencer(database, clock, {.demo = demo});
  while (true) {
    const absl::StatusOr<Sequencer::Batch> batch = sequencer.RunOnce();
    if (batch.ok()) {
      if (batch->sequenced > 0) {
        Bell::RingSequenced();
        continue;
      }
      if (!batch->faults.empty())
        return FailedPrecondition("JOURNAL_ALTERED", absl::StrJoin(batch->faults, "; "));
      return absl::OkStatus();
    }
    if (!IsPassing(batch.status()) || absl::Now() >= deadline) return batch.status();
    // Another sequencer leads: it may have done the work, so look again when something was sequenced.
    Bell::WaitSequenced(Bell::Sequenced(), absl::Milliseconds(20));
    bool staged = true;
    GW_RETURN_IF_ERROR(database.Run([&](db::Transaction& tx) -> absl::Status {
      GW_ASSIGN_OR_RETURN(staged, AnythingStaged(tx));
      return absl::OkStatus();
    }));
    if (!staged) return absl::OkStatus();
  }
}

}  // namespace gridwarden::journal
