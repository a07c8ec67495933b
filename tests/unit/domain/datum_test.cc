#include "domain/geo/datum.h"

#include <cmath>
#include <limits>
#include <random>

#include "base/status.h"
#include "gtest/gtest.h"

namespace gridwarden::domain {
namespace {

constexpr Point kBeijing = {116.404, 39.915};

void ExpectNear(const Point& got, const Point& want, double degrees) {
  EXPECT_NEAR(got.longitude, want.longitude, degrees);
  EXPECT_NEAR(got.latitude, want.latitude, degrees);
}

TEST(Datum, AgreesWithThePublishedTransformsOfTheSamePoint) {
  ExpectNear(Wgs84ToGcj02(kBeijing), {116.41024449916938, 39.91640428150164}, 1e-9);
  ExpectNear(Gcj02ToBd09(kBeijing), {116.41036949371029, 39.92133699351021}, 1e-9);
  // The published inverses are approximations: ours may differ by their error.
  EXPECT_LT(DistanceMetres(Gcj02ToWgs84(kBeijing), {116.39775550083061, 39.91359571849836}), 5);
  EXPECT_LT(DistanceMetres(Bd09ToGcj02(kBeijing), {116.39762729119315, 39.90865673957631}), 2);
}

TEST(Datum, ShiftsAFewHundredMetresInsideChina) {
  const double shift = DistanceMetres(kBeijing, Wgs84ToGcj02(kBeijing));
  EXPECT_GT(shift, 300);
  EXPECT_LT(shift, 700);
}

TEST(Datum, InvertsItselfToAMillimetreEverywhereInHenan) {
  std::mt19937_64 random(1);
  std::uniform_real_distribution<double> longitude(110.3, 116.7), latitude(31.3, 36.4);
  double worst = 0;
  for (int i = 0; i < 20000; ++i) {
    const Point wgs = {longitude(random), latitude(random)};
    worst = std::max(worst, DistanceMetres(wgs, Gcj02ToWgs84(Wgs84ToGcj02(wgs))));
    worst = std::max(worst, DistanceMetres(wgs, Bd09ToWgs84(Wgs84ToBd09(wgs))));
  }
  EXPECT_LT(worst, 0.001);
}

TEST(Datum, InvertsItselfWithinHalfAMetreAllOverTheShiftedBox) {
  std::mt19937_64 random(2);
  // A hand's breadth inside the box, where a shifted point cannot leave it.
  std::uniform_real_distribution<double> longitude(72.1, 137.7), latitude(0.9, 55.7);
  for (int i = 0; i < 20000; ++i) {
    const Point wgs = {longitude(random), latitude(random)};
    ASSERT_LT(DistanceMetres(wgs, Gcj02ToWgs84(Wgs84ToGcj02(wgs))), 0.5)
        << wgs.longitude << " " << wgs.latitude;
    ASSERT_LT(DistanceMetres(wgs, Bd09ToWgs84(Wgs84ToBd09(wgs))), 0.5)
        << wgs.longitude << " " << wgs.latitude;
  }
}

TEST(Datum, LeavesPointsOutsideChinaWhereTheyAre) {
  for (const Point p : {Point{2.35, 48.86}, Point{-74, 40.7}, Point{151.2, -33.9}, Point{0, 0}}) {
    EXPECT_FALSE(IsShifted(p));
    ExpectNear(Wgs84ToGcj02(p), p, 0);
    ExpectNear(Gcj02ToWgs84(p), p, 0);
    ExpectNear(Bd09ToWgs84(p), p, 0);
  }
}

TEST(Datum, ConvertsByTheDeclaredDatum) {
  ExpectNear(ToWgs84(kBeijing, Datum::kWgs84).value(), kBeijing, 0);
  ExpectNear(ToWgs84(Wgs84ToGcj02(kBeijing), Datum::kGcj02).value(), kBeijing, 1e-8);
  ExpectNear(ToWgs84(Wgs84ToBd09(kBeijing), Datum::kBd09).value(), kBeijing, 1e-8);
}

TEST(Datum, IsNeverGuessed) {
  const auto got = ToWgs84(kBeijing, Datum::kUnspecified, "signal.position");
  EXPECT_EQ(got.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReasonOf(got.status()), "DATUM_MISSING");
  EXPECT_EQ(FactsOf(got.status())->fields.at(0).field, "signal.position.datum");
  EXPECT_EQ(ReasonOf(ToWgs84(kBeijing, static_cast<Datum>(9)).status()), "DATUM_MISSING");
}

TEST(Datum, RefusesWhatIsNoPlaceOnEarth) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double inf = std::numeric_limits<double>::infinity();
  for (const Point p : {Point{181, 0}, Point{-181, 0}, Point{nan, 0}, Point{inf, 0}}) {
    EXPECT_FALSE(IsValid(p));
    EXPECT_EQ(FactsOf(ToWgs84(p, Datum::kWgs84, "p").status())->fields.at(0).field, "p.longitude");
  }
  for (const Point p : {Point{0, 91}, Point{0, -90.001}, Point{0, nan}, Point{0, -inf}}) {
    EXPECT_FALSE(IsValid(p));
    EXPECT_EQ(FactsOf(ToWgs84(p, Datum::kGcj02, "p").status())->fields.at(0).field, "p.latitude");
  }
  EXPECT_TRUE(IsValid({180, -90}));
}

TEST(Datum, MeasuresMetresOnTheSphere) {
  EXPECT_NEAR(DistanceMetres({114, 33}, {114, 34}), 111195, 1);
  EXPECT_NEAR(DistanceMetres({0, 0}, {180, 0}), 20015115, 1);
  EXPECT_EQ(DistanceMetres(kBeijing, kBeijing), 0);
  EXPECT_NEAR(DistanceMetres({179.9995, 0}, {-179.9995, 0}), 111.2, 0.1);
}

}  // namespace
}  // namespace gridwarden::domain
