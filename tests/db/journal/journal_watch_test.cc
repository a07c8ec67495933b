#include "journal/journal_watch.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "absl/time/clock.h"
#include "journal/log.h"
#include "journal/sealer.h"
#include "journal/sequencer.h"
#include "platform/runtime/instruments.h"
#include "support/test_database.h"
#include "support/test_journal.h"

namespace gridwarden::journal {
namespace {

using testing::TestDatabase;
using testing::TestSubjects;

class JournalWatchTest : public ::testing::Test {
 protected:
  JournalWatchTest() : subjects_(test_, 3) {
    char name[] = "/tmp/gw_watch_XXXXXX";
    folder_ = mkdtemp(name);
    EXPECT_TRUE(OpenLog(*test_, "test", false).ok());
    sealer_ = std::make_unique<Sealer>(*test_, clock_, folder_ + "/journal", false, [] { return true; });
  }
  ~JournalWatchTest() override { std::filesystem::remove_all(folder_); }

  Backlog Look(absl::Duration later = absl::ZeroDuration(), bool demo = false) {
    const absl::StatusOr<Backlog> backlog = ReadBacklog(*test_, absl::Now() + later, demo);
    EXPECT_TRUE(backlog.ok()) << backlog.status();
    return backlog.value_or(Backlog());
  }
  void Sequence() { ASSERT_TRUE(SequenceAll(*test_, clock_, false, absl::Now() + absl::Seconds(20)).ok()); }

  TestDatabase test_;
  SystemClock clock_;
  TestSubjects subjects_;
  std::string folder_;
  std::unique_ptr<Sealer> sealer_;
};

TEST_F(JournalWatchTest, AnEmptyJournalIsNotBehind) {
  EXPECT_EQ(Look().staged, 0u);
  EXPECT_EQ(Look(absl::Hours(1)).lag, absl::ZeroDuration());
}

TEST_F(JournalWatchTest, TheLagIsTheAgeOfTheOldestEntryThatWaitsForItsPlace) {
  subjects_.Change(0, 1);
  subjects_.Change(1, 1);
  const Backlog backlog = Look(absl::Minutes(10));
  EXPECT_EQ(backlog.staged, 2u);
  EXPECT_GE(backlog.lag, absl::Minutes(10));
  EXPECT_LT(backlog.lag, absl::Minutes(11));
  // In a demo entries carry the demo's clock, which says nothing of how long they have waited.
  EXPECT_EQ(Look(absl::Minutes(10), true).lag, absl::ZeroDuration());
}

TEST_F(JournalWatchTest, WhatIsOrderedAndNotSealedIsBehindToo) {
  subjects_.Change(0, 1);
  Sequence();
  Backlog backlog = Look(absl::Minutes(10));
  EXPECT_EQ(backlog.staged, 0u);
  EXPECT_EQ(backlog.size, 1u);
  EXPECT_EQ(backlog.sealed_size, 0u);
  EXPECT_GE(backlog.lag, absl::Minutes(10) - absl::Seconds(1));
  ASSERT_TRUE(sealer_->SealOnce().ok());
  backlog = Look(absl::Minutes(10));
  EXPECT_EQ(backlog.sealed_size, 1u);
  EXPECT_EQ(backlog.lag, absl::ZeroDuration());
  EXPECT_LT(absl::Now() - backlog.sealed, absl::Minutes(1));
}

TEST_F(JournalWatchTest, ShowsWhatItSees) {
  subjects_.Change(0, 1);
  Sequence();
  subjects_.Change(1, 1);
  JournalWatch watch(*test_, clock_, false);
  watch.Start();
  const Gauge staged("gridwarden_journal_stage_rows", "");
  const Gauge size("gridwarden_journal_entries", "");
  const absl::Time give_up = absl::Now() + absl::Seconds(20);
  while ((staged.value() != 1 || size.value() != 1) && absl::Now() < give_up) {
    absl::SleepFor(absl::Milliseconds(2));
  }
  watch.Stop();
  EXPECT_EQ(staged.value(), 1);
  EXPECT_EQ(size.value(), 1);
}

}  // namespace
}  // namespace gridwarden::journal
