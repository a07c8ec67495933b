#include "grid/simplify.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>
#include <random>
#include <set>

#include "gtest/gtest.h"

namespace gridwarden::grid {
namespace {

// A wavy line from one point to another, `steps` points between.
MapRing Wavy(MapPoint from, MapPoint to, int steps, int seed) {
  std::mt19937 random(seed);
  MapRing line;
  for (int i = 0; i <= steps; ++i) {
    const double share = static_cast<double>(i) / steps;
    const bool end = i == 0 || i == steps;
    const auto wave = [&] { return end ? 0 : static_cast<int>(random() % 61) - 30; };
    line.push_back(
        {static_cast<int32_t>(from.longitude_e5 + share * (to.longitude_e5 - from.longitude_e5)) + wave(),
         static_cast<int32_t>(from.latitude_e5 + share * (to.latitude_e5 - from.latitude_e5)) + wave()});
  }
  return line;
}

void Append(MapRing& ring, const MapRing& line, bool reversed) {
  MapRing part(line);
  if (reversed) part = MapRing(line.rbegin(), line.rend());
  ring.insert(ring.end(), part.begin(), part.end() - 1);
}

using Edge = std::pair<MapPoint, MapPoint>;
std::set<Edge> EdgesOf(const MapRing& ring) {
  std::set<Edge> edges;
  for (size_t i = 0; i < ring.size(); ++i) edges.insert(std::minmax(ring[i], ring[(i + 1) % ring.size()]));
  return edges;
}

double AreaOf(const MapRing& ring) {
  double twice = 0;
  for (size_t i = 0; i < ring.size(); ++i) {
    const MapPoint &a = ring[i], &b = ring[(i + 1) % ring.size()];
    twice += static_cast<double>(a.longitude_e5) * b.latitude_e5 -
             static_cast<double>(b.longitude_e5) * a.latitude_e5;
  }
  return std::abs(twice) / 2;
}

constexpr MapPoint kOrigin{11'350'000, 3'300'000};

// Nine villages in a township: every inner border belongs to two, the outer ones to a village and the
// township. Each ring begins anywhere and half of them run the other way.
struct Township {
  static constexpr int kSide = 3, kStep = 3000, kPoints = 200;
  std::vector<MapRing> rings;  // nine villages, then the township

  Township() {
    std::map<std::pair<MapPoint, MapPoint>, MapRing> lines;
    const auto corner = [](int x, int y) {
      return MapPoint{kOrigin.longitude_e5 + x * kStep, kOrigin.latitude_e5 + y * kStep};
    };
    const auto line = [&](MapPoint from, MapPoint to) -> MapRing& {
      auto [found, fresh] = lines.try_emplace(std::minmax(from, to));
      if (fresh)
        found->second =
            Wavy(found->first.first, found->first.second, kPoints, static_cast<int>(lines.size()));
      return found->second;
    };
    const auto add = [&](MapRing& ring, MapPoint from, MapPoint to) {
      Append(ring, line(from, to), to < from);
    };
    for (int y = 0; y < kSide; ++y) {
      for (int x = 0; x < kSide; ++x) {
        MapRing ring;
        add(ring, corner(x, y), corner(x + 1, y));
        add(ring, corner(x + 1, y), corner(x + 1, y + 1));
        add(ring, corner(x + 1, y + 1), corner(x, y + 1));
        add(ring, corner(x, y + 1), corner(x, y));
        rings.push_back(ring);
      }
    }
    MapRing outer;
    for (int x = 0; x < kSide; ++x) add(outer, corner(x, 0), corner(x + 1, 0));
    for (int y = 0; y < kSide; ++y) add(outer, corner(kSide, y), corner(kSide, y + 1));
    for (int x = kSide; x > 0; --x) add(outer, corner(x, kSide), corner(x - 1, kSide));
    for (int y = kSide; y > 0; --y) add(outer, corner(0, y), corner(0, y - 1));
    rings.push_back(outer);
    for (size_t i = 0; i < rings.size(); ++i) {
      std::rotate(rings[i].begin(), rings[i].begin() + static_cast<long>(37 * i % rings[i].size()),
                  rings[i].end());
      if (i % 2 == 1) std::reverse(rings[i].begin(), rings[i].end());
    }
  }
};

TEST(Simplify, LeavesBordersThatTwoHaveInCommonAlikeInBoth) {
  const Township township;
  for (const double tolerance : {5.0, 10.0, 50.0, 250.0}) {
    const std::vector<MapRing> simple = SimplifyTogether(township.rings, tolerance);
    std::map<Edge, int> uses;
    for (const MapRing& ring : simple) {
      ASSERT_GE(ring.size(), 3u);
      for (const Edge& edge : EdgesOf(ring)) ++uses[edge];
    }
    // An inner border stands in two villages, an outer one in a village and in the township: never in one.
    for (const auto& [edge, count] : uses) EXPECT_EQ(count, 2) << tolerance;
    double sum = 0;
    for (size_t i = 0; i + 1 < simple.size(); ++i) sum += AreaOf(simple[i]);
    EXPECT_NEAR(sum / AreaOf(simple.back()), 1, 1e-9) << "no gap and no overlap";
  }
}

TEST(Simplify, LeavesOutPointsAndMovesNoBorderFar) {
  const Township township;
  size_t before = 0, after = 0;
  const std::vector<MapRing> simple = SimplifyTogether(township.rings, 50);
  for (size_t i = 0; i < simple.size(); ++i) {
    before += township.rings[i].size();
    after += simple[i].size();
    EXPECT_NEAR(AreaOf(simple[i]) / AreaOf(township.rings[i]), 1, 0.02);
    const std::set<MapPoint> given(township.rings[i].begin(), township.rings[i].end());
    for (const MapPoint& point : simple[i]) EXPECT_EQ(given.count(point), 1u) << "no point is invented";
  }
  EXPECT_LT(after * 10, before);
}

TEST(Simplify, AnIslandWithinIsTheHoleAroundIt) {
  MapRing island;
  for (int i = 0; i < 360; ++i) {
    const double turn = i * std::numbers::pi / 180;
    island.push_back({kOrigin.longitude_e5 + static_cast<int32_t>(800 * std::cos(turn)),
                      kOrigin.latitude_e5 + static_cast<int32_t>(500 * std::sin(turn))});
  }
  MapRing hole(island.rbegin(), island.rend());
  std::rotate(hole.begin(), hole.begin() + 111, hole.end());
  const std::vector<MapRing> simple = SimplifyTogether({island, hole}, 10);
  EXPECT_LT(simple[0].size(), 60u);
  EXPECT_EQ(EdgesOf(simple[0]), EdgesOf(simple[1]));
}

TEST(Simplify, WhatWouldVanishIsLeftWithItsNeighbours) {
  // A yard of ten metres between two larger pieces of ground.
  const auto at = [](int x, int y) { return MapPoint{kOrigin.longitude_e5 + x, kOrigin.latitude_e5 + y}; };
  const MapRing yard = {at(0, 0), at(5, -3), at(10, 0), at(5, 3)};
  const MapRing south = {at(0, 0), at(5, -3), at(10, 0), at(1000, -900), at(-1000, -900)};
  const MapRing north = {at(10, 0), at(5, 3), at(0, 0), at(-1000, 900), at(1000, 900)};
  const std::vector<MapRing> simple = SimplifyTogether({yard, south, north}, 50);
  EXPECT_EQ(simple[0].size(), 4u);
  for (const Edge& edge : EdgesOf(simple[0]))
    EXPECT_EQ(EdgesOf(simple[1]).count(edge) + EdgesOf(simple[2]).count(edge), 1u);
}

TEST(Simplify, WhatHasNoAreaIsEmpty) {
  const MapPoint a = kOrigin, b{kOrigin.longitude_e5 + 100, kOrigin.latitude_e5};
  const std::vector<MapRing> simple = SimplifyTogether({{}, {a}, {a, b}, {a, a, a}, {a, b, a, b}}, 10);
  for (const MapRing& ring : simple) EXPECT_TRUE(ring.empty());
  EXPECT_TRUE(SimplifyTogether({}, 10).empty());
}

}  // namespace
}  // namespace gridwarden::grid
