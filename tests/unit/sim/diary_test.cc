#include "sim/diary.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "gtest/gtest.h"

namespace gridwarden::sim {
namespace {

constexpr char kPlay[] = "seed 1, 60 finds";

class DiaryTest : public testing::Test {
 protected:
  DiaryTest() {
    cast_.townships.resize(2);
    cast_.townships[0].township = "divisions/a";
    cast_.townships[1].township = "divisions/b";
    path_ = testing::TempDir() + "/diary_" + std::to_string(getpid());
    std::filesystem::remove(path_);
  }
  ~DiaryTest() override { std::filesystem::remove(path_); }

  DiaryLine Line(size_t index) {
    DiaryLine line{
        .index = index, .did = Step::kFile, .next = NextStep{Step::kDispatch, absl::FromUnixMicros(1234567)}};
    line.find.number = 7;
    line.find.place = &cast_.townships[1];
    line.find.category = "ROAD";
    line.find.file.set_name("cases/x");
    line.find.photos = 3;
    line.find.late = true;
    return line;
  }

  Cast cast_;
  std::string path_;
};

TEST_F(DiaryTest, GivesBackWhatWasWritten) {
  {
    const auto diary = Diary::Open(path_, kPlay, cast_);
    ASSERT_TRUE(diary.ok()) << diary.status();
    EXPECT_TRUE((*diary)->lines().empty());
    (*diary)->Write(Line(4));
    DiaryLine born = Line(60);
    born.did.reset();
    (*diary)->WriteDay(absl::FromUnixSeconds(86400), {born});
    DiaryLine refused = Line(5);
    refused.next.reset();
    refused.refused = "find 5: no";
    (*diary)->Write(refused);
  }
  const auto diary = Diary::Open(path_, kPlay, cast_);
  ASSERT_TRUE(diary.ok()) << diary.status();
  ASSERT_EQ((*diary)->lines().size(), 3u);
  const DiaryLine& first = (*diary)->lines()[0];
  EXPECT_EQ(first.index, 4u);
  EXPECT_EQ(first.find.number, 7);
  EXPECT_EQ(first.find.place, &cast_.townships[1]);
  EXPECT_EQ(first.find.file.name(), "cases/x");
  EXPECT_EQ(first.find.photos, 3);
  EXPECT_TRUE(first.find.late);
  ASSERT_TRUE(first.next && first.did);
  EXPECT_EQ(first.next->step, Step::kDispatch);
  EXPECT_EQ(first.next->at, absl::FromUnixMicros(1234567));
  EXPECT_FALSE((*diary)->lines()[1].did);
  EXPECT_FALSE((*diary)->lines()[2].next);
  EXPECT_EQ((*diary)->lines()[2].refused, "find 5: no");
  EXPECT_EQ((*diary)->last_day(), absl::FromUnixSeconds(86400));
}

TEST_F(DiaryTest, DropsALastLineThatWasCutOffAndGoesOnBehindIt) {
  {
    const auto diary = Diary::Open(path_, kPlay, cast_);
    ASSERT_TRUE(diary.ok());
    (*diary)->Write(Line(1));
    (*diary)->Write(Line(2));
  }
  std::filesystem::resize_file(path_, std::filesystem::file_size(path_) - 5);
  {
    const auto diary = Diary::Open(path_, kPlay, cast_);
    ASSERT_TRUE(diary.ok()) << diary.status();
    ASSERT_EQ((*diary)->lines().size(), 1u);
    (*diary)->Write(Line(3));
  }
  const auto diary = Diary::Open(path_, kPlay, cast_);
  ASSERT_TRUE(diary.ok()) << diary.status();
  ASSERT_EQ((*diary)->lines().size(), 2u);
  EXPECT_EQ((*diary)->lines()[1].index, 3u);
}

TEST_F(DiaryTest, RefusesAFileOfAnotherPlayAndRubbish) {
  ASSERT_TRUE(Diary::Open(path_, "another", cast_).ok());
  EXPECT_FALSE(Diary::Open(path_, kPlay, cast_).ok());
  std::ofstream(path_) << "rubbish\n";
  EXPECT_FALSE(Diary::Open(path_, kPlay, cast_).ok());
}

TEST_F(DiaryTest, KeepsNothingWithoutAFile) {
  const auto diary = Diary::Open("", kPlay, cast_);
  ASSERT_TRUE(diary.ok());
  (*diary)->Write(Line(1));
  EXPECT_TRUE((*diary)->lines().empty());
}

}  // namespace
}  // namespace gridwarden::sim
