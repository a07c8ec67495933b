#include "casework/waiting_checks.h"

#include "base/status.h"
#include "casework/case_repository.h"
#include "casework/independence.h"
#include "casework/independence_repository.h"
#include "platform/runtime/log.h"

namespace gridwarden::casework {
namespace {

constexpr int kCasesAtOnce = 100;
constexpr std::chrono::seconds kRestAfterFailure(30);
constexpr int kCasesMax = 20'000;  // of one round; what is beyond them comes with the next ground change

}  // namespace

WaitingChecks::WaitingChecks(std::shared_ptr<const Casework> casework, const Clock& clock, bool demo,
                             std::chrono::milliseconds look, std::chrono::milliseconds interval)
    : casework_(std::move(casework)), clock_(clock), demo_(demo), look_(look), interval_(interval) {}

absl::StatusOr<bool> WaitingChecks::Try(const Uuid& case_id) {
  bool assigned = false;
  const absl::Status tried = casework_->database.Run([&](db::Transaction& tx) -> absl::Status {
    assigned = false;
    GW_ASSIGN_OR_RETURN(CaseFile file, LockCase(tx, case_id));
    if (!WaitsForChecker(file)) return absl::OkStatus();
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

bool WaitingChecks::Stopping() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return stopping_;
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
      if (Stopping()) return assigned;
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
    using Steady = std::chrono::steady_clock;
    std::shared_ptr<const domain::Ground> known;
    Steady::time_point next, rest_until;
    std::unique_lock<std::mutex> lock(mutex_);
    while (!wake_.wait_for(lock, look_, [this] { return stopping_; })) {
      lock.unlock();
      const std::shared_ptr<const domain::Ground> ground = casework_->directory.ground();
      const Steady::time_point now = Steady::now();
      const bool due = now >= rest_until && (ground != known || now >= next);
      if (casework_->directory.loaded() && due) {
        const absl::StatusOr<int> assigned = Round();
        if (assigned.ok()) {
          known = ground;
          next = now + interval_;
        } else {
          rest_until = now + kRestAfterFailure;
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
