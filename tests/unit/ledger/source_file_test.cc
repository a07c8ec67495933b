#include "source/source_file.h"

#include "base/status.h"
#include "gtest/gtest.h"
#include "source/source_columns.h"
#include "source/source_fields.h"
#include "support/test_city.h"
#include "support/test_policy.h"

// Ledger files as offices have them.
namespace gridwarden::source {
namespace {

using testing::City;
using testing::TestPolicy;

const absl::Time kNow = absl::FromUnixSeconds(1'790'000'000);

absl::StatusOr<FileReading> Read(const v1::ImportSourcesRequest& request) {
  return ReadSourceFile(*TestPolicy(), *City().ground, kNow, request);
}

absl::StatusOr<FileReading> Read(std::string_view content) {
  v1::ImportSourcesRequest request;
  request.set_content(std::string(content));
  request.set_datum(type::v1::Position::WGS84);
  return Read(request);
}

TEST(SourceFile, TakesTheColumnNamesOfOffices) {
  const absl::StatusOr<FileReading> reading = Read(
      "序号,企业编号,企业名称,污染源类型,区划代码,详细地址,经度（°）,纬度（°）,坐标系,负责人,"
      "统一社会信用代码,行业,分类处置,生产状态\n"
      "1,ZMD-001,前王砖厂,“小散乱污”企业,990102001200,村东,114.02,32.98,WGS84,张三,91350100m000100y43,砖瓦窑,"
      "关停取缔,停产\n");
  ASSERT_TRUE(reading.ok()) << reading.status();
  ASSERT_EQ(reading->report.rows_refused(), 0) << reading->report.DebugString();
  ASSERT_EQ(reading->rows.size(), 1u);
  const v1::Source& source = reading->rows[0].source.value;
  EXPECT_EQ(source.source_no(), "ZMD-001");
  EXPECT_EQ(source.display_name(), "前王砖厂");
  EXPECT_EQ(source.category(), "SMALL_POLLUTER");
  EXPECT_EQ(reading->rows[0].source.division, City().villages[0][0][0]);
  EXPECT_EQ(reading->rows[0].source.city, City().city);
  EXPECT_DOUBLE_EQ(source.position().longitude(), 114.02);
  EXPECT_EQ(source.operator_name(), "张三");
  EXPECT_EQ(source.credit_code(), "91350100M000100Y43");
  EXPECT_EQ(source.disposition(), v1::Source::SHUT_DOWN);
  EXPECT_EQ(source.state(), v1::Source::STOPPED);
  ASSERT_EQ(reading->report.remarks_size(), 1);
  EXPECT_NE(reading->report.remarks(0).find("序号"), std::string::npos);
}

TEST(SourceFile, NamesEveryBadCellOfEveryBadRow) {
  const absl::StatusOr<FileReading> reading = Read(
      "编号,名称,类别,所属区划,经度,纬度,统一社会信用代码,处置方式,状态\n"
      "1,甲,NOTHING,990102001200,114,33,,,\n"           // category
      ",乙,SMALL_POLLUTER,000000,x,95,123,搬走,未知\n"  // number, division, longitude, latitude, code,
                                                        // disposition, state
      "3,丙,SMALL_POLLUTER,990102001200,114,33,,,\n"
      "3,丁,SMALL_POLLUTER,990102001200,114,33,,,\n"         // number twice
      "5,戊,SMALL_POLLUTER,990102001200,114,,,,,多一格\n");  // one cell too many, latitude
  ASSERT_TRUE(reading.ok()) << reading.status();
  EXPECT_EQ(reading->report.rows_read(), 5);
  EXPECT_EQ(reading->report.rows_refused(), 4);
  std::vector<std::string> problems;
  for (const type::v1::RowProblem& problem : reading->report.problems()) {
    problems.push_back(std::to_string(problem.line()) + " " + problem.column());
  }
  EXPECT_EQ(problems,
            (std::vector<std::string>{"2 类别", "3 所属区划", "3 经度", "3 纬度", "3 处置方式", "3 状态",
                                      "3 编号", "3 统一社会信用代码", "5 编号", "6 ", "6 纬度"}));
}

TEST(SourceFile, NeverGuessesTheDatum) {
  v1::ImportSourcesRequest request;
  request.set_content("编号,名称,类别,所属区划,经度,纬度\n1,甲,SMALL_POLLUTER,990102001200,114,33\n");
  const absl::StatusOr<FileReading> reading = Read(request);
  ASSERT_TRUE(reading.ok());
  ASSERT_EQ(reading->report.problems_size(), 1);
  EXPECT_EQ(reading->report.problems(0).column(), "坐标系");
}

TEST(SourceFile, ConvertsGcj02WhereItEnters) {
  const absl::StatusOr<FileReading> reading = Read(
      "编号,名称,类别,所属区划,经度,纬度,坐标系\n1,甲,SMALL_POLLUTER,990102001200,114.02,32.98,GCJ-02\n");
  ASSERT_TRUE(reading.ok());
  ASSERT_EQ(reading->rows.size(), 1u) << reading->report.DebugString();
  const type::v1::Position& position = reading->rows[0].source.value.position();
  EXPECT_EQ(position.datum(), type::v1::Position::WGS84);
  EXPECT_EQ(position.given_datum(), type::v1::Position::GCJ02);
  EXPECT_GT(std::abs(position.longitude() - 114.02), 0.001);
  EXPECT_LT(std::abs(position.longitude() - 114.02), 0.01);
}

TEST(SourceFile, TakesAMappingAndDefaultsForForeignFilesAndDerivesTheSameNumbersAgain) {
  v1::ImportSourcesRequest request;
  request.set_content("name,type,longitude,latitude,place\n甲水泥,水泥,114,33,990102001200\n");
  request.set_datum(type::v1::Position::WGS84);
  (*request.mutable_columns())["type"] = "trade";
  (*request.mutable_columns())["place"] = "division";
  (*request.mutable_defaults())["category"] = "SMALL_POLLUTER";
  const absl::StatusOr<FileReading> first = Read(request);
  const absl::StatusOr<FileReading> second = Read(request);
  ASSERT_TRUE(first.ok()) << first.status();
  ASSERT_EQ(first->rows.size(), 1u) << first->report.DebugString();
  EXPECT_EQ(first->rows[0].source.value.trade(), "水泥");
  EXPECT_FALSE(first->rows[0].source.value.source_no().empty());
  EXPECT_EQ(first->rows[0].source.value.source_no(), second->rows[0].source.value.source_no());
  (*request.mutable_columns())["absent"] = "address";
  EXPECT_EQ(Read(request).status().code(), absl::StatusCode::kInvalidArgument);
  (*request.mutable_columns())["absent"] = "rubbish";
  EXPECT_EQ(Read(request).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(SourceFile, SaysWhichNeededColumnsAreMissing) {
  const absl::StatusOr<FileReading> reading = Read("编号,电话\n1,2\n");
  ASSERT_TRUE(reading.ok());
  ASSERT_EQ(reading->report.problems_size(), 3);
  EXPECT_EQ(reading->report.problems(0).line(), 1);
  EXPECT_EQ(reading->report.rows_refused(), 1);
  EXPECT_TRUE(reading->rows.empty());
}

TEST(SourceFile, RefusesTwoColumnsOfOneMeaning) {
  EXPECT_EQ(Read("编号,名称,企业名称\n").status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(SourceFile, ReadsBackWhatItWroteEvenWhatLooksLikeAFormula) {
  v1::Source source;
  source.set_source_no("=cmd|' /C calc'!A0");
  source.set_display_name("+砖厂, \"东\"");
  source.set_category("SMALL_POLLUTER");
  source.set_division(ResourceName("divisions", City().villages[0][0][0]));
  source.set_operator_name("@李四");
  source.set_trade("-");
  source.set_state(v1::Source::STOPPED);
  source.set_disposition(v1::Source::UPGRADE);
  source.mutable_position()->set_longitude(114.1234567);
  source.mutable_position()->set_latitude(-32.7654321);
  std::string file;
  WriteSourceHeader(file);
  WriteSourceRow(*City().ground, kNow, source, file);
  EXPECT_EQ(file.find(",=cmd"), std::string::npos);
  EXPECT_EQ(file.find(",@"), std::string::npos);
  v1::ImportSourcesRequest request;
  request.set_content(file);
  const absl::StatusOr<FileReading> reading = Read(request);
  ASSERT_TRUE(reading.ok()) << reading.status();
  ASSERT_EQ(reading->rows.size(), 1u) << reading->report.DebugString();
  const v1::Source& read = reading->rows[0].source.value;
  EXPECT_TRUE(ChangedFields(source, read).empty());
  EXPECT_EQ(read.source_no(), source.source_no());
  EXPECT_EQ(read.state(), v1::Source::STOPPED);
  EXPECT_EQ(read.disposition(), v1::Source::UPGRADE);
}

TEST(SourceColumns, EveryColumnIsFoundByItsOwnAndItsChineseName) {
  for (const ColumnName& name : ColumnNames()) {
    EXPECT_EQ(FindColumn(name.field), name.column);
    EXPECT_EQ(FindColumn(name.zh), name.column);
    EXPECT_EQ(NameOf(name.column).field, name.field);
  }
  EXPECT_FALSE(FindColumn("序号").has_value());
  EXPECT_FALSE(FindColumn("").has_value());
}

TEST(SourceFields, ACategoryMeansThoseBelowItToo) {
  const absl::StatusOr<std::string> codes = WithCategoriesBelow(*TestPolicy(), "SMALL_POLLUTER");
  ASSERT_TRUE(codes.ok());
  EXPECT_NE(codes->find("SMALL_POLLUTER_CLUSTER"), std::string::npos);
  EXPECT_EQ(*WithCategoriesBelow(*TestPolicy(), ""), "");
  EXPECT_FALSE(WithCategoriesBelow(*TestPolicy(), "RUBBISH").ok());
}

}  // namespace
}  // namespace gridwarden::source
