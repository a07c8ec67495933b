#include "report/folding_worker.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gridwarden/journal/v1/journal_service.pb.h"
#include "platform/journal/consumer.h"
#include "platform/journal/consumer_numbers.h"
#include "platform/runtime/log.h"
#include "report/rollup_repository.h"

namespace gridwarden::report {
namespace {

constexpr std::string_view kReadFeed = "gridwarden.journal.v1.JournalInternalService/ReadFeed";
constexpr char kName[] = "report.fold";
constexpr int kBatch = 1024;      // entries read and folded at once
constexpr int kFeedWaitMs = 500;  // long poll; also how long Stop may take
constexpr int kDifferencesShown = 100;
constexpr absl::Duration kStepTimeout = absl::Seconds(30);
constexpr absl::Duration kBackoffMax = absl::Seconds(2);
constexpr absl::Duration kLookForRebuild = absl::Seconds(30);

}  // namespace

FoldingWorker::FoldingWorker(db::Database& database, access::Directory& directory, rpc::Channel& journal,
                             const Clock& clock, LiveRollup& live)
    : database_(database), directory_(directory), journal_(journal), clock_(clock), live_(live) {}

FoldingWorker::~FoldingWorker() { Stop(); }

void FoldingWorker::Start() {
  std::lock_guard lock(mutex_);
  if (thread_.joinable()) return;
  stopping_ = false;
  thread_ = std::thread([this] { Loop(); });
}

void FoldingWorker::Stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    wake_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

void FoldingWorker::Wake() {
  std::lock_guard lock(mutex_);
  woken_ = true;
  wake_.notify_all();
}

absl::Status FoldingWorker::Health() const {
  std::lock_guard lock(mutex_);
  return health_;
}

void FoldingWorker::Loop() {
  journal::ConsumerNumbers numbers(kName);
  absl::Duration backoff = absl::Milliseconds(50);
  bool rebuilding = true;
  absl::Time looked = absl::InfinitePast();
  while (true) {
    {
      std::lock_guard lock(mutex_);
      if (stopping_) return;
      if (std::exchange(woken_, false) || absl::Now() - looked > kLookForRebuild) rebuilding = true;
    }
    const absl::Time deadline = absl::Now() + kStepTimeout;
    absl::StatusOr<bool> more = FoldActive(rebuilding ? 0 : kFeedWaitMs, deadline);
    if (more.ok()) numbers.Read(live_.index(), log_size_);
    if (more.ok() && rebuilding) {
      looked = absl::Now();
      absl::StatusOr<bool> rebuild_more = FoldRebuild(deadline);
      if (rebuild_more.ok())
        rebuilding = *rebuild_more;
      else
        more = rebuild_more.status();
    }
    const absl::Status status = more.ok() ? absl::OkStatus() : more.status();
    std::unique_lock lock(mutex_);
    if (status.ok()) {
      if (!health_.ok()) {
        NoteHealth(kName, status);
        Log(LogLevel::kInfo, "report_fold_resumed");
      }
      health_ = status;
      backoff = absl::Milliseconds(50);
      continue;
    }
    if (health_ != status)
      Log(LogLevel::kWarning, "report_fold_stands_still", {{"error", status.ToString()}});
    // The journal being away for a moment is no trouble of the board.
    if (backoff >= kBackoffMax || !journal::IsPassing(status)) NoteHealth(kName, status);
    health_ = status;
    wake_.wait_for(lock, absl::ToChronoMilliseconds(backoff), [&] { return stopping_; });
    backoff = std::min(backoff * 2, kBackoffMax);
  }
}

absl::Status FoldingWorker::CatchUp(absl::Time deadline) {
  while (true) {
    GW_ASSIGN_OR_RETURN(const bool more, FoldActive(0, deadline));
    GW_ASSIGN_OR_RETURN(const bool rebuild_more, FoldRebuild(deadline));
    if (!more && !rebuild_more) return absl::OkStatus();
    if (absl::Now() > deadline) return absl::DeadlineExceededError("the fold has not caught up");
  }
}

absl::StatusOr<bool> FoldingWorker::FoldActive(int wait_ms, absl::Time deadline) {
  std::lock_guard step(step_mutex_);
  GW_RETURN_IF_ERROR(live_.EnsureLoaded(clock_.Now(), deadline));
  GW_ASSIGN_OR_RETURN(const bool more, FoldFrom(live_.generation(), live_.index(), wait_ms, true, deadline));
  GW_RETURN_IF_ERROR(live_.Follow(deadline));
  return more;
}

absl::StatusOr<bool> FoldingWorker::FoldFrom(int64_t generation, uint64_t start, int wait_ms, bool remember,
                                             absl::Time deadline) {
  journal::v1::ReadFeedRequest request;
  request.set_start_index(start);
  request.set_limit(kBatch);
  request.set_wait_ms(wait_ms);
  request.add_kinds("signal.transition");
  request.add_kinds("case.transition");
  rpc::Call call = rpc::Call::System(kReadFeed, clock_.Now(), deadline - absl::Now());
  GW_ASSIGN_OR_RETURN(const auto feed,
                      rpc::Send<journal::v1::ReadFeedResponse>(journal_, call, kReadFeed, request));
  if (remember) log_size_ = feed.log_size();
  if (feed.next_index() <= start) return false;
  std::vector<FoldStep> steps;
  std::vector<std::pair<Uuid, uint64_t>> ids;
  for (const journal::v1::SequencedEntry& sequenced : feed.entries()) {
    journal::v1::Entry entry;
    if (!entry.ParseFromString(sequenced.body()))
      return Internal(absl::StrCat("entry ", sequenced.index(), " cannot be read"));
    absl::StatusOr<std::optional<FoldStep>> read = StepOf(sequenced.index(), entry, *directory_.ground());
    if (read.status().code() == absl::StatusCode::kUnavailable && directory_.Refresh().ok()) {
      read = StepOf(sequenced.index(), entry, *directory_.ground());
    }
    GW_ASSIGN_OR_RETURN(std::optional<FoldStep> one, std::move(read));
    if (one) steps.push_back(*std::move(one));
    for (const std::string& id : {entry.entry_id(), entry.request_id()}) {
      if (const auto uuid = Uuid::FromBytes(id); uuid && !uuid->IsNil())
        ids.emplace_back(*uuid, sequenced.index());
    }
  }
  const absl::Status folded = database_.Run({.deadline = deadline}, [&](db::Transaction& tx) {
    return FoldSteps(tx, generation, start, feed.next_index(), steps);
  });
  // Somebody else folded it: what is saved is followed all the same.
  if (!folded.ok() && folded.code() != absl::StatusCode::kFailedPrecondition) return folded;
  if (remember) live_.Remember(ids);
  return feed.next_index() < feed.log_size();
}

absl::StatusOr<bool> FoldingWorker::FoldRebuild(absl::Time deadline) {
  std::lock_guard step(step_mutex_);
  std::optional<Generation> building;
  GW_RETURN_IF_ERROR(database_.Read(deadline, [&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(building, ReadGeneration(tx, GenerationState::kBuilding));
    return absl::OkStatus();
  }));
  if (!building) return EmptyRetired(deadline);
  GW_RETURN_IF_ERROR(FoldFrom(building->generation, building->next_index, 0, false, deadline).status());
  GW_RETURN_IF_ERROR(FinishRebuild(building->generation, deadline).status());
  return true;  // until it is swapped and the one before is emptied
}

absl::StatusOr<bool> FoldingWorker::FinishRebuild(int64_t generation, absl::Time deadline) {
  // Compares what is served, in memory, with what was folded afresh: both at the same index.
  std::optional<std::vector<domain::CellDifference>> differences;
  uint64_t compared_index = 0;
  int64_t compared_generation = 0;
  GW_RETURN_IF_ERROR(database_.Read(deadline, [&](db::Transaction& tx) -> absl::Status {
    differences.reset();
    GW_ASSIGN_OR_RETURN(const auto building, ReadGeneration(tx, GenerationState::kBuilding));
    if (!building || building->generation != generation || building->next_index != live_.index())
      return absl::OkStatus();
    GW_ASSIGN_OR_RETURN(const domain::Rollup fresh, LoadRollup(tx, generation));
    live_.Look([&](const domain::Rollup& served, int64_t served_generation, uint64_t served_index) {
      if (served_index != building->next_index) return;
      differences = domain::Rollup::Compare(served, fresh);
      compared_index = served_index;
      compared_generation = served_generation;
    });
    return absl::OkStatus();
  }));
  if (!differences) return false;
  bool swapped = false;
  GW_RETURN_IF_ERROR(database_.Run({.deadline = deadline}, [&](db::Transaction& tx) -> absl::Status {
    swapped = false;
    GW_ASSIGN_OR_RETURN(Generation before, LockGeneration(tx, compared_generation));
    GW_ASSIGN_OR_RETURN(Generation after, LockGeneration(tx, generation));
    if (before.next_index != compared_index || after.next_index != compared_index ||
        before.state != GenerationState::kActive || after.state != GenerationState::kBuilding) {
      return absl::OkStatus();
    }
    before.state = GenerationState::kRetired;
    after.state = GenerationState::kActive;
    after.finished = clock_.Now();
    after.differences = static_cast<int64_t>(differences->size());
    for (size_t i = 0; i < differences->size() && i < kDifferencesShown; ++i) {
      const domain::CellDifference& one = (*differences)[i];
      v1::Difference* shown = after.first.add_first();
      shown->set_division(ResourceName("divisions", one.division));
      shown->set_category(one.category);
      shown->set_measure(one.what);
      shown->set_board(one.left);
      shown->set_recount(one.right);
    }
    GW_RETURN_IF_ERROR(SaveGeneration(tx, before));
    GW_RETURN_IF_ERROR(SaveGeneration(tx, after));
    swapped = true;
    return absl::OkStatus();
  }));
  if (!swapped) return false;
  if (!differences->empty()) {
    Log(LogLevel::kError, "report_rebuild_differs", {{"cells", absl::StrCat(differences->size())}});
  }
  GW_RETURN_IF_ERROR(live_.Follow(deadline));
  return true;
}

absl::StatusOr<bool> FoldingWorker::EmptyRetired(absl::Time deadline) {
  std::optional<Generation> retired;
  uint64_t deleted = 0;
  GW_RETURN_IF_ERROR(database_.Run({.deadline = deadline}, [&](db::Transaction& tx) -> absl::Status {
    deleted = 0;
    GW_ASSIGN_OR_RETURN(retired, ReadGeneration(tx, GenerationState::kRetired));
    if (!retired) return absl::OkStatus();
    GW_ASSIGN_OR_RETURN(deleted, EmptyGeneration(tx, retired->generation));
    if (deleted > 0) return absl::OkStatus();
    retired->state = GenerationState::kEmptied;
    return SaveGeneration(tx, *retired);
  }));
  return retired.has_value();
}

}  // namespace gridwarden::report
