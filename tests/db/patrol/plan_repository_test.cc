#include "patrol/plan_repository.h"

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/status.h"
#include "domain/clock/stage_clock.h"
#include "domain/patrol/plan.h"
#include "google/protobuf/util/time_util.h"
#include "gtest/gtest.h"
#include "support/shared_database.h"
#include "support/statement_plan.h"
#include "support/test_city.h"

// The SQL of plans on the real MariaDB.
namespace gridwarden::patrol {
namespace {

using domain::PostKind;
using google::protobuf::util::TimeUtil;
using testing::City;
using testing::SharedDatabase;

const absl::CivilDay kDay(2026, 11, 23);
const absl::Time kNow = absl::FromCivil(absl::CivilHour(2026, 11, 23, 9), domain::CalendarZone());

class PlanRepositoryTest : public ::testing::Test {
 protected:
  PlanRepositoryTest() { SharedDatabase().Clear(); }

  static TaskRow Planned(int n, const Uuid& division) {
    TaskRow task;
    const Uuid source = Uuid::Derive(Uuid(), "source " + std::to_string(n));
    task.id = domain::PlanTaskId(source, "RULE", kDay);
    task.division = division;
    task.city = City().city;
    task.ground_path = City().ground->PathKey(division);
    task.post = City().PostOf(PostKind::kGridOfficer, division).id;
    task.due = kNow + absl::Hours(n % 72);
    v1::PatrolTask& value = task.value;
    value.set_name(ResourceName("patrolTasks", task.id));
    value.set_state(v1::PatrolTask::ISSUED);
    value.set_source(ResourceName("sources", source));
    value.set_category("RESTAURANT");
    value.set_kind(n % 2 == 0 ? v1::PatrolTask::TEST : v1::PatrolTask::PATROL);
    value.set_rule("RULE");
    value.set_slot_date(absl::FormatCivilTime(kDay));
    *value.mutable_window_start_time() = TimeUtil::MicrosecondsToTimestamp(absl::ToUnixMicros(kNow));
    *value.mutable_create_time() = value.window_start_time();
    task.subject = {task.id, 1, std::string(32, '\x01')};
    return task;
  }
  static void Run(const std::function<absl::Status(db::Transaction&)>& body) {
    const absl::Status status = SharedDatabase()->Run(body);
    ASSERT_TRUE(status.ok()) << status;
  }
  static std::vector<std::string> Here(const Uuid& division) { return {City().ground->PathKey(division)}; }

  const Uuid village = City().villages[0][0][0];
  const Uuid foreign = City().villages[1][0][0];
};

TEST_F(PlanRepositoryTest, KnowsWhatIsPlannedForASlotOnAGround) {
  std::vector<TaskRow> tasks;
  for (int n = 0; n < 300; ++n) tasks.push_back(Planned(n, n % 3 == 0 ? foreign : village));
  Run([&](db::Transaction& tx) -> absl::Status {
    GW_RETURN_IF_ERROR(InsertTasks(tx, tasks));
    GW_ASSIGN_OR_RETURN(const TaskRow read, ReadTask(tx, tasks[7].id));
    EXPECT_EQ(read.value.slot_date(), "2026-11-23");
    EXPECT_EQ(read.value.rule(), "RULE");
    EXPECT_EQ(read.value.kind(), v1::PatrolTask::PATROL);
    EXPECT_EQ(ReadPlanned(tx, "RULE", kDay, Here(village))->size(), 200U);
    EXPECT_EQ(ReadPlanned(tx, "RULE", kDay + 1, Here(village))->size(), 0U);
    EXPECT_EQ(ReadPlanned(tx, "OTHER", kDay, Here(village))->size(), 0U);
    std::vector<Uuid> ids = {Uuid::Make(kNow)};
    for (int n = 0; n < 123; ++n) ids.push_back(tasks[n].id);
    EXPECT_EQ(ReadThere(tx, ids)->size(), 123U);
    EXPECT_TRUE(absl::IsAlreadyExists(InsertTasks(tx, {&tasks[5], 1})));
    return absl::OkStatus();
  });
  const Uuid post = City().PostOf(PostKind::kGridOfficer, village).id;
  Run([&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(const std::vector<LoadRow> loads,
                        ReadLoads(tx, std::vector{post}, kNow - absl::Hours(1), kNow + absl::Hours(100)));
    EXPECT_EQ(loads.size(), 1U);
    EXPECT_EQ(loads[0].day, kDay);
    EXPECT_EQ(loads[0].tasks, 200);
    EXPECT_EQ(loads[0].open, 200);
    return absl::OkStatus();
  });
}

TEST_F(PlanRepositoryTest, CountsASourceOnceHoweverOftenItWasSeen) {
  TaskRow seen = Planned(1, village), again = Planned(3, village), shut = Planned(5, village);
  again.value.set_source(seen.value.source());
  for (TaskRow* task : {&seen, &again, &shut}) {
    task->value.set_state(v1::PatrolTask::DONE);
    task->value.set_result(task == &shut ? v1::Visit::INACCESSIBLE : v1::Visit::NORMAL);
    const absl::Time done = kNow + (task == &again ? absl::Hours(5) : absl::Hours(2));
    *task->value.mutable_done_time() = TimeUtil::MicrosecondsToTimestamp(absl::ToUnixMicros(done));
  }
  Run([&](db::Transaction& tx) -> absl::Status {
    for (const TaskRow& task : {seen, again, shut}) GW_RETURN_IF_ERROR(InsertTask(tx, task));
    const auto count = [&](absl::Time from, absl::Time to) {
      return ReadCounted(tx, "RESTAURANT", from, to, Here(village));
    };
    GW_ASSIGN_OR_RETURN(const std::vector<CountedRow> rows, count(kNow, kNow + absl::Hours(24)));
    EXPECT_EQ(rows.size(), 1U);
    EXPECT_EQ(rows[0].first, kNow + absl::Hours(2));
    EXPECT_EQ(count(kNow + absl::Hours(3), kNow + absl::Hours(24))->size(), 1U);
    EXPECT_EQ(count(kNow + absl::Hours(6), kNow + absl::Hours(24))->size(), 0U);
    return absl::OkStatus();
  });
}

TEST_F(PlanRepositoryTest, AnOlderVisitHandedInLaterDoesNotReplaceTheNewerOne) {
  const Uuid source = Uuid::Derive(Uuid(), "s"), first = Uuid::Derive(Uuid(), "a"),
             second = Uuid::Derive(Uuid(), "b");
  Run([&](db::Transaction& tx) -> absl::Status {
    GW_RETURN_IF_ERROR(SaveSeen(tx, {source, kNow, second}));
    GW_RETURN_IF_ERROR(SaveSeen(tx, {source, kNow - absl::Hours(5), first, kNow - absl::Hours(5)}));
    GW_ASSIGN_OR_RETURN(const std::vector<SeenRow> rows, ReadSeen(tx, std::vector{source}));
    EXPECT_EQ(rows.size(), 1U);
    EXPECT_EQ(rows[0].seen, kNow);
    EXPECT_EQ(rows[0].person, second);
    EXPECT_EQ(rows[0].problem, kNow - absl::Hours(5));  // a problem is not forgotten by that
    GW_RETURN_IF_ERROR(SaveSeen(tx, {source, kNow + absl::Hours(1), first}));
    GW_ASSIGN_OR_RETURN(const std::vector<SeenRow> after, ReadSeen(tx, std::vector{source}));
    EXPECT_EQ(after[0].person, first);
    EXPECT_EQ(after[0].problem, kNow - absl::Hours(5));
    return absl::OkStatus();
  });
}

TEST_F(PlanRepositoryTest, OfTwoProcessesOnePlansADivision) {
  DailyPlanRow plan;
  plan.division = village;
  plan.enabled = true;
  plan.subject = {Uuid::Derive(village, "daily plan"), 1, std::string(32, '\x01')};
  Run([&](db::Transaction& tx) { return SaveDailyPlan(tx, plan); });
  Run([&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(const auto claimed, ClaimDailyPlan(tx, kDay, kNow, absl::Minutes(10)));
    EXPECT_TRUE(claimed.has_value());
    // Another one, at the same moment: the row is locked, and afterwards it is claimed.
    const absl::Status other = SharedDatabase()->Run([&](db::Transaction& second) -> absl::Status {
      GW_ASSIGN_OR_RETURN(const auto twice, ClaimDailyPlan(second, kDay, kNow, absl::Minutes(10)));
      EXPECT_FALSE(twice.has_value());
      return absl::OkStatus();
    });
    return other;
  });
  Run([&](db::Transaction& tx) -> absl::Status {
    EXPECT_FALSE(ClaimDailyPlan(tx, kDay, kNow + absl::Minutes(9), absl::Minutes(10))->has_value());
    EXPECT_TRUE(ClaimDailyPlan(tx, kDay, kNow + absl::Minutes(11), absl::Minutes(10))->has_value());
    GW_RETURN_IF_ERROR(NotePlanned(tx, village, kDay, true));
    EXPECT_FALSE(ClaimDailyPlan(tx, kDay, kNow + absl::Minutes(30), absl::Minutes(10))->has_value());
    EXPECT_TRUE(ClaimDailyPlan(tx, kDay + 1, kNow + absl::Minutes(30), absl::Minutes(10))->has_value());
    return absl::OkStatus();
  });
}

TEST_F(PlanRepositoryTest, KeysServeWhatAPlanReads) {
  std::vector<TaskRow> tasks;
  for (int n = 0; n < 600; ++n) {
    tasks.push_back(Planned(n, n % 2 == 0 ? foreign : village));
    if (n % 3 != 0) tasks.back().value.set_rule("ELSE" + std::to_string(n % 7));
  }
  Run([&](db::Transaction& tx) { return InsertTasks(tx, tasks); });
  Run([&](db::Transaction& tx) -> absl::Status {
    for (const TaskRow& task : tasks)
      GW_RETURN_IF_ERROR(SaveSeen(tx, {*ParseResourceName("sources", task.value.source()), kNow, task.post}));
    return absl::OkStatus();
  });
  SharedDatabase().Ask("ANALYZE TABLE patrol_task");
  SharedDatabase().Ask("ANALYZE TABLE source_seen");
  testing::ExpectKeysServe(testing::PlansOf(*SharedDatabase(), [&](db::Transaction& tx) -> absl::Status {
    GW_RETURN_IF_ERROR(ReadPlanned(tx, "RULE", kDay, Here(village)).status());
    GW_RETURN_IF_ERROR(ReadSeen(tx, std::vector{tasks[0].id, tasks[1].id}).status());
    GW_RETURN_IF_ERROR(ReadThere(tx, std::vector{tasks[0].id, tasks[1].id}).status());
    return CountDue(tx, Here(village), kNow, kNow + absl::Hours(2), {}).status();
  }));
  std::map<std::string, std::string> keys;
  for (const testing::PlanPart& part :
       testing::PlansOf(*SharedDatabase(), [&](db::Transaction& tx) -> absl::Status {
         GW_RETURN_IF_ERROR(ReadLoads(tx, std::vector{tasks[0].post}, kNow, kNow + absl::Hours(9)).status());
         return ReadCounted(tx, "RESTAURANT", kNow, kNow + absl::Hours(9), Here(village)).status();
       })) {
    EXPECT_NE(part.type, "ALL") << part.sql;
    keys[part.key] = part.sql;
  }
  EXPECT_TRUE(keys.contains("task_post"));
  EXPECT_TRUE(keys.contains("task_counted"));
}

}  // namespace
}  // namespace gridwarden::patrol
