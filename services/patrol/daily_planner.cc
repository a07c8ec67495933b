#include "patrol/daily_planner.h"

#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/status.h"
#include "patrol/make_plan.h"
#include "patrol/plan_repository.h"
#include "platform/runtime/log.h"

namespace gridwarden::patrol {
namespace {

constexpr absl::Duration kClaim = absl::Minutes(10);
constexpr absl::Duration kPlanTimeout = absl::Minutes(2);
constexpr int kDivisionsMax = 1'000;  // per round

// A plan that is too large for one transaction is made a day at a time. Answers how many tasks.
absl::StatusOr<int> PlanDivision(const AreaContext& context, const DailyPlanRow& row,
                                 const domain::Slot& days) {
  int tasks = 0;
  for (absl::CivilDay first = days.first, last = days.last; first <= days.last;) {
    const rpc::Call call = rpc::Call::System("patrol.plan", context.clock.Now(), kPlanTimeout);
    const std::shared_ptr<const domain::Ground> ground = context.directory.ground();
    // A division that ended has no patrols of its own: those who hold its ground now plan them.
    if (!ground->Existed(row.division, call.now, absl::InfiniteFuture())) {
      GW_RETURN_IF_ERROR(context.database.Run(
          [&](db::Transaction& tx) { return NotePlanned(tx, row.division, days.last, true); }));
      return 0;
    }
    GW_ASSIGN_OR_RETURN(const access::Standing standing, access::StandingOf(*ground, row.division, call.now));
    GW_ASSIGN_OR_RETURN(PlanGround plan, ReadPlanGround(context, call, standing));
    int made = 0;
    const absl::Status written = context.database.Run(
        {.deadline = absl::Now() + kPlanTimeout}, [&](db::Transaction& tx) -> absl::Status {
          GW_ASSIGN_OR_RETURN(const v1::Plan answer,
                              WritePlan(context, call, tx, {}, "", {first, last}, plan));
          made = answer.task_count();
          return NotePlanned(tx, row.division, last, last == days.last);
        });
    if (ReasonOf(written) == "PLAN_TOO_LARGE" && last != first) {
      last = first;
      continue;
    }
    GW_RETURN_IF_ERROR(written);
    tasks += made;
    first = last + 1;
    last = days.last;
  }
  return tasks;
}

}  // namespace

bool DailyPlanner::stopping() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return stopping_;
}

absl::Status DailyPlanner::Plan() {
  if (!context_.policy->patrol || !context_.directory.loaded()) return absl::OkStatus();
  absl::Status first_problem;
  for (int i = 0; i < kDivisionsMax && !stopping(); ++i) {
    const absl::Time now = context_.clock.Now();
    const absl::CivilDay today = Today(now);
    const absl::CivilDay until = today + context_.policy->patrol->ahead_days;
    std::optional<DailyPlanRow> claimed;
    GW_RETURN_IF_ERROR(context_.database.Run([&](db::Transaction& tx) -> absl::Status {
      GW_ASSIGN_OR_RETURN(claimed, ClaimDailyPlan(tx, until, now, kClaim));
      return absl::OkStatus();
    }));
    if (!claimed) break;
    const absl::StatusOr<int> made = PlanDivision(context_, *claimed, {today, until});
    if (made.ok()) {
      Log(LogLevel::kInfo, "patrols_planned",
          {{"division", claimed->division.ToString()}, {"tasks", absl::StrCat(*made)}});
    } else if (first_problem.ok()) {
      first_problem = made.status();  // its claim runs out; then it is tried again
    }
  }
  return first_problem;
}

void DailyPlanner::Start() {
  if (thread_.joinable()) return;
  thread_ = std::thread([this] {
    absl::Status before;
    std::unique_lock<std::mutex> lock(mutex_);
    while (!stopping_) {
      lock.unlock();
      const absl::Status status = Plan();
      if (!status.ok() && status != before)
        Log(LogLevel::kWarning, "patrol_plan_waits", {{"error", status.ToString()}});
      before = status;
      lock.lock();
      wake_.wait_for(lock, interval_, [this] { return stopping_; });
    }
  });
}

void DailyPlanner::Stop() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

}  // namespace gridwarden::patrol
