#include "server/backup/backup_files.h"

#include <filesystem>
#include <fstream>

#include "absl/strings/escaping.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "platform/crypto/digest.h"
#include "server/backup/dump_reader.h"

namespace gridwarden::server {
namespace {

using ::testing::HasSubstr;

class BackupFilesTest : public ::testing::Test {
 protected:
  BackupFilesTest() : folder_(::testing::TempDir() + "/backups"), backup_(folder_ + "/20261122T113000Z") {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(backup_);
    EXPECT_TRUE(WriteWhole(backup_ + "/database.sql.gz", "rows").ok());
    const std::string photo = "a photo";
    digest_ = absl::BytesToHexString(crypto::Sha256(photo));
    const std::string path = PhotoPath(folder_ + "/photos", digest_);
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    EXPECT_TRUE(WriteWhole(path, photo).ok());
    EXPECT_TRUE(WriteWhole(backup_ + "/photos.list", digest_ + " 7\n").ok());
    manifest_ = {.made = absl::FromUnixSeconds(1'795'000'000),
                 .program = "gridwarden test",
                 .database = "gridwarden",
                 .verifier_key = "key",
                 .checkpoint_note = "note\n",
                 .rows = {{"account", 3}, {"journal_entry", 12}},
                 .log_start = LogPosition{"binlog.000003", 4711},
                 .photo_count = 1,
                 .damaged_photos = {"ab"},
                 .files = {*Describe(backup_, "database.sql.gz"), *Describe(backup_, "photos.list")}};
    EXPECT_TRUE(WriteManifest(backup_, manifest_).ok());
  }

  std::string folder_;
  std::string backup_;
  std::string digest_;
  Manifest manifest_;
};

TEST_F(BackupFilesTest, AManifestIsReadAsItWasWritten) {
  const auto read = ReadManifest(backup_);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->made, manifest_.made);
  EXPECT_EQ(read->rows, manifest_.rows);
  EXPECT_EQ(read->checkpoint_note, "note\n");
  EXPECT_EQ(read->log_start->position, 4711u);
  EXPECT_EQ(read->files[0].sha256, manifest_.files[0].sha256);
  EXPECT_TRUE(VerifyFiles(backup_, *read, std::nullopt).ok());
}

TEST_F(BackupFilesTest, AFileThatWasChangedIsNamed) {
  ASSERT_TRUE(WriteWhole(backup_ + "/database.sql.gz", "rowz").ok());
  const absl::Status wrong = VerifyFiles(backup_, manifest_, std::nullopt);
  EXPECT_EQ(wrong.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(wrong.message()), HasSubstr("database.sql.gz is not what was backed up"));
}

TEST_F(BackupFilesTest, AFileThatIsMissingIsNamed) {
  std::filesystem::remove(backup_ + "/photos.list");
  EXPECT_THAT(std::string(VerifyFiles(backup_, manifest_, std::nullopt).message()),
              HasSubstr("photos.list is missing"));
}

TEST_F(BackupFilesTest, APhotoThatRottedIsNamed) {
  ASSERT_TRUE(WriteWhole(PhotoPath(folder_ + "/photos", digest_), "a phot0").ok());
  EXPECT_THAT(std::string(VerifyFiles(backup_, manifest_, std::nullopt).message()), HasSubstr(digest_));
}

TEST_F(BackupFilesTest, WhatWasFetchedAfterTheDumpIsCheckedToo) {
  std::filesystem::create_directories(backup_ + "/log");
  ASSERT_TRUE(WriteWhole(backup_ + "/log/binlog.000003", "events").ok());
  ASSERT_TRUE(WriteWhole(backup_ + "/log/photos.list", digest_ + " 7\n").ok());
  ASSERT_TRUE(WriteFetchedLog(backup_, {.made = manifest_.made,
                                        .files = {*Describe(backup_, "log/binlog.000003")},
                                        .photos = *Describe(backup_, "log/photos.list")})
                  .ok());
  const auto log = ReadFetchedLog(backup_);
  ASSERT_TRUE(log.ok() && log->has_value());
  EXPECT_TRUE(VerifyFiles(backup_, manifest_, *log).ok());
  ASSERT_TRUE(WriteWhole(backup_ + "/log/binlog.000003", "evenst").ok());
  EXPECT_THAT(std::string(VerifyFiles(backup_, manifest_, *log).message()), HasSubstr("log/binlog.000003"));
}

TEST_F(BackupFilesTest, AManifestCannotLeadOutOfTheBackup) {
  manifest_.files.push_back({"../../etc/passwd", 1, "00"});
  ASSERT_TRUE(WriteManifest(backup_, manifest_).ok());
  EXPECT_EQ(ReadManifest(backup_).status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(BackupFilesTest, TheNewestWholeBackupCountsAndTheLogFetchedAfterIt) {
  std::filesystem::create_directories(folder_ + "/20261123T113000Z.part");
  std::filesystem::create_directories(folder_ + "/20261124T113000Z");  // no manifest: never finished
  EXPECT_EQ(NewestBackup(folder_), backup_);
  EXPECT_EQ(LastBackedUp(folder_), manifest_.made);
  ASSERT_TRUE(WriteFetchedLog(backup_, {.made = manifest_.made + absl::Hours(3)}).ok());
  EXPECT_EQ(LastBackedUp(folder_), manifest_.made + absl::Hours(3));
  EXPECT_EQ(NewestBackup(folder_ + "/none"), "");
  EXPECT_FALSE(LastBackedUp(folder_ + "/none").has_value());
}

TEST(DumpReader, CountsRowsWhateverTheirTextsHoldAndHoweverTheyArriveInParts) {
  const std::string dump =
      "-- MariaDB dump\n"
      "-- CHANGE MASTER TO MASTER_LOG_FILE='binlog.000007', MASTER_LOG_POS=98231;\n"
      "CREATE TABLE `account` (\n  `a` int\n);\n"
      "CREATE TABLE `empty` (\n  `a` int\n);\n"
      "INSERT INTO `account` VALUES\n"
      "(0x0190,'he said \\'(x),(y);\\' and ''INSERT INTO `b` VALUES (1)''',NULL),\n"
      "(0x0191,'back\\\\',(1)),\n"
      "(0x0192,'第三 (行)',3);\n"
      "INSERT INTO `account` VALUES (4,'',NULL);\n"
      "-- Dump completed on 2026-11-22\n";
  for (const size_t part : {size_t{1}, size_t{7}, dump.size()}) {
    DumpReader reader;
    for (size_t at = 0; at < dump.size(); at += part) reader.Take(std::string_view(dump).substr(at, part));
    EXPECT_EQ(reader.rows(), (std::map<std::string, uint64_t>{{"account", 4}, {"empty", 0}})) << part;
    ASSERT_TRUE(reader.log_start().has_value());
    EXPECT_EQ(reader.log_start()->file, "binlog.000007");
    EXPECT_EQ(reader.log_start()->position, 98231u);
    EXPECT_TRUE(reader.complete());
  }
  DumpReader cut;
  cut.Take(dump.substr(0, dump.size() - 40));
  EXPECT_FALSE(cut.complete());
}

}  // namespace
}  // namespace gridwarden::server
