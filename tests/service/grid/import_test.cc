#include <atomic>
#include <set>
#include <thread>

#include "grid/boundary_index.h"
#include "service/grid/grid_fixture.h"

namespace gridwarden::grid {
namespace {

constexpr char kDivisions[] =
    "level,code,code12,name,parent_code\n2,9901,990100000000,试验市,\n3,990102,990102000000,甲县,9901\n"
    "3,990171,990171000000,开发区,9901\n4,990102001,990102001000,东关街道,990102\n";
constexpr char kVillages[] =
    "code,name,township_code,county_code,city_code\n990102001001,前王村,990102001,990102,9901\n"
    "990102001002,后李村,990102001,990102,9901\n";

class ImportTest : public EmptyGridTest {};

TEST_F(ImportTest, CreatesDivisionsWithTheirVacantPostsAndTheSameFileAgainChangesNothing) {
  const auto report = Import("ImportDivisions", kDivisions);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->created(), 4);
  EXPECT_EQ(report->problems_size(), 0);
  EXPECT_EQ(database_.Ask("SELECT COUNT(*) FROM post"), "16");
  EXPECT_EQ(database_.Ask("SELECT GROUP_CONCAT(display_name) FROM division WHERE statistical"), "开发区");
  const std::string revision = database_.Ask("SELECT revision FROM grid_revision");
  EXPECT_EQ(database_.Ask("SELECT COUNT(*) FROM journal_stage"), "20");
  const auto again = Import("ImportDivisions", kDivisions);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->unchanged(), 4);
  EXPECT_EQ(database_.Ask("SELECT revision FROM grid_revision"), revision);
  const auto villages = Import("ImportDivisions", kVillages);
  ASSERT_TRUE(villages.ok());
  EXPECT_EQ(villages->created(), 2) << villages->ShortDebugString();
}

TEST_F(ImportTest, ADryRunStoresNothingAndSaysTheSame) {
  const auto tried = Import("ImportDivisions", kDivisions, /*dry_run=*/true);
  ASSERT_TRUE(tried.ok()) << tried.status();
  EXPECT_EQ(tried->created(), 4);
  EXPECT_TRUE(tried->dry_run());
  EXPECT_EQ(database_.Ask("SELECT COUNT(*) FROM division"), "0");
  EXPECT_EQ(database_.Ask("SELECT COUNT(*) FROM op_receipt"), "0");
}

TEST_F(ImportTest, EveryBadRowIsReportedAtOnceAndNothingIsStored) {
  const auto report =
      Import("ImportDivisions",
             "level,code,code12,name,parent_code\n2,9901,,试验市,\n3,990102,,,9901\n3,99x2,,乙县,9901\n"
             "4,990103001,,西关镇,990103\n4,9.90E+08,,南镇,9901\n3,990104,,丁县,9901,more\n");
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->rows_refused(), 5);
  std::set<int> lines;
  for (const type::v1::RowProblem& problem : report->problems()) lines.insert(problem.line());
  EXPECT_EQ(lines, (std::set<int>{3, 4, 5, 6, 7}));
  EXPECT_EQ(report->created(), 0);
  EXPECT_EQ(database_.Ask("SELECT COUNT(*) FROM division"), "0");
}

TEST_F(ImportTest, ALaterListRenamesAndNeitherMovesNorDoubles) {
  ASSERT_TRUE(Import("ImportDivisions", kDivisions).ok());
  const auto renamed = Import("ImportDivisions", "code,name,cityCode,provinceCode\n990102,甲市,9901,\n");
  ASSERT_TRUE(renamed.ok()) << renamed.status();
  EXPECT_EQ(renamed->updated(), 1) << renamed->ShortDebugString();
  v1::GetDivisionRequest get;
  get.set_name("990102");
  EXPECT_EQ(Call<v1::Division>(Admin(), "GetDivision", get)->display_name(), "甲市");
  const auto moved = Import("ImportDivisions", "code,name,areaCode\n990102001,东关街道,990171\n");
  EXPECT_EQ(moved->rows_refused(), 1);
}

TEST_F(ImportTest, ByteOrderMarkGbkAndWindowsLineEndsAreRead) {
  std::string windows = "\xEF\xBB\xBF";
  for (const char c : std::string(kDivisions)) windows += c == '\n' ? std::string("\r\n") : std::string(1, c);
  EXPECT_EQ(Import("ImportDivisions", windows, true)->created(), 4);
  // 区划代码,名称 / 9901,郑州市 in GBK.
  const std::string gbk =
      "\xC7\xF8\xBB\xAE\xB4\xFA\xC2\xEB,\xC3\xFB\xB3\xC6\n9901,\xD6\xA3\xD6\xDD\xCA\xD0\n";
  const auto report = Import("ImportDivisions", gbk);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(database_.Ask("SELECT display_name FROM division"), "郑州市");
}

TEST_F(ImportTest, WrongFilesSayWhatTheyAre) {
  for (const std::string& rubbish :
       {std::string("PK\x03\x04\x00\x00zip", 9), std::string("\xFF\xFE\x41\x00", 4), std::string("\n\n"),
        std::string("latitude,longitude\n1,2\n"), std::string("code,name\n\"9901,x\n")}) {
    for (const char* method : {"ImportDivisions", "ImportPersons", "ImportTenures"}) {
      const auto report = Import(method, rubbish);
      EXPECT_EQ(ReasonOf(report.status()), "INVALID_FIELD") << method;
    }
  }
  EXPECT_EQ(ReasonOf(Import("ImportDivisions", "").status()), "REQUIRED_FIELD_MISSING");
  for (const char* rubbish : {"x", "[]", "{\"type\":\"FeatureCollection\",\"features\":[]}", "[[[[[[["}) {
    EXPECT_EQ(ReasonOf(Import("ImportBoundaries", rubbish, false, type::v1::Position::WGS84).status()),
              "INVALID_FIELD");
  }
  EXPECT_EQ(ReasonOf(Import("ImportBoundaries", "{}").status()), "DATUM_MISSING");
}

TEST_F(ImportTest, OnlyAdministratorsImportDivisions) {
  v1::ImportRequest request;
  request.set_request_id(NewId());
  request.set_content(kDivisions);
  EXPECT_EQ(ReasonOf(Call<type::v1::ImportReport>(Office(City().city), "ImportDivisions", request).status()),
            "NOT_ALLOWED");
}

TEST_F(ImportTest, PersonsAndTenuresComeInAndAreCorrectedByALaterFile) {
  ASSERT_TRUE(Import("ImportDivisions", kDivisions).ok());
  const auto persons = Import("ImportPersons", "工号,姓名,电话\nA1,王建国,13900000001\nA2,李秀英,\n");
  ASSERT_TRUE(persons.ok()) << persons.status();
  EXPECT_EQ(persons->created(), 2);
  EXPECT_EQ(Import("ImportPersons", "工号,姓名,电话\nA1,王建国,\nA2,李秀兰,\n")->updated(), 1);
  const std::string header = "工号,区划,岗位,任职类型,任职时间,离任时间,文号\n";
  const auto tenures =
      Import("ImportTenures",
             header + "A1,试验市/甲县,网格长,正式,2020-05-01,,一号\nA2,990102001,路长,,2026年5月1日,,\n");
  ASSERT_TRUE(tenures.ok()) << tenures.status();
  EXPECT_EQ(tenures->created(), 2) << tenures->ShortDebugString();
  EXPECT_EQ(tenures->remarks_size(), 1) << "the road chief's post is made";
  const auto overlap = Import("ImportTenures", header + "A2,990102,网格长,正式,2026-05-01,,二号\n");
  EXPECT_EQ(overlap->rows_refused(), 1);
  const auto handover = Import(
      "ImportTenures",
      header + "A1,990102,网格长,正式,2020-05-01,2026-05-01,一号\nA2,990102,网格长,正式,2026-05-01,,二号\n");
  ASSERT_TRUE(handover.ok());
  EXPECT_EQ(handover->updated(), 1) << handover->ShortDebugString();
  EXPECT_EQ(handover->created(), 1);
  EXPECT_EQ(database_.Ask("SELECT COUNT(*) FROM tenure WHERE revoked_us IS NOT NULL"), "1");
  const auto bad = Import("ImportTenures", header +
                                               "A9,990102,网格长,正式,2026-05-01,,\nA1,没有,网格长,正式,2026-"
                                               "05-01,,\nA1,990102,什么,正式,31/12/2026,,\n");
  EXPECT_EQ(bad->rows_refused(), 3);
  EXPECT_EQ(bad->problems_size(), 4);
}

// A square of one tenth of a degree around its south-west corner.
std::string Square(const std::string& code, double west, double south) {
  const auto at = [](double x, double y) { return "[" + std::to_string(x) + "," + std::to_string(y) + "]"; };
  return "{\"type\":\"Feature\",\"properties\":{\"adcode\":" + code +
         "},\"geometry\":{\"type\":\"Polygon\",\"coordinates\":[[" + at(west, south) + "," +
         at(west + .1, south) + "," + at(west + .1, south + .1) + "," + at(west, south + .1) + "]]}}";
}

TEST_F(ImportTest, APointIsLocatedWithAConfidenceThatFallsTowardsTheBorder) {
  ASSERT_TRUE(Import("ImportDivisions",
                     "level,code,name,parent_code\n2,9901,试验市,\n3,990102,甲县,9901\n3,990103,乙县,9901\n")
                  .ok());
  const std::string squares = "{\"type\":\"FeatureCollection\",\"features\":[" + Square("990102", 114, 33) +
                              "," + Square("990103", 114.1, 33) + "," + Square("990199", 115, 33) + "]}";
  const auto report = Import("ImportBoundaries", squares, false, type::v1::Position::WGS84);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->created(), 2) << report->ShortDebugString();
  EXPECT_EQ(Import("ImportBoundaries", squares, false, type::v1::Position::WGS84)->unchanged(), 2);
  v1::LocatePointsRequest request;
  for (const double longitude : {114.05, 114.0999, 114.15, 113.5}) {
    type::v1::Position& position = *request.add_positions();
    position.set_longitude(longitude);
    position.set_latitude(33.05);
    position.set_datum(type::v1::Position::WGS84);
    position.set_accuracy_m(100);
  }
  const auto located = Call<v1::LocatePointsResponse>(Admin(), "LocatePoints", request);
  ASSERT_TRUE(located.ok()) << located.status();
  ASSERT_EQ(located->results_size(), 4);
  ASSERT_EQ(located->results(0).candidates_size(), 1);
  EXPECT_GT(located->results(0).candidates(0).confidence(), 0.99);
  EXPECT_EQ(located->results(0).candidates(0).display_name(), "甲县");
  ASSERT_EQ(located->results(1).candidates_size(), 2) << "near the border both are named";
  EXPECT_NEAR(located->results(1).candidates(0).confidence() + located->results(1).candidates(1).confidence(),
              1, 0.02);
  EXPECT_LT(located->results(1).candidates(0).confidence(), 0.7);
  EXPECT_EQ(located->results(1).candidates(0).basis(), "near_border");
  EXPECT_EQ(located->results(2).candidates(0).display_name(), "乙县");
  EXPECT_EQ(located->results(3).candidates_size(), 0) << "outside is outside";
  request.mutable_positions(0)->clear_datum();
  EXPECT_EQ(ReasonOf(Call<v1::LocatePointsResponse>(Admin(), "LocatePoints", request).status()),
            "DATUM_MISSING");
}

TEST_F(ImportTest, TheRealListsAndPolygonsOfHenanComeIn) {
  const std::string levels = SharedFile("divisions/henan_2023_levels1-4.csv");
  if (levels.empty()) return;  // the small lists above stand in where the real data is not at hand
  const absl::Time start = absl::Now();
  const auto divisions = Import("ImportDivisions", levels);
  ASSERT_TRUE(divisions.ok()) << divisions.status();
  EXPECT_EQ(divisions->created(), 2786) << divisions->ShortDebugString().substr(0, 2000);
  const auto villages = Import("ImportDivisions", SharedFile("divisions/zhumadian_2023_villages.csv"));
  ASSERT_TRUE(villages.ok()) << villages.status();
  EXPECT_EQ(villages->created(), 2906) << villages->ShortDebugString().substr(0, 2000);
  const double seconds = absl::ToDoubleSeconds(absl::Now() - start);
  RecordProperty("divisions_per_second", static_cast<int>((2786 + 2906) / seconds));
  std::printf("%d divisions with posts in %.1f s\n", 2786 + 2906, seconds);
  EXPECT_EQ(database_.Ask("SELECT display_name FROM division WHERE id = (SELECT parent FROM division JOIN "
                          "division_code ON division = id WHERE code = '419001')"),
            "省直辖县级行政区划");
  const auto wgs84 = Import("ImportBoundaries", SharedFile("boundaries/henan_counties_wgs84.geojson"), false,
                            type::v1::Position::WGS84);
  ASSERT_TRUE(wgs84.ok()) << wgs84.status();
  EXPECT_EQ(wgs84->rows_refused(), 0) << wgs84->ShortDebugString().substr(0, 2000);
  EXPECT_GE(wgs84->created(), 150);
  v1::LocatePointRequest request;  // 遂平县, well inside
  request.mutable_position()->set_longitude(113.98);
  request.mutable_position()->set_latitude(33.15);
  request.mutable_position()->set_datum(type::v1::Position::WGS84);
  const auto before = Call<v1::LocatePointResponse>(Admin(), "LocatePoint", request);
  ASSERT_TRUE(before.ok()) << before.status();
  ASSERT_GT(before->candidates_size(), 0);
  EXPECT_EQ(before->candidates(0).display_name(), "遂平县");
  const auto gcj02 = Import("ImportBoundaries", SharedFile("boundaries/henan_counties_gcj02.geojson"), false,
                            type::v1::Position::GCJ02);
  ASSERT_TRUE(gcj02.ok()) << gcj02.status();
  EXPECT_EQ(gcj02->rows_refused(), 0) << gcj02->ShortDebugString().substr(0, 2000);
  EXPECT_GT(gcj02->updated(), 140);
  EXPECT_EQ(Call<v1::LocatePointResponse>(Admin(), "LocatePoint", request)->candidates(0).display_name(),
            "遂平县");
}

TEST(BoundaryIndexTest, SearchesThatAreUsedAgainAndByManyThreadsAnswerAsFreshOnes) {
  // Nine villages of about 4 km and the county around them.
  std::vector<IndexedBoundary> boundaries;
  const auto add = [&](domain::Level level, double west, double south, double side) {
    const Polygon square{
        {{{west, south}, {west + side, south}, {west + side, south + side}, {west, south + side}}}};
    boundaries.push_back({Uuid::Make(absl::Now()), level, MakeShape({square})});
  };
  for (int i = 0; i < 9; ++i) add(domain::Level::kVillage, 114 + 0.04 * (i % 3), 33 + 0.04 * (i / 3), 0.04);
  add(domain::Level::kCounty, 113.9, 32.9, 0.3);
  const auto told = [](const BoundaryIndex& index, int i) {
    const domain::Point point{113.88 + 0.0011 * (i * 37 % 300), 32.88 + 0.0011 * (i * 53 % 300)};
    std::string text;
    // Every seventh is known to 3 km only and meets many borders.
    for (const Candidate& found : index.Locate(point, i % 7 == 0 ? 3000 : 20))
      text += found.division.ToString() + (found.near_border ? " near " : " in ") +
              std::to_string(found.confidence) + "\n";
    return text;
  };
  constexpr int kPoints = 300;
  std::vector<std::string> expected;
  std::set<std::string> distinct;
  for (int i = 0; i < kPoints; ++i) {
    expected.push_back(told(BoundaryIndex(boundaries), i));
    distinct.insert(expected.back());
  }
  EXPECT_GT(distinct.size(), 20u);
  const BoundaryIndex index(boundaries);
  std::atomic<int> different = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 2 * kPoints; ++i)
        different += told(index, (i + 71 * t) % kPoints) != expected[(i + 71 * t) % kPoints];
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(different, 0);
}

}  // namespace
}  // namespace gridwarden::grid
