#include "domain/geo/datum.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/status.h"

namespace gridwarden::domain {
namespace {

constexpr double kPi = std::numbers::pi;
// The Krasovsky ellipsoid of the published GCJ-02 formula.
constexpr double kSemiMajor = 6378245.0;
constexpr double kEccentricity2 = 0.00669342162296594323;
constexpr double kBaiduPi = kPi * 3000.0 / 180.0;
constexpr double kEarthRadius = 6371008.8;
// Each round shrinks the error at least a hundredfold; five rounds reach the last digit of a double.
constexpr int kRounds = 12;

double Waves(double x, double of) {
  return (20.0 * std::sin(6.0 * x * kPi) + 20.0 * std::sin(2.0 * x * kPi)) * 2.0 / 3.0 + of;
}

Point Shift(const Point& p) {
  const double x = p.longitude - 105.0;
  const double y = p.latitude - 35.0;
  const double root = std::sqrt(std::abs(x));
  double dlat = Waves(x, -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root);
  dlat += (20.0 * std::sin(y * kPi) + 40.0 * std::sin(y / 3.0 * kPi)) * 2.0 / 3.0;
  dlat += (160.0 * std::sin(y / 12.0 * kPi) + 320.0 * std::sin(y * kPi / 30.0)) * 2.0 / 3.0;
  double dlon = Waves(x, 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root);
  dlon += (20.0 * std::sin(x * kPi) + 40.0 * std::sin(x / 3.0 * kPi)) * 2.0 / 3.0;
  dlon += (150.0 * std::sin(x / 12.0 * kPi) + 300.0 * std::sin(x / 30.0 * kPi)) * 2.0 / 3.0;
  const double radians = p.latitude / 180.0 * kPi;
  const double sine = std::sin(radians);
  const double magic = 1 - kEccentricity2 * sine * sine;
  const double root_magic = std::sqrt(magic);
  return {dlon * 180.0 / (kSemiMajor / root_magic * std::cos(radians) * kPi),
          dlat * 180.0 / (kSemiMajor * (1 - kEccentricity2) / (magic * root_magic) * kPi)};
}

// The point that `forward` maps to `target`, found by taking the remaining error off again and again.
template <typename Forward>
Point Invert(const Point& target, Forward forward) {
  Point guess = target;
  for (int i = 0; i < kRounds; ++i) {
    const Point there = forward(guess);
    guess.longitude += target.longitude - there.longitude;
    guess.latitude += target.latitude - there.latitude;
  }
  return guess;
}

Point BaiduOf(const Point& p) {
  const double x = p.longitude, y = p.latitude;
  const double z = std::sqrt(x * x + y * y) + 0.00002 * std::sin(y * kBaiduPi);
  const double theta = std::atan2(y, x) + 0.000003 * std::cos(x * kBaiduPi);
  return {z * std::cos(theta) + 0.0065, z * std::sin(theta) + 0.006};
}

}  // namespace

std::string_view NameOf(Datum datum) {
  switch (datum) {
    case Datum::kWgs84:
      return "WGS84";
    case Datum::kGcj02:
      return "GCJ02";
    case Datum::kBd09:
      return "BD09";
    case Datum::kCgcs2000:
      return "CGCS2000";
    case Datum::kUnspecified:
      break;
  }
  return "DATUM_UNSPECIFIED";
}

bool IsValid(const Point& point) {
  return std::isfinite(point.longitude) && std::isfinite(point.latitude) &&
         std::abs(point.longitude) <= 180 && std::abs(point.latitude) <= 90;
}

bool IsShifted(const Point& point) {
  return point.longitude >= 72.004 && point.longitude <= 137.8347 && point.latitude >= 0.8293 &&
         point.latitude <= 55.8271;
}

Point Wgs84ToGcj02(const Point& wgs84) {
  if (!IsShifted(wgs84)) return wgs84;
  const Point shift = Shift(wgs84);
  return {wgs84.longitude + shift.longitude, wgs84.latitude + shift.latitude};
}

Point Gcj02ToWgs84(const Point& gcj02) {
  if (!IsShifted(gcj02)) return gcj02;
  return Invert(gcj02, [](const Point& p) {
    const Point shift = Shift(p);
    return Point{p.longitude + shift.longitude, p.latitude + shift.latitude};
  });
}

Point Gcj02ToBd09(const Point& gcj02) { return IsShifted(gcj02) ? BaiduOf(gcj02) : gcj02; }
Point Bd09ToGcj02(const Point& bd09) { return IsShifted(bd09) ? Invert(bd09, BaiduOf) : bd09; }
Point Wgs84ToBd09(const Point& wgs84) { return Gcj02ToBd09(Wgs84ToGcj02(wgs84)); }
Point Bd09ToWgs84(const Point& bd09) { return Gcj02ToWgs84(Bd09ToGcj02(bd09)); }

absl::StatusOr<Point> ToWgs84(const Point& point, Datum datum, std::string_view field) {
  const std::string path(field);
  if (!(std::isfinite(point.longitude) && std::abs(point.longitude) <= 180)) {
    return InvalidField(absl::StrCat(path, ".longitude"),
                        absl::StrCat("got ", point.longitude, ", want -180 to 180"));
  }
  if (!(std::isfinite(point.latitude) && std::abs(point.latitude) <= 90)) {
    return InvalidField(absl::StrCat(path, ".latitude"),
                        absl::StrCat("got ", point.latitude, ", want -90 to 90"));
  }
  switch (datum) {
    case Datum::kWgs84:
    case Datum::kCgcs2000:
      return point;
    case Datum::kGcj02:
      return Gcj02ToWgs84(point);
    case Datum::kBd09:
      return Bd09ToWgs84(point);
    case Datum::kUnspecified:
      break;
  }
  return MakeError(
      absl::StatusCode::kInvalidArgument, "the datum is not declared and never guessed",
      {.reason = "DATUM_MISSING",
       .metadata = {{"field", absl::StrCat(path, ".datum")}},
       .fields = {{absl::StrCat(path, ".datum"), "got none, want WGS84, CGCS2000, GCJ02 or BD09"}}});
}

double DistanceMetres(const Point& a, const Point& b) {
  const double to_radians = kPi / 180.0;
  const double half_lat = std::sin((b.latitude - a.latitude) * to_radians / 2);
  const double half_lon = std::sin((b.longitude - a.longitude) * to_radians / 2);
  const double h = half_lat * half_lat + std::cos(a.latitude * to_radians) *
                                             std::cos(b.latitude * to_radians) * half_lon * half_lon;
  return 2 * kEarthRadius * std::asin(std::sqrt(std::min(1.0, h)));
}

}  // namespace gridwarden::domain
