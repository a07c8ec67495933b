#include "domain/notice/text.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace gridwarden::domain {
namespace {

TEST(TextOfANotice, HasItsFacts) {
  EXPECT_EQ(FillText("案卷 {case_no}：{division}{due}", {{"case_no", "4117-1"}, {"division", "遂平县"}}),
            "案卷 4117-1：遂平县");
  EXPECT_EQ(FillText("plain", {}), "plain");
  EXPECT_EQ(FillText("open {case_no", {{"case_no", "1"}}), "open {case_no");
}

TEST(TextOfANotice, DoesNotReadAFactAsATemplate) {
  EXPECT_EQ(FillText("{a} {b}", {{"a", "{b}"}, {"b", "x"}}), "{b} x");
}

TEST(UnknownFact, IsNamed) {
  constexpr std::string_view kKnown[] = {"a", "b"};
  EXPECT_EQ(UnknownName("{a} and {b}", kKnown), "");
  EXPECT_EQ(UnknownName("{a} and {c}", kKnown), "c");
  EXPECT_EQ(UnknownName("{a} and {b", kKnown), "{b");
}

TEST(GroupMessage, KeepsToItsBytesAndCountsWhatDidNotFit) {
  const std::vector<std::string> lines(100, "· 411728-2026-000123 已超期：露天焚烧");
  const std::string message = Coalesce("【遂平县】100 条提醒", lines, 2048);
  EXPECT_LE(message.size(), 2048u);
  EXPECT_GT(message.size(), 1900u);
  const size_t shown = std::count(message.begin(), message.end(), '\n') - 1;
  EXPECT_NE(message.find("另有 " + std::to_string(100 - shown) + " 条"), std::string::npos) << message;
}

TEST(GroupMessage, OfFewLinesHasThemAll) {
  EXPECT_EQ(Coalesce("h", std::vector<std::string>{"a", "b"}, 2048), "h\na\nb");
  EXPECT_EQ(Coalesce("h", std::vector<std::string>{}, 2048), "h");
}

TEST(GroupMessage, NeverEndsInHalfACharacter) {
  std::string chinese;
  for (int i = 0; i < 1000; ++i) chinese += "烟";
  for (size_t most = 1; most < 60; ++most) {
    const std::string cut = CutUtf8(chinese, most);
    EXPECT_LE(cut.size(), most);
    EXPECT_EQ(cut.size() % 3, 0u) << most;
    EXPECT_LE(Coalesce("标题", std::vector<std::string>{chinese, chinese}, most).size(), most);
  }
  EXPECT_LE(Coalesce("【县】", std::vector<std::string>{chinese, "b"}, 2048).size(), 2048u);
}

}  // namespace
}  // namespace gridwarden::domain
