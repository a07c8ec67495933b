#include "casework/timer_repository.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/status.h"
#include "casework/vacancy_repository.h"
#include "support/statement_plan.h"
#include "support/test_database.h"

namespace gridwarden::casework {
namespace {

using ::testing::IsEmpty;

const absl::Time kStart = absl::FromUnixSeconds(1'790'000'000);

class TimerRepository : public ::testing::Test {
 protected:
  void SetUp() override { Database().Clear(); }
  static testing::TestDatabase& Database() {
    static auto* database = new testing::TestDatabase();
    return *database;
  }
  absl::Status Run(const std::function<absl::Status(db::Transaction&)>& body) {
    return Database()->Run(body);
  }

  // Rungs 50, 80 and 100 at these hours after the start.
  static Timer Planned(const Uuid& subject, std::initializer_list<int> hours, int cycle = 0) {
    Timer timer{.key = {subject, "HANDLE", cycle}, .start = kStart};
    int percent[] = {50, 80, 100}, i = 0;
    for (const int hour : hours) {
      v1::TimerPlan::Step& step = *timer.plan.add_steps();
      step.set_percent(percent[i++]);
      step.set_level(v1::Rung::R1);
      step.set_time_us(absl::ToUnixMicros(kStart + absl::Hours(hour)));
      timer.due = kStart + absl::Hours(hour);
    }
    timer.next = kStart + absl::Hours(*hours.begin());
    return timer;
  }
  void Save(const Timer& timer) {
    ASSERT_TRUE(Run([&](db::Transaction& tx) { return SaveTimers(tx, {&timer, 1}); }).ok());
  }
  std::vector<Timer> Claim(absl::Time now, int limit = 10) {
    std::vector<Timer> timers;
    EXPECT_TRUE(Run([&](db::Transaction& tx) -> absl::Status {
                  GW_ASSIGN_OR_RETURN(timers, ClaimTimers(tx, now, limit));
                  return absl::OkStatus();
                }).ok());
    return timers;
  }
  void SetFired(Timer timer, int fired, std::optional<absl::Time> next) {
    timer.fired = fired;
    timer.next = next;
    ASSERT_TRUE(Run([&](db::Transaction& tx) { return SaveFired(tx, {&timer, 1}); }).ok());
  }
};

TEST_F(TimerRepository, ClaimsWhatIsDueTheLongestWaitingFirst) {
  const Uuid first = Uuid::Make(kStart), second = Uuid::Make(kStart), later = Uuid::Make(kStart);
  Save(Planned(second, {2, 3, 4}));
  Save(Planned(first, {1, 3, 4}));
  Save(Planned(later, {9, 10, 11}));
  const std::vector<Timer> timers = Claim(kStart + absl::Hours(5));
  ASSERT_EQ(timers.size(), 2u);
  EXPECT_EQ(timers[0].key.subject, first);
  EXPECT_EQ(timers[1].key.subject, second);
  EXPECT_EQ(timers[0].plan.steps_size(), 3);
}

TEST_F(TimerRepository, ASecondSchedulerGetsWhatTheFirstDoesNotHold) {
  const Uuid one = Uuid::Make(kStart), two = Uuid::Make(kStart);
  Save(Planned(one, {1, 2, 3}));
  Save(Planned(two, {2, 3, 4}));
  ASSERT_TRUE(Run([&](db::Transaction& tx) -> absl::Status {
                GW_ASSIGN_OR_RETURN(const std::vector<Timer> mine,
                                    ClaimTimers(tx, kStart + absl::Hours(5), 1));
                EXPECT_EQ(mine.at(0).key.subject, one);
                const std::vector<Timer> others = Claim(kStart + absl::Hours(5));
                EXPECT_EQ(others.size(), 1u);
                if (!others.empty()) EXPECT_EQ(others[0].key.subject, two);
                return absl::OkStatus();
              }).ok());
}

TEST_F(TimerRepository, AShiftedRunIsLookedAtAtOnceAndRemembersWhatHasFired) {
  const Uuid subject = Uuid::Make(kStart);
  Save(Planned(subject, {5, 8, 10}));
  SetFired(Planned(subject, {5, 8, 10}), 50, kStart + absl::Hours(8));
  Save(Planned(subject, {10, 16, 20}));  // postponed
  EXPECT_THAT(Claim(kStart + absl::Hours(9)), IsEmpty());
  const std::vector<Timer> timers = Claim(kStart + absl::Hours(10));
  ASSERT_EQ(timers.size(), 1u);
  EXPECT_EQ(timers[0].fired, 50);
  EXPECT_EQ(timers[0].due, kStart + absl::Hours(20));
}

TEST_F(TimerRepository, ARunThatStopsOwesOnlyWhatWasDueByThen) {
  const Uuid owes = Uuid::Make(kStart), free = Uuid::Make(kStart);
  Save(Planned(owes, {1, 8, 10}));
  Save(Planned(free, {5, 8, 10}));
  for (const Uuid& subject : {owes, free})
    Save({.key = {subject, "HANDLE", 0}, .start = kStart, .due = kStart, .end = kStart + absl::Hours(2)});
  const std::vector<Timer> timers = Claim(kStart + absl::Hours(24));
  ASSERT_EQ(timers.size(), 1u);
  EXPECT_EQ(timers[0].key.subject, owes);
  EXPECT_EQ(timers[0].end, kStart + absl::Hours(2));
  EXPECT_EQ(timers[0].plan.steps_size(), 3);
}

TEST_F(TimerRepository, ARunThatRestedGoesOnUnderItsNumber) {
  const Uuid subject = Uuid::Make(kStart);
  Save(Planned(subject, {5, 8, 10}));
  Save({.key = {subject, "HANDLE", 0}, .start = kStart, .due = kStart, .end = kStart + absl::Hours(2)});
  EXPECT_THAT(Claim(kStart + absl::Hours(24)), IsEmpty());
  Save(Planned(subject, {15, 18, 20}));
  const std::vector<Timer> timers = Claim(kStart + absl::Hours(24));
  ASSERT_EQ(timers.size(), 1u);
  EXPECT_FALSE(timers[0].end.has_value());
  EXPECT_EQ(timers[0].start, kStart);
}

TEST_F(TimerRepository, TheKeyRefusesARungASecondTime) {
  RungRow rung{.key = {Uuid::Make(kStart), "HANDLE", 1},
               .percent = 50,
               .id = Uuid::Make(kStart),
               .due = kStart,
               .fire = kStart,
               .entry_id = Uuid::Make(kStart)};
  const auto insert = [&] { return Run([&](db::Transaction& tx) { return InsertRungs(tx, {&rung, 1}); }); };
  ASSERT_TRUE(insert().ok());
  EXPECT_TRUE(db::IsDuplicateKey(insert()));
  rung.percent = 80;
  EXPECT_TRUE(insert().ok());
}

TEST_F(TimerRepository, EveryStatementIsServedByItsKey) {
  for (int i = 0; i < 300; ++i) Save(Planned(Uuid::Make(kStart), {i % 50, 60, 70}));
  Database().Ask("ANALYZE TABLE case_timer");
  testing::ExpectKeysServe(testing::PlansOf(*Database(), [](db::Transaction& tx) -> absl::Status {
    GW_RETURN_IF_ERROR(ClaimTimers(tx, kStart + absl::Hours(5), 64).status());
    GW_RETURN_IF_ERROR(LockTimer(tx, {Uuid::Make(kStart), "ACCEPT", 3}, kStart).status());
    GW_RETURN_IF_ERROR(ReadOpenVacancies(tx, Uuid::Make(kStart), 10).status());
    return LockVacancy(tx, Uuid::Make(kStart)).status();
  }));
  // Only the entry at the beginning of the key is read.
  const std::vector<testing::PlanPart> oldest =
      testing::PlansOf(*Database(), [](db::Transaction& tx) { return OldestNext(tx).status(); });
  ASSERT_EQ(oldest.size(), 1u);
  EXPECT_EQ(oldest[0].key, "timer_next");
  EXPECT_EQ(oldest[0].extra.find("filesort"), std::string::npos);
}

}  // namespace
}  // namespace gridwarden::casework
