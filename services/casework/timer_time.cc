#include "casework/timer_time.h"

#include <algorithm>

#include "absl/time/clock.h"
#include "base/status.h"
#include "gridwarden/journal/v1/journal_service.pb.h"
#include "platform/journal/consumer.h"

namespace gridwarden::casework {
namespace {

constexpr absl::Duration kApartMax = absl::Seconds(2);
constexpr std::string_view kDatabaseTime = "SELECT CAST(UNIX_TIMESTAMP(SYSDATE(6)) * 1000000 AS SIGNED)";

constexpr std::string_view kReadFeed = "gridwarden.journal.v1.JournalInternalService/ReadFeed";
constexpr int kEntries = 512;
// What is played. A demo's people and ground are imported by the real clock, long after what is played then.
constexpr const char* kSignals = "signal.transition";
constexpr const char* kCases = "case.transition";
constexpr int kReadsMax = 64;  // of one look at the feed
// How far back the first look goes: entries of a demo are not received in the order of their demo times.
constexpr uint64_t kTail = 1024;
// Nobody plays any more when nothing came for so long.
constexpr absl::Duration kQuiet = absl::Seconds(15);
constexpr absl::Duration kReachesBack = absl::Hours(24);

}  // namespace

std::chrono::nanoseconds AgreedTime::SteadyNow() {
  return std::chrono::steady_clock::now().time_since_epoch();
}

absl::Time AgreedTime::Agree(absl::Time database_time) {
  const absl::Time own = clock_.Now();
  const std::chrono::nanoseconds steady = steady_();
  apart_ = absl::AbsDuration(own - database_time);
  if (apart_ <= kApartMax) {
    anchored_ = true;
    anchor_ = own;
    anchor_steady_ = steady;
    return own;
  }
  // Nothing was ever agreed on: the database's is the one that all schedulers share.
  if (!anchored_) return database_time;
  const absl::Time counted = anchor_ + absl::FromChrono(steady - anchor_steady_);
  return std::max(std::min(own, database_time), std::min(std::max(own, database_time), counted));
}

absl::StatusOr<std::optional<absl::Time>> DemoTime::Read() {
  if (!next_) {
    GW_RETURN_IF_ERROR(ReadFrom(0));  // only to learn how long the log is
    next_ = *next_ > kTail ? *next_ - kTail : 0;
  }
  for (int i = 0; i < kReadsMax; ++i) {
    const uint64_t before = *next_;
    GW_RETURN_IF_ERROR(ReadFrom(before));
    if (*next_ == before) break;
  }
  if (!newest_) return std::optional<absl::Time>();
  const absl::Time now = clock_.Now();
  if (now - last_seen_ < kQuiet) return std::optional(*newest_ - kReachesBack);
  return std::optional(*newest_ + std::max(now - newest_seen_, absl::ZeroDuration()));
}

absl::Status DemoTime::ReadFrom(uint64_t start) {
  const bool first = !next_.has_value();
  journal::v1::ReadFeedRequest request;
  request.set_start_index(start);
  request.set_limit(first ? 1 : kEntries);
  for (const char* kind : {kSignals, kCases}) request.add_kinds(kind);
  const rpc::Call call = rpc::Call::System(kReadFeed, clock_.Now(), absl::Seconds(10));
  GW_ASSIGN_OR_RETURN(const auto response,
                      rpc::Send<journal::v1::ReadFeedResponse>(journal_, call, kReadFeed, request));
  next_ = first ? response.log_size() : response.next_index();
  if (first) return absl::OkStatus();
  for (const journal::v1::SequencedEntry& sequenced : response.entries()) {
    journal::v1::Entry entry;
    if (!entry.ParseFromString(sequenced.body())) continue;
    const absl::Time received = absl::FromUnixMicros(entry.received_us());
    const absl::Time now = clock_.Now();
    if (entry.kind() != kSignals && entry.kind() != kCases) continue;
    last_seen_ = now;
    if (newest_ && received <= *newest_ + (now - newest_seen_)) continue;
    newest_ = received;
    newest_seen_ = now;
  }
  return absl::OkStatus();
}

absl::StatusOr<absl::Time> DatabaseTime(db::Database& database) {
  absl::Time time;
  GW_RETURN_IF_ERROR(database.Run(
      db::RunOptions{.deadline = absl::Now() + absl::Seconds(10)}, [&](db::Transaction& tx) -> absl::Status {
        GW_ASSIGN_OR_RETURN(const auto us,
                            tx.QueryOne(kDatabaseTime, [](const db::Row& row) { return row.Int(0); }));
        time = absl::FromUnixMicros(us.value_or(0));
        return absl::OkStatus();
      }));
  return time;
}

}  // namespace gridwarden::casework
