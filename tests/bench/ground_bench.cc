#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <random>
#include <vector>

#include "domain/ground/ground.h"
#include "grid/boundary_index.h"

// Responsibility and point location in memory, on a city of 2,900 villages (numbers.md, "further goals" and
// goal 9).
namespace gridwarden {
namespace {

using domain::Division, domain::Ground, domain::Level, domain::Person, domain::Post, domain::PostKind,
    domain::Regime, domain::Tenure;

constexpr int kCounties = 11, kTownships = 18, kVillages = 15;

struct City {
  std::vector<Division> divisions;
  std::vector<Post> posts;
  std::vector<Tenure> tenures;
  std::vector<Person> persons;
  std::vector<Uuid> villages;

  Uuid Add(Level level, const Uuid& parent) {
    Division division;
    division.id = Uuid::Make(absl::Now());
    division.parent = parent;
    division.level = level;
    division.display_name = "d" + std::to_string(divisions.size());
    divisions.push_back(division);
    for (const PostKind kind : {PostKind::kGridLeader, PostKind::kGridOfficer, PostKind::kPatrolOfficer,
                                PostKind::kSupervisionOfficer}) {
      Post post;
      post.id = Uuid::Make(absl::Now());
      post.kind = kind;
      post.division = division.id;
      Tenure tenure;
      tenure.id = Uuid::Make(absl::Now());
      tenure.post = post.id;
      tenure.person = Uuid::Make(absl::Now());
      tenure.valid.from = absl::UnixEpoch();
      tenure.recorded = absl::UnixEpoch();
      persons.push_back({tenure.person, "p"});
      posts.push_back(post);
      tenures.push_back(tenure);
    }
    return division.id;
  }

  City() {
    const Uuid city = Add(Level::kCity, Uuid());
    for (int c = 0; c < kCounties; ++c) {
      const Uuid county = Add(Level::kCounty, city);
      for (int t = 0; t < kTownships; ++t) {
        const Uuid township = Add(Level::kTownship, county);
        for (int v = 0; v < kVillages; ++v) villages.push_back(Add(Level::kVillage, township));
      }
    }
  }
};

// Every division below the city moved twice in the past ten years, and one village in ten was merged into its
// neighbour: more than any province has seen.
void Reorganise(City& city, std::vector<domain::Lineage>& lineages) {
  const absl::Time now = absl::Now();
  for (Division& division : city.divisions) {
    if (division.parent.IsNil()) continue;
    const absl::Time first = now - absl::Hours(24 * 3000), second = now - absl::Hours(24 * 1000);
    division.placements = {{division.parent, {absl::InfinitePast(), first}},
                           {division.parent, {first, second}, first},
                           {division.parent, {first, absl::InfiniteFuture()}, first, second},
                           {division.parent, {second, absl::InfiniteFuture()}, second}};
  }
  for (size_t v = 0; v + 1 < city.divisions.size(); v += 10) {
    Division& ended = city.divisions[v];
    const Division& neighbour = city.divisions[v + 1];
    if (ended.level != Level::kVillage || neighbour.level != Level::kVillage) continue;
    const absl::Time end = now - absl::Hours(24 * 500);
    ended.placements.back().revoked = end;
    ended.placements.push_back({ended.parent, {ended.placements[1].valid.to, end}, end});
    ended.valid.to = end;
    domain::Lineage lineage;
    lineage.id = Uuid::Make(now);
    lineage.from = ended.id;
    lineage.to = neighbour.id;
    lineage.kind = domain::LineageKind::kMerge;
    lineage.effective = lineage.recorded = end;
    lineages.push_back(lineage);
  }
}

// reorganised:0 is a tree that never changed, reorganised:1 one that did; same posts, side by side.
void ResolveTheWholeChainOfAVillage(benchmark::State& state) {
  City city;
  std::vector<domain::Lineage> lineages;
  if (state.range(0) == 1) Reorganise(city, lineages);
  const Ground ground(city.divisions, city.posts, city.tenures, city.persons, {}, lineages);
  std::mt19937 random(1);
  const absl::Time now = absl::Now();
  size_t links = 0;
  for (auto _ : state) {
    const auto chain =
        ground.ResolveResponsible(city.villages[random() % city.villages.size()], Regime::kGeneral, now, now);
    links += chain.size();
    benchmark::DoNotOptimize(chain.data());
  }
  state.counters["links"] =
      benchmark::Counter(static_cast<double>(links), benchmark::Counter::kAvgIterations);
}
BENCHMARK(ResolveTheWholeChainOfAVillage)
    ->ArgName("reorganised")
    ->Arg(0)
    ->Arg(1)
    ->Unit(benchmark::kMicrosecond);

// May somebody of the county act on a row of a village: the question of every call.
void AskWhoAnswersForAVillage(benchmark::State& state) {
  City city;
  std::vector<domain::Lineage> lineages;
  if (state.range(0) == 1) Reorganise(city, lineages);
  const Ground ground(city.divisions, city.posts, city.tenures, city.persons, {}, lineages);
  std::mt19937 random(1);
  const absl::Time now = absl::Now();
  const Uuid county = city.divisions[1].id;
  for (auto _ : state)
    benchmark::DoNotOptimize(ground.AnswersFor(county, city.villages[random() % city.villages.size()], now));
}
BENCHMARK(AskWhoAnswersForAVillage)->ArgName("reorganised")->Arg(0)->Arg(1)->Unit(benchmark::kMicrosecond);

void ReadTheTreeIntoMemory(benchmark::State& state) {
  City city;
  std::vector<domain::Lineage> lineages;
  if (state.range(0) == 1) Reorganise(city, lineages);
  for (auto _ : state) {
    const Ground ground(city.divisions, city.posts, city.tenures, city.persons, {}, lineages);
    benchmark::DoNotOptimize(&ground);
  }
  state.counters["posts"] = static_cast<double>(city.posts.size());
}
BENCHMARK(ReadTheTreeIntoMemory)->ArgName("reorganised")->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond);

// Cells of some 3 km with so many vertices each, side by side from 113.2 E, 32.3 N on.
std::vector<grid::IndexedBoundary> Cells(int columns, int rows, int vertices) {
  std::vector<grid::IndexedBoundary> boundaries;
  for (int x = 0; x < columns; ++x) {
    for (int y = 0; y < rows; ++y) {
      grid::Polygon polygon;
      polygon.rings.emplace_back();
      const double west = 113.2 + x * 0.036, south = 32.3 + y * 0.026;
      for (int i = 0; i < vertices; ++i) {
        const double along = 4.0 * i / vertices;
        const int side = static_cast<int>(along);
        const double part = along - side;
        const double u = side == 0 ? part : side == 1 ? 1 : side == 2 ? 1 - part : 0;
        const double v = side == 0 ? 0 : side == 1 ? part : side == 2 ? 1 : 1 - part;
        polygon.rings[0].push_back({west + 0.036 * u, south + 0.026 * v});
      }
      boundaries.push_back({Uuid::Make(absl::Now()), Level::kVillage, grid::MakeShape({polygon})});
    }
  }
  return boundaries;
}

// 2,800 cells of 200 vertices each, as goal 9 asks; the argument is the accuracy stated with the point in
// tenths of a metre: none, that of a phone, and one for which everything is searched and nothing looked up.
void LocateAPoint(benchmark::State& state) {
  const grid::BoundaryIndex index(Cells(56, 50, 200));
  std::mt19937 random(1);
  std::uniform_real_distribution<double> lon(113.2, 115.2), lat(32.3, 33.6);
  size_t found = 0;
  for (auto _ : state)
    found += index.Locate({lon(random), lat(random)}, static_cast<double>(state.range(0)) / 10).size();
  state.counters["candidates"] =
      benchmark::Counter(static_cast<double>(found), benchmark::Counter::kAvgIterations);
  // Each one by itself; the clock's own share of some 30 ns is in it.
  std::vector<double> micros;
  for (int i = 0; i < 20'000; ++i) {
    const domain::Point point{lon(random), lat(random)};
    const auto start = std::chrono::steady_clock::now();
    benchmark::DoNotOptimize(index.Locate(point, static_cast<double>(state.range(0)) / 10));
    micros.push_back(
        std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count());
  }
  std::sort(micros.begin(), micros.end());
  state.counters["p50_us"] = micros[micros.size() / 2];
  state.counters["p99_us"] = micros[micros.size() * 99 / 100];
}
BENCHMARK(LocateAPoint)->Arg(0)->Arg(200)->Arg(301)->Unit(benchmark::kMicrosecond);

// What happens beside the queries after an import: 2,800 polygons of 200 vertices, and the 52,000 villages of
// a province with 40 each. The shapes themselves are kept from one index to the next.
void RebuildTheIndexOfBoundaries(benchmark::State& state) {
  const bool province = state.range(0) > 10'000;
  const std::vector<grid::IndexedBoundary> cells = province ? Cells(260, 200, 40) : Cells(56, 50, 200);
  double bytes = 0;
  for (auto _ : state) {
    const grid::BoundaryIndex index(cells);
    bytes = static_cast<double>(index.bytes());
  }
  state.counters["polygons"] = static_cast<double>(cells.size());
  state.counters["MiB"] = bytes / (1 << 20);
}
BENCHMARK(RebuildTheIndexOfBoundaries)->Arg(2'800)->Arg(52'000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace gridwarden

BENCHMARK_MAIN();
