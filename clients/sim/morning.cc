#include "sim/morning.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <fstream>
#include <map>
#include <memory>
#include <mutex>
#include <queue>
#include <random>
#include <sstream>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "base/id.h"
#include "base/status.h"
#include "common/connect_client.h"
#include "common/phone.h"
#include "google/protobuf/util/time_util.h"
#include "gridwarden/identity/v1/identity_service.pb.h"
#include "gridwarden/patrol/v1/patrol_service.pb.h"

namespace gridwarden::sim {
namespace {

using nlohmann::json;
using Clock = std::chrono::steady_clock;

constexpr char kPatrol[] = "gridwarden.patrol.v1.PatrolService/";
constexpr char kIdentity[] = "gridwarden.identity.v1.IdentityService/";
constexpr size_t kTasksAtOnce = 500;
constexpr int kPassingTriesMax = 100;
constexpr absl::Duration kBackoffMax = absl::Minutes(1);

double Seconds(Clock::duration span) { return std::chrono::duration<double>(span).count(); }

// What one phone has still to do, in this order.
enum class Stage { kRefresh, kPull, kPush, kPullAgain, kDone, kFailed };

// Milliseconds of what succeeded.
struct Times {
  std::vector<float> ms;
  double At(double part) {
    if (ms.empty()) return 0;
    std::sort(ms.begin(), ms.end());
    return ms[std::min(ms.size() - 1, static_cast<size_t>(part * static_cast<double>(ms.size())))];
  }
  json ToJson() {
    return {{"count", ms.size()}, {"p50_ms", At(0.5)}, {"p99_ms", At(0.99)}, {"max_ms", At(1)}};
  }
};

struct Figures {
  std::mutex mutex;  // guards all below
  std::map<std::string, Times> times;
  std::map<std::string, int> told_to_wait, errors;
  int finished = 0, failed = 0, waited = 0;
  Times whole;
  Clock::time_point last;

  void Took(const std::string& what, Clock::duration time) {
    const std::lock_guard lock(mutex);
    times[what].ms.push_back(static_cast<float>(1000 * Seconds(time)));
  }
};

struct Rider {
  std::string account, refresh_token, access_token, post, division;
  std::vector<std::string> tasks;
  std::map<std::string, std::string> visit_of;  // op_id -> visit
  std::unique_ptr<client::ConnectClient> line;
  std::unique_ptr<client::Phone> phone;
  Stage stage = Stage::kRefresh;
  Clock::time_point planned;
  int tries = 0;
  bool was_told_to_wait = false;
};

std::string NameOf(std::string_view method) {
  const size_t slash = method.rfind('/');
  return std::string(slash == std::string_view::npos ? method : method.substr(slash + 1));
}

class Morning {
 public:
  explicit Morning(const MorningOptions& options) : options_(options), random_(options.seed) {}

  absl::StatusOr<json> Play() {
    GW_RETURN_IF_ERROR(ReadPhones());
    json out = {{"phones", riders_.size()},
                {"visits_each", options_.visits},
                {"spread_s", absl::ToDoubleSeconds(options_.spread)}};
    auto began = Clock::now();
    GW_RETURN_IF_ERROR(Plan());
    out["plan_s"] = Seconds(Clock::now() - began);
    Say(absl::StrFormat("%d tasks planned in %.0f s", static_cast<int>(riders_.size()) * options_.visits,
                        Seconds(Clock::now() - began)));
    began = Clock::now();
    GW_RETURN_IF_ERROR(RegisterAll());
    out["register_s"] = Seconds(Clock::now() - began);
    Say(absl::StrFormat("%d phones registered in %.0f s", static_cast<int>(riders_.size()),
                        Seconds(Clock::now() - began)));
    GW_RETURN_IF_ERROR(WaitForTasks());
    WorkOffline();
    Ride();
    Report(out);
    GW_RETURN_IF_ERROR(Verify(out));
    return out;
  }

 private:
  static void Say(const std::string& what) { std::fprintf(stderr, "%s\n", what.c_str()); }

  absl::Status ReadPhones() {
    std::ifstream in(options_.phones_file);
    for (std::string line; std::getline(in, line);) {
      const json one = json::parse(line, nullptr, false);
      if (!one.is_object()) return absl::InvalidArgumentError(options_.phones_file + ": not a phone a line");
      auto rider = std::make_unique<Rider>();
      rider->account = one.value("account", "");
      rider->refresh_token = one.value("refresh_token", "");
      rider->post = one.value("post", "");
      rider->division = one.value("division", "");
      riders_.push_back(std::move(rider));
      if (options_.phones > 0 && static_cast<int>(riders_.size()) == options_.phones) break;
    }
    if (riders_.empty()) return absl::InvalidArgumentError(options_.phones_file + ": no phones");
    return absl::OkStatus();
  }

  client::ClientOptions LineOptions() const {
    return {.server = options_.server, .timeout = absl::Seconds(60), .ca_file = options_.ca_file};
  }

  // Calls again while the server is busy or says that it will pass.
  template <typename Response>
  absl::StatusOr<Response> Insist(client::ConnectClient& line, std::string_view method,
                                  const google::protobuf::Message& request) {
    for (int tries = 0;; ++tries) {
      absl::StatusOr<Response> answer = line.Call<Response>(method, request);
      const bool passing = absl::IsResourceExhausted(answer.status()) ||
                           absl::IsUnavailable(answer.status()) || absl::IsAborted(answer.status());
      if (answer.ok() || !passing || tries >= kPassingTriesMax) return answer;
      absl::SleepFor(absl::Milliseconds(100));
    }
  }

  absl::Status SignIn(client::ConnectClient& line) {
    identity::v1::SignInRequest request;
    request.set_login(options_.office_login);
    request.set_password(options_.office_password);
    request.set_client("gridsim");
    GW_ASSIGN_OR_RETURN(const identity::v1::Tokens tokens,
                        Insist<identity::v1::Tokens>(line, absl::StrCat(kIdentity, "SignIn"), request));
    line.set_token(tokens.access_token());
    return absl::OkStatus();
  }

  // The office gives everybody what they will have done by the morning.
  absl::Status Plan() {
    client::ConnectClient office(LineOptions());
    GW_RETURN_IF_ERROR(SignIn(office));
    patrol::v1::BatchCreatePatrolTasksRequest batch;
    std::vector<Rider*> whose;
    const auto send = [&]() -> absl::Status {
      if (whose.empty()) return absl::OkStatus();
      batch.set_request_id(Uuid::Make(absl::Now()).ToString());
      GW_ASSIGN_OR_RETURN(const auto made,
                          Insist<patrol::v1::BatchCreatePatrolTasksResponse>(
                              office, absl::StrCat(kPatrol, "BatchCreatePatrolTasks"), batch));
      for (size_t i = 0; i < whose.size(); ++i)
        whose[i]->tasks.push_back(made.patrol_tasks(static_cast<int>(i)).name());
      batch.Clear();
      whose.clear();
      return absl::OkStatus();
    };
    for (const std::unique_ptr<Rider>& rider : riders_) {
      for (int i = 0; i < options_.visits; ++i) {
        patrol::v1::PatrolTask& task = *batch.add_patrol_tasks();
        task.set_division(rider->division);
        task.set_category("STRAW_BURNING");
        task.set_post(rider->post);
        task.set_title("晨间巡查");
        *task.mutable_due_time() = google::protobuf::util::TimeUtil::SecondsToTimestamp(
            absl::ToUnixSeconds(absl::Now()) + 24 * 3600);
        whose.push_back(rider.get());
        if (whose.size() == kTasksAtOnce) GW_RETURN_IF_ERROR(send());
      }
    }
    return send();
  }

  absl::Status Refresh(Rider& rider) {
    identity::v1::RefreshTokensRequest request;
    request.set_refresh_token(rider.refresh_token);
    GW_ASSIGN_OR_RETURN(const std::string bytes,
                        Carry(rider, absl::StrCat(kIdentity, "RefreshTokens"), request.SerializeAsString()));
    identity::v1::Tokens tokens;
    if (!tokens.ParseFromString(bytes)) return absl::InternalError("no tokens");
    rider.access_token = tokens.access_token();
    rider.refresh_token = tokens.refresh_token();
    rider.line->set_token(rider.access_token);
    return absl::OkStatus();
  }

  // One rpc of a phone, timed once the morning has begun.
  absl::StatusOr<std::string> Carry(Rider& rider, std::string_view method, const std::string& body) {
    if (rider.line == nullptr) {
      rider.line = std::make_unique<client::ConnectClient>(LineOptions());
      rider.line->set_token(rider.access_token);
    }
    const Clock::time_point began = Clock::now();
    absl::StatusOr<std::string> answer = rider.line->CallBytes(method, body);
    if (morning_ && answer.ok()) figures_.Took(NameOf(method), Clock::now() - began);
    return answer;
  }

  absl::Status RegisterAll() {
    const Clock::time_point boot = Clock::now();
    std::atomic<size_t> next{0};
    std::mutex mutex;  // guards first
    absl::Status first;
    std::vector<std::thread> threads;
    for (int t = 0; t < options_.threads; ++t) {
      threads.emplace_back([&] {
        for (size_t i = next++; i < riders_.size(); i = next++) {
          Rider& rider = *riders_[i];
          const std::string boot_id = Uuid::Make(absl::Now()).ToString();
          rider.phone = std::make_unique<client::Phone>(
              client::PhoneOptions{.account = rider.account},
              [this, &rider](std::string_view method, const std::string& body) {
                return Carry(rider, method, body);
              },
              [boot, boot_id] {
                return client::ClockFace{absl::Now(),
                                         static_cast<int64_t>(1000 * Seconds(Clock::now() - boot)), boot_id};
              });
          absl::Status status;
          for (int tries = 0; tries < kPassingTriesMax; ++tries) {
            status = rider.access_token.empty() ? Refresh(rider) : absl::OkStatus();
            if (status.ok()) status = rider.phone->Register();
            if (status.ok()) break;
            absl::SleepFor(absl::Milliseconds(100));
          }
          rider.line.reset();
          const std::lock_guard lock(mutex);
          first.Update(status);
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    return first;
  }

  // Sync follows the feed: the last one planned must be on the last one's phone.
  absl::Status WaitForTasks() {
    Rider& last = *riders_.back();
    for (int tries = 0; tries < 600; ++tries) {
      const absl::Status pulled = last.phone->Pull();
      if (pulled.ok() && last.phone->records().contains(last.tasks.back())) {
        last.line.reset();
        return absl::OkStatus();
      }
      absl::SleepFor(absl::Milliseconds(500));
    }
    return absl::DeadlineExceededError("what was planned never came to the phone it was planned for");
  }

  void WorkOffline() {
    for (const std::unique_ptr<Rider>& rider : riders_) {
      for (const std::string& task : rider->tasks) {
        patrol::v1::SubmitVisitRequest request;
        request.set_parent(task);
        request.set_visit_id(Uuid::Make(absl::Now()).ToString());
        request.mutable_visit()->set_result(patrol::v1::Visit::NORMAL);
        const client::PhoneOperation& one =
            rider->phone->Do(absl::StrCat(kPatrol, "SubmitVisit"), request, task);
        rider->visit_of[one.op_id] = request.visit_id();
      }
    }
  }

  absl::Status DoStage(Rider& rider) {
    switch (rider.stage) {
      case Stage::kRefresh:
        return Refresh(rider);
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
    morning_ = true;
    const Clock::time_point start = Clock::now();
    const Clock::time_point end =
        start + std::chrono::microseconds(absl::ToInt64Microseconds(options_.spread + options_.patience));
    std::uniform_real_distribution<double> when(0, absl::ToDoubleSeconds(options_.spread));
    for (const std::unique_ptr<Rider>& rider : riders_) {
      rider->planned =
          start + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(when(random_)));
      queue_.push({rider->planned, rider.get()});
    }
    left_ = riders_.size();
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
    if (absl::IsUnauthenticated(status) && rider.stage != Stage::kRefresh) (void)Refresh(rider);
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

  // Every acknowledged visit is what its task says it was done by.
  absl::Status Verify(json& out) {
    std::map<std::string, std::string> acknowledged;  // task -> visit
    std::map<std::string, int> verdicts;
    int held = 0;
    for (const std::unique_ptr<Rider>& rider : riders_) {
      for (const client::PhoneOperation& one : rider->phone->operations()) {
        ++verdicts[sync::v1::Verdict_Name(one.result.verdict())];
        if (one.settled()) acknowledged[one.subject] = rider->visit_of.at(one.op_id);
        if (one.settled() && rider->phone->records().contains(one.subject)) ++held;
      }
    }
    client::ConnectClient office(LineOptions());
    GW_RETURN_IF_ERROR(SignIn(office));
    std::map<std::string, std::string> there;
    patrol::v1::ListPatrolTasksRequest list;
    list.add_states(patrol::v1::PatrolTask::DONE);
    list.set_page_size(500);
    do {
      GW_ASSIGN_OR_RETURN(const auto page, Insist<patrol::v1::ListPatrolTasksResponse>(
                                               office, absl::StrCat(kPatrol, "ListPatrolTasks"), list));
      for (const patrol::v1::PatrolTask& task : page.patrol_tasks())
        there[task.name()] = task.visit().substr(task.visit().rfind('/') + 1);
      list.set_page_token(page.next_page_token());
    } while (!list.page_token().empty());
    int missing = 0;
    for (const auto& [task, visit] : acknowledged)
      missing += !there.contains(task) || there.at(task) != visit;
    out["acknowledged"] = acknowledged.size();
    out["acknowledged_missing"] = missing;
    out["done_tasks"] = there.size();
    out["verdicts"] = verdicts;
    out["held_by_phones"] = held;
    if (options_.acknowledged_file.empty()) return absl::OkStatus();
    std::ofstream file(options_.acknowledged_file);
    for (const auto& [task, visit] : acknowledged) file << task << " " << visit << "\n";
    if (!file.flush()) return absl::InternalError(options_.acknowledged_file + ": cannot be written");
    return absl::OkStatus();
  }

  const MorningOptions& options_;
  std::mt19937_64 random_;
  std::vector<std::unique_ptr<Rider>> riders_;
  Figures figures_;
  std::atomic<bool> morning_{false};
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
