#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "service/grid/grid_fixture.h"
#include "unit/grid/made_up_map.h"

namespace gridwarden::grid {
namespace {

using type::v1::Position;
using MapEdge = std::pair<std::pair<int, int>, std::pair<int, int>>;

absl::StatusOr<v1::GridMap> AskFor(testing::TestServer& server, const std::string& token,
                                   const std::string& division, const std::string& etag = "") {
  v1::GetGridMapRequest request;
  request.set_division(division);
  request.set_etag(etag);
  return server.Call<v1::GridMap>(token, absl::StrCat(kService, "GetGridMap"), request);
}

// The points of a ring, as who draws it makes them of the differences.
std::vector<std::pair<int, int>> PointsOf(const v1::GridMap::Ring& ring) {
  std::vector<std::pair<int, int>> points;
  int x = 0, y = 0;
  for (int i = 0; i + 1 < ring.deltas_size(); i += 2)
    points.emplace_back(x += ring.deltas(i), y += ring.deltas(i + 1));
  return points;
}

const v1::GridMap::Outline* Named(const v1::GridMap& map, const std::string& name) {
  for (const v1::GridMap::Outline& outline : map.outlines()) {
    if (outline.name() == name) return &outline;
  }
  return nullptr;
}

class GridMapTest : public EmptyGridTest {
 protected:
  GridMapTest() {
    for (const char* list :
         {"level,code,name,parent_code\n2,9901,试验市,\n3,990102,甲县,9901\n3,990103,乙县,9901\n3,990104,"
          "丙县,9901\n",
          "level,code,name,parent_code\n4,990102001,东关街道,990102\n",
          "code,name,township_code,county_code,city_code\n990102001001,前王村,990102001,990102,9901\n"}) {
      const auto report = Import("ImportDivisions", list, false, {}, "2020-06-30");
      EXPECT_TRUE(report.ok() && report->rows_refused() == 0) << report.status();
    }
  }

  void Draw(int points_a_side) {
    const std::vector<MultiPolygon> map =
        MadeUpMap{.columns = 3, .rows = 1, .points_a_side = points_a_side}.Counties();
    std::string text = "{\"type\":\"FeatureCollection\",\"features\":[";
    for (int county = 0; county < 3; ++county) {
      absl::StrAppendFormat(&text,
                            "%s{\"type\":\"Feature\",\"properties\":{\"code\":\"99010%d\"},\"geometry\":"
                            "{\"type\":\"Polygon\",\"coordinates\":[[",
                            county > 0 ? "," : "", 2 + county);
      const std::vector<domain::Point>& ring = map[county][0].rings[0];
      for (size_t i = 0; i <= ring.size(); ++i)
        absl::StrAppendFormat(&text, "%s[%.7f,%.7f]", i > 0 ? "," : "", ring[i % ring.size()].longitude,
                              ring[i % ring.size()].latitude);
      text += "]]}}";
    }
    const auto report = Import("ImportBoundaries", text + "]}", false, Position::WGS84, "");
    ASSERT_TRUE(report.ok()) << report.status();
    ASSERT_EQ(report->rows_refused(), 0) << report->ShortDebugString();
  }
};

TEST_F(GridMapTest, DrawsADivisionAndTwoLevelsBelowWithCommonBordersInCommon) {
  Draw(400);
  const auto map = AskFor(*server_, Admin(), "divisions/code:9901");
  ASSERT_TRUE(map.ok()) << map.status();
  ASSERT_EQ(map->outlines_size(), 5) << "city, three counties, a township; no village";
  EXPECT_EQ(map->outlines(0).name(), "试验市");
  EXPECT_EQ(map->outlines(0).level(), "CITY");
  EXPECT_EQ(map->outlines(0).rings_size(), 0) << "nobody drew it";
  EXPECT_EQ(map->outlines(0).parent(), "");
  EXPECT_EQ(Named(*map, "东关街道")->parent(), Named(*map, "甲县")->division());
  std::map<MapEdge, int> uses;
  for (const char* name : {"甲县", "乙县", "丙县"}) {
    const v1::GridMap::Outline& county = *Named(*map, name);
    ASSERT_EQ(county.rings_size(), 1);
    const auto points = PointsOf(county.rings(0));
    EXPECT_GT(points.size(), 10u);
    EXPECT_LT(points.size(), 800u) << "of 1,600";
    const auto [west, east] = std::minmax_element(points.begin(), points.end());
    EXPECT_GT(county.longitude_e5(), west->first);
    EXPECT_LT(county.longitude_e5(), east->first);
    EXPECT_NEAR(county.latitude_e5(), 3'310'000, 5'000);
    for (size_t i = 0; i < points.size(); ++i)
      ++uses[std::minmax(points[i], points[(i + 1) % points.size()])];
  }
  const auto shared =
      std::count_if(uses.begin(), uses.end(), [](const auto& use) { return use.second == 2; });
  EXPECT_GT(shared, 20) << "the borders between the counties stand in both";
}

TEST_F(GridMapTest, ComesWithoutOutlinesToWhoHasItAndAnewWhenItChanged) {
  Draw(40);
  const auto first = AskFor(*server_, Admin(), "divisions/code:9901");
  const auto same = AskFor(*server_, Admin(), "divisions/code:9901", first->etag());
  ASSERT_TRUE(same.ok()) << same.status();
  EXPECT_TRUE(same->unchanged());
  EXPECT_EQ(same->outlines_size(), 0);
  EXPECT_EQ(same->etag(), first->etag());
  EXPECT_FALSE(AskFor(*server_, Admin(), "divisions/code:9901", "stale")->unchanged());
  EXPECT_NE(AskFor(*server_, Admin(), "divisions/code:990102")->etag(), first->etag());
  const auto known =
      Import("ImportPoints", "code,longitude,latitude\n990102001,113.05,33.05\n", false, Position::WGS84, "");
  ASSERT_TRUE(known.ok() && known->rows_refused() == 0) << known.status() << known->ShortDebugString();
  const absl::Time give_up = absl::Now() + absl::Seconds(20);
  auto changed = AskFor(*server_, Admin(), "divisions/code:9901", first->etag());
  while (changed->unchanged() && absl::Now() < give_up)
    changed = AskFor(*server_, Admin(), "divisions/code:9901", first->etag());
  ASSERT_FALSE(changed->unchanged());
  const v1::GridMap::Outline& township = *Named(*changed, "东关街道");
  EXPECT_EQ(township.rings_size(), 0);
  EXPECT_EQ(township.longitude_e5(), 11'305'000);
  EXPECT_EQ(township.latitude_e5(), 3'305'000);
}

class GridMapOfTheCity : public GridTest {};

TEST_F(GridMapOfTheCity, IsForWhoeverWorksInTheCountyAndForNobodyElse) {
  const auto ask = [&](const std::string& token, const Uuid& division) {
    return ReasonOf(AskFor(*server_, token, ResourceName("divisions", division)).status());
  };
  const std::string officer = City().TokenOf(domain::PostKind::kGridOfficer, City().villages[0][0][0]);
  EXPECT_EQ(ask(officer, City().villages[0][0][0]), "");
  EXPECT_EQ(ask(officer, City().townships[0][1]), "");
  EXPECT_EQ(ask(officer, City().counties[0]), "");
  EXPECT_EQ(ask(officer, City().counties[1]), "NOT_ALLOWED");
  EXPECT_EQ(ask(officer, City().townships[1][0]), "NOT_ALLOWED");
  EXPECT_EQ(ask(officer, City().city), "NOT_ALLOWED");
  EXPECT_EQ(ask(City().TokenOf(domain::PostKind::kDiscipline, City().city), City().city), "");
  EXPECT_EQ(ask(City().TokenOf(domain::PostKind::kDiscipline, City().city), City().counties[1]), "");
  EXPECT_EQ(ask(Admin(), City().counties[1]), "");
  EXPECT_EQ(ask("", City().counties[0]), "NOT_SIGNED_IN");
  EXPECT_EQ(ask(officer, Uuid::Make(Now())), "NOT_FOUND");
  EXPECT_EQ(ReasonOf(AskFor(*server_, officer, "").status()), "REQUIRED_FIELD_MISSING");
  EXPECT_EQ(ReasonOf(AskFor(*server_, officer, "nowhere").status()), "NOT_FOUND");
  const auto county = AskFor(*server_, officer, ResourceName("divisions", City().counties[0]));
  ASSERT_TRUE(county.ok()) << county.status();
  EXPECT_GT(county->outlines_size(), 12) << "county, townships, villages";
}

// The real province, where it is at hand.
TEST_F(EmptyGridTest, TheMapOfARealProvinceIsSmallAndWhole) {
  const std::string levels = SharedFile("divisions/henan_2023_levels1-4.csv");
  const std::string drawn = SharedFile("boundaries/henan_counties_wgs84.geojson");
  if (levels.empty() || drawn.empty()) return;  // the made-up counties above prove the same
  ASSERT_TRUE(Import("ImportDivisions", levels).ok());
  const auto outlines = Import("ImportBoundaries", drawn, false, Position::WGS84);
  ASSERT_TRUE(outlines.ok()) << outlines.status();
  const auto map = AskFor(*server_, Admin(), "divisions/code:41");
  ASSERT_TRUE(map.ok()) << map.status();
  int counties = 0, points = 0;
  std::map<MapEdge, int> uses;
  for (const v1::GridMap::Outline& outline : map->outlines()) {
    counties += outline.rings_size() > 0;
    for (const v1::GridMap::Ring& ring : outline.rings()) {
      const auto around = PointsOf(ring);
      points += static_cast<int>(around.size());
      for (size_t i = 0; i < around.size(); ++i)
        ++uses[std::minmax(around[i], around[(i + 1) % around.size()])];
    }
  }
  const auto shared =
      std::count_if(uses.begin(), uses.end(), [](const auto& use) { return use.second == 2; });
  std::printf("%d outlines, %d points, %zu bytes, %d of %zu borders in two\n", counties, points,
              map->ByteSizeLong(), static_cast<int>(shared), uses.size());
  EXPECT_GT(counties, 100);
  EXPECT_LT(map->ByteSizeLong(), 200'000u);
  EXPECT_GT(shared * 2, static_cast<long>(uses.size())) << "most borders are between two counties";
}

}  // namespace
}  // namespace gridwarden::grid
