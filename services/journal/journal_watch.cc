#include "journal/journal_watch.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "absl/time/clock.h"
#include "gridwarden/journal/v1/entry.pb.h"
#include "journal/journal_repository.h"
#include "platform/journal/stage_room.h"
#include "platform/runtime/instruments.h"

namespace gridwarden::journal {
namespace {

constexpr absl::Duration kInterval = absl::Seconds(1);
constexpr absl::Duration kTimeout = absl::Seconds(5);

// When the entry of a body was received; the far future when the body cannot be read.
absl::Time ReceivedOf(const std::string& body) {
  v1::Entry entry;
  return entry.ParseFromString(body) ? absl::FromUnixMicros(entry.received_us()) : absl::InfiniteFuture();
}

struct Numbers {
  Gauge staged{"gridwarden_journal_stage_rows",
               "Committed entries that wait for their place in the journal."};
  Gauge size{"gridwarden_journal_entries", "Entries of the journal."};
  Gauge sealed_size{"gridwarden_journal_sealed_entries", "Entries under the newest checkpoint."};
  Gauge lag{"gridwarden_journal_sealed_lag_seconds", "How long the oldest unsealed entry has waited."};
  Gauge sealed{"gridwarden_journal_checkpoint_timestamp_seconds",
               "When the newest checkpoint was signed, Unix time."};
  Gauge watched{"gridwarden_journal_watched_timestamp_seconds",
                "When these numbers of the journal were last read, Unix time."};
};

void Show(const Backlog& backlog) {
  static auto* const numbers = new Numbers();
  numbers->staged.Set(static_cast<double>(backlog.staged));
  numbers->size.Set(static_cast<double>(backlog.size));
  numbers->sealed_size.Set(static_cast<double>(backlog.sealed_size));
  numbers->lag.Set(absl::ToDoubleSeconds(backlog.lag));
  if (backlog.sealed != absl::InfinitePast())
    numbers->sealed.Set(static_cast<double>(absl::ToUnixSeconds(backlog.sealed)));
  numbers->watched.SetToNow();
}

}  // namespace

absl::StatusOr<Backlog> ReadBacklog(db::Database& database, absl::Time now, bool demo) {
  Backlog backlog;
  absl::Time oldest = absl::InfiniteFuture();
  GW_RETURN_IF_ERROR(database.Read(absl::Now() + kTimeout, [&](db::Transaction& tx) -> absl::Status {
    backlog = Backlog();
    oldest = absl::InfiniteFuture();
    GW_ASSIGN_OR_RETURN(const std::optional<Head> head, ReadHead(tx));
    if (!head) return absl::OkStatus();
    backlog.size = head->size;
    GW_ASSIGN_OR_RETURN(const std::optional<StoredCheckpoint> sealed, ReadNewestCheckpoint(tx));
    if (sealed) {
      backlog.sealed_size = sealed->size;
      backlog.sealed = sealed->signed_time;
    }
    GW_ASSIGN_OR_RETURN(backlog.staged, CountStagedUpTo(tx, kStageFull + 1));
    GW_ASSIGN_OR_RETURN(const std::vector<StoredEntry> unsealed, ReadEntries(tx, backlog.sealed_size, 1));
    if (!unsealed.empty()) oldest = unsealed[0].sequenced;
    if (demo || backlog.staged == 0) return absl::OkStatus();
    GW_ASSIGN_OR_RETURN(const std::optional<std::string> body, ReadOldestStaged(tx));
    if (body) oldest = std::min(oldest, ReceivedOf(*body));
    return absl::OkStatus();
  }));
  if (oldest < now) backlog.lag = now - oldest;
  return backlog;
}

JournalWatch::JournalWatch(db::Database& database, const Clock& clock, bool demo)
    : database_(database), clock_(clock), demo_(demo) {}

JournalWatch::~JournalWatch() { Stop(); }

void JournalWatch::Start() {
  if (thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = false;
  }
  thread_ = std::thread([this] { Loop(); });
}

void JournalWatch::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void JournalWatch::Loop() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    lock.unlock();
    const absl::Time began = absl::Now();
    // A database that is away is said elsewhere; here the time of the last look stands still.
    if (const auto backlog = ReadBacklog(database_, clock_.Now(), demo_); backlog.ok()) {
      Show(*backlog);
      NoteStageFull(backlog->staged > kStageFull);
      NoteHealth("journal.stage",
                 backlog->staged > kStageFull
                     ? absl::UnavailableError("decisions are refused until entries are ordered")
                     : absl::OkStatus());
    }
    // Counting a full stage takes a while: looking must not be what keeps the database busy.
    const absl::Duration rest = std::max(kInterval, 10 * (absl::Now() - began));
    lock.lock();
    wake_.wait_for(lock, absl::ToChronoMicroseconds(rest), [this] { return stopping_; });
  }
}

}  // namespace gridwarden::journal
