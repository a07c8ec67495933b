#include "sim/morning.h"

#include <algorithm>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <mutex>
#include <optional>
#include <queue>
#include <random>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status.h"
#include "sim/morning_figures.h"
#include "sim/riders.h"

namespace gridwarden::sim {
namespace {

using nlohmann::json;
using Clock = SteadyClock;

constexpr absl::Duration kBackoffMax = absl::Minutes(1);

class Morning {
 public:
  explicit Morning(const MorningOptions& options)
      : options_(options), random_(options.seed), riders_(options, figures_) {}

  absl::StatusOr<json> Play() {
    GW_RETURN_IF_ERROR(riders_.Read());
    json out = {{"phones", riders_.all().size()},
                {"visits_each", options_.visits},
                {"spread_s", absl::ToDoubleSeconds(options_.spread)}};
    auto began = Clock::now();
    GW_RETURN_IF_ERROR(riders_.Plan());
    out["plan_s"] = Seconds(Clock::now() - began);
    Say(absl::StrFormat("%d tasks planned in %.0f s",
                        static_cast<int>(riders_.all().size()) * options_.visits,
                        Seconds(Clock::now() - began)));
    began = Clock::now();
    GW_RETURN_IF_ERROR(riders_.RegisterAll());
    out["register_s"] = Seconds(Clock::now() - began);
    Say(absl::StrFormat("%d phones registered in %.0f s", static_cast<int>(riders_.all().size()),
                        Seconds(Clock::now() - began)));
    GW_RETURN_IF_ERROR(riders_.WaitForTasks());
    riders_.WorkOffline();
    Ride();
    Report(out);
    GW_RETURN_IF_ERROR(riders_.Verify(out));
    return out;
  }

 private:
  static void Say(const std::string& what) { std::fprintf(stderr, "%s\n", what.c_str()); }

  absl::Status DoStage(Rider& rider) {
    switch (rider.stage) {
      case Stage::kRefresh:
        return riders_.Refresh(rider);
      case Stage::kPull:
      case Stage::kPullAgain:
        return rider.phone->Pull();
      case Stage::kPush:
        return rider.phone->Push().status();
      case Stage::kDone:
      case Stage::kFailed:
        break;
    }
    return absl::OkStatus();
  }

  struct Due {
    Clock::time_point at;
    Rider* rider;
    bool operator<(const Due& other) const { return at > other.at; }
  };

  void Ride() {
    riders_.BeginMorning();
    const Clock::time_point start = Clock::now();
    const Clock::time_point end =
        start + std::chrono::microseconds(absl::ToInt64Microseconds(options_.spread + options_.patience));
    std::uniform_real_distribution<double> when(0, absl::ToDoubleSeconds(options_.spread));
    for (const std::unique_ptr<Rider>& rider : riders_.all()) {
      rider->planned =
          start + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(when(random_)));
      queue_.push({rider->planned, rider.get()});
    }
    left_ = riders_.all().size();
    std::thread watch([this] { WatchMemory(); });
    std::vector<std::thread> threads;
    for (int t = 0; t < options_.threads; ++t) threads.emplace_back([this, t, end] { Work(t, end); });
    for (std::thread& thread : threads) thread.join();
    {
      const std::lock_guard lock(queue_mutex_);
      over_ = true;
    }
    queue_changed_.notify_all();
    watch.join();
    began_ = start;
  }

  void Work(int number, Clock::time_point end) {
    std::mt19937_64 random(options_.seed * 1000 + static_cast<uint64_t>(number));
    for (;;) {
      Rider* rider = nullptr;
      {
        std::unique_lock lock(queue_mutex_);
        for (;;) {
          if (left_ == 0) return;
          const Clock::time_point now = Clock::now();
          if (!queue_.empty() && queue_.top().at <= now) break;
          if (queue_.empty())
            queue_changed_.wait_for(lock, std::chrono::milliseconds(100));
          else
            queue_changed_.wait_until(lock, std::min(queue_.top().at, now + std::chrono::milliseconds(500)));
        }
        rider = queue_.top().rider;
        queue_.pop();
      }
      const absl::Status status = DoStage(*rider);
      std::optional<Clock::time_point> again = After(*rider, status, end, random);
      const std::lock_guard lock(queue_mutex_);
      if (again)
        queue_.push({*again, rider});
      else
        --left_;
      queue_changed_.notify_one();
    }
  }

  // When the phone goes on; nothing when it is through, or gave up.
  std::optional<Clock::time_point> After(Rider& rider, const absl::Status& status, Clock::time_point end,
                                         std::mt19937_64& random) {
    const Clock::time_point now = Clock::now();
    if (status.ok()) {
      const bool more = rider.stage == Stage::kPush && rider.phone->queued() > 0;
      if (!more) rider.stage = static_cast<Stage>(static_cast<int>(rider.stage) + 1);
      rider.tries = 0;
      if (rider.stage != Stage::kDone) {
        const absl::Duration wait = more ? rider.phone->retry_after() : absl::ZeroDuration();
        return now + std::chrono::microseconds(absl::ToInt64Microseconds(wait));
      }
      rider.line.reset();
      const std::lock_guard lock(figures_.mutex);
      ++figures_.finished;
      figures_.waited += rider.was_told_to_wait ? 1 : 0;
      figures_.whole.ms.push_back(static_cast<float>(1000 * Seconds(now - rider.planned)));
      figures_.last = std::max(figures_.last, now);
      return std::nullopt;
    }
    const std::optional<ErrorFacts> facts = FactsOf(status);
    const bool told = facts && facts->retry_after.has_value();
    ++rider.tries;
    {
      const std::lock_guard lock(figures_.mutex);
      const std::string what = absl::StrCat(absl::StatusCodeToString(status.code()), " ", ReasonOf(status));
      ++(told ? figures_.told_to_wait : figures_.errors)[what];
      if (now >= end || (!told && rider.tries > kPassingTriesMax)) {
        ++figures_.failed;
        rider.stage = Stage::kFailed;
        if (figures_.failed <= 3) Say(absl::StrCat("a phone gave up: ", status.ToString()));
        return std::nullopt;
      }
    }
    rider.was_told_to_wait |= told;
    // An access token that ran out is changed for a new one first.
    if (absl::IsUnauthenticated(status) && rider.stage != Stage::kRefresh) (void)riders_.Refresh(rider);
    // As the app does: what the server says, and twice as long after every refusal in a row.
    const absl::Duration backoff = std::min(kBackoffMax, absl::Seconds(1) * (1 << std::min(rider.tries, 10)));
    const double spread = std::uniform_real_distribution<double>(0.5, 1.5)(random);
    const absl::Duration wait = std::max(told ? *facts->retry_after : absl::ZeroDuration(), backoff * spread);
    return now + std::chrono::microseconds(absl::ToInt64Microseconds(wait));
  }

  static int64_t ResidentKib(int pid) {
    std::ifstream in(absl::StrFormat("/proc/%d/status", pid));
    for (std::string line; std::getline(in, line);) {
      if (line.rfind("VmRSS:", 0) == 0) return std::atoll(line.c_str() + 6);
    }
    return 0;
  }

  void WatchMemory() {
    std::unique_lock lock(queue_mutex_);
    while (!over_) {
      int64_t sum = 0;
      for (const int pid : options_.server_pids) sum += ResidentKib(pid);
      if (memory_start_kib_ == 0) memory_start_kib_ = sum;
      memory_peak_kib_ = std::max(memory_peak_kib_, sum);
      if (left_ == 0) return;
      queue_changed_.wait_for(lock, std::chrono::milliseconds(500));
    }
  }

  void Report(json& out) {
    const std::lock_guard lock(figures_.mutex);
    out["finished"] = figures_.finished;
    out["failed"] = figures_.failed;
    out["last_done_s"] = Seconds(figures_.last - began_);
    out["whole"] = figures_.whole.ToJson();
    for (auto& [name, times] : figures_.times) out["rpcs"][name] = times.ToJson();
    out["told_to_wait"] = figures_.told_to_wait;
    out["recovered"] = figures_.waited;
    out["errors"] = figures_.errors;
    out["memory_start_mib"] = static_cast<double>(memory_start_kib_) / 1024;
    out["memory_peak_mib"] = static_cast<double>(memory_peak_kib_) / 1024;
  }

  const MorningOptions& options_;
  std::mt19937_64 random_;
  Figures figures_;
  Riders riders_;
  Clock::time_point began_;

  std::mutex queue_mutex_;  // guards queue_, left_, over_ and the memory figures
  std::condition_variable queue_changed_;
  std::priority_queue<Due> queue_;
  size_t left_ = 0;
  bool over_ = false;
  int64_t memory_start_kib_ = 0, memory_peak_kib_ = 0;
};

}  // namespace

absl::StatusOr<json> PlayMorning(const MorningOptions& options) { return Morning(options).Play(); }

}  // namespace gridwarden::sim
