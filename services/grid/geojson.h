#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "domain/geo/datum.h"
#include "grid/boundary_index.h"

// Polygons as GeoJSON (RFC 7946), read with suspicion and written plainly.
namespace gridwarden::grid {

// One feature of a file, or what is wrong with it.
struct Feature {
  int number = 0;    // 1, 2 ... in the file
  std::string code;  // properties adcode, Code_County, code ...; "" when there is none
  std::string display_name;
  MultiPolygon shape;  // WGS-84, as in the file otherwise: see Repair
  int vertices = 0;
  int rings_closed = 0;      // rings whose last point was not the first
  bool no_geometry = false;  // geometry null or without coordinates, as the format allows
  std::string problem_column, problem_got, problem_want;  // not empty: the feature cannot be taken
};

struct FeatureFile {
  std::vector<Feature> features;
};

// Reads a FeatureCollection or one Feature with Polygon or MultiPolygon geometry, given in `datum`.
// INVALID_ARGUMENT when the whole is no such thing: not JSON, no features, too many.
absl::StatusOr<FeatureFile> ReadFeatures(std::string_view bytes, domain::Datum datum);

// A position of a file, or what is wrong with it. Longitude comes first; a pair the other way round is told.
struct PointFeature {
  int number = 0;
  std::string code;
  std::string display_name;
  domain::Point given;  // as in the file
  std::string problem_column, problem_got, problem_want;
};
// The same of Point geometry.
absl::StatusOr<std::vector<PointFeature>> ReadPointFeatures(std::string_view bytes);

// What is wanted instead of these two numbers; "" when they are a position.
std::string WantOfPosition(const domain::Point& given);

// The MultiPolygon geometry, closed rings, 7 decimals (1 cm).
std::string WriteGeometry(const MultiPolygon& shape);
// What WriteGeometry wrote. INTERNAL for anything else.
absl::StatusOr<MultiPolygon> ReadGeometry(std::string_view geojson);

}  // namespace gridwarden::grid
