#include "platform/csv/csv.h"

#include <random>

#include "base/status.h"
#include "gtest/gtest.h"

namespace gridwarden::csv {
namespace {

// "编号,名称\n1,砖厂\n" in GBK.
constexpr std::string_view kGbk = "\xb1\xe0\xba\xc5,\xc3\xfb\xb3\xc6\n1,\xd7\xa9\xb3\xa7\n";

TEST(Csv, ReadsUtf8WithAndWithoutByteOrderMarkAndGbkAlike) {
  for (const std::string& bytes :
       {std::string("编号,名称\n1,砖厂\n"), std::string(kByteOrderMark) + "编号,名称\r\n1,砖厂\r\n",
        std::string(kGbk)}) {
    const absl::StatusOr<Table> table = Read(bytes);
    ASSERT_TRUE(table.ok()) << table.status();
    EXPECT_EQ(table->header, (std::vector<std::string>{"编号", "名称"}));
    ASSERT_EQ(table->rows.size(), 1u);
    EXPECT_EQ(table->rows[0].cells, (std::vector<std::string>{"1", "砖厂"}));
    EXPECT_EQ(table->rows[0].line, 2);
  }
}

TEST(Csv, KeepsQuotesSeparatorsAndLineBreaksInsideACellAndCountsLines) {
  const absl::StatusOr<Table> table = Read("a,b\r\n\"x, \"\"y\"\"\",\"two\nlines\"\r\n\r\nlast,");
  ASSERT_TRUE(table.ok()) << table.status();
  ASSERT_EQ(table->rows.size(), 2u);
  EXPECT_EQ(table->rows[0].cells, (std::vector<std::string>{"x, \"y\"", "two\nlines"}));
  EXPECT_EQ(table->rows[1].cells, (std::vector<std::string>{"last", ""}));
  EXPECT_EQ(table->rows[1].line, 5);
}

TEST(Csv, TakesSemicolonsAndTabsWhenTheHeaderUsesThem) {
  EXPECT_EQ(Read("a;b;c\n1;2,5;3\n")->rows[0].cells, (std::vector<std::string>{"1", "2,5", "3"}));
  EXPECT_EQ(Read("a\tb\n1\t2\n")->rows[0].cells, (std::vector<std::string>{"1", "2"}));
}

TEST(Csv, CountsLinesFromWhereAPartBegins) {
  const absl::StatusOr<Table> table = Read("a\nx\n\ny\n", 1001);
  ASSERT_TRUE(table.ok());
  EXPECT_EQ(table->rows[0].line, 1001);
  EXPECT_EQ(table->rows[1].line, 1003);
}

TEST(Csv, RefusesWhatIsNoTableAndSaysWhy) {
  for (const std::string& bytes : {std::string(), std::string("\n \n"), std::string("PK\x03\x04rest"),
                                   std::string("\xff\xfe\x41\x00", 4), std::string("a\0b", 3),
                                   std::string("a\n\"never ends\n"), std::string("a\n\xff\xff\xff\n")}) {
    const absl::StatusOr<Table> table = Read(bytes);
    ASSERT_FALSE(table.ok()) << bytes;
    EXPECT_EQ(table.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(FactsOf(table.status())->fields.at(0).field, "content");
  }
}

TEST(Csv, RefusesMoreRowsColumnsOrBytesThanItsLimits) {
  const Limits limits{.rows = 2, .columns = 2, .cell_bytes = 4};
  EXPECT_TRUE(Read("a,b\n1,2\n3,4\n", 0, limits).ok());
  EXPECT_FALSE(Read("a,b\n1,2\n3,4\n5,6\n", 0, limits).ok());
  EXPECT_FALSE(Read("a,b,c\n", 0, limits).ok());
  EXPECT_FALSE(Read("a\n12345\n", 0, limits).ok());
  EXPECT_FALSE(Read("a\n\"12345\"\n", 0, limits).ok());
}

TEST(Csv, NeverBreaksOnRubbish) {
  std::mt19937 random(20261122);
  constexpr std::string_view kBytes = "ab,;\t\"\"\r\n'\xe7\xa0\x96\xd7\xa9\xff";
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes;
    for (unsigned n = random() % 40; n > 0; --n) bytes.push_back(kBytes[random() % kBytes.size()]);
    const absl::StatusOr<Table> table = Read(bytes);
    if (!table.ok()) EXPECT_EQ(table.status().code(), absl::StatusCode::kInvalidArgument) << table.status();
  }
}

TEST(Csv, WritesWhatItReads) {
  const std::vector<std::string> cells = {"plain", "comma, \"quote\"", "two\r\nlines", "", "'mark", "砖厂"};
  std::string bytes = "a,b,c,d,e,f\n";
  WriteRow(cells, bytes);
  const absl::StatusOr<Table> table = Read(bytes);
  ASSERT_TRUE(table.ok());
  EXPECT_EQ(table->rows.at(0).cells, cells);
}

TEST(Csv, NoCellIsAFormulaAndEveryCellComesBack) {
  for (const std::string cell :
       {"=1+1", "+86 396", "-x", "@SUM(A1)", "\tx", "'=1", "''@x", "plain", "'plain", ""}) {
    const std::string guarded = GuardFormula(cell);
    if (!guarded.empty()) EXPECT_EQ(std::string("=+-@\t\r").find(guarded[0]), std::string::npos) << cell;
    EXPECT_EQ(UnguardFormula(guarded), cell);
  }
}

}  // namespace
}  // namespace gridwarden::csv
