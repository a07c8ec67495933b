// W9 over a million generated transitions: random people do random things to cases, some of it told days
// later; cases are postponed, suspended, handed over, disputed and come back, and a village is merged under
// them. What casework's own steps make of it (Advance, the sealed entry, the board's fold) is compared with a
// plain model that knows the workflow as a story, the clocks as arithmetic on minutes and the ground as a
// list of names.
#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "base/status.h"
#include "casework/case_file.h"
#include "casework/ledger.h"
#include "casework/step.h"
#include "casework/timestamps.h"
#include "domain/rollup/rollup.h"
#include "domain/workflow/case_workflow.h"
#include "domain/workflow/separation.h"
#include "gridwarden/journal/v1/entry.pb.h"
#include "gtest/gtest.h"
#include "report/fold_feed.h"
#include "unit/domain/ground_builder.h"

namespace gridwarden {
namespace {

using casework::CaseFile;
using domain::Ground;
using domain::PostKind;
using testing::IdOf;
namespace v1 = casework::v1;

constexpr int64_t kMinuteUs = 60'000'000;
constexpr int64_t kNever = INT64_MAX;
constexpr int64_t kDay = 24 * 60;
constexpr int64_t kReform = 200 * kDay;  // minutes since the world began: village t0v0 becomes part of t0v1
constexpr int kPersons = 18;

absl::Time At(int64_t minute) { return absl::FromUnixSeconds(1'770'000'000) + absl::Minutes(minute); }
int64_t MinuteOf(absl::Time time) {
  return time == absl::InfiniteFuture() ? kNever : absl::ToInt64Minutes(time - At(0));
}

// ---- the plain model

enum class Where {
  kNowhere,
  kFiled,
  kSent,
  kSentBack,
  kInHand,
  kResting,
  kSaidDone,
  kUnderCheck,
  kToSign,
  kClosed,
  kWatched,
  kBackAgain,
  kArchived,
  kHandedOver,
  kVoid
};

// Hours per clock of a type, all of them by the calendar, so that minutes can be counted.
struct PlainLimits {
  int64_t dispatch, accept, handle, check, sign, total, review, result, floor;
};
constexpr PlainLimits kTypes[] = {{2, 4, 72, 24, 24, 240, 720, 720, 24},
                                  {1, 1, 10, 2, 12, 48, 240, 360, 24},
                                  {8, 24, 400, 48, 48, 900, 720, 720, 48}};
constexpr const char* kCategories[] = {"SITE", "FIRE", "BOILER"};

struct PlainPause {
  int64_t from = 0, to = kNever;
};
struct PlainExtension {
  int64_t minutes = 0;
  int rework = 0;
};

// The story of one case. Do() says whether the act is possible and what it leads to.
struct PlainCase {
  Where where = Where::kNowhere;
  int reworks = 0, unable = 0, type = 0;
  bool rebound = false;
  int64_t found = 0;
  std::string village;
  std::optional<int64_t> stage_start, handle_start;
  std::vector<PlainPause> pauses;
  std::vector<PlainExtension> extensions;
  int fixer = -1, checker = -1, signer = -1, assigned = -1;
  std::set<int> handled, unable_people, passed;
  bool disputed = false, forced = false;
  std::optional<int64_t> first_closed;  // on a pass
  int64_t asked = 0;                    // not before this can a check be made
  int64_t fixable = 0;                  // nor a fix before this

  bool IsOpen() const {
    return where != Where::kNowhere && where != Where::kClosed && where != Where::kWatched &&
           where != Where::kBackAgain && where != Where::kArchived && where != Where::kVoid;
  }

  std::optional<Where> Leads(v1::Action action) const {
    if (action == v1::LINK && where != Where::kNowhere && where != Where::kVoid) return where;
    if (IsOpen()) {
      if (action == v1::APPLY || action == v1::DECIDE) return where;
      if (action == v1::FORCE_CLOSE) return Where::kClosed;
      if (action == v1::VOID) return Where::kVoid;
      if (action == v1::TRANSFER && where != Where::kHandedOver) return Where::kHandedOver;
    }
    const bool early = where == Where::kFiled || where == Where::kSent || where == Where::kSentBack ||
                       where == Where::kInHand;
    switch (action) {
      case v1::FILE:
        if (where == Where::kNowhere) return Where::kFiled;
        break;
      case v1::SET_DISPOSITION:
      case v1::STOP_PRODUCTION:
        if (early) return where;
        break;
      case v1::DISPATCH:
        if (where == Where::kFiled || where == Where::kSentBack) return Where::kSent;
        break;
      case v1::RETURN:
        if (where == Where::kSent) return Where::kSentBack;
        break;
      case v1::ACCEPT:
      case v1::SILENT_ACCEPT:
        if (where == Where::kSent) return Where::kInHand;
        break;
      case v1::SUBMIT_PART:
      case v1::EXCUSE_PART:
        if (where == Where::kSent || where == Where::kInHand) return where;
        break;
      case v1::POSTPONE:
        if (where == Where::kInHand) return where;
        break;
      case v1::SUSPEND:
        if (where == Where::kInHand) return Where::kResting;
        break;
      case v1::REVIEW_SUSPENSION:
        if (where == Where::kResting) return where;
        break;
      case v1::RESUME:
        if (where == Where::kResting) return Where::kInHand;
        break;
      case v1::SUBMIT_FEEDBACK:
        if (where == Where::kInHand) return Where::kSaidDone;
        break;
      case v1::WAIT_FOR_CHECKER:
        if (where == Where::kSaidDone || where == Where::kUnderCheck) return where;
        break;
      case v1::ASSIGN_CHECK:
        if (where == Where::kSaidDone || where == Where::kUnderCheck) return Where::kUnderCheck;
        break;
      case v1::UNABLE:
        if (where == Where::kUnderCheck) return where;
        break;
      case v1::PASS:
        if (where == Where::kUnderCheck) return Where::kToSign;
        break;
      case v1::REWORK:
        if (where == Where::kUnderCheck) return Where::kInHand;
        break;
      case v1::COSIGN:
        if (where == Where::kToSign) return where;
        break;
      case v1::SIGN:
        if (where == Where::kToSign) return Where::kClosed;
        break;
      case v1::REFUSE_SIGN:
        if (where == Where::kToSign) return Where::kUnderCheck;
        break;
      case v1::START_MONITORING:
        if (where == Where::kClosed) return Where::kWatched;
        break;
      case v1::DISPUTE:
        if (where == Where::kClosed || where == Where::kWatched) return Where::kUnderCheck;
        break;
      case v1::RECHECK_HELD_SO_FAR:
      case v1::RECHECK_NOT_OBSERVABLE_SO_FAR:
        if (where == Where::kWatched) return where;
        break;
      case v1::RECHECK_HELD:
      case v1::RECHECK_NOT_OBSERVABLE:
        if (where == Where::kWatched) return Where::kArchived;
        break;
      case v1::RECHECK_REBOUNDED:
      case v1::CONTRADICT:
        if (where == Where::kWatched) return Where::kBackAgain;
        break;
      case v1::SUBMIT_RESULT:
        if (where == Where::kHandedOver) return Where::kUnderCheck;
        break;
      default:
        break;
    }
    return std::nullopt;
  }

  // Minutes from the start, the pauses left out: what a person with a calendar would count.
  int64_t Counted(int64_t start, int64_t minutes) const {
    int64_t due = start + minutes;
    for (const PlainPause& pause : pauses) {
      if (pause.to <= start || pause.from >= due) continue;
      if (pause.to == kNever) return kNever;
      due += pause.to - std::max(pause.from, start);
    }
    return due;
  }

  std::optional<int64_t> Due() const {
    const PlainLimits& limits = kTypes[type];
    const auto hours = [this](int64_t limit) { return Counted(*stage_start, limit * 60); };
    switch (where) {
      case Where::kFiled:
      case Where::kSentBack:
        return hours(limits.dispatch);
      case Where::kSent:
        return hours(limits.accept);
      case Where::kInHand: {
        int64_t minutes = limits.handle * 60;
        if (rebound) minutes /= 2;
        if (reworks > 0) minutes = std::min(minutes, std::max(minutes / 2, limits.floor * 60));
        for (const PlainExtension& extension : extensions) {
          if (extension.rework == reworks) minutes += extension.minutes;
        }
        return Counted(*stage_start, minutes);
      }
      case Where::kResting:
        return *stage_start + limits.review * 60;
      case Where::kSaidDone:
      case Where::kUnderCheck:
        return hours(limits.check);
      case Where::kToSign:
        return hours(limits.sign);
      case Where::kHandedOver:
        return hours(limits.result);
      default:
        return std::nullopt;
    }
  }

  int64_t TotalDue(bool with_ledger = true) const {
    int64_t minutes = kTypes[type].total * 60;
    if (!with_ledger) return found + minutes;
    for (const PlainExtension& extension : extensions) minutes += extension.minutes;
    return Counted(found, minutes);
  }

  // `latest` is when it happened at the latest. Answers whether another clock runs now than before.
  bool Do(v1::Action action, Where to, int64_t earliest, int64_t latest) {
    const auto clock = [](Where at) {
      if (at == Where::kSentBack) return Where::kFiled;
      return at == Where::kUnderCheck ? Where::kSaidDone : at;
    };
    const bool first_unable = action == v1::UNABLE && unable == 0;
    if (action == v1::REWORK) ++reworks;
    if (action == v1::UNABLE) ++unable;
    if (action == v1::SUBMIT_FEEDBACK || action == v1::REFUSE_SIGN || action == v1::SUBMIT_RESULT ||
        action == v1::DISPUTE) {
      unable = 0;
    }
    if (action == v1::SUSPEND) pauses.push_back({earliest, kNever});
    if (where == Where::kResting && to != Where::kResting) pauses.back().to = latest;
    bool begins = true;
    if (action == v1::RESUME) {
      stage_start = handle_start;
    } else if (clock(to) != clock(where) || first_unable || action == v1::REVIEW_SUSPENSION) {
      stage_start = latest;
      if (to == Where::kInHand) handle_start = latest;
    } else {
      begins = false;
    }
    where = to;
    return begins;
  }
};

v1::Case::State StateOf(Where where) {
  switch (where) {
    case Where::kNowhere:
      return v1::Case::STATE_UNSPECIFIED;
    case Where::kFiled:
      return v1::Case::FILED;
    case Where::kSent:
      return v1::Case::DISPATCHED;
    case Where::kSentBack:
      return v1::Case::RETURNED;
    case Where::kInHand:
      return v1::Case::HANDLING;
    case Where::kResting:
      return v1::Case::SUSPENDED;
    case Where::kSaidDone:
      return v1::Case::FEEDBACK;
    case Where::kUnderCheck:
      return v1::Case::CHECKING;
    case Where::kToSign:
      return v1::Case::SIGN_OFF;
    case Where::kClosed:
      return v1::Case::CLOSED;
    case Where::kWatched:
      return v1::Case::MONITORING;
    case Where::kBackAgain:
      return v1::Case::REBOUNDED;
    case Where::kArchived:
      return v1::Case::ARCHIVED;
    case Where::kHandedOver:
      return v1::Case::TRACKED;
    case Where::kVoid:
      return v1::Case::VOIDED;
  }
  return v1::Case::STATE_UNSPECIFIED;
}

// ---- the world

domain::Policy MakePolicy() {
  domain::Policy policy;
  policy.version = "plain-1";
  const auto hours = [](int64_t n) {
    return domain::Limit{domain::Calendar::kContinuous, absl::Hours(n), "test"};
  };
  for (size_t i = 0; i < std::size(kTypes); ++i) {
    const PlainLimits& limits = kTypes[i];
    domain::CaseType type;
    type.category = kCategories[i];
    type.limits = {.screen = hours(1),
                   .onsite = hours(1),
                   .dispatch = hours(limits.dispatch),
                   .accept = hours(limits.accept),
                   .handle = hours(limits.handle),
                   .check = hours(limits.check),
                   .sign = hours(limits.sign),
                   .total = hours(limits.total),
                   .rework_floor = absl::Hours(limits.floor)};
    type.suspension_review = hours(limits.review);
    type.result = hours(limits.result);
    type.rechecks = {absl::Hours(24 * 7)};
    policy.categories[kCategories[i]] = {.code = kCategories[i]};
    policy.case_types[kCategories[i]] = type;
    policy.case_types[""] = type;
  }
  return policy;
}

constexpr const char* kVillages[] = {"t0v0", "t0v1", "t0v2", "t1v0", "t1v1"};
const std::string& Name(int person) {
  static const auto* names = [] {
    auto* made = new std::vector<std::string>;
    for (int i = 0; i < kPersons; ++i) made->push_back("p" + std::to_string(i));
    return made;
  }();
  return (*names)[person];
}

// Two townships; every division has an officer and a supervision officer, some people hold several posts.
struct PlainGround {
  std::shared_ptr<const Ground> ground;
  std::map<std::string, std::vector<std::string>> chain;           // village -> ids' names from the top down
  std::map<std::string, std::pair<std::string, int>> supervision;  // post -> division, person
  std::vector<std::set<std::string>> stands;                       // divisions where a person has a post

  explicit PlainGround(std::mt19937_64& random) : stands(kPersons) {
    std::vector<domain::Division> divisions;
    std::vector<domain::Post> posts;
    std::vector<domain::Tenure> tenures;
    std::vector<domain::Person> persons;
    const auto add = [&](const std::string& name, const std::string& parent, domain::Level level) {
      divisions.push_back({.id = IdOf(name),
                           .parent = parent.empty() ? Uuid() : IdOf(parent),
                           .level = level,
                           .display_name = name});
      if (name == "t0v0") divisions.back().valid.to = At(kReform);
      for (const bool checks : {false, true}) {
        const std::string post = name + (checks ? " supervision" : " officer");
        const int person = static_cast<int>(random() % kPersons);
        posts.push_back({.id = IdOf(post),
                         .kind = checks ? PostKind::kSupervisionOfficer : PostKind::kGridOfficer,
                         .division = IdOf(name)});
        tenures.push_back({.id = IdOf("tenure of " + post),
                           .post = IdOf(post),
                           .person = IdOf(Name(person)),
                           .recorded = At(-kDay)});
        stands[person].insert(name);
        if (checks) supervision[post] = {name, person};
      }
    };
    add("city", "", domain::Level::kCity);
    add("county", "city", domain::Level::kCounty);
    for (const std::string township : {"t0", "t1"}) add(township, "county", domain::Level::kTownship);
    for (const std::string village : kVillages) {
      add(village, village.substr(0, 2), domain::Level::kVillage);
      chain[village] = {"city", "county", village.substr(0, 2), village};
    }
    for (int i = 0; i < kPersons; ++i) persons.push_back({IdOf(Name(i)), Name(i)});
    domain::Lineage merged{.id = IdOf("merger"),
                           .from = IdOf("t0v0"),
                           .to = IdOf("t0v1"),
                           .kind = domain::LineageKind::kMerge,
                           .share = 1,
                           .effective = At(kReform),
                           .recorded = At(kReform)};
    ground = std::make_shared<const Ground>(divisions, posts, tenures, persons, std::vector<domain::Unit>(),
                                            std::vector<domain::Lineage>{merged});
  }

  std::string PathOf(const std::string& village) const {
    std::string path;
    for (const std::string& name : chain.at(village)) path += IdOf(name).Bytes();
    return path;
  }

  // B4 between two people, plainly: no common division, no village of the one right under the other's.
  bool AreApart(int a, int b, int64_t at) const {
    for (const std::string& raw : stands[a]) {
      for (const std::string& other_raw : stands[b]) {
        const std::string mine = Held(raw, at), theirs = Held(other_raw, at);
        if (raw == other_raw || mine == theirs) return false;
        if (IsVillage(mine) && (Above(theirs, mine) || Above(mine, theirs))) return false;
      }
    }
    return true;
  }

 private:
  static std::string Held(const std::string& division, int64_t at) {
    return division == "t0v0" && at >= kReform ? "t0v1" : division;
  }
  static bool IsVillage(const std::string& name) { return name.size() == 4 && name[2] == 'v'; }
  static bool Above(const std::string& high, const std::string& low) {
    if (high == "city" || high == "county") return true;
    return low.starts_with(high);
  }
};

// What the board makes of the told entries.
struct Board {
  std::map<Uuid, domain::Fact> facts;
  domain::Rollup rollup;

  void Fold(const report::FoldStep& step) {
    const auto known = facts.find(step.next.subject);
    const std::optional<domain::Fact> before =
        known == facts.end() ? std::nullopt : std::optional(known->second);
    const std::optional<domain::Fact> after = domain::Succeed(before, step.next, step.forced_now);
    if (!after) return;
    if (before) rollup.Add(*before, -1);
    rollup.Add(*after, 1);
    facts[after->subject] = *after;
  }
};

struct Counted {
  int64_t accepted = 0, refused = 0, told = 0, late = 0, closed = 0, disputed = 0, rebounded = 0,
          suspended = 0, postponed = 0, handed_over = 0, uncertain = 0;
};

class World {
 public:
  World(uint64_t seed, bool told, Counted& counted)
      : random_(seed), ground_(random_), told_(told), counted_(counted) {}

  void Run(int cases) {
    for (int i = 0; i < cases && !Failed(); ++i) {
      now_ = Pick(400 * kDay);
      RunChain();
    }
    if (told_ && !Failed()) ExpectTheBoardToAgree();
  }

 private:
  static bool Failed() { return ::testing::Test::HasFatalFailure(); }
  int64_t Pick(int64_t n) { return static_cast<int64_t>(random_() % static_cast<uint64_t>(n)); }

  struct Live {
    CaseFile file;
    PlainCase plain;
    std::vector<v1::Action> actions;
    std::vector<domain::CaseFact> facts;
    std::vector<domain::Actor> chain;
    std::string last_leaf;
  };

  // A case, and those that come back from it: one chain of duties.
  void RunChain() {
    duties_.clear();
    std::optional<Live> before;
    for (int link = 0; link < 3 && !Failed(); ++link) {
      Live live;
      if (before) live.chain = before->chain;
      Bear(live, before);
      for (int tries = 0; tries < 600 && !Ended(live.plain) && !Failed(); ++tries) Try(live);
      ExpectFoldOfEvents(live);
      if (before) ExpectClosingToStay(*before);
      const bool again = live.plain.where == Where::kBackAgain;
      before = std::move(live);
      if (!again) break;
    }
  }

  static bool Ended(const PlainCase& plain) {
    return plain.where == Where::kBackAgain || plain.where == Where::kArchived || plain.where == Where::kVoid;
  }

  void Bear(Live& live, const std::optional<Live>& before) {
    PlainCase& plain = live.plain;
    plain.type = before ? before->plain.type : static_cast<int>(Pick(std::size(kTypes)));
    plain.rebound = before.has_value();
    plain.found = now_ - (before ? 0 : Pick(3 * kDay));
    plain.village = before ? before->plain.village : kVillages[Pick(std::size(kVillages))];
    if (plain.village == "t0v0" && plain.found >= kReform) plain.village = "t0v1";
    plain.fixable = plain.found;
    CaseFile& file = live.file;
    file.id = Uuid::Derive(IdOf("case"), std::to_string(++cases_));
    file.case_no = std::to_string(cases_);
    file.category = kCategories[plain.type];
    file.event_time = At(plain.found);
    file.file_time = At(now_);
    file.place.division = IdOf(plain.village);
    file.place.ground_path =
        ground_.ground->PathKeyAt(file.place.division, file.event_time, absl::InfiniteFuture());
    file.chain = before ? before->file.chain : file.id;
    if (before) file.rebound_of = before->file.id;
    file.total_due_time = domain::TotalDue(file.event_time, policy_.TypeOf(file.category), policy_.calendar);
    Step(live, v1::FILE, now_, now_, now_);
  }

  // Somebody tries something, in the order in which the server hears of it.
  void Try(Live& live) {
    now_ += Pick(20 * 60);
    v1::Action action = static_cast<v1::Action>(Pick(domain::kActionMax + 1));
    const bool drastic = action == v1::VOID || action == v1::FORCE_CLOSE || action == v1::TRANSFER;
    if (drastic && Pick(12) != 0) return;
    PlainCase& plain = live.plain;
    const std::optional<Where> to = plain.Leads(action);
    if (!to) {
      // The table refuses it too, and changes nothing.
      casework::Step step{.action = action, .event_time = At(now_), .received = At(now_)};
      const v1::Case::State state = live.file.state;
      const auto refused = casework::Advance(policy_, live.file, step);
      ASSERT_EQ(ReasonOf(refused), "ILLEGAL_TRANSITION") << v1::Action_Name(action);
      ASSERT_EQ(live.file.state, state);
      ++counted_.refused;
      return;
    }
    int person = static_cast<int>(Pick(kPersons));
    if (!May(live, action, person)) return;
    // What was done on the ground may be told days later, and its time may be uncertain.
    const bool on_ground = action == v1::ACCEPT || action == v1::SUBMIT_FEEDBACK || action == v1::PASS ||
                           action == v1::REWORK || action == v1::UNABLE || action == v1::SUBMIT_PART;
    int64_t latest = now_, earliest = now_;
    if (on_ground && Pick(3) == 0) {
      const bool checks = action == v1::PASS || action == v1::REWORK || action == v1::UNABLE;
      const int64_t not_before = checks                 ? plain.asked
                                 : action == v1::ACCEPT ? *plain.stage_start
                                                        : plain.fixable;
      latest = std::max(std::min(not_before, now_), now_ - Pick(3 * kDay));
      earliest = std::max(std::min(not_before, latest), latest - Pick(90));
      counted_.late += latest < now_;
      counted_.uncertain += earliest < latest;
    }
    After(live, action, person);
    Step(live, action, earliest, latest, now_);
  }

  // Separation and independence, asked of the rules and of the plain book of duties.
  bool May(Live& live, v1::Action action, int& person) {
    PlainCase& plain = live.plain;
    switch (action) {
      case v1::SUBMIT_FEEDBACK:
        return MayTake(live, person, domain::Duty::kFixer);
      case v1::SIGN:
        return MayTake(live, person, domain::Duty::kSigner);
      case v1::ASSIGN_CHECK: {
        const domain::Pool pool = domain::PoolOf(*ground_.ground, Question(live));
        const uint64_t seed = random_();
        const domain::EligibleChecker* drawn =
            domain::ChooseChecker(pool.eligible, [seed](const domain::EligibleChecker& one) {
              return Uuid::Derive(one.post, std::to_string(seed)).Bytes();
            });
        if (drawn == nullptr) return false;
        for (int i = 0; i < kPersons; ++i) {
          if (IdOf(Name(i)) == drawn->person) plain.assigned = i;
        }
        live.file.check_post = drawn->post;
        return true;
      }
      case v1::PASS:
      case v1::REWORK:
      case v1::UNABLE:
        if (plain.assigned < 0) return false;
        person = plain.assigned;
        // Eligible still, as at assignment: somebody may have taken a duty, or the ground may have passed on.
        if (!domain::JudgeChecker(*ground_.ground, Question(live), live.file.check_post, IdOf(Name(person)))
                 .eligible)
          return false;
        return action == v1::UNABLE || MayTake(live, person, domain::Duty::kChecker);
      default:
        return true;
    }
  }

  bool MayTake(Live& live, int person, domain::Duty duty) {
    const auto held = duties_.find(person);
    const bool free = held == duties_.end() || held->second == duty;
    const bool allowed = domain::CheckSeparation(live.chain, IdOf(Name(person)), duty).ok();
    EXPECT_EQ(allowed, free);
    return allowed;
  }

  domain::CheckerQuestion Question(const Live& live) const {
    domain::CheckerQuestion question;
    question.division = live.file.place.division;
    question.fixer = live.plain.fixer < 0 ? Uuid() : IdOf(Name(live.plain.fixer));
    question.chain = live.chain;
    for (const int one : live.plain.handled)
      question.excluded.push_back({IdOf(Name(one)), domain::Exclusion::kHandled});
    for (const int one : live.plain.unable_people)
      question.excluded.push_back({IdOf(Name(one)), domain::Exclusion::kUnable});
    if (live.plain.disputed) {
      for (const int one : live.plain.passed)
        question.excluded.push_back({IdOf(Name(one)), domain::Exclusion::kFirstChecker});
    }
    question.at = At(now_);
    question.known = absl::InfiniteFuture();
    return question;
  }

  void Take(Live& live, int person, domain::Duty duty) {
    duties_[person] = duty;
    live.chain.push_back({IdOf(Name(person)), duty});
  }

  // What the act says of people and times, as its command would write it.
  void After(Live& live, v1::Action action, int person) {
    PlainCase& plain = live.plain;
    CaseFile& file = live.file;
    switch (action) {
      case v1::ACCEPT:
      case v1::SUBMIT_PART:
        plain.handled.insert(person);
        break;
      case v1::SUBMIT_FEEDBACK:
        plain.handled.insert(person);
        plain.unable_people.clear();
        plain.fixer = person;
        plain.assigned = -1;
        file.fixer = IdOf(Name(person));
        file.check_post = Uuid();
        Take(live, person, domain::Duty::kFixer);
        break;
      case v1::ASSIGN_CHECK:
        plain.asked = now_;
        break;
      case v1::PASS:
        plain.checker = person;
        plain.passed.insert(person);
        file.checker = IdOf(Name(person));
        Take(live, person, domain::Duty::kChecker);
        break;
      case v1::REWORK:
        plain.checker = person;
        plain.assigned = -1;
        file.checker = IdOf(Name(person));
        file.check_post = Uuid();
        Take(live, person, domain::Duty::kChecker);
        break;
      case v1::UNABLE:
        plain.unable_people.insert(person);
        plain.assigned = -1;
        file.check_post = Uuid();
        break;
      case v1::REFUSE_SIGN:
        plain.asked = now_;
        break;
      case v1::SUBMIT_RESULT:
      case v1::DISPUTE:
        plain.asked = now_;
        plain.assigned = -1;
        plain.unable_people.clear();
        file.check_post = Uuid();
        if (action == v1::DISPUTE) plain.disputed = true, ++counted_.disputed;
        break;
      case v1::SIGN:
        plain.signer = person;
        plain.forced = false;
        file.signer = IdOf(Name(person));
        file.details.clear_forced();
        if (!plain.first_closed) {
          plain.first_closed = now_;
          file.close_time = At(now_);
        }
        file.held = v1::Case::NOT_RECHECKED;
        Take(live, person, domain::Duty::kSigner);
        ++counted_.closed;
        break;
      case v1::FORCE_CLOSE:
        plain.forced = true;
        file.details.set_forced(true);
        if (!file.close_time) file.close_time = At(now_);
        break;
      case v1::RECHECK_REBOUNDED:
      case v1::CONTRADICT:
        file.held = v1::Case::NOT_HELD;
        ++counted_.rebounded;
        break;
      case v1::SUSPEND:
        ++counted_.suspended;
        break;
      case v1::POSTPONE:
        ++counted_.postponed;
        break;
      case v1::TRANSFER:
        ++counted_.handed_over;
        break;
      default:
        break;
    }
  }

  void Step(Live& live, v1::Action action, int64_t earliest, int64_t latest, int64_t received) {
    CaseFile& file = live.file;
    PlainCase& plain = live.plain;
    const std::optional<Where> to = plain.Leads(action);
    ASSERT_TRUE(to.has_value());
    casework::Step step{.action = action, .event_time = At(latest), .received = At(received)};
    if (earliest != latest) step.earliest = At(earliest);
    if (action == v1::POSTPONE) {
      const int64_t hours = 1 + Pick(100);
      v1::Application application;
      application.set_name("applications/" + std::to_string(++applications_));
      application.mutable_extend()->set_calendar(v1::Limit::CONTINUOUS);
      application.mutable_extend()->mutable_span()->set_seconds(hours * 3600);
      step.application = application;
      plain.extensions.push_back({hours * 60, plain.reworks});
    }
    const int ledger_before = file.details.ledger_size();
    const auto due_before = file.due_time;
    const absl::Time total_before = file.total_due_time;
    const bool rested = plain.where == Where::kResting;
    const bool begins = plain.Do(action, *to, earliest, latest);
    const absl::Status advanced = casework::Advance(policy_, file, step);
    ASSERT_TRUE(advanced.ok()) << advanced;
    ++counted_.accepted;
    live.actions.push_back(action);
    live.facts.push_back({static_cast<domain::Action>(action), static_cast<domain::CaseState>(file.state),
                          At(earliest), At(latest), file.rework_count});
    if (action == v1::REWORK) plain.fixable = latest;

    // W9.2: the state is the story's.
    ASSERT_EQ(file.state, StateOf(plain.where)) << v1::Action_Name(action);
    ASSERT_EQ(file.rework_count, plain.reworks);
    ASSERT_EQ(file.unable_count, plain.unable) << v1::Action_Name(action);
    // W9.6: every due time is what a person would count, and none moves without a start or an entry.
    const std::optional<int64_t> due = plain.Due();
    ASSERT_EQ(file.due_time.has_value(), due.has_value()) << v1::Action_Name(action);
    if (due) ASSERT_EQ(MinuteOf(*file.due_time), *due) << v1::Action_Name(action) << " case " << file.case_no;
    ASSERT_EQ(MinuteOf(file.total_due_time), plain.TotalDue()) << v1::Action_Name(action);
    const bool shifted =
        file.details.ledger_size() != ledger_before || (rested && plain.where != Where::kResting);
    if (!shifted) {
      ASSERT_EQ(file.total_due_time, total_before);
      if (!begins) ASSERT_EQ(file.due_time, due_before);
    }
    ASSERT_EQ(file.details.ledger_size(), static_cast<int>(plain.pauses.size() + plain.extensions.size()));
    // W9.5
    ASSERT_EQ(file.place.ground_path, ground_.PathOf(plain.village));
    if (plain.where == Where::kClosed && !plain.forced) ExpectThreePeople(plain);
    if (told_) Tell(live, step);
  }

  // W9.1
  void ExpectThreePeople(const PlainCase& plain) {
    ASSERT_GE(plain.checker, 0);
    ASSERT_GE(plain.signer, 0);
    ASSERT_NE(plain.checker, plain.signer);
    ASSERT_FALSE(plain.handled.contains(plain.checker));
    if (plain.fixer < 0) return;  // others dealt with it
    ASSERT_NE(plain.fixer, plain.checker);
    ASSERT_NE(plain.fixer, plain.signer);
    // Where the ground passed on between the check and now they may have come together since.
    if (now_ < kReform) ASSERT_TRUE(ground_.AreApart(plain.checker, plain.fixer, now_));
  }

  // W9.2: folding the events again, from the first, gives the state and the clocks that were kept.
  void ExpectFoldOfEvents(const Live& live) {
    domain::CaseState state = domain::CaseState::kUnspecified;
    for (const v1::Action action : live.actions) {
      const auto next = domain::Next(state, static_cast<domain::Action>(action));
      ASSERT_TRUE(next.ok());
      state = *next;
    }
    ASSERT_EQ(static_cast<int>(state), static_cast<int>(live.file.state));
    const domain::CaseType& type = policy_.TypeOf(live.file.category);
    const domain::CaseBasis basis{live.file.event_time, !live.file.rebound_of.IsNil()};
    const domain::Clocks clocks = domain::ComputeClocks(basis, live.facts, type, policy_.calendar,
                                                        casework::LedgerOf(live.file.details));
    ASSERT_EQ(clocks.total_due, live.file.total_due_time);
    if (live.file.due_time) ASSERT_EQ(clocks.due, *live.file.due_time);
    // W9.6: without the ledger everything is due as it was at first.
    const domain::Clocks bare = domain::ComputeClocks(basis, live.facts, type, policy_.calendar);
    ASSERT_EQ(MinuteOf(bare.total_due), live.plain.TotalDue(false));
  }

  // W9.8: what came back stays among the closed of its first closing.
  void ExpectClosingToStay(const Live& before) {
    ASSERT_EQ(before.plain.where, Where::kBackAgain);
    if (!told_) return;
    const domain::Fact& fact = board_.facts.at(before.file.id);
    ASSERT_TRUE(domain::IsClosed(fact) || before.plain.forced);
    if (before.plain.first_closed && !before.plain.forced) {
      ASSERT_EQ(fact.close_us, absl::ToUnixMicros(At(*before.plain.first_closed)));
      ASSERT_EQ(domain::CountsOf(fact)[static_cast<int>(domain::Count::kClosed)], 1);
    }
    ASSERT_EQ(fact.held, domain::FactHeld::kNotHeld);
  }

  // The entry as casework seals it, and the board's fold of it.
  void Tell(Live& live, const casework::Step& step) {
    v1::CaseEvent event;
    event.set_action(step.action);
    event.set_from(static_cast<v1::Case::State>(step.from_state));
    event.set_ground_path(live.file.place.ground_path);
    *event.mutable_after() = casework::ToProto(live.file);
    live.file.subject.id = live.file.id;
    const rpc::Call call = rpc::Call::System("w9", step.received);
    const auto sealed = journal::Seal(call, {.kind = "case.transition",
                                             .before = live.file.subject,
                                             .event = &event,
                                             .earliest = step.earliest.value_or(step.event_time),
                                             .latest = step.event_time,
                                             .rule_version = policy_.version});
    ASSERT_TRUE(sealed.ok()) << sealed.status();
    ASSERT_EQ(sealed->after.seq, live.file.subject.seq + 1);
    live.file.subject = sealed->after;
    journal::v1::Entry entry;
    ASSERT_TRUE(entry.ParseFromString(sealed->body));
    // W9.2: a leaf on the leaf before, interval, time of receipt, rules.
    ASSERT_EQ(entry.subject_seq(), static_cast<int64_t>(live.actions.size()));
    ASSERT_EQ(entry.subject_prev(), live.last_leaf);
    ASSERT_EQ(entry.time().earliest_us(), absl::ToUnixMicros(step.earliest.value_or(step.event_time)));
    ASSERT_EQ(entry.time().latest_us(), absl::ToUnixMicros(step.event_time));
    ASSERT_EQ(entry.received_us(), absl::ToUnixMicros(step.received));
    ASSERT_EQ(entry.rule_version(), policy_.version);
    live.last_leaf = sealed->after.leaf;
    const auto folded = report::StepOf(feed_.size() + 1, entry, *ground_.ground);
    ASSERT_TRUE(folded.ok() && folded->has_value()) << folded.status();
    feed_.push_back(**folded);
    board_.Fold(feed_.back());
    ++counted_.told;
    villages_[live.file.id] = live.plain.village;
    // W9.3, now and then at once, and at the end for all.
    if (feed_.size() % 97 == 0) ExpectParentsToBeTheSumOfTheirChildren();
  }

  void ExpectParentsToBeTheSumOfTheirChildren() {
    const domain::Instant at{absl::ToUnixMicros(At(now_)), absl::ToUnixMicros(At(now_ + kDay))};
    const auto read = [&](const std::string& name) { return board_.rollup.Read(IdOf(name), {}, at); };
    domain::Numbers townships;
    for (const std::string township : {"t0", "t1"}) {
      domain::Numbers sum;
      for (const std::string village : kVillages) {
        if (village.starts_with(township)) sum += read(village);
      }
      ASSERT_EQ(sum, read(township));
      townships += sum;
    }
    ASSERT_EQ(townships, read("county"));
    ASSERT_EQ(townships, read("city"));
  }

  void ExpectTheBoardToAgree() {
    ExpectParentsToBeTheSumOfTheirChildren();
    // W9.5: each village has as many as were found there, merged since or not.
    std::map<std::string, int64_t> found;
    for (const auto& [id, village] : villages_) ++found[village];
    const domain::Instant at{absl::ToUnixMicros(At(0)), absl::ToUnixMicros(At(kDay))};
    for (const std::string village : kVillages)
      ASSERT_EQ(board_.rollup.Read(IdOf(village), {}, at).Cases(), found[village]) << village;
    // W9.7: the feed twice, and with the subjects in another order that keeps each one's own, gives the same
    // board.
    Board again;
    for (const report::FoldStep& step : feed_) again.Fold(step), again.Fold(step);
    for (const report::FoldStep& step : feed_) again.Fold(step);
    ASSERT_TRUE(domain::Rollup::Compare(again.rollup, board_.rollup).empty());
    std::vector<report::FoldStep> regrouped = feed_;
    std::stable_sort(
        regrouped.begin(), regrouped.end(),
        [](const report::FoldStep& a, const report::FoldStep& b) { return b.next.subject < a.next.subject; });
    Board other;
    for (const report::FoldStep& step : regrouped) other.Fold(step);
    ASSERT_TRUE(domain::Rollup::Compare(other.rollup, board_.rollup).empty());
    ASSERT_TRUE(other.facts == board_.facts);
  }

  std::mt19937_64 random_;
  const PlainGround ground_;
  const bool told_;
  Counted& counted_;
  const domain::Policy policy_ = MakePolicy();
  int64_t now_ = 0;
  int cases_ = 0, applications_ = 0;
  std::map<int, domain::Duty> duties_;
  Board board_;
  std::vector<report::FoldStep> feed_;
  std::map<Uuid, std::string> villages_;
};

TEST(W9, HoldsOverAMillionGeneratedTransitions) {
  constexpr int64_t kTransitions = 1'000'000;
  Counted counted;
  for (uint64_t seed = 1; counted.accepted < kTransitions; ++seed) {
    // Every fourth world is told to the journal and the board as well.
    World world(seed, seed % 4 == 0, counted);
    world.Run(40);
    ASSERT_FALSE(HasFailure()) << "world " << seed;
  }
  std::printf(
      "W9: %ld transitions (%ld sealed and counted on a board), %ld refused; %ld told late, %ld of uncertain "
      "time; "
      "%ld closings, %ld disputes, %ld rebounds, %ld suspensions, %ld postponements, %ld handed over\n",
      counted.accepted, counted.told, counted.refused, counted.late, counted.uncertain, counted.closed,
      counted.disputed, counted.rebounded, counted.suspended, counted.postponed, counted.handed_over);
  EXPECT_GT(counted.told, 200'000);
  for (const int64_t often : {counted.late, counted.uncertain, counted.closed, counted.disputed,
                              counted.rebounded, counted.suspended, counted.postponed, counted.handed_over}) {
    EXPECT_GT(often, 1'000);
  }
}

}  // namespace
}  // namespace gridwarden
