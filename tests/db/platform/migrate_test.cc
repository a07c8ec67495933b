#include <gtest/gtest.h>

#include <thread>

#include "support/test_database.h"

namespace gridwarden::db {
namespace {

using testing::TestDatabase;

class MigrateTest : public ::testing::Test {
 protected:
  MigrateTest() : test_(TestDatabase::Content::kEmpty, 4) {}
  TestDatabase test_;
  const Migration first_{1, "first",
                         "-- A comment; with a semicolon.\nCREATE TABLE a (id INT NOT NULL PRIMARY KEY,\n  "
                         "word VARCHAR(9) NULL);\n\n"
                         "INSERT INTO a (id, word) VALUES (1, 'x;y');\n"};
  const Migration second_{2, "second", "CREATE TABLE b (id INT NOT NULL PRIMARY KEY);\n"};
};

TEST_F(MigrateTest, AppliesEachOnceInOrder) {
  std::string applied;
  const auto note = [&](const Migration& migration) { applied += migration.name + " "; };
  ASSERT_TRUE(Migrate(*test_, {first_}, note).ok());
  ASSERT_TRUE(Migrate(*test_, {first_, second_}, note).ok());
  ASSERT_TRUE(Migrate(*test_, {first_, second_}, note).ok());
  EXPECT_EQ(applied, "first second ");
  EXPECT_EQ(test_.Ask("SELECT word FROM a"), "x;y");
  EXPECT_TRUE(CheckSchema(*test_, {first_, second_}).ok());
}

TEST_F(MigrateTest, RefusesAnAppliedFileThatWasChanged) {
  ASSERT_TRUE(Migrate(*test_, {second_}).ok());
  Migration changed = second_;
  changed.sql += "-- later thought\n";
  EXPECT_EQ(Migrate(*test_, {changed}).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(CheckSchema(*test_, {changed}).code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(MigrateTest, AnOlderSchemaIsSaidToBeOlder) {
  EXPECT_EQ(CheckSchema(*test_, {first_}).code(), absl::StatusCode::kFailedPrecondition);
  ASSERT_TRUE(Migrate(*test_, {first_}).ok());
  EXPECT_TRUE(CheckSchema(*test_, {first_}).ok());
  const absl::Status older = CheckSchema(*test_, {first_, second_});
  EXPECT_EQ(older.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_NE(std::string(older.message()).find("0002_second"), std::string::npos);
}

TEST_F(MigrateTest, GoesOnAtTheStatementThatFailed) {
  const Migration three{3, "three",
                        "CREATE TABLE c (id INT NOT NULL PRIMARY KEY);\nINSERT INTO c (id) VALUES "
                        "(1);\nINSERT INTO d (id) VALUES (1);\n"};
  const absl::Status failed = Migrate(*test_, {three});
  EXPECT_FALSE(failed.ok());
  EXPECT_NE(std::string(failed.message()).find("0003_three, statement 3"), std::string::npos) << failed;
  EXPECT_FALSE(CheckSchema(*test_, {three}).ok());
  test_.Exec("CREATE TABLE d (id INT NOT NULL PRIMARY KEY)");
  EXPECT_TRUE(Migrate(*test_, {three}).ok());
  EXPECT_EQ(test_.Ask("SELECT COUNT(*) FROM c"), "1");
  EXPECT_EQ(test_.Ask("SELECT COUNT(*) FROM d"), "1");
}

TEST_F(MigrateTest, AStatementThatRanButWasNotCountedIsTakenAsDone) {
  ASSERT_TRUE(Migrate(*test_, {first_}).ok());
  // As a kill between CREATE TABLE and its count leaves it.
  test_.Exec(
      "UPDATE schema_migration SET statements_done = 0, statements_begun = 1, applied_us = NULL WHERE number "
      "= 1");
  test_.Exec("DELETE FROM a");
  EXPECT_TRUE(Migrate(*test_, {first_}).ok());
  EXPECT_EQ(test_.Ask("SELECT COUNT(*) FROM a"), "1");
}

TEST_F(MigrateTest, FourAtOnceApplyEverythingOnce) {
  std::vector<std::thread> threads;
  std::atomic<int> applied{0};
  std::atomic<int> failed{0};
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      auto database = Database::Open(test_.options());
      if (!database.ok() ||
          !Migrate(**database, {first_, second_}, [&](const Migration&) { ++applied; }).ok())
        ++failed;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failed, 0);
  EXPECT_EQ(applied, 2);
}

TEST_F(MigrateTest, TheRealMigrationsApplyToAnEmptyDatabase) {
  const auto migrations = ReadMigrations(testing::SourceDir() + "/db/migrations");
  ASSERT_TRUE(migrations.ok()) << migrations.status();
  const absl::Status applied = Migrate(*test_, *migrations);
  EXPECT_TRUE(applied.ok()) << applied;
  EXPECT_TRUE(CheckSchema(*test_, *migrations).ok());
}

TEST(ReadMigrations, SaysWhenTheFolderIsMissing) { EXPECT_FALSE(ReadMigrations("/nonexistent").ok()); }

}  // namespace
}  // namespace gridwarden::db
