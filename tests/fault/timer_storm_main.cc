// Timers under everything that can happen to a scheduler: two of them on one database, killed at random one
// by one and both at once, their clocks stepped by an hour forth and back. Afterwards each rung that was due
// has fired once, with one entry of the journal, and none that was not due yet. Prints what it measured.
//   fault_timer_storm --timers=10000 --seconds=20 [--seed=1]
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "casework/case_repository.h"
#include "casework/timer.h"
#include "casework/timer_scheduler.h"
#include "platform/runtime/stop_signal.h"
#include "support/test_city.h"
#include "support/test_database.h"
#include "support/test_policy.h"

namespace gridwarden::testing {
namespace {

constexpr int kCases = 200;
constexpr int kRungs = 3;  // of each timer
constexpr absl::Duration kStep = absl::Hours(1);

[[noreturn]] void Stop(std::string_view why) {
  std::fprintf(stderr, "fault_timer_storm: %.*s\n", static_cast<int>(why.size()), why.data());
  std::exit(1);
}
void Must(const absl::Status& status, std::string_view what) {
  if (!status.ok()) Stop(absl::StrCat(std::string(what), ": ", status.ToString()));
}

// The machine's clock, off by as many seconds as a file says: somebody sets the clock of a server.
class SteppedClock final : public Clock {
 public:
  explicit SteppedClock(std::string file) : file_(std::move(file)) {}
  absl::Time Now() const override {
    std::ifstream in(file_);
    int64_t seconds = 0;
    in >> seconds;
    return absl::Now() + absl::Seconds(in ? seconds : 0);
  }

 private:
  const std::string file_;
};

struct Arguments {
  std::map<std::string, std::string> values;
  std::string Text(const std::string& name) const {
    const auto found = values.find(name);
    return found == values.end() ? "" : found->second;
  }
  int Number(const std::string& name, int otherwise) const {
    int value = otherwise;
    if (values.contains(name) && !absl::SimpleAtoi(Text(name), &value)) Stop("--" + name + " is no number");
    return value;
  }
};

Arguments Read(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const size_t equals = word.find('=');
    if (!word.starts_with("--") || equals == std::string::npos) Stop("what is " + word + "?");
    arguments.values[word.substr(2, equals - 2)] = word.substr(equals + 1);
  }
  return arguments;
}

// A scheduler of real time reads no feed.
class Nowhere final : public rpc::Channel {
 public:
  absl::StatusOr<std::string> Send(const rpc::Envelope&) override {
    return absl::UnimplementedError("there is no other area here");
  }
  void SendAsync(rpc::Envelope envelope, std::function<void(absl::StatusOr<std::string>)> done) override {
    done(Send(envelope));
  }
};

// The scheduler the server runs, in a process of its own, until it is killed.
int RunScheduler(const Arguments& arguments) {
  const StopSignal stop;
  absl::StatusOr<std::unique_ptr<db::Database>> database =
      db::Database::Open({.unix_socket = arguments.Text("socket"),
                          .user = "root",
                          .database = arguments.Text("database"),
                          .pool_size = 4});
  Must(database.status(), "open");
  const std::unique_ptr<access::Directory> directory = City().MakeDirectory();
  Nowhere nowhere;
  const auto area = std::make_shared<const casework::Casework>(casework::Casework{
      **database, *directory, TestPolicy(), [&](std::string_view) -> rpc::Channel& { return nowhere; }});
  const SteppedClock clock(arguments.Text("clock"));
  casework::TimerScheduler scheduler(area, clock, nowhere, false);
  std::ofstream(arguments.Text("clock") + ".ready") << "1\n";  // everything is loaded
  scheduler.Start();
  stop.Wait();
  scheduler.Stop();
  return 0;
}

// Everything that is to fire, and what must not.
struct Load {
  absl::Time first, last;
  int due = 0;    // rungs
  int later = 0;  // rungs that a clock an hour fast would fire
};

Load Prepare(db::Database& database, int timers, int seconds, std::mt19937& random) {
  std::vector<Uuid> cases;
  const absl::Time now = absl::Now();
  Must(database.Run([&](db::Transaction& tx) -> absl::Status {
    cases.clear();
    for (int i = 0; i < kCases; ++i) {
      casework::CaseFile file;
      file.id = Uuid::Make(now);
      file.case_no = absl::StrFormat("990102-2026-%05d", i + 1);
      file.state = casework::v1::Case::HANDLING;
      file.category = "DUST";
      file.place.division = City().villages[0][i % 3][i % 4];
      file.place.city = City().city;
      file.place.ground_path = City().ground->PathKeyNear(file.place.division, now, absl::InfiniteFuture());
      file.event_time = file.file_time = now;
      file.filing_division = City().townships[0][0];
      file.handler = {City().PostOf(domain::PostKind::kGridOfficer, file.place.division).id, false};
      file.total_due_time = now + absl::Hours(240);
      file.chain = file.id;
      file.subject = {file.id, 1, std::string(32, 'x')};
      GW_RETURN_IF_ERROR(casework::InsertCase(tx, file));
      cases.push_back(file.id);
    }
    return absl::OkStatus();
  }),
       "cases");
  Load load{.first = absl::Now() + absl::Seconds(1)};
  load.last = load.first + absl::Seconds(seconds);
  std::uniform_int_distribution<int64_t> when(0, absl::ToInt64Milliseconds(load.last - load.first));
  std::vector<casework::Timer> batch;
  const auto save = [&] {
    Must(database.Run([&](db::Transaction& tx) { return casework::SaveTimers(tx, batch); }), "timers");
    batch.clear();
  };
  // One in twenty only comes due in half an hour.
  for (int i = 0; i < timers; ++i) {
    const bool later = i % 20 == 19;
    std::vector<absl::Time> times;
    for (int rung = 0; rung < kRungs; ++rung) {
      times.push_back(load.first + absl::Milliseconds(when(random)) +
                      (later ? kStep / 2 : absl::ZeroDuration()));
    }
    std::sort(times.begin(), times.end());
    casework::Timer timer{.key = {cases[static_cast<size_t>(i) % kCases], "HANDLE", i / kCases},
                          .kind = casework::TimerSubject::kCase,
                          .start = now,
                          .due = times.back(),
                          .next = times.front()};
    constexpr int kPercents[kRungs] = {50, 80, 100};
    for (int rung = 0; rung < kRungs; ++rung) {
      casework::v1::TimerPlan::Step& step = *timer.plan.add_steps();
      step.set_percent(kPercents[rung]);
      step.set_level(rung == 2 ? casework::v1::Rung::R2 : casework::v1::Rung::R1);
      step.set_time_us(absl::ToUnixMicros(times[rung]));
    }
    (later ? load.later : load.due) += kRungs;
    batch.push_back(std::move(timer));
    if (batch.size() == 200) save();
  }
  if (!batch.empty()) save();
  return load;
}

// The two schedulers, as the driver sees them.
class Pair {
 public:
  Pair(const TestDatabase& database, std::string folder)
      : options_(database.options()), folder_(std::move(folder)) {
    for (int i = 0; i < 2; ++i) {
      SetClock(i, 0);
      Start(i);
    }
  }
  ~Pair() {
    for (int i = 0; i < 2; ++i) Kill(i);
  }

  void Kill(int i) {
    if (pids_[i] <= 0) return;
    kill(pids_[i], SIGKILL);
    waitpid(pids_[i], nullptr, 0);
    pids_[i] = 0;
    std::filesystem::remove(ClockFile(i) + ".ready");
  }
  void Start(int i) {
    if (pids_[i] > 0) return;
    const std::string socket = "--socket=" + options_.unix_socket,
                      database = "--database=" + options_.database, clock = "--clock=" + ClockFile(i);
    pids_[i] = fork();
    if (pids_[i] < 0) Stop("fork");
    if (pids_[i] == 0) {
      execl("/proc/self/exe", "fault_timer_storm", "--scheduler=1", socket.c_str(), database.c_str(),
            clock.c_str(), static_cast<char*>(nullptr));
      _exit(127);
    }
  }
  // Whether one of them has started up.
  bool Serves() const {
    return std::filesystem::exists(ClockFile(0) + ".ready") ||
           std::filesystem::exists(ClockFile(1) + ".ready");
  }
  // Written whole and renamed, so that no scheduler reads half a number.
  void SetClock(int i, int64_t seconds) {
    std::ofstream(ClockFile(i) + ".new") << seconds << "\n";
    std::filesystem::rename(ClockFile(i) + ".new", ClockFile(i));
  }

 private:
  std::string ClockFile(int i) const { return absl::StrCat(folder_, "/clock", i); }

  const db::Options options_;
  const std::string folder_;
  pid_t pids_[2] = {};
};

int64_t Ask(TestDatabase& database, const std::string& sql) {
  int64_t value = 0;
  const std::string text = database.Ask(sql);
  if (!text.empty() && !absl::SimpleAtoi(text, &value)) Stop(sql + " answered " + text);
  return value;
}

int Drive(const Arguments& arguments) {
  const int timers = arguments.Number("timers", 10000), seconds = arguments.Number("seconds", 15);
  std::mt19937 random(static_cast<unsigned>(arguments.Number("seed", 20261122)));
  TestDatabase database;
  char folder[] = "/tmp/gw-timers-XXXXXX";
  if (mkdtemp(folder) == nullptr) Stop("mkdtemp");
  const Load load = Prepare(*database, timers, seconds, random);
  int kills = 0, steps = 0;
  absl::Duration latest = absl::ZeroDuration();
  {
    Pair pair(database, folder);
    // Somebody has served since; a rung is late by the time since it was due or since then, whichever is
    // less.
    absl::Time served_since = absl::InfiniteFuture();
    absl::Time next_fault = load.first;
    const absl::Time give_up = load.last + absl::Minutes(3);
    while (Ask(database, absl::StrFormat("SELECT COUNT(*) FROM case_timer WHERE next_us <= %d",
                                         absl::ToUnixMicros(load.last))) > 0) {
      const absl::Time now = absl::Now();
      if (now > give_up) Stop("not everything that was due has fired");
      const int64_t oldest =
          Ask(database, absl::StrFormat("SELECT MIN(next_us) FROM case_timer WHERE next_us <= %d",
                                        absl::ToUnixMicros(now)));
      if (!pair.Serves()) {
        served_since = absl::InfiniteFuture();
      } else {
        served_since = std::min(served_since, now);
        if (oldest > 0) latest = std::max(latest, now - std::max(absl::FromUnixMicros(oldest), served_since));
      }
      if (now >= next_fault && now < load.last) {
        const int which = static_cast<int>(random() % 4);
        if (which == 3) {
          for (int i = 0; i < 2; ++i) pair.Kill(i);
          kills += 2;
          std::this_thread::sleep_for(std::chrono::milliseconds(random() % 400));
        } else if (which == 2) {
          pair.SetClock(static_cast<int>(random() % 2),
                        static_cast<int64_t>(random() % 3 - 1) * absl::ToInt64Seconds(kStep));
          ++steps;
        } else {
          pair.Kill(which);
          ++kills;
        }
        for (int i = 0; i < 2; ++i) pair.Start(i);
        next_fault = absl::Now() + absl::Milliseconds(400 + random() % 1200);
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }
  std::filesystem::remove_all(folder);
  const int64_t fired = Ask(database, "SELECT COUNT(*) FROM rung");
  const int64_t early = Ask(database, absl::StrFormat("SELECT COUNT(*) FROM rung WHERE due_us > %d",
                                                      absl::ToUnixMicros(absl::Now())));
  const int64_t entries = Ask(database, "SELECT COUNT(*) FROM journal_stage");
  const int64_t subjects = Ask(database, "SELECT COUNT(DISTINCT subject) FROM journal_stage");
  const int64_t unmatched = Ask(
      database,
      "SELECT COUNT(*) FROM rung r LEFT JOIN journal_stage s ON s.subject = r.rung_id WHERE s.id IS NULL");
  std::printf(
      "%d timers, %d rungs due, %d not yet due; %lld fired, %lld early, %lld entries, %lld of them twice; %d "
      "kills, %d steps of "
      "the clock; latest %.1f s after it was due and somebody served\n",
      timers, load.due, load.later, static_cast<long long>(fired), static_cast<long long>(early),
      static_cast<long long>(entries), static_cast<long long>(entries - subjects), kills, steps,
      absl::ToDoubleSeconds(latest));
  if (fired != load.due) Stop("not every rung that was due has fired once");
  if (early != 0) Stop("a rung fired before it was due");
  if (entries != fired || subjects != fired || unmatched != 0)
    Stop("rungs and entries of the journal differ");
  if (latest > absl::Seconds(5)) Stop("a rung was more than 5 s late while somebody served");
  return 0;
}

}  // namespace
}  // namespace gridwarden::testing

int main(int argc, char** argv) {
  const gridwarden::testing::Arguments arguments = gridwarden::testing::Read(argc, argv);
  return arguments.values.contains("scheduler") ? gridwarden::testing::RunScheduler(arguments)
                                                : gridwarden::testing::Drive(arguments);
}
