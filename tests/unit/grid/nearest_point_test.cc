#include "grid/nearest_point.h"

#include <cstdio>
#include <map>

#include "grid/geojson.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "unit/domain/ground_builder.h"
#include "unit/grid/made_up_map.h"

namespace gridwarden::grid {
namespace {

using domain::Level;
using testing::IdOf;

constexpr double kMetre = 1 / 111'195.0;
const absl::Time kNow = absl::FromUnixSeconds(1'790'000'000);

// A township with a polygon and four villages without, of which three have a known point, 2 km apart on a
// meridian; one of them has a group with a point as well.
class NearestPoint : public ::testing::Test {
 protected:
  NearestPoint() {
    builder_.AddDivision("county", "", Level::kCounty);
    builder_.AddDivision("town", "county", Level::kTownship);
    builder_.AddDivision("other town", "county", Level::kTownship);
    for (const char* village : {"south", "middle", "north"})
      builder_.AddDivision(village, "town", Level::kVillage);
    builder_.AddDivision("beyond", "other town", Level::kVillage);
    for (int i = 0; i < 3; ++i)
      Know(i == 0 ? "south" : i == 1 ? "middle" : "north", Level::kVillage, 2000 * i);
  }

  void Know(const std::string& name, Level level, double metres_north, const std::string& of = "") {
    points_.push_back({IdOf(name), level, of, {114, 33 + metres_north * kMetre}});
  }
  std::vector<NearestShare> At(double metres_north, double accuracy_m = 0, double polygon = 0.998) {
    ground_ = builder_.Build();
    return SharesByNearestPoint(PointIndex(points_), *ground_, {{IdOf("town"), Level::kTownship, polygon}},
                                {114, 33 + metres_north * kMetre}, accuracy_m, kNow);
  }

  testing::GroundBuilder builder_;
  std::unique_ptr<domain::Ground> ground_;
  std::vector<KnownPoint> points_;
};

TEST_F(NearestPoint, NamesTheNearestWithItsDistanceAndNeverForSure) {
  const std::vector<NearestShare> shares = At(2010);
  ASSERT_EQ(shares.size(), 1u) << "the others are next to impossible";
  EXPECT_EQ(shares[0].division, IdOf("middle"));
  EXPECT_NEAR(shares[0].distance_m, 10, 0.5);
  EXPECT_LE(shares[0].confidence, 0.95);
  EXPECT_GT(shares[0].confidence, 0.9);
}

TEST_F(NearestPoint, HalfWayBetweenTwoBothAreNamedAndNeitherIsPreferred) {
  const std::vector<NearestShare> shares = At(1000);
  ASSERT_GE(shares.size(), 2u);
  EXPECT_NEAR(shares[0].confidence, shares[1].confidence, 0.01);
  EXPECT_LT(shares[0].confidence, 0.5);
  EXPECT_NEAR(shares[0].distance_m, 1000, 5);
}

TEST_F(NearestPoint, TheSurenessFallsWithTheDistanceWithTheAccuracyAndWithThePolygons) {
  double before = 1;
  for (const double metres : {2650, 2700, 2750, 2800, 2900}) {
    const double now = At(metres)[0].confidence;
    EXPECT_LT(now, before) << metres;
    before = now;
  }
  EXPECT_LT(At(2600, 3000)[0].confidence, At(2600)[0].confidence);
  EXPECT_NEAR(At(2700, 0, 0.5)[0].confidence, At(2700, 0, 1)[0].confidence / 2, 1e-9);
}

TEST_F(NearestPoint, AVillageWithoutAKnownPointMayBeTheOneAndLowersTheOthers) {
  const double all_known = At(2700)[0].confidence;
  builder_.AddDivision("unknown", "town", Level::kVillage);
  EXPECT_NEAR(At(2700)[0].confidence, all_known * 0.75, 0.001);
}

TEST_F(NearestPoint, OnlyWhatLiesBelowThePolygonCounts) {
  Know("beyond", Level::kVillage, 2050);
  EXPECT_EQ(At(2060)[0].division, IdOf("middle"));
}

TEST_F(NearestPoint, FarFromEveryPointNothingIsSaid) {
  EXPECT_TRUE(At(4000 + 5100).empty());
  EXPECT_FALSE(At(4000 + 4900).empty());
}

TEST_F(NearestPoint, GroupsComeBeforeVillagesWhereTheyAreKnown) {
  builder_.AddDivision("first group", "middle", Level::kGroup);
  builder_.AddDivision("second group", "middle", Level::kGroup);
  Know("first group", Level::kGroup, 1800);
  Know("second group", Level::kGroup, 2200);
  const std::vector<NearestShare> shares = At(2250);
  EXPECT_EQ(shares[0].division, IdOf("second group"));
  EXPECT_GT(shares[0].confidence, 0.5);
  // Half-way between the groups no group is likely, but the village is.
  const std::vector<NearestShare> between = At(2000);
  EXPECT_EQ(between[0].level, Level::kGroup);
  EXPECT_LT(between[0].confidence, 0.5);
  EXPECT_EQ(between.back().division, IdOf("middle"));
  EXPECT_GT(between.back().confidence, 0.9);
}

TEST_F(NearestPoint, OfSeveralPointsOfAVillageTheNearestCounts) {
  Know("north", Level::kVillage, 2200, "小河沿");
  const std::vector<NearestShare> shares = At(2190);
  EXPECT_EQ(shares[0].division, IdOf("north"));
  EXPECT_NEAR(shares[0].distance_m, 10, 0.5);
}

// The only real pairs of known points and outlines at hand are the seats of Henan's counties and their
// borders. Shrunk to a tenth, the counties are as large as villages: what the formula says must then come
// true as often as it says.
TEST(NearestPointCalibration, OnTheSeatsAndBordersOfHenanTheConfidenceComesTrue) {
  const std::string file = SharedData("boundaries/henan_counties_gcj02.geojson");
  if (file.empty()) return;  // the rules above hold without; there is no invented stand-in for a calibration
  const auto features =
      ReadFeatures(file, domain::Datum::kWgs84);  // as drawn: seats and borders share a datum
  ASSERT_TRUE(features.ok());
  const nlohmann::json json = nlohmann::json::parse(file);
  const auto shrunk = [](const domain::Point& p) {
    return domain::Point{113.5 + (p.longitude - 113.5) / 10, 33.9 + (p.latitude - 33.9) / 10};
  };
  testing::GroundBuilder builder;
  builder.AddDivision("province", "", Level::kTownship);
  std::vector<KnownPoint> points;
  std::vector<MultiPolygon> map;
  for (size_t i = 0; i < features->features.size(); ++i) {
    const auto& seat = json["features"][i]["properties"]["center"];
    const std::string name = std::to_string(i);
    builder.AddDivision(name, "province", Level::kVillage);
    points.push_back({IdOf(name), Level::kVillage, "", shrunk({seat[0], seat[1]})});
    map.push_back(features->features[i].shape);
  }
  const BoundaryIndex borders = IndexOf(map);
  const PointIndex index(std::move(points));
  const auto ground = builder.Build();
  std::mt19937_64 random(1);
  std::uniform_real_distribution<double> lon(110.4, 116.6), lat(31.4, 36.3);
  std::map<int, std::pair<int, double>> came_true;  // by tenth: how many, how often, what was said
  std::map<int, double> said;
  int asked = 0;
  while (asked < 6000) {
    const domain::Point place{lon(random), lat(random)};
    const std::vector<Uuid> holders = borders.Holders(place);
    if (holders.size() != 1) continue;
    ++asked;
    const std::vector<NearestShare> shares = SharesByNearestPoint(
        index, *ground, {{IdOf("province"), Level::kTownship, 1}}, shrunk(place), 0, kNow);
    if (shares.empty()) continue;
    const int tenth = static_cast<int>(shares[0].confidence * 10);
    came_true[tenth].first += 1;
    for (size_t i = 0; i < map.size(); ++i) {
      if (Uuid::Derive(Uuid(), std::to_string(i)) == holders[0])
        came_true[tenth].second += shares[0].division == IdOf(std::to_string(i));
    }
    said[tenth] += shares[0].confidence;
  }
  for (const auto& [tenth, counted] : came_true) {
    const double often = counted.second / counted.first, meant = said[tenth] / counted.first;
    std::printf("said %.2f, came true %.2f of %d\n", meant, often, counted.first);
    if (counted.first < 200) continue;
    EXPECT_NEAR(often, meant, 0.1) << tenth;
  }
}

}  // namespace
}  // namespace gridwarden::grid
