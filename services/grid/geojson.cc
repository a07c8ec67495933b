#include "grid/geojson.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status.h"
#include "nlohmann/json.hpp"

namespace gridwarden::grid {
namespace {

using Json = nlohmann::json;

constexpr size_t kFeaturesMax = 10'000;
constexpr int kVerticesMax = 500'000;
constexpr const char* kCodeNames[] = {"adcode", "Code_County", "code", "code12", "CODE", "区划代码", "代码"};
constexpr const char* kNameNames[] = {"name", "Name_County", "NAME", "名称"};

std::string PropertyOf(const Json& properties, std::span<const char* const> names) {
  if (!properties.is_object()) return "";
  for (const char* name : names) {
    const auto found = properties.find(name);
    if (found == properties.end()) continue;
    if (found->is_string()) return found->get<std::string>();
    if (found->is_number_integer()) return std::to_string(found->get<int64_t>());
    if (found->is_number() && std::floor(found->get<double>()) == found->get<double>()) {
      return absl::StrFormat("%.0f", found->get<double>());
    }
  }
  return "";
}

void Refuse(Feature& feature, std::string column, std::string got, std::string want) {
  if (!feature.problem_want.empty()) return;  // the first thing wrong says enough
  feature.problem_column = std::move(column);
  feature.problem_got = std::move(got);
  feature.problem_want = std::move(want);
}

double TwiceArea(const std::vector<domain::Point>& ring) {
  double area = 0;
  for (size_t i = 0; i < ring.size(); ++i) {
    const domain::Point& a = ring[i];
    const domain::Point& b = ring[(i + 1) % ring.size()];
    area += a.longitude * b.latitude - b.longitude * a.latitude;
  }
  return area;
}

void ReadRing(const Json& points, bool hole, domain::Datum datum, Feature& feature, Polygon& polygon) {
  if (!points.is_array()) return Refuse(feature, "geometry", "a ring that is no list", "a list of positions");
  std::vector<domain::Point> ring;
  ring.reserve(points.size());
  bool closed = false;
  domain::Point first;
  for (const Json& position : points) {
    if (!position.is_array() || position.size() < 2 || !position[0].is_number() || !position[1].is_number()) {
      return Refuse(feature, "geometry",
                    position.dump(-1, ' ', false, Json::error_handler_t::replace).substr(0, 60),
                    "[longitude, latitude]");
    }
    const domain::Point given{position[0].get<double>(), position[1].get<double>()};
    if (!domain::IsValid(given)) {
      return Refuse(feature, "geometry", absl::StrFormat("[%g, %g]", given.longitude, given.latitude),
                    "longitude -180 to 180, then latitude -90 to 90");
    }
    if (ring.empty()) first = given;
    const absl::StatusOr<domain::Point> point = domain::ToWgs84(given, datum);
    if (!point.ok()) return Refuse(feature, "geometry", "a position", std::string(point.status().message()));
    closed = ring.size() > 0 && given.longitude == first.longitude && given.latitude == first.latitude;
    const bool repeated =
        !ring.empty() && ring.back().longitude == point->longitude && ring.back().latitude == point->latitude;
    if (!repeated) ring.push_back(*point);
  }
  if (closed && ring.size() > 1) ring.pop_back();
  if (!closed) ++feature.rings_closed;
  if (ring.size() < 3) {
    return Refuse(feature, "geometry", absl::StrFormat("a ring of %d points", static_cast<int>(ring.size())),
                  "at least 3 different points");
  }
  const double area = TwiceArea(ring);
  if (area == 0) return Refuse(feature, "geometry", "a ring without area", "a ring around some ground");
  if ((area > 0) == hole) {
    std::reverse(ring.begin(), ring.end());
    ++feature.rings_turned;
  }
  feature.vertices += static_cast<int>(ring.size());
  polygon.rings.push_back(std::move(ring));
}

void ReadPolygon(const Json& rings, domain::Datum datum, Feature& feature) {
  if (!rings.is_array() || rings.empty())
    return Refuse(feature, "geometry", "a polygon without rings", "rings");
  Polygon polygon;
  for (size_t i = 0; i < rings.size(); ++i) ReadRing(rings[i], i > 0, datum, feature, polygon);
  feature.shape.push_back(std::move(polygon));
}

Feature ReadFeature(const Json& json, int number, domain::Datum datum) {
  Feature feature;
  feature.number = number;
  if (!json.is_object() || !json.contains("geometry") || !json.contains("properties")) {
    Refuse(feature, "", "something else", "a Feature with geometry and properties");
    return feature;
  }
  feature.code = PropertyOf(json["properties"], kCodeNames);
  feature.display_name = PropertyOf(json["properties"], kNameNames);
  if (feature.code.empty())
    Refuse(feature, "properties.adcode", "nothing", "a division code in adcode, Code_County or code");
  const Json& geometry = json["geometry"];
  const std::string type = geometry.is_object() && geometry.contains("type") && geometry["type"].is_string()
                               ? geometry["type"].get<std::string>()
                               : "nothing";
  if ((type != "Polygon" && type != "MultiPolygon") || !geometry.contains("coordinates")) {
    Refuse(feature, "geometry.type", type, "Polygon or MultiPolygon");
    return feature;
  }
  const Json& coordinates = geometry["coordinates"];
  if (type == "Polygon") {
    ReadPolygon(coordinates, datum, feature);
  } else if (!coordinates.is_array() || coordinates.empty()) {
    Refuse(feature, "geometry", "no polygons", "at least one polygon");
  } else {
    for (const Json& polygon : coordinates) ReadPolygon(polygon, datum, feature);
  }
  if (feature.vertices > kVerticesMax) {
    Refuse(feature, "geometry", absl::StrCat(feature.vertices, " points"),
           absl::StrCat("at most ", kVerticesMax));
  }
  return feature;
}

// A document that opens more than this many brackets inside each other is no map, and would cost the parser
// its stack.
bool TooDeep(std::string_view bytes) {
  int depth = 0;
  bool quoted = false;
  for (size_t i = 0; i < bytes.size(); ++i) {
    const char c = bytes[i];
    if (quoted) {
      if (c == '\\')
        ++i;
      else if (c == '"')
        quoted = false;
    } else if (c == '"') {
      quoted = true;
    } else if (c == '[' || c == '{') {
      if (++depth > 64) return true;
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return false;
}

}  // namespace

absl::StatusOr<FeatureFile> ReadFeatures(std::string_view bytes, domain::Datum datum) {
  if (bytes.substr(0, 3) == "\xEF\xBB\xBF") bytes.remove_prefix(3);
  if (TooDeep(bytes)) return InvalidField("content", "got brackets more than 64 deep, want GeoJSON");
  const Json json = Json::parse(bytes.begin(), bytes.end(), nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded())
    return InvalidField("content", "got something that is no JSON, want a GeoJSON FeatureCollection");
  FeatureFile file;
  if (json.is_object() && json.value("type", Json()) == "Feature") {
    file.features.push_back(ReadFeature(json, 1, datum));
    return file;
  }
  if (!json.is_object() || json.value("type", Json()) != "FeatureCollection" || !json.contains("features") ||
      !json["features"].is_array()) {
    return InvalidField("content", "got other JSON, want a GeoJSON FeatureCollection");
  }
  const Json& features = json["features"];
  if (features.empty()) return InvalidField("content", "got a FeatureCollection without features");
  if (features.size() > kFeaturesMax) {
    return InvalidField("content",
                        absl::StrFormat("got %d features, want at most %d", static_cast<int>(features.size()),
                                        static_cast<int>(kFeaturesMax)));
  }
  for (size_t i = 0; i < features.size(); ++i) {
    file.features.push_back(ReadFeature(features[i], static_cast<int>(i) + 1, datum));
  }
  return file;
}

std::string WriteGeometry(const MultiPolygon& shape) {
  std::string text = R"({"type":"MultiPolygon","coordinates":[)";
  for (size_t p = 0; p < shape.size(); ++p) {
    text += p > 0 ? ",[" : "[";
    for (size_t r = 0; r < shape[p].rings.size(); ++r) {
      const std::vector<domain::Point>& ring = shape[p].rings[r];
      text += r > 0 ? ",[" : "[";
      for (size_t i = 0; i <= ring.size(); ++i) {
        const domain::Point& point = ring[i % ring.size()];
        absl::StrAppendFormat(&text, "%s[%.7f,%.7f]", i > 0 ? "," : "", point.longitude, point.latitude);
      }
      text += "]";
    }
    text += "]";
  }
  text += "]}";
  return text;
}

absl::StatusOr<MultiPolygon> ReadGeometry(std::string_view geojson) {
  const Json geometry = Json::parse(geojson.begin(), geojson.end(), nullptr, /*allow_exceptions=*/false);
  Json feature = {{"type", "Feature"}, {"properties", {{"code", "stored"}}}, {"geometry", geometry}};
  Feature read = ReadFeature(feature, 1, domain::Datum::kWgs84);
  if (!read.problem_want.empty()) return Internal("a stored polygon cannot be read");
  return std::move(read.shape);
}

}  // namespace gridwarden::grid
