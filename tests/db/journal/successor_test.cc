#include "journal/successor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "absl/time/clock.h"
#include "domain/merkle/note.h"
#include "gridwarden/journal/v1/successor.pb.h"
#include "journal/key_check.h"
#include "journal/log.h"
#include "journal/recompute.h"
#include "journal/sealer.h"
#include "journal/sequencer.h"
#include "platform/crypto/digest.h"
#include "platform/journal/anchor.h"
#include "support/test_database.h"
#include "support/test_journal.h"

// What is done after a restore that lost entries which had been signed, and what is refused before.
namespace gridwarden::journal {
namespace {

using ::testing::HasSubstr;
using testing::TestDatabase;
using testing::TestSubjects;

class SuccessorTest : public ::testing::Test {
 protected:
  SuccessorTest() : subjects_(test_, 3) {
    char name[] = "/tmp/gw_successor_XXXXXX";
    folder_ = std::string(mkdtemp(name)) + "/journal";
    ForgetCheckpoint();
    EXPECT_TRUE(OpenLog(*test_, "4117", false).ok());
    for (const char* login : {"ma", "wang"}) {
      test_.Exec(
          std::string(
              "INSERT INTO account (account_id, login, display_name, administrator, disabled, created_us, "
              "access_revision, subject_seq, subject_leaf) VALUES (UNHEX(MD5('") +
          login + "')), '" + login + "', 'x', 0, 0, 0, 0, 0, '')");
    }
  }
  ~SuccessorTest() override { std::filesystem::remove_all(std::filesystem::path(folder_).parent_path()); }

  void Write(int count) {
    for (int i = 0; i < count; ++i) subjects_.Change(i % 3, i);
    Sequence();
  }
  void Sequence() { ASSERT_TRUE(SequenceAll(*test_, clock_, false, absl::Now() + absl::Seconds(20)).ok()); }
  absl::StatusOr<uint64_t> Seal() {
    return Sealer(*test_, clock_, folder_, false, [] { return true; }).SealOnce();
  }
  // The database as it was, while the signer has signed on: what restoring a backup does.
  void BackUp() { test_.Exec("CREATE TABLE kept_head AS SELECT * FROM journal_head"); }
  void Restore() {
    test_.Exec("DELETE FROM journal_entry WHERE idx >= (SELECT size FROM kept_head)");
    test_.Exec("DELETE FROM journal_checkpoint WHERE size > (SELECT size FROM kept_head)");
    test_.Exec("DELETE FROM journal_head");
    test_.Exec("INSERT INTO journal_head SELECT * FROM kept_head");
    // Nobody leads.
    test_.Exec("UPDATE journal_head SET lease_until_us = 0");
  }
  absl::StatusOr<Successor> Open(std::vector<std::string> officers = {"ma", "wang"},
                                 const std::string& reason = "no other copy was found") {
    return OpenSuccessor(*test_, {.folder = folder_, .reason = reason, .officers = std::move(officers)},
                         absl::Now());
  }

  TestDatabase test_;
  SystemClock clock_;
  TestSubjects subjects_;
  std::string folder_;
};

TEST_F(SuccessorTest, AfterALossTheSignerRefusesUntilTwoOfficersOpenASuccessor) {
  Write(6);
  ASSERT_TRUE(Seal().ok());
  BackUp();
  Write(4);
  ASSERT_EQ(*Seal(), 10u);
  Restore();
  EXPECT_EQ(ReasonOf(Seal().status()), "JOURNAL_ALTERED");

  const auto next = Open();
  ASSERT_TRUE(next.ok()) << next.status();
  EXPECT_EQ(next->former_origin, "gridwarden.4117/journal");
  EXPECT_EQ(next->origin, "gridwarden.4117-2/journal");
  EXPECT_EQ(next->size, 6u);
  EXPECT_EQ(next->lost_from, 6u);
  EXPECT_EQ(next->lost_until, 10u);
  EXPECT_FALSE(next->altered);
  EXPECT_TRUE(std::filesystem::exists(folder_ + "/signer.note.10"));

  // It goes on, and its first new entry says what happened.
  Sequence();
  EXPECT_EQ(*Seal(), 7u);
  v1::Entry entry;
  ASSERT_TRUE(entry.ParseFromString(test_.Ask("SELECT body FROM journal_entry WHERE idx = 6")));
  EXPECT_EQ(entry.kind(), "log.successor");
  v1::LogSucceeded event;
  ASSERT_TRUE(event.ParseFromString(entry.event()));
  EXPECT_EQ(event.former_origin(), "gridwarden.4117/journal");
  EXPECT_THAT(event.former_note(), HasSubstr("gridwarden.4117/journal\n10\n"));
  EXPECT_EQ(event.lost_from(), 6u);
  EXPECT_EQ(event.lost_until(), 10u);
  EXPECT_EQ(event.reason(), "no other copy was found");
  EXPECT_EQ(event.officers_size(), 2);
  // A checkpoint of the successor is proven by the key it told.
  const auto key = domain::merkle::ParseVerifierKey(crypto::Sha256, next->verifier_key);
  ASSERT_TRUE(key.ok());
  EXPECT_TRUE(domain::merkle::OpenNote(
                  crypto::Sha256, test_.Ask("SELECT note FROM journal_checkpoint ORDER BY size DESC LIMIT 1"),
                  *key, crypto::Verify)
                  .ok());
  EXPECT_TRUE(CheckKey(*test_, folder_).ok());
  EXPECT_THAT(std::string(Open().status().message()), HasSubstr("can go on as it is"));
}

TEST_F(SuccessorTest, AnAlteredLogIsToldFromALostTail) {
  Write(6);
  BackUp();
  Write(4);
  ASSERT_TRUE(Seal().ok());
  Restore();
  test_.Exec("DELETE FROM journal_stage");
  // Other entries than those that were signed, as many.
  TestSubjects others(test_, 3);
  for (int i = 0; i < 5; ++i) others.Change(i % 3, 100 + i);
  Sequence();
  test_.Exec("UPDATE journal_head SET lease_until_us = 0");
  EXPECT_EQ(ReasonOf(Seal().status()), "JOURNAL_ALTERED");
  const auto next = Open();
  ASSERT_TRUE(next.ok()) << next.status();
  EXPECT_TRUE(next->altered);
  EXPECT_EQ(next->lost_from, next->lost_until);
}

TEST_F(SuccessorTest, RefusesWithoutNeedOfficersReasonOrWhileSomebodyLeads) {
  Write(6);
  ASSERT_TRUE(Seal().ok());
  test_.Exec("UPDATE journal_head SET lease_until_us = 0");
  EXPECT_THAT(std::string(Open().status().message()), HasSubstr("can go on as it is"));
  EXPECT_THAT(std::string(Open({"ma"}).status().message()), HasSubstr("two officers"));
  EXPECT_THAT(std::string(Open({"ma", "ma"}).status().message()), HasSubstr("one and the same"));
  EXPECT_THAT(std::string(Open({"ma", "nobody"}).status().message()), HasSubstr("no account nobody"));
  EXPECT_THAT(std::string(Open({"ma", "wang"}, "").status().message()), HasSubstr("reason"));
  test_.Exec("UPDATE journal_head SET lease_until_us = 9000000000000000");
  EXPECT_THAT(std::string(Open().status().message()), HasSubstr("stop the servers"));
}

TEST_F(SuccessorTest, RecomputesTheTreeAndNamesTheEntryThatIsWrong) {
  Write(9);
  const auto log = Recompute(*test_, {0, 4, 9, 12});
  ASSERT_TRUE(log.ok()) << log.status();
  EXPECT_EQ(log->size, 9u);
  EXPECT_EQ(log->roots.size(), 3u);
  EXPECT_EQ(log->roots.at(9), log->root);
  test_.Exec("UPDATE journal_entry SET body = CONCAT(body, 'x') WHERE idx = 4");
  EXPECT_THAT(std::string(Recompute(*test_, {}).status().message()),
              HasSubstr("journal_entry 4 was altered"));
  test_.Exec("DELETE FROM journal_entry WHERE idx = 3");
  EXPECT_THAT(std::string(Recompute(*test_, {}).status().message()), HasSubstr("journal_entry 3 is missing"));
}

TEST_F(SuccessorTest, AnEndThatWasCutOffIsFoundByTheHead) {
  Write(9);
  test_.Exec("DELETE FROM journal_entry WHERE idx = 8");
  EXPECT_THAT(std::string(Recompute(*test_, {}).status().message()),
              HasSubstr("journal_head says 9 entries"));
}

TEST_F(SuccessorTest, TheKeyAndTheDatabaseBelongTogether) {
  EXPECT_TRUE(CheckKey(*test_, folder_).ok());  // nothing signed yet: the key is made later
  Write(3);
  ASSERT_TRUE(Seal().ok());
  EXPECT_TRUE(CheckKey(*test_, folder_).ok());
  const std::string key = folder_ + "/signer.key";
  ASSERT_EQ(chmod(key.c_str(), 0644), 0);
  EXPECT_THAT(std::string(CheckKey(*test_, folder_).message()), HasSubstr("can be read by others"));
  ASSERT_EQ(chmod(key.c_str(), 0600), 0);
  std::filesystem::rename(key, folder_ + "/away");
  EXPECT_THAT(std::string(CheckKey(*test_, folder_).message()), HasSubstr("signer.key is missing"));
  std::filesystem::rename(folder_ + "/away", key);
  std::filesystem::rename(folder_ + "/signer.note", folder_ + "/away");
  EXPECT_THAT(std::string(CheckKey(*test_, folder_).message()), HasSubstr("signer.note is missing"));
  std::filesystem::rename(folder_ + "/away", folder_ + "/signer.note");
  EXPECT_TRUE(CheckKey(*test_, folder_).ok());
}

TEST_F(SuccessorTest, TheDataFolderOfAnotherInstallationIsRefused) {
  Write(3);
  ASSERT_TRUE(Seal().ok());
  // Another installation of the same name, with its own key.
  TestDatabase other(TestDatabase::Content::kMigrated, 4);
  ASSERT_TRUE(OpenLog(*other, "4117", false).ok());
  TestSubjects theirs(other, 1);
  theirs.Change(0, 1);
  ASSERT_TRUE(SequenceAll(*other, clock_, false, absl::Now() + absl::Seconds(20)).ok());
  const std::string their_folder = folder_ + "-other";
  ASSERT_TRUE(Sealer(*other, clock_, their_folder, false, [] { return true; }).SealOnce().ok());
  EXPECT_TRUE(CheckKey(*other, their_folder).ok());
  EXPECT_THAT(std::string(CheckKey(*other, folder_).message()), HasSubstr("belongs to another installation"));
}

}  // namespace
}  // namespace gridwarden::journal
