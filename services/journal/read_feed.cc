#include <algorithm>
#include <atomic>

#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "journal/journal_service.h"
#include "platform/journal/stage_room.h"
#include "platform/journal/wake.h"

namespace gridwarden::journal {
namespace {

constexpr int kLimitDefault = 256;
constexpr int kLimitMax = 1024;
constexpr int kWaitMsMax = 10'000;
constexpr int kKindsMax = 64;
// Rows looked at before the cursor is given back, when few of them are of the kinds asked for.
constexpr uint64_t kWindow = 4096;
// Readers that wait hold a thread each; more are answered at once and come again.
constexpr int kWaitersMax = 8;
// The sequencer may run in another process, which cannot ring.
constexpr absl::Duration kPoll = absl::Milliseconds(100);

std::atomic<int> waiters{0};

struct Waiter {
  const bool admitted = waiters.fetch_add(1) < kWaitersMax;
  ~Waiter() { waiters.fetch_sub(1); }
};

absl::Status CheckRequest(const v1::ReadFeedRequest& request) {
  std::vector<FieldViolation> wrong;
  if (request.limit() < 0 || request.limit() > kLimitMax) {
    wrong.push_back({"limit", absl::StrFormat("got %d, want 0 to %d", request.limit(), kLimitMax)});
  }
  if (request.wait_ms() < 0 || request.wait_ms() > kWaitMsMax) {
    wrong.push_back({"wait_ms", absl::StrFormat("got %d, want 0 to %d", request.wait_ms(), kWaitMsMax)});
  }
  if (request.kinds_size() > kKindsMax) {
    wrong.push_back({"kinds", absl::StrFormat("got %d, want at most %d", request.kinds_size(), kKindsMax)});
  }
  return wrong.empty() ? absl::OkStatus() : InvalidFields(std::move(wrong));
}

// Fills `response` with what there is from `start`. next_index moves over entries of other kinds.
absl::Status ReadOnce(db::Transaction& tx, const v1::ReadFeedRequest& request, uint64_t start,
                      v1::ReadFeedResponse& response) {
  response.Clear();
  GW_ASSIGN_OR_RETURN(const Head head, RequireHead(tx));
  if (start > head.size) {
    return FailedPrecondition(
        "JOURNAL_ALTERED", absl::StrFormat("the reader has seen %d entries, the journal has %d: it lost its "
                                           "tail, or the reader belongs to another log",
                                           start, head.size));
  }
  response.set_log_size(head.size);
  response.set_stage_full(StageIsFull());
  response.set_next_index(start);
  if (start == head.size) return absl::OkStatus();
  const int limit = request.limit() == 0 ? kLimitDefault : request.limit();
  const std::vector<std::string> kinds(request.kinds().begin(), request.kinds().end());
  const uint64_t end = kinds.empty() ? head.size : std::min(head.size, start + kWindow);
  GW_ASSIGN_OR_RETURN(std::vector<StoredEntry> entries, ReadFeedEntries(tx, start, end, kinds, limit));
  response.set_next_index(entries.size() == static_cast<size_t>(limit) ? entries.back().index + 1 : end);
  size_t bytes = 0;
  for (StoredEntry& entry : entries) {
    if (bytes > 0 && bytes + entry.body.size() > kAnswerBytesMax) {
      response.set_next_index(entry.index);
      break;
    }
    bytes += entry.body.size();
    *response.add_entries() = ToProto(std::move(entry));
  }
  return absl::OkStatus();
}

absl::Status AddSealed(db::Transaction& tx, v1::ReadFeedResponse& response) {
  GW_ASSIGN_OR_RETURN(const std::optional<StoredCheckpoint> sealed, ReadNewestCheckpoint(tx));
  if (!sealed) return absl::OkStatus();
  response.mutable_sealed()->set_size(sealed->size);
  response.mutable_sealed()->set_root(sealed->root);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<v1::ReadFeedResponse> ReadFeed(db::Database& database, const rpc::Call& call,
                                              const v1::ReadFeedRequest& request) {
  GW_RETURN_IF_ERROR(CheckRequest(request));
  const absl::Time until =
      std::min(absl::Now() + absl::Milliseconds(request.wait_ms()), call.deadline - absl::Milliseconds(200));
  uint64_t start = request.start_index();
  std::optional<Waiter> waiter;
  while (true) {
    const uint64_t rings = Bell::Sequenced();
    v1::ReadFeedResponse response;
    GW_RETURN_IF_ERROR(database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
      GW_RETURN_IF_ERROR(ReadOnce(tx, request, start, response));
      return AddSealed(tx, response);
    }));
    if (response.entries_size() > 0) return response;
    // Everything in this window was of other kinds: look at the next.
    const bool at_end = response.next_index() == response.log_size();
    start = response.next_index();
    if (absl::Now() >= until) return response;
    if (!at_end) continue;
    if (!waiter) waiter.emplace();
    if (!waiter->admitted) return response;
    // No connection is held while waiting.
    Bell::WaitSequenced(rings, std::min(kPoll, until - absl::Now()));
  }
}

}  // namespace gridwarden::journal
