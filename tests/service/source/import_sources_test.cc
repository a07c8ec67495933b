#include <filesystem>
#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "service/source/source_fixture.h"

// Files into the ledger and out of it.
namespace gridwarden::source {
namespace {

using type::v1::ImportReport;

constexpr char kHeader[] = "编号,名称,类别,所属区划,经度,纬度,坐标系,经营者,处置方式,状态\n";

class ImportSourcesTest : public SourceTest {
 protected:
  v1::ImportSourcesRequest File(const std::string& content) {
    v1::ImportSourcesRequest request;
    request.set_request_id(NewId());
    request.set_content(content);
    return request;
  }
  absl::StatusOr<ImportReport> Import(const std::string& token, const v1::ImportSourcesRequest& request) {
    return Call<ImportReport>(token, "ImportSources", request);
  }
  const std::string two = std::string(kHeader) +
                          "A-1,甲,SMALL_POLLUTER,990102001200,114.02,32.98,GCJ02,张三,关停取缔,停产\n"
                          "A-2,乙,BUILDING_SITE,990102001201,,,,=1+1,,\n";
};

TEST_F(ImportSourcesTest, ADryRunSaysWhatWouldHappenAndStoresNothing) {
  v1::ImportSourcesRequest request = File(two);
  request.set_dry_run(true);
  const absl::StatusOr<ImportReport> tried = Import(office, request);
  ASSERT_TRUE(tried.ok()) << tried.status();
  EXPECT_TRUE(tried->dry_run());
  EXPECT_EQ(tried->created(), 2) << tried->DebugString();
  EXPECT_EQ(SharedDatabase().Ask("SELECT COUNT(*) FROM source"), "0");
  EXPECT_EQ(SharedDatabase().Ask("SELECT COUNT(*) FROM journal_stage"), "0");
  request.set_dry_run(false);  // the same request_id may do what was tried
  EXPECT_EQ(Import(office, request)->created(), 2);
}

TEST_F(ImportSourcesTest, TheSameFileAgainChangesNothingAndAChangedRowIsUpdated) {
  ASSERT_EQ(Import(office, File(two))->created(), 2);
  const absl::StatusOr<ImportReport> again = Import(office, File(two));
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->unchanged(), 2) << again->DebugString();
  EXPECT_EQ(SharedDatabase().Ask("SELECT COUNT(*) FROM journal_stage"), "2");
  const absl::StatusOr<ImportReport> changed =
      Import(office, File("编号,名称,类别,所属区划\nA-1,甲砖厂,SMALL_POLLUTER,990102001200\n"));
  ASSERT_TRUE(changed.ok()) << changed.status();
  EXPECT_EQ(changed->updated(), 1) << changed->DebugString();
  const absl::StatusOr<v1::Source> source = Get(office, "sources/no:A-1");
  EXPECT_EQ(source->display_name(), "甲砖厂");
  EXPECT_EQ(source->operator_name(), "张三");  // a column that the file does not have says nothing
  EXPECT_TRUE(source->has_position());
  EXPECT_EQ(source->state(), v1::Source::STOPPED);
  EXPECT_EQ(source->etag(), "2");
}

TEST_F(ImportSourcesTest, TheSameRequestTwiceIsOneImport) {
  v1::ImportSourcesRequest request = File(two);
  EXPECT_EQ(Import(office, request)->SerializeAsString(), Import(office, request)->SerializeAsString());
  EXPECT_EQ(SharedDatabase().Ask("SELECT COUNT(*) FROM source_change"), "2");
  request.set_content(two + "A-3,丙,SMALL_POLLUTER,990102001200,,,,,,\n");
  EXPECT_EQ(ReasonOf(Import(office, request).status()), "REQUEST_ID_REUSED");
}

TEST_F(ImportSourcesTest, OneBadRowRefusesTheFileAndNamesEveryBadRow) {
  Create(village, "A-9");
  const absl::StatusOr<ImportReport> report =
      Import(office, File(two + "A-3,丙,SMALL_POLLUTER,99010300,,,,,,\n"      // no such division
                                "A-4,丁,SMALL_POLLUTER,990103001200,,,,,,\n"  // another county's ground
                                "A-9,戊,SMALL_POLLUTER,990102001200,,,,,,已灭失\n"));  // fine
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->rows_read(), 5);
  EXPECT_EQ(report->rows_refused(), 2) << report->DebugString();
  EXPECT_EQ(report->created(), 0);
  EXPECT_EQ(report->problems(0).line(), 4);
  EXPECT_EQ(report->problems(1).line(), 5);
  EXPECT_EQ(SharedDatabase().Ask("SELECT COUNT(*) FROM source"), "1");
}

TEST_F(ImportSourcesTest, AFileCannotMoveAStateAsNobodyMay) {
  ASSERT_TRUE(
      Import(office, File(std::string(kHeader) + "A-1,甲,SMALL_POLLUTER,990102001200,,,,,,已灭失\n")).ok());
  const absl::StatusOr<ImportReport> report =
      Import(office, File(std::string(kHeader) + "A-1,甲,SMALL_POLLUTER,990102001200,,,,,,停产\n"));
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->rows_refused(), 1);
  EXPECT_EQ(report->problems(0).column(), "状态");
}

TEST_F(ImportSourcesTest, AnotherGridsSourceIsNotTakenOverByItsNumber) {
  ASSERT_TRUE(Call<v1::Source>(foreign_office, "CreateSource", NewSource(foreign_village, "A-1")).ok());
  const absl::StatusOr<ImportReport> report = Import(office, File(two));
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->rows_refused(), 1);
  EXPECT_EQ(Get(foreign_office, "sources/no:A-1")->display_name(), "前王砖厂");
}

TEST_F(ImportSourcesTest, OnlyOfficesOfTownshipsAndAboveAndAdministratorsImport) {
  EXPECT_EQ(ReasonOf(Import(patrol, File(two)).status()), "NOT_ALLOWED");
  EXPECT_EQ(ReasonOf(Import(leader, File(two)).status()), "NOT_ALLOWED");
  EXPECT_EQ(Import(foreign_office, File(two))->rows_refused(), 2);
  EXPECT_EQ(Import(admin, File(two))->created(), 2);
}

TEST_F(ImportSourcesTest, WhatIsNoTableIsRefusedAsAWhole) {
  EXPECT_EQ(ReasonOf(Import(office, File("")).status()), "REQUIRED_FIELD_MISSING");
  for (const std::string& content :
       {std::string("\n"), std::string("PK\x03\x04zip"), std::string("\x89PNG\0\0", 6)}) {
    EXPECT_EQ(ReasonOf(Import(office, File(content)).status()), "INVALID_FIELD");
  }
  EXPECT_GT(Import(office, File("a,b\n1,2\n"))->problems_size(), 0);
}

TEST_F(ImportSourcesTest, WhatIsExportedComesBackUnchangedInOnePartOrMany) {
  ASSERT_EQ(Import(office, File(two))->created(), 2);
  for (int n = 0; n < 5; ++n) Create(other_village, absl::StrCat("B-", n));
  v1::ExportSourcesRequest request;
  request.set_max_rows(3);
  std::string file;
  int rows = 0;
  while (true) {
    const absl::StatusOr<v1::ExportSourcesResponse> part =
        Call<v1::ExportSourcesResponse>(office, "ExportSources", request);
    ASSERT_TRUE(part.ok()) << part.status();
    file += part->content();
    rows += part->rows();
    if (part->next_page_token().empty()) break;
    request.set_page_token(part->next_page_token());
  }
  EXPECT_EQ(rows, 7);
  EXPECT_EQ(file.find("=1+1"), file.find("'=1+1") + 1);
  const absl::StatusOr<ImportReport> back = Import(office, File(file));
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(back->unchanged(), 7) << back->DebugString();
  EXPECT_EQ(Get(office, "sources/no:A-2")->operator_name(), "=1+1");
  EXPECT_EQ(ReasonOf(Call<v1::ExportSourcesResponse>(patrol, "ExportSources", request).status()),
            "NOT_ALLOWED");
}

// The real lists, where they lie beside the project; our own rows of the same shape elsewhere.
std::string RealPlants() {
  for (std::filesystem::path at = testing::SourceDir(); at.has_relative_path(); at = at.parent_path()) {
    const std::filesystem::path file = at / "shared/data/sources/industrial_plants_henan.csv";
    if (!std::filesystem::exists(file)) continue;
    std::ostringstream text;
    text << std::ifstream(file).rdbuf();
    return text.str();
  }
  return "name,type,product,capacity,longitude,latitude,province_as_given,city_as_given,county_code_by_"
         "position,"
         "county_name_by_position,source_file\n"
         "河南某某水泥有限公司,水泥,,6.5,113.849626,35.486572,,,410782,辉县市,cementData\n"
         "某某钢铁有限公司,钢铁,,5,113.371716,34.656464,,,410182,荥阳市,steelData\n";
}

TEST_F(ImportSourcesTest, ARealListIsReportedColumnByColumnAndTakenWithAMapping) {
  v1::ImportSourcesRequest request = File(RealPlants());
  const absl::StatusOr<ImportReport> bare = Import(admin, request);
  ASSERT_TRUE(bare.ok()) << bare.status();
  EXPECT_EQ(bare->rows_refused(), bare->rows_read());
  ASSERT_GT(bare->remarks_size(), 0);
  EXPECT_NE(bare->remarks(0).find("county_code_by_position"), std::string::npos);
  // The test city stands in for Henan: every plant is put on one of its villages.
  request.set_request_id(NewId());
  request.set_datum(type::v1::Position::WGS84);
  (*request.mutable_columns())["type"] = "trade";
  (*request.mutable_defaults())["category"] = "CEMENT";
  (*request.mutable_defaults())["division"] = "990102001200";
  const absl::StatusOr<ImportReport> tried = Import(admin, request);
  ASSERT_TRUE(tried.ok()) << tried.status();
  // A plant without a name and names listed twice are told row by row; everything else could be taken.
  for (const type::v1::RowProblem& problem : tried->problems()) {
    const bool expected = problem.want().find("want each source once") != std::string::npos ||
                          problem.want().find("want a name") != std::string::npos;
    EXPECT_TRUE(expected) << problem.DebugString();
  }
  EXPECT_GT(tried->rows_read() - tried->rows_refused(), tried->rows_read() / 2);
}

}  // namespace
}  // namespace gridwarden::source
