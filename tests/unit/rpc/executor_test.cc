#include "platform/rpc/executor.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <future>
#include <numeric>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace gridwarden::rpc {
namespace {

constexpr int kHealth = 1;
constexpr int kEvidence = 2;
constexpr int kDecision = 3;
constexpr int kRead = 4;
constexpr int kExport = 5;

// One thread that is kept busy until Release, and notes of what happened to the jobs behind it.
class Busy {
 public:
  explicit Busy(int queue_limit) : executor(1, queue_limit, [this] { return now.load(); }) {
    std::promise<void> started;
    executor.Submit({.call_class = 1,
                     .run =
                         [&, this] {
                           started.set_value();
                           release_.get_future().wait();
                         },
                     .refuse = [] {}});
    started.get_future().wait();
  }
  ~Busy() { Release(); }

  void Release() {
    if (!released_) release_.set_value();
    released_ = true;
  }
  void Submit(int call_class, const std::string& name) {
    executor.Submit({.call_class = call_class,
                     .run = [this, name] { Note(served_, name); },
                     .refuse = [this, name] { Note(refused_, name); }});
  }
  std::vector<std::string> served() { return Copy(served_); }
  std::vector<std::string> refused() { return Copy(refused_); }

 private:
  void Note(std::vector<std::string>& list, const std::string& name) {
    std::lock_guard lock(mutex_);
    list.push_back(name);
  }
  std::vector<std::string> Copy(const std::vector<std::string>& list) {
    std::lock_guard lock(mutex_);
    return list;
  }

  std::mutex mutex_;  // guards served_, refused_
  std::vector<std::string> served_, refused_;
  std::promise<void> release_;
  bool released_ = false;

 public:
  std::atomic<Admission::Time> now{Admission::Time(std::chrono::hours(1))};
  Executor executor;  // last: its threads use the rest
};

using Names = std::vector<std::string>;

TEST(Executor, ServesEvidenceBeforeReadsThatCameEarlier) {
  Busy busy(10);
  busy.Submit(kRead, "read");
  busy.Submit(kExport, "export");
  busy.Submit(kEvidence, "evidence");
  busy.Release();
  ASSERT_TRUE(busy.executor.Drain(std::chrono::seconds(10)));
  EXPECT_EQ(busy.served(), (Names{"evidence", "read", "export"}));
}

TEST(Executor, RefusesANewReadWhenTheQueueIsFullOfReads) {
  Busy busy(2);
  busy.Submit(kRead, "first");
  busy.Submit(kRead, "second");
  busy.Submit(kRead, "third");
  EXPECT_EQ(busy.refused(), (Names{"third"}));
  EXPECT_EQ(busy.executor.waiting(), 2);
}

TEST(Executor, ShedsTheLowestClassFirstToMakeRoomForEvidence) {
  Busy busy(3);
  busy.Submit(kRead, "old read");
  busy.Submit(kRead, "young read");
  busy.Submit(kExport, "export");
  busy.Submit(kEvidence, "evidence 1");
  busy.Submit(kEvidence, "evidence 2");
  EXPECT_EQ(busy.refused(), (Names{"export", "young read"}));
  EXPECT_EQ(busy.executor.shed(), 2u);
}

TEST(Executor, NeverShedsEvidenceForAnythingElse) {
  Busy busy(2);
  busy.Submit(kEvidence, "evidence 1");
  busy.Submit(kEvidence, "evidence 2");
  busy.Submit(kRead, "read");
  busy.Submit(kExport, "export");
  EXPECT_EQ(busy.refused(), (Names{"read", "export"}));
  busy.Release();
  ASSERT_TRUE(busy.executor.Drain(std::chrono::seconds(10)));
  EXPECT_EQ(busy.served(), (Names{"evidence 1", "evidence 2"}));
}

// Ten times of what a server can do, all classes mixed, while it serves nobody: the worst moment.
TEST(Executor, RefusesInTheOrderOfTheClassesAndKeepsTheQueueShort) {
  Busy busy(64);
  std::array<int, kCallClasses> submitted{};
  for (int i = 0; i < 2000; ++i) {
    const int call_class = 1 + i % 5;
    if (call_class == kHealth && i % 100 != 0) continue;  // probes are few
    ++submitted[call_class];
    busy.Submit(call_class, std::to_string(call_class));
    EXPECT_LE(busy.executor.waiting(), 64);
  }
  EXPECT_TRUE(busy.executor.overloaded());
  const std::array<uint64_t, kCallClasses> shed = busy.executor.shed_by_class();
  EXPECT_EQ(shed[kHealth], 0u);
  for (int c = kEvidence; c < kExport; ++c) EXPECT_LE(shed[c], shed[c + 1]) << c;
  EXPECT_EQ(busy.refused().size(), busy.executor.shed());
  busy.Release();
  ASSERT_TRUE(busy.executor.Drain(std::chrono::seconds(10)));
  const Names served = busy.served();
  EXPECT_TRUE(std::is_sorted(served.begin(), served.end()));
  EXPECT_EQ(std::count(served.begin(), served.end(), "1"), submitted[kHealth]);
  EXPECT_EQ(served.size() + busy.refused().size(),
            static_cast<size_t>(std::accumulate(submitted.begin(), submitted.end(), 0)));
}

TEST(Executor, TellsWhoHasWaitedTooLongInAnOverloadToComeBack) {
  Busy busy(64);
  busy.Submit(kRead, "old read");
  busy.now = busy.now.load() + Admission::kBurstWait + std::chrono::milliseconds(1);
  busy.Submit(kEvidence, "evidence");  // finds somebody who has waited too long: the calm is over
  EXPECT_TRUE(busy.executor.overloaded());
  EXPECT_EQ(busy.refused(), (Names{"old read"}));
  busy.now = busy.now.load() + Admission::kWaitMax + std::chrono::milliseconds(1);
  busy.Submit(kDecision, "decision");
  EXPECT_EQ(busy.refused(), (Names{"old read", "evidence"}));
  EXPECT_EQ(busy.executor.waiting(), 1);
}

TEST(Executor, RefusesBeforehandWhatItWouldRefuseAndNeverHealth) {
  Busy busy(2);
  EXPECT_FALSE(busy.executor.RefusesNow(kExport));
  for (int i = 0; i < 3; ++i) busy.Submit(kEvidence, "evidence");
  EXPECT_TRUE(busy.executor.RefusesNow(kRead));
  EXPECT_TRUE(busy.executor.RefusesNow(kEvidence));
  EXPECT_FALSE(busy.executor.RefusesNow(kHealth));
  EXPECT_EQ(busy.executor.shed_by_class()[kRead], 1u);
}

TEST(Executor, ServesHealthWhileAllThatMayRunIsRunning) {
  std::promise<void> release, probed;
  std::shared_future<void> released = release.get_future().share();
  Executor executor(2, 2);
  executor.Submit({.call_class = kRead, .run = [released] { released.wait(); }, .refuse = [] {}});
  executor.Submit({.call_class = kHealth, .run = [&] { probed.set_value(); }, .refuse = [] {}});
  EXPECT_EQ(probed.get_future().wait_for(std::chrono::seconds(10)), std::future_status::ready);
  release.set_value();
  EXPECT_TRUE(executor.Drain(std::chrono::seconds(10)));
}

TEST(Executor, KeepsThreadsFreeForShortWorkWhileExportsRun) {
  std::promise<void> release;
  std::shared_future<void> released = release.get_future().share();
  std::promise<void> read_served;
  Executor executor(4, 100);
  for (int i = 0; i < 8; ++i) {
    executor.Submit({.call_class = kExport, .run = [released] { released.wait(); }, .refuse = [] {}});
  }
  executor.Submit({.call_class = kRead, .run = [&] { read_served.set_value(); }, .refuse = [] {}});
  EXPECT_EQ(read_served.get_future().wait_for(std::chrono::seconds(10)), std::future_status::ready);
  EXPECT_LE(executor.running(), 2);  // one export, and perhaps still the read
  release.set_value();
  EXPECT_TRUE(executor.Drain(std::chrono::seconds(10)));
}

TEST(Executor, RefusesWhatStillWaitsWhenTheGraceIsOver) {
  Busy busy(10);
  busy.Submit(kRead, "waiting");
  EXPECT_FALSE(busy.executor.Drain(std::chrono::milliseconds(1)));
  EXPECT_EQ(busy.refused(), (Names{"waiting"}));
  busy.Submit(kEvidence, "late");
  EXPECT_EQ(busy.refused(), (Names{"waiting", "late"}));
}

}  // namespace
}  // namespace gridwarden::rpc
