#include "journal/sealer.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "absl/time/clock.h"
#include "domain/merkle/note.h"
#include "journal/log.h"
#include "journal/sequencer.h"
#include "platform/crypto/digest.h"
#include "platform/journal/anchor.h"
#include "support/test_database.h"
#include "support/test_journal.h"

namespace gridwarden::journal {
namespace {

using testing::TestDatabase;
using testing::TestSubjects;

class SealerTest : public ::testing::Test {
 protected:
  SealerTest() : subjects_(test_, 3) {
    char name[] = "/tmp/gw_sealer_XXXXXX";
    folder_ = mkdtemp(name);
    ForgetCheckpoint();
    EXPECT_TRUE(OpenLog(*test_, "test", false).ok());
    Restart();
  }
  ~SealerTest() override { std::filesystem::remove_all(folder_); }

  void Restart() {
    sealer_ = std::make_unique<Sealer>(*test_, clock_, folder_ + "/journal", false, [] { return true; });
  }
  void Write(int count) {
    for (int i = 0; i < count; ++i) subjects_.Change(i % 3, i);
    ASSERT_TRUE(SequenceAll(*test_, clock_, false, absl::Now() + absl::Seconds(20)).ok());
  }
  std::string Count() { return test_.Ask("SELECT COUNT(*) FROM journal_checkpoint"); }

  TestDatabase test_;
  SystemClock clock_;
  TestSubjects subjects_;
  std::string folder_;
  std::unique_ptr<Sealer> sealer_;
};

TEST_F(SealerTest, AnEmptyLogHasNoCheckpoint) {
  EXPECT_EQ(*sealer_->SealOnce(), 0u);
  EXPECT_EQ(Count(), "0");
}

TEST_F(SealerTest, AfterARestartTheKeyIsToldBeforeItLeadsAgain) {
  Write(2);
  ASSERT_TRUE(sealer_->SealOnce().ok());
  const std::string key = sealer_->VerifierKey();
  Sealer waiting(*test_, clock_, folder_ + "/journal", false, [] { return false; });
  waiting.Start();
  const absl::Time give_up = absl::Now() + absl::Seconds(10);
  while (waiting.VerifierKey().empty() && absl::Now() < give_up) absl::SleepFor(absl::Milliseconds(2));
  waiting.Stop();
  EXPECT_EQ(waiting.VerifierKey(), key);
}

TEST_F(SealerTest, SealsWhatIsNewAndTellsWhatEntriesKnow) {
  Write(5);
  EXPECT_EQ(*sealer_->SealOnce(), 5u);
  EXPECT_EQ(*sealer_->SealOnce(), 5u);
  EXPECT_EQ(Count(), "1");
  EXPECT_EQ(NewestCheckpoint()->size, 5u);
  const auto verifier = domain::merkle::ParseVerifierKey(crypto::Sha256, sealer_->VerifierKey());
  ASSERT_TRUE(verifier.ok());
  const auto opened = domain::merkle::OpenNote(
      crypto::Sha256, test_.Ask("SELECT note FROM journal_checkpoint"), *verifier, crypto::Verify);
  ASSERT_TRUE(opened.ok()) << opened.status();
  EXPECT_EQ(opened->root, NewestCheckpoint()->root);
  Write(300);
  v1::Entry entry;
  ASSERT_TRUE(entry.ParseFromString(test_.Ask("SELECT body FROM journal_entry ORDER BY idx DESC LIMIT 1")));
  EXPECT_EQ(entry.known().size(), 5u);
  EXPECT_EQ(*sealer_->SealOnce(), 305u);
  EXPECT_EQ(Count(), "2");
}

TEST_F(SealerTest, GoesOnAfterARestart) {
  Write(5);
  ASSERT_TRUE(sealer_->SealOnce().ok());
  Restart();
  Write(7);
  EXPECT_EQ(*sealer_->SealOnce(), 12u);
}

TEST_F(SealerTest, StoresACheckpointThatWasSignedButNotStoredBeforeACrash) {
  Write(5);
  ASSERT_TRUE(sealer_->SealOnce().ok());
  test_.Exec("DELETE FROM journal_checkpoint");
  Restart();
  EXPECT_EQ(*sealer_->SealOnce(), 5u);
  EXPECT_EQ(Count(), "1");
}

TEST_F(SealerTest, RefusesALogThatLostItsTail) {
  Write(6);
  ASSERT_TRUE(sealer_->SealOnce().ok());
  test_.Exec("DELETE FROM journal_entry WHERE idx >= 4");
  domain::merkle::Frontier frontier(crypto::Sha256);
  ASSERT_TRUE(
      test_
          ->Run([&](db::Transaction& tx) -> absl::Status {
            GW_ASSIGN_OR_RETURN(const auto entries, ReadEntries(tx, 0, 10));
            for (const auto& entry : entries) frontier.Append(entry.leaf);
            return tx.Exec("UPDATE journal_head SET size = 4, frontier = ?", frontier.Bytes()).status();
          })
          .ok());
  EXPECT_EQ(ReasonOf(sealer_->SealOnce().status()), "JOURNAL_ALTERED");
  // Growing again past the old size does not help: the entries are not the ones that were signed.
  test_.Exec("DELETE FROM test_subject");
  TestSubjects others(test_, 2);
  for (int i = 0; i < 5; ++i) others.Change(i % 2, i);
  ASSERT_TRUE(SequenceAll(*test_, clock_, false, absl::Now() + absl::Seconds(20)).ok());
  EXPECT_EQ(test_.Ask("SELECT size FROM journal_head"), "9");
  EXPECT_EQ(ReasonOf(sealer_->SealOnce().status()), "JOURNAL_ALTERED");
  EXPECT_EQ(Count(), "1");
}

TEST_F(SealerTest, RefusesAChangedLeaf) {
  Write(6);
  ASSERT_TRUE(sealer_->SealOnce().ok());
  test_.Exec("UPDATE journal_entry SET leaf = REPEAT('x', 32) WHERE idx = 5");
  subjects_.Change(0, 7);
  ASSERT_TRUE(SequenceAll(*test_, clock_, false, absl::Now() + absl::Seconds(20)).ok());
  EXPECT_EQ(ReasonOf(sealer_->SealOnce().status()), "JOURNAL_ALTERED");
}

TEST_F(SealerTest, AChangedLeafAlsoStopsTheChainOfItsSubject) {
  Write(6);
  test_.Exec("UPDATE journal_entry SET leaf = REPEAT('x', 32) WHERE idx = 5");
  subjects_.Change(2, 7);
  EXPECT_EQ(ReasonOf(SequenceAll(*test_, clock_, false, absl::Now() + absl::Seconds(20))), "JOURNAL_ALTERED");
}

TEST_F(SealerTest, RefusesWhenItsMemoryIsGoneButTheLogHasCheckpoints) {
  Write(2);
  ASSERT_TRUE(sealer_->SealOnce().ok());
  std::filesystem::remove_all(folder_ + "/journal");
  Restart();
  EXPECT_EQ(ReasonOf(sealer_->SealOnce().status()), "JOURNAL_ALTERED");
}

TEST_F(SealerTest, SaysWhenThereIsNoPlaceForItsKey) {
  Sealer homeless(*test_, clock_, "", false, [] { return true; });
  EXPECT_EQ(homeless.SealOnce().status().code(), absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace gridwarden::journal
