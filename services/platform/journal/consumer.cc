#include "platform/journal/consumer.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "gridwarden/journal/v1/journal_service.pb.h"
#include "platform/journal/anchor.h"
#include "platform/journal/consumer_numbers.h"
#include "platform/journal/stage_room.h"
#include "platform/runtime/log.h"

namespace gridwarden::journal {
namespace {

constexpr std::string_view kReadFeed = "gridwarden.journal.v1.JournalInternalService/ReadFeed";

constexpr int kBatchMax = 256;
// Entries whose effects share one transaction: a commit costs about as much as fifty of them, and a lock is
// held as long.
constexpr size_t kFoldMax = 64;
// Entries acted on between two saves of the cursor: what is done again after a crash.
constexpr size_t kActMax = 16;
constexpr absl::Duration kWorkTimeout = absl::Seconds(30);
constexpr absl::Duration kBackoffMin = absl::Milliseconds(20);
// Passing errors in a row, some ten seconds of them, after which a consumer counts as standing still.
constexpr int kTroubleAfter = 10;
// The journal lets only so many readers wait; one that was sent away comes back after this.
constexpr absl::Duration kIdleRest = absl::Milliseconds(100);

constexpr std::string_view kReadCursor = "SELECT next_index FROM feed_cursor WHERE consumer = ?";
constexpr std::string_view kInsertCursor =
    "INSERT IGNORE INTO feed_cursor (consumer, next_index) VALUES (?, 0)";
constexpr std::string_view kMoveCursor =
    "UPDATE feed_cursor SET next_index = ? WHERE consumer = ? AND next_index = ?";

absl::Status SaveCursor(db::Transaction& tx, const std::string& name, uint64_t from, uint64_t to) {
  GW_ASSIGN_OR_RETURN(const uint64_t moved, tx.Exec(kMoveCursor, to, name, from));
  if (moved == 1) return absl::OkStatus();
  return MakeError(absl::StatusCode::kAborted, "another reader of the same name has moved the cursor",
                   {.reason = "LOST_RACE"});
}

absl::StatusOr<FeedEntry> Parse(const v1::SequencedEntry& sequenced) {
  FeedEntry entry;
  entry.index = sequenced.index();
  entry.leaf = sequenced.leaf();
  entry.sequenced = absl::FromUnixSeconds(sequenced.sequenced_time().seconds()) +
                    absl::Nanoseconds(sequenced.sequenced_time().nanos());
  if (!entry.entry.ParseFromString(sequenced.body())) {
    return Internal(absl::StrFormat("journal entry %d cannot be parsed", entry.index));
  }
  return entry;
}

}  // namespace

bool IsPassing(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kCancelled:
      return true;
    default:
      return false;
  }
}

// What one read of the feed gave.
struct Consumer::Batch {
  uint64_t start = 0;
  uint64_t next = 0;  // where to go on after `entries`
  uint64_t log_size = 0;
  std::vector<FeedEntry> entries;
};

std::unique_ptr<Consumer> Consumer::InTransaction(db::Database& database, rpc::Channel& journal,
                                                  const Clock& clock, ConsumerOptions options, Fold fold) {
  return std::unique_ptr<Consumer>(
      new Consumer(database, journal, clock, std::move(options), std::move(fold), nullptr));
}

std::unique_ptr<Consumer> Consumer::AtLeastOnce(db::Database& database, rpc::Channel& journal,
                                                const Clock& clock, ConsumerOptions options, Act act) {
  return std::unique_ptr<Consumer>(
      new Consumer(database, journal, clock, std::move(options), nullptr, std::move(act)));
}

Consumer::Consumer(db::Database& database, rpc::Channel& journal, const Clock& clock, ConsumerOptions options,
                   Fold fold, Act act)
    : database_(database),
      journal_(journal),
      clock_(clock),
      options_(std::move(options)),
      fold_(std::move(fold)),
      act_(std::move(act)) {}

Consumer::~Consumer() { Stop(); }

void Consumer::Start() {
  if (thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = false;
  }
  thread_ = std::thread([this] { Loop(); });
}

void Consumer::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Consumer::Loop() {
  ConsumerNumbers numbers(options_.name);
  while (true) {
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return;
    }
    const uint64_t before = next_index_.load();
    const absl::Time began = absl::Now();
    const absl::StatusOr<uint64_t> size = Step(options_.wait, absl::Now() + options_.wait + kWorkTimeout);
    const absl::Status status = size.status();
    if (size.ok()) numbers.Read(next_index_.load(), *size);
    const bool idle = next_index_.load() == before && absl::Now() - began < options_.wait / 2;
    Rest(Note(status, idle));
  }
}

absl::StatusOr<uint64_t> Consumer::CatchUp(absl::Time deadline) {
  std::optional<uint64_t> target;
  while (true) {
    const absl::StatusOr<uint64_t> size = Step(absl::ZeroDuration(), deadline);
    // Another reader of the same name was faster: its effects count too.
    if (!size.ok() && !(absl::IsAborted(size.status()) && absl::Now() < deadline)) return size.status();
    if (size.ok() && !target) target = *size;
    if (target && next_index_.load() >= *target) return next_index_.load();
    if (absl::Now() >= deadline) {
      return absl::DeadlineExceededError(
          absl::StrFormat("%s has come to %d of %d", options_.name, next_index_.load(), target.value_or(0)));
    }
  }
}

absl::Status Consumer::Health() const {
  const std::lock_guard lock(mutex_);
  return health_;
}

absl::StatusOr<uint64_t> Consumer::Step(absl::Duration wait, absl::Time deadline) {
  const std::lock_guard lock(step_mutex_);
  GW_ASSIGN_OR_RETURN(const uint64_t start, ReadCursor());
  next_index_ = start;
  GW_ASSIGN_OR_RETURN(const Batch batch, ReadBatch(start, wait, deadline));
  if (batch.entries.empty()) {
    if (batch.next > start) GW_RETURN_IF_ERROR(MoveCursor(start, batch.next));
  } else if (fold_) {
    GW_RETURN_IF_ERROR(FoldBatch(batch));
  } else {
    GW_RETURN_IF_ERROR(ActOnBatch(batch));
  }
  return batch.log_size;
}

absl::StatusOr<uint64_t> Consumer::ReadCursor() {
  uint64_t next = 0;
  GW_RETURN_IF_ERROR(database_.Run(
      db::RunOptions{.deadline = absl::Now() + kWorkTimeout}, [&](db::Transaction& tx) -> absl::Status {
        GW_ASSIGN_OR_RETURN(const auto found,
                            tx.QueryOne(
                                kReadCursor, [](const db::Row& row) { return row.Int(0); }, options_.name));
        next = static_cast<uint64_t>(found.value_or(0));
        if (found) return absl::OkStatus();
        return tx.Exec(kInsertCursor, options_.name).status();
      }));
  return next;
}

absl::Status Consumer::MoveCursor(uint64_t from, uint64_t to) {
  GW_RETURN_IF_ERROR(
      database_.Run(db::RunOptions{.deadline = absl::Now() + kWorkTimeout},
                    [&](db::Transaction& tx) { return SaveCursor(tx, options_.name, from, to); }));
  next_index_ = to;
  return absl::OkStatus();
}

absl::StatusOr<Consumer::Batch> Consumer::ReadBatch(uint64_t start, absl::Duration wait,
                                                    absl::Time deadline) {
  v1::ReadFeedRequest request;
  request.set_start_index(start);
  request.set_limit(kBatchMax);
  request.set_wait_ms(static_cast<int32_t>(absl::ToInt64Milliseconds(wait)));
  for (const std::string& kind : options_.kinds) request.add_kinds(kind);
  rpc::Call call = rpc::Call::System(kReadFeed, clock_.Now());
  call.deadline = std::min(deadline, absl::Now() + wait + absl::Seconds(10));
  GW_ASSIGN_OR_RETURN(const v1::ReadFeedResponse response,
                      rpc::Send<v1::ReadFeedResponse>(journal_, call, kReadFeed, request));
  NoteStageFull(response.stage_full());
  if (response.has_sealed()) NoteCheckpoint(response.sealed().size(), response.sealed().root());
  if (response.next_index() < start) return Internal("the feed went backwards");
  Batch batch{.start = start, .next = response.next_index(), .log_size = response.log_size()};
  for (const v1::SequencedEntry& sequenced : response.entries()) {
    GW_ASSIGN_OR_RETURN(FeedEntry entry, Parse(sequenced));
    batch.entries.push_back(std::move(entry));
  }
  return batch;
}

rpc::Call Consumer::CallFor(const FeedEntry& entry) const {
  return rpc::Call::System("consumer/" + options_.name, options_.demo ? entry.received() : clock_.Now(),
                           kWorkTimeout);
}

absl::Status Consumer::FoldBatch(const Batch& batch) {
  uint64_t from = batch.start;
  for (size_t first = 0; first < batch.entries.size(); first += kFoldMax) {
    const size_t count = std::min(kFoldMax, batch.entries.size() - first);
    const bool last = first + count == batch.entries.size();
    const uint64_t to = last ? batch.next : batch.entries[first + count].index;
    absl::Status folded = FoldEntries(batch, first, count, from, to);
    if (!folded.ok() && !IsPassing(folded) && count > 1) {
      // One entry cannot be folded: save what comes before it, and stop exactly there.
      for (size_t i = first; i < first + count; ++i) {
        const uint64_t next = i + 1 < batch.entries.size() ? batch.entries[i + 1].index : batch.next;
        GW_RETURN_IF_ERROR(FoldEntries(batch, i, 1, from, next));
        from = next;
      }
      folded = absl::OkStatus();
    }
    GW_RETURN_IF_ERROR(folded);
    from = to;
  }
  return absl::OkStatus();
}

absl::Status Consumer::FoldEntries(const Batch& batch, size_t first, size_t count, uint64_t from,
                                   uint64_t to) {
  const db::RunOptions options{.deadline = absl::Now() + kWorkTimeout};
  GW_RETURN_IF_ERROR(database_.Run(options, [&](db::Transaction& tx) -> absl::Status {
    // The cursor first: its row lock keeps a second reader of the same name out.
    GW_RETURN_IF_ERROR(SaveCursor(tx, options_.name, from, to));
    for (size_t i = first; i < first + count; ++i) {
      GW_RETURN_IF_ERROR(fold_(CallFor(batch.entries[i]), tx, batch.entries[i]));
    }
    return absl::OkStatus();
  }));
  next_index_ = to;
  return absl::OkStatus();
}

absl::Status Consumer::ActOnBatch(const Batch& batch) {
  uint64_t saved = batch.start;
  for (size_t i = 0; i < batch.entries.size(); ++i) {
    const absl::Status acted = act_(CallFor(batch.entries[i]), batch.entries[i]);
    const uint64_t done = !acted.ok()                    ? batch.entries[i].index
                          : i + 1 < batch.entries.size() ? batch.entries[i].index + 1
                                                         : batch.next;
    const bool save = !acted.ok() || (i + 1) % kActMax == 0 || i + 1 == batch.entries.size();
    if (save && done > saved) {
      GW_RETURN_IF_ERROR(MoveCursor(saved, done));
      saved = done;
    }
    GW_RETURN_IF_ERROR(acted);
  }
  return absl::OkStatus();
}

absl::Duration Consumer::Note(const absl::Status& status, bool idle) {
  std::unique_lock lock(mutex_);
  if (stopping_) return absl::ZeroDuration();
  const absl::Status before = std::exchange(health_, status);
  failures_ = status.ok() ? 0 : failures_ + 1;
  const int failures = failures_;
  lock.unlock();
  if (status.ok() ? !before.ok() : !IsPassing(status) || failures == kTroubleAfter) {
    NoteHealth(options_.name, status);
  }
  if (status.ok()) {
    if (!before.ok()) {
      Log(LogLevel::kInfo, "consumer_goes_on",
          {{"consumer", options_.name}, {"index", std::to_string(next_index())}});
    }
    return idle ? kIdleRest : absl::ZeroDuration();
  }
  if (!IsPassing(status)) {
    Log(LogLevel::kError, "consumer_stopped",
        {{"consumer", options_.name},
         {"index", std::to_string(next_index())},
         {"error", status.ToString(absl::StatusToStringMode::kWithNoExtraData)}});
    return options_.retry_stopped;
  }
  if (failures == 1) {
    Log(LogLevel::kWarning, "consumer_waits",
        {{"consumer", options_.name},
         {"error", status.ToString(absl::StatusToStringMode::kWithNoExtraData)}});
  }
  return std::min(options_.backoff_max, kBackoffMin * (1 << std::min(failures, 10)));
}

void Consumer::Rest(absl::Duration time) {
  if (time <= absl::ZeroDuration()) return;
  std::unique_lock lock(mutex_);
  wake_.wait_for(lock, absl::ToChronoMicroseconds(time), [&] { return stopping_; });
}

}  // namespace gridwarden::journal
