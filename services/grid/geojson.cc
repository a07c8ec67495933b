#include "grid/geojson.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status.h"
#include "grid/outline.h"
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

// "[longitude, latitude]" of a position, or what is wrong with it.
bool ReadPosition(const Json& position, const std::string& place, domain::Point& given, Feature& feature) {
  if (!position.is_array() || position.size() < 2 || !position[0].is_number() || !position[1].is_number()) {
    Refuse(feature, place, position.dump(-1, ' ', false, Json::error_handler_t::replace).substr(0, 60),
           "[longitude, latitude]");
    return false;
  }
  given = {position[0].get<double>(), position[1].get<double>()};
  const std::string want = WantOfPosition(given);
  if (want.empty()) return true;
  Refuse(feature, place, absl::StrFormat("[%g, %g]", given.longitude, given.latitude), want);
  return false;
}

void ReadRing(const Json& points, size_t part, size_t number, domain::Datum datum, Feature& feature,
              Polygon& polygon) {
  const std::string place = "geometry " + PlaceName(part, number, 0);
  if (!points.is_array()) return Refuse(feature, place, "no list", "a list of positions");
  std::vector<domain::Point> ring;
  ring.reserve(points.size());
  domain::Point given, first, last;
  for (size_t i = 0; i < points.size(); ++i) {
    if (!ReadPosition(points[i], absl::StrCat(place, " point ", i + 1), given, feature)) return;
    if (ring.empty()) first = given;
    last = given;
    const absl::StatusOr<domain::Point> point = domain::ToWgs84(given, datum);
    if (!point.ok()) return Refuse(feature, place, "a position", std::string(point.status().message()));
    ring.push_back(*point);
  }
  const bool closed = ring.size() > 1 && last.longitude == first.longitude && last.latitude == first.latitude;
  if (closed)
    ring.pop_back();
  else
    ++feature.rings_closed;
  feature.vertices += static_cast<int>(ring.size());
  polygon.rings.push_back(std::move(ring));
}

void ReadPolygon(const Json& rings, size_t part, domain::Datum datum, Feature& feature) {
  if (!rings.is_array() || rings.empty()) {
    return Refuse(feature, absl::StrCat("geometry part ", part + 1), "a polygon without rings", "rings");
  }
  Polygon polygon;
  for (size_t i = 0; i < rings.size(); ++i) ReadRing(rings[i], part, i, datum, feature, polygon);
  feature.shape.push_back(std::move(polygon));
}

// Code and name; the geometry, or null where the feature has none.
const Json* ReadHead(const Json& json, int number, Feature& feature) {
  feature.number = number;
  if (!json.is_object() || !json.contains("geometry") || !json.contains("properties")) {
    Refuse(feature, "", "something else", "a Feature with geometry and properties");
    return nullptr;
  }
  feature.code = PropertyOf(json["properties"], kCodeNames);
  feature.display_name = PropertyOf(json["properties"], kNameNames);
  if (feature.code.empty())
    Refuse(feature, "properties.adcode", "nothing", "a division code in adcode, Code_County or code");
  const Json& geometry = json["geometry"];
  const auto coordinates = geometry.is_object() ? geometry.find("coordinates") : geometry.end();
  feature.no_geometry = geometry.is_null() || (geometry.is_object() && coordinates != geometry.end() &&
                                               coordinates->is_array() && coordinates->empty());
  return feature.no_geometry ? nullptr : &geometry;
}

std::string TypeOf(const Json& geometry) {
  return geometry.is_object() && geometry.contains("type") && geometry["type"].is_string()
             ? geometry["type"].get<std::string>()
             : "nothing";
}

Feature ReadFeature(const Json& json, int number, domain::Datum datum) {
  Feature feature;
  const Json* geometry = ReadHead(json, number, feature);
  if (geometry == nullptr) return feature;
  const std::string type = TypeOf(*geometry);
  if ((type != "Polygon" && type != "MultiPolygon") || !geometry->contains("coordinates")) {
    Refuse(feature, "geometry.type", type, "Polygon or MultiPolygon");
    return feature;
  }
  const Json& coordinates = (*geometry)["coordinates"];
  if (type == "Polygon") {
    ReadPolygon(coordinates, 0, datum, feature);
  } else if (!coordinates.is_array()) {
    Refuse(feature, "geometry.coordinates", "no list", "a list of polygons");
  } else {
    for (size_t i = 0; i < coordinates.size(); ++i) ReadPolygon(coordinates[i], i, datum, feature);
  }
  if (feature.vertices > kVerticesMax) {
    Refuse(feature, "geometry", absl::StrCat(feature.vertices, " points"),
           absl::StrCat("at most ", kVerticesMax));
  }
  return feature;
}

PointFeature ReadPointFeature(const Json& json, int number) {
  Feature feature;
  PointFeature point;
  const Json* geometry = ReadHead(json, number, feature);
  if (feature.no_geometry) {
    Refuse(feature, "geometry", "nothing", "a Point");
  } else if (geometry != nullptr && (TypeOf(*geometry) != "Point" || !geometry->contains("coordinates"))) {
    Refuse(feature, "geometry.type", TypeOf(*geometry), "Point");
  } else if (geometry != nullptr) {
    ReadPosition((*geometry)["coordinates"], "geometry.coordinates", point.given, feature);
  }
  point.number = number;
  point.code = std::move(feature.code);
  point.display_name = std::move(feature.display_name);
  point.problem_column = std::move(feature.problem_column);
  point.problem_got = std::move(feature.problem_got);
  point.problem_want = std::move(feature.problem_want);
  return point;
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

// The features of a document, each as JSON.
absl::StatusOr<std::vector<Json>> ReadCollection(std::string_view bytes) {
  if (bytes.substr(0, 3) == "\xEF\xBB\xBF") bytes.remove_prefix(3);
  if (TooDeep(bytes)) return InvalidField("content", "got brackets more than 64 deep, want GeoJSON");
  Json json = Json::parse(bytes.begin(), bytes.end(), nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded())
    return InvalidField("content", "got something that is no JSON, want a GeoJSON FeatureCollection");
  std::vector<Json> features;
  if (json.is_object() && json.value("type", Json()) == "Feature") {
    features.push_back(std::move(json));
    return features;
  }
  if (!json.is_object() || json.value("type", Json()) != "FeatureCollection" || !json.contains("features") ||
      !json["features"].is_array()) {
    return InvalidField("content", "got other JSON, want a GeoJSON FeatureCollection");
  }
  features = std::move(json["features"].get_ref<Json::array_t&>());
  if (features.empty()) return InvalidField("content", "got a FeatureCollection without features");
  if (features.size() > kFeaturesMax) {
    return InvalidField("content",
                        absl::StrFormat("got %d features, want at most %d", static_cast<int>(features.size()),
                                        static_cast<int>(kFeaturesMax)));
  }
  return features;
}

}  // namespace

std::string WantOfPosition(const domain::Point& given) {
  const domain::Point swapped{given.latitude, given.longitude};
  if (!domain::IsShifted(given) && domain::IsShifted(swapped))
    return "longitude first, then latitude: these two look swapped";
  return domain::IsValid(given) ? "" : "longitude -180 to 180, then latitude -90 to 90";
}

absl::StatusOr<FeatureFile> ReadFeatures(std::string_view bytes, domain::Datum datum) {
  GW_ASSIGN_OR_RETURN(const std::vector<Json> features, ReadCollection(bytes));
  FeatureFile file;
  for (size_t i = 0; i < features.size(); ++i) {
    file.features.push_back(ReadFeature(features[i], static_cast<int>(i) + 1, datum));
  }
  return file;
}

absl::StatusOr<std::vector<PointFeature>> ReadPointFeatures(std::string_view bytes) {
  GW_ASSIGN_OR_RETURN(const std::vector<Json> features, ReadCollection(bytes));
  std::vector<PointFeature> points;
  for (size_t i = 0; i < features.size(); ++i)
    points.push_back(ReadPointFeature(features[i], static_cast<int>(i) + 1));
  return points;
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
  if (!read.problem_want.empty() || read.shape.empty()) return Internal("a stored polygon cannot be read");
  return std::move(read.shape);
}

}  // namespace gridwarden::grid
