#pragma once

#include <cstdint>
#include <string_view>

#include "absl/status/statusor.h"

// Reference frames of coordinates. Inside we keep WGS-84 (CGCS2000 is equal at our accuracy and kept as what
// was declared); GCJ-02 and BD-09 are converted where they enter. Outside the bounding box of China GCJ-02
// equals WGS-84, as the maps that use it do.
namespace gridwarden::domain {

// Numbers of gridwarden.type.v1.Position.Datum.
enum class Datum : uint8_t { kUnspecified, kWgs84, kGcj02, kBd09, kCgcs2000 };

// "WGS84", "GCJ02" ...: the names of the proto's values.
std::string_view NameOf(Datum datum);

// Degrees.
struct Point {
  double longitude = 0;
  double latitude = 0;
};

// Finite, -180..180 and -90..90.
bool IsValid(const Point& point);

// Whether the published GCJ-02 formula shifts the point: 72.004..137.8347 east, 0.8293..55.8271 north.
bool IsShifted(const Point& point);

Point Wgs84ToGcj02(const Point& wgs84);
// The exact inverse by iteration: within 0.001 m of the point that Wgs84ToGcj02 maps here.
Point Gcj02ToWgs84(const Point& gcj02);
Point Gcj02ToBd09(const Point& gcj02);
// The published inverse is an approximation (up to about 1 m); this one iterates to within 0.001 m as well.
Point Bd09ToGcj02(const Point& bd09);
Point Wgs84ToBd09(const Point& wgs84);
Point Bd09ToWgs84(const Point& bd09);

// The point in WGS-84. INVALID_ARGUMENT / DATUM_MISSING when the datum is not declared (it is never guessed),
// INVALID_FIELD
// "<field>.longitude" or ".latitude" when out of range.
absl::StatusOr<Point> ToWgs84(const Point& point, Datum datum, std::string_view field = "position");

// Great-circle distance on the mean sphere of radius 6,371,008.8 m; within 0.6 % of the ellipsoid.
double DistanceMetres(const Point& a, const Point& b);

}  // namespace gridwarden::domain
