#include "grid/code_book.h"

#include "grid/grid_proto.h"
#include "gtest/gtest.h"

namespace gridwarden::grid {
namespace {

using domain::Division, domain::Level;

absl::Time Day(std::string_view day) { return *ParseDay(day); }

Division Make(const std::string& name, std::vector<domain::DivisionCode> codes, domain::Interval valid = {}) {
  Division division;
  division.id = Uuid::Derive(Uuid(), name);
  division.level = Level::kCounty;
  division.display_name = name;
  division.codes = std::move(codes);
  division.valid = valid;
  return division;
}

// 淮阳 changed its code when it became a district; 孟津县 ended and 孟津区 took its ground; 410306 was given
// to other ground later.
domain::Ground Reorganised() {
  const absl::Time in_2019 = Day("2019-12-01"), in_2021 = Day("2021-03-18");
  std::vector<Division> divisions = {
      Make("淮阳区",
           {{"411626", {absl::InfinitePast(), in_2019}}, {"411603", {in_2019, absl::InfiniteFuture()}}}),
      Make("孟津县", {{"410322", {absl::InfinitePast(), in_2021}}}, {absl::InfinitePast(), in_2021}),
      Make("孟津区", {{"410308", {in_2021, absl::InfiniteFuture()}}}, {in_2021, absl::InfiniteFuture()}),
      Make("吉利区", {{"410306", {absl::InfinitePast(), in_2021}}}, {absl::InfinitePast(), in_2021}),
      Make("新城区", {{"410306", {in_2021, absl::InfiniteFuture()}}}, {in_2021, absl::InfiniteFuture()})};
  domain::Lineage merged;
  merged.id = Uuid::Derive(Uuid(), "merged");
  merged.from = divisions[1].id;
  merged.to = divisions[2].id;
  merged.kind = domain::LineageKind::kMerge;
  merged.share = 1;
  merged.effective = merged.recorded = in_2021;
  return domain::Ground(std::move(divisions), {}, {}, {}, {}, {merged});
}

TEST(CodeBook, ACodeOfItsTimeNeedsNoRemarkPaddedOrNot) {
  const domain::Ground ground = Reorganised();
  const CodeBook book(ground);
  for (const char* code : {"411603", "411603000000", "411603000"}) {
    const CodeBook::Match match = book.Find(code, Day("2023-06-30"));
    ASSERT_NE(match.division, nullptr) << code;
    EXPECT_EQ(match.division->display_name, "淮阳区");
    EXPECT_EQ(match.remark, "");
  }
  EXPECT_EQ(book.Find("411699", Day("2023-06-30")).division, nullptr);
  EXPECT_EQ(book.Find("", Day("2023-06-30")).division, nullptr);
}

TEST(CodeBook, AnOldCodeIsTheDivisionThatBoreItAndSaysSo) {
  const domain::Ground ground = Reorganised();
  const CodeBook::Match match = CodeBook(ground).Find("411626", Day("2023-06-30"));
  ASSERT_NE(match.division, nullptr);
  EXPECT_EQ(match.division->display_name, "淮阳区");
  EXPECT_EQ(match.remark, "411626 was the code of 淮阳区 until 2019-12-01, since then it is 411603");
  EXPECT_EQ(CodeBook(ground).Find("411626", Day("2018-06-30")).remark, "") << "then it was its code";
}

TEST(CodeBook, ACodeOfTheFutureIsTakenAndTold) {
  const domain::Ground ground = Reorganised();
  const CodeBook::Match match = CodeBook(ground).Find("411603", Day("2018-06-30"));
  ASSERT_NE(match.division, nullptr);
  EXPECT_NE(match.remark.find("only since 2019-12-01"), std::string::npos) << match.remark;
}

TEST(CodeBook, TheCodeOfADivisionThatEndedIsItsOutlineForTheTimeBefore) {
  const domain::Ground ground = Reorganised();
  const CodeBook::Match match = CodeBook(ground).Find("410322", Day("2023-06-30"));
  ASSERT_NE(match.division, nullptr);
  EXPECT_EQ(match.division->display_name, "孟津县");
  EXPECT_NE(match.remark.find("ended on 2021-03-18, its ground is that of 孟津区"), std::string::npos)
      << match.remark;
}

TEST(CodeBook, ACodeUsedAgainIsWhoeverBoreItOnTheFilesDate) {
  const domain::Ground ground = Reorganised();
  const CodeBook book(ground);
  EXPECT_EQ(book.Find("410306", Day("2020-06-30")).division->display_name, "吉利区");
  const CodeBook::Match later = book.Find("410306", Day("2023-06-30"));
  EXPECT_EQ(later.division->display_name, "新城区");
  EXPECT_NE(later.remark.find("吉利区 bears it at another time"), std::string::npos) << later.remark;
}

}  // namespace
}  // namespace gridwarden::grid
