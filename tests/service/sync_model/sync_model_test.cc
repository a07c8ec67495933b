// Exactly once (G3) and defensible times (G20), over random days of phones on bad lines, with clocks that are
// moved and a server that dies between any two steps of a push, against a plain model. The seed is printed
// and repeats the day: GRIDWARDEN_SYNC_SEED. How many operations: GRIDWARDEN_SYNC_OPERATIONS;
// tests/fault/phones.py runs a hundred thousand.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "absl/strings/numbers.h"
#include "service/sync_model/island.h"

namespace gridwarden::testing {
namespace {

constexpr int kIslands = 4;
constexpr int kOperations = 12'000;
constexpr uint64_t kSeed = 20261122;

int FromEnvironment(const char* name, int otherwise) {
  const char* text = std::getenv(name);
  int value = 0;
  return text != nullptr && absl::SimpleAtoi(text, &value) && value > 0 ? value : otherwise;
}

void Show(const char* what, const std::map<std::string, int>& counts) {
  std::printf("  %s:", what);
  for (const auto& [name, count] : counts) std::printf(" %s %d;", name.c_str(), count);
  std::printf("\n");
}

TEST(SyncModel, NothingIsLostAndNothingDoubledWhateverTheLinesAndTheServerDo) {
  const int operations = FromEnvironment("GRIDWARDEN_SYNC_OPERATIONS", kOperations);
  const uint64_t seed =
      static_cast<uint64_t>(FromEnvironment("GRIDWARDEN_SYNC_SEED", static_cast<int>(kSeed)));
  std::vector<std::unique_ptr<TestDatabase>> databases;
  std::vector<std::unique_ptr<Island>> islands;
  for (int i = 0; i < kIslands; ++i) {
    databases.push_back(std::make_unique<TestDatabase>(TestDatabase::Content::kMigrated, 4));
    islands.push_back(std::make_unique<Island>(seed + static_cast<uint64_t>(i), *databases.back()));
  }
  const auto began = std::chrono::steady_clock::now();
  std::vector<std::thread> threads;
  for (const std::unique_ptr<Island>& island : islands) {
    threads.emplace_back([&island, operations] {
      const auto timed = [&](const char* what, auto part) {
        const auto from = std::chrono::steady_clock::now();
        if (island->faults().empty()) part();
        island->Took(what, std::chrono::duration<double>(std::chrono::steady_clock::now() - from).count());
      };
      timed("play", [&] { island->Play(operations / kIslands); });
      timed("drain", [&] { island->Drain(); });
      timed("compare", [&] { island->Compare(); });
      timed("send again", [&] { island->SendLogsAgain(); });
    });
  }
  for (std::thread& thread : threads) thread.join();
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();

  Tally all;
  for (const std::unique_ptr<Island>& island : islands) {
    all.Add(island->tally());
    for (const std::string& fault : island->faults()) ADD_FAILURE() << fault;
  }
  std::printf(
      "sync model, seed %llu: %d operations by %d phones, %d pushes, %d pulls, %d sent again; %.0f s\n",
      static_cast<unsigned long long>(seed), all.operations, 7 * kIslands, all.pushes, all.pulls,
      all.replayed, seconds);
  Show("acts", all.acts);
  Show("faults", all.faults);
  Show("answers", all.verdicts);
  Show("reasons", all.reasons);
  Show("grades", all.grades);
  std::printf("  entries of grade D whose truth was earlier than the receipt: %d\n  seconds of a thread:",
              all.outside);
  for (const auto& [what, time] : all.seconds) std::printf(" %s %.1f;", what.c_str(), time / kIslands);
  std::printf("\n");
  if (HasFailure()) return;
  EXPECT_GE(all.operations, operations);
  if (operations < kOperations) return;  // too few to have seen everything
  for (const char* verdict : {"ACCEPTED", "DUPLICATE", "ASSERTED", "REFUSED"})
    EXPECT_GT(all.verdicts[verdict], 20);
  for (const char* fault :
       {"request lost", "answer lost", "sent twice", "delayed", "arrived late", "cut",
        "server died before a replay", "server died after a replay", "server restarted",
        "area away before a replay", "area away after a replay", "area late before a replay",
        "area late after a replay", "clock moved an hour", "clock moved a day", "clock moved a year",
        "phone restarted", "reinstalled", "cursor lost"})
    EXPECT_GT(all.faults[fault], 3) << fault;
  for (const auto& [act, count] : all.acts) EXPECT_GT(count, 20) << act;
}

}  // namespace
}  // namespace gridwarden::testing
