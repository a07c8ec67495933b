#include "grid/boundary_index.h"

#include <atomic>
#include <random>
#include <thread>

#include "gtest/gtest.h"
#include "unit/grid/made_up_map.h"

namespace gridwarden::grid {
namespace {

using domain::Level, domain::Point;

constexpr double kMetre = 1 / 111'195.0;  // degrees north

Uuid Named(const std::string& name) { return Uuid::Derive(Uuid(), name); }

IndexedBoundary Box(const std::string& name, Level level, double west, double south, double east,
                    double north, domain::Interval valid = {}) {
  const MultiPolygon polygon = {{{{{west, south}, {east, south}, {east, north}, {west, north}}}}};
  return {Named(name), level, MakeShape(polygon), valid};
}

double ShareOf(const std::vector<Candidate>& found, const std::string& name) {
  for (const Candidate& candidate : found) {
    if (candidate.division == Named(name)) return candidate.confidence;
  }
  return 0;
}

// Two quarters and a half meet at 114 E, 33 N, in a county.
BoundaryIndex Corner() {
  std::vector<IndexedBoundary> boundaries = {Box("north", Level::kTownship, 113.9, 33, 114.1, 33.1),
                                             Box("south-west", Level::kTownship, 113.9, 32.9, 114, 33),
                                             Box("south-east", Level::kTownship, 114, 32.9, 114.1, 33),
                                             Box("county", Level::kCounty, 113.9, 32.9, 114.1, 33.1)};
  return BoundaryIndex(std::move(boundaries));
}

TEST(BoundaryIndex, AtACornerOfThreeEachHasTheShareOfTheGroundAround) {
  const BoundaryIndex index = Corner();
  for (const double accuracy : {0.0, 20.0, 500.0}) {
    const std::vector<Candidate> found = index.Locate({114, 33}, accuracy);
    EXPECT_NEAR(ShareOf(found, "north"), 0.5, 0.05) << accuracy;
    EXPECT_NEAR(ShareOf(found, "south-west"), 0.25, 0.05) << accuracy;
    EXPECT_NEAR(ShareOf(found, "south-east"), 0.25, 0.05) << accuracy;
    double sum = 0;
    for (const Candidate& candidate : found)
      sum += candidate.level == Level::kTownship ? candidate.confidence : 0;
    // Between a long border and two short ones that follow it there is a sliver of some metres.
    EXPECT_NEAR(sum, 1, 0.05) << accuracy;
  }
  // No township is more likely than not: the county above follows.
  const std::vector<Candidate> found = index.Locate({114 + kMetre * 5, 33 - kMetre * 5}, 100);
  EXPECT_GT(ShareOf(found, "county"), 0.99);
  EXPECT_EQ(found.front().level, Level::kTownship);
}

TEST(BoundaryIndex, SharesAtABorderFollowTheNormalDistribution) {
  const BoundaryIndex index = Corner();
  // 114.05 E, so many metres north of the border between north and south-east.
  for (const auto& [metres, accuracy, want] :
       {std::tuple(50.0, 0.0, 0.841), std::tuple(-50.0, 0.0, 0.159), std::tuple(0.0, 300.0, 0.5),
        std::tuple(100.0, 151.0, 0.81), std::tuple(600.0, 0.0, 0.998), std::tuple(-1000.0, 1510.0, 0.16)}) {
    const std::vector<Candidate> found = index.Locate({114.05, 33 + metres * kMetre}, accuracy);
    EXPECT_NEAR(ShareOf(found, "north"), want, 0.035) << metres << " " << accuracy;
  }
  const std::vector<Candidate> near = index.Locate({114.05, 33 + 30 * kMetre}, 0);
  // The long borders are great circles, which leave the parallel by some metres.
  EXPECT_NEAR(near[0].border_m, -30, 5) << "inside, 30 m from the border";
  EXPECT_NEAR(near[1].border_m, 30, 5);
}

TEST(BoundaryIndex, OutsideNearTheOuterBorderThePartThatMayBeInsideIsNamed) {
  const BoundaryIndex index = Corner();
  EXPECT_TRUE(index.Locate({114.05, 33.1 + 200 * kMetre}, 0).empty());
  EXPECT_NEAR(ShareOf(index.Locate({114.05, 33.1 + 25 * kMetre}, 0), "north"), 0.31, 0.04);
  // The corner of one polygon alone holds a quarter of the ground around it.
  EXPECT_NEAR(ShareOf(index.Locate({114.1, 33.1}, 0), "north"), 0.25, 0.05);
}

TEST(BoundaryIndex, EachTimeHasItsOwnOutline) {
  const absl::Time moved = absl::FromUnixSeconds(1'600'000'000);
  std::vector<IndexedBoundary> boundaries = {
      Box("a", Level::kTownship, 114, 33, 114.1, 33.1, {absl::InfinitePast(), moved}),
      Box("a", Level::kTownship, 114.05, 33, 114.1, 33.1, {moved, absl::InfiniteFuture()}),
      Box("b", Level::kTownship, 114, 33, 114.05, 33.1, {moved, absl::InfiniteFuture()})};
  const BoundaryIndex index(std::move(boundaries));
  const Point point{114.02, 33.05};
  EXPECT_GT(ShareOf(index.Locate(point, 0, moved - absl::Seconds(1)), "a"), 0.99);
  EXPECT_EQ(ShareOf(index.Locate(point, 0, moved - absl::Seconds(1)), "b"), 0);
  EXPECT_GT(ShareOf(index.Locate(point, 0, moved), "b"), 0.99);
  EXPECT_GT(ShareOf(index.Locate(point, 0), "b"), 0.99) << "of today";
  EXPECT_EQ(index.Holders(point), std::vector<Uuid>{Named("b")});
}

// The raster must say what the exact search says.
TEST(BoundaryIndex, TheRasterAnswersAsTheSearchDoes) {
  std::vector<MultiPolygon> map = MadeUpMap{.points_a_side = 40}.Counties();
  map[5][0].rings.push_back({{113.24, 33.24}, {113.24, 33.3}, {113.3, 33.3}, {113.3, 33.24}});  // a hole
  const BoundaryIndex index = IndexOf(map);
  std::mt19937_64 random(1);
  std::uniform_real_distribution<double> lon(112.9, 113.95), lat(32.9, 33.95);
  int inside = 0;
  for (int i = 0; i < 20'000; ++i) {
    const Point point{lon(random), lat(random)};
    // 30 m is what the raster serves, a hair more is searched for; the shares may differ by a hair as well.
    const std::vector<Candidate> looked_up = index.Locate(point, 30), searched = index.Locate(point, 30.0001);
    ASSERT_EQ(looked_up.size(), searched.size()) << point.longitude << " " << point.latitude;
    for (size_t c = 0; c < looked_up.size(); ++c) {
      ASSERT_EQ(looked_up[c].division, searched[c].division) << point.longitude << " " << point.latitude;
      ASSERT_NEAR(looked_up[c].confidence, searched[c].confidence, 0.002);
      ASSERT_EQ(looked_up[c].near_border, searched[c].near_border);
    }
    inside += !looked_up.empty();
  }
  EXPECT_GT(inside, 10'000);
  EXPECT_GT(index.bytes(), 0u);
}

TEST(BoundaryIndex, LongStraightBordersBulgeAndTheRasterKnows) {
  // Three degrees of a parallel are 2.5 km away from the great circle between their ends.
  std::vector<IndexedBoundary> boundaries = {Box("a", Level::kCity, 112, 33, 115, 34),
                                             Box("b", Level::kCity, 112, 34, 115, 35)};
  const BoundaryIndex index(std::move(boundaries));
  std::mt19937_64 random(2);
  std::uniform_real_distribution<double> lon(112.01, 114.99), lat(33.95, 34.1);
  for (int i = 0; i < 3'000; ++i) {
    const Point point{lon(random), lat(random)};
    const std::vector<Candidate> looked_up = index.Locate(point, 30), searched = index.Locate(point, 30.0001);
    ASSERT_EQ(looked_up.size(), searched.size()) << point.longitude << " " << point.latitude;
    ASSERT_EQ(looked_up.front().division, searched.front().division)
        << point.longitude << " " << point.latitude;
  }
}

TEST(BoundaryIndex, WithoutPolygonsNothingIsFound) {
  const BoundaryIndex index({});
  EXPECT_TRUE(index.Locate({114, 33}, 0).empty());
  EXPECT_TRUE(index.Locate({114, 33}, 5000).empty());
  EXPECT_FALSE(index.NearestBorder({114, 33}, 1000).has_value());
}

TEST(BoundaryIndex, IsReadByManyThreadsWhileOthersTakeItsPlace) {
  // The cache puts a whole new value in place of the old one; readers keep theirs until they are done.
  const std::vector<MultiPolygon> map = MadeUpMap{.columns = 3, .rows = 3, .points_a_side = 20}.Counties();
  std::mutex mutex;
  std::shared_ptr<const BoundaryIndex> current = std::make_shared<const BoundaryIndex>([&] {
    return std::vector<IndexedBoundary>{{Named("0"), Level::kCounty, MakeShape(map[4])}};
  }());
  std::atomic<bool> stop = false;
  std::atomic<int> wrong = 0, asked = 0;
  std::vector<std::thread> readers;
  for (int t = 0; t < 3; ++t) {
    readers.emplace_back([&, t] {
      std::mt19937_64 random(t);
      std::uniform_real_distribution<double> around(-0.05, 0.05);
      while (!stop) {
        std::shared_ptr<const BoundaryIndex> index;
        {
          const std::lock_guard lock(mutex);
          index = current;
        }
        wrong +=
            index->Locate({113.3 + around(random), 33.3 + around(random)}, asked % 2 == 0 ? 0 : 200).empty();
        ++asked;
      }
    });
  }
  for (int i = 0; i < 20; ++i) {
    std::vector<IndexedBoundary> boundaries;
    for (int n = 0; n <= i % 9; ++n)
      boundaries.push_back({Named(std::to_string(n)), Level::kCounty, MakeShape(map[(4 + n) % 9])});
    auto next = std::make_shared<const BoundaryIndex>(std::move(boundaries));
    const std::lock_guard lock(mutex);
    current.swap(next);
  }
  stop = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace gridwarden::grid
