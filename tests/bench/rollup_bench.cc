// The board in memory at 10^5 and 10^6 cases: reading the city with its counties, and folding one change.
#include <benchmark/benchmark.h>

#include <random>

#include "domain/rollup/rollup.h"

namespace gridwarden::domain {
namespace {

constexpr int64_t kHour = int64_t{3600} * 1000000;
constexpr Instant kAt{.us = 500000 * kHour, .day_end_us = 500012 * kHour};

Uuid Id(int level, int n) {
  std::string bytes(16, '\x01');
  bytes[12] = static_cast<char>(level);
  bytes[13] = static_cast<char>(n >> 16);
  bytes[14] = static_cast<char>(n >> 8);
  bytes[15] = static_cast<char>(n);
  return *Uuid::FromBytes(bytes);
}

// 10 counties of 20 townships of 15 villages; three in ten cases open, due over a hundred days.
Fact RandomCase(std::mt19937& random) {
  const int county = static_cast<int>(random() % 10), township = static_cast<int>(random() % 20),
            village = static_cast<int>(random() % 15);
  Fact fact;
  fact.kind = FactKind::kCase;
  fact.division = Id(4, (county * 20 + township) * 15 + village);
  fact.path = Id(1, 0).Bytes() + Id(2, county).Bytes() + Id(3, county * 20 + township).Bytes() +
              fact.division.Bytes();
  fact.category = "CATEGORY_" + std::to_string(random() % 20);
  fact.state = random() % 10 < 3 ? 1 + static_cast<int>(random() % 8) : 9 + static_cast<int>(random() % 4);
  if (IsOpen(fact))
    fact.due_us = kAt.us + (static_cast<int64_t>(random() % 2400) - 1800) * kHour +
                  static_cast<int64_t>(random() % kHour);
  return fact;
}

Rollup RollupOf(int64_t cases) {
  std::mt19937 random(1);
  Rollup rollup;
  for (int64_t i = 0; i < cases; ++i) rollup.Add(RandomCase(random), 1);
  return rollup;
}

void ReadCityBoard(benchmark::State& state) {
  const Rollup rollup = RollupOf(state.range(0));
  for (auto _ : state) {
    benchmark::DoNotOptimize(rollup.Read(Id(1, 0), {}, kAt));
    for (int county = 0; county < 10; ++county) benchmark::DoNotOptimize(rollup.Read(Id(2, county), {}, kAt));
  }
}
BENCHMARK(ReadCityBoard)->Arg(100'000)->Arg(1'000'000)->Unit(benchmark::kMicrosecond);

void FoldOneChange(benchmark::State& state) {
  Rollup rollup = RollupOf(state.range(0));
  std::mt19937 random(2);
  for (auto _ : state) {
    const Fact fact = RandomCase(random);
    rollup.Add(fact, 1);
    rollup.Add(fact, -1);
  }
}
BENCHMARK(FoldOneChange)->Arg(100'000)->Arg(1'000'000)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace gridwarden::domain

BENCHMARK_MAIN();
