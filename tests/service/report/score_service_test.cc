#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "google/protobuf/util/time_util.h"
#include "gridwarden/casework/v1/case_event.pb.h"
#include "gridwarden/journal/v1/journal_service.pb.h"
#include "gridwarden/report/v1/score_service.pb.h"
#include "gtest/gtest.h"
#include "report/report_service.h"
#include "report/score_fold.h"
#include "report/score_service.h"
#include "support/reorganised_city.h"
#include "support/shared_database.h"
#include "support/test_city.h"
#include "support/test_policy.h"
#include "support/test_server.h"

// Scores behind the real pipeline, in the test city; the feed is folded entry by entry by hand.
namespace gridwarden::report {
namespace {

using casework::v1::Case;
using domain::PostKind;
using testing::City;
using testing::SharedDatabase;

absl::Time At(int year, int month, int day, int hour = 9) {
  return absl::FromCivil(absl::CivilHour(year, month, day, hour), absl::FixedTimeZone(8 * 3600));
}
google::protobuf::Timestamp ToProto(absl::Time time) {
  return google::protobuf::util::TimeUtil::MicrosecondsToTimestamp(absl::ToUnixMicros(time));
}

// What became of one case or signal, as the test tells it.
struct Story {
  struct Sent {
    absl::Time time;
    std::string by, to;
    bool wrong = false;
  };
  struct Checked {
    absl::Time time;
    std::string by;
    bool late = false, uncertain = false, verdict = true, failed = false;
  };
  struct Handled {
    absl::Time time;
    std::string by;
    bool late = false, uncertain = false;
  };
  Uuid id;
  Uuid village;
  bool is_case = true;
  int state = Case::FILED;
  std::string handler;
  absl::Time found, filed, due;
  std::optional<absl::Time> closed, voided, not_held, held;
  bool on_time = false, forced = false, uncertain = false, extended = false;
  std::vector<Sent> sent;
  std::vector<Checked> checked;
  std::vector<Handled> handled;
};

class ScoreTest : public ::testing::Test {
 protected:
  ScoreTest() : server(*SharedDatabase(), City().MakeDirectory(), testing::TestPolicy()) {
    SharedDatabase().Clear();
    server.Install(Install);
  }

  template <typename Response, typename Request>
  absl::StatusOr<Response> Call(const std::string& token, const std::string& method, const Request& request) {
    return server.Call<Response>(token, "gridwarden.report.v1.ScoreService/" + method, request);
  }
  std::string NewId() { return Uuid::Make(server.clock().Now()).ToString(); }
  static std::string PostName(PostKind kind, const Uuid& division) {
    return ResourceName("posts", City().PostOf(kind, division).id);
  }
  static std::string TokenOf(PostKind kind, const Uuid& division) { return City().TokenOf(kind, division); }

  void Fold(const std::string& kind, const Uuid& subject, const google::protobuf::Message& event,
            absl::Time time, const std::string& post = "") {
    journal::FeedEntry entry;
    entry.index = index++;
    entry.entry.set_kind(kind);
    entry.entry.set_subject(subject.Bytes());
    entry.entry.set_received_us(absl::ToUnixMicros(time));
    entry.entry.mutable_time()->set_latest_us(absl::ToUnixMicros(time));
    if (!post.empty()) entry.entry.mutable_actor()->set_post(ParseResourceName("posts", post)->Bytes());
    entry.entry.set_event(event.SerializeAsString());
    const absl::Status folded = SharedDatabase()->Run([&](db::Transaction& tx) {
      return FoldScore(*testing::TestPolicy()->scores, *City().ground, tx, entry);
    });
    EXPECT_TRUE(folded.ok()) << folded;
  }
  // What the journal would bring of the appeals so far.
  void FoldAppeals() {
    std::vector<std::string> bodies;
    ASSERT_TRUE(SharedDatabase()
                    ->Read(absl::InfiniteFuture(),
                           [&](db::Transaction& tx) -> absl::Status {
                             GW_ASSIGN_OR_RETURN(bodies,
                                                 tx.Query("SELECT body FROM journal_stage ORDER BY id",
                                                          [](const db::Row& row) { return row.Text(0); }));
                             return absl::OkStatus();
                           })
                    .ok());
    for (; appeals_folded < bodies.size(); ++appeals_folded) {
      journal::FeedEntry entry;
      entry.index = index++;
      ASSERT_TRUE(entry.entry.ParseFromString(bodies[appeals_folded]));
      const absl::Status folded = SharedDatabase()->Run([&](db::Transaction& tx) {
        return FoldScore(*testing::TestPolicy()->scores, *City().ground, tx, entry);
      });
      EXPECT_TRUE(folded.ok()) << folded;
    }
  }

  // The event of a case as it stands in the story.
  static casework::v1::CaseEvent EventOf(const Story& story, casework::v1::Action action) {
    casework::v1::CaseEvent event;
    event.set_action(action);
    event.set_ground_path(City().ground->PathKey(story.village));
    Case& after = *event.mutable_after();
    after.set_state(static_cast<Case::State>(story.state));
    after.set_case_no("甲-2026-" + story.id.ToString().substr(30));
    after.set_division(ResourceName("divisions", story.village));
    after.set_handler(story.handler);
    *after.mutable_event_time() = ToProto(story.found);
    *after.mutable_file_time() = ToProto(story.filed);
    *after.mutable_total_due_time() = ToProto(story.due);
    if (story.closed) *after.mutable_close_time() = ToProto(*story.closed);
    after.set_closed_on_time(story.on_time);
    after.set_forced(story.forced);
    after.set_time_uncertain(story.uncertain);
    if (story.extended) after.add_ledger()->set_kind(casework::v1::LedgerEntry::EXTEND);
    if (story.not_held) after.set_held(Case::NOT_HELD);
    for (const Story::Sent& sent : story.sent) {
      if (!sent.wrong) continue;
      casework::v1::ReturnOutcome& outcome = *after.add_return_outcomes();
      outcome.set_handler(sent.to);
      outcome.set_outcome(casework::v1::ReturnOutcome::UPHELD);
      *outcome.mutable_return_time() = ToProto(sent.time + absl::Minutes(30));
    }
    return event;
  }
  void Tell(const Story& story, casework::v1::Action action, absl::Time time, const std::string& post = "",
            bool late = false, bool uncertain = false) {
    casework::v1::CaseEvent event = EventOf(story, action);
    event.set_ended_late(late);
    event.set_ended_uncertain(uncertain);
    Fold("case.transition", story.id, event, time, post);
  }

  // One case, closed in time in April, counted for the village's grid officer.
  Story ClosedCase(const Uuid& village) {
    Story story;
    story.id = Uuid::Make(server.clock().Now());
    story.village = village;
    story.handler = PostName(PostKind::kGridOfficer, village);
    story.found = At(2026, 3, 2);
    story.filed = At(2026, 3, 2, 10);
    story.due = At(2026, 4, 10);
    Tell(story, casework::v1::FILE, story.filed);
    story.closed = At(2026, 4, 20);
    story.state = Case::CLOSED;
    Tell(story, casework::v1::SIGN, *story.closed);
    return story;
  }

  static v1::GetScoresRequest Wanted(const Uuid& division, int year, int month = 0, int quarter = 0) {
    v1::GetScoresRequest request;
    request.set_division(ResourceName("divisions", division));
    request.mutable_period()->set_year(year);
    request.mutable_period()->set_month(month);
    request.mutable_period()->set_quarter(quarter);
    return request;
  }
  v1::Scores ScoresOf(const v1::GetScoresRequest& request) {
    const absl::StatusOr<v1::Scores> scores = Call<v1::Scores>(city_office, "GetScores", request);
    EXPECT_TRUE(scores.ok()) << scores.status();
    return scores.value_or(v1::Scores());
  }
  static v1::ScoreTerm TermOf(const v1::ScoreRow& row, const std::string& code) {
    for (const v1::ScoreTerm& term : row.terms()) {
      if (term.code() == code) return term;
    }
    ADD_FAILURE() << "no term " << code;
    return {};
  }
  v1::SubmitScoreAppealRequest NewAppeal(const Story& story, const std::string& term = "ON_TIME_RATE") {
    v1::SubmitScoreAppealRequest request;
    request.set_request_id(NewId());
    request.set_case_(ResourceName("cases", story.id));
    request.set_term(term);
    request.set_statement("整改已按期完成，王五可以作证");
    request.add_evidence()->set_media("media/" + std::string(64, 'a'));
    return request;
  }
  v1::ScoreAppeal Appeal(const Story& story) {
    const absl::StatusOr<v1::ScoreAppeal> made = Call<v1::ScoreAppeal>(
        TokenOf(PostKind::kGridOfficer, story.village), "SubmitScoreAppeal", NewAppeal(story));
    EXPECT_TRUE(made.ok()) << made.status();
    return made.value_or(v1::ScoreAppeal());
  }
  v1::DecideScoreAppealRequest NewDecision(const v1::ScoreAppeal& appeal, bool upheld) {
    v1::DecideScoreAppealRequest request;
    request.set_request_id(NewId());
    request.set_name(appeal.name());
    request.set_upheld(upheld);
    request.set_reason("经核实");
    return request;
  }
  absl::StatusOr<v1::ScoreAppeal> Decide(const std::string& token, const v1::ScoreAppeal& appeal,
                                         bool upheld) {
    return Call<v1::ScoreAppeal>(token, "DecideScoreAppeal", NewDecision(appeal, upheld));
  }
  v1::RaiseScoreAppealRequest NewRaise(const v1::ScoreAppeal& appeal) {
    v1::RaiseScoreAppealRequest request;
    request.set_request_id(NewId());
    request.set_name(appeal.name());
    return request;
  }

  testing::TestServer server;
  uint64_t index = 0;
  size_t appeals_folded = 0;
  const Uuid village = City().villages[0][0][0];
  const std::string officer = TokenOf(PostKind::kGridOfficer, village);
  const std::string township = TokenOf(PostKind::kCampaignOffice, City().townships[0][0]);
  const std::string township_leader = TokenOf(PostKind::kGridLeader, City().townships[0][0]);
  const std::string county = TokenOf(PostKind::kCampaignOffice, City().counties[0]);
  const std::string foreign_county = TokenOf(PostKind::kCampaignOffice, City().counties[1]);
  const std::string city_office = TokenOf(PostKind::kCampaignOffice, City().city);
};

// ---- the numbers, against another way of counting

// Numerator, denominator, uncertain: what a term counts of a story for a party in a span of months, told a
// second time in plain words.
struct Plain {
  int64_t numerator = 0, denominator = 0, uncertain = 0;
};

class Counter {
 public:
  Counter(int first, int last, std::string party) : first_(first), last_(last), party_(std::move(party)) {}

  Plain Count(const std::string& term, const Story& s) const {
    const bool live = s.is_case && !s.voided;
    const bool closed = live && s.closed && !s.forced;
    const bool was_due = live && In(s.due) && Mine(s.handler);
    const bool closed_now = closed && In(*s.closed) && Mine(s.handler);
    if (term == "FILED") return {live && In(s.filed) && Mine(s.handler), 0, 0};
    if (term == "DUE_TO_CLOSE") return {was_due, 0, 0};
    if (term == "CLOSED") return {closed_now, 0, 0};
    if (term == "CLOSURE_RATE") return {was_due && closed, was_due, 0};
    if (term == "ON_TIME_RATE") {
      if (was_due && s.uncertain) return {0, 0, 1};
      return {was_due && closed && s.on_time, was_due, 0};
    }
    if (term == "POSTPONED_RATE") return {was_due && s.extended, was_due, 0};
    if (term == "FORCED") return {live && s.forced && s.closed && In(*s.closed) && Mine(s.handler), 0, 0};
    if (term == "VOIDED") return {s.is_case && s.voided && In(*s.voided) && Mine(s.handler), 0, 0};
    if (term == "REBOUND_RATE") return {closed_now && s.not_held, closed_now, 0};
    if (term == "HELD_90_RATE") {
      const absl::Duration days = absl::Hours(24 * 90);
      const bool fell = closed_now && s.not_held && *s.not_held - *s.closed < days;
      const bool stood = closed_now && !fell && s.held && *s.held - *s.closed >= days;
      return {stood, fell || stood, 0};
    }
    Plain sum;
    if (term == "HANDLED_ON_TIME_RATE" && live) {
      for (const auto& one : s.handled) Judge(one.time, one.by, !one.late, one.uncertain, sum);
    }
    if (term == "CHECKED_ON_TIME_RATE" && live) {
      for (const auto& one : s.checked) Judge(one.time, one.by, !one.late, one.uncertain, sum);
    }
    if (term == "DISPATCH_ACCURACY") {
      for (const auto& one : s.sent) Judge(one.time, one.by, !one.wrong, false, sum);
    }
    if (term == "REWORK_RATE" && live) {
      bool seen = false, failed = false;
      absl::Time first;
      for (const auto& one : s.checked) {
        if (!one.verdict) continue;
        if (!seen) first = one.time;
        seen = true;
        failed = failed || one.failed;
      }
      if (seen) Judge(first, s.handler, failed, false, sum);
    }
    if (!s.is_case && party_.empty() && In(s.found)) {
      if (term == "DUPLICATE_RATE") return {s.state == casework::v1::Signal::MERGED, 1, 0};
      if (term == "FILING_RATE" && s.state != casework::v1::Signal::MERGED)
        return {s.state == casework::v1::Signal::FILED, 1, 0};
    }
    return sum;
  }

 private:
  bool In(absl::Time time) const {
    const absl::CivilMonth month = absl::ToCivilMonth(time, absl::FixedTimeZone(8 * 3600));
    const int number = static_cast<int>(month.year() * 100 + month.month());
    return first_ <= number && number <= last_;
  }
  bool Mine(const std::string& party) const { return party_.empty() || party_ == party; }
  void Judge(absl::Time time, const std::string& by, bool good, bool uncertain, Plain& sum) const {
    if (!In(time) || !Mine(by)) return;
    if (uncertain) {
      ++sum.uncertain;
      return;
    }
    sum.numerator += good;
    ++sum.denominator;
  }

  int first_, last_;
  std::string party_;
};

class RandomStories : public ScoreTest {
 protected:
  int Upto(int most) { return static_cast<int>(random_() % static_cast<uint32_t>(most)); }
  bool Once(int in) { return Upto(in) == 0; }
  std::string Somebody(const Uuid& village) {
    const PostKind kinds[] = {PostKind::kGridOfficer, PostKind::kGridLeader, PostKind::kSupervisionOfficer};
    return PostName(kinds[Upto(3)], village);
  }

  void TellSignal(Story& story) {
    story.is_case = false;
    for (int step = 0; step < 1 + Upto(3); ++step) {
      story.state = 1 + Upto(6);
      casework::v1::SignalEvent event;
      event.mutable_after()->set_state(static_cast<casework::v1::Signal::State>(story.state));
      event.mutable_after()->set_division(ResourceName("divisions", story.village));
      *event.mutable_after()->mutable_event_time() = ToProto(story.found);
      event.set_ground_path(City().ground->PathKey(story.village));
      Fold("signal.transition", story.id, event, story.found + absl::Hours(step));
    }
  }

  void TellCase(Story& story) {
    absl::Time now = story.filed;
    Tell(story, casework::v1::FILE, now);
    for (int tries = 1 + Upto(2); tries > 0; --tries) {
      now += absl::Hours(1 + Upto(50));
      const std::string office = PostName(PostKind::kCampaignOffice, City().townships[0][Upto(3)]);
      story.state = Case::DISPATCHED;
      story.handler = Somebody(story.village);
      story.sent.push_back({now, office, story.handler});
      Tell(story, casework::v1::DISPATCH, now, office);
      if (tries > 1) {
        story.sent.back().wrong = true;
        now += absl::Hours(1);
        Tell(story, casework::v1::RETURN, now, story.handler);
      }
    }
    if (Once(4)) {
      story.extended = true;
      story.due += absl::Hours(24 * 10);
      Tell(story, casework::v1::POSTPONE, now);
    }
    if (Once(9)) return Void(story, now + absl::Hours(30));
    if (Once(9)) {
      story.forced = true;
      story.closed = now + absl::Hours(24 * Upto(60));
      story.state = Case::CLOSED;
      return Tell(story, casework::v1::FORCE_CLOSE, *story.closed);
    }
    story.uncertain = Once(6);
    bool passed = false;
    for (int round = 0; round < 3 && !passed; ++round) {
      now += absl::Hours(1 + Upto(300));
      const bool late = Once(3), uncertain = Once(5);
      story.state = Case::FEEDBACK;
      story.handled.push_back({now, story.handler, late, uncertain});
      Tell(story, casework::v1::SUBMIT_FEEDBACK, now, story.handler, late, uncertain);
      now += absl::Hours(1 + Upto(60));
      const int result = Upto(4);
      Story::Checked check{now, Somebody(story.village), Once(3), Once(5), result != 0, result == 1};
      passed = result >= 2;
      story.state = passed ? Case::SIGN_OFF : Case::HANDLING;
      story.checked.push_back(check);
      Tell(story,
           result == 0   ? casework::v1::UNABLE
           : result == 1 ? casework::v1::REWORK
                         : casework::v1::PASS,
           now, check.by, check.late, check.uncertain);
    }
    if (!passed) return;
    story.closed = now + absl::Hours(1);
    story.on_time = now <= story.due;
    story.state = Case::CLOSED;
    Tell(story, casework::v1::SIGN, *story.closed);
    if (Once(3)) {
      story.held = *story.closed + absl::Hours(24 * (60 + Upto(60)));
      Tell(story, casework::v1::RECHECK_HELD_SO_FAR, *story.held);
    }
    if (Once(4)) {
      story.not_held = *story.closed + absl::Hours(24 * (70 + Upto(60)));
      story.state = Case::REBOUNDED;
      Tell(story, casework::v1::RECHECK_REBOUNDED, *story.not_held);
    }
    if (Once(15)) Void(story, now + absl::Hours(24 * 150));
  }
  void Void(Story& story, absl::Time time) {
    story.voided = time;
    story.state = Case::VOIDED;
    Tell(story, casework::v1::VOID, time);
  }

  Story NewStory(int number) {
    Story story;
    story.id = Uuid::Derive(City().city, absl::StrCat("story ", number));
    story.village = Once(6) ? City().townships[Upto(2)][Upto(3)] : City().villages[Upto(2)][Upto(3)][Upto(3)];
    story.found = At(2026, 1 + Upto(12), 1 + Upto(28), Upto(24));
    story.filed = story.found + absl::Hours(1 + Upto(100));
    story.due = story.filed + absl::Hours(24 * (1 + Upto(40)));
    if (Once(4)) {
      TellSignal(story);
    } else {
      TellCase(story);
    }
    return story;
  }

  void Compare(const Uuid& division, const v1::GetScoresRequest& request, const std::vector<Story>& stories) {
    const v1::Scores scores = ScoresOf(request);
    const Counter counter(scores.first_month(), scores.last_month(), request.party());
    for (const v1::ScoreTerm& term : scores.total().terms()) {
      Plain expected;
      for (const Story& story : stories) {
        if (!City().ground->IsWithin(story.village, division)) continue;
        const Plain one = counter.Count(term.code(), story);
        expected.numerator += one.numerator;
        expected.denominator += one.denominator;
        expected.uncertain += one.uncertain;
      }
      const std::string where = absl::StrCat(term.code(), " ", request.ShortDebugString());
      EXPECT_EQ(term.numerator(), expected.numerator) << where;
      EXPECT_EQ(term.denominator(), expected.denominator) << where;
      EXPECT_EQ(term.uncertain(), expected.uncertain) << where;
      EXPECT_EQ(term.adjusted(), 0) << where;
      counted_ += expected.numerator + expected.denominator;
      // Children and what stands at the division itself make up the total.
      v1::ScoreTerm sum = TermOf(scores.own(), term.code());
      for (const v1::ScoreRow& child : scores.children()) {
        const v1::ScoreTerm part = TermOf(child, term.code());
        sum.set_numerator(sum.numerator() + part.numerator());
        sum.set_denominator(sum.denominator() + part.denominator());
        sum.set_uncertain(sum.uncertain() + part.uncertain());
      }
      EXPECT_EQ(sum.SerializeAsString(), term.SerializeAsString()) << where;
    }
  }

  std::mt19937 random_{20261122};
  int64_t counted_ = 0;
};

TEST_F(RandomStories, GiveTheSameNumbersAsCountingThemOneByOne) {
  std::vector<Story> stories;
  for (int i = 0; i < 250; ++i) stories.push_back(NewStory(i));
  for (const Uuid& division : {City().city, City().counties[0], City().counties[1], City().townships[0][0],
                               City().townships[1][2], City().villages[0][1][1]}) {
    Compare(division, Wanted(division, 2026), stories);
    Compare(division, Wanted(division, 2026, 0, 2), stories);
    Compare(division, Wanted(division, 2026, 5), stories);
  }
  for (const PostKind kind : {PostKind::kGridOfficer, PostKind::kSupervisionOfficer}) {
    v1::GetScoresRequest of_party = Wanted(City().counties[0], 2026);
    of_party.set_party(PostName(kind, City().villages[0][0][1]));
    Compare(City().counties[0], of_party, stories);
  }
  EXPECT_GT(counted_, 3000) << "the stories are about nothing";
  // The parties make up the total too, and each number decomposes into its cases.
  v1::GetScoresRequest by_party = Wanted(City().city, 2026);
  by_party.set_by_party(true);
  const v1::Scores scores = ScoresOf(by_party);
  EXPECT_GT(scores.parties_size(), 10);
  for (const v1::ScoreTerm& term : scores.total().terms()) {
    int64_t numerator = 0;
    for (const v1::ScoreRow& row : scores.parties()) numerator += TermOf(row, term.code()).numerator();
    EXPECT_EQ(numerator, term.numerator()) << term.code();
    v1::ListScoreCasesRequest list;
    list.set_division(by_party.division());
    list.mutable_period()->set_year(2026);
    list.set_term(term.code());
    list.set_page_size(40);
    numerator = 0;
    do {
      const auto page = Call<v1::ListScoreCasesResponse>(city_office, "ListScoreCases", list);
      ASSERT_TRUE(page.ok()) << page.status();
      for (const v1::ScoreCase& one : page->cases()) numerator += one.numerator();
      list.set_page_token(page->next_page_token());
    } while (!list.page_token().empty());
    EXPECT_EQ(numerator, term.numerator()) << term.code();
  }
}

// ---- reading

TEST_F(ScoreTest, ScoresAreReadInScopeWithTheirFormulasAndExported) {
  ClosedCase(village);
  const v1::Scores scores = ScoresOf(Wanted(City().counties[0], 2026, 4));
  const v1::ScoreTerm on_time = TermOf(scores.total(), "ON_TIME_RATE");
  EXPECT_EQ(on_time.zh(), "按期结案率");
  EXPECT_NE(on_time.formula_zh().find("应结案数"), std::string::npos);
  EXPECT_FALSE(on_time.source().empty());
  EXPECT_EQ(on_time.numerator(), 0);
  EXPECT_EQ(on_time.denominator(), 1);
  EXPECT_EQ(TermOf(ScoresOf(Wanted(City().counties[0], 2026, 5)).total(), "ON_TIME_RATE").denominator(), 0);
  EXPECT_EQ(ReasonOf(Call<v1::Scores>(foreign_county, "GetScores", Wanted(village, 2026)).status()),
            "NOT_ALLOWED");
  const auto reason = [&](const std::function<void(v1::GetScoresRequest&)>& change) {
    v1::GetScoresRequest request = Wanted(village, 2026);
    change(request);
    return ReasonOf(Call<v1::Scores>(county, "GetScores", request).status());
  };
  EXPECT_EQ(reason([](auto& r) { r.clear_division(); }), "REQUIRED_FIELD_MISSING");
  EXPECT_EQ(reason([](auto& r) { r.clear_period(); }), "REQUIRED_FIELD_MISSING");
  EXPECT_EQ(reason([](auto& r) { r.mutable_period()->set_year(1); }), "INVALID_FIELD");
  EXPECT_EQ(reason([](auto& r) { r.mutable_period()->set_month(13); }), "INVALID_FIELD");
  EXPECT_EQ(reason([](auto& r) { r.mutable_period()->set_quarter(5); }), "INVALID_FIELD");
  EXPECT_EQ(reason([](auto& r) {
              r.mutable_period()->set_month(1);
              r.mutable_period()->set_quarter(1);
            }),
            "INVALID_FIELD");
  EXPECT_EQ(reason([](auto& r) { r.set_party("persons/x"); }), "INVALID_FIELD");
  EXPECT_EQ(reason([](auto& r) { r.set_division("999999"); }), "NOT_FOUND");

  const auto file = Call<v1::ScoreFile>(county, "ExportScores", Wanted(City().counties[0], 2026, 4));
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_NE(file->content().find("按期结案率,0,1,0.00%,0,0,应结案卷中按期结案数"), std::string::npos);
  v1::ListScoreCasesRequest list;
  list.set_division(ResourceName("divisions", village));
  list.mutable_period()->set_year(2026);
  list.set_term("NOTHING");
  EXPECT_EQ(ReasonOf(Call<v1::ListScoreCasesResponse>(county, "ListScoreCases", list).status()),
            "INVALID_FIELD");
  list.set_term("ON_TIME_RATE");
  EXPECT_EQ(ReasonOf(Call<v1::ListScoreCasesResponse>(foreign_county, "ListScoreCases", list).status()),
            "NOT_ALLOWED");
}

// The village passes to its neighbour: what was counted there stays where it was counted, and whoever has the
// ground now sees it.
TEST_F(ScoreTest, AScoreStaysWhereItWasCountedWhenTheGroundIsReorganised) {
  ClosedCase(village);
  const absl::Time reform = server.clock().Now() + absl::Hours(1);
  testing::TestServer after(*SharedDatabase(),
                            std::make_unique<access::Directory>(
                                testing::ReorganisedCity(*City().ground, reform), City().MakeAccess()),
                            testing::TestPolicy());
  after.Install(Install);
  after.clock().Set(reform + absl::Hours(1));
  for (const Uuid& division : {village, City().townships[0][0], City().city}) {
    const auto scores = after.Call<v1::Scores>(city_office, "gridwarden.report.v1.ScoreService/GetScores",
                                               Wanted(division, 2026));
    ASSERT_TRUE(scores.ok()) << scores.status();
    EXPECT_EQ(TermOf(scores->total(), "DUE_TO_CLOSE").numerator(), 1);
    int64_t parts = TermOf(scores->own(), "DUE_TO_CLOSE").numerator();
    for (const v1::ScoreRow& row : scores->children()) parts += TermOf(row, "DUE_TO_CLOSE").numerator();
    EXPECT_EQ(parts, 1);
  }
}

// Through the consumer as it runs in a process, twice: the second process goes on where the first stopped.
TEST_F(ScoreTest, TheFeedIsCountedOnceByOneProcessAfterTheOther) {
  std::vector<journal::v1::Entry> log;
  const auto append = [&](const Story& story, casework::v1::Action action) {
    journal::v1::Entry& entry = log.emplace_back();
    entry.set_kind("case.transition");
    entry.set_subject(story.id.Bytes());
    entry.set_received_us(absl::ToUnixMicros(story.filed));
    const casework::v1::CaseEvent event = EventOf(story, action);
    entry.set_event(event.SerializeAsString());
    entry.set_event_type(event.GetDescriptor()->full_name());
  };
  Story story;
  story.village = village;
  story.found = story.filed = At(2026, 3, 2);
  story.due = At(2026, 4, 10);
  const auto count = [&](size_t wanted) {
    testing::TestServer process(*SharedDatabase(), City().MakeDirectory(), testing::TestPolicy());
    process.registry().Add<journal::v1::ReadFeedRequest, journal::v1::ReadFeedResponse>(
        "gridwarden.journal.v1.JournalInternalService/ReadFeed",
        [&log](const rpc::Call&,
               const journal::v1::ReadFeedRequest& request) -> absl::StatusOr<journal::v1::ReadFeedResponse> {
          journal::v1::ReadFeedResponse response;
          for (uint64_t i = request.start_index(); i < log.size(); ++i) {
            journal::v1::SequencedEntry& sequenced = *response.add_entries();
            sequenced.set_index(i);
            sequenced.set_body(log[i].SerializeAsString());
          }
          response.set_next_index(log.size());
          response.set_log_size(log.size());
          return response;
        });
    std::vector<std::unique_ptr<Worker>> workers = InstallScores(process.context(), process.registry());
    ASSERT_EQ(workers.size(), 1u);
    auto* consumer = dynamic_cast<journal::Consumer*>(workers[0].get());
    ASSERT_NE(consumer, nullptr);
    const absl::StatusOr<uint64_t> come = consumer->CatchUp(absl::Now() + absl::Seconds(20));
    ASSERT_TRUE(come.ok()) << come.status();
    const v1::Scores scores = ScoresOf(Wanted(City().city, 2026));
    EXPECT_EQ(scores.log_index(), static_cast<int64_t>(log.size()));
    EXPECT_EQ(TermOf(scores.total(), "FILED").numerator(), static_cast<int64_t>(wanted));
  };
  for (int i = 0; i < 3; ++i) {
    story.id = Uuid::Make(server.clock().Now());
    append(story, casework::v1::FILE);
    append(story, casework::v1::DISPATCH);
  }
  count(3);
  count(3);
  story.id = Uuid::Make(server.clock().Now());
  append(story, casework::v1::FILE);
  count(4);
}

// ---- appeals

TEST_F(ScoreTest, AnUpheldAppealTakesTheCaseOutAndShowsTheAdjustment) {
  const Story story = ClosedCase(village);
  const v1::ScoreAppeal appeal = Appeal(story);
  EXPECT_EQ(appeal.state(), v1::ScoreAppeal::SUBMITTED);
  EXPECT_EQ(appeal.level(), 1);
  EXPECT_EQ(appeal.party(), story.handler);
  FoldAppeals();
  EXPECT_EQ(TermOf(ScoresOf(Wanted(village, 2026)).total(), "ON_TIME_RATE").denominator(), 1);
  const absl::StatusOr<v1::ScoreAppeal> upheld = Decide(township, appeal, true);
  ASSERT_TRUE(upheld.ok()) << upheld.status();
  EXPECT_EQ(upheld->state(), v1::ScoreAppeal::UPHELD);
  FoldAppeals();
  for (const Uuid& division : {City().city, City().counties[0], village}) {
    const v1::ScoreRow total = ScoresOf(Wanted(division, 2026)).total();
    EXPECT_EQ(TermOf(total, "ON_TIME_RATE").denominator(), 0);
    EXPECT_EQ(TermOf(total, "ON_TIME_RATE").adjusted(), 1);
    EXPECT_EQ(TermOf(total, "CLOSURE_RATE").denominator(), 1);
  }
  // What the case does afterwards does not bring it back.
  Story later = story;
  later.state = Case::REBOUNDED;
  later.not_held = At(2026, 5, 1);
  Tell(later, casework::v1::RECHECK_REBOUNDED, *later.not_held);
  EXPECT_EQ(TermOf(ScoresOf(Wanted(village, 2026)).total(), "ON_TIME_RATE").adjusted(), 1);
  EXPECT_EQ(ReasonOf(Call<v1::ScoreAppeal>(officer, "SubmitScoreAppeal", NewAppeal(story)).status()),
            "NOT_COUNTED_IN_TERM");
}

TEST_F(ScoreTest, TheJournalOfAnAppealHoldsNoWordsOfPeople) {
  const v1::ScoreAppeal appeal = Appeal(ClosedCase(village));
  ASSERT_TRUE(Decide(township, appeal, false).ok());
  const std::string bodies =
      SharedDatabase().Ask("SELECT GROUP_CONCAT(body SEPARATOR '') FROM journal_stage");
  EXPECT_NE(bodies.find("score.appeal"), std::string::npos);
  EXPECT_EQ(bodies.find("王五"), std::string::npos);
  EXPECT_EQ(bodies.find("经核实"), std::string::npos);
}

TEST_F(ScoreTest, ThreeLevelsEachByAnotherPersonAndThenFinal) {
  v1::ScoreAppeal appeal = Appeal(ClosedCase(village));
  EXPECT_EQ(ReasonOf(Decide(county, appeal, false).status()), "NOT_ALLOWED");  // not its turn yet
  appeal = *Decide(township, appeal, false);
  EXPECT_EQ(appeal.state(), v1::ScoreAppeal::REJECTED);
  EXPECT_TRUE(appeal.has_raise_due_time());
  EXPECT_EQ(ReasonOf(Decide(county, appeal, false).status()), "ILLEGAL_TRANSITION");
  appeal = *Call<v1::ScoreAppeal>(officer, "RaiseScoreAppeal", NewRaise(appeal));
  EXPECT_EQ(appeal.state(), v1::ScoreAppeal::SUBMITTED);
  EXPECT_EQ(appeal.level(), 2);
  EXPECT_EQ(ReasonOf(Decide(township, appeal, false).status()), "NOT_ALLOWED");
  EXPECT_EQ(ReasonOf(Decide(foreign_county, appeal, false).status()), "NOT_ALLOWED");
  appeal = *Decide(county, appeal, false);
  appeal = *Call<v1::ScoreAppeal>(officer, "RaiseScoreAppeal", NewRaise(appeal));
  EXPECT_EQ(appeal.level(), 3);
  appeal = *Decide(city_office, appeal, false);
  EXPECT_EQ(appeal.state(), v1::ScoreAppeal::FINAL);
  EXPECT_EQ(appeal.decisions_size(), 3);
  EXPECT_EQ(ReasonOf(Call<v1::ScoreAppeal>(officer, "RaiseScoreAppeal", NewRaise(appeal)).status()),
            "ILLEGAL_TRANSITION");
  FoldAppeals();
  EXPECT_EQ(TermOf(ScoresOf(Wanted(village, 2026)).total(), "ON_TIME_RATE").denominator(), 1);
}

// What a unit answers for counts for the unit, and the post that works for it appeals.
TEST_F(ScoreTest, AUnitHasItsScoresAndItsPostAppealsAgainstThem) {
  Story story = ClosedCase(village);
  story.handler = ResourceName("units", City().bureaus[0]);
  Tell(story, casework::v1::DISPATCH, At(2026, 4, 21),
       PostName(PostKind::kCampaignOffice, City().townships[0][0]));
  v1::GetScoresRequest request = Wanted(City().counties[0], 2026);
  request.set_party(story.handler);
  EXPECT_EQ(TermOf(ScoresOf(request).total(), "ON_TIME_RATE").denominator(), 1);
  request.set_party(ResourceName("units", City().bureaus[1]));
  EXPECT_EQ(TermOf(ScoresOf(request).total(), "ON_TIME_RATE").denominator(), 0);
  const std::string own = City().TokenOfPerson(City().PersonIn(City().HandlerOf(City().bureaus[0]).id));
  const std::string other = City().TokenOfPerson(City().PersonIn(City().HandlerOf(City().bureaus[1]).id));
  EXPECT_FALSE(Call<v1::ScoreAppeal>(other, "SubmitScoreAppeal", NewAppeal(story)).ok());
  EXPECT_EQ(ReasonOf(Call<v1::ScoreAppeal>(officer, "SubmitScoreAppeal", NewAppeal(story)).status()),
            "NOT_YOUR_SCORE");
  const auto appeal = Call<v1::ScoreAppeal>(own, "SubmitScoreAppeal", NewAppeal(story));
  ASSERT_TRUE(appeal.ok()) << appeal.status();
  EXPECT_EQ(appeal->party(), story.handler);
}

// A case that stands at the county has no township above it: two levels are left.
TEST_F(ScoreTest, ACaseOfTheCountyBeginsAtTheCounty) {
  v1::ScoreAppeal appeal = Appeal(ClosedCase(City().counties[0]));
  EXPECT_EQ(appeal.level(), 2);
  EXPECT_EQ(ReasonOf(Decide(township, appeal, false).status()), "NOT_ALLOWED");
  ASSERT_TRUE(Decide(county, appeal, false).ok());
  appeal = *Call<v1::ScoreAppeal>(TokenOf(PostKind::kGridOfficer, City().counties[0]), "RaiseScoreAppeal",
                                  NewRaise(appeal));
  EXPECT_EQ(Decide(city_office, appeal, true)->state(), v1::ScoreAppeal::UPHELD);
}

TEST_F(ScoreTest, NobodyDecidesAboutHisOwnAppealOrHisOwnWork) {
  // The township's leader appeals for the village: its office may decide, he may not.
  const Story story = ClosedCase(village);
  const v1::ScoreAppeal appeal =
      *Call<v1::ScoreAppeal>(township_leader, "SubmitScoreAppeal", NewAppeal(story));
  EXPECT_EQ(ReasonOf(Decide(township_leader, appeal, true).status()), "ANOTHER_PERSON_NEEDED");
  EXPECT_TRUE(Decide(township, appeal, true).ok());
  // What counts for the township's office is decided by its leader.
  Story sent = ClosedCase(City().villages[0][0][1]);
  Tell(sent, casework::v1::DISPATCH, At(2026, 4, 2),
       PostName(PostKind::kCampaignOffice, City().townships[0][0]));
  const v1::ScoreAppeal own =
      *Call<v1::ScoreAppeal>(township, "SubmitScoreAppeal", NewAppeal(sent, "DISPATCH_ACCURACY"));
  EXPECT_EQ(ReasonOf(Decide(township, own, true).status()), "ANOTHER_PERSON_NEEDED");
  EXPECT_TRUE(Decide(township_leader, own, true).ok());
}

TEST_F(ScoreTest, AppealingIsForWhoIsJudgedAndAboutWhatCounts) {
  const Story story = ClosedCase(village);
  const auto reason = [&](const std::string& token,
                          const std::function<void(v1::SubmitScoreAppealRequest&)>& change) {
    v1::SubmitScoreAppealRequest request = NewAppeal(story);
    change(request);
    return ReasonOf(Call<v1::ScoreAppeal>(token, "SubmitScoreAppeal", request).status());
  };
  const auto as_is = [](auto&) {};
  EXPECT_EQ(reason(TokenOf(PostKind::kSupervisionOfficer, village), as_is), "NOT_YOUR_SCORE");
  EXPECT_EQ(reason(city_office, as_is), "NOT_YOUR_SCORE");
  EXPECT_EQ(reason(foreign_county, as_is), "NOT_ALLOWED");
  EXPECT_EQ(reason(TokenOf(PostKind::kGridOfficer, City().villages[0][0][1]), as_is), "NOT_ALLOWED");
  EXPECT_EQ(reason(officer, [](auto& r) { r.set_term("FORCED"); }), "NOT_COUNTED_IN_TERM");
  EXPECT_EQ(reason(officer, [](auto& r) { r.set_term("NOTHING"); }), "INVALID_FIELD");
  EXPECT_EQ(reason(officer, [](auto& r) { r.clear_statement(); }), "REQUIRED_FIELD_MISSING");
  EXPECT_EQ(reason(officer, [](auto& r) { r.clear_case_(); }), "REQUIRED_FIELD_MISSING");
  EXPECT_EQ(reason(officer, [](auto& r) { r.mutable_evidence(0)->set_media("x"); }), "INVALID_FIELD");
  EXPECT_EQ(reason(officer, [](auto& r) { r.set_statement(std::string(2001, 'x')); }), "INVALID_FIELD");
  EXPECT_EQ(reason(officer, [&](auto& r) { r.set_case_("cases/" + NewId()); }), "NOT_ALLOWED");
  EXPECT_EQ(reason(officer, [&](auto& r) { r.set_case_("posts/" + NewId()); }), "INVALID_FIELD");
  EXPECT_EQ(SharedDatabase().Ask("SELECT COUNT(*) FROM score_appeal"), "0");

  v1::SubmitScoreAppealRequest request = NewAppeal(story);
  const auto first = Call<v1::ScoreAppeal>(officer, "SubmitScoreAppeal", request);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(Call<v1::ScoreAppeal>(officer, "SubmitScoreAppeal", request)->SerializeAsString(),
            first->SerializeAsString());
  request.set_statement("别的");
  EXPECT_EQ(ReasonOf(Call<v1::ScoreAppeal>(officer, "SubmitScoreAppeal", request).status()),
            "REQUEST_ID_REUSED");
  EXPECT_EQ(reason(officer, as_is), "ALREADY_EXISTS");
  EXPECT_EQ(SharedDatabase().Ask("SELECT COUNT(*) FROM score_appeal"), "1");
}

TEST_F(ScoreTest, DecidingIsRefusedToOthersAndOnAStaleEtagAndDoneOnce) {
  const v1::ScoreAppeal appeal = Appeal(ClosedCase(village));
  EXPECT_EQ(ReasonOf(Decide(officer, appeal, true).status()), "NOT_ALLOWED");
  EXPECT_EQ(ReasonOf(Decide(TokenOf(PostKind::kGridLeader, village), appeal, true).status()), "NOT_ALLOWED");
  EXPECT_EQ(ReasonOf(Decide(foreign_county, appeal, true).status()), "NOT_ALLOWED");
  v1::DecideScoreAppealRequest request = NewDecision(appeal, true);
  request.clear_reason();
  EXPECT_EQ(ReasonOf(Call<v1::ScoreAppeal>(township, "DecideScoreAppeal", request).status()),
            "REQUIRED_FIELD_MISSING");
  request = NewDecision(appeal, true);
  request.set_etag("9");
  EXPECT_EQ(ReasonOf(Call<v1::ScoreAppeal>(township, "DecideScoreAppeal", request).status()),
            "ETAG_MISMATCH");
  request.set_etag("1");
  const auto first = Call<v1::ScoreAppeal>(township, "DecideScoreAppeal", request);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(Call<v1::ScoreAppeal>(township, "DecideScoreAppeal", request)->SerializeAsString(),
            first->SerializeAsString());
  request.set_upheld(false);
  EXPECT_EQ(ReasonOf(Call<v1::ScoreAppeal>(township, "DecideScoreAppeal", request).status()),
            "REQUEST_ID_REUSED");
  request.set_request_id(NewId());
  request.clear_etag();
  EXPECT_EQ(ReasonOf(Call<v1::ScoreAppeal>(township, "DecideScoreAppeal", request).status()),
            "ILLEGAL_TRANSITION");
}

TEST_F(ScoreTest, ARejectedAppealIsTakenFurtherByWhoIsJudgedAndInTime) {
  const v1::ScoreAppeal appeal = Appeal(ClosedCase(village));
  EXPECT_EQ(ReasonOf(Call<v1::ScoreAppeal>(officer, "RaiseScoreAppeal", NewRaise(appeal)).status()),
            "ILLEGAL_TRANSITION");
  ASSERT_TRUE(Decide(township, appeal, false).ok());
  const auto reason = [&](const std::string& token,
                          const std::function<void(v1::RaiseScoreAppealRequest&)>& change) {
    v1::RaiseScoreAppealRequest request = NewRaise(appeal);
    change(request);
    return ReasonOf(Call<v1::ScoreAppeal>(token, "RaiseScoreAppeal", request).status());
  };
  EXPECT_EQ(reason(TokenOf(PostKind::kPatrolOfficer, village), [](auto&) {}), "NOT_YOUR_SCORE");
  EXPECT_EQ(reason(foreign_county, [](auto&) {}), "NOT_ALLOWED");
  EXPECT_EQ(reason(officer, [](auto& r) { r.clear_name(); }), "REQUIRED_FIELD_MISSING");
  EXPECT_EQ(reason(officer, [](auto& r) { r.set_etag("1"); }), "ETAG_MISMATCH");
  v1::RaiseScoreAppealRequest request = NewRaise(appeal);
  const auto first = Call<v1::ScoreAppeal>(officer, "RaiseScoreAppeal", request);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(Call<v1::ScoreAppeal>(officer, "RaiseScoreAppeal", request)->SerializeAsString(),
            first->SerializeAsString());
  request.set_etag("3");
  EXPECT_EQ(ReasonOf(Call<v1::ScoreAppeal>(officer, "RaiseScoreAppeal", request).status()),
            "REQUEST_ID_REUSED");
  ASSERT_TRUE(Decide(county, appeal, false).ok());
  server.clock().Advance(absl::Hours(24 * 30));
  EXPECT_EQ(reason(officer, [](auto&) {}), "APPEAL_PERIOD_OVER");
}

TEST_F(ScoreTest, AppealsAreListedInScope) {
  const v1::ScoreAppeal first = Appeal(ClosedCase(village));
  server.clock().Advance(absl::Minutes(1));
  const v1::ScoreAppeal second = Appeal(ClosedCase(village));
  ASSERT_TRUE(Decide(township, first, true).ok());
  v1::ListScoreAppealsRequest list;
  list.set_page_size(1);
  auto page = Call<v1::ListScoreAppealsResponse>(county, "ListScoreAppeals", list);
  ASSERT_EQ(page->appeals_size(), 1);
  EXPECT_EQ(page->appeals(0).name(), first.name());
  list.set_page_token(page->next_page_token());
  page = Call<v1::ListScoreAppealsResponse>(county, "ListScoreAppeals", list);
  EXPECT_EQ(page->appeals(0).name(), second.name());
  EXPECT_TRUE(page->next_page_token().empty());
  v1::ListScoreAppealsRequest open;
  open.add_states(v1::ScoreAppeal::SUBMITTED);
  EXPECT_EQ(Call<v1::ListScoreAppealsResponse>(county, "ListScoreAppeals", open)->appeals(0).name(),
            second.name());
  EXPECT_EQ(Call<v1::ListScoreAppealsResponse>(foreign_county, "ListScoreAppeals", open)->appeals_size(), 0);
  v1::GetScoreAppealRequest get;
  get.set_name(second.name());
  EXPECT_EQ(Call<v1::ScoreAppeal>(officer, "GetScoreAppeal", get)->statement(), second.statement());
  EXPECT_EQ(ReasonOf(Call<v1::ScoreAppeal>(foreign_county, "GetScoreAppeal", get).status()), "NOT_ALLOWED");
  get.set_name("scoreAppeals/" + NewId());
  EXPECT_EQ(ReasonOf(Call<v1::ScoreAppeal>(city_office, "GetScoreAppeal", get).status()), "NOT_FOUND");
}

}  // namespace
}  // namespace gridwarden::report
