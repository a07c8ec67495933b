#include "domain/workflow/separation.h"

#include <map>
#include <random>
#include <set>

#include "base/status.h"
#include "gtest/gtest.h"
#include "platform/crypto/hmac.h"
#include "unit/domain/ground_builder.h"
#include "unit/domain/policy_files.h"

namespace gridwarden::domain {
namespace {

using testing::At;
using testing::GroundBuilder;
using testing::IdOf;

// One city, one county with two townships of two villages each, a group below one of them. Every division has
// an officer
// "<name> officer" and a supervision officer "<name> supervisor"; the county has a bureau.
GroundBuilder SmallCounty() {
  GroundBuilder ground;
  const auto add = [&](const std::string& name, const std::string& parent, Level level) {
    ground.AddDivision(name, parent, level);
    ground.AddPost(name + " officer post", PostKind::kGridOfficer, name, name + " officer");
    ground.AddPost(name + " post", PostKind::kSupervisionOfficer, name, name + " supervisor");
  };
  add("city", "", Level::kCity);
  add("county", "city", Level::kCounty);
  add("east", "county", Level::kTownship);
  add("west", "county", Level::kTownship);
  add("east 1", "east", Level::kVillage);
  add("east 2", "east", Level::kVillage);
  add("west 1", "west", Level::kVillage);
  add("east 1 group", "east 1", Level::kGroup);
  ground.AddUnit("bureau", "county");
  ground.AddUnitPost("bureau post", "bureau", "bureau handler");
  return ground;
}

CheckerQuestion Question(const std::string& division, const std::string& fixer,
                         const std::string& fixer_post = "") {
  return {.division = IdOf(division),
          .fixer = IdOf(fixer),
          .fixer_post = fixer_post.empty() ? Uuid() : IdOf(fixer_post),
          .at = At("2026-11-01 10:00"),
          .known = At("2026-11-01 10:00")};
}

std::string Rule(const GroundBuilder& ground, const CheckerQuestion& question, const std::string& place) {
  return JudgeChecker(*ground.Build(), question, IdOf(place + " post"), IdOf(place + " supervisor")).rule;
}

std::set<std::string> EligiblePlaces(const GroundBuilder& builder, const CheckerQuestion& question,
                                     Ring* ring = nullptr) {
  std::map<Uuid, std::string> names;
  for (const char* name : {"city", "county", "east", "west", "east 1", "east 2", "west 1", "east 1 group"}) {
    names[IdOf(std::string(name) + " post")] = name;
  }
  std::set<std::string> places;
  for (const EligibleChecker& checker : EligibleCheckers(*builder.Build(), question)) {
    places.insert(names.at(checker.post));
    if (ring != nullptr) *ring = checker.ring;
  }
  return places;
}

TEST(Separation, AllowsOnePersonOneDutyOverTheChain) {
  const std::vector<Actor> chain = {
      {IdOf("ann"), Duty::kFixer}, {IdOf("bob"), Duty::kChecker}, {IdOf("cat"), Duty::kSigner}};
  for (const auto& [name, own] :
       std::map<std::string, Duty>{{"ann", Duty::kFixer}, {"bob", Duty::kChecker}, {"cat", Duty::kSigner}}) {
    for (const Duty wanted : {Duty::kFixer, Duty::kChecker, Duty::kSigner}) {
      const auto status = CheckSeparation(chain, IdOf(name), wanted);
      EXPECT_EQ(status.ok(), wanted == own) << name << " " << NameOf(wanted);
      if (wanted == own) continue;
      EXPECT_EQ(ReasonOf(status), "SEPARATION_OF_DUTIES");
      EXPECT_EQ(FactsOf(status)->metadata.at("duty"), ZhOf(own));
    }
  }
  EXPECT_TRUE(CheckSeparation(chain, IdOf("dan"), Duty::kSigner).ok());
  EXPECT_TRUE(CheckSeparation({}, IdOf("ann"), Duty::kChecker).ok());
}

TEST(CheckerEligibility, LetsAnotherVillageAndTheTownshipCheckAVillageOfficer) {
  const CheckerQuestion question = Question("east 1", "east 1 officer", "east 1 officer post");
  EXPECT_EQ(Rule(SmallCounty(), question, "east 2"), "B4");
  EXPECT_EQ(Rule(SmallCounty(), question, "east"), "B4");
  EXPECT_EQ(Rule(SmallCounty(), question, "west 1"), "B4");
}

TEST(CheckerEligibility, NeverLetsTheGridsOwnSupervisorCheckItsOwnFixer) {
  for (const char* place : {"county", "east", "east 1", "east 1 group"}) {
    const std::string name(place);
    EXPECT_EQ(Rule(SmallCounty(), Question(place, name + " officer", name + " officer post"), place),
              "B4.OWN_NODE")
        << place;
  }
}

TEST(CheckerEligibility, KeepsTheDirectChainBelowTheTownshipOut) {
  EXPECT_EQ(Rule(SmallCounty(), Question("east 1 group", "east 1 group officer"), "east 1"),
            "B4.DIRECT_CHAIN");
  EXPECT_EQ(Rule(SmallCounty(), Question("east 1", "east 1 officer"), "east 1 group"), "B4.DIRECT_CHAIN");
  EXPECT_EQ(Rule(SmallCounty(), Question("east 1", "east officer"), "east 1"), "B4.DIRECT_CHAIN");
  EXPECT_EQ(Rule(SmallCounty(), Question("east 1 group", "east 1 group officer"), "east"), "B4");
}

TEST(CheckerEligibility, KeepsTheFixerTheLineageAndTheExcludedOut) {
  CheckerQuestion question = Question("east 1", "east 2 supervisor");
  EXPECT_EQ(Rule(SmallCounty(), question, "east 2"), "B4.FIXER");
  question = Question("east 1", "east 1 officer");
  question.chain = {{IdOf("east 2 supervisor"), Duty::kSigner}};
  const Verdict verdict =
      JudgeChecker(*SmallCounty().Build(), question, IdOf("east 2 post"), IdOf("east 2 supervisor"));
  EXPECT_EQ(verdict.rule, "B4.LINEAGE");
  EXPECT_NE(verdict.words.find("签字人"), std::string::npos);
  question.chain = {{IdOf("east 2 supervisor"), Duty::kFixer}};
  EXPECT_EQ(Rule(SmallCounty(), question, "east 2"), "B4.LINEAGE");
  question.chain = {{IdOf("east 2 supervisor"), Duty::kChecker}};  // checks again after the rework
  EXPECT_EQ(Rule(SmallCounty(), question, "east 2"), "B4");
  for (const auto& [why, rule] :
       std::map<Exclusion, std::string>{{Exclusion::kHandled, "B4.HANDLED"},
                                        {Exclusion::kUnable, "B4.UNABLE"},
                                        {Exclusion::kFinder, "B4.FINDER"},
                                        {Exclusion::kFirstChecker, "B4.FIRST_CHECKER"},
                                        {Exclusion::kConflict, "B4.CONFLICT"},
                                        {Exclusion::kAlternation, "B4.ALTERNATION"}}) {
    question.excluded = {{IdOf("east 2 supervisor"), why}};
    EXPECT_EQ(Rule(SmallCounty(), question, "east 2"), rule);
    EXPECT_NE(WordsOf(rule), WordsOf("no such rule"));
  }
}

TEST(CheckerEligibility, LooksAtEveryPostThatBothHold) {
  GroundBuilder ground = SmallCounty();
  ground.AddPost("second post", PostKind::kPatrolOfficer, "east 1", "west supervisor");
  EXPECT_EQ(Rule(ground, Question("east 1", "east 1 officer"), "west"), "B4.OWN_NODE");
  ground = SmallCounty();
  ground.AddPost("second post", PostKind::kRoadChief, "west", "east 1 officer");
  EXPECT_EQ(Rule(ground, Question("east 1", "east 1 officer"), "west"), "B4.OWN_NODE");
  ground = SmallCounty();
  ground.Hold("bureau post", "west supervisor");
  EXPECT_EQ(Rule(ground, Question("east 1", "bureau handler"), "west"), "B4.SHARED_POST");
}

TEST(CheckerEligibility, KeepsColleaguesOfOneUnitApart) {
  GroundBuilder ground = SmallCounty();
  ground.AddUnitPost("other bureau post", "bureau", "west supervisor");
  EXPECT_EQ(Rule(ground, Question("east 1", "bureau handler"), "west"), "B4.OWN_NODE");
  EXPECT_EQ(Rule(ground, Question("east 1", "bureau handler"), "east"), "B4");
  EXPECT_EQ(Rule(ground, Question("east 1", "bureau handler"), "county"), "B4.OWN_NODE");
}

TEST(CheckerEligibility, DoesNotTakeTwoUnitsOfOneCountyForColleagues) {
  GroundBuilder ground = SmallCounty();
  ground.AddUnit("other bureau", "county");
  ground.AddUnitPost("other bureau post", "other bureau", "west supervisor");
  EXPECT_EQ(Rule(ground, Question("east 1", "bureau handler"), "west"), "B4");
}

TEST(CheckerEligibility, CountsThePostOfTheFixEvenAfterTheFixerLeftIt) {
  GroundBuilder ground = SmallCounty();
  EXPECT_EQ(Rule(ground, Question("east 1", "a stranger"), "east 2"), "B4");
  EXPECT_EQ(Rule(ground, Question("east 1", "a stranger", "east 2 officer post"), "east 2"), "B4.OWN_NODE");
}

TEST(CheckerEligibility, WantsASupervisionPostThatThePersonHolds) {
  const auto ground = SmallCounty().Build();
  const CheckerQuestion question = Question("east 1", "east 1 officer");
  EXPECT_EQ(JudgeChecker(*ground, question, IdOf("west officer post"), IdOf("west officer")).rule,
            "B4.NOT_SUPERVISION");
  EXPECT_EQ(JudgeChecker(*ground, question, IdOf("no such post"), IdOf("west supervisor")).rule,
            "B4.NOT_SUPERVISION");
  EXPECT_EQ(JudgeChecker(*ground, question, IdOf("west post"), IdOf("east supervisor")).rule, "B4.NOT_HELD");
  EXPECT_EQ(JudgeChecker(*ground, question, IdOf("west post"), Uuid()).rule, "B4.NOT_HELD");
}

TEST(CheckerEligibility, IsJudgedAsOfTheTimeOfTheEvent) {
  GroundBuilder ground = SmallCounty();
  ground.Hold("east 1 officer post", "west supervisor", {At("2026-01-01 00:00"), At("2026-06-01 00:00")});
  CheckerQuestion question = Question("east 1", "east 1 officer");
  EXPECT_EQ(Rule(ground, question, "west"), "B4");
  question.at = At("2026-03-01 00:00");
  EXPECT_EQ(Rule(ground, question, "west"), "B4.SHARED_POST");
}

TEST(CheckerEligibility, BecomesAnErrorThatNamesTheRuleInChinese) {
  const auto status = ToStatus(JudgeChecker(*SmallCounty().Build(), Question("east 1", "east 1 officer"),
                                            IdOf("east 1 post"), IdOf("east 1 supervisor")));
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReasonOf(status), "CHECKER_NOT_ELIGIBLE");
  EXPECT_EQ(FactsOf(status)->metadata.at("rule_id"), "B4.OWN_NODE");
  EXPECT_EQ(FactsOf(status)->metadata.at("rule"), "与整改人在同一网格或同一单位任职");
  EXPECT_TRUE(ToStatus({true, "B4", ""}).ok());
}

TEST(EligibleCheckers, ComeFromTheTownshipFirst) {
  Ring ring = Ring::kCounty;
  EXPECT_EQ(EligiblePlaces(SmallCounty(), Question("east 1", "east 1 officer"), &ring),
            (std::set<std::string>{"east", "east 2"}));
  EXPECT_EQ(ring, Ring::kTownship);
}

TEST(EligibleCheckers, WidenToTheNeighbourTownshipsWhenTheTownshipHasNone) {
  Ring ring = Ring::kTownship;
  EXPECT_EQ(EligiblePlaces(SmallCounty(), Question("east 1", "east officer"), &ring),
            (std::set<std::string>{"west"}));
  EXPECT_EQ(ring, Ring::kNeighbourTownships);
}

TEST(EligibleCheckers, WidenToTheCountyWhenTheNeighboursHaveNoneEither) {
  CheckerQuestion question = Question("east 1", "east officer");
  question.excluded = {{IdOf("west supervisor"), Exclusion::kUnable}};
  Ring ring = Ring::kTownship;
  EXPECT_EQ(EligiblePlaces(SmallCounty(), question, &ring), (std::set<std::string>{"county"}));
  EXPECT_EQ(ring, Ring::kCounty);
}

TEST(EligibleCheckers, AreNobodyWhenEveryoneIsOut) {
  CheckerQuestion question = Question("east 1", "east officer");
  question.excluded = {{IdOf("west supervisor"), Exclusion::kUnable},
                       {IdOf("county supervisor"), Exclusion::kConflict}};
  EXPECT_TRUE(EligibleCheckers(*SmallCounty().Build(), question).empty());
  EXPECT_TRUE(EligibleCheckers(*SmallCounty().Build(), Question("no such place", "east officer")).empty());
  EXPECT_TRUE(EligibleCheckers(Ground(), question).empty());
}

TEST(EligibleCheckers, StartWithTheTownshipsForACaseOfTheCounty) {
  Ring ring = Ring::kCounty;
  EXPECT_EQ(EligiblePlaces(SmallCounty(), Question("county", "bureau handler"), &ring),
            (std::set<std::string>{"east", "west"}));
  EXPECT_EQ(ring, Ring::kNeighbourTownships);
}

TEST(EligibleCheckers, DoNotFallBackOnAVacantPost) {
  GroundBuilder ground;
  ground.AddDivision("county", "", Level::kCounty);
  ground.AddDivision("east", "county", Level::kTownship);
  ground.AddPost("vacant", PostKind::kSupervisionOfficer, "east", "");
  EXPECT_TRUE(EligibleCheckers(*ground.Build(), Question("east", "somebody")).empty());
}

TEST(EligibleCheckers, LetInWhoeverCheckedLastOnlyWhenNobodyElseMayInAnyRing) {
  CheckerQuestion question = Question("east 1", "east 1 officer");
  question.excluded = {{IdOf("east supervisor"), Exclusion::kAlternation},
                       {IdOf("east 2 supervisor"), Exclusion::kAlternation}};
  Pool pool = PoolOf(*SmallCounty().Build(), question);
  ASSERT_FALSE(pool.eligible.empty());
  EXPECT_EQ(pool.eligible[0].ring, Ring::kNeighbourTownships);
  EXPECT_FALSE(pool.alternation_relaxed);

  question.excluded.push_back({IdOf("west supervisor"), Exclusion::kConflict});
  question.excluded.push_back({IdOf("county supervisor"), Exclusion::kHandled});
  pool = PoolOf(*SmallCounty().Build(), question);
  EXPECT_TRUE(pool.alternation_relaxed);
  ASSERT_EQ(pool.eligible.size(), 2u);
  EXPECT_EQ(pool.eligible[0].ring, Ring::kTownship);

  question.excluded.push_back({IdOf("east supervisor"), Exclusion::kUnable});
  question.excluded.push_back({IdOf("east 2 supervisor"), Exclusion::kUnable});
  pool = PoolOf(*SmallCounty().Build(), question);
  EXPECT_TRUE(pool.eligible.empty());
  EXPECT_FALSE(pool.alternation_relaxed);
}

TEST(EligibleCheckers, SayForEveryRingHowManyEachRulePutOut) {
  CheckerQuestion question = Question("east 1", "east officer");
  question.excluded = {{IdOf("west supervisor"), Exclusion::kFinder}};
  GroundBuilder ground = SmallCounty();
  ground.AddPost("empty", PostKind::kSupervisionOfficer, "west", "");
  const Pool pool = PoolOf(*ground.Build(), question);
  ASSERT_EQ(pool.rings.size(), 3u);
  EXPECT_EQ(pool.rings[0].refused, (std::map<std::string, int>{{"B4.DIRECT_CHAIN", 3}, {"B4.OWN_NODE", 1}}));
  EXPECT_EQ(pool.rings[1].refused, (std::map<std::string, int>{{"B4.FINDER", 1}}));
  EXPECT_EQ(pool.rings[1].vacant, 1);
  EXPECT_EQ(pool.rings[2].eligible, 1);
}

TEST(EligibleCheckers, SayWhyACaseWaits) {
  CheckerQuestion question = Question("east 1", "east officer");
  question.excluded = {{IdOf("west supervisor"), Exclusion::kFinder},
                       {IdOf("county supervisor"), Exclusion::kConflict}};
  const std::string why = WaitingReason(PoolOf(*SmallCounty().Build(), question));
  EXPECT_NE(why.find("全县没有符合条件的监督员"), std::string::npos) << why;
  EXPECT_NE(why.find("已申报回避 1 人"), std::string::npos) << why;
  EXPECT_NE(why.find("乡镇以下同一条网格链 3 人"), std::string::npos) << why;
}

TEST(CheckerEligibility, KeepsTheReceiversUnitOutOfWhatItWasHandedOver) {
  GroundBuilder ground = SmallCounty();
  ground.AddUnit("other bureau", "city");
  ground.AddUnitPost("other bureau post", "other bureau", "west supervisor");
  CheckerQuestion question = Question("east 1", "");
  question.fixer = Uuid();
  EXPECT_EQ(Rule(ground, question, "west"), "B4");
  question.party_unit = IdOf("other bureau");
  EXPECT_EQ(Rule(ground, question, "west"), "B4.OWN_NODE");
  EXPECT_EQ(Rule(ground, question, "east"), "B4");
}

std::string KeyOf(const std::string& seed, const EligibleChecker& candidate) {
  return crypto::HmacSha256(seed, candidate.post.Bytes() + candidate.person.Bytes());
}

TEST(ChooseChecker, IsTheSameForTheSameSeedWhateverTheOrder) {
  std::vector<EligibleChecker> eligible;
  for (int i = 0; i < 9; ++i)
    eligible.push_back({IdOf("post " + std::to_string(i)), IdOf("person " + std::to_string(i))});
  const DrawKey key = [](const EligibleChecker& candidate) { return KeyOf("case 1", candidate); };
  const Uuid first = ChooseChecker(eligible, key)->person;
  std::reverse(eligible.begin(), eligible.end());
  EXPECT_EQ(ChooseChecker(eligible, key)->person, first);
  EXPECT_EQ(ChooseChecker({}, key), nullptr);
}

TEST(ChooseChecker, SpreadsTheWorkEvenlyOverManySeeds) {
  std::vector<EligibleChecker> eligible;
  for (int i = 0; i < 8; ++i)
    eligible.push_back({IdOf("post " + std::to_string(i)), IdOf("person " + std::to_string(i))});
  std::map<Uuid, int> drawn;
  for (int i = 0; i < 8000; ++i) {
    const std::string seed = "case " + std::to_string(i);
    ++drawn[ChooseChecker(eligible, [&](const EligibleChecker& c) { return KeyOf(seed, c); })->person];
  }
  double chi_square = 0;
  for (const EligibleChecker& checker : eligible) {
    const double off = drawn[checker.person] - 1000.0;
    chi_square += off * off / 1000;
  }
  EXPECT_LT(chi_square, 24.3);  // 7 degrees of freedom, one in a thousand
}

// B4 said once more, plainly and by names, over random counties in which people hold several posts.
class RandomCounty {
 public:
  explicit RandomCounty(uint64_t seed) : random_(seed) {
    Add("city", "", Level::kCity);
    Add("county", "city", Level::kCounty);
    for (int t = 0; t < 3; ++t) {
      const std::string township = "t" + std::to_string(t);
      Add(township, "county", Level::kTownship);
      for (int v = 0; v < 3; ++v) {
        const std::string village = township + "v" + std::to_string(v);
        Add(village, township, Level::kVillage);
        Add(village + "g", village, Level::kGroup);
      }
    }
    ground_ = builder_.Build();
  }

  void ExpectEveryVerdictIsRight(int* judged) {
    const std::string fixer = Person(random_() % kPersons);
    CheckerQuestion question = Question(places_[random_() % places_.size()], fixer);
    const std::string actor = Person(random_() % kPersons);
    question.chain = {{IdOf(actor), random_() % 2 == 0 ? Duty::kSigner : Duty::kChecker}};
    std::set<Uuid> right;
    for (const auto& [post, place] : supervision_) {
      const std::string person = holder_.at(post);
      const bool plain =
          IsIndependent(person, fixer) && !(person == actor && question.chain[0].duty == Duty::kSigner);
      const Verdict verdict = JudgeChecker(*ground_, question, IdOf(post), IdOf(person));
      ASSERT_EQ(verdict.eligible, plain)
          << post << " " << person << " fixer " << fixer << " " << verdict.rule;
      if (plain) right.insert(IdOf(post));
      ++*judged;
    }
    for (const EligibleChecker& checker : EligibleCheckers(*ground_, question))
      ASSERT_TRUE(right.contains(checker.post));
  }

 private:
  static constexpr int kPersons = 40;
  static std::string Person(uint64_t i) { return "p" + std::to_string(i); }

  void Add(const std::string& name, const std::string& parent, Level level) {
    builder_.AddDivision(name, parent, level);
    places_.push_back(name);
    parent_[name] = parent;
    level_[name] = level;
    for (const char* kind : {" supervision", " officer"}) {
      const std::string post = name + kind, person = Person(random_() % kPersons);
      builder_.AddPost(post, kind[1] == 's' ? PostKind::kSupervisionOfficer : PostKind::kGridOfficer, name,
                       person);
      holder_[post] = person;
      places_of_[person].insert(name);
      if (kind[1] == 's') supervision_[post] = name;
    }
  }

  bool Above(const std::string& high, std::string low) const {
    for (; !low.empty(); low = parent_.at(low)) {
      if (low == high) return true;
    }
    return false;
  }

  bool IsIndependent(const std::string& person, const std::string& fixer) const {
    if (person == fixer) return false;
    const auto theirs = places_of_.find(fixer);
    if (theirs == places_of_.end()) return true;
    for (const std::string& mine : places_of_.at(person)) {
      for (const std::string& their : theirs->second) {
        if (mine == their) return false;
        if (level_.at(mine) > Level::kTownship && (Above(mine, their) || Above(their, mine))) return false;
      }
    }
    return true;
  }

  std::mt19937_64 random_;
  GroundBuilder builder_;
  std::unique_ptr<Ground> ground_;
  std::vector<std::string> places_;
  std::map<std::string, std::string> parent_, holder_, supervision_;
  std::map<std::string, Level> level_;
  std::map<std::string, std::set<std::string>> places_of_;
};

TEST(CheckerEligibility, AgreesWithThePlainRuleOverAHundredThousandRandomVerdicts) {
  int judged = 0;
  for (uint64_t seed = 1; judged < 100000; ++seed) {
    RandomCounty county(seed);
    for (int i = 0; i < 60 && !::testing::Test::HasFatalFailure(); ++i)
      county.ExpectEveryVerdictIsRight(&judged);
    ASSERT_FALSE(::testing::Test::HasFatalFailure()) << "seed " << seed;
  }
}

}  // namespace
}  // namespace gridwarden::domain
