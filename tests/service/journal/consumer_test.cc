#include "platform/journal/consumer.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "absl/time/clock.h"
#include "journal/journal_service.h"
#include "journal/log.h"
#include "journal/sequencer.h"
#include "support/test_database.h"
#include "support/test_journal.h"
#include "support/test_server.h"
#include "support/watched_database.h"

namespace gridwarden::journal {
namespace {

using testing::TestDatabase;
using testing::TestServer;
using testing::TestSubjects;
using testing::WatchedDatabase;

class ConsumerTest : public ::testing::Test {
 protected:
  ConsumerTest() : subjects_(test_, 3), server_(*test_) {
    EXPECT_TRUE(OpenLog(*test_, "test", false).ok());
    server_.Install(Install);
    test_.Exec(
        "CREATE TABLE seen (entry_id BINARY(16) NOT NULL PRIMARY KEY, value BIGINT NOT NULL) ENGINE=InnoDB");
  }
  void Write(int count, const std::string& kind = "test") {
    for (int i = 0; i < count; ++i) subjects_.Change(i % 3, ++value_, kind);
    ASSERT_TRUE(SequenceAll(*test_, clock_, false, absl::Now() + absl::Seconds(20)).ok());
  }
  // Writes the entry's value down; the primary key refuses it twice.
  static absl::Status Remember(db::Transaction& tx, const FeedEntry& entry) {
    v1::Anchor event;
    if (!entry.ReadEvent(&event)) return Internal("not an anchor");
    return tx.Exec("INSERT INTO seen (entry_id, value) VALUES (?, ?)", entry.id(), event.size()).status();
  }
  std::unique_ptr<Consumer> MakeFold(ConsumerOptions options = {.name = "test"}) {
    return Consumer::InTransaction(
        *test_, server_.channel(), clock_, options,
        [](const rpc::Call&, db::Transaction& tx, const FeedEntry& entry) { return Remember(tx, entry); });
  }
  std::string Seen() { return test_.Ask("SELECT COUNT(*) FROM seen"); }
  std::string Cursor() { return test_.Ask("SELECT next_index FROM feed_cursor"); }
  absl::Time Soon() { return absl::Now() + absl::Seconds(20); }
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
  TestSubjects subjects_;
  TestServer server_;
  uint64_t value_ = 0;
};

TEST_F(ConsumerTest, FoldsEachEntryOnceInOrderAndKeepsItsPlace) {
  Write(300);
  auto consumer = MakeFold();
  EXPECT_EQ(*consumer->CatchUp(Soon()), 300u);
  EXPECT_EQ(*consumer->CatchUp(Soon()), 300u);
  Write(5);
  auto restarted = MakeFold();
  EXPECT_EQ(*restarted->CatchUp(Soon()), 305u);
  EXPECT_EQ(Seen(), "305");
  EXPECT_EQ(Cursor(), "305");
}

TEST_F(ConsumerTest, SeesOnlyItsKindsAndMovesOverTheOthers) {
  Write(5, "case");
  Write(7, "visit");
  auto consumer = MakeFold({.name = "test", .kinds = {"case"}});
  EXPECT_EQ(*consumer->CatchUp(Soon()), 12u);
  EXPECT_EQ(Seen(), "5");
  EXPECT_EQ(Cursor(), "12");
}

TEST_F(ConsumerTest, ActsAsTheSystemAtTheEntrysTimeInADemo) {
  Write(1);
  std::atomic<bool> checked{false};
  auto consumer = Consumer::AtLeastOnce(*test_, server_.channel(), clock_, {.name = "test", .demo = true},
                                        [&](const rpc::Call& call, const FeedEntry& entry) -> absl::Status {
                                          EXPECT_TRUE(call.principal.system);
                                          EXPECT_EQ(call.now, entry.received());
                                          EXPECT_EQ(entry.entry.kind(), "test");
                                          EXPECT_EQ(entry.subject(), subjects_.id(0));
                                          checked = true;
                                          return absl::OkStatus();
                                        });
  ASSERT_TRUE(consumer->CatchUp(Soon()).ok());
  EXPECT_TRUE(checked);
}

TEST_F(ConsumerTest, StopsAtAnEntryItCannotHandleAndNeverSkipsIt) {
  Write(100);
  std::atomic<bool> broken{true};
  auto consumer = Consumer::InTransaction(
      *test_, server_.channel(), clock_, {.name = "test", .retry_stopped = absl::Milliseconds(20)},
      [&](const rpc::Call&, db::Transaction& tx, const FeedEntry& entry) -> absl::Status {
        if (entry.index == 40 && broken) return Internal("cannot fold this");
        return Remember(tx, entry);
      });
  EXPECT_EQ(consumer->CatchUp(Soon()).status().code(), absl::StatusCode::kInternal);
  EXPECT_EQ(Cursor(), "40");
  EXPECT_EQ(Seen(), "40");
  consumer->Start();
  EXPECT_TRUE(WaitFor([&] { return !consumer->Health().ok(); }));
  EXPECT_EQ(Cursor(), "40");
  broken = false;
  EXPECT_TRUE(WaitFor([&] { return Seen() == "100"; }));
  EXPECT_TRUE(WaitFor([&] { return consumer->Health().ok(); }));
}

TEST_F(ConsumerTest, APassingErrorIsTriedAgain) {
  Write(10);
  std::atomic<int> failures{5};
  auto consumer = Consumer::AtLeastOnce(
      *test_, server_.channel(), clock_, {.name = "test", .backoff_max = absl::Milliseconds(5)},
      [&](const rpc::Call&, const FeedEntry& entry) -> absl::Status {
        if (entry.index == 3 && failures-- > 0) {
          return Unavailable("DATABASE_UNAVAILABLE", "away", absl::Seconds(1));
        }
        return test_->Run([&](db::Transaction& tx) { return Remember(tx, entry); });
      });
  consumer->Start();
  EXPECT_TRUE(WaitFor([&] { return Cursor() == "10"; }));
  consumer->Stop();
  EXPECT_EQ(Seen(), "10");
}

TEST_F(ConsumerTest, AStartedConsumerFollowsTheLog) {
  auto consumer = MakeFold();
  consumer->Start();
  for (int round = 1; round <= 5; ++round) {
    Write(3);
    EXPECT_TRUE(WaitFor([&] { return Seen() == std::to_string(3 * round); }));
  }
  consumer->Stop();
  EXPECT_TRUE(consumer->Health().ok()) << consumer->Health();
}

TEST_F(ConsumerTest, TwoOfOneNameDoNotDoubleAnything) {
  Write(400);
  auto first = MakeFold();
  auto second = MakeFold();
  first->Start();
  second->Start();
  EXPECT_TRUE(WaitFor([&] { return Cursor() == "400"; }));
  first->Stop();
  second->Stop();
  EXPECT_EQ(Seen(), "400");
}

TEST_F(ConsumerTest, AFailureOfAnyStatementNeitherLosesNorDoublesAnEffect) {
  int fail_at = 1;
  int seen = 0;
  WatchedDatabase watched(*test_, [&](std::string_view, std::span<const db::Value>) -> absl::Status {
    return ++seen == fail_at ? absl::UnavailableError("injected") : absl::OkStatus();
  });
  auto consumer = Consumer::InTransaction(
      watched, server_.channel(), clock_, {.name = "test"},
      [](const rpc::Call&, db::Transaction& tx, const FeedEntry& entry) { return Remember(tx, entry); });
  int written = 0;
  for (; fail_at < 60; ++fail_at) {
    Write(4);
    written += 4;
    seen = 0;
    const auto first = consumer->CatchUp(Soon());
    if (!first.ok()) {
      seen = 1000;
      ASSERT_TRUE(consumer->CatchUp(Soon()).ok());
    }
    EXPECT_EQ(Seen(), std::to_string(written)) << "statement " << fail_at;
    EXPECT_EQ(Cursor(), std::to_string(written));
    if (first.ok()) break;
  }
  EXPECT_GE(fail_at, 6);
  EXPECT_LT(fail_at, 60);
}

TEST_F(ConsumerTest, ALogThatLostItsTailStopsItLoudly) {
  Write(4);
  auto consumer = MakeFold();
  ASSERT_TRUE(consumer->CatchUp(Soon()).ok());
  test_.Exec("UPDATE journal_head SET size = 2");
  EXPECT_EQ(ReasonOf(consumer->CatchUp(Soon()).status()), "JOURNAL_ALTERED");
}

TEST_F(ConsumerTest, AnUnreachableJournalIsWaitedFor) {
  class Away final : public rpc::Channel {
   public:
    explicit Away(rpc::Channel& inner) : inner_(inner) {}
    absl::StatusOr<std::string> Send(const rpc::Envelope& envelope) override {
      if (left-- > 0) return Unavailable("DRAINING", "away", absl::Seconds(1));
      return inner_.Send(envelope);
    }
    void SendAsync(rpc::Envelope envelope, std::function<void(absl::StatusOr<std::string>)> done) override {
      inner_.SendAsync(std::move(envelope), std::move(done));
    }
    std::atomic<int> left{4};

   private:
    rpc::Channel& inner_;
  } channel(server_.channel());
  Write(3);
  auto consumer = Consumer::InTransaction(
      *test_, channel, clock_, {.name = "test", .backoff_max = absl::Milliseconds(5)},
      [](const rpc::Call&, db::Transaction& tx, const FeedEntry& entry) { return Remember(tx, entry); });
  consumer->Start();
  EXPECT_TRUE(WaitFor([&] { return Seen() == "3"; }));
  EXPECT_TRUE(WaitFor([&] { return consumer->Health().ok(); }));
}

}  // namespace
}  // namespace gridwarden::journal
