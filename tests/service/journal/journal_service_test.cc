#include "journal/journal_service.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <thread>

#include "absl/time/clock.h"
#include "domain/merkle/note.h"
#include "journal/log.h"
#include "journal/sealer.h"
#include "journal/sequencer.h"
#include "platform/crypto/digest.h"
#include "support/test_city.h"
#include "support/test_database.h"
#include "support/test_journal.h"
#include "support/test_server.h"

namespace gridwarden::journal {
namespace {

using domain::PostKind;
using testing::City;
using testing::TestDatabase;
using testing::TestServer;
using testing::TestSubjects;

constexpr std::string_view kGetStatus = "gridwarden.journal.v1.JournalService/GetStatus";
constexpr std::string_view kListEntries = "gridwarden.journal.v1.JournalService/ListEntries";
constexpr std::string_view kGetReceipt = "gridwarden.journal.v1.JournalService/GetReceipt";
constexpr std::string_view kGetCheckpoint = "gridwarden.journal.v1.JournalService/GetCheckpoint";
constexpr std::string_view kReadFeed = "gridwarden.journal.v1.JournalInternalService/ReadFeed";

class JournalServiceTest : public ::testing::Test {
 protected:
  JournalServiceTest() : subjects_(test_, 3) {
    char name[] = "/tmp/gw_journal_XXXXXX";
    folder_ = mkdtemp(name);
    EXPECT_TRUE(OpenLog(*test_, "test", false).ok());
    server_ = std::make_unique<TestServer>(*test_, City().MakeDirectory(), nullptr, folder_);
    server_->Install(Install);
  }
  ~JournalServiceTest() override {
    server_.reset();
    std::filesystem::remove_all(folder_);
  }

  void Sequence() { ASSERT_TRUE(SequenceAll(*test_, clock_, false, absl::Now() + absl::Seconds(20)).ok()); }
  std::string Leader() const { return City().TokenOf(PostKind::kGridLeader, City().townships[0][0]); }
  std::string OtherLeader() const { return City().TokenOf(PostKind::kGridLeader, City().townships[1][1]); }
  std::string Administrator() const { return City().AdministratorToken(); }

  // Changes subject 0 and 1 in one request of the leader.
  std::string RequestOfLeader() {
    const std::string request_id = Uuid::Make(absl::Now()).ToString();
    const rpc::Call call = City().CallOf(PostKind::kGridLeader, City().townships[0][0], absl::Now());
    EXPECT_TRUE(test_
                    ->Run([&](db::Transaction& tx) -> absl::Status {
                      GW_RETURN_IF_ERROR(subjects_.Change(tx, call, 0, 1, "case.transition", request_id));
                      return subjects_.Change(tx, call, 1, 1, "signal", request_id);
                    })
                    .ok());
    return request_id;
  }
  absl::StatusOr<v1::Receipt> Receipt(const std::string& token, const std::string& request_id) {
    v1::GetReceiptRequest request;
    request.set_request_id(request_id);
    return server_->Call<v1::Receipt>(token, kGetReceipt, request);
  }
  absl::StatusOr<v1::ReadFeedResponse> Feed(uint64_t start, std::vector<std::string> kinds = {},
                                            int limit = 0, int wait_ms = 0) {
    v1::ReadFeedRequest request;
    request.set_start_index(start);
    request.set_limit(limit);
    request.set_wait_ms(wait_ms);
    for (std::string& kind : kinds) request.add_kinds(std::move(kind));
    return server_->CallAsSystem<v1::ReadFeedResponse>(kReadFeed, request);
  }

  TestDatabase test_;
  SystemClock clock_;
  TestSubjects subjects_;
  std::string folder_;
  std::unique_ptr<TestServer> server_;
};

TEST_F(JournalServiceTest, StatusTellsWhatIsSequencedStagedAndSealed) {
  subjects_.Change(0, 1);
  subjects_.Change(1, 1);
  Sequence();
  subjects_.Change(0, 2);
  const auto status = server_->Call<v1::JournalStatus>(Leader(), kGetStatus, v1::GetStatusRequest());
  ASSERT_TRUE(status.ok()) << status.status();
  EXPECT_EQ(status->origin(), "gridwarden.test/journal");
  EXPECT_EQ(status->size(), 2u);
  EXPECT_EQ(status->staged(), 1u);
  EXPECT_EQ(status->sealed_size(), 0u);
  EXPECT_FALSE(status->demo());
  EXPECT_EQ(status->root().size(), 32u);
  EXPECT_EQ(status->trouble(), "");
}

TEST_F(JournalServiceTest, StatusNeedsASignedInCaller) {
  EXPECT_EQ(ReasonOf(server_->Call<v1::JournalStatus>("", kGetStatus, v1::GetStatusRequest()).status()),
            "NOT_SIGNED_IN");
}

TEST_F(JournalServiceTest, OnlyAnAdministratorListsEntries) {
  const v1::ListEntriesRequest request;
  EXPECT_EQ(ReasonOf(server_->Call<v1::ListEntriesResponse>(Leader(), kListEntries, request).status()),
            "NOT_ALLOWED");
  EXPECT_EQ(ReasonOf(server_->Call<v1::ListEntriesResponse>("", kListEntries, request).status()),
            "NOT_SIGNED_IN");
  EXPECT_TRUE(server_->Call<v1::ListEntriesResponse>(Administrator(), kListEntries, request).ok());
}

TEST_F(JournalServiceTest, PagesThroughAllEntriesAndTheTreeCanBeRecomputed) {
  for (int i = 0; i < 25; ++i) subjects_.Change(i % 3, i);
  Sequence();
  v1::ListEntriesRequest request;
  request.set_page_size(10);
  domain::merkle::Frontier frontier(crypto::Sha256);
  int pages = 0;
  do {
    const auto page = server_->Call<v1::ListEntriesResponse>(Administrator(), kListEntries, request);
    ASSERT_TRUE(page.ok()) << page.status();
    for (const v1::SequencedEntry& entry : page->entries()) {
      EXPECT_EQ(entry.index(), frontier.size());
      EXPECT_EQ(entry.leaf(), LeafHash(entry.body()));
      frontier.Append(LeafHash(entry.body()));
    }
    request.set_page_token(page->next_page_token());
    ++pages;
  } while (!request.page_token().empty());
  EXPECT_EQ(pages, 3);
  EXPECT_EQ(frontier.size(), 25u);
  const auto status = server_->Call<v1::JournalStatus>(Leader(), kGetStatus, v1::GetStatusRequest());
  EXPECT_EQ(frontier.Root(), status->root());
}

TEST_F(JournalServiceTest, ListsOneSubjectInPages) {
  for (int i = 0; i < 15; ++i) subjects_.Change(i % 3, i);
  Sequence();
  v1::ListEntriesRequest request;
  request.set_page_size(2);
  request.set_subject(subjects_.id(1).ToString());
  std::vector<uint64_t> indices;
  do {
    const auto page = server_->Call<v1::ListEntriesResponse>(Administrator(), kListEntries, request);
    ASSERT_TRUE(page.ok()) << page.status();
    for (const v1::SequencedEntry& entry : page->entries()) indices.push_back(entry.index());
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  EXPECT_EQ(indices, (std::vector<uint64_t>{1, 4, 7, 10, 13}));
  request.set_subject("nonsense");
  EXPECT_EQ(ReasonOf(server_->Call<v1::ListEntriesResponse>(Administrator(), kListEntries, request).status())
                .empty(),
            false);
}

TEST_F(JournalServiceTest, LargeEntriesComeInSmallerPagesAndNoneIsMissing) {
  // 50 entries of about 50 KiB: more than one answer holds.
  rpc::Call call = rpc::Call::System("test", absl::Now());
  v1::Anchor event;
  event.set_root(std::string(50'000, 'x'));
  Subject subject{.id = Uuid::Make(absl::Now())};
  ASSERT_TRUE(test_
                  ->Run([&](db::Transaction& tx) -> absl::Status {
                    Subject end = subject;
                    for (int i = 0; i < 50; ++i) {
                      GW_ASSIGN_OR_RETURN(const Sealed sealed,
                                          Seal(call, {.kind = "big", .before = end, .event = &event}));
                      GW_RETURN_IF_ERROR(Stage(tx, sealed));
                      end = sealed.after;
                    }
                    return absl::OkStatus();
                  })
                  .ok());
  Sequence();
  v1::ListEntriesRequest request;
  uint64_t listed = 0;
  do {
    const auto page = server_->Call<v1::ListEntriesResponse>(Administrator(), kListEntries, request);
    ASSERT_TRUE(page.ok()) << page.status();
    EXPECT_LT(page->entries_size(), 50);
    for (const v1::SequencedEntry& entry : page->entries()) EXPECT_EQ(entry.index(), listed++);
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  EXPECT_EQ(listed, 50u);
  uint64_t next = 0;
  listed = 0;
  while (next < 50) {
    const auto feed = Feed(next);
    ASSERT_TRUE(feed.ok()) << feed.status();
    ASSERT_GT(feed->next_index(), next);
    for (const v1::SequencedEntry& entry : feed->entries()) EXPECT_EQ(entry.index(), listed++);
    next = feed->next_index();
  }
  EXPECT_EQ(listed, 50u);
}

TEST_F(JournalServiceTest, AReceiptGoesFromAcceptedToSequencedToSealedWithAProof) {
  subjects_.Change(2, 1);
  const std::string request_id = RequestOfLeader();
  auto receipt = Receipt(Leader(), request_id);
  ASSERT_TRUE(receipt.ok()) << receipt.status();
  EXPECT_EQ(receipt->state(), v1::Receipt::ACCEPTED);
  EXPECT_EQ(receipt->lines_size(), 2);
  EXPECT_GT(receipt->received_time().seconds(), 0);

  Sequence();
  receipt = Receipt(Leader(), request_id);
  ASSERT_TRUE(receipt.ok());
  EXPECT_EQ(receipt->state(), v1::Receipt::SEQUENCED);
  EXPECT_EQ(receipt->lines(0).index(), 1u);
  EXPECT_EQ(receipt->lines(1).index(), 2u);

  Sealer sealer(*test_, clock_, folder_ + "/journal", false, [] { return true; });
  ASSERT_TRUE(sealer.SealOnce().ok());
  receipt = Receipt(Leader(), request_id);
  ASSERT_TRUE(receipt.ok());
  EXPECT_EQ(receipt->state(), v1::Receipt::SEALED);
  const auto verifier = domain::merkle::ParseVerifierKey(crypto::Sha256, sealer.VerifierKey());
  const auto checkpoint =
      domain::merkle::OpenNote(crypto::Sha256, receipt->checkpoint(), *verifier, crypto::Verify);
  ASSERT_TRUE(checkpoint.ok()) << checkpoint.status();
  for (const v1::Receipt::Line& line : receipt->lines()) {
    EXPECT_TRUE(domain::merkle::VerifyInclusion(crypto::Sha256, line.leaf(), line.index(), checkpoint->size,
                                                {line.proof().begin(), line.proof().end()},
                                                checkpoint->root));
  }
}

TEST_F(JournalServiceTest, AReceiptIsForItsSenderAndAdministratorsAndLooksAbsentToOthers) {
  const std::string request_id = RequestOfLeader();
  EXPECT_TRUE(Receipt(Administrator(), request_id).ok());
  const absl::Status forbidden = Receipt(OtherLeader(), request_id).status();
  EXPECT_EQ(ReasonOf(forbidden), "NOT_FOUND");
  Sequence();
  EXPECT_EQ(Receipt(OtherLeader(), request_id).status(), forbidden);
  const std::string absent = Uuid::Make(absl::Now()).ToString();
  EXPECT_EQ(ReasonOf(Receipt(Leader(), absent).status()), "NOT_FOUND");
  EXPECT_EQ(ReasonOf(Receipt("", request_id).status()), "NOT_SIGNED_IN");
  EXPECT_EQ(ReasonOf(Receipt(Leader(), "").status()), "REQUIRED_FIELD_MISSING");
  EXPECT_EQ(ReasonOf(Receipt(Leader(), "nonsense").status()), "INVALID_FIELD");
}

TEST_F(JournalServiceTest, ACheckpointIsTheNewestOrTheNewestUpToASize) {
  const auto get = [&](uint64_t size) {
    v1::GetCheckpointRequest request;
    request.set_size(size);
    return server_->Call<v1::Checkpoint>(Leader(), kGetCheckpoint, request);
  };
  EXPECT_EQ(ReasonOf(get(0).status()), "NOT_FOUND");
  Sealer sealer(*test_, clock_, folder_ + "/journal", false, [] { return true; });
  for (int i = 0; i < 3; ++i) {
    subjects_.Change(0, i);
    Sequence();
    ASSERT_TRUE(sealer.SealOnce().ok());
  }
  // No note is told without the key that verifies it.
  EXPECT_EQ(ReasonOf(get(0).status()), "DATABASE_UNAVAILABLE");
  server_->RunWorkers();
  const absl::Time until = absl::Now() + absl::Seconds(30);
  while (!get(0).ok() && absl::Now() < until) std::this_thread::yield();
  ASSERT_TRUE(get(0).ok()) << get(0).status();
  EXPECT_EQ(get(0)->size(), 3u);
  EXPECT_EQ(get(2)->size(), 2u);
  EXPECT_EQ(get(99)->size(), 3u);
}

TEST_F(JournalServiceTest, TheWorkersSequenceAndSealByThemselves) {
  server_->RunWorkers();
  const std::string request_id = RequestOfLeader();
  const absl::Time until = absl::Now() + absl::Seconds(30);
  auto receipt = Receipt(Leader(), request_id);
  while (receipt.ok() && receipt->state() != v1::Receipt::SEALED && absl::Now() < until) {
    std::this_thread::yield();
    receipt = Receipt(Leader(), request_id);
  }
  ASSERT_TRUE(receipt.ok()) << receipt.status();
  EXPECT_EQ(receipt->state(), v1::Receipt::SEALED);
  const auto checkpoint = server_->Call<v1::Checkpoint>(Leader(), kGetCheckpoint, v1::GetCheckpointRequest());
  ASSERT_TRUE(checkpoint.ok());
  const auto verifier = domain::merkle::ParseVerifierKey(crypto::Sha256, checkpoint->verifier_key());
  ASSERT_TRUE(verifier.ok()) << verifier.status();
  EXPECT_TRUE(domain::merkle::OpenNote(crypto::Sha256, checkpoint->note(), *verifier, crypto::Verify).ok());
}

TEST_F(JournalServiceTest, TheFeedIsForOurOwnProcessesOnly) {
  v1::ReadFeedRequest request;
  for (const std::string& token : {Leader(), Administrator(), std::string()}) {
    EXPECT_FALSE(server_->Call<v1::ReadFeedResponse>(token, kReadFeed, request).ok());
  }
}

TEST_F(JournalServiceTest, TheFeedAnswersTheKindsAskedForAndMovesOverTheOthers) {
  for (int i = 0; i < 9; ++i) subjects_.Change(i % 3, i, i % 3 == 0 ? "case" : "visit");
  Sequence();
  const auto cases = Feed(0, {"case"});
  ASSERT_TRUE(cases.ok()) << cases.status();
  EXPECT_EQ(cases->entries_size(), 3);
  EXPECT_EQ(cases->next_index(), 9u);
  EXPECT_EQ(cases->log_size(), 9u);
  const auto two = Feed(0, {"case", "visit"}, 2);
  EXPECT_EQ(two->entries_size(), 2);
  EXPECT_EQ(two->next_index(), 2u);
  const auto none = Feed(0, {"person"});
  EXPECT_EQ(none->entries_size(), 0);
  EXPECT_EQ(none->next_index(), 9u);
  EXPECT_EQ(Feed(7)->entries_size(), 2);
  EXPECT_EQ(Feed(9)->entries_size(), 0);
}

TEST_F(JournalServiceTest, AReaderAheadOfTheLogIsToldThatItWasAltered) {
  EXPECT_EQ(ReasonOf(Feed(1).status()), "JOURNAL_ALTERED");
}

TEST_F(JournalServiceTest, TheFeedRefusesWrongLimitsByName) {
  const absl::Status status = Feed(0, {}, -1, 20'000).status();
  ASSERT_EQ(ReasonOf(status), "INVALID_FIELD");
  EXPECT_EQ(FactsOf(status)->fields.size(), 2u);
}

TEST_F(JournalServiceTest, AReaderThatWaitsIsWokenByTheFirstEntryAndHoldsNoConnection) {
  db::Options options = test_.options();
  options.pool_size = 1;
  const auto small = db::Database::Open(options);
  ASSERT_TRUE(small.ok());
  v1::ReadFeedRequest request;
  request.set_wait_ms(10'000);
  absl::StatusOr<v1::ReadFeedResponse> response;
  std::thread reader(
      [&] { response = ReadFeed(**small, rpc::Call::System(kReadFeed, absl::Now()), request); });
  // The only connection of the pool is free again and again while the reader waits.
  for (int i = 0; i < 20; ++i) {
    EXPECT_TRUE((*small)
                    ->Run({.deadline = absl::Now() + absl::Seconds(5)},
                          [](db::Transaction&) { return absl::OkStatus(); })
                    .ok());
  }
  const absl::Time asked = absl::Now();
  subjects_.Change(0, 1);
  Sequence();
  reader.join();
  EXPECT_LT(absl::Now() - asked, absl::Seconds(8));
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->entries_size(), 1);
}

TEST_F(JournalServiceTest, AReaderThatWaitsInVainIsAnsweredInTime) {
  const absl::Time asked = absl::Now();
  const auto feed = Feed(0, {}, 0, 150);
  ASSERT_TRUE(feed.ok());
  EXPECT_EQ(feed->entries_size(), 0);
  EXPECT_GE(absl::Now() - asked, absl::Milliseconds(140));
  EXPECT_LT(absl::Now() - asked, absl::Seconds(4));
}

}  // namespace
}  // namespace gridwarden::journal
