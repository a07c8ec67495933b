#include "platform/db/database.h"

#include <gtest/gtest.h>

#include <atomic>
#include <limits>
#include <thread>

#include "absl/time/clock.h"
#include "platform/db/connection.h"
#include "platform/db/pool.h"
#include "support/test_database.h"

namespace gridwarden::db {
namespace {

using testing::TestDatabase;

class DatabaseTest : public ::testing::Test {
 protected:
  DatabaseTest() : test_(TestDatabase::Content::kEmpty, 4) {
    test_.Exec(
        "CREATE TABLE thing (id BINARY(16) NOT NULL PRIMARY KEY, number BIGINT NULL, real_number DOUBLE "
        "NULL, "
        "name VARCHAR(200) NULL, bytes BLOB NULL, UNIQUE KEY thing_number (number)) ENGINE=InnoDB DEFAULT "
        "CHARSET=utf8mb4");
  }
  static Uuid Id() { return Uuid::Make(absl::Now()); }
  int64_t Count() { return std::stoll(test_.Ask("SELECT COUNT(*) FROM thing")); }
  // Ends the session that runs `tx`, as a crash of the server or a cut cable would.
  void Kill(Transaction& tx) {
    const auto id = tx.QueryOne("SELECT CONNECTION_ID()", [](const Row& row) { return row.Int(0); });
    ASSERT_TRUE(id.ok());
    test_.Exec("KILL HARD CONNECTION " + std::to_string(**id));
  }

  TestDatabase test_;
};

TEST_F(DatabaseTest, ReadsBackEveryKindOfValueAsWritten) {
  const Uuid id = Id();
  const std::string bytes("\0\x80\xff'\"\\\n", 7);
  const std::string name = "驻马店 🌫 O'Brien";
  ASSERT_TRUE(test_
                  ->Run([&](Transaction& tx) {
                    return tx
                        .Exec(
                            "INSERT INTO thing (id, number, real_number, name, bytes) VALUES (?, ?, ?, ?, ?)",
                            id, int64_t{-1}, 32.98765432, name, bytes)
                        .status();
                  })
                  .ok());
  ASSERT_TRUE(test_
                  ->Read(absl::InfiniteFuture(),
                         [&](Transaction& tx) -> absl::Status {
                           bool seen = false;
                           return tx.QueryValues("SELECT id, number, real_number, name, bytes FROM thing", {},
                                                 [&](const Row& row) {
                                                   EXPECT_FALSE(std::exchange(seen, true));
                                                   EXPECT_EQ(row.Id(0), id);
                                                   EXPECT_EQ(row.Int(1), -1);
                                                   EXPECT_DOUBLE_EQ(row.Double(2), 32.98765432);
                                                   EXPECT_EQ(row.Text(3), name);
                                                   EXPECT_EQ(row.Text(4), bytes);
                                                 });
                         })
                  .ok());
}

TEST_F(DatabaseTest, OneStatementTakesNullNegativeAndLargeNumbersInTurn) {
  // The driver keeps the sign of the first binding of an index.
  const std::vector<Value> numbers = {int64_t{5},  nullptr,
                                      int64_t{-7}, std::numeric_limits<int64_t>::min(),
                                      nullptr,     std::numeric_limits<int64_t>::max(),
                                      true};
  for (const Value& number : numbers) {
    const std::vector<Value> values = {Id(), number};
    ASSERT_TRUE(test_
                    ->Run([&](Transaction& tx) {
                      return tx.ExecValues("INSERT INTO thing (id, number) VALUES (?, ?)", values).status();
                    })
                    .ok());
  }
  EXPECT_EQ(test_.Ask("SELECT GROUP_CONCAT(number ORDER BY number) FROM thing"),
            "-9223372036854775808,-7,1,5,9223372036854775807");
  EXPECT_EQ(test_.Ask("SELECT COUNT(*) FROM thing WHERE number IS NULL"), "2");
}

TEST_F(DatabaseTest, AnIndexMayTakeTextAfterANumber) {
  for (const Value& name : std::vector<Value>{"a", nullptr, int64_t{12}, "b"}) {
    const std::vector<Value> values = {Id(), name};
    ASSERT_TRUE(test_
                    ->Run([&](Transaction& tx) {
                      return tx.ExecValues("INSERT INTO thing (id, name) VALUES (?, ?)", values).status();
                    })
                    .ok());
  }
  EXPECT_EQ(test_.Ask("SELECT GROUP_CONCAT(name ORDER BY name) FROM thing"), "12,a,b");
}

TEST_F(DatabaseTest, SumsAndCountsReadAsIntegers) {
  for (int i = 1; i <= 4; ++i) {
    ASSERT_TRUE(test_
                    ->Run([&](Transaction& tx) {
                      return tx.Exec("INSERT INTO thing (id, number) VALUES (?, ?)", Id(), i).status();
                    })
                    .ok());
  }
  ASSERT_TRUE(test_
                  ->Run([&](Transaction& tx) {
                    return tx.QueryValues(
                        "SELECT SUM(number), COUNT(*), AVG(number), SUM(number) / 4, MAX(name) FROM thing",
                        {}, [](const Row& row) {
                          EXPECT_EQ(row.Int(0), 10);
                          EXPECT_EQ(row.Int(1), 4);
                          EXPECT_DOUBLE_EQ(row.Double(2), 2.5);
                          EXPECT_DOUBLE_EQ(row.Double(3), 2.5);
                          EXPECT_TRUE(row.IsNull(4));
                          EXPECT_EQ(row.OptText(4), std::nullopt);
                        });
                  })
                  .ok());
}

TEST_F(DatabaseTest, TenMegabytesTravelWhole) {
  std::string bytes(10 << 20, 'x');
  bytes[5] = '\0';
  test_.Exec("ALTER TABLE thing MODIFY bytes LONGBLOB NULL");
  ASSERT_TRUE(test_
                  ->Run([&](Transaction& tx) {
                    return tx.Exec("INSERT INTO thing (id, bytes) VALUES (?, ?)", Id(), bytes).status();
                  })
                  .ok());
  EXPECT_EQ(test_.Ask("SELECT bytes FROM thing"), bytes);
}

TEST_F(DatabaseTest, AnErrorOfTheBodyRollsBack) {
  const absl::Status status = test_->Run([&](Transaction& tx) -> absl::Status {
    GW_RETURN_IF_ERROR(tx.Exec("INSERT INTO thing (id) VALUES (?)", Id()).status());
    return NotFound("things/1");
  });
  EXPECT_EQ(ReasonOf(status), "NOT_FOUND");
  EXPECT_EQ(Count(), 0);
}

TEST_F(DatabaseTest, AnExceptionOfTheBodyRollsBackAndLeavesNoOpenTransaction) {
  const Uuid id = Id();
  EXPECT_THROW((void)test_->Run([&](Transaction& tx) -> absl::Status {
    GW_RETURN_IF_ERROR(tx.Exec("INSERT INTO thing (id, number) VALUES (?, 1)", id).status());
    throw std::runtime_error("body");
  }),
               std::runtime_error);
  EXPECT_EQ(Count(), 0);
  EXPECT_TRUE(test_
                  ->Run([&](Transaction& tx) {
                    return tx.Exec("INSERT INTO thing (id, number) VALUES (?, 1)", id).status();
                  })
                  .ok());
}

TEST_F(DatabaseTest, ADuplicateSaysWhichKeyAndTheTransactionGoesOn) {
  const Uuid id = Id();
  ASSERT_TRUE(test_
                  ->Run([&](Transaction& tx) -> absl::Status {
                    GW_RETURN_IF_ERROR(tx.Exec("INSERT INTO thing (id, number) VALUES (?, 1)", id).status());
                    const absl::Status number =
                        tx.Exec("INSERT INTO thing (id, number) VALUES (?, 1)", Id()).status();
                    EXPECT_TRUE(IsDuplicateKey(number));
                    EXPECT_EQ(DuplicateKeyName(number), "thing_number");
                    const absl::Status primary =
                        tx.Exec("INSERT INTO thing (id, number) VALUES (?, 2)", id).status();
                    EXPECT_EQ(DuplicateKeyName(primary), "PRIMARY");
                    return tx.Exec("INSERT INTO thing (id, number) VALUES (?, 3)", Id()).status();
                  })
                  .ok());
  EXPECT_EQ(Count(), 2);
}

TEST_F(DatabaseTest, AnUpdateCountsTheRowsItMatched) {
  const Uuid id = Id();
  ASSERT_TRUE(
      test_
          ->Run([&](Transaction& tx) -> absl::Status {
            GW_RETURN_IF_ERROR(tx.Exec("INSERT INTO thing (id, number) VALUES (?, 1)", id).status());
            GW_ASSIGN_OR_RETURN(const uint64_t same, tx.Exec("UPDATE thing SET number = 1 WHERE id = ?", id));
            EXPECT_EQ(same, 1u);
            GW_ASSIGN_OR_RETURN(const uint64_t none,
                                tx.Exec("UPDATE thing SET number = 2 WHERE id = ? AND number = 9", id));
            EXPECT_EQ(none, 0u);
            return absl::OkStatus();
          })
          .ok());
}

TEST_F(DatabaseTest, SessionsAreReadCommittedUtcAndStrict) {
  EXPECT_EQ(test_.Ask("SELECT @@tx_isolation"), "READ-COMMITTED");
  EXPECT_EQ(test_.Ask("SELECT @@time_zone"), "+00:00");
  EXPECT_EQ(test_.Ask("SELECT @@innodb_lock_wait_timeout"), "3");
  const absl::Status too_long = test_->Run([&](Transaction& tx) {
    return tx.Exec("INSERT INTO thing (id, name) VALUES (?, ?)", Id(), std::string(300, 'x')).status();
  });
  EXPECT_EQ(too_long.code(), absl::StatusCode::kInternal);
  EXPECT_EQ(Count(), 0);
}

TEST_F(DatabaseTest, AReadSeesOneSnapshotAndCannotWrite) {
  ASSERT_TRUE(test_
                  ->Read(absl::InfiniteFuture(),
                         [&](Transaction& tx) -> absl::Status {
                           test_.Exec("INSERT INTO thing (id, number) VALUES (REPEAT('a', 16), 1)");
                           GW_ASSIGN_OR_RETURN(const auto count,
                                               tx.QueryOne("SELECT COUNT(*) FROM thing",
                                                           [](const Row& row) { return row.Int(0); }));
                           EXPECT_EQ(*count, 0);
                           EXPECT_FALSE(tx.Exec("DELETE FROM thing").ok());
                           return absl::OkStatus();
                         })
                  .ok());
  EXPECT_EQ(Count(), 1);
}

TEST_F(DatabaseTest, ReadThenWriteUnderALockLosesNoUpdate) {
  test_.Exec("INSERT INTO thing (id, number) VALUES (REPEAT('a', 16), 0)");
  constexpr int kThreads = 4;
  constexpr int kRounds = 50;
  std::vector<std::thread> threads;
  std::atomic<int> failed{0};
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < kRounds; ++i) {
        const absl::Status status = test_->Run([&](Transaction& tx) -> absl::Status {
          GW_ASSIGN_OR_RETURN(const auto number, tx.QueryOne("SELECT number FROM thing FOR UPDATE",
                                                             [](const Row& row) { return row.Int(0); }));
          return tx.Exec("UPDATE thing SET number = ?", *number + 1).status();
        });
        if (!status.ok()) ++failed;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(failed, 0);
  EXPECT_EQ(test_.Ask("SELECT number FROM thing"), std::to_string(kThreads * kRounds));
}

TEST_F(DatabaseTest, ADeadlockStartsTheBodyAgain) {
  test_.Exec("INSERT INTO thing (id, number) VALUES (REPEAT('a', 16), 0), (REPEAT('b', 16), 100)");
  constexpr std::string_view kAdd =
      "UPDATE thing SET real_number = COALESCE(real_number, 0) + 1 WHERE id = ?";
  std::atomic<int> runs{0};
  std::atomic<int> first_locks{0};
  const auto work = [&](std::string first, std::string second) {
    const absl::Status status = test_->Run([&](Transaction& tx) -> absl::Status {
      ++runs;
      GW_RETURN_IF_ERROR(tx.Exec(kAdd, first).status());
      ++first_locks;
      // Both hold one lock before either asks for its second: a certain deadlock in the first round.
      const absl::Time until = absl::Now() + absl::Seconds(5);
      while (first_locks < 2 && absl::Now() < until) std::this_thread::yield();
      return tx.Exec(kAdd, second).status();
    });
    EXPECT_TRUE(status.ok()) << status;
  };
  std::thread other(work, std::string(16, 'a'), std::string(16, 'b'));
  work(std::string(16, 'b'), std::string(16, 'a'));
  other.join();
  EXPECT_GE(runs, 3);
  EXPECT_EQ(test_.Ask("SELECT GROUP_CONCAT(real_number) FROM thing"), "2,2");
}

TEST_F(DatabaseTest, ABodyThatHidesADeadlockIsNotCommitted) {
  test_.Exec("INSERT INTO thing (id, number) VALUES (REPEAT('a', 16), 0)");
  int runs = 0;
  std::thread blocker;
  std::atomic<bool> locked{false};
  std::atomic<bool> release{false};
  blocker = std::thread([&] {
    (void)test_->Run([&](Transaction& tx) -> absl::Status {
      GW_RETURN_IF_ERROR(tx.Exec("UPDATE thing SET name = 'held'").status());
      locked = true;
      while (!release) std::this_thread::yield();
      return absl::OkStatus();
    });
  });
  while (!locked) std::this_thread::yield();
  const absl::Status status = test_->Run([&](Transaction& tx) -> absl::Status {
    ++runs;
    GW_RETURN_IF_ERROR(tx.Exec("INSERT INTO thing (id) VALUES (?)", Id()).status());
    if (runs == 1) {
      // NOWAIT answers error 1205 at once.
      const auto row = tx.QueryOne("SELECT number FROM thing WHERE number = 0 FOR UPDATE NOWAIT",
                                   [](const Row& row) { return row.Int(0); });
      EXPECT_FALSE(row.ok());
      release = true;
    }
    return absl::OkStatus();  // swallows the error
  });
  blocker.join();
  EXPECT_TRUE(status.ok());
  EXPECT_EQ(runs, 2);
  EXPECT_EQ(Count(), 2);
}

TEST_F(DatabaseTest, ALostConnectionInTheBodyStartsItAgain) {
  int runs = 0;
  const absl::Status status = test_->Run([&](Transaction& tx) -> absl::Status {
    ++runs;
    GW_RETURN_IF_ERROR(tx.Exec("INSERT INTO thing (id) VALUES (?)", Id()).status());
    if (runs == 1) Kill(tx);
    return tx.Exec("INSERT INTO thing (id) VALUES (?)", Id()).status();
  });
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(runs, 2);
  EXPECT_EQ(Count(), 2);
}

TEST_F(DatabaseTest, ALostCommitWithoutAWayToAskIsUnknown) {
  int runs = 0;
  const absl::Status status = test_->Run([&](Transaction& tx) -> absl::Status {
    ++runs;
    GW_RETURN_IF_ERROR(tx.Exec("INSERT INTO thing (id) VALUES (?)", Id()).status());
    Kill(tx);
    return absl::OkStatus();
  });
  EXPECT_EQ(ReasonOf(status), "DATABASE_UNAVAILABLE");
  EXPECT_EQ(runs, 1);
}

TEST_F(DatabaseTest, ALostCommitIsAskedAfterAndDoneAgainWhenItDidNotHappen) {
  const Uuid id = Id();
  int runs = 0;
  int asked = 0;
  RunOptions options;
  options.committed = [&](Transaction& tx) -> absl::StatusOr<bool> {
    ++asked;
    GW_ASSIGN_OR_RETURN(const auto row, tx.QueryOne(
                                            "SELECT id FROM thing WHERE id = ?",
                                            [](const Row& row) { return row.Id(0); }, id));
    return row.has_value();
  };
  const absl::Status status = test_->Run(options, [&](Transaction& tx) -> absl::Status {
    ++runs;
    GW_RETURN_IF_ERROR(tx.Exec("INSERT INTO thing (id) VALUES (?)", id).status());
    if (runs == 1) Kill(tx);
    return absl::OkStatus();
  });
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(runs, 2);
  EXPECT_EQ(asked, 1);
  EXPECT_EQ(Count(), 1);
}

TEST_F(DatabaseTest, ALostCommitThatDidHappenIsNotDoneAgain) {
  int runs = 0;
  RunOptions options;
  options.committed = [](Transaction&) -> absl::StatusOr<bool> { return true; };
  const absl::Status status = test_->Run(options, [&](Transaction& tx) -> absl::Status {
    ++runs;
    Kill(tx);
    return absl::OkStatus();
  });
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(runs, 1);
}

TEST_F(DatabaseTest, WhatFollowsACommitRunsOnceAndOnlyThen) {
  int followed = 0;
  int runs = 0;
  ASSERT_TRUE(test_
                  ->Run([&](Transaction& tx) -> absl::Status {
                    tx.AfterCommit([&] { ++followed; });
                    if (++runs == 1) Kill(tx);
                    return tx.Exec("INSERT INTO thing (id) VALUES (?)", Id()).status();
                  })
                  .ok());
  EXPECT_EQ(followed, 1);
  (void)test_->Run([&](Transaction& tx) -> absl::Status {
    tx.AfterCommit([&] { ++followed; });
    return NotFound("things/1");
  });
  EXPECT_EQ(followed, 1);
}

TEST_F(DatabaseTest, NoStatementBeginsAfterTheDeadline) {
  const absl::Status status =
      test_->Run({.deadline = absl::Now() + absl::Milliseconds(200)}, [&](Transaction& tx) -> absl::Status {
        GW_RETURN_IF_ERROR(tx.Exec("INSERT INTO thing (id) VALUES (?)", Id()).status());
        GW_RETURN_IF_ERROR(
            tx.QueryOne("SELECT SLEEP(0.3)", [](const Row& row) { return row.Int(0); }).status());
        return tx.Exec("INSERT INTO thing (id) VALUES (?)", Id()).status();
      });
  EXPECT_EQ(ReasonOf(status), "DEADLINE_PASSED");
  EXPECT_EQ(Count(), 0);
}

TEST_F(DatabaseTest, WhoFindsNoFreeConnectionIsToldToComeAgain) {
  Options options = test_.options();
  options.pool_size = 1;
  auto small = Database::Open(options);
  ASSERT_TRUE(small.ok());
  ASSERT_TRUE((*small)
                  ->Run([&](Transaction&) -> absl::Status {
                    const absl::Time asked = absl::Now();
                    const absl::Status second =
                        (*small)->Run({.deadline = absl::Now() + absl::Milliseconds(60)},
                                      [](Transaction&) { return absl::OkStatus(); });
                    EXPECT_EQ(second.code(), absl::StatusCode::kResourceExhausted);
                    EXPECT_EQ(ReasonOf(second), "OVERLOADED");
                    EXPECT_LT(absl::Now() - asked, absl::Seconds(2));
                    return absl::OkStatus();
                  })
                  .ok());
}

TEST_F(DatabaseTest, AMissingServerIsUnavailableAtOnce) {
  const auto opened = Database::Open({.unix_socket = "/nonexistent/socket", .user = "root"});
  EXPECT_EQ(opened.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ReasonOf(opened.status()), "DATABASE_UNAVAILABLE");
}

TEST_F(DatabaseTest, AWrongStatementNamesNoSqlToTheCaller) {
  const absl::Status status =
      test_->Run([&](Transaction& tx) { return tx.Exec("UPDATE no_such_table SET a = 1").status(); });
  EXPECT_EQ(ReasonOf(status), "INTERNAL_FAULT");
  EXPECT_EQ(std::string(status.ToString()).find("no_such_table"), std::string::npos);
}

TEST_F(DatabaseTest, CachedStatementsAreBoundedAndSurviveASchemaChange) {
  auto connection = Connection::Open(test_.options());
  ASSERT_TRUE(connection.ok());
  for (int i = 0; i < 300; ++i) {
    ASSERT_TRUE((*connection)->Exec("DELETE FROM thing WHERE number = " + std::to_string(i), {}).ok());
  }
  EXPECT_EQ((*connection)->cached_statements(), 128u);
  constexpr std::string_view kRead = "SELECT number, name FROM thing";
  int rows = 0;
  const auto count = [&](const Row&) { ++rows; };
  ASSERT_TRUE((*connection)->Exec("INSERT INTO thing (id, number) VALUES (REPEAT('a', 16), 1)", {}).ok());
  ASSERT_TRUE((*connection)->Query(kRead, {}, count).ok());
  test_.Exec("ALTER TABLE thing ADD COLUMN extra INT NULL, MODIFY name TEXT NULL");
  ASSERT_TRUE((*connection)->Query(kRead, {}, count).ok());
  EXPECT_EQ(rows, 2);
}

TEST_F(DatabaseTest, ABrokenConnectionTakesItsIdleNeighboursAlong) {
  Pool pool(test_.options());
  {
    auto first = pool.Take(absl::InfiniteFuture());
    auto second = pool.Take(absl::InfiniteFuture());
    ASSERT_TRUE(first.ok() && second.ok());
  }
  EXPECT_EQ(pool.idle(), 2);
  {
    auto lease = pool.Take(absl::InfiniteFuture());
    (*lease)->MarkBroken();
  }
  EXPECT_EQ(pool.idle(), 0);
  EXPECT_EQ(pool.open(), 0);
}

TEST_F(DatabaseTest, TheTestServerIsSafe) {
  const absl::Status safe = CheckSafe(*test_);
  EXPECT_TRUE(safe.ok()) << safe;
}

TEST(DatabaseDeath, ReadingNullAsAValueStopsTheProcess) {
  TestDatabase test(TestDatabase::Content::kEmpty, 2);
  EXPECT_DEATH((void)test->Run([](Transaction& tx) {
    return tx.QueryValues("SELECT NULL", {}, [](const Row& row) { (void)row.Int(0); });
  }),
               "column 0 is NULL");
}

}  // namespace
}  // namespace gridwarden::db
