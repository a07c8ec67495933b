// What casework saves with each step is what anybody computes from the events and the ledger.
#include <gtest/gtest.h>

#include <random>

#include "casework/ledger.h"
#include "casework/step.h"
#include "casework/timestamps.h"
#include "domain/workflow/application.h"

namespace gridwarden::casework {
namespace {

using domain::Calendar;

constexpr char kCategory[] = "DUST";
const absl::Time kFound = absl::FromUnixSeconds(1'790'000'000);

domain::Limit Hours(int hours) { return {Calendar::kContinuous, absl::Hours(hours), ""}; }

// Around the clock, so that a plain countdown can follow.
domain::Policy PlainPolicy() {
  domain::Policy policy;
  domain::CaseType type;
  type.category = kCategory;
  type.limits = {.screen = Hours(2),
                 .onsite = Hours(8),
                 .dispatch = Hours(4),
                 .accept = Hours(4),
                 .handle = Hours(72),
                 .check = Hours(24),
                 .sign = Hours(24),
                 .total = Hours(240),
                 .rework_floor = absl::Hours(24)};
  type.rechecks = {absl::Hours(24 * 7)};
  policy.case_types[""] = type;
  return policy;
}

// The clocks as stopwatches: what is left of handling and of the whole runs down unless the case rests.
struct Countdown {
  absl::Duration handle, total;
  absl::Time now;

  void Pass(absl::Time to, v1::Case::State state) {
    if (state == v1::Case::HANDLING) handle -= to - now;
    if (state != v1::Case::SUSPENDED) total -= to - now;
    now = to;
  }
};

class History {
 public:
  explicit History(uint64_t seed) : random_(seed) {
    file_.category = kCategory;
    file_.event_time = kFound;
    file_.total_due_time = domain::TotalDue(kFound, type_, policy_.calendar);
    watch_ = {.total = absl::Hours(240), .now = kFound};
    now_ = kFound;
  }

  // Answers how many steps were taken.
  int Run() {
    int taken = 0;
    Take(v1::FILE);
    for (int i = 0; i < 80 && domain::IsOpen(static_cast<domain::CaseState>(file_.state)); ++i) {
      // Forward on the whole; what ends a case at once is rare.
      static constexpr v1::Action kTries[] = {v1::DISPATCH,     v1::ACCEPT,  v1::SILENT_ACCEPT,
                                              v1::POSTPONE,     v1::SUSPEND, v1::REVIEW_SUSPENSION,
                                              v1::RESUME,       v1::RESUME,  v1::SUBMIT_FEEDBACK,
                                              v1::ASSIGN_CHECK, v1::PASS,    v1::REWORK,
                                              v1::UNABLE,       v1::SIGN,    v1::REFUSE_SIGN,
                                              v1::APPLY,        v1::DECIDE,  v1::SUBMIT_RESULT,
                                              v1::SUBMIT_PART,  v1::COSIGN,  v1::RETURN,
                                              v1::TRANSFER,     v1::VOID,    v1::FORCE_CLOSE};
      const v1::Action action = kTries[random_() % std::size(kTries)];
      if ((action == v1::VOID || action == v1::FORCE_CLOSE || action == v1::TRANSFER) && random_() % 8 != 0)
        continue;
      taken += Take(action);
      // A closed case is disputed now and then.
      if (file_.state == v1::Case::CLOSED && random_() % 2 == 0) taken += Take(v1::DISPUTE);
      if (::testing::Test::HasFatalFailure()) return taken;
    }
    CompareAll();
    return taken;
  }

  int postponed = 0, suspended = 0, closed = 0, forced = 0;

 private:
  bool Take(v1::Action action) {
    const auto from = static_cast<domain::CaseState>(file_.state);
    const auto to = domain::Next(from, static_cast<domain::Action>(action));
    const absl::Time at = now_ + absl::Minutes(static_cast<int64_t>(random_() % 1500));
    Step step{.action = action, .event_time = at, .received = at};
    // The stopwatches know instants; intervals are the walk's.
    if (action == v1::POSTPONE) {
      v1::Application application;
      *application.mutable_extend() = WriteLimit(Hours(static_cast<int>(1 + random_() % 48)));
      step.application = application;
    }
    const CaseFile before = file_;
    const absl::Status advanced = Advance(policy_, file_, step);
    EXPECT_EQ(advanced.ok(), to.ok());
    if (!advanced.ok()) {
      if (random_() % 64 == 0)
        EXPECT_EQ(ToProto(file_).SerializeAsString(), ToProto(before).SerializeAsString());
      return false;
    }
    now_ = at;
    watch_.Pass(at, before.state);
    Note(step, before);
    facts_.push_back({static_cast<domain::Action>(action), *to, at, at, file_.rework_count});
    CompareWatch();
    return true;
  }

  void Note(const Step& step, const CaseFile& before) {
    if (file_.state == v1::Case::HANDLING && before.state != v1::Case::HANDLING &&
        before.state != v1::Case::SUSPENDED)
      watch_.handle = absl::Hours(file_.rework_count > 0 ? 36 : 72);
    if (step.action == v1::POSTPONE) {
      const absl::Duration more = ReadLimit(step.application->extend()).span;
      // What is overdue when it is extended is extended from its due time, as the stopwatch has it.
      watch_.handle += more;
      watch_.total += more;
      ++postponed;
    }
    suspended += step.action == v1::SUSPEND;
    if (step.action == v1::PASS) file_.pass_time = step.event_time;
    if (step.action == v1::REFUSE_SIGN) file_.pass_time.reset();
    if (step.action == v1::SIGN && !passed_) {
      passed_ = true;
      file_.closed_on_time = *file_.pass_time <= file_.total_due_time;
      ++closed;
    }
    forced += step.action == v1::FORCE_CLOSE;
  }

  void CompareWatch() {
    if (file_.state == v1::Case::HANDLING && watch_.handle > absl::ZeroDuration())
      ASSERT_EQ(*file_.due_time, now_ + watch_.handle);
    if (file_.state != v1::Case::SUSPENDED && watch_.total > absl::ZeroDuration())
      ASSERT_EQ(file_.total_due_time, now_ + watch_.total);
    if (file_.state == v1::Case::SUSPENDED && facts_.back().action != domain::Action::kApply &&
        facts_.back().action != domain::Action::kDecide)
      ASSERT_EQ(*file_.due_time, now_ + absl::Hours(30 * 24));
  }

  void CompareAll() {
    const auto ledger = LedgerOf(file_.details);
    const domain::CaseBasis basis{kFound, false};
    const domain::Clocks clocks = domain::ComputeClocks(basis, facts_, type_, policy_.calendar, ledger);
    ASSERT_EQ(clocks.due, file_.due_time.value_or(absl::InfiniteFuture()));
    ASSERT_EQ(clocks.total_due, file_.total_due_time);
    if (clocks.running) ASSERT_EQ(clocks.start, FromTimestamp(file_.details.stage_start_time()));
    ASSERT_EQ(clocks.closed_on_time, passed_ && file_.closed_on_time);
    // Without the ledger the original due times come back.
    const domain::Clocks original = domain::ComputeClocks(basis, facts_, type_, policy_.calendar);
    ASSERT_EQ(original.total_due, kFound + absl::Hours(240));
    for (const domain::StageRun& run : original.runs)
      ASSERT_EQ(run.due, run.start + domain::LimitOf(run.stage, type_, run.rework, false).span);
  }

  std::mt19937_64 random_;
  const domain::Policy policy_ = PlainPolicy();
  const domain::CaseType& type_ = policy_.case_types.at("");
  CaseFile file_;
  Countdown watch_;
  absl::Time now_;
  bool passed_ = false;
  std::vector<domain::CaseFact> facts_;
};

TEST(Advance, SavesTheClocksThatAnybodyComputesInAHundredThousandHistories) {
  int64_t steps = 0;
  int postponed = 0, suspended = 0, closed = 0, forced = 0;
  for (uint64_t seed = 1; seed <= 100'000; ++seed) {
    History history(seed);
    steps += history.Run();
    ASSERT_FALSE(HasFailure()) << "seed " << seed;
    postponed += history.postponed;
    suspended += history.suspended;
    closed += history.closed;
    forced += history.forced;
  }
  EXPECT_GT(steps, 500'000);
  EXPECT_GT(postponed, 10'000);
  EXPECT_GT(suspended, 10'000);
  EXPECT_GT(closed, 3'000);
  EXPECT_GT(forced, 3'000);
}

CaseFile InHand(const domain::Policy& policy) {
  CaseFile file;
  file.category = kCategory;
  file.event_time = kFound;
  file.total_due_time = kFound + absl::Hours(240);
  for (const v1::Action action : {v1::FILE, v1::DISPATCH, v1::ACCEPT}) {
    Step step{.action = action, .event_time = kFound, .received = kFound};
    EXPECT_TRUE(Advance(policy, file, step).ok());
  }
  return file;
}

TEST(Advance, EndsNoClockWithASuspensionAndTheReviewsWithTheNext) {
  const domain::Policy policy = PlainPolicy();
  CaseFile file = InHand(policy);
  Step suspend{.action = v1::SUSPEND, .event_time = kFound + absl::Hours(80), .received = kFound};
  ASSERT_TRUE(Advance(policy, file, suspend).ok());
  EXPECT_EQ(suspend.ended_clock, "");
  Step review{.action = v1::REVIEW_SUSPENSION, .event_time = kFound + absl::Hours(24 * 40)};
  ASSERT_TRUE(Advance(policy, file, review).ok());
  EXPECT_EQ(review.ended_clock, "REVIEW");
  EXPECT_TRUE(review.ended_late);
  Step resume{.action = v1::RESUME, .event_time = kFound + absl::Hours(24 * 41)};
  ASSERT_TRUE(Advance(policy, file, resume).ok());
  EXPECT_EQ(resume.ended_clock, "REVIEW");
  EXPECT_FALSE(resume.ended_late);
  EXPECT_EQ(file.due_time, kFound + absl::Hours(72));  // it was late before it rested
}

TEST(Advance, TellsNoTotalWhileACaseRests) {
  const domain::Policy policy = PlainPolicy();
  CaseFile file = InHand(policy);
  Step suspend{.action = v1::SUSPEND, .event_time = kFound + absl::Hours(10), .received = kFound};
  ASSERT_TRUE(Advance(policy, file, suspend).ok());
  EXPECT_FALSE(ToProto(file).has_total_due_time());
  Step resume{.action = v1::RESUME, .event_time = kFound + absl::Hours(60)};
  ASSERT_TRUE(Advance(policy, file, resume).ok());
  EXPECT_EQ(FromTimestamp(ToProto(file).total_due_time()), kFound + absl::Hours(290));
}

TEST(Advance, PausesToTheHandlersFavourWhereTimesAreIntervals) {
  const domain::Policy policy = PlainPolicy();
  CaseFile file = InHand(policy);
  Step suspend{.action = v1::SUSPEND,
               .event_time = kFound + absl::Hours(12),
               .earliest = kFound + absl::Hours(10),
               .received = kFound};
  ASSERT_TRUE(Advance(policy, file, suspend).ok());
  Step resume{
      .action = v1::RESUME, .event_time = kFound + absl::Hours(22), .earliest = kFound + absl::Hours(20)};
  ASSERT_TRUE(Advance(policy, file, resume).ok());
  EXPECT_EQ(file.due_time, kFound + absl::Hours(72 + 12));
}

TEST(Advance, FlagsACaseWithAnEventOfUncertainTime) {
  const domain::Policy policy = PlainPolicy();
  CaseFile file = InHand(policy);
  Step narrow{.action = v1::SUBMIT_PART,
              .event_time = kFound + absl::Hours(1),
              .earliest = kFound + absl::Minutes(50)};
  ASSERT_TRUE(Advance(policy, file, narrow).ok());
  EXPECT_FALSE(file.details.time_uncertain());
  Step wide{.action = v1::SUBMIT_FEEDBACK,
            .event_time = kFound + absl::Hours(2),
            .earliest = kFound + absl::Minutes(109)};
  ASSERT_TRUE(Advance(policy, file, wide).ok());
  EXPECT_TRUE(file.details.time_uncertain());
}

TEST(Advance, ExtendsOnlyTheCycleThatIsPostponed) {
  const domain::Policy policy = PlainPolicy();
  CaseFile file = InHand(policy);
  v1::Application application;
  application.set_name("applications/01900000-0000-7000-8000-000000000001");
  *application.mutable_extend() = WriteLimit(Hours(10));
  Step postpone{.action = v1::POSTPONE, .event_time = kFound + absl::Hours(1), .application = application};
  ASSERT_TRUE(Advance(policy, file, postpone).ok());
  EXPECT_EQ(file.due_time, kFound + absl::Hours(82));
  ASSERT_EQ(file.details.ledger_size(), 1);
  EXPECT_EQ(file.details.ledger(0).application(), application.name());
  EXPECT_EQ(file.details.ledger(0).stage(), "HANDLE");
  for (const v1::Action action : {v1::SUBMIT_FEEDBACK, v1::ASSIGN_CHECK, v1::REWORK}) {
    Step step{.action = action, .event_time = kFound + absl::Hours(2)};
    ASSERT_TRUE(Advance(policy, file, step).ok());
  }
  EXPECT_EQ(file.due_time, kFound + absl::Hours(2 + 36));
  EXPECT_EQ(file.total_due_time, kFound + absl::Hours(250));
}

}  // namespace
}  // namespace gridwarden::casework
