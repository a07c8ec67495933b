#include "domain/ground/succession.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace gridwarden::domain {
namespace {

// Names stand for themselves: the same text is the same division or parent.
Uuid IdOf(const std::string& text) { return Uuid::Derive(Uuid(), text); }

struct Lists {
  std::vector<StandingDivision> standing;
  std::vector<ListedDivision> listed;

  // "甲镇" under "东县".
  void Stood(const std::string& parent, const std::string& code, const std::string& name,
             const std::string& region = "东县") {
    standing.push_back({IdOf(code + name), IdOf(parent), IdOf(region), code, name});
  }
  void List(const std::string& parent, const std::string& code, const std::string& name,
            const std::string& region = "东县") {
    listed.push_back({IdOf(parent), IdOf(region), code, name});
  }
  void Both(const std::string& parent, const std::string& code, const std::string& name) {
    Stood(parent, code, name);
    List(parent, code, name);
  }
  Succession Compare(Level level = Level::kVillage) const { return CompareLists(standing, listed, level); }
};

TEST(NamesOfPlaces, AreTheSameWithoutTheWordsThatSayWhatKindOfPlaceItIs) {
  EXPECT_EQ(StemOf("郭楼镇", Level::kTownship), "郭楼");
  EXPECT_EQ(StemOf("郭楼街道办事处", Level::kTownship), "郭楼");
  EXPECT_EQ(StemOf("文楼社区居委会", Level::kVillage), "文楼");
  EXPECT_EQ(StemOf("后马回族村村民委员会", Level::kVillage), StemOf("后马回族村民委员会", Level::kVillage));
  EXPECT_EQ(StemOf("村", Level::kVillage), "村") << "nothing is left of it otherwise";
  EXPECT_TRUE(IsSamePlaceName("罗岗村民委员会", "罗岗庄村民委员会", Level::kVillage));
  EXPECT_TRUE(IsSamePlaceName("十里居民委员会", "十里庙社区居民委员会", Level::kVillage));
  EXPECT_FALSE(IsSamePlaceName("张庄村", "李庄村", Level::kVillage)) << "every second village is a 庄";
  EXPECT_FALSE(IsSamePlaceName("工业园区", "先进制造业开发区", Level::kTownship));
}

TEST(Succession, TheSameCodeAndNameIsTheSame) {
  Lists lists;
  lists.Both("甲镇", "001", "前王村");
  const Succession found = lists.Compare();
  EXPECT_EQ(found.standing_of, std::vector<int>{0});
  EXPECT_TRUE(found.doubts.empty());
}

TEST(Succession, ANameWrittenOtherwiseUnderItsCodeIsARename) {
  Lists lists;
  lists.Both("甲镇", "001", "前王村");
  lists.Stood("甲镇", "002", "老城居民委员会");
  lists.List("甲镇", "002", "老城社区居委会");
  lists.Stood("甲镇", "003", "诸葛村");
  lists.List("甲镇", "003", "诸葛寺村");
  const Succession found = lists.Compare();
  EXPECT_EQ(found.standing_of, (std::vector<int>{0, 1, 2}));
  EXPECT_TRUE(found.doubts.empty());
}

TEST(Succession, TheNameUnderAnotherCodeOfTheSameParentIsANewCode) {
  Lists lists;
  lists.Stood("西县", "107", "郭楼镇", "市");
  lists.List("西县", "004", "郭楼街道", "市");
  lists.Stood("西县", "001", "城关镇", "市");
  lists.List("西县", "001", "城关镇", "市");
  const Succession found = lists.Compare(Level::kTownship);
  EXPECT_EQ(found.standing_of, (std::vector<int>{0, 1}));
  EXPECT_TRUE(found.doubts.empty());
}

TEST(Succession, CodesThatChangedPlacesAreSeenByTheNames) {
  Lists lists;
  lists.Stood("甲镇", "001", "王庄村");
  lists.Stood("甲镇", "002", "李庄村");
  lists.List("甲镇", "001", "李庄村");
  lists.List("甲镇", "002", "王庄村");
  EXPECT_EQ(lists.Compare().standing_of, (std::vector<int>{1, 0}));
}

TEST(Succession, AUniqueNameUnderAnotherParentOfTheSameCountyHasMoved) {
  Lists lists;
  lists.Both("甲镇", "001", "前王村");
  lists.Both("乙镇", "101", "后李村");
  lists.Stood("甲镇", "002", "高湾村");
  lists.List("乙镇", "102", "高湾村");
  const Succession found = lists.Compare();
  EXPECT_EQ(found.standing_of, (std::vector<int>{0, 1, 2}));
  EXPECT_TRUE(found.doubts.empty());
}

TEST(Succession, ANameThatSeveralHaveMovesOnlyWhenANeighbourGoesTheSameWay) {
  Lists lists;
  lists.Both("甲镇", "001", "前王村");
  lists.Both("乙镇", "101", "后李村");
  lists.Both("丙镇", "201", "张庄村");
  lists.Stood("甲镇", "002", "张庄村");
  lists.List("乙镇", "102", "张庄村");
  const Succession unsure = lists.Compare();
  EXPECT_EQ(unsure.standing_of[3], -1);
  ASSERT_EQ(unsure.doubts.size(), 2u);
  lists.Stood("甲镇", "003", "高湾村");
  lists.List("乙镇", "103", "高湾村");
  const Succession sure = lists.Compare();
  EXPECT_EQ(sure.standing_of[3], 3);
  EXPECT_TRUE(sure.doubts.empty());
}

TEST(Succession, ACodeWithAnUnrelatedNameIsADoubtAndTheDivisionStays) {
  Lists lists;
  lists.Both("甲镇", "001", "前王村");
  lists.Stood("甲镇", "002", "北大吴村");
  lists.List("甲镇", "002", "清河社区");
  const Succession found = lists.Compare();
  EXPECT_EQ(found.standing_of, (std::vector<int>{0, 1}));
  ASSERT_EQ(found.doubts.size(), 1u);
  EXPECT_EQ(found.doubts[0].kind, DoubtKind::kRenamedOrReplaced);
  EXPECT_EQ(found.doubts[0].candidates.at(0).kind, LineageKind::kRename);
  EXPECT_EQ(found.doubts[0].candidates.at(1).kind, LineageKind::kAbolish);
}

TEST(Succession, ACodeUsedAgainIsSureWhenTheOldNameIsFoundElsewhere) {
  Lists lists;
  lists.Both("甲镇", "001", "前王村");
  lists.Stood("甲镇", "002", "郭楼村");
  lists.List("甲镇", "005", "郭楼社区");
  lists.List("甲镇", "002", "清河社区");
  const Succession found = lists.Compare();
  EXPECT_EQ(found.standing_of, (std::vector<int>{0, 1, -1}))
      << "the old one has another code, the code another division";
  ASSERT_EQ(found.doubts.size(), 1u);
  EXPECT_EQ(found.doubts[0].kind, DoubtKind::kAppeared) << "where the new one's ground comes from";
}

TEST(Succession, WhatVanishedAndWhatAppearedIsNeverGuessed) {
  Lists lists;
  lists.Both("甲镇", "001", "前王村");
  lists.Both("甲镇", "003", "后王村");
  lists.Stood("甲镇", "002", "泰山村");
  lists.List("甲镇", "009", "泰山庙社区");
  const Succession found = lists.Compare();
  EXPECT_EQ(found.standing_of, (std::vector<int>{0, 1, -1}));
  ASSERT_EQ(found.doubts.size(), 2u);
  const Doubt& gone = found.doubts[0];
  EXPECT_EQ(gone.kind, DoubtKind::kVanished);
  EXPECT_EQ(gone.candidates.at(0).listed, 2);
  EXPECT_EQ(gone.candidates.at(0).kind, LineageKind::kMerge);
  EXPECT_EQ(gone.candidates.back().kind, LineageKind::kAbolish);
  for (size_t i = 1; i < gone.candidates.size(); ++i)
    EXPECT_GE(gone.candidates[i - 1].confidence, gone.candidates[i].confidence);
  EXPECT_EQ(found.doubts[1].kind, DoubtKind::kAppeared);
}

TEST(Succession, AFirstListBelowAParentAsksNothing) {
  Lists lists;
  lists.List("新镇", "001", "前王村");
  const Succession found = lists.Compare();
  EXPECT_EQ(found.standing_of, std::vector<int>{-1});
  EXPECT_TRUE(found.doubts.empty());
}

TEST(Succession, APieceOfAListIsNotTakenForTheWhole) {
  Lists lists;
  lists.Both("甲镇", "001", "前王村");
  for (int i = 0; i < 6; ++i) lists.Stood("甲镇", absl::StrCat("01", i), absl::StrCat("第", i, "村"));
  const Succession found = lists.Compare();
  EXPECT_TRUE(found.doubts.empty());
  EXPECT_EQ(found.incomplete, std::vector<Uuid>{IdOf("甲镇")});
}

TEST(Succession, NeitherIsAPieceOfTheStoredGround) {
  Lists lists;
  lists.Both("省", "9901", "甲市");
  for (int i = 0; i < 6; ++i) lists.List("省", absl::StrCat("991", i), absl::StrCat("第", i, "市"));
  EXPECT_TRUE(lists.Compare(Level::kCity).doubts.empty());
}

TEST(Succession, NothingBelowAParentWithoutARowVanishes) {
  Lists lists;
  lists.Both("甲镇", "001", "前王村");
  lists.Stood("乙镇", "101", "后李村");
  EXPECT_TRUE(lists.Compare().doubts.empty());
}

// A made-up county after a year: every division of the old list is either one of the new or a doubt, every
// one of the new is one of the old or new; nothing is named twice; and applied to the old list the difference
// gives the new one.
TEST(Succession, AppliedToTheOldListItGivesTheNewOneAndComparedAgainNothing) {
  std::mt19937 random(20261122);
  const auto pick = [&](int n) { return static_cast<int>(random() % n); };
  const std::vector<std::string> firsts = {"王", "李", "张", "高", "郭", "陈",   "刘",
                                           "赵", "孙", "周", "吴", "郑", "前王", "后李"};
  const std::vector<std::string> seconds = {"庄", "楼", "寨", "湾", "集", "岗", "河", "铺", "桥", "店"};
  int sure = 0, doubtful = 0;
  for (int round = 0; round < 400; ++round) {
    Lists lists;
    std::set<std::string> used;
    for (int p = 0; p < 4; ++p) {
      for (int v = 0; v < 8; ++v) {
        const std::string parent = absl::StrCat("镇", p);
        const std::string code = absl::StrFormat("99%d2%02d", p, v);
        const std::string name = firsts[pick(14)] + seconds[pick(10)];
        if (!used.insert(parent + name).second) continue;
        lists.Stood(parent, code, name + "村民委员会");
        const int what = pick(20);
        if (what == 0) continue;  // vanishes
        std::string to = parent, to_code = code, to_name = name + "村民委员会";
        if (what == 1 || what == 2) to_name = name + "社区居委会";
        if (what == 2 || what == 3) to_code = absl::StrFormat("99%d0%02d", p, v);
        if (what == 4)
          to = absl::StrCat("镇", (p + 1) % 4), to_code = absl::StrFormat("99%d3%02d", (p + 1) % 4, v);
        if (what == 5) to_name = firsts[pick(14)] + seconds[pick(10)] + "社区";
        lists.List(to, to_code, to_name);
        if (what == 6)
          lists.List(parent, absl::StrFormat("99%d4%02d", p, v), absl::StrCat("新", pick(99), "社区"));
      }
    }
    const Succession found = lists.Compare();
    ASSERT_EQ(found.standing_of.size(), lists.listed.size());
    std::set<int> matched;
    for (const int s : found.standing_of) {
      if (s >= 0) EXPECT_TRUE(matched.insert(s).second) << "one division is two of the list";
    }
    std::set<int> name_waits;
    std::set<int> vanished;
    for (const Doubt& doubt : found.doubts) {
      EXPECT_FALSE(doubt.candidates.empty());
      if (doubt.kind == DoubtKind::kRenamedOrReplaced) name_waits.insert(doubt.listed);
      if (doubt.kind == DoubtKind::kVanished) vanished.insert(doubt.standing);
      if (doubt.kind == DoubtKind::kAppeared) EXPECT_EQ(found.standing_of[doubt.listed], -1);
      ++doubtful;
    }
    for (size_t s = 0; s < lists.standing.size(); ++s)
      EXPECT_NE(matched.contains(s), vanished.contains(s)) << "lost or found twice";
    // Applied.
    Lists after;
    after.listed = lists.listed;
    std::multiset<std::string> got, want;
    for (size_t l = 0; l < lists.listed.size(); ++l) {
      const ListedDivision& row = lists.listed[l];
      StandingDivision now{IdOf(absl::StrCat("new", l)), row.parent, row.region, row.code, row.display_name};
      if (const int s = found.standing_of[l]; s >= 0) {
        now.id = lists.standing[s].id;
        ++sure;
        if (name_waits.contains(static_cast<int>(l))) now.display_name = lists.standing[s].display_name;
      }
      after.standing.push_back(now);
      got.insert(absl::StrCat(now.parent.ToString(), now.code));
      want.insert(absl::StrCat(row.parent.ToString(), row.code));
    }
    EXPECT_EQ(got, want);
    std::set<std::string> codes;
    for (const ListedDivision& row : lists.listed) codes.insert(row.code);
    for (const int s : vanished) {
      after.standing.push_back(lists.standing[s]);
      if (codes.contains(lists.standing[s].code)) after.standing.back().code.clear();  // it is another's now
    }
    const Succession again = after.Compare();
    for (size_t l = 0; l < after.listed.size(); ++l)
      EXPECT_EQ(again.standing_of[l], static_cast<int>(l)) << "compared again";
    for (const Doubt& doubt : again.doubts)
      EXPECT_TRUE(doubt.kind == DoubtKind::kVanished || doubt.kind == DoubtKind::kRenamedOrReplaced)
          << "asked about again as new";
  }
  std::printf("%d matched, %d doubts\n", sure, doubtful);
  EXPECT_GT(sure, 5000);
  EXPECT_GT(doubtful, 500);
}

}  // namespace
}  // namespace gridwarden::domain
