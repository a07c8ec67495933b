#include "grid/datum_check.h"

#include <cstdio>

#include "grid/geojson.h"
#include "grid/outline.h"
#include "gtest/gtest.h"
#include "unit/grid/made_up_map.h"

namespace gridwarden::grid {
namespace {

using domain::Datum, domain::Point;
using Verdict = DatumFinding::Verdict;

Point Given(const Point& wgs84, Datum datum) {
  if (datum == Datum::kGcj02) return domain::Wgs84ToGcj02(wgs84);
  if (datum == Datum::kBd09) return domain::Wgs84ToBd09(wgs84);
  return wgs84;
}

// The map as a file in `truth` reads when it is declared to be in `declared`.
std::vector<MultiPolygon> ReadAs(const std::vector<MultiPolygon>& map, Datum truth, Datum declared) {
  return Changed(map, [&](const Point& point) { return *domain::ToWgs84(Given(point, truth), declared); });
}

Datum Class(Datum datum) { return datum == Datum::kCgcs2000 ? Datum::kWgs84 : datum; }

TEST(DatumCheck, EveryWrongDatumIsFoundAndTheRightOneNamedInAllDirections) {
  const BoundaryIndex stored = IndexOf(MadeUpMap{}.Counties());
  const std::vector<MultiPolygon> redrawn =
      MadeUpMap{.points_a_side = 23, .error_m = 30, .seed = 7}.Counties();
  for (const Datum truth : {Datum::kWgs84, Datum::kGcj02, Datum::kBd09}) {
    for (const Datum declared : {Datum::kWgs84, Datum::kCgcs2000, Datum::kGcj02, Datum::kBd09}) {
      const std::vector<MultiPolygon> file = ReadAs(redrawn, truth, declared);
      const DatumFinding finding = CheckOutlines(Pointers(file), declared, stored);
      const std::string what =
          std::string(domain::NameOf(truth)) + " declared as " + std::string(domain::NameOf(declared));
      if (Class(declared) == truth) {
        EXPECT_EQ(finding.verdict, Verdict::kFits) << what;
        EXPECT_LT(std::hypot(finding.east_m, finding.north_m), 50) << what;
      } else {
        EXPECT_EQ(finding.verdict, Verdict::kShifted) << what;
        EXPECT_EQ(finding.would_fit, truth) << what;
        EXPECT_EQ(finding.features, 16) << what;
        // As far as the two datums lie apart here.
        const Point middle{113.4, 33.4};
        const double apart = domain::DistanceMetres(middle, *domain::ToWgs84(Given(middle, truth), declared));
        EXPECT_NEAR(std::hypot(finding.east_m, finding.north_m), apart, 60) << what;
        EXPECT_LT(finding.distance_after_m, finding.distance_m / 2) << what;
      }
    }
  }
}

TEST(DatumCheck, AShiftThatNoDatumExplainsIsFoundAsWell) {
  const BoundaryIndex stored = IndexOf(MadeUpMap{}.Counties());
  const std::vector<MultiPolygon> file = Changed(MadeUpMap{.points_a_side = 31}.Counties(), [](Point point) {
    point.latitude -= 0.004;
    return point;
  });
  const DatumFinding finding = CheckOutlines(Pointers(file), Datum::kWgs84, stored);
  EXPECT_EQ(finding.verdict, Verdict::kShifted);
  EXPECT_EQ(finding.would_fit, Datum::kUnspecified);
  EXPECT_NEAR(finding.east_m, 0, 40);
  EXPECT_NEAR(finding.north_m, -445, 40);
}

TEST(DatumCheck, BordersDrawnAnewRaiseNoAlarm) {
  const BoundaryIndex stored = IndexOf(MadeUpMap{}.Counties());
  for (unsigned seed = 1; seed <= 12; ++seed) {
    const std::vector<MultiPolygon> redrawn =
        MadeUpMap{.points_a_side = static_cast<int>(8 + seed), .error_m = 80, .seed = seed}.Counties();
    // The whole map, and a single county of it.
    EXPECT_NE(CheckOutlines(Pointers(redrawn), Datum::kWgs84, stored).verdict, Verdict::kShifted) << seed;
    EXPECT_NE(CheckOutlines({&redrawn[seed % 16]}, Datum::kWgs84, stored).verdict, Verdict::kShifted) << seed;
  }
}

TEST(DatumCheck, NeighboursAndTheCountyAboveAreEnoughToCompareWith) {
  const std::vector<MultiPolygon> map = MadeUpMap{}.Counties();
  // Columns 0 and 1 come in where only 2 and 3 are stored: one common border.
  const std::vector<MultiPolygon> west(map.begin(), map.begin() + 8), east(map.begin() + 8, map.end());
  const BoundaryIndex neighbours = IndexOf(east);
  const std::vector<MultiPolygon> wrong = ReadAs(west, Datum::kGcj02, Datum::kWgs84);
  EXPECT_EQ(CheckOutlines(Pointers(west), Datum::kWgs84, neighbours).verdict, Verdict::kFits);
  const DatumFinding finding = CheckOutlines(Pointers(wrong), Datum::kWgs84, neighbours);
  EXPECT_EQ(finding.verdict, Verdict::kShifted);
  EXPECT_EQ(finding.would_fit, Datum::kGcj02);
  EXPECT_EQ(finding.features, 4) << "those at the common border";
}

TEST(DatumCheck, AVillageDrawnByHandBesideAStraightBorderRaisesNoAlarm) {
  const auto square = [](double west, double south, double side) {
    return MultiPolygon{
        {{{{west, south}, {west + side, south}, {west + side, south + side}, {west, south + side}}}}};
  };
  const BoundaryIndex county = IndexOf({square(113, 33, 0.3)});
  // Some hundred metres inside the county's western border, which it should reach.
  for (const double gap : {0.002, 0.004, 0.006}) {
    const MultiPolygon village = square(113 + gap, 33.1, 0.02);
    EXPECT_EQ(CheckOutlines({&village}, Datum::kWgs84, county).verdict, Verdict::kNothingToCompare) << gap;
  }
}

TEST(DatumCheck, WhereNothingIsKnownNearbyItSaysSo) {
  const std::vector<MultiPolygon> map = MadeUpMap{}.Counties();
  EXPECT_EQ(CheckOutlines(Pointers(map), Datum::kWgs84, IndexOf({})).verdict, Verdict::kNothingToCompare);
  const std::vector<MultiPolygon> elsewhere = Changed(map, [](Point point) {
    point.longitude -= 2;
    return point;
  });
  EXPECT_EQ(CheckOutlines(Pointers(elsewhere), Datum::kWgs84, IndexOf(map)).verdict,
            Verdict::kNothingToCompare);
}

// Two maps of Henan's counties by different makers, one in each datum.
TEST(DatumCheck, OverTheRealMapsOfHenanEachWrongDatumIsFoundAndNoRightOneRefused) {
  const std::string wgs84_file = SharedData("boundaries/henan_counties_wgs84.geojson");
  const std::string gcj02_file = SharedData("boundaries/henan_counties_gcj02.geojson");
  if (wgs84_file.empty()) return;  // the invented map above stands in where the real data is not at hand
  const auto read = [](const std::string& file, Datum declared) {
    std::vector<MultiPolygon> map;
    FeatureFile features = *ReadFeatures(file, declared);
    for (Feature& feature : features.features) {
      EXPECT_FALSE(Repair(feature.shape).refused()) << feature.display_name;
      map.push_back(std::move(feature.shape));
    }
    return map;
  };
  const std::vector<MultiPolygon> wgs84 = read(wgs84_file, Datum::kWgs84),
                                  gcj02 = read(gcj02_file, Datum::kGcj02);
  const BoundaryIndex by_wgs84 = IndexOf(wgs84), by_gcj02 = IndexOf(gcj02);
  EXPECT_EQ(CheckOutlines(Pointers(gcj02), Datum::kGcj02, by_wgs84).verdict, Verdict::kFits);
  EXPECT_EQ(CheckOutlines(Pointers(wgs84), Datum::kWgs84, by_gcj02).verdict, Verdict::kFits);
  const auto expect_found = [](const std::vector<MultiPolygon>& map, Datum declared,
                               const BoundaryIndex& stored, Datum truth) {
    const DatumFinding finding = CheckOutlines(Pointers(map), declared, stored);
    EXPECT_EQ(finding.verdict, Verdict::kShifted);
    EXPECT_EQ(finding.would_fit, truth);
    std::printf(
        "%s declared as %s: %d features lie %.0f m east and %.0f m north, %.0f m from borders, %.0f m "
        "after\n",
        std::string(domain::NameOf(truth)).c_str(), std::string(domain::NameOf(declared)).c_str(),
        finding.features, finding.east_m, finding.north_m, finding.distance_m, finding.distance_after_m);
  };
  expect_found(read(gcj02_file, Datum::kWgs84), Datum::kWgs84, by_wgs84, Datum::kGcj02);
  expect_found(read(gcj02_file, Datum::kBd09), Datum::kBd09, by_wgs84, Datum::kGcj02);
  expect_found(read(wgs84_file, Datum::kGcj02), Datum::kGcj02, by_gcj02, Datum::kWgs84);
  expect_found(read(wgs84_file, Datum::kBd09), Datum::kBd09, by_gcj02, Datum::kWgs84);
  // One county at a time, in its right datum: no false alarm, though some borders changed between the years.
  for (size_t i = 0; i < gcj02.size(); i += 8) {
    EXPECT_NE(CheckOutlines({&gcj02[i]}, Datum::kGcj02, by_wgs84).verdict, Verdict::kShifted) << i;
    EXPECT_NE(CheckOutlines({&wgs84[i]}, Datum::kWgs84, by_gcj02).verdict, Verdict::kShifted) << i;
  }
}

// Villages of 2 km with a known point in the middle of each, give or take.
struct Villages {
  std::vector<MultiPolygon> polygons;
  std::vector<PointOnGround> points;
  Villages() {
    MadeUpMap map{.columns = 12, .rows = 12, .points_a_side = 8};
    map.cell = 0.02;
    polygons = map.Counties();
    std::mt19937_64 random(3);
    std::uniform_real_distribution<double> aside(-0.006, 0.006);
    for (int i = 0; i < 144; ++i) {
      points.push_back(
          {{113 + (i / 12 + 0.5) * 0.02 + aside(random), 33 + (i % 12 + 0.5) * 0.02 + aside(random)},
           {Uuid::Derive(Uuid(), std::to_string(i))}});
    }
  }
};

TEST(DatumCheck, KnownPointsTellPolygonsInTheWrongDatum) {
  const Villages villages;
  const auto index_as = [&](Datum truth, Datum declared) {
    return IndexOf(ReadAs(villages.polygons, truth, declared), domain::Level::kVillage);
  };
  EXPECT_EQ(
      CheckPointsInside(villages.points, index_as(Datum::kWgs84, Datum::kWgs84), Datum::kWgs84, true).verdict,
      Verdict::kFits);
  for (const Datum truth : {Datum::kWgs84, Datum::kGcj02, Datum::kBd09}) {
    for (const Datum declared : {Datum::kWgs84, Datum::kGcj02, Datum::kBd09}) {
      const DatumFinding finding =
          CheckPointsInside(villages.points, index_as(truth, declared), declared, true);
      EXPECT_EQ(finding.verdict, truth == declared ? Verdict::kFits : Verdict::kShifted);
      EXPECT_EQ(finding.would_fit, truth == declared ? Datum::kUnspecified : truth);
    }
  }
}

TEST(DatumCheck, PolygonsTellPointsInTheWrongDatum) {
  const Villages villages;
  const BoundaryIndex stored = IndexOf(villages.polygons, domain::Level::kVillage);
  for (const Datum truth : {Datum::kWgs84, Datum::kGcj02, Datum::kBd09}) {
    for (const Datum declared : {Datum::kWgs84, Datum::kGcj02, Datum::kBd09}) {
      std::vector<PointOnGround> file = villages.points;
      for (PointOnGround& point : file) point.wgs84 = *domain::ToWgs84(Given(point.wgs84, truth), declared);
      const DatumFinding finding = CheckPointsInside(file, stored, declared, false);
      EXPECT_EQ(finding.verdict, truth == declared ? Verdict::kFits : Verdict::kShifted);
      EXPECT_EQ(finding.would_fit, truth == declared ? Datum::kUnspecified : truth);
    }
  }
}

TEST(DatumCheck, FewPointsProveNothing) {
  Villages villages;
  villages.points.resize(6);
  EXPECT_EQ(CheckPointsInside(villages.points, IndexOf(villages.polygons, domain::Level::kVillage),
                              Datum::kWgs84, true)
                .verdict,
            Verdict::kNothingToCompare);
}

TEST(DatumCheck, TheSamePointsImportedAgainInAnotherDatumAreFoundAndCorrectedOnesAreNot) {
  const Villages villages;
  std::vector<PointPair> shifted, corrected;
  std::mt19937_64 random(5);
  std::uniform_real_distribution<double> anywhere(-0.006, 0.006);
  for (const PointOnGround& point : villages.points) {
    shifted.push_back({*domain::ToWgs84(domain::Wgs84ToGcj02(point.wgs84), Datum::kWgs84), point.wgs84});
    corrected.push_back(
        {{point.wgs84.longitude + anywhere(random), point.wgs84.latitude + anywhere(random)}, point.wgs84});
  }
  const DatumFinding finding = CheckPointPairs(shifted, Datum::kWgs84);
  EXPECT_EQ(finding.verdict, Verdict::kShifted);
  EXPECT_EQ(finding.would_fit, Datum::kGcj02);
  EXPECT_EQ(CheckPointPairs(corrected, Datum::kWgs84).verdict, Verdict::kFits);
  shifted.resize(5);
  EXPECT_EQ(CheckPointPairs(shifted, Datum::kWgs84).verdict, Verdict::kNothingToCompare);
}

}  // namespace
}  // namespace gridwarden::grid
