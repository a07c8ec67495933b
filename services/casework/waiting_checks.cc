#include "casework/waiting_checks.h"

#include "base/status.h"
#include "casework/case_repository.h"
#include "casework/independence.h"
#include "casework/independence_repository.h"
#include "domain/workflow/case_workflow.h"
#include "platform/runtime/log.h"

namespace gridwarden::casework {
namespace {

constexpr int kCasesAtOnce = 100;
constexpr int kCasesMax = 20'000;  // of one round; what is beyond them comes with the next ground change

}  // namespace

WaitingChecks::WaitingChecks(std::shared_ptr<const Casework> casework, const Clock& clock, bool demo,
                             std::chrono::milliseconds look, absl::Duration interval)
    : casework_(std::move(casework)), clock_(clock), demo_(demo), look_(look), interval_(interval) {}

absl::StatusOr<bool> WaitingChecks::Try(const Uuid& case_id) {
  bool assigned = false;
  const absl::Status tried = casework_->database.Run([&](db::Transaction& tx) -> absl::Status {
    assigned = false;
    GW_ASSIGN_OR_RETURN(CaseFile file, LockCase(tx, case_id));
    const auto state = static_cast<domain::CaseState>(file.state);
    if (!file.check_post.IsNil() || !domain::Next(state, domain::Action::kAssignCheck).ok() ||
        domain::NeedsCounty(0, file.unable_count)) {
      return absl::OkStatus();
    }
    absl::Time now = clock_.Now();
    if (demo_) {
      GW_ASSIGN_OR_RETURN(const LastEntry last, ReadLastEntry(tx, file.id, file.subject.seq));
      now = last.received;
    }
    const rpc::Call call = rpc::Call::System("casework.waiting_checks", now);
    GW_RETURN_IF_ERROR(
        AssignOrWait(*casework_->directory.ground(), *casework_->policy, call, tx, file, call.now));
    assigned = !file.check_post.IsNil();
    return absl::OkStatus();
  });
  GW_RETURN_IF_ERROR(tried);
  return assigned;
}

absl::StatusOr<int> WaitingChecks::Round() {
  int assigned = 0;
  Uuid after;
  for (int seen = 0; seen < kCasesMax;) {
    std::vector<Uuid> waiting;
    const absl::Status listed = casework_->database.Run([&](db::Transaction& tx) -> absl::Status {
      GW_ASSIGN_OR_RETURN(waiting, ListUnassignedChecks(tx, after, kCasesAtOnce));
      return absl::OkStatus();
    });
    GW_RETURN_IF_ERROR(listed);
    if (waiting.empty()) break;
    for (const Uuid& case_id : waiting) {
      GW_ASSIGN_OR_RETURN(const bool done, Try(case_id));
      assigned += done;
    }
    seen += static_cast<int>(waiting.size());
    after = waiting.back();
  }
  return assigned;
}

void WaitingChecks::Start() {
  if (thread_.joinable()) return;
  thread_ = std::thread([this] {
    const domain::Ground* known = nullptr;
    absl::Time next = absl::InfinitePast();
    std::unique_lock<std::mutex> lock(mutex_);
    while (!wake_.wait_for(lock, look_, [this] { return stopping_; })) {
      lock.unlock();
      // Kept while it is compared, so that no other ground can stand at its address.
      const std::shared_ptr<const domain::Ground> ground = casework_->directory.ground();
      const bool due = ground.get() != known || absl::Now() >= next;
      if (casework_->directory.loaded() && due) {
        const absl::StatusOr<int> assigned = Round();
        if (assigned.ok()) {
          known = ground.get();
          next = absl::Now() + interval_;
        } else {
          Log(LogLevel::kWarning, "waiting_checks_failed", {{"error", assigned.status().ToString()}});
        }
      }
      lock.lock();
    }
  });
}

void WaitingChecks::Stop() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

}  // namespace gridwarden::casework
