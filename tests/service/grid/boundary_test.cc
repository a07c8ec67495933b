#include <atomic>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "grid/grid_proto.h"
#include "gridwarden/grid/v1/grid_event.pb.h"
#include "gridwarden/journal/v1/entry.pb.h"
#include "service/grid/grid_fixture.h"
#include "unit/grid/made_up_map.h"

namespace gridwarden::grid {
namespace {

using type::v1::DatumCheck;
using type::v1::Position;

constexpr char kCounties[] =
    "level,code,name,parent_code\n2,9901,试验市,\n3,990102,甲县,9901\n3,990103,乙县,9901\n3,990104,丙县,"
    "9901\n";
constexpr char kTownships[] = "level,code,name,parent_code\n4,990102001,东关街道,990102\n";
constexpr char kVillages[] =
    "code,name,township_code,county_code,city_code\n990102001001,前王村,990102001,990102,9901\n"
    "990102001002,后李村,990102001,990102,9901\n";

// A feature from rings as the file has them.
std::string FeatureOf(const std::string& code, const std::vector<std::vector<domain::Point>>& rings) {
  std::string text = "{\"type\":\"Feature\",\"properties\":{\"code\":\"" + code +
                     "\"},\"geometry\":{\"type\":\"Polygon\",\"coordinates\":[";
  for (size_t r = 0; r < rings.size(); ++r) {
    text += r > 0 ? ",[" : "[";
    for (size_t i = 0; i <= rings[r].size(); ++i) {
      const domain::Point& point = rings[r][i % rings[r].size()];
      absl::StrAppendFormat(&text, "%s[%.7f,%.7f]", i > 0 ? "," : "", point.longitude, point.latitude);
    }
    text += "]";
  }
  return text + "]}}";
}
std::string Square(const std::string& code, double west, double south, double side = 0.1) {
  return FeatureOf(
      code, {{{west, south}, {west + side, south}, {west + side, south + side}, {west, south + side}}});
}
std::string Collection(const std::vector<std::string>& features) {
  std::string text = "{\"type\":\"FeatureCollection\",\"features\":[";
  for (size_t i = 0; i < features.size(); ++i) text += (i > 0 ? "," : "") + features[i];
  return text + "]}";
}

class BoundaryTest : public EmptyGridTest {
 protected:
  BoundaryTest() {
    for (const char* list : {kCounties, kTownships, kVillages}) {
      const auto report = Import("ImportDivisions", list, false, {}, "2020-06-30");
      EXPECT_TRUE(report.ok() && report->rows_refused() == 0) << report.status();
    }
  }

  type::v1::ImportReport Draw(const std::string& geojson, const std::string& as_of = "",
                              Position::Datum datum = Position::WGS84, bool dry_run = false) {
    const auto report = Import("ImportBoundaries", geojson, dry_run, datum, as_of);
    EXPECT_TRUE(report.ok()) << report.status();
    return report.ok() ? *report : type::v1::ImportReport();
  }
  type::v1::ImportReport Know(const std::string& content, Position::Datum datum = Position::WGS84) {
    const auto report = Import("ImportPoints", content, false, datum, "");
    EXPECT_TRUE(report.ok()) << report.status();
    return report.ok() ? *report : type::v1::ImportReport();
  }

  v1::LocatePointResponse Locate(double longitude, double latitude, const std::string& day = "",
                                 double accuracy_m = 0) {
    v1::LocatePointRequest request;
    request.mutable_position()->set_longitude(longitude);
    request.mutable_position()->set_latitude(latitude);
    request.mutable_position()->set_datum(Position::WGS84);
    request.mutable_position()->set_accuracy_m(accuracy_m);
    if (!day.empty()) *request.mutable_event_time() = ToProto(*ParseDay(day));
    const auto response = Call<v1::LocatePointResponse>(Admin(), "LocatePoint", request);
    EXPECT_TRUE(response.ok()) << response.status();
    return response.ok() ? *response : v1::LocatePointResponse();
  }
  std::string Named(double longitude, double latitude, const std::string& day = "") {
    const v1::LocatePointResponse response = Locate(longitude, latitude, day);
    return response.candidates().empty() ? "" : response.candidates(0).display_name();
  }

  // Three counties with winding borders, in a datum.
  static std::string Counties(domain::Datum datum, int points_a_side = 40) {
    const std::vector<MultiPolygon> map =
        MadeUpMap{.columns = 3, .rows = 1, .points_a_side = points_a_side}.Counties();
    std::vector<std::string> features;
    for (int i = 0; i < 3; ++i) {
      std::vector<domain::Point> ring = map[i][0].rings[0];
      for (domain::Point& point : ring) {
        if (datum == domain::Datum::kGcj02) point = domain::Wgs84ToGcj02(point);
        if (datum == domain::Datum::kBd09) point = domain::Wgs84ToBd09(point);
      }
      features.push_back(FeatureOf(absl::StrCat("99010", 2 + i), {ring}));
    }
    return Collection(features);
  }
};

TEST_F(BoundaryTest, AFileInAnotherDatumThanDeclaredIsRefusedInPlainWordsAndStoresNothing) {
  const type::v1::ImportReport first = Draw(Counties(domain::Datum::kWgs84));
  EXPECT_EQ(first.created(), 3) << first.ShortDebugString();
  EXPECT_EQ(first.datum_check().verdict(), DatumCheck::NOTHING_TO_COMPARE);
  EXPECT_GE(first.remarks_size(), 1) << "an unchecked datum is told";
  const std::string digests = database_.Ask("SELECT HEX(GROUP_CONCAT(digest)) FROM division_boundary");
  for (const bool dry_run : {true, false}) {
    const type::v1::ImportReport report =
        Draw(Counties(domain::Datum::kGcj02, 25), "", Position::WGS84, dry_run);
    EXPECT_EQ(report.datum_check().verdict(), DatumCheck::SHIFTED);
    EXPECT_EQ(report.datum_check().would_fit(), Position::GCJ02);
    EXPECT_EQ(report.datum_check().features(), 3);
    EXPECT_EQ(report.rows_refused(), 1);
    ASSERT_EQ(report.problems_size(), 1);
    EXPECT_EQ(report.problems(0).column(), "datum");
    EXPECT_NE(report.problems(0).got().find("WGS84: 3 features lie "), std::string::npos)
        << report.problems(0).got();
    EXPECT_NE(report.problems(0).want().find("GCJ02"), std::string::npos) << report.problems(0).want();
  }
  EXPECT_EQ(database_.Ask("SELECT HEX(GROUP_CONCAT(digest)) FROM division_boundary"), digests);
  // The same file as what it is fits, and in the national datum as well.
  const type::v1::ImportReport right = Draw(Counties(domain::Datum::kGcj02, 25), "", Position::GCJ02);
  EXPECT_EQ(right.datum_check().verdict(), DatumCheck::FITS) << right.ShortDebugString();
  EXPECT_EQ(right.updated(), 3);
  EXPECT_EQ(Draw(Counties(domain::Datum::kWgs84, 30), "", Position::CGCS2000).datum_check().verdict(),
            DatumCheck::FITS);
  EXPECT_EQ(database_.Ask("SELECT MIN(given_datum) FROM division_boundary"), "4")
      << "what was declared is kept";
}

TEST_F(BoundaryTest, AnAdministratorMayTakeItAllTheSameAndTheReasonIsInTheJournal) {
  Draw(Counties(domain::Datum::kGcj02), "", Position::WGS84);  // the stored one is wrong, nobody could know
  v1::ImportRequest request;
  request.set_request_id(NewId());
  request.set_content(Counties(domain::Datum::kWgs84));
  request.set_datum(Position::WGS84);
  ASSERT_EQ(Call<type::v1::ImportReport>(Admin(), "ImportBoundaries", request)->rows_refused(), 1);
  request.set_request_id(NewId());
  request.set_shift_accepted_reason(std::string(601, 'x'));
  EXPECT_EQ(ReasonOf(Call<type::v1::ImportReport>(Admin(), "ImportBoundaries", request).status()),
            "INVALID_FIELD");
  request.set_shift_accepted_reason("先前导入的边界坐标系填错");
  const auto taken = Call<type::v1::ImportReport>(Admin(), "ImportBoundaries", request);
  ASSERT_TRUE(taken.ok()) << taken.status();
  EXPECT_EQ(taken->updated(), 3) << taken->ShortDebugString();
  EXPECT_EQ(taken->datum_check().verdict(), DatumCheck::SHIFTED);
  journal::v1::Entry entry;
  ASSERT_TRUE(
      entry.ParseFromString(database_.Ask("SELECT body FROM journal_stage ORDER BY id DESC LIMIT 1")));
  EXPECT_EQ(entry.kind(), "boundary");
  v1::GridEvent event;
  ASSERT_TRUE(event.ParseFromString(entry.event()));
  EXPECT_EQ(event.boundary().shift_accepted_reason(), "先前导入的边界坐标系填错");
}

TEST_F(BoundaryTest, TheOutlineBeforeStaysForTheTimeBefore) {
  EXPECT_EQ(
      Draw(Collection({Square("990102", 114, 33), Square("990103", 114.1, 33)}), "2021-01-01").created(), 2);
  EXPECT_EQ(Named(114.08, 33.05), "甲县");
  EXPECT_EQ(Named(114.08, 33.05, "2015-01-01"), "甲县") << "nothing older is known";
  // From 2023 on the border runs further west. The same file again changes nothing.
  const std::string later =
      Collection({Square("990102", 114, 33, 0.07),
                  FeatureOf("990103", {{{114.07, 33}, {114.2, 33}, {114.2, 33.1}, {114.07, 33.1}}})});
  for (int i = 0; i < 2; ++i) {
    const type::v1::ImportReport report = Draw(later, "2023-01-01");
    EXPECT_EQ(report.updated(), i == 0 ? 2 : 0) << report.ShortDebugString();
    EXPECT_EQ(report.unchanged(), i == 0 ? 0 : 2);
  }
  EXPECT_EQ(Named(114.08, 33.05), "乙县");
  EXPECT_EQ(Named(114.08, 33.05, "2023-01-01"), "乙县");
  EXPECT_EQ(Named(114.08, 33.05, "2022-12-31"), "甲县");
  // Who answers for a point follows the outline of the day as well.
  for (const auto& [day, name] : {std::pair("2022-12-31", "甲县"), std::pair("2023-01-01", "乙县")}) {
    v1::ResolveResponsibleRequest who;
    who.mutable_position()->set_longitude(114.08);
    who.mutable_position()->set_latitude(33.05);
    who.mutable_position()->set_datum(Position::WGS84);
    *who.mutable_event_time() = ToProto(*ParseDay(day));
    const auto answer = Call<v1::ResolveResponsibleResponse>(Admin(), "ResolveResponsible", who);
    ASSERT_TRUE(answer.ok()) << answer.status();
    EXPECT_EQ(answer->division().display_name(), name) << day;
  }
  // A file of the year between, found later, takes its place between them.
  EXPECT_EQ(Draw(Collection({Square("990102", 114, 33, 0.09)}), "2022-01-01").updated(), 1);
  EXPECT_EQ(Named(114.095, 33.05, "2021-06-01"), "甲县");
  EXPECT_EQ(Locate(114.095, 33.05, "2022-06-01").candidates_size(), 0) << "nobody drew it then";
  EXPECT_EQ(Named(114.08, 33.05, "2022-06-01"), "甲县");
  // A correction of today's outline makes no history.
  EXPECT_EQ(Draw(Collection({Square("990102", 114, 33, 0.0701)}), "2023-01-01").updated(), 1);
  EXPECT_EQ(database_.Ask("SELECT COUNT(*) FROM division_boundary_former"), "3");
  v1::GetBoundariesRequest all;
  const auto told = server_->CallAsSystem<v1::GetBoundariesResponse>(
      "gridwarden.grid.v1.GridInternalService/GetBoundaries", all);
  ASSERT_TRUE(told.ok()) << told.status();
  EXPECT_EQ(told->boundaries_size(), 5);
}

TEST_F(BoundaryTest, TheOutlineOfADivisionThatEndedIsTheGroundOfWhoeverTookItOver) {
  Draw(Collection({Square("990102", 114, 33), Square("990103", 114.1, 33)}));
  v1::ReorganiseDivisionsRequest merger;
  merger.set_request_id(NewId());
  v1::DivisionOperation& operation = *merger.add_operations();
  operation.set_kind(v1::Lineage::MERGE);
  operation.set_division("divisions/code:990103");
  operation.set_to("divisions/code:990102");
  const absl::Time effective = *ParseDay("2024-03-01");
  *merger.mutable_effective_time() = ToProto(effective);
  merger.set_document_no("测政〔2024〕3号");
  const auto merged = Call<v1::Reorganisation>(Admin(), "ReorganiseDivisions", merger);
  ASSERT_TRUE(merged.ok()) << merged.status();
  EXPECT_EQ(Named(114.15, 33.05), "甲县") << "no new outline is needed";
  EXPECT_EQ(Named(114.15, 33.05, "2024-02-29"), "乙县");
  const v1::LocatePointResponse inside = Locate(114.1, 33.05, "2024-06-01", 100);
  ASSERT_GE(inside.candidates_size(), 1);
  EXPECT_EQ(inside.candidates(0).display_name(), "甲县") << "the old border parts nothing any more";
  EXPECT_GT(inside.candidates(0).confidence(), 0.97);
  // A later file that still has the old code: the outline is kept for the time before, and the importer is
  // told.
  const type::v1::ImportReport late = Draw(Collection({Square("990103", 114.1, 33, 0.099)}), "2025-01-01");
  EXPECT_EQ(late.updated(), 1) << late.ShortDebugString();
  EXPECT_NE(late.ShortDebugString().find("ended on 2024-03-01"), std::string::npos)
      << late.ShortDebugString();
  EXPECT_EQ(Named(114.15, 33.05, "2023-01-01"), "乙县");
  // Once the heir has an outline of its own from then on, that one alone counts.
  EXPECT_EQ(Draw(Collection({Square("990102", 114, 33, 0.12)}), "2024-03-01").updated(), 1);
  EXPECT_EQ(Named(114.11, 33.05, "2024-06-01"), "甲县");
  EXPECT_EQ(Locate(114.15, 33.05, "2024-06-01").candidates_size(), 0);
  EXPECT_EQ(Named(114.15, 33.05, "2024-02-01"), "乙县");
}

TEST_F(BoundaryTest, WhatCanBePutRightIsAndTheRestIsRefusedByFeatureRingAndPoint) {
  const type::v1::ImportReport report = Draw(
      Collection({FeatureOf("990102", {{{114, 33}, {114, 33.1}, {114.1, 33.1}, {114.1, 33.1}, {114.1, 33}}}),
                  "{\"type\":\"Feature\",\"properties\":{\"code\":\"990104\"},\"geometry\":null}"}));
  EXPECT_EQ(report.created(), 1) << report.ShortDebugString();
  const std::string remarks = report.ShortDebugString();
  EXPECT_NE(remarks.find("feature 1: 990102 : 1 point given twice"), std::string::npos) << remarks;
  EXPECT_NE(remarks.find("1 ring ran the wrong way round"), std::string::npos);
  EXPECT_NE(remarks.find("feature 2: 990104 : no geometry; left out"), std::string::npos);
  const type::v1::ImportReport bad =
      Draw(Collection({FeatureOf("990103", {{{114.2, 33}, {114.3, 33.1}, {114.3, 33}, {114.2, 33.1}}}),
                       FeatureOf("990104", {{{33, 114.3}, {33.1, 114.3}, {33.1, 114.4}}})}));
  ASSERT_EQ(bad.problems_size(), 2) << bad.ShortDebugString();
  EXPECT_EQ(bad.problems(0).line(), 1);
  EXPECT_EQ(bad.problems(0).column().substr(0, 29), "geometry part 1 ring 1 point ");
  EXPECT_NE(bad.problems(0).got().find("crosses itself at [114.25"), std::string::npos)
      << bad.problems(0).got();
  EXPECT_EQ(bad.problems(1).line(), 2);
  EXPECT_EQ(bad.problems(1).column(), "geometry part 1 ring 1 point 1");
  EXPECT_NE(bad.problems(1).want().find("swapped"), std::string::npos);
  EXPECT_EQ(database_.Ask("SELECT COUNT(*) FROM division_boundary"), "1");
}

TEST_F(BoundaryTest, VillagesWithoutPolygonsAreNamedByTheirNearestKnownPointWithItsDistance) {
  Draw(Collection({Square("990102001", 114, 33)}));
  ASSERT_EQ(Locate(114.051, 33.051).candidates_size(), 1);
  const type::v1::ImportReport report = Know(
      "区划代码,经度,纬度,名称\n990102001001,114.05,33.05,\n990102001001,114.06,33.06,小王庄\n"
      "990102001002,114.08,33.05,\n990109001001,114.08,33.05,\n");
  EXPECT_EQ(report.created(), 3) << report.ShortDebugString();
  EXPECT_EQ(report.datum_check().verdict(), DatumCheck::NOTHING_TO_COMPARE);
  const v1::LocatePointResponse near = Locate(114.051, 33.051);
  ASSERT_GE(near.candidates_size(), 2) << near.ShortDebugString();
  EXPECT_EQ(near.candidates(0).display_name(), "前王村");
  EXPECT_EQ(near.candidates(0).basis(), "nearest_point");
  EXPECT_NEAR(near.candidates(0).distance_m(), 145, 10);
  EXPECT_GT(near.candidates(0).confidence(), 0.9);
  EXPECT_LE(near.candidates(0).confidence(), 0.95);
  EXPECT_EQ(near.candidates(near.candidates_size() - 1).basis(), "polygon")
      << "the polygon stays in the answer";
  // With a third village that no point is known of, none is more likely than not between the two: the polygon
  // comes first, both follow.
  ASSERT_TRUE(
      Import("ImportDivisions",
             "code,name,township_code,county_code,city_code\n990102001003,西村,990102001,990102,9901\n",
             false, {}, "")
          .ok());
  const v1::LocatePointResponse between = Locate(114.065, 33.049);
  ASSERT_EQ(between.candidates_size(), 3) << between.ShortDebugString();
  EXPECT_EQ(between.candidates(0).display_name(), "东关街道");
  EXPECT_EQ(between.candidates(1).basis(), "nearest_point");
  EXPECT_LT(between.candidates(1).confidence(), 0.5);
  // Outside every polygon no point says anything.
  EXPECT_EQ(Locate(114.101 + 0.002, 33.05).candidates_size(), 0);
}

TEST_F(BoundaryTest, KnownPointsComeFromGeoJsonTooAreMovedAndNotDoubled) {
  const std::string file =
      R"({"type":"FeatureCollection","features":[{"type":"Feature","properties":{"code":"990102001001","name":"村委会"},
          "geometry":{"type":"Point","coordinates":[114.05,33.05]}}]})";
  EXPECT_EQ(Know(file).created(), 1);
  EXPECT_EQ(Know(file).unchanged(), 1);
  EXPECT_EQ(Know("code,longitude,latitude,name\n990102001001,114.06,33.05,村委会\n").updated(), 1);
  EXPECT_EQ(database_.Ask("SELECT CONCAT(longitude, ' ', display_name) FROM division_point"),
            "114.06 村委会");
  const type::v1::ImportReport bad = Know(
      "code,longitude,latitude\n990102001001,33.05,114.05\n990102001002,x,33\n990102001001,114.05,33.05\n"
      "990102001001,114.05,33.05\n");
  EXPECT_EQ(bad.rows_refused(), 3) << bad.ShortDebugString();
  EXPECT_NE(bad.problems(0).want().find("swapped"), std::string::npos);
  EXPECT_EQ(ReasonOf(Import("ImportPoints", "code,longitude,latitude\n990102001001,114,33\n").status()),
            "DATUM_MISSING");
  EXPECT_EQ(ReasonOf(Import("ImportPoints", "name\nx\n", false, Position::WGS84).status()), "INVALID_FIELD");
  EXPECT_EQ(ReasonOf(Import("ImportPoints", "{\"type\":\"x\"}", false, Position::WGS84).status()),
            "INVALID_FIELD");
}

TEST_F(BoundaryTest, QueriesGoOnWhileANewOutlineIsIndexed) {
  Draw(Collection({Square("990102", 114, 33), Square("990103", 114.1, 33)}), "2021-01-01");
  std::atomic<bool> stop = false;
  std::atomic<int> asked = 0, lost = 0;
  std::vector<std::thread> readers;
  for (int t = 0; t < 3; ++t) {
    readers.emplace_back([&] {
      while (!stop) {
        // In every version it is the ground of one of the two.
        const std::string named = Named(114.08, 33.05);
        lost += named != "甲县" && named != "乙县";
        ++asked;
      }
    });
  }
  for (int i = 0; i < 12; ++i) {
    const double side = i % 2 == 0 ? 0.07 : 0.1;
    EXPECT_EQ(
        Draw(Collection(
                 {Square("990102", 114, 33, side),
                  FeatureOf("990103", {{{114 + side, 33}, {114.2, 33}, {114.2, 33.1}, {114 + side, 33.1}}})}),
             "2021-01-01")
            .updated(),
        2);
    // Who stored it reads it.
    EXPECT_EQ(Named(114.08, 33.05), side < 0.1 ? "乙县" : "甲县");
  }
  stop = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(lost, 0);
  EXPECT_GT(asked, 12);
}

TEST_F(BoundaryTest, TheSharesOfOneLevelSumToTheWholeAndTheLevelAboveFollows) {
  Draw(Collection({Square("990102", 114, 33), Square("990103", 114.1, 33),
                   FeatureOf("990104", {{{114, 32.9}, {114.2, 32.9}, {114.2, 33}, {114, 33}}}),
                   Square("9901", 113.9, 32.8, 0.5)}));
  const v1::LocatePointResponse corner = Locate(114.1, 33, "", 300);
  ASSERT_EQ(corner.candidates_size(), 4) << corner.ShortDebugString();
  EXPECT_EQ(corner.candidates(0).display_name(), "丙县");
  double sum = 0;
  for (int i = 0; i < 3; ++i) sum += corner.candidates(i).confidence();
  EXPECT_NEAR(sum, 1, 0.02);
  EXPECT_EQ(corner.candidates(3).display_name(), "试验市");
  EXPECT_EQ(corner.candidates(3).basis(), "polygon");
}

}  // namespace
}  // namespace gridwarden::grid
