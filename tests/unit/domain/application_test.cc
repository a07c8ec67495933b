#include "domain/workflow/application.h"

#include <set>

#include "base/status.h"
#include "gtest/gtest.h"
#include "unit/domain/ground_builder.h"
#include "unit/domain/policy_files.h"

namespace gridwarden::domain {
namespace {

using testing::IdOf;

constexpr ApplicationKind kKinds[] = {ApplicationKind::kPostponement, ApplicationKind::kSuspension,
                                      ApplicationKind::kForcedClosing, ApplicationKind::kVoiding,
                                      ApplicationKind::kDispatchOutsideList};
constexpr Seat kSeats[] = {Seat::kShiftLeader,  Seat::kDispatchHead, Seat::kCentreLeader,
                           Seat::kCountyCentre, Seat::kCountyLeader, Seat::kOtherUnit};

Desk DeskOf(PostKind kind, Level level, const std::string& where) {
  return {IdOf("post " + where), IdOf(where), kind, level};
}
const Desk kVillageOffice = DeskOf(PostKind::kCampaignOffice, Level::kVillage, "v");
const Desk kTownOffice = DeskOf(PostKind::kCampaignOffice, Level::kTownship, "t");
const Desk kCountyOffice = DeskOf(PostKind::kCampaignOffice, Level::kCounty, "c");
const Desk kCityOffice = DeskOf(PostKind::kCampaignOffice, Level::kCity, "city");
const Desk kTownLeader = DeskOf(PostKind::kGridLeader, Level::kTownship, "t");
const Desk kCountyLeader = DeskOf(PostKind::kGridLeader, Level::kCounty, "c");
const Desk kCountyFirst = DeskOf(PostKind::kFirstGridLeader, Level::kCounty, "c");
const Desk kCountySupervisor = DeskOf(PostKind::kSupervisionOfficer, Level::kCounty, "c");

TEST(ApplicationSeats, AreFilledByTheDesksThatTheRuleNames) {
  struct Row {
    Seat seat;
    std::vector<const Desk*> fit;
  };
  const Row rows[] = {
      {Seat::kShiftLeader, {&kTownOffice, &kCountyOffice, &kCityOffice}},
      {Seat::kDispatchHead, {&kVillageOffice, &kTownOffice, &kCountyOffice, &kCityOffice}},
      {Seat::kCentreLeader, {&kCountyOffice, &kCityOffice, &kCountyLeader, &kCountyFirst}},
      {Seat::kCountyCentre, {&kCountyOffice, &kCityOffice}},
      {Seat::kCountyLeader, {&kCountyLeader, &kCountyFirst}},
      {Seat::kOtherUnit, {&kCountyOffice, &kCityOffice}},
  };
  for (const Row& row : rows) {
    const std::set<const Desk*> fit(row.fit.begin(), row.fit.end());
    for (const Desk* desk : {&kVillageOffice, &kTownOffice, &kCountyOffice, &kCityOffice, &kTownLeader,
                             &kCountyLeader, &kCountyFirst, &kCountySupervisor}) {
      EXPECT_EQ(Fits(row.seat, *desk, kTownOffice), fit.contains(desk))
          << NameOf(row.seat) << " " << NameOf(desk->kind) << " " << NameOf(desk->level);
    }
  }
}

TEST(ApplicationSeats, LetsNoOfficeConfirmItsOwnVoiding) {
  EXPECT_FALSE(Fits(Seat::kOtherUnit, kCountyOffice, kCountyOffice));
  EXPECT_TRUE(Fits(Seat::kOtherUnit, kCityOffice, kCountyOffice));
  EXPECT_FALSE(Fits(Seat::kOtherUnit, kTownOffice, kCountyOffice));
  EXPECT_TRUE(Fits(Seat::kOtherUnit, kCountyOffice, kCityOffice));
  EXPECT_TRUE(Fits(Seat::kOtherUnit, kTownOffice, kVillageOffice));
}

TEST(ApplicationSeats, GoUpALevelForASecondPostponementAndForWorks) {
  const auto seats = [](int before, const char* reason) {
    return SeatsOf(ApplicationKind::kPostponement, before, reason);
  };
  EXPECT_EQ(seats(0, "WEATHER"), std::vector{Seat::kShiftLeader});
  const std::vector<Seat> two = {Seat::kDispatchHead, Seat::kCentreLeader};
  EXPECT_EQ(seats(1, "WEATHER"), two);
  EXPECT_EQ(seats(0, "ENGINEERING"), two);
}

TEST(ApplicationSeats, ExistForEveryKindAndHaveNamesThatCanBeReadBack) {
  for (const ApplicationKind kind : kKinds) EXPECT_FALSE(SeatsOf(kind, 0, "").empty()) << NameOf(kind);
  for (const Seat seat : kSeats) EXPECT_EQ(ParseSeat(NameOf(seat)), seat);
  EXPECT_EQ(ParseSeat("APPLICANT"), std::nullopt);
}

// Everybody tries everything, in every order, holding any two desks: enumerated.
TEST(ApplicationSeats, AreNeverFilledByOnePersonTwiceNorByTheApplicant) {
  const Desk desks[] = {kTownOffice, kCountyOffice, kCityOffice, kTownLeader, kCountyLeader, kCountyFirst};
  const std::string people[] = {"applicant", "a", "b", "c"};
  int filled = 0, refused = 0;
  for (const ApplicationKind kind : kKinds) {
    for (const int before : {0, 1}) {
      const std::vector<Seat> seats = SeatsOf(kind, before, "WEATHER");
      for (const std::string& first : people) {
        for (const std::string& second : people) {
          for (const Desk& one : desks) {
            for (const Desk& other : desks) {
              std::vector<Taken> taken;
              for (const auto& [who, desk] : {std::pair(first, one), std::pair(second, other),
                                              std::pair(first, other), std::pair(second, one)}) {
                const Desk held[] = {desk, one};
                const auto sitting = TakeSeat(seats, taken, IdOf("applicant"), kTownOffice, IdOf(who), held);
                if (!sitting.ok()) {
                  ++refused;
                  continue;
                }
                ASSERT_TRUE(Fits(sitting->seat, sitting->desk, kTownOffice));
                taken.push_back({sitting->seat, IdOf(who)});
              }
              std::set<Uuid> persons;
              std::set<Seat> places;
              for (const Taken& t : taken) {
                ASSERT_TRUE(persons.insert(t.person).second);
                ASSERT_TRUE(places.insert(t.seat).second);
                ASSERT_NE(t.person, IdOf("applicant"));
              }
              filled += IsFull(seats, taken);
            }
          }
        }
      }
    }
  }
  EXPECT_GT(filled, 500);
  EXPECT_GT(refused, 5000);
}

TEST(ApplicationSeats, SayWhoIsStillNeeded) {
  const std::vector<Seat> seats = {Seat::kDispatchHead, Seat::kCentreLeader};
  const Taken taken[] = {{Seat::kDispatchHead, IdOf("a")}};
  const Desk county[] = {kCountyOffice};
  const auto again = TakeSeat(seats, taken, IdOf("x"), kTownOffice, IdOf("a"), county);
  EXPECT_EQ(ReasonOf(again.status()), "ANOTHER_PERSON_NEEDED");
  EXPECT_EQ(FactsOf(again.status())->metadata.at("seat"), "中心负责人");
  const Desk village[] = {kTownLeader};
  EXPECT_EQ(ReasonOf(TakeSeat(seats, taken, IdOf("x"), kTownOffice, IdOf("b"), village).status()),
            "NOT_ALLOWED");
  // Whoever fits both takes the higher one, so that a township can still take the other.
  EXPECT_EQ(TakeSeat(seats, {}, IdOf("x"), kTownOffice, IdOf("b"), county)->seat, Seat::kCentreLeader);
}

TEST(ApplicationStates, AreThoseOfTheActItself) {
  for (int i = 0; i <= kCaseStateMax; ++i) {
    const auto state = static_cast<CaseState>(i);
    EXPECT_EQ(Admits(state, ApplicationKind::kPostponement), state == CaseState::kHandling);
    EXPECT_EQ(Admits(state, ApplicationKind::kSuspension), state == CaseState::kHandling);
    EXPECT_EQ(Admits(state, ApplicationKind::kForcedClosing), IsOpen(state)) << NameOf(state);
    EXPECT_EQ(Admits(state, ApplicationKind::kVoiding), IsOpen(state)) << NameOf(state);
    EXPECT_EQ(Admits(state, ApplicationKind::kDispatchOutsideList),
              state == CaseState::kFiled || state == CaseState::kReturned);
    EXPECT_FALSE(Admits(state, ApplicationKind::kUnspecified));
  }
}

CaseType TypeWithCap(Calendar calendar, absl::Duration cap) {
  CaseType type;
  type.category = "DUST";
  type.limits.handle = {calendar, absl::Hours(72), ""};
  type.postponement.cap = {calendar, cap, ""};
  return type;
}

TEST(Postponement, EndsWithTheCapOfAllTogether) {
  const CaseType type = TypeWithCap(Calendar::kContinuous, absl::Hours(48));
  const auto ask = [&](int hours, int used) {
    return CheckPostponement(type, {Calendar::kContinuous, absl::Hours(hours), ""}, absl::Hours(used));
  };
  EXPECT_TRUE(ask(48, 0).ok());
  EXPECT_TRUE(ask(24, 24).ok());
  EXPECT_EQ(ReasonOf(ask(49, 0)), "POSTPONEMENT_TOO_LONG");
  const absl::Status over = ask(25, 24);
  EXPECT_EQ(ReasonOf(over), "POSTPONEMENT_TOO_LONG");
  EXPECT_EQ(FactsOf(over)->metadata.at("cap"), "2 天");
  EXPECT_EQ(FactsOf(over)->metadata.at("asked"), "25 小时");
  EXPECT_EQ(ReasonOf(ask(0, 0)), "INVALID_FIELD");
  EXPECT_EQ(ReasonOf(ask(-1, 0)), "INVALID_FIELD");
}

TEST(Postponement, IsCountedAsTheTypeCountsItsHandling) {
  const CaseType type = TypeWithCap(Calendar::kWorkingDays, absl::Hours(24 * 5));
  EXPECT_TRUE(CheckPostponement(type, {Calendar::kWorkingDays, absl::Hours(48), ""}, {}).ok());
  EXPECT_EQ(ReasonOf(CheckPostponement(type, {Calendar::kContinuous, absl::Hours(48), ""}, {})),
            "INVALID_FIELD");
  EXPECT_EQ(ReasonOf(CheckPostponement(type, {Calendar::kWorkingDays, absl::Hours(12), ""}, {})),
            "INVALID_FIELD");
}

TEST(Postponement, IsNeverGivenForFiresOfTheRealPolicy) {
  const Policy& policy = testing::RealPolicy();
  for (const char* category : {"STRAW_BURNING", "WASTE_BURNING", "RITUAL_BURNING", "FIREWORKS"}) {
    const CaseType& type = policy.TypeOf(category);
    EXPECT_EQ(ReasonOf(CheckPostponement(type, {type.limits.handle.calendar, absl::Hours(24), ""}, {})),
              "POSTPONEMENT_NOT_ALLOWED")
        << category;
    EXPECT_FALSE(type.may_suspend) << category;
  }
  ASSERT_NE(policy.applications, nullptr);
}

TEST(Ratio, BindsOnlyFromItsNumberOfCasesOn) {
  EXPECT_TRUE(WithinRatio(9, 9, 10, 10));
  EXPECT_TRUE(WithinRatio(1, 10, 10, 10));
  EXPECT_FALSE(WithinRatio(2, 10, 10, 10));
  EXPECT_FALSE(WithinRatio(2, 19, 10, 10));
  EXPECT_TRUE(WithinRatio(2, 20, 10, 10));
}

}  // namespace
}  // namespace gridwarden::domain
