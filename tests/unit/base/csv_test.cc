#include "base/csv.h"

#include <random>

#include "base/status.h"
#include "gtest/gtest.h"

namespace gridwarden {
namespace {

using Cells = std::vector<std::string>;

TEST(Csv, QuotesHoldSeparatorsQuotesAndLineEnds) {
  const auto table = ParseCsv("a,b\n\"x,y\",\"say \"\"no\"\"\"\r\n\"two\nlines\",z\nlast,row", 10);
  ASSERT_TRUE(table.ok()) << table.status();
  ASSERT_EQ(table->rows.size(), 3u);
  EXPECT_EQ(table->rows[0].cells, (Cells{"x,y", "say \"no\""}));
  EXPECT_EQ(table->rows[1].cells, (Cells{"two\nlines", "z"}));
  EXPECT_EQ(table->rows[1].line, 3);
  EXPECT_EQ(table->rows[2].line, 5) << "the line break inside quotes counts";
}

TEST(Csv, BlankLinesAreLeftOutAndBlanksAroundCellsToo) {
  const auto table = ParseCsv("a , b\n\n  1 ,\xE3\x80\x80二\xE3\x80\x80\n,\n", 10);
  ASSERT_TRUE(table.ok());
  EXPECT_EQ(table->header, (Cells{"a", "b"}));
  ASSERT_EQ(table->rows.size(), 1u);
  EXPECT_EQ(table->rows[0].cells, (Cells{"1", "二"}));
  EXPECT_EQ(table->rows[0].line, 3);
}

TEST(Csv, TabsAndSemicolonsSeparateWhereTheHeaderHasNoComma) {
  EXPECT_EQ(ParseCsv("a\tb\n1\t2\n", 9)->rows[0].cells, (Cells{"1", "2"}));
  EXPECT_EQ(ParseCsv("a;b\n1;2,5\n", 9)->rows[0].cells, (Cells{"1", "2,5"}));
}

TEST(Csv, KnowsUtf8FromGbk) {
  std::string encoding;
  EXPECT_EQ(*DecodeText("\xEF\xBB\xBF驻马店", &encoding), "驻马店");
  EXPECT_EQ(encoding, "UTF-8");
  EXPECT_EQ(*DecodeText("\xD6\xA3\xD6\xDD", &encoding), "郑州");
  EXPECT_EQ(encoding, "GBK");
  EXPECT_FALSE(DecodeText("\xD6\xA3\xFF", &encoding).ok());
  EXPECT_FALSE(DecodeText(std::string_view("a\0b", 3), &encoding).ok());
  for (const char* bad : {"\xC0\x80", "\xED\xA0\x80", "\xF5\x80\x80\x80", "\xE4\xB8", "\x80"})
    EXPECT_FALSE(IsUtf8(bad));
}

TEST(Csv, LimitsAndBrokenQuotesAreNamed) {
  EXPECT_EQ(ReasonOf(ParseCsv("a\n1\n2\n3\n", 2).status()), "INVALID_FIELD");
  EXPECT_NE(std::string(ParseCsv("a,b\n1,\"open\n", 9).status().message()).find("line 2"), std::string::npos);
  EXPECT_FALSE(ParseCsv("a\n\"x\"y\n", 9).ok());
  EXPECT_FALSE(ParseCsv("", 9).ok());
}

TEST(Csv, FindsColumnsByAnyOfTheirNames) {
  const CsvColumn columns[] = {{{"area_code", "区县代码"}, true}, {{"name", "名称"}, true}, {{"phone"}}};
  EXPECT_EQ(*FindColumns(*ParseCsv("名称,areaCode\n", 9), columns), (std::vector<int>{1, 0, -1}));
  const absl::Status missing = FindColumns(*ParseCsv("x,name\n", 9), columns).status();
  EXPECT_NE(std::string(missing.message()).find("area_code"), std::string::npos);
  EXPECT_FALSE(FindColumns(*ParseCsv("name,名称,area_code\n", 9), columns).ok()) << "twice";
}

TEST(Csv, AnyBytesAreATableOrAnErrorAndNothingElse) {
  std::mt19937 random(7);
  const std::string alphabet = "ab,\"\n\r\t;\xD6\xA3\xEF\xBB\xBF 1";
  for (int n = 0; n < 20000; ++n) {
    std::string bytes;
    for (int length = static_cast<int>(random() % 24); length > 0; --length)
      bytes += alphabet[random() % alphabet.size()];
    const auto table = ParseCsv(bytes, 5);
    if (table.ok())
      EXPECT_FALSE(table->header.empty());
    else
      EXPECT_FALSE(ReasonOf(table.status()).empty()) << table.status();
  }
}

}  // namespace
}  // namespace gridwarden
