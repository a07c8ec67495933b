#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "base/status.h"
#include "domain/clock/stage_clock.h"
#include "domain/workflow/case_workflow.h"
#include "domain/workflow/separation.h"
#include "gtest/gtest.h"
#include "unit/domain/ground_builder.h"
#include "unit/domain/policy_files.h"

// Random people try random things on cases, the way casework does it: decide by the table, by separation and
// by eligibility, save the due time. Beside it runs a plain model that knows the workflow as a story in if
// and else. W9, invariants 1, 2, 6, 8.
namespace gridwarden::domain {
namespace {

using A = Action;
using C = CaseState;
using testing::At;
using testing::GroundBuilder;
using testing::IdOf;

constexpr int kPersons = 14;

// The story of a case, written without the table.
struct PlainCase {
  std::string where = "nowhere";
  int reworks = 0, passes = 0;

  bool Do(A action) {
    const std::string before = where;
    const bool nothing_yet = where == "nowhere";
    const bool over = where == "closed" || where == "watched" || where == "back again" ||
                      where == "archived" || where == "void";
    const bool open = !nothing_yet && !over;
    if (action == A::kApply || action == A::kDecide) return open;
    if (action == A::kLink) return where != "nowhere" && where != "void";
    if (action == A::kForceClose && open) where = "closed";
    if (action == A::kVoid && open) where = "void";
    if (action == A::kTransfer && open && where != "handed over") where = "handed over";
    if (where != before) return true;
    if (action == A::kSetDisposition || action == A::kStopProduction) {
      return where == "filed" || where == "sent" || where == "sent back" || where == "in hand";
    }
    if (action == A::kSubmitPart || action == A::kExcusePart) return where == "sent" || where == "in hand";
    if (where == "nowhere") {
      if (action == A::kFile) where = "filed";
    } else if (where == "filed" || where == "sent back") {
      if (action == A::kDispatch) where = "sent";
    } else if (where == "sent") {
      if (action == A::kReturn) where = "sent back";
      if (action == A::kAccept || action == A::kSilentAccept) where = "in hand";
    } else if (where == "in hand") {
      if (action == A::kPostpone) return true;
      if (action == A::kSuspend) where = "resting";
      if (action == A::kSubmitFeedback) where = "said to be done";
    } else if (where == "resting") {
      if (action == A::kReviewSuspension) return true;
      if (action == A::kResume) where = "in hand";
    } else if (where == "handed over") {
      if (action == A::kSubmitResult) where = "under check";
    } else if (where == "said to be done") {
      if (action == A::kWaitForChecker) return true;
      if (action == A::kAssignCheck) where = "under check";
    } else if (where == "under check") {
      if (action == A::kAssignCheck || action == A::kUnable || action == A::kWaitForChecker) return true;
      if (action == A::kPass) ++passes, where = "waiting for signature";
      if (action == A::kRework) ++reworks, where = "in hand";
    } else if (where == "waiting for signature") {
      if (action == A::kCosign) return true;
      if (action == A::kSign) where = "closed";
      if (action == A::kRefuseSign) where = "under check";
    } else if (where == "closed") {
      if (action == A::kStartMonitoring) where = "watched";
      if (action == A::kDispute) where = "under check";
    } else if (where == "watched") {
      if (action == A::kRecheckHeldSoFar || action == A::kRecheckNotObservableSoFar) return true;
      if (action == A::kRecheckRebounded || action == A::kContradict) where = "back again";
      if (action == A::kRecheckHeld || action == A::kRecheckNotObservable) where = "archived";
      if (action == A::kDispute) where = "under check";
    }
    return where != before;
  }
};

std::string PlainNameOf(C state) {
  switch (state) {
    case C::kUnspecified:
      return "nowhere";
    case C::kFiled:
      return "filed";
    case C::kDispatched:
      return "sent";
    case C::kReturned:
      return "sent back";
    case C::kHandling:
      return "in hand";
    case C::kFeedback:
      return "said to be done";
    case C::kChecking:
      return "under check";
    case C::kSignOff:
      return "waiting for signature";
    case C::kClosed:
      return "closed";
    case C::kMonitoring:
      return "watched";
    case C::kRebounded:
      return "back again";
    case C::kArchived:
      return "archived";
    case C::kSuspended:
      return "resting";
    case C::kTracked:
      return "handed over";
    case C::kVoided:
      return "void";
  }
  return "a state that nothing leads to";
}

// Fourteen people share the posts of a county, several of them in more than one.
std::unique_ptr<Ground> SharedCounty(std::mt19937_64& random) {
  GroundBuilder ground;
  const auto add = [&](const std::string& name, const std::string& parent, Level level) {
    ground.AddDivision(name, parent, level);
    ground.AddPost(name + " officer", PostKind::kGridOfficer, name,
                   "p" + std::to_string(random() % kPersons));
    ground.AddPost(name + " supervision", PostKind::kSupervisionOfficer, name,
                   "p" + std::to_string(random() % kPersons));
  };
  add("county", "", Level::kCounty);
  for (const std::string township : {"t0", "t1", "t2"}) {
    add(township, "county", Level::kTownship);
    add(township + "v0", township, Level::kVillage);
    add(township + "v1", township, Level::kVillage);
  }
  return ground.Build();
}

// One case with what casework keeps of it.
struct Walked {
  C state = C::kUnspecified;
  PlainCase plain;
  std::vector<CaseFact> facts;
  std::vector<A> actions;
  std::optional<absl::Time> due;
  ClockStarts starts;
  std::vector<ClockAdjustment> ledger;
  // Of the first closing: when its clock stopped, whether in time; forced ones rest on no pass.
  std::optional<absl::Time> stopped;
  bool on_time = false, forced = false, passed = false;
  int rework = 0, unable = 0;
  Uuid fixer, checker, signer, last_checker;
  std::vector<Excluded> unable_persons;
  std::set<std::string> divisions;
};

class Walk {
 public:
  explicit Walk(uint64_t seed) : random_(seed), ground_(SharedCounty(random_)) {
    static const char* const kCategories[] = {"STRAW_BURNING", "LOOSE_COAL_SALES", "SMALL_POLLUTER",
                                              "ROAD",          "COAL_BOILER",      ""};
    type_ = &policy_.TypeOf(kCategories[random_() % 6]);
    basis_ = {At("2026-01-05 08:00") + absl::Minutes(static_cast<int64_t>(random_() % (200 * 1440))),
              random_() % 4 == 0};
    now_ = basis_.found;
    division_ = IdOf(random_() % 2 == 0 ? "t0v0" : "t1");
  }

  // Returns how many transitions were accepted. `chain` is shared by a case and the one that rebounded from
  // it.
  int Run(std::vector<Actor>& chain) {
    int accepted = 0;
    for (int tries = 0; tries < 400 && !Ended(); ++tries) {
      const auto action = static_cast<A>(random_() % (kActionMax + 1));
      // What ends most stories at once is rare, as in life.
      const bool drastic = action == A::kVoid || action == A::kForceClose || action == A::kTransfer;
      if (drastic && random_() % 12 != 0) continue;
      // A link to an older case leads nowhere: often tried it would only make the walks shorter.
      if (action == A::kLink && random_() % 12 != 0) continue;
      accepted += Try(action, chain);
      if (::testing::Test::HasFatalFailure()) return accepted;
    }
    return accepted;
  }

  const Walked& done() const { return case_; }

 private:
  bool Ended() const { return case_.state == C::kArchived || case_.state == C::kRebounded; }

  Uuid Somebody() { return IdOf("p" + std::to_string(random_() % kPersons)); }

  // Allowed by separation and independence? Also says who acts.
  bool Allowed(A action, std::vector<Actor>& chain, Uuid* person) {
    *person = Somebody();
    switch (action) {
      case A::kSubmitFeedback:
        return CheckSeparation(chain, *person, Duty::kFixer).ok();
      case A::kSign:
        return CheckSeparation(chain, *person, Duty::kSigner).ok();
      case A::kPass: {
        const auto eligible = EligibleCheckers(*ground_, Question(chain));
        const uint64_t seed = random_();
        const EligibleChecker* chosen = ChooseChecker(eligible, [seed](const EligibleChecker& candidate) {
          return Uuid::Derive(candidate.post, std::to_string(seed)).Bytes();
        });
        if (chosen == nullptr) return false;
        *person = chosen->person;
        return CheckSeparation(chain, *person, Duty::kChecker).ok();
      }
      default:
        return true;
    }
  }

  CheckerQuestion Question(const std::vector<Actor>& chain) const {
    return {.division = division_,
            .fixer = case_.fixer,
            .chain = chain,
            .excluded = case_.unable_persons,
            .at = now_,
            .known = now_};
  }

  int Try(A action, std::vector<Actor>& chain) {
    now_ += absl::Minutes(static_cast<int64_t>(random_() % 600));
    const auto next = Next(case_.state, action);
    PlainCase plain = case_.plain;
    const bool plain_allows = plain.Do(action);
    EXPECT_EQ(next.ok(), plain_allows) << NameOf(case_.state) << " " << NameOf(action);
    Uuid person;
    if (!next.ok() || !Allowed(action, chain, &person)) return 0;
    Apply(action, *next, person, chain);
    case_.plain = plain;
    Compare();
    return 1;
  }

  void Apply(A action, C to, const Uuid& person, std::vector<Actor>& chain) {
    const absl::Time earliest = now_;
    const absl::Time latest =
        now_ + absl::Minutes(static_cast<int64_t>(random_() % 3 == 0 ? random_() % 120 : 0));
    const ClockEffect effect = EffectOf(case_.state, action, to, case_.unable);
    if (action == A::kRework) ++case_.rework;
    if (action == A::kUnable) ++case_.unable;
    if (action == A::kSubmitFeedback || action == A::kRefuseSign || action == A::kSubmitResult ||
        action == A::kDispute) {
      case_.unable = 0;
    }
    if (action == A::kSubmitFeedback) case_.fixer = person, chain.push_back({person, Duty::kFixer});
    if (action == A::kPass) case_.checker = person, chain.push_back({person, Duty::kChecker});
    if (action == A::kSign) case_.signer = person, chain.push_back({person, Duty::kSigner});
    const bool shifted = WriteLedger(action, to, earliest, latest);
    Move(case_.starts, effect, to, latest);
    if (StageOf(to) == Stage::kNone) {
      case_.due.reset();
    } else if (effect != ClockEffect::kNone || shifted) {
      case_.due = StageDue(StageOf(to), *case_.starts.stage, *type_, policy_.calendar, case_.rework,
                           basis_.rebound, case_.ledger);
    }
    if (to == C::kClosed && action != A::kLink) {
      case_.forced = action == A::kForceClose;
      if (!case_.forced && !case_.passed) {
        case_.passed = true;
        case_.stopped = LastPass();
        case_.on_time = case_.stopped <= TotalDue(basis_.found, *type_, policy_.calendar, case_.ledger);
      } else if (case_.forced && !case_.passed) {
        case_.stopped = earliest;
      }
    }
    case_.facts.push_back({action, to, earliest, latest, case_.rework});
    case_.actions.push_back(action);
    case_.state = to;
    now_ = latest;
  }

  // A suspension pauses from the one bound to the other, to the handler's favour; a postponement extends.
  bool WriteLedger(A action, C to, absl::Time earliest, absl::Time latest) {
    using Kind = ClockAdjustment::Kind;
    if (action == A::kPostpone) {
      const Limit extend{type_->limits.handle.calendar, absl::Hours(static_cast<int64_t>(1 + random_() % 48)),
                         ""};
      case_.ledger.push_back({.cycle = case_.rework, .extend = extend, .recorded = latest});
      return true;
    }
    if (action == A::kSuspend) {
      case_.ledger.push_back(
          {.kind = Kind::kPause, .pause = {earliest, absl::InfiniteFuture()}, .recorded = latest});
      return true;
    }
    if (case_.state != C::kSuspended || to == C::kSuspended) return false;
    case_.ledger.back().pause.to = latest;
    return true;
  }

  absl::Time LastPass() const {
    absl::Time pass = absl::InfinitePast();
    for (const CaseFact& fact : case_.facts) {
      if (fact.action == A::kPass) pass = fact.earliest;
    }
    return pass;
  }

  void Compare() {
    ASSERT_EQ(PlainNameOf(case_.state), case_.plain.where);
    ASSERT_EQ(case_.rework, case_.plain.reworks);
    const Clocks clocks = ComputeClocks(basis_, case_.facts, *type_, policy_.calendar, case_.ledger);
    // What was saved step by step is what anyone computes from the events.
    ASSERT_EQ(clocks.running.has_value(), case_.due.has_value()) << NameOf(case_.state);
    ASSERT_EQ(clocks.due, case_.due.value_or(absl::InfiniteFuture())) << NameOf(case_.state);
    if (clocks.running) ASSERT_EQ(clocks.start, case_.starts.stage) << NameOf(case_.state);
    // Only what rests is never due; what was overdue before it rested stays so.
    ASSERT_TRUE(clocks.total_due != absl::InfiniteFuture() || case_.state == C::kSuspended);
    // Without an entry in the ledger nothing moves the total; with one it moves.
    const Clocks without = ComputeClocks(basis_, case_.facts, *type_, policy_.calendar);
    ASSERT_EQ(without.total_due, TotalDue(basis_.found, *type_, policy_.calendar));
    ASSERT_GE(clocks.total_due, without.total_due);
    const ClockAdjustment entry[] = {{.extend = {Calendar::kContinuous, absl::Hours(5), ""}}};
    ASSERT_GT(ComputeClocks(basis_, case_.facts, *type_, policy_.calendar, entry).total_due,
              without.total_due);
    ASSERT_EQ(clocks.closed, case_.stopped.has_value());
    ASSERT_EQ(clocks.forced, case_.forced);
    // State is the fold of the events.
    C folded = C::kUnspecified;
    for (const A action : case_.actions) folded = Next(folded, action).value();
    ASSERT_EQ(folded, case_.state);
    if (clocks.closed) ExpectGoodClosure(clocks);
  }

  void ExpectGoodClosure(const Clocks& clocks) {
    // The first closing keeps its time, whatever rechecks, disputes and later closings bring.
    ASSERT_EQ(clocks.total_stopped, case_.stopped);
    ASSERT_EQ(clocks.closed_on_time, case_.on_time);
    if (!case_.passed) return;
    ASSERT_GT(case_.plain.passes, 0);
    if (case_.forced || case_.state != C::kClosed) return;
    ASSERT_NE(case_.fixer, case_.checker);
    ASSERT_NE(case_.checker, case_.signer);
    ASSERT_NE(case_.fixer, case_.signer);
  }

  const Policy& policy_ = testing::RealPolicy();
  std::mt19937_64 random_;
  std::unique_ptr<Ground> ground_;
  const CaseType* type_ = nullptr;
  CaseBasis basis_;
  absl::Time now_;
  Uuid division_;
  Walked case_;
};

TEST(RandomWalk, KeepsTheInvariantsOverAHundredThousandTransitions) {
  int accepted = 0, closed = 0, rebounded = 0, reworked = 0;
  for (uint64_t seed = 1; accepted < 150000; ++seed) {
    std::vector<Actor> chain;
    for (int link = 0; link < 2;
         ++link) {  // a case and what rebounds from it: one chain, one duty per person
      Walk walk(seed * 2 + link);
      accepted += walk.Run(chain);
      ASSERT_FALSE(HasFailure()) << "seed " << seed;
      const C state = walk.done().state;
      closed +=
          state == C::kMonitoring || state == C::kArchived || state == C::kRebounded || state == C::kClosed;
      rebounded += state == C::kRebounded;
      reworked += walk.done().rework > 0;
      if (state != C::kRebounded) break;
    }
    std::set<std::pair<Uuid, Duty>> duties;
    std::set<Uuid> persons;
    for (const Actor& actor : chain) {
      const bool new_duty = duties.insert({actor.person, actor.duty}).second;
      ASSERT_TRUE(!new_duty || persons.insert(actor.person).second) << "seed " << seed;
    }
  }
  // The walk really went everywhere.
  EXPECT_GT(closed, 1000);
  EXPECT_GT(rebounded, 300);
  EXPECT_GT(reworked, 1000);
}

// Nothing whatever leads on; that the reporter is told does not.
bool IsAtItsEnd(const SignalFacts& signal) {
  if (signal.state == SignalState::kNew || signal.state == SignalState::kOnsiteCheck) return false;
  for (int action = 0; action <= kActionMax; ++action) {
    if (static_cast<A>(action) == A::kTellReporter) continue;
    if (NextSignal(signal, static_cast<A>(action)).ok()) return false;
  }
  return true;
}

TEST(RandomWalk, OverSignalsNeverFilesAnOutsideLeadThatNobodyFound) {
  std::mt19937_64 random(7);
  int accepted = 0, filed = 0;
  while (accepted < 100000) {
    SignalFacts signal{.channel = static_cast<Channel>(1 + random() % 7)};
    bool found = false;
    int answers = 0, requests = 0;
    for (int tries = 0; tries < 120; ++tries) {
      const auto action = static_cast<A>(random() % (kActionMax + 1));
      const auto next = NextSignal(signal, action);
      if (!next.ok()) continue;
      ++accepted;
      if (action == A::kRequestOnsiteCheck) {
        ++requests;
        signal.onsite_result = OnsiteResult::kUnspecified;
        signal.check_asked = true;
      }
      if (action == A::kDispute) {
        signal.onsite_result = OnsiteResult::kUnspecified;
        signal.unable_count = 0;
        signal.check_asked = false;
        found = false;
        answers = requests = 0;
      }
      if (action == A::kSubmitOnsiteCheck) {
        ++answers;
        signal.onsite_result = static_cast<OnsiteResult>(1 + random() % 3);
        found = found || signal.onsite_result == OnsiteResult::kExists;
        signal.unable_count += signal.onsite_result == OnsiteResult::kUnable;
      }
      ASSERT_LE(answers, requests);
      const bool was_checking = signal.state == SignalState::kOnsiteCheck;
      signal.state = *next;
      if (signal.state == SignalState::kFiled) {
        ++filed;
        const bool staff = signal.channel == Channel::kPatrol || signal.channel == Channel::kAssigned;
        // A merge that was taken back may leave a check that nobody answered behind.
        ASSERT_TRUE(found || (staff && answers == 0 && !was_checking));
      }
      ASSERT_FALSE(signal.state == SignalState::kRejected && signal.onsite_result == OnsiteResult::kExists);
      if (IsAtItsEnd(signal)) break;
    }
  }
  EXPECT_GT(filed, 1000);
}

}  // namespace
}  // namespace gridwarden::domain
