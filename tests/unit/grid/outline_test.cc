#include "grid/outline.h"

#include "grid/geojson.h"
#include "gtest/gtest.h"

namespace gridwarden::grid {
namespace {

using Ring = std::vector<domain::Point>;

Ring Square(double west, double south, double side) {
  return {{west, south}, {west + side, south}, {west + side, south + side}, {west, south + side}};
}
Ring Turned(Ring ring) {
  std::reverse(ring.begin(), ring.end());
  return ring;
}

TEST(Outline, WhatIsRightStaysAsItIs) {
  MultiPolygon polygon = {{{Square(113, 33, 0.1), Turned(Square(113.02, 33.02, 0.01))}},
                          {{Square(113.2, 33, 0.1)}}};
  const OutlineReport report = Repair(polygon);
  EXPECT_FALSE(report.refused());
  EXPECT_TRUE(report.repairs.empty());
  EXPECT_EQ(polygon.size(), 2u);
  EXPECT_EQ(polygon[0].rings.size(), 2u);
}

TEST(Outline, RingsAreTurnedAndDoubledPointsAndWaysOutAndBackLeftOut) {
  Ring ring = Turned(Square(113, 33, 0.1));
  ring.insert(ring.begin() + 1, ring[1]);                   // twice
  ring.insert(ring.begin() + 3, {{113.5, 33.5}, ring[2]});  // out and back
  MultiPolygon polygon = {{{ring, Square(113.02, 33.02, 0.01)}}};
  const OutlineReport report = Repair(polygon);
  ASSERT_FALSE(report.refused()) << report.got;
  EXPECT_EQ(polygon[0].rings[0].size(), 4u);
  ASSERT_EQ(report.repairs.size(), 2u);
  EXPECT_NE(report.repairs[0].find("3 points"), std::string::npos) << report.repairs[0];
  EXPECT_NE(report.repairs[1].find("2 rings ran the wrong way round"), std::string::npos);
  EXPECT_TRUE(Repair(polygon).repairs.empty()) << "once is enough";
}

TEST(Outline, ASmallLoopIsCutOffAndALargeOneRefusedByRingAndPoint) {
  // The pen slipped for some metres near the north-east corner.
  Ring ring = {{113, 33},           {113.1, 33},         {113.1, 33.1}, {113.05, 33.1},
               {113.0501, 33.1001}, {113.0501, 33.0999}, {113, 33.1}};
  MultiPolygon slipped = {{{ring}}};
  const OutlineReport cut = Repair(slipped);
  ASSERT_FALSE(cut.refused()) << cut.place << " " << cut.got;
  ASSERT_EQ(cut.repairs.size(), 1u);
  EXPECT_NE(cut.repairs[0].find("small loops"), std::string::npos);
  MultiPolygon bow_tie = {{{Square(112, 33, 0.1)}},
                          {{Ring{{113, 33}, {113.1, 33.1}, {113.1, 33}, {113, 33.1}}}}};
  const OutlineReport refused = Repair(bow_tie);
  ASSERT_TRUE(refused.refused());
  EXPECT_EQ(refused.place.substr(0, 20), "part 2 ring 1 point ") << refused.place;
  EXPECT_NE(refused.got.find("[113.05"), std::string::npos) << refused.got;
}

TEST(Outline, HolesOutsideAndRingsThatCrossAreRefused) {
  MultiPolygon outside = {{{Square(113, 33, 0.1), Square(114, 33, 0.01)}}};
  EXPECT_EQ(Repair(outside).place, "part 1 ring 2");
  MultiPolygon crossing = {{{Square(113, 33, 0.1), Square(113.05, 33.05, 0.1)}}};
  EXPECT_NE(Repair(crossing).got.find("crosses part 1 ring"), std::string::npos);
  MultiPolygon two = {{{Ring{{113, 33}, {113.1, 33}}}}};
  EXPECT_NE(Repair(two).got.find("2 different points"), std::string::npos);
  MultiPolygon flat = {{{Ring{{113, 33}, {113.1, 33}, {113.2, 33}}}}};
  EXPECT_TRUE(Repair(flat).refused());
}

TEST(Outline, HolesInHolesAndPartsInPartsAreLeftOut) {
  MultiPolygon polygon = {
      {{Square(113, 33, 0.1), Turned(Square(113.02, 33.02, 0.05)), Turned(Square(113.03, 33.03, 0.01))}},
      {{Square(113.08, 33.08, 0.01)}},
      // An island in the hole is ground of its own.
      {{Square(113.05, 33.05, 0.005)}}};
  const OutlineReport report = Repair(polygon);
  ASSERT_FALSE(report.refused()) << report.got;
  EXPECT_EQ(report.repairs.size(), 2u);
  EXPECT_EQ(polygon.size(), 2u);
  EXPECT_EQ(polygon[0].rings.size(), 2u);
}

TEST(Outline, TouchingAtAPointIsAllowed) {
  MultiPolygon polygon = {{{Square(113, 33, 0.1)}}, {{Square(113.1, 33.1, 0.1)}}};
  EXPECT_TRUE(Repair(polygon).repairs.empty());
  EXPECT_EQ(polygon.size(), 2u);
}

TEST(GeoJson, TellsTheFeatureTheRingAndThePointOfWhatIsNoPosition) {
  const auto file = ReadFeatures(R"({"type":"FeatureCollection","features":[
    {"type":"Feature","properties":{"code":"1"},"geometry":{"type":"Polygon","coordinates":[[[113,33],[113.1,33],[33,113.1]]]}},
    {"type":"Feature","properties":{"code":"2"},"geometry":{"type":"MultiPolygon","coordinates":[[[[113,33],[113.1,33],[113,33.1]],[[1,"x"]]]]}},
    {"type":"Feature","properties":{"code":"3"},"geometry":null},
    {"type":"Feature","properties":{"code":"4"},"geometry":{"type":"Polygon","coordinates":[]}},
    {"type":"Feature","properties":{"code":"5"},"geometry":{"type":"Polygon","coordinates":[[[113,33,9],[113.1,33,9],[113,33.1,9]]]}},
    {"type":"Feature","properties":{"code":"6"},"geometry":{"type":"Point","coordinates":[113,33]}}]})",
                                 domain::Datum::kWgs84);
  ASSERT_TRUE(file.ok()) << file.status();
  const std::vector<Feature>& features = file->features;
  EXPECT_EQ(features[0].problem_column, "geometry part 1 ring 1 point 3");
  EXPECT_NE(features[0].problem_want.find("swapped"), std::string::npos) << features[0].problem_want;
  EXPECT_EQ(features[1].problem_column, "geometry part 1 ring 2 point 1");
  EXPECT_TRUE(features[2].no_geometry);
  EXPECT_TRUE(features[3].no_geometry);
  EXPECT_TRUE(features[4].problem_want.empty()) << "a height is left aside";
  EXPECT_EQ(features[4].rings_closed, 1);
  EXPECT_EQ(features[5].problem_column, "geometry.type");
}

}  // namespace
}  // namespace gridwarden::grid
