#include <gtest/gtest.h>

#include <algorithm>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "domain/rollup/rollup.h"
#include "gridwarden/casework/v1/case_event.pb.h"
#include "gridwarden/journal/v1/journal_service.pb.h"
#include "report/fold_feed.h"
#include "report/report_service.h"
#include "support/reorganised_city.h"
#include "support/test_city.h"
#include "support/test_database.h"
#include "support/test_server.h"

namespace gridwarden::report {
namespace {

using casework::v1::Case;
using casework::v1::Signal;
using domain::PostKind;
using testing::City;

constexpr std::string_view kGetBoard = "gridwarden.report.v1.ReportService/GetBoard";
constexpr std::string_view kListCases = "gridwarden.report.v1.ReportService/ListBoardCases";
constexpr std::string_view kExport = "gridwarden.report.v1.ReportService/ExportBoard";
constexpr std::string_view kRebuild = "gridwarden.report.v1.ReportService/RebuildRollup";
constexpr std::string_view kGetRebuild = "gridwarden.report.v1.ReportService/GetRebuild";
constexpr std::string_view kAudit = "gridwarden.report.v1.ReportService/AuditRollup";

// The log of these tests: what the journal area would answer.
class Log {
 public:
  journal::v1::Entry& Append(const std::string& kind, const Uuid& subject,
                             const google::protobuf::Message& event, absl::Time received = absl::Now()) {
    std::lock_guard lock(mutex_);
    journal::v1::Entry entry;
    entry.set_schema(1);
    entry.set_kind(kind);
    entry.set_entry_id(Uuid::Make(absl::Now()).Bytes());
    entry.set_request_id(Uuid::Make(absl::Now()).Bytes());
    entry.set_subject(subject.Bytes());
    entry.set_received_us(absl::ToUnixMicros(received));
    entry.set_event(event.SerializeAsString());
    entry.set_event_type(event.GetDescriptor()->full_name());
    entries_.push_back(entry);
    grown_.notify_all();
    return entries_.back();
  }

  uint64_t size() const {
    std::lock_guard lock(mutex_);
    return entries_.size();
  }
  std::vector<journal::v1::Entry> entries() const {
    std::lock_guard lock(mutex_);
    return entries_;
  }

  absl::StatusOr<journal::v1::ReadFeedResponse> Read(const journal::v1::ReadFeedRequest& request) {
    std::unique_lock lock(mutex_);
    grown_.wait_for(lock, std::chrono::milliseconds(request.wait_ms()),
                    [&] { return entries_.size() > request.start_index(); });
    journal::v1::ReadFeedResponse response;
    uint64_t index = request.start_index();
    for (; index < entries_.size() && response.entries_size() < request.limit(); ++index) {
      const journal::v1::Entry& entry = entries_[index];
      const auto& kinds = request.kinds();
      if (std::find(kinds.begin(), kinds.end(), entry.kind()) == kinds.end()) continue;
      auto* sequenced = response.add_entries();
      sequenced->set_index(index);
      sequenced->set_body(entry.SerializeAsString());
    }
    response.set_next_index(index);
    response.set_log_size(entries_.size());
    return response;
  }

  absl::StatusOr<journal::v1::Receipt> ReceiptOf(const std::string& request_id) const {
    std::lock_guard lock(mutex_);
    journal::v1::Receipt receipt;
    for (size_t i = 0; i < entries_.size(); ++i) {
      if (Uuid::FromBytes(entries_[i].request_id())->ToString() != request_id) continue;
      receipt.set_state(journal::v1::Receipt::SEQUENCED);
      receipt.add_lines()->set_index(i);
    }
    if (receipt.lines().empty()) return NotFound("requests/" + request_id);
    return receipt;
  }

 private:
  mutable std::mutex mutex_;  // guards entries_
  std::condition_variable grown_;
  std::vector<journal::v1::Entry> entries_;
};

// A process with the report area in it.
struct Process {
  Process(db::Database& database, Log& log, std::shared_ptr<const domain::Ground> ground = City().ground)
      : server(database, std::make_unique<access::Directory>(std::move(ground), City().MakeAccess())) {
    server.Install(Install);
    server.registry().Add<journal::v1::ReadFeedRequest, journal::v1::ReadFeedResponse>(
        "gridwarden.journal.v1.JournalInternalService/ReadFeed",
        [&log](const rpc::Call&, const journal::v1::ReadFeedRequest& request) { return log.Read(request); });
    server.registry().Add<journal::v1::GetReceiptRequest, journal::v1::Receipt>(
        "gridwarden.journal.v1.JournalService/GetReceipt",
        [&log](const rpc::Call&, const journal::v1::GetReceiptRequest& request) {
          return log.ReceiptOf(request.request_id());
        });
    server.RunWorkers();
  }
  testing::TestServer server;
};

class BoardTest : public ::testing::Test {
 protected:
  BoardTest() {
    Database().Clear();
    process_ = std::make_unique<Process>(*Database(), log_);
  }

  static testing::TestDatabase& Database() {
    static testing::TestDatabase database;
    return database;
  }

  std::string Office() const { return City().TokenOf(PostKind::kCampaignOffice, City().city); }
  absl::Time Now() { return process_->server.clock().Now(); }

  void AddCase(const Uuid& id, const Uuid& village, Case::State state, absl::Time due = absl::InfinitePast(),
               const std::string& category = "DUST", int rework = 0) {
    casework::v1::CaseEvent event;
    Case& after = *event.mutable_after();
    after.set_state(state);
    after.set_division(ResourceName("divisions", village));
    after.set_category(category);
    after.set_rework_count(rework);
    after.set_case_no("甲-2026-1");
    after.set_closed_on_time(state >= Case::CLOSED && state <= Case::ARCHIVED && rework == 0);
    if (state == Case::REBOUNDED) after.set_held(Case::NOT_HELD);
    if (state == Case::ARCHIVED) after.set_held(Case::HELD);
    if (due != absl::InfinitePast()) after.mutable_due_time()->set_seconds(absl::ToUnixSeconds(due));
    log_.Append("case.transition", id, event);
  }
  // A case as casework tells it: with the path of the ground at the event.
  void AddCaseAt(const Uuid& id, const domain::Ground& ground, const Uuid& division, absl::Time event_time,
                 Case::State state) {
    casework::v1::CaseEvent event;
    event.mutable_after()->set_state(state);
    event.mutable_after()->set_division(ResourceName("divisions", division));
    event.mutable_after()->set_category("DUST");
    event.mutable_after()->mutable_event_time()->set_seconds(absl::ToUnixSeconds(event_time));
    event.set_ground_path(ground.PathKeyAt(division, event_time, absl::InfiniteFuture()));
    log_.Append("case.transition", id, event);
  }
  // Everything from here on is asked of a process that knows the ground as it is after the reform.
  void Reorganise(const std::shared_ptr<const domain::Ground>& ground) {
    process_.reset();
    process_ = std::make_unique<Process>(*Database(), log_, ground);
  }
  static int64_t CasesOf(const v1::Board& board, const Uuid& child) {
    for (const v1::BoardRow& row : board.children()) {
      if (row.division() == ResourceName("divisions", child)) return row.cases();
    }
    return -1;
  }
  std::vector<std::string> ListOf(const Uuid& division, const std::string& token) {
    std::vector<std::string> names;
    v1::ListBoardCasesRequest request;
    request.set_division(ResourceName("divisions", division));
    request.set_measure(v1::CASES);
    request.set_page_size(1);
    while (true) {
      const auto page = process_->server.Call<v1::ListBoardCasesResponse>(token, kListCases, request);
      EXPECT_TRUE(page.ok()) << page.status();
      if (!page.ok()) return names;
      for (const v1::BoardCase& one : page->cases()) names.push_back(one.name());
      if (page->next_page_token().empty()) return names;
      request.set_page_token(page->next_page_token());
    }
  }
  void AddSignal(const Uuid& id, const Uuid& village, Signal::State state) {
    casework::v1::SignalEvent event;
    event.mutable_after()->set_state(state);
    event.mutable_after()->set_division(ResourceName("divisions", village));
    event.mutable_after()->set_category("DUST");
    log_.Append("signal.transition", id, event);
  }
  static Uuid NewId() { return Uuid::Make(absl::Now()); }

  // A few hundred random steps of a hundred cases and signals all over the city.
  void AddRandomLog(int steps, uint32_t seed = 1) {
    std::mt19937 random(seed);
    std::vector<Uuid> ids;
    for (int i = 0; i < 100; ++i) ids.push_back(NewId());
    for (int i = 0; i < steps; ++i) {
      const int n = static_cast<int>(random() % ids.size());
      const Uuid& village =
          n % 7 == 0 ? City().townships[n % 2][n % 3] : City().villages[n % 2][n % 3][n % 4];
      if (n % 5 == 0) {
        AddSignal(ids[n], village, static_cast<Signal::State>(1 + random() % 6));
      } else {
        AddCase(ids[n], village, static_cast<Case::State>(1 + random() % 14),
                Now() + absl::Hours(int(random() % 40) - 20), n % 2 == 0 ? "DUST" : "STRAW_BURNING",
                static_cast<int>(random() % 2));
      }
    }
  }

  absl::StatusOr<v1::Board> GetBoard(const v1::GetBoardRequest& request, const std::string& token) {
    return process_->server.Call<v1::Board>(token, kGetBoard, request);
  }
  // The board once everything logged is counted.
  v1::Board BoardOf(const Uuid& division, std::optional<uint64_t> index = {},
                    absl::Time as_of = absl::InfinitePast(), const std::string& category = "") {
    v1::GetBoardRequest request;
    request.set_division(ResourceName("divisions", division));
    request.set_at_index(index.value_or(log_.size()));
    request.set_category(category);
    if (as_of != absl::InfinitePast()) request.mutable_as_of()->set_seconds(absl::ToUnixSeconds(as_of));
    const auto board = GetBoard(request, Office());
    EXPECT_TRUE(board.ok()) << board.status();
    return board.ok() ? *board : v1::Board();
  }

  // What the first `index` entries say, counted by hand.
  domain::Rollup Recount(uint64_t index) {
    absl::flat_hash_map<Uuid, domain::Fact> facts;
    const auto entries = log_.entries();
    for (uint64_t i = 0; i < index; ++i) {
      const auto step = StepOf(i, entries[i], *City().ground);
      EXPECT_TRUE(step.ok()) << step.status();
      const auto known = facts.find((*step)->next.subject);
      const auto before = known == facts.end() ? std::nullopt : std::optional(known->second);
      facts[(*step)->next.subject] = *domain::Succeed(before, (*step)->next, (*step)->forced_now);
    }
    domain::Rollup rollup;
    for (const auto& [id, fact] : facts) rollup.Add(fact, 1);
    return rollup;
  }

  void ExpectRow(const v1::BoardRow& row, const domain::Numbers& numbers) {
    EXPECT_EQ(row.signals(), numbers.Get(domain::Count::kSignals));
    EXPECT_EQ(row.cases(), numbers.Cases());
    EXPECT_EQ(row.open(), numbers.Open());
    EXPECT_EQ(row.overdue(), numbers.overdue);
    EXPECT_EQ(row.due_today(), numbers.due_today);
    EXPECT_EQ(row.closed(), numbers.Get(domain::Count::kClosed));
    EXPECT_EQ(row.rework(), numbers.Get(domain::Count::kRework));
    EXPECT_EQ(row.held(), numbers.Get(domain::Count::kHeld));
    EXPECT_EQ(row.not_held(), numbers.Get(domain::Count::kNotHeld));
    for (const auto& cell : row.states()) {
      EXPECT_EQ(cell.count(), numbers.State(static_cast<domain::CaseFactState>(cell.state())));
    }
  }

  domain::Instant Instant() {
    const absl::TimeZone zone = absl::FixedTimeZone(8 * 3600);
    return {absl::ToUnixMicros(Now()),
            absl::ToUnixMicros(absl::FromCivil(absl::ToCivilDay(Now(), zone) + 1, zone))};
  }

  Log log_;
  std::unique_ptr<Process> process_;
};

TEST_F(BoardTest, CountsACaseAtItsVillageAndInAllAboveIt) {
  const Uuid id = NewId();
  AddSignal(NewId(), City().villages[0][1][2], Signal::NEW);
  AddCase(id, City().villages[0][1][2], Case::HANDLING, Now() - absl::Hours(1));
  for (const Uuid& division :
       {City().city, City().counties[0], City().townships[0][1], City().villages[0][1][2]}) {
    const v1::Board board = BoardOf(division);
    EXPECT_EQ(board.total().signals(), 1);
    EXPECT_EQ(board.total().open(), 1);
    EXPECT_EQ(board.total().overdue(), 1);
    EXPECT_EQ(board.log_index(), 2u);
  }
  EXPECT_EQ(BoardOf(City().counties[1]).total().cases(), 0);
  AddCase(id, City().villages[0][1][2], Case::CLOSED);
  const v1::BoardRow closed = BoardOf(City().city).total();
  EXPECT_EQ(closed.open(), 0);
  EXPECT_EQ(closed.overdue(), 0);
  EXPECT_EQ(closed.closed_on_time(), 1);
  EXPECT_EQ(closed.closure_rate().numerator(), 1);
  EXPECT_EQ(closed.closure_rate().denominator(), 1);
}

TEST_F(BoardTest, EveryIndexOfTheLogIsAnsweredExactlyAsCountedByHand) {
  AddRandomLog(400);
  BoardOf(City().city);
  for (uint64_t index = 0; index <= log_.size(); index += 37) {
    const domain::Rollup recount = Recount(index);
    for (const Uuid& division : {City().city, City().counties[1]}) {
      const v1::Board board = BoardOf(division, index);
      ASSERT_EQ(board.log_index(), index);
      ExpectRow(board.total(), recount.Read(division, {}, Instant()));
      v1::BoardRow sum = board.own();
      for (const v1::BoardRow& child : board.children()) {
        ExpectRow(child, recount.Read(*ParseResourceName("divisions", child.division()), {}, Instant()));
        sum.set_open(sum.open() + child.open());
        sum.set_overdue(sum.overdue() + child.overdue());
        sum.set_cases(sum.cases() + child.cases());
      }
      EXPECT_EQ(sum.open(), board.total().open());
      EXPECT_EQ(sum.overdue(), board.total().overdue());
      EXPECT_EQ(sum.cases(), board.total().cases());
    }
  }
}

TEST_F(BoardTest, ACaseStaysInTheCountersOfThoseWhoHadTheGround) {
  const testing::TestCity& city = City();
  const Uuid merged = city.villages[0][0][0], heir = city.villages[0][0][1];
  const Uuid township = city.townships[0][2], old_county = city.counties[0], new_county = city.counties[1];
  const Uuid village = city.villages[0][2][1];
  const absl::Time reform = Now() - absl::Hours(24), before = reform - absl::Hours(1);
  const Uuid in_merged = NewId(), in_moved = NewId(), later_in_heir = NewId(), later_in_moved = NewId();
  AddCaseAt(in_merged, *city.ground, merged, before, Case::HANDLING);
  AddCaseAt(in_moved, *city.ground, village, before, Case::HANDLING);
  BoardOf(city.city);  // counted while the ground was as it had been

  const auto ground = testing::ReorganisedCity(*city.ground, reform);
  Reorganise(ground);
  AddCaseAt(in_merged, *ground, merged, before, Case::CLOSED);
  AddCaseAt(later_in_heir, *ground, heir, Now(), Case::HANDLING);
  AddCaseAt(later_in_moved, *ground, village, Now(), Case::HANDLING);
  // Known only now, happened before.
  const Uuid late = NewId();
  AddCaseAt(late, *ground, village, before, Case::FILED);

  const auto expect_all = [&] {
    EXPECT_EQ(BoardOf(merged).total().cases(), 1) << "the board of the village that was";
    EXPECT_EQ(BoardOf(merged).total().closed(), 1);
    EXPECT_EQ(BoardOf(heir).total().cases(), 1);
    const v1::Board of_township = BoardOf(city.townships[0][0]);
    EXPECT_EQ(CasesOf(of_township, merged), 1);
    EXPECT_EQ(CasesOf(of_township, heir), 1);
    EXPECT_EQ(of_township.own().cases(), 0);
    const v1::Board was = BoardOf(old_county), is = BoardOf(new_county);
    EXPECT_EQ(was.total().cases(), 4);
    EXPECT_EQ(CasesOf(was, township), 2) << "while it stood there";
    EXPECT_EQ(is.total().cases(), 1);
    EXPECT_EQ(CasesOf(is, township), 1);
    EXPECT_EQ(was.own().cases() + is.own().cases(), 0);
    EXPECT_EQ(BoardOf(township).total().cases(), 3);
    EXPECT_EQ(BoardOf(city.city).total().cases(), 5);
    EXPECT_EQ(CasesOf(BoardOf(city.city), old_county), 4);
    // A village that ended without a case is no row; the moved township's other old places neither.
    EXPECT_EQ(CasesOf(BoardOf(city.townships[0][1]), city.villages[0][1][0]), -1);
    EXPECT_EQ(CasesOf(BoardOf(city.townships[0][1]), city.villages[0][1][1]), 0);
  };
  expect_all();
  // As of an entry in the middle, forwards and backwards.
  EXPECT_EQ(BoardOf(old_county, 3).total().cases(), 2);
  EXPECT_EQ(BoardOf(township, 4).total().cases(), 1);
  EXPECT_EQ(BoardOf(township, 5).total().cases(), 2);

  // The drill-down has as many as the counter, over all places where it stood.
  EXPECT_EQ(ListOf(township, Office()).size(), 3u);
  EXPECT_EQ(ListOf(old_county, Office()).size(), 4u);
  EXPECT_EQ(ListOf(merged, Office()), std::vector<std::string>{ResourceName("cases", in_merged)});

  v1::AuditRollupRequest audit;
  for (const Uuid& division : {city.city, old_county, new_county, township, merged}) {
    audit.set_division(ResourceName("divisions", division));
    const auto found = process_->server.Call<v1::Audit>(City().AdministratorToken(), kAudit, audit);
    ASSERT_TRUE(found.ok()) << found.status();
    EXPECT_EQ(found->differences(), 0);
    EXPECT_GT(found->facts_counted(), 0);
  }

  // Counted again from the first entry by a process that never saw the old ground.
  v1::RebuildRollupRequest rebuild;
  rebuild.set_request_id(NewId().ToString());
  const auto rebuilt = process_->server.Call<v1::Rebuild>(City().AdministratorToken(), kRebuild, rebuild);
  ASSERT_TRUE(rebuilt.ok()) << rebuilt.status();
  EXPECT_EQ(rebuilt->state(), v1::Rebuild::DONE);
  EXPECT_EQ(rebuilt->differences(), 0);
  expect_all();

  // Who may look: the heir's chain, and of the moved township its new county; the old one in its own board
  // only.
  const auto may_look = [&](const Uuid& division, const std::string& token) {
    v1::GetBoardRequest request;
    request.set_division(ResourceName("divisions", division));
    return GetBoard(request, token).ok();
  };
  const auto office_of = [&](const Uuid& division) {
    return City().TokenOf(PostKind::kCampaignOffice, division);
  };
  EXPECT_TRUE(may_look(merged, office_of(city.townships[0][0])));
  EXPECT_FALSE(may_look(merged, office_of(city.townships[0][1])));
  EXPECT_TRUE(may_look(township, office_of(new_county)));
  EXPECT_FALSE(may_look(township, office_of(old_county)));
  EXPECT_TRUE(may_look(old_county, office_of(old_county)));
}

// Entries from before events said their path: the division of the event, as known when the entry was made.
TEST_F(BoardTest, AnEntryWithoutAPathCountsWhereTheDivisionStoodAtItsEvent) {
  const absl::Time reform = Now() - absl::Hours(24);
  const auto ground = testing::ReorganisedCity(*City().ground, reform);
  Reorganise(ground);
  const Uuid village = City().villages[0][2][1];
  const auto add = [&](absl::Time event_time, absl::Time recorded) {
    casework::v1::CaseEvent event;
    event.mutable_after()->set_state(Case::HANDLING);
    event.mutable_after()->set_division(ResourceName("divisions", village));
    event.mutable_after()->set_category("DUST");
    event.mutable_after()->mutable_event_time()->set_seconds(absl::ToUnixSeconds(event_time));
    log_.Append("case.transition", NewId(), event, recorded);
  };
  add(reform - absl::Hours(2), reform - absl::Hours(1));
  add(reform - absl::Hours(2), Now());
  add(reform + absl::Hours(2), Now());
  EXPECT_EQ(BoardOf(City().counties[0]).total().cases(), 2);
  EXPECT_EQ(BoardOf(City().counties[1]).total().cases(), 1);
  EXPECT_EQ(BoardOf(City().townships[0][2]).total().cases(), 3);
}

TEST_F(BoardTest, AnIndexBeyondTheLogIsRefused) {
  AddRandomLog(5);
  v1::GetBoardRequest request;
  request.set_division(ResourceName("divisions", City().city));
  request.set_at_index(6);
  EXPECT_EQ(ReasonOf(GetBoard(request, Office()).status()), "INVALID_FIELD");
}

TEST_F(BoardTest, OverdueIsAQuestionOfTheInstantAndNothingIsRewritten) {
  const absl::Time due = Now() + absl::Hours(2);
  AddCase(NewId(), City().villages[0][0][0], Case::HANDLING, due);
  EXPECT_EQ(BoardOf(City().city, {}, due).total().overdue(), 0);
  EXPECT_EQ(BoardOf(City().city, {}, due).total().due_today(), 1);
  EXPECT_EQ(BoardOf(City().city, {}, due + absl::Seconds(1)).total().overdue(), 1);
  EXPECT_EQ(BoardOf(City().city, {}, due + absl::Seconds(1)).total().due_today(), 0);
  EXPECT_EQ(BoardOf(City().city, {}, due - absl::Hours(24)).total().due_today(), 0);
  EXPECT_EQ(BoardOf(City().city).log_index(), 1u);
}

TEST_F(BoardTest, ACategoryIsItsShareOfTheWhole) {
  AddRandomLog(300);
  const v1::Board all = BoardOf(City().city);
  const int64_t dust = BoardOf(City().city, {}, absl::InfinitePast(), "DUST").total().cases();
  const int64_t straw = BoardOf(City().city, {}, absl::InfinitePast(), "STRAW_BURNING").total().cases();
  EXPECT_GT(dust, 0);
  EXPECT_EQ(dust + straw, all.total().cases());
  v1::GetBoardRequest request;
  request.set_division(ResourceName("divisions", City().city));
  request.set_by_category(true);
  const auto board = GetBoard(request, Office());
  ASSERT_TRUE(board.ok());
  ASSERT_EQ(board->categories_size(), 2);
  EXPECT_EQ(board->categories(0).cases() + board->categories(1).cases(), all.total().cases());
}

TEST_F(BoardTest, WhoeverClosedACaseSeesItCounted) {
  BoardOf(City().city);
  AddCase(NewId(), City().villages[1][2][3], Case::CLOSED);
  const journal::v1::Entry last = log_.entries().back();
  for (const std::string& bytes : {last.request_id(), last.entry_id()}) {
    v1::GetBoardRequest request;
    request.set_division(ResourceName("divisions", City().city));
    request.set_at_least_entry(Uuid::FromBytes(bytes)->ToString());
    const auto board = GetBoard(request, Office());
    ASSERT_TRUE(board.ok()) << board.status();
    EXPECT_EQ(board->total().closed(), 1);
  }
  v1::GetBoardRequest unknown;
  unknown.set_division(ResourceName("divisions", City().city));
  unknown.set_at_least_entry(NewId().ToString());
  EXPECT_EQ(ReasonOf(GetBoard(unknown, Office()).status()), "NOT_FOUND");
}

TEST_F(BoardTest, OnlyTheOwnSubtreeIsShown) {
  AddRandomLog(20);
  BoardOf(City().city);
  const auto reason = [&](const std::string& token, const Uuid& division) {
    v1::GetBoardRequest request;
    request.set_division(ResourceName("divisions", division));
    return ReasonOf(GetBoard(request, token).status());
  };
  const std::string leader = City().TokenOf(PostKind::kGridLeader, City().townships[0][0]);
  EXPECT_EQ(reason(leader, City().townships[0][0]), "");
  EXPECT_EQ(reason(leader, City().villages[0][0][1]), "");
  EXPECT_EQ(reason(leader, City().townships[0][1]), "NOT_ALLOWED");
  EXPECT_EQ(reason(leader, City().city), "NOT_ALLOWED");
  EXPECT_EQ(reason(City().AdministratorToken(), City().city), "");
  EXPECT_EQ(reason("", City().city), "NOT_SIGNED_IN");
  EXPECT_EQ(reason(Office(), NewId()), "NOT_FOUND");
  EXPECT_EQ(ReasonOf(GetBoard(v1::GetBoardRequest(), Office()).status()), "REQUIRED_FIELD_MISSING");
  v1::ListBoardCasesRequest cases;
  cases.set_division(ResourceName("divisions", City().city));
  cases.set_measure(v1::OPEN);
  EXPECT_EQ(ReasonOf(process_->server.Call<v1::ListBoardCasesResponse>(leader, kListCases, cases).status()),
            "NOT_ALLOWED");
}

TEST_F(BoardTest, EveryCellOpensIntoExactlyItsCases) {
  AddRandomLog(500, 3);
  const v1::Board board = BoardOf(City().counties[0]);
  const v1::BoardRow& row = board.total();
  const std::vector<std::pair<v1::Measure, int64_t>> cells = {{v1::SIGNALS, row.signals()},
                                                              {v1::SIGNALS_OPEN, row.signals_open()},
                                                              {v1::CASES, row.cases()},
                                                              {v1::OPEN, row.open()},
                                                              {v1::DUE_TODAY, row.due_today()},
                                                              {v1::OVERDUE, row.overdue()},
                                                              {v1::REWORK, row.rework()},
                                                              {v1::CLOSED, row.closed()},
                                                              {v1::CLOSED_ON_TIME, row.closed_on_time()},
                                                              {v1::FORCED, row.forced()},
                                                              {v1::HELD, row.held()},
                                                              {v1::NOT_HELD, row.not_held()}};
  for (const auto& [measure, count] : cells) {
    v1::ListBoardCasesRequest request;
    request.set_division(ResourceName("divisions", City().counties[0]));
    request.set_measure(measure);
    *request.mutable_as_of() = board.as_of();
    request.set_page_size(5);
    std::vector<std::string> names;
    do {
      const auto page = process_->server.Call<v1::ListBoardCasesResponse>(Office(), kListCases, request);
      ASSERT_TRUE(page.ok()) << page.status();
      for (const v1::BoardCase& one : page->cases()) names.push_back(one.name());
      request.set_page_token(page->next_page_token());
    } while (!request.page_token().empty());
    EXPECT_EQ(static_cast<int64_t>(names.size()), count) << v1::Measure_Name(measure);
    std::sort(names.begin(), names.end());
    EXPECT_EQ(std::unique(names.begin(), names.end()), names.end());
  }
}

TEST_F(BoardTest, ARestartedProcessShowsTheSameBoardFromItsTables) {
  AddRandomLog(300, 5);
  const v1::Board before = BoardOf(City().city);
  process_.reset();
  Log empty_log;  // nothing to fold again
  Process again(*Database(), empty_log);
  v1::GetBoardRequest request;
  request.set_division(ResourceName("divisions", City().city));
  *request.mutable_as_of() = before.as_of();
  const auto after = again.server.Call<v1::Board>(Office(), kGetBoard, request);
  ASSERT_TRUE(after.ok()) << after.status();
  EXPECT_EQ(after->SerializeAsString(), before.SerializeAsString());
}

TEST_F(BoardTest, TwoProcessesFoldTheSameFeedOnce) {
  Process other(*Database(), log_);
  AddRandomLog(600, 6);
  const v1::Board one = BoardOf(City().city);
  v1::GetBoardRequest request;
  request.set_division(ResourceName("divisions", City().city));
  request.set_at_index(log_.size());
  *request.mutable_as_of() = one.as_of();
  const auto two = other.server.Call<v1::Board>(Office(), kGetBoard, request);
  ASSERT_TRUE(two.ok()) << two.status();
  EXPECT_EQ(two->SerializeAsString(), one.SerializeAsString());
  ExpectRow(one.total(), Recount(log_.size()).Read(City().city, {}, Instant()));
}

TEST_F(BoardTest, ARebuildFromTheFeedGivesTheSameNumbersAndFindsWhatWasAltered) {
  AddRandomLog(1500, 7);
  const v1::Board before = BoardOf(City().city);
  v1::AuditRollupRequest audit;
  audit.set_division(ResourceName("divisions", City().city));
  const std::string administrator = City().AdministratorToken();
  auto audited = process_->server.Call<v1::Audit>(administrator, kAudit, audit);
  ASSERT_TRUE(audited.ok()) << audited.status();
  EXPECT_EQ(audited->differences(), 0);
  EXPECT_EQ(audited->facts_counted(), 100);

  EXPECT_EQ(
      ReasonOf(
          process_->server.Call<v1::Rebuild>(administrator, kGetRebuild, v1::GetRebuildRequest()).status()),
      "NOT_FOUND");
  v1::RebuildRollupRequest request;
  request.set_request_id(NewId().ToString());
  auto rebuilt = process_->server.Call<v1::Rebuild>(administrator, kRebuild, request);
  ASSERT_TRUE(rebuilt.ok()) << rebuilt.status();
  EXPECT_EQ(rebuilt->state(), v1::Rebuild::DONE);
  EXPECT_EQ(rebuilt->differences(), 0);
  EXPECT_EQ(rebuilt->folded_index(), log_.size());
  EXPECT_EQ(
      BoardOf(City().city, log_.size(), absl::FromUnixSeconds(before.as_of().seconds())).SerializeAsString(),
      before.SerializeAsString());
  // The same request again starts nothing.
  const auto repeated = process_->server.Call<v1::Rebuild>(administrator, kRebuild, request);
  ASSERT_TRUE(repeated.ok());
  EXPECT_EQ(repeated->generation(), rebuilt->generation());

  // Somebody alters a counter; a fresh process serves it; the audit and the next rebuild say so.
  process_.reset();
  Database().Exec(absl::StrCat(
      "UPDATE report_counter SET n = n + 3 WHERE generation = ", rebuilt->generation(), " LIMIT 1"));
  process_ = std::make_unique<Process>(*Database(), log_);
  BoardOf(City().city);
  audited = process_->server.Call<v1::Audit>(administrator, kAudit, audit);
  ASSERT_TRUE(audited.ok()) << audited.status();
  EXPECT_EQ(audited->differences(), 2);  // in its category and in all
  ASSERT_GT(audited->first_size(), 0);
  EXPECT_EQ(audited->first(0).board() - audited->first(0).recount(), 3);
  request.set_request_id(NewId().ToString());
  rebuilt = process_->server.Call<v1::Rebuild>(administrator, kRebuild, request);
  ASSERT_TRUE(rebuilt.ok()) << rebuilt.status();
  EXPECT_EQ(rebuilt->state(), v1::Rebuild::DONE);
  EXPECT_GT(rebuilt->differences(), 0);
  audited = process_->server.Call<v1::Audit>(administrator, kAudit, audit);
  ASSERT_TRUE(audited.ok()) << audited.status();
  EXPECT_EQ(audited->differences(), 0);
}

TEST_F(BoardTest, OnlyAdministratorsRebuildAndAudit) {
  v1::RebuildRollupRequest rebuild;
  rebuild.set_request_id(NewId().ToString());
  EXPECT_EQ(ReasonOf(process_->server.Call<v1::Rebuild>(Office(), kRebuild, rebuild).status()),
            "NOT_ALLOWED");
  v1::AuditRollupRequest audit;
  audit.set_division(ResourceName("divisions", City().city));
  EXPECT_EQ(ReasonOf(process_->server.Call<v1::Audit>(Office(), kAudit, audit).status()), "NOT_ALLOWED");
}

TEST_F(BoardTest, TheExportOpensInASpreadsheet) {
  AddRandomLog(50);
  const v1::Board board = BoardOf(City().city);
  v1::GetBoardRequest request;
  request.set_division(ResourceName("divisions", City().city));
  const auto file = process_->server.Call<v1::BoardFile>(Office(), kExport, request);
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_TRUE(file->content().starts_with("\xEF\xBB\xBF"));
  EXPECT_NE(file->content().find("区划,线索,"), std::string::npos);
  EXPECT_NE(file->content().find(absl::StrCat("合计,", board.total().signals(), ",")), std::string::npos);
  EXPECT_EQ(file->file_name(), "看板_测试市_20260901.csv");
}

TEST_F(BoardTest, TheFoldStandsStillAtAnEntryItCannotCountAndSaysSo) {
  AddCase(NewId(), City().villages[0][0][0], Case::FILED);
  BoardOf(City().city);
  AddCase(NewId(), NewId(), Case::FILED);  // no such division
  AddCase(NewId(), City().villages[0][0][0], Case::FILED);
  v1::GetBoardRequest request;
  request.set_division(ResourceName("divisions", City().city));
  request.set_at_least_entry(Uuid::FromBytes(log_.entries().back().request_id())->ToString());
  EXPECT_EQ(ReasonOf(GetBoard(request, Office()).status()), "BOARD_BEHIND");
  request.clear_at_least_entry();
  const auto board = GetBoard(request, Office());
  ASSERT_TRUE(board.ok());
  EXPECT_EQ(board->log_index(), 1u);
}

}  // namespace
}  // namespace gridwarden::report
