#include "journal/sequencer.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <random>
#include <thread>

#include "absl/time/clock.h"
#include "journal/log.h"
#include "platform/journal/wake.h"
#include "support/test_database.h"
#include "support/test_journal.h"
#include "support/watched_database.h"

namespace gridwarden::journal {
namespace {

using testing::FaultsOfJournal;
using testing::TestDatabase;
using testing::TestSubjects;
using testing::WatchedDatabase;

class SequencerTest : public ::testing::Test {
 protected:
  SequencerTest() { EXPECT_TRUE(OpenLog(*test_, "test", false).ok()); }

  int64_t Size() { return std::stoll(test_.Ask("SELECT size FROM journal_head")); }
  int64_t Staged() { return std::stoll(test_.Ask("SELECT COUNT(*) FROM journal_stage")); }
  absl::Status SequenceEverything() {
    return SequenceAll(*test_, clock_, false, absl::Now() + absl::Seconds(20));
  }
  bool WaitFor(const std::function<bool()>& condition) {
    const absl::Time until = absl::Now() + absl::Seconds(30);
    while (!condition()) {
      if (absl::Now() > until) return false;
      std::this_thread::yield();
    }
    return true;
  }

  TestDatabase test_;
  SystemClock clock_;
};

TEST_F(SequencerTest, GivesIndicesInTheOrderOfStagingAndEmptiesTheStage) {
  TestSubjects subjects(test_, 3);
  for (int i = 0; i < 12; ++i) subjects.Change(i % 3, i);
  ASSERT_TRUE(SequenceEverything().ok());
  EXPECT_EQ(Size(), 12);
  EXPECT_EQ(Staged(), 0);
  EXPECT_EQ(FaultsOfJournal(test_), "");
  EXPECT_EQ(test_.Ask("SELECT GROUP_CONCAT(subject_seq ORDER BY idx) FROM journal_entry"),
            "1,1,1,2,2,2,3,3,3,4,4,4");
}

TEST_F(SequencerTest, ALargeBacklogGoesInBatchesAndStoresItsSubtrees) {
  TestSubjects subjects(test_, 5);
  ASSERT_TRUE(test_
                  ->Run([&](db::Transaction& tx) -> absl::Status {
                    for (int i = 0; i < 1500; ++i) {
                      GW_RETURN_IF_ERROR(
                          subjects.Change(tx, rpc::Call::System("test", absl::Now()), i % 5, i));
                    }
                    return absl::OkStatus();
                  })
                  .ok());
  ASSERT_TRUE(SequenceEverything().ok());
  EXPECT_EQ(Size(), 1500);
  EXPECT_EQ(FaultsOfJournal(test_), "");
  EXPECT_EQ(test_.Ask("SELECT COUNT(*) FROM journal_node"), "5");
}

TEST_F(SequencerTest, AnOpenTransactionHoldsNobodyUpAndItsEntriesFollow) {
  TestSubjects subjects(test_, 2);
  ASSERT_TRUE(test_
                  ->Run([&](db::Transaction& tx) -> absl::Status {
                    GW_RETURN_IF_ERROR(subjects.Change(tx, rpc::Call::System("test", absl::Now()), 0,
                                                       1));  // takes the lower id
                    subjects.Change(1, 2);
                    EXPECT_TRUE(SequenceEverything().ok());
                    EXPECT_EQ(Size(), 1);
                    return absl::OkStatus();
                  })
                  .ok());
  ASSERT_TRUE(SequenceEverything().ok());
  EXPECT_EQ(Size(), 2);
  EXPECT_EQ(FaultsOfJournal(test_), "");
}

TEST_F(SequencerTest, AnEntryWhosePredecessorIsMissingWaitsForItAloneAndAmongMany) {
  TestSubjects subjects(test_, 2);
  const rpc::Call call = rpc::Call::System("test", absl::Now());
  v1::Anchor event;
  const Sealed first =
      *Seal(call, {.kind = "test", .before = {.id = Uuid::Make(absl::Now())}, .event = &event});
  const Sealed second = *Seal(call, {.kind = "test", .before = first.after, .event = &event});
  ASSERT_TRUE(test_->Run([&](db::Transaction& tx) { return Stage(tx, second); }).ok());
  for (int i = 0; i < 300; ++i) subjects.Change(i % 2, i);
  Sequencer sequencer(*test_, clock_, {});
  absl::StatusOr<Sequencer::Batch> batch;
  do {
    batch = sequencer.RunOnce();
    ASSERT_TRUE(batch.ok()) << batch.status();
  } while (batch->sequenced > 0);
  EXPECT_EQ(batch->waiting, 1);
  EXPECT_EQ(Size(), 300);
  EXPECT_EQ(Staged(), 1);
  ASSERT_TRUE(test_->Run([&](db::Transaction& tx) { return Stage(tx, first); }).ok());
  batch = sequencer.RunOnce();
  ASSERT_TRUE(batch.ok());
  EXPECT_EQ(batch->sequenced, 2);
  EXPECT_EQ(FaultsOfJournal(test_), "");
}

TEST_F(SequencerTest, WaitingEntriesDoNotHideReadyOnesBehindThem) {
  const rpc::Call call = rpc::Call::System("test", absl::Now());
  v1::Anchor event;
  ASSERT_TRUE(test_
                  ->Run([&](db::Transaction& tx) -> absl::Status {
                    for (int i = 0; i < 1300; ++i) {
                      const Subject orphan{Uuid::Make(absl::Now()), 1, std::string(32, 'x')};
                      GW_ASSIGN_OR_RETURN(const Sealed sealed,
                                          Seal(call, {.kind = "test", .before = orphan, .event = &event}));
                      GW_RETURN_IF_ERROR(Stage(tx, sealed));
                    }
                    return absl::OkStatus();
                  })
                  .ok());
  TestSubjects subjects(test_, 1);
  subjects.Change(0, 1);
  ASSERT_TRUE(SequenceEverything().ok());
  EXPECT_EQ(Size(), 1);
  EXPECT_EQ(Staged(), 1300);
}

TEST_F(SequencerTest, ARepeatedNumberIsAFaultThatJamsNothing) {
  const rpc::Call call = rpc::Call::System("test", absl::Now());
  v1::Anchor event;
  const Subject fresh{.id = Uuid::Make(absl::Now())};
  const Sealed first = *Seal(call, {.kind = "test", .before = fresh, .event = &event});
  const Sealed again = *Seal(call, {.kind = "other", .before = fresh, .event = &event});
  ASSERT_TRUE(test_->Run([&](db::Transaction& tx) { return Stage(tx, first); }).ok());
  // Still staged: the writer itself is told.
  const absl::Status refused = test_->Run([&](db::Transaction& tx) { return Stage(tx, again); });
  EXPECT_EQ(ReasonOf(refused), "LOST_RACE");
  ASSERT_TRUE(SequenceEverything().ok());
  ASSERT_TRUE(test_->Run([&](db::Transaction& tx) { return Stage(tx, again); }).ok());
  TestSubjects subjects(test_, 1);
  subjects.Change(0, 1);
  Sequencer sequencer(*test_, clock_, {});
  const auto batch = sequencer.RunOnce();
  ASSERT_TRUE(batch.ok());
  EXPECT_EQ(batch->sequenced, 1);
  EXPECT_EQ(batch->faults.size(), 1u);
  EXPECT_EQ(Size(), 2);
  EXPECT_EQ(FaultsOfJournal(test_), "");
}

TEST_F(SequencerTest, AStagedRowWhoseColumnsWereChangedIsNotSequenced) {
  TestSubjects subjects(test_, 1);
  subjects.Change(0, 1);
  test_.Exec("UPDATE journal_stage SET subject = REPEAT('x', 16)");
  const absl::Status status = SequenceEverything();
  EXPECT_EQ(ReasonOf(status), "JOURNAL_ALTERED");
  EXPECT_EQ(Size(), 0);
}

TEST_F(SequencerTest, TwoSequencersAndEightWritersWithDeadlocksLoseNothingAndDoubleNothing) {
  constexpr int kWriters = 8;
  constexpr int kRounds = 60;
  TestSubjects subjects(test_, 6);
  // A lease that has run out as soon as it is taken: the two take it from each other all the time, also
  // between a batch's look at the lease and its work.
  Sequencer first(*test_, clock_, {.lease = absl::ZeroDuration(), .batch_max = 16});
  Sequencer second(*test_, clock_, {.lease = absl::ZeroDuration(), .batch_max = 16});
  std::atomic<bool> done{false};
  std::atomic<int> sequenced{0};
  const auto run = [&](Sequencer& sequencer) {
    while (!done) {
      if (const auto batch = sequencer.RunOnce(); batch.ok()) sequenced += batch->sequenced;
    }
  };
  std::thread first_thread([&] { run(first); });
  std::thread second_thread([&] { run(second); });
  std::atomic<int> committed{0};
  std::atomic<int> attempts{0};
  std::vector<std::thread> writers;
  for (int w = 0; w < kWriters; ++w) {
    writers.emplace_back([&, w] {
      std::minstd_rand random(w + 1);
      for (int i = 0; i < kRounds; ++i) {
        const int a = static_cast<int>(random() % subjects.size());
        const int b = static_cast<int>((a + 1 + random() % (subjects.size() - 1)) % subjects.size());
        db::RunOptions options;
        options.attempts_max = 100;
        const absl::Status status = test_->Run(options, [&](db::Transaction& tx) -> absl::Status {
          ++attempts;
          const rpc::Call call = rpc::Call::System("test", absl::Now());
          GW_RETURN_IF_ERROR(subjects.Change(tx, call, a, i));
          return subjects.Change(tx, call, b, i);  // in any order: deadlocks
        });
        if (status.ok()) committed += 2;
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(committed, kWriters * kRounds * 2);
  EXPECT_GT(attempts, kWriters * kRounds) << "no deadlock ever happened";
  EXPECT_TRUE(WaitFor([&] { return Staged() == 0; }));
  done = true;
  first_thread.join();
  second_thread.join();
  EXPECT_EQ(sequenced, committed);
  EXPECT_EQ(Size(), committed);
  EXPECT_EQ(FaultsOfJournal(test_), "");
  EXPECT_GT(std::stoll(test_.Ask("SELECT epoch FROM journal_head")), 10) << "they never met";
}

TEST_F(SequencerTest, AFailureOfAnyStatementLeavesNothingHalfDone) {
  TestSubjects subjects(test_, 2);
  int statements_of_a_clean_run = 0;
  for (int fail_at = 1; fail_at <= 40; ++fail_at) {
    subjects.Change(0, fail_at);
    subjects.Change(1, fail_at);
    int seen = 0;
    WatchedDatabase watched(*test_, [&](std::string_view, std::span<const db::Value>) -> absl::Status {
      return ++seen == fail_at ? absl::UnavailableError("injected") : absl::OkStatus();
    });
    Sequencer broken(watched, clock_, {});
    const auto batch = broken.RunOnce();
    EXPECT_EQ(FaultsOfJournal(test_), "") << "statement " << fail_at;
    broken.Stop();
    if (batch.ok()) {
      statements_of_a_clean_run = seen;
      break;
    }
    EXPECT_EQ(Staged(), 2) << "statement " << fail_at;
    ASSERT_TRUE(test_
                    ->Run([&](db::Transaction& tx) {
                      return tx.Exec("UPDATE journal_head SET lease_until_us = 0").status();
                    })
                    .ok());
    ASSERT_TRUE(SequenceEverything().ok());
    EXPECT_EQ(Staged(), 0);
  }
  EXPECT_GE(statements_of_a_clean_run, 8);
  EXPECT_EQ(FaultsOfJournal(test_), "");
}

TEST_F(SequencerTest, KilledAgainAndAgainItLosesNothingAndDoublesNothing) {
  constexpr int kEntries = 4000;
  TestSubjects subjects(test_, 7);
  ASSERT_TRUE(test_
                  ->Run([&](db::Transaction& tx) -> absl::Status {
                    for (int i = 0; i < kEntries; ++i) {
                      GW_RETURN_IF_ERROR(
                          subjects.Change(tx, rpc::Call::System("test", absl::Now()), i % 7, i));
                    }
                    return absl::OkStatus();
                  })
                  .ok());
  int kills = 0;
  while (Staged() > 0 && kills < 200) {
    const int64_t before = Size();
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      auto database = db::Database::Open(test_.options());
      if (!database.ok()) _exit(2);
      Sequencer sequencer(**database, clock_, {.lease = absl::Milliseconds(20), .batch_max = 32});
      while (true) (void)sequencer.RunOnce();
    }
    EXPECT_TRUE(WaitFor([&] { return Size() >= before + 40 || Staged() == 0; }));
    // At a different point of its loop each time.
    std::this_thread::sleep_for(std::chrono::microseconds(137 * (kills % 17)));
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    ++kills;
    // In one statement: the killed process's last COMMIT may come through between two.
    EXPECT_EQ(test_.Ask("SELECT (SELECT COUNT(*) FROM journal_entry) + (SELECT COUNT(*) FROM journal_stage)"),
              std::to_string(kEntries));
  }
  EXPECT_GT(kills, 5);
  EXPECT_EQ(Size(), kEntries);
  EXPECT_EQ(FaultsOfJournal(test_), "");
}

TEST_F(SequencerTest, ASecondSequencerStandsByUntilTheLeaseRunsOut) {
  TestSubjects subjects(test_, 1);
  Sequencer first(*test_, clock_, {.lease = absl::Milliseconds(300)});
  Sequencer second(*test_, clock_, {});
  ASSERT_TRUE(first.RunOnce().ok());
  EXPECT_TRUE(absl::IsUnavailable(second.RunOnce().status()));
  subjects.Change(0, 1);
  EXPECT_TRUE(WaitFor([&] { return second.RunOnce().ok(); }));
  EXPECT_EQ(Size(), 1);
  subjects.Change(0, 2);
  const absl::Status fenced = first.RunOnce().status();
  EXPECT_TRUE(absl::IsUnavailable(fenced)) << fenced;
  EXPECT_EQ(Size(), 1);
  EXPECT_EQ(FaultsOfJournal(test_), "");
}

TEST_F(SequencerTest, StopsWhenTheClockGoesBackAndGoesOnWhenItHasCaughtUp) {
  FakeClock clock(absl::Now());
  TestSubjects subjects(test_, 1);
  Sequencer sequencer(*test_, clock, {});
  subjects.Change(0, 1);
  ASSERT_TRUE(sequencer.RunOnce().ok());
  clock.Advance(-absl::Seconds(1));
  subjects.Change(0, 2);
  EXPECT_TRUE(sequencer.RunOnce().ok()) << "a second is drift";
  clock.Advance(-absl::Seconds(3));
  subjects.Change(0, 3);
  EXPECT_EQ(sequencer.RunOnce().status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Size(), 2);
  clock.Advance(absl::Seconds(10));
  EXPECT_TRUE(sequencer.RunOnce().ok());
  EXPECT_EQ(Size(), 3);
  EXPECT_EQ(FaultsOfJournal(test_), "");
}

TEST_F(SequencerTest, StartedItSequencesWithinMillisecondsOfACommit) {
  TestSubjects subjects(test_, 1);
  Sequencer sequencer(*test_, clock_, {.poll = absl::Seconds(20)});  // so that only the bell can wake it
  sequencer.Start();
  subjects.Change(0, 1);
  EXPECT_TRUE(WaitFor([&] { return Size() == 1; }));
  const absl::Time asked = absl::Now();
  subjects.Change(0, 2);
  EXPECT_TRUE(WaitFor([&] { return Size() == 2; }));
  EXPECT_LT(absl::Now() - asked, absl::Seconds(2));
  EXPECT_TRUE(sequencer.Health().ok());
  sequencer.Stop();
  EXPECT_EQ(test_.Ask("SELECT lease_until_us FROM journal_head"), "0");
}

TEST(OpenLogTest, FoundsALogOnceAndKeepsItsName) {
  TestDatabase test;
  const auto founded = OpenLog(*test, "411700", false);
  ASSERT_TRUE(founded.ok()) << founded.status();
  EXPECT_EQ(founded->origin, "gridwarden.411700/journal");
  EXPECT_EQ(OpenLog(*test, "other", false)->origin, "gridwarden.411700/journal");
}

TEST(OpenLogTest, DemoModeCannotBeSwitchedOnForALogThatIsNotDemo) {
  TestDatabase test;
  ASSERT_TRUE(OpenLog(*test, "", false).ok());
  EXPECT_EQ(ReasonOf(OpenLog(*test, "", true).status()), "NOT_DEMO");
  SystemClock clock;
  EXPECT_EQ(ReasonOf(SequenceAll(*test, clock, true, absl::Now())), "NOT_DEMO");
}

TEST(OpenLogTest, ADemoLogNeverBecomesARealOne) {
  TestDatabase test;
  const auto founded = OpenLog(*test, "", true);
  ASSERT_TRUE(founded.ok());
  EXPECT_TRUE(founded->origin.ends_with("/demo/journal")) << founded->origin;
  EXPECT_EQ(ReasonOf(OpenLog(*test, "", false).status()), "NOT_DEMO");
}

TEST(OpenLogTest, RefusesNamesThatCannotStandInASignedNote) {
  TestDatabase test;
  for (const char* name : {"a b", "a+b", "a\nb", "A", "驻马店"}) {
    EXPECT_EQ(ReasonOf(OpenLog(*test, name, false).status()), "INVALID_FIELD") << name;
  }
}

TEST(OpenLogTest, EntriesWithoutAHeadAreNoNewLog) {
  TestDatabase test;
  ASSERT_TRUE(OpenLog(*test, "", false).ok());
  TestSubjects subjects(test, 1);
  subjects.Change(0, 1);
  SystemClock clock;
  ASSERT_TRUE(SequenceAll(*test, clock, false, absl::Now() + absl::Seconds(10)).ok());
  test.Exec("DELETE FROM journal_head");
  EXPECT_EQ(ReasonOf(OpenLog(*test, "", true).status()), "JOURNAL_ALTERED");
}

// Hot statements, as the code sends them, must not read whole tables.
TEST(JournalStatements, UseTheirIndexes) {
  TestDatabase test;
  ASSERT_TRUE(OpenLog(*test, "", false).ok());
  TestSubjects subjects(test, 40);
  SystemClock clock;
  for (int round = 0; round < 30; ++round) {
    ASSERT_TRUE(test->Run([&](db::Transaction& tx) -> absl::Status {
                      for (int i = 0; i < subjects.size(); ++i) {
                        GW_RETURN_IF_ERROR(subjects.Change(tx, rpc::Call::System("test", absl::Now()), i,
                                                           round, "test",
                                                           Uuid::Make(absl::Now()).ToString()));
                      }
                      return absl::OkStatus();
                    })
                    .ok());
  }
  ASSERT_TRUE(SequenceAll(*test, clock, false, absl::Now() + absl::Seconds(20)).ok());
  test.Ask("ANALYZE TABLE journal_entry, journal_stage, journal_node, journal_checkpoint, journal_head");

  std::vector<std::pair<std::string, std::vector<db::Value>>> statements;
  WatchedDatabase watched(*test,
                          [&](std::string_view sql, std::span<const db::Value> values) -> absl::Status {
                            if (sql.find("SELECT") != std::string_view::npos)
                              statements.emplace_back(sql, std::vector(values.begin(), values.end()));
                            return absl::OkStatus();
                          });
  ASSERT_TRUE(
      watched
          .Run([&](db::Transaction& tx) -> absl::Status {
            GW_RETURN_IF_ERROR(LockStaged(tx, 0, 256).status());
            GW_RETURN_IF_ERROR(ReadChainEnds(tx, {subjects.id(0), subjects.id(1), subjects.id(2)}).status());
            GW_RETURN_IF_ERROR(ReadEntries(tx, 600, 50).status());
            GW_RETURN_IF_ERROR(ReadFeedEntries(tx, 600, 650, {"test"}, 50).status());
            GW_RETURN_IF_ERROR(ReadFeedEntries(tx, 600, 650, {}, 50).status());
            GW_RETURN_IF_ERROR(ReadEntriesOfSubject(tx, subjects.id(3), 0, 0, 50).status());
            GW_RETURN_IF_ERROR(ReadEntriesOfRequest(tx, Uuid::Make(absl::Now())).status());
            GW_RETURN_IF_ERROR(ReadStagedOfRequest(tx, Uuid::Make(absl::Now())).status());
            GW_RETURN_IF_ERROR(ReadNewestCheckpoint(tx).status());
            GW_RETURN_IF_ERROR(HashesIn(tx)(0, 512, 128).status());
            return HashesIn(tx)(8, 0, 2).status();
          })
          .ok());
  ASSERT_GE(statements.size(), 11u);
  for (const auto& [sql, values] : statements) {
    ASSERT_TRUE(test->Run([&](db::Transaction& tx) {
                      return tx.QueryValues("EXPLAIN " + sql, values, [&](const db::Row& row) {
                        const std::string type = row.OptText(3).value_or("");
                        const int64_t rows = row.OptInt(8).value_or(0);
                        // A derived table holds one row per subject of the batch; reading it whole is its
                        // purpose.
                        if (!row.OptText(2).value_or("").starts_with("<")) EXPECT_NE(type, "ALL") << sql;
                        EXPECT_LT(rows, 700) << sql;
                      });
                    })
                    .ok());
  }
}

}  // namespace
}  // namespace gridwarden::journal
