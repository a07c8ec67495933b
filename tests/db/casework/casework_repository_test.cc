#include <gtest/gtest.h>

#include <barrier>
#include <set>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status.h"
#include "casework/case_repository.h"
#include "casework/ground_filter.h"
#include "casework/history_repository.h"
#include "casework/media_repository.h"
#include "casework/signal_repository.h"
#include "support/statement_plan.h"
#include "support/test_city.h"
#include "support/test_database.h"

namespace gridwarden::casework {
namespace {

using testing::City;
using testing::TestDatabase;

const absl::Time kNow = absl::FromUnixSeconds(1'780'000'000);

TestDatabase& Database() {
  static TestDatabase* database = new TestDatabase();
  return *database;
}

class CaseworkRepository : public ::testing::Test {
 protected:
  void SetUp() override { Database().Clear(); }

  template <typename Body>
  static absl::Status Run(Body body) {
    return Database()->Run([&](db::Transaction& tx) -> absl::Status { return body(tx); });
  }
  static CaseFile NewCase(int n, const Uuid& division = City().villages[0][0][0]) {
    CaseFile file;
    file.id = Uuid::Make(kNow);
    file.chain = file.id;
    file.case_no = absl::StrFormat("990102-2026-%05d", n);
    file.state = v1::Case::FILED;
    file.category = "DUST";
    file.place.city = City().city;
    file.place.division = division;
    file.place.ground_path = City().ground->PathKey(division);
    file.event_time = kNow;
    file.file_time = kNow + absl::Minutes(n);
    file.filing_division = City().townships[0][0];
    file.filing_path = City().ground->PathKey(file.filing_division);
    file.due_time = kNow + absl::Hours(n);
    file.total_due_time = kNow + absl::Hours(240);
    file.rule_version = "test";
    file.subject = {file.id, 1, std::string(32, 'L')};
    return file;
  }
  static SignalFile NewSignal() {
    SignalFile signal;
    signal.id = Uuid::Make(kNow);
    signal.state = v1::Signal::NEW;
    signal.channel = v1::Signal::PATROL;
    signal.category = "DUST";
    signal.place.division = City().villages[0][0][0];
    signal.place.ground_path = City().ground->PathKey(signal.place.division);
    signal.event_time = kNow;
    signal.receive_time = kNow;
    signal.subject = {signal.id, 1, std::string(32, 'L')};
    return signal;
  }
  static std::string Digest(char c) { return std::string(32, c); }
};

TEST_F(CaseworkRepository, ReadsBackEveryFieldOfACase) {
  CaseFile file = NewCase(1);
  type::v1::Position position;
  position.set_longitude(114.0213);
  position.set_latitude(33.0127);
  position.set_accuracy_m(8.5);
  position.set_datum(type::v1::Position::WGS84);
  position.set_given_datum(type::v1::Position::GCJ02);
  file.place.position = position;
  file.description = "院内喷漆";
  file.disposition = v1::Case::SHUT_DOWN;
  file.handler = {City().bureaus[0], true};
  file.cooperators = {City().bureaus[1], City().bureaus[0]};
  file.duty_item = "住建 3.2";
  file.fixer = Uuid::Make(kNow);
  file.fixer_post = Uuid::Make(kNow);
  file.checker = Uuid::Make(kNow);
  file.signer = Uuid::Make(kNow);
  file.check_post = Uuid::Make(kNow);
  file.rework_count = 2;
  file.return_count = 1;
  file.unable_count = 1;
  file.pass_time = kNow + absl::Hours(1);
  file.close_time = kNow + absl::Hours(2);
  file.closed_on_time = true;
  file.rebound_of = Uuid::Make(kNow);
  file.rebounded_into = Uuid::Make(kNow);
  file.recheck_time = kNow + absl::Hours(3);
  file.held = v1::Case::HELD;
  file.source = Uuid::Make(kNow);
  CaseFile read;
  ASSERT_TRUE(Run([&](db::Transaction& tx) -> absl::Status {
                GW_RETURN_IF_ERROR(InsertCase(tx, file));
                GW_ASSIGN_OR_RETURN(read, ReadCase(tx, "cases/no:990102-2026-00001"));
                return absl::OkStatus();
              }).ok());
  EXPECT_EQ(ToProto(read).SerializeAsString(), ToProto(file).SerializeAsString());
  EXPECT_EQ(read.fixer_post, file.fixer_post);
  EXPECT_EQ(read.filing_path, file.filing_path);
  EXPECT_EQ(read.subject.leaf, file.subject.leaf);
}

TEST_F(CaseworkRepository, RefusesToSaveARowThatSomebodyElseMovedOn) {
  CaseFile file = NewCase(1);
  ASSERT_TRUE(Run([&](db::Transaction& tx) { return InsertCase(tx, file); }).ok());
  file.subject.seq = 2;
  EXPECT_TRUE(Run([&](db::Transaction& tx) { return SaveCase(tx, file); }).ok());
  EXPECT_EQ(ReasonOf(Run([&](db::Transaction& tx) { return SaveCase(tx, file); })), "ETAG_MISMATCH");
}

TEST_F(CaseworkRepository, GivesOnePersonOneDutyOfAChainUnderARaceOfTwo) {
  const CaseFile file = NewCase(1);
  for (int round = 0; round < 20; ++round) {
    const Uuid person = Uuid::Make(kNow);
    std::barrier start(2);
    absl::Status checker, signer;
    const auto take = [&](domain::Duty duty, absl::Status& status) {
      start.arrive_and_wait();
      status = Run([&](db::Transaction& tx) { return TakeDuty(tx, file, person, duty, kNow); });
    };
    std::thread a([&] { take(domain::Duty::kChecker, checker); });
    std::thread b([&] { take(domain::Duty::kSigner, signer); });
    a.join();
    b.join();
    ASSERT_NE(checker.ok(), signer.ok()) << checker << signer;
    EXPECT_EQ(ReasonOf(checker.ok() ? signer : checker), "SEPARATION_OF_DUTIES");
  }
  EXPECT_EQ(Database().Ask("SELECT COUNT(*) FROM case_actor"), "20");
}

TEST_F(CaseworkRepository, LetsTheSamePersonFixAgainAfterReworkAndInARebound) {
  const CaseFile first = NewCase(1);
  CaseFile rebound = NewCase(2);
  rebound.chain = first.chain;
  const Uuid person = Uuid::Make(kNow);
  for (const CaseFile& file : {first, first, rebound}) {
    EXPECT_TRUE(Run([&](db::Transaction& tx) {
                  return TakeDuty(tx, file, person, domain::Duty::kFixer, kNow);
                }).ok());
  }
  EXPECT_EQ(ReasonOf(Run([&](db::Transaction& tx) {
              return TakeDuty(tx, rebound, person, domain::Duty::kChecker, kNow);
            })),
            "SEPARATION_OF_DUTIES");
}

TEST_F(CaseworkRepository, GivesAPhotoToOneChainUnderARaceOfTwo) {
  for (char photo = 'a'; photo < 'u'; ++photo) {
    std::barrier start(2);
    absl::Status one, two;
    const auto claim = [&](const Uuid& chain, absl::Status& status) {
      start.arrive_and_wait();
      status = Run(
          [&](db::Transaction& tx) { return ClaimMedia(tx, {.chain = chain}, {Digest(photo)}, {}, kNow); });
    };
    const Uuid chain_one = Uuid::Make(kNow), chain_two = Uuid::Make(kNow);
    std::thread a([&] { claim(chain_one, one); });
    std::thread b([&] { claim(chain_two, two); });
    a.join();
    b.join();
    ASSERT_NE(one.ok(), two.ok()) << one << two;
    EXPECT_EQ(ReasonOf(one.ok() ? two : one), "PHOTO_OF_OTHER_CASE");
  }
}

TEST_F(CaseworkRepository, KnowsTheSignalsPhotoAsTheChainsOwnOnceItIsFiled) {
  SignalFile signal = NewSignal();
  const CaseFile file = NewCase(1);
  const auto claim = [&](const MediaOwner& owner) {
    return Run([&](db::Transaction& tx) { return ClaimMedia(tx, owner, {Digest('p')}, {}, kNow); });
  };
  ASSERT_TRUE(Run([&](db::Transaction& tx) { return InsertSignal(tx, signal); }).ok());
  ASSERT_TRUE(claim({.signal = signal.id}).ok());
  EXPECT_EQ(ReasonOf(claim({.chain = file.chain})), "PHOTO_OF_OTHER_CASE");
  signal.case_id = file.id;
  signal.subject.seq = 2;
  ASSERT_TRUE(Run([&](db::Transaction& tx) -> absl::Status {
                GW_RETURN_IF_ERROR(InsertCase(tx, file));
                return SaveSignal(tx, signal);
              }).ok());
  EXPECT_TRUE(claim({.chain = file.chain}).ok());
  EXPECT_EQ(ReasonOf(claim({.chain = Uuid::Make(kNow)})), "PHOTO_OF_OTHER_CASE");
}

TEST_F(CaseworkRepository, NumbersTheCasesOfACountysYearWithoutGapOrDoubleUnderEightThreads) {
  std::vector<std::thread> threads;
  std::mutex mutex;
  std::set<std::string> numbers;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 10; ++i) {
        std::string number;
        ASSERT_TRUE(Run([&](db::Transaction& tx) -> absl::Status {
                      GW_ASSIGN_OR_RETURN(number, TakeCaseNumber(tx, "990102", 2026));
                      return absl::OkStatus();
                    }).ok());
        const std::lock_guard lock(mutex);
        numbers.insert(number);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(numbers.size(), 80u);
  EXPECT_EQ(*numbers.begin(), "990102-2026-00001");
  EXPECT_EQ(*numbers.rbegin(), "990102-2026-00080");
  ASSERT_TRUE(Run([&](db::Transaction& tx) -> absl::Status {
                GW_ASSIGN_OR_RETURN(const std::string other, TakeCaseNumber(tx, "990103", 2026));
                EXPECT_EQ(other, "990103-2026-00001");
                GW_ASSIGN_OR_RETURN(const std::string next_year, TakeCaseNumber(tx, "990102", 2027));
                EXPECT_EQ(next_year, "990102-2027-00001");
                return absl::OkStatus();
              }).ok());
}

TEST_F(CaseworkRepository, RefusesASecondReturnBySameUnitOnly) {
  const CaseFile file = NewCase(1);
  const auto give_back = [&](const Uuid& unit) {
    return Run([&](db::Transaction& tx) { return RecordReturn(tx, file.id, unit, kNow); });
  };
  EXPECT_TRUE(give_back(City().bureaus[0]).ok());
  EXPECT_TRUE(give_back(City().bureaus[1]).ok());
  EXPECT_EQ(ReasonOf(give_back(City().bureaus[0])), "ALREADY_RETURNED");
}

TEST_F(CaseworkRepository, TakesAChannelKeyOnceAndAnyNumberOfSignalsWithoutOne) {
  SignalFile first = NewSignal();
  first.channel_key = "visit-1";
  SignalFile second = NewSignal();
  second.channel_key = "visit-1";
  ASSERT_TRUE(Run([&](db::Transaction& tx) { return InsertSignal(tx, first); }).ok());
  EXPECT_TRUE(db::IsDuplicateKey(Run([&](db::Transaction& tx) { return InsertSignal(tx, second); })));
  second.channel = v1::Signal::HOTLINE;
  EXPECT_TRUE(Run([&](db::Transaction& tx) { return InsertSignal(tx, second); }).ok());
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(Run([&](db::Transaction& tx) { return InsertSignal(tx, NewSignal()); }).ok());
  }
}

TEST_F(CaseworkRepository, ASubtreeIsARangeOfKeysThatEndsBeforeItsNeighbour) {
  EXPECT_EQ(EndOfRange("ab"), "ac");
  EXPECT_EQ(EndOfRange(std::string("a\xFF")), "b");
  EXPECT_GT(EndOfRange(std::string("\xFF\xFF")), std::string(160, '\xFF'));
  const std::vector<Uuid> grounds = {City().villages[0][0][0], City().villages[0][0][1],
                                     City().villages[0][1][0], City().villages[1][0][0]};
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(Run([&](db::Transaction& tx) { return InsertCase(tx, NewCase(i, grounds[i])); }).ok());
  }
  const auto count = [&](const Uuid& division) {
    size_t found = 0;
    CaseFilter filter;
    filter.grounds = {City().ground->PathKey(division)};
    EXPECT_TRUE(Run([&](db::Transaction& tx) -> absl::Status {
                  GW_ASSIGN_OR_RETURN(const auto files, ListNewestCases(tx, filter, nullptr, 10));
                  found = files.size();
                  return absl::OkStatus();
                }).ok());
    return found;
  };
  EXPECT_EQ(count(City().city), 4u);
  EXPECT_EQ(count(City().counties[0]), 3u);
  EXPECT_EQ(count(City().townships[0][0]), 2u);
  EXPECT_EQ(count(City().villages[0][0][0]), 1u);
  EXPECT_EQ(count(City().villages[1][1][1]), 0u);
}

// Asks MariaDB how it would run the statement: no part of it may read a whole table or sort what a key could
// give in order.
class Plan : public CaseworkRepository {
 protected:
  struct Part {
    std::string table, type, key, extra;
  };
  static std::vector<Part> Explain(const std::string& sql, const std::vector<db::Value>& values) {
    std::vector<Part> parts;
    const absl::Status status = Run([&](db::Transaction& tx) {
      parts.clear();
      return tx.QueryValues("EXPLAIN " + sql, values, [&](const db::Row& row) {
        parts.push_back({row.OptText(2).value_or(""), row.OptText(3).value_or(""),
                         row.OptText(5).value_or(""), row.OptText(9).value_or("")});
      });
    });
    EXPECT_TRUE(status.ok()) << status << "\n" << sql;
    return parts;
  }
  static void Fill() {
    for (int i = 0; i < 60; ++i) {
      CaseFile file = NewCase(i, City().villages[i % 2][i % 3][i % 4]);
      file.state = static_cast<v1::Case::State>(1 + i % 12);
      file.handler = {Uuid::Make(kNow), false};
      ASSERT_TRUE(Run([&](db::Transaction& tx) { return InsertCase(tx, file); }).ok());
      ASSERT_TRUE(Run([&](db::Transaction& tx) { return InsertSignal(tx, NewSignal()); }).ok());
    }
    Database().Ask("ANALYZE TABLE case_file");
    Database().Ask("ANALYZE TABLE signal_file");
  }
};

TEST_F(Plan, AWideListIsReadInItsOwnOrderAndANarrowOneThroughItsGround) {
  Fill();
  CaseFilter wide;
  wide.grounds = {City().ground->PathKey(City().counties[0])};
  std::string sql = CaseStatements::Newest(wide, false);
  auto parts = Explain(sql, {wide.grounds[0], EndOfRange(wide.grounds[0]), 50});
  ASSERT_EQ(parts.size(), 1u);
  EXPECT_EQ(parts[0].key, "case_newest");
  EXPECT_EQ(parts[0].extra.find("filesort"), std::string::npos) << parts[0].extra;

  CaseFilter narrow;
  narrow.grounds = {City().ground->PathKey(City().villages[0][0][0])};
  parts =
      Explain(CaseStatements::Newest(narrow, false), {narrow.grounds[0], EndOfRange(narrow.grounds[0]), 50});
  ASSERT_EQ(parts.size(), 1u);
  EXPECT_EQ(parts[0].key, "case_place");
  EXPECT_EQ(parts[0].type, "range");

  CaseFilter open;
  open.grounds = wide.grounds;
  open.states = {v1::Case::FILED, v1::Case::SIGN_OFF};
  parts =
      Explain(CaseStatements::Newest(open, false), {open.grounds[0], EndOfRange(open.grounds[0]), 1, 8, 50});
  ASSERT_EQ(parts.size(), 1u);
  EXPECT_EQ(parts[0].key, "case_ground");
  EXPECT_EQ(parts[0].type, "range");
}

// Who took over ground lists a few ranges beside his own: still ranges of the same key.
TEST_F(Plan, GroundFromElsewhereIsReadThroughRangesToo) {
  Fill();
  CaseFilter filter;
  for (int village = 0; village < 4; ++village)
    filter.grounds.push_back(City().ground->PathKey(City().villages[0][village % 3][village]));
  filter.grounds.push_back(City().ground->PathKey(City().villages[1][0][0]));
  filter.due_before = kNow + absl::Hours(10);
  std::vector<db::Value> ranges;
  BindGrounds(filter.grounds, ranges);
  ASSERT_EQ(ranges.size(), 16u) << "padded, so that few texts of the statement exist";
  std::vector<db::Value> newest = ranges, overdue = ranges;
  newest.emplace_back(50);
  overdue.insert(overdue.begin(), filter.due_before);
  overdue.emplace_back(50);
  auto parts = Explain(CaseStatements::Newest(filter, false), newest);
  ASSERT_EQ(parts.size(), 1u);
  EXPECT_EQ(parts[0].key, "case_place");
  EXPECT_EQ(parts[0].type, "range");
  parts = Explain(CaseStatements::Overdue(filter, false), overdue);
  ASSERT_EQ(parts.size(), 1u);
  EXPECT_EQ(parts[0].key, "case_ground");
  EXPECT_EQ(parts[0].type, "range");
}

TEST_F(Plan, OverdueWorkIsARangeOfDueTimesInOrder) {
  Fill();
  CaseFilter filter;
  filter.grounds = {City().ground->PathKey(City().counties[0])};
  filter.due_before = kNow + absl::Hours(10);
  const auto parts = Explain(CaseStatements::Overdue(filter, false),
                             {filter.due_before, filter.grounds[0], EndOfRange(filter.grounds[0]), 50});
  ASSERT_EQ(parts.size(), 1u);
  EXPECT_EQ(parts[0].key, "case_due");
  EXPECT_EQ(parts[0].type, "range");
  EXPECT_EQ(parts[0].extra.find("filesort"), std::string::npos) << parts[0].extra;
}

TEST_F(Plan, OverdueWorkOfANarrowGroundIsReadFromItsOpenCases) {
  Fill();
  CaseFilter filter;
  filter.grounds = {City().ground->PathKey(City().villages[0][0][0])};
  filter.due_before = kNow + absl::Hours(10);
  ASSERT_GE(filter.grounds[0].size(), 64u);
  const auto parts = Explain(CaseStatements::Overdue(filter, false),
                             {filter.due_before, filter.grounds[0], EndOfRange(filter.grounds[0]), 50});
  ASSERT_EQ(parts.size(), 1u);
  EXPECT_EQ(parts[0].key, "case_ground");
  EXPECT_EQ(parts[0].type, "range");
}

TEST_F(Plan, WhatWaitsForSomebodyComesThroughTheKeysOfItsThreeKinds) {
  Fill();
  CaseFilter filter;
  filter.assignees = {Uuid::Make(kNow)};
  filter.sign_grounds = {City().ground->PathKey(City().townships[0][0])};
  const std::string sql = CaseStatements::Assigned(filter, false);
  std::set<std::string> keys;
  for (const Part& part : Explain(sql, {filter.assignees[0], filter.assignees[0], filter.sign_grounds[0],
                                        EndOfRange(filter.sign_grounds[0]), 50})) {
    keys.insert(part.key);
    EXPECT_FALSE(part.table == "case_file" && part.type == "ALL") << part.table;
  }
  EXPECT_TRUE(keys.contains("case_handler"));
  EXPECT_TRUE(keys.contains("case_check_post"));
  EXPECT_TRUE(keys.contains("case_ground"));
}

TEST_F(Plan, TheStoriesOfManyCasesAreReadThroughTheirKeys) {
  std::vector<Uuid> cases, signals;
  for (int i = 1; i <= 40; ++i) {
    CaseFile file = NewCase(i);
    file.subject.seq = 150;
    ASSERT_TRUE(Run([&](db::Transaction& tx) -> absl::Status {
                  GW_RETURN_IF_ERROR(InsertCase(tx, file));
                  HistoryRow row{.subject = file.id, .action = v1::ACCEPT};
                  row.earliest = row.latest = row.received = kNow;
                  row.entry_id = row.request_id = file.id;
                  row.leaf = std::string(32, 'L');
                  for (row.seq = 1; row.seq <= 150; ++row.seq)
                    GW_RETURN_IF_ERROR(AppendHistory(tx, Aggregate::kCase, row));
                  return absl::OkStatus();
                }).ok());
    if (i <= 10) cases.push_back(file.id);
    signals.push_back(Uuid::Make(kNow));
  }
  std::vector<HistoryRow> rows;
  testing::ExpectKeysServe(testing::PlansOf(*Database(), [&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(rows, ReadHistories(tx, Aggregate::kCase, cases));
    return ReadHistories(tx, Aggregate::kSignal, signals).status();
  }));
  ASSERT_EQ(rows.size(), 10u * kStepsMax);
  EXPECT_EQ(rows.front().seq, 51u);
  EXPECT_EQ(rows.back().seq, 150u);
  EXPECT_EQ(rows.front().request_id, rows.front().subject);
}

TEST_F(Plan, SignalListsNeverReadTheWholeTable) {
  Fill();
  SignalFilter filter;
  filter.grounds = {City().ground->PathKey(City().villages[0][0][0])};
  auto parts =
      Explain(SignalListStatement(filter, false), {filter.grounds[0], EndOfRange(filter.grounds[0]), 50});
  ASSERT_EQ(parts.size(), 1u);
  EXPECT_EQ(parts[0].key, "signal_place");
  filter.states = {v1::Signal::NEW};
  parts =
      Explain(SignalListStatement(filter, false), {filter.grounds[0], EndOfRange(filter.grounds[0]), 1, 50});
  EXPECT_EQ(parts[0].key, "signal_ground");
}

}  // namespace
}  // namespace gridwarden::casework
