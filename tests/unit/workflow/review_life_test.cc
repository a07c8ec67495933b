// W7 as a table, and W9.4 over every way through it.
#include "domain/accountability/review_life.h"

#include <functional>
#include <map>
#include <random>
#include <set>
#include <vector>

#include "base/status.h"
#include "gtest/gtest.h"
#include "unit/domain/ground_builder.h"

namespace gridwarden::domain {
namespace {

using testing::IdOf;
using A = ReviewAction;
using S = ReviewState;

// The diagram of W7, once more.
const std::map<S, std::map<A, S>> kDiagram = {
    {S::kUnspecified, {{A::kRecordLead, S::kLead}}},
    {S::kLead, {{A::kVerify, S::kPreliminary}}},
    {S::kPreliminary, {{A::kDoNotOpen, S::kNotOpened}, {A::kOpen, S::kOpened}}},
    {S::kOpened, {{A::kSealEvidence, S::kEvidenceSealed}}},
    {S::kEvidenceSealed, {{A::kServeFacts, S::kFactsServed}}},
    {S::kFactsServed, {{A::kAddFacts, S::kEvidenceSealed}, {A::kHearDefence, S::kDefence}}},
    {S::kDefence, {{A::kAddFacts, S::kEvidenceSealed}, {A::kConvene, S::kCollectiveDecision}}},
    {S::kCollectiveDecision,
     {{A::kFindNoFault, S::kNoFault},
      {A::kExempt, S::kExempt},
      {A::kMitigate, S::kMitigated},
      {A::kHold, S::kHeld}}},
    {S::kNoFault, {{A::kServe, S::kServed}}},
    {S::kExempt, {{A::kServe, S::kServed}}},
    {S::kMitigated, {{A::kServe, S::kServed}}},
    {S::kHeld, {{A::kServe, S::kServed}}},
    {S::kServed, {{A::kAppeal, S::kAppeal}, {A::kLetAppealPass, S::kFinal}}},
    {S::kAppeal, {{A::kUphold, S::kUpheld}, {A::kChange, S::kChanged}, {A::kRevoke, S::kRevoked}}},
    {S::kUpheld, {{A::kMakeFinal, S::kFinal}}},
    {S::kChanged, {{A::kMakeFinal, S::kFinal}}},
    {S::kRevoked, {{A::kMakeFinal, S::kFinal}}},
    {S::kFinal, {{A::kArchive, S::kArchived}}},
};

// Everything in order.
ReviewFacts Good() {
  return {.actor = IdOf("chair"),
          .reason = "依据问责条例",
          .approved_by_authority = true,
          .responsible_post = IdOf("post"),
          .duty_items = {"D-1"},
          .power_and_means_assessed = true,
          .count_recomputed = true,
          .exculpatory_written = true,
          .reviewer_root = "root",
          .subject_root = "root",
          .defence_heard = true,
          .drafter = IdOf("drafter"),
          .reviewer = IdOf("reviewer"),
          .deciders = {IdOf("chair"), IdOf("member")},
          .lineage = {IdOf("fixer"), IdOf("checker")},
          .appeal_time_passed = true};
}

// One fact spoiled per gate.
const std::map<ReviewGate, std::function<void(ReviewFacts&)>> kSpoil = {
    {ReviewGate::kHuman, [](ReviewFacts& f) { f.actor = Uuid(); }},
    {ReviewGate::kReason, [](ReviewFacts& f) { f.reason = " \n"; }},
    {ReviewGate::kApproved, [](ReviewFacts& f) { f.approved_by_authority = false; }},
    {ReviewGate::kPostResolved, [](ReviewFacts& f) { f.responsible_post = Uuid(); }},
    {ReviewGate::kDutyCited, [](ReviewFacts& f) { f.power_and_means_assessed = false; }},
    {ReviewGate::kCountRecomputed, [](ReviewFacts& f) { f.disputed_counted = 1; }},
    {ReviewGate::kExculpatory, [](ReviewFacts& f) { f.exculpatory_written = false; }},
    {ReviewGate::kSameBundle, [](ReviewFacts& f) { f.subject_root = "another"; }},
    {ReviewGate::kDefenceOver, [](ReviewFacts& f) { f.defence_heard = false; }},
    {ReviewGate::kSeparate, [](ReviewFacts& f) { f.reviewer = f.drafter; }},
    {ReviewGate::kParticipants, [](ReviewFacts& f) { f.deciders = {f.actor}; }},
    {ReviewGate::kAppealPassed, [](ReviewFacts& f) { f.appeal_time_passed = false; }},
};

TEST(ReviewLife, AllowsExactlyTheStepsOfTheDiagramAndRefusesEveryOtherPair) {
  for (int s = 0; s <= kReviewStateMax; ++s) {
    for (int a = 0; a <= kReviewActionMax; ++a) {
      const auto from = static_cast<S>(s);
      const auto action = static_cast<A>(a);
      const auto next = NextReview(from, action, Good());
      const auto row = kDiagram.find(from);
      if (row != kDiagram.end() && row->second.contains(action)) {
        ASSERT_TRUE(next.ok()) << next.status();
        EXPECT_EQ(*next, row->second.at(action));
      } else {
        EXPECT_EQ(ReasonOf(next.status()), "ILLEGAL_TRANSITION") << NameOf(from) << " " << NameOf(action);
      }
    }
  }
}

TEST(ReviewLife, NamesEveryStateActionAndGateInChinese) {
  std::set<std::string_view> names;
  for (int i = 0; i <= kReviewStateMax; ++i) names.insert(ZhOf(static_cast<S>(i)));
  EXPECT_EQ(names.size(), kReviewStateMax + 1u);
  for (int i = 0; i <= kReviewActionMax; ++i) EXPECT_NE(ZhOf(static_cast<A>(i)), "未知");
  for (int i = 0; i <= kReviewGateMax; ++i) EXPECT_NE(ZhOf(static_cast<ReviewGate>(i)), "未知");
}

TEST(ReviewLife, EveryGateOfEveryStepRefusesByItselfAndNamesItself) {
  int refused = 0;
  for (const ReviewStep& step : ReviewSteps()) {
    for (int i = 0; i <= kReviewGateMax; ++i) {
      const auto gate = static_cast<ReviewGate>(i);
      const auto gates = GatesOf(step.action);
      const bool asked = std::find(gates.begin(), gates.end(), gate) != gates.end();
      ReviewFacts facts = Good();
      kSpoil.at(gate)(facts);
      const auto next = NextReview(step.from, step.action, facts);
      if (!asked) {
        // A decision without its actor among those who took part has another gate to name.
        EXPECT_TRUE(next.ok() || gate == ReviewGate::kHuman) << NameOf(step.action) << " " << NameOf(gate);
        continue;
      }
      ++refused;
      ASSERT_EQ(ReasonOf(next.status()), "REVIEW_GATE_UNMET") << NameOf(step.action) << " " << NameOf(gate);
      EXPECT_EQ(FactsOf(next.status())->metadata.at("gate_name"), NameOf(gate));
      EXPECT_EQ(FactsOf(next.status())->metadata.at("gate"), ZhOf(gate));
    }
  }
  EXPECT_GT(refused, 60);
}

TEST(ReviewLife, NothingButTheTimeOfAnAppealPassesByItself) {
  ReviewFacts system = Good();
  system.actor = Uuid();
  for (const ReviewStep& step : ReviewSteps()) {
    EXPECT_EQ(NextReview(step.from, step.action, system).ok(), step.action == A::kLetAppealPass)
        << NameOf(step.action);
  }
}

TEST(ReviewLife, DrafterReviewerAndDecidersAreDifferentPeopleOutsideTheLineage) {
  const std::vector<std::function<void(ReviewFacts&)>> wrong = {
      [](ReviewFacts& f) { f.deciders.push_back(f.drafter); },
      [](ReviewFacts& f) { f.deciders.push_back(f.reviewer); },
      [](ReviewFacts& f) { f.deciders.push_back(f.deciders[0]); },
      [](ReviewFacts& f) { f.reviewer = f.drafter; },
      [](ReviewFacts& f) { f.drafter = f.lineage[0]; },
      [](ReviewFacts& f) { f.reviewer = f.lineage[1]; },
      [](ReviewFacts& f) { f.deciders.push_back(f.lineage[0]); },
      [](ReviewFacts& f) { f.drafter = Uuid(); },
  };
  EXPECT_TRUE(IsMet(ReviewGate::kSeparate, Good()));
  for (const auto& spoil : wrong) {
    ReviewFacts facts = Good();
    spoil(facts);
    EXPECT_FALSE(IsMet(ReviewGate::kSeparate, facts));
  }
}

// W9.4. What has been seen on the way here is part of where one is, so this is every path, however long and
// however often it goes round.
TEST(ReviewLife, NoPathToHeldSkipsTheFactsOrTheDefenceOfWhatItRestsOn) {
  struct Place {
    S state;
    bool facts = false, defence = false;  // since the evidence was sealed, or new facts were added
    auto operator<=>(const Place&) const = default;
  };
  std::set<Place> seen = {{S::kUnspecified}};
  std::vector<Place> open(seen.begin(), seen.end());
  int held = 0;
  while (!open.empty()) {
    const Place place = open.back();
    open.pop_back();
    for (int a = 0; a <= kReviewActionMax; ++a) {
      const auto next = NextReview(place.state, static_cast<A>(a), Good());
      if (!next.ok()) continue;
      Place after{*next, place.facts, place.defence};
      if (*next == S::kEvidenceSealed) after.facts = after.defence = false;
      if (*next == S::kFactsServed) after.facts = true;
      if (*next == S::kDefence) after.defence = after.facts;
      if (*next == S::kHeld) {
        ++held;
        EXPECT_TRUE(after.facts && after.defence);
      }
      if (seen.insert(after).second) open.push_back(after);
    }
  }
  EXPECT_EQ(held, 1);
}

// The same by walking all ways of up to thirty steps, one by one.
TEST(ReviewLife, EveryWayOfThirtyStepsToHeldGoesThroughFactsAndDefence) {
  int64_t ways = 0, to_held = 0;
  std::vector<S> way = {S::kUnspecified};
  const std::function<void()> walk = [&] {
    ++ways;
    if (way.back() == S::kHeld) {
      ++to_held;
      const auto sealed = std::find(way.rbegin(), way.rend(), S::kEvidenceSealed);
      const auto facts = std::find(way.rbegin(), way.rend(), S::kFactsServed);
      const auto defence = std::find(way.rbegin(), way.rend(), S::kDefence);
      ASSERT_TRUE(defence < facts && facts < sealed);
    }
    if (way.size() > 30) return;
    for (const auto& [action, to] :
         kDiagram.contains(way.back()) ? kDiagram.at(way.back()) : std::map<A, S>{}) {
      const auto next = NextReview(way.back(), action, Good());
      ASSERT_TRUE(next.ok());
      way.push_back(*next);
      walk();
      way.pop_back();
    }
  };
  walk();
  EXPECT_GT(ways, 5000);
  EXPECT_GT(to_held, 100);
}

// People try anything with facts in any disorder; whoever is held at the end had every gate met on the way.
TEST(ReviewLife, RandomReviewsReachHeldOnlyWithEveryGateMet) {
  std::mt19937_64 random(11);
  int64_t tried = 0, held = 0;
  while (tried < 1'000'000) {
    S state = S::kUnspecified;
    bool facts_met = false, heard = false, human = true;
    for (int step = 0; step < 120; ++step, ++tried) {
      ReviewFacts facts = Good();
      for (const auto& [gate, spoil] : kSpoil) {
        if (random() % 24 == 0) spoil(facts);
      }
      auto action = static_cast<A>(random() % (kReviewActionMax + 1));
      const auto row = kDiagram.find(state);
      if (row != kDiagram.end() && random() % 4 > 0)  // mostly something that leads on
        action = std::next(row->second.begin(), random() % row->second.size())->first;
      const auto next = NextReview(state, action, facts);
      if (!next.ok()) continue;
      state = *next;
      if (action != A::kLetAppealPass) human = human && !facts.actor.IsNil();
      if (state == S::kEvidenceSealed) facts_met = heard = false;
      if (state == S::kFactsServed) facts_met = facts.reviewer_root == facts.subject_root;
      if (state == S::kDefence) heard = facts_met;
      if (state != S::kHeld) continue;
      ++held;
      ASSERT_TRUE(facts_met && heard && human);
      ASSERT_TRUE(facts.defence_heard && facts.exculpatory_written && facts.disputed_counted == 0);
      ASSERT_NE(facts.reviewer, facts.drafter);
      ASSERT_GE(facts.deciders.size(), 2u);
      break;
    }
  }
  RecordProperty("tried", static_cast<int>(tried));
  EXPECT_GT(held, 500);
}

}  // namespace
}  // namespace gridwarden::domain
