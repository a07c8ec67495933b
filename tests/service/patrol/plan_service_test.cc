#include <algorithm>
#include <atomic>
#include <functional>
#include <map>
#include <set>
#include <thread>

#include "base/status.h"
#include "domain/clock/stage_clock.h"
#include "domain/policy/patrol_rules.h"
#include "google/protobuf/util/time_util.h"
#include "gridwarden/patrol/v1/patrol_service.pb.h"
#include "gridwarden/patrol/v1/plan_service.pb.h"
#include "gridwarden/source/v1/source_service.pb.h"
#include "gtest/gtest.h"
#include "patrol/daily_planner.h"
#include "patrol/patrol_service.h"
#include "source/source_service.h"
#include "support/reorganised_city.h"
#include "support/shared_database.h"
#include "support/test_city.h"
#include "support/test_policy.h"
#include "support/test_server.h"

// Plans of patrols behind the real pipeline, with the shipped rules; the quotas of one city are moved to the
// test city.
namespace gridwarden::patrol {
namespace {

using domain::PostKind;
using google::protobuf::util::TimeUtil;
using testing::City;
using testing::SharedDatabase;

constexpr char kMonday[] = "2026-11-23";

std::shared_ptr<const domain::Policy> PolicyOfTestCity() {
  auto policy = std::make_shared<domain::Policy>(*testing::TestPolicy());
  auto rules = std::make_shared<domain::PatrolRules>(*policy->patrol);
  for (domain::Quota& quota : rules->quotas) {
    if (quota.jurisdiction_code == "4111") quota.jurisdiction_code = "9901";
  }
  policy->patrol = rules;
  return policy;
}

class PlanTest : public ::testing::Test {
 protected:
  PlanTest() : server(*SharedDatabase(), City().MakeDirectory(), PolicyOfTestCity()) {
    SharedDatabase().Clear();
    server.Install(Install);
    server.Install(source::Install);
    server.clock().Set(absl::FromCivil(absl::CivilHour(2026, 11, 23, 9), domain::CalendarZone()));
  }

  template <typename Response, typename Request>
  absl::StatusOr<Response> Call(const std::string& token, const std::string& method, const Request& request) {
    return server.Call<Response>(token, "gridwarden.patrol.v1.PlanService/" + method, request);
  }
  std::string NewId() { return Uuid::Make(server.clock().Now()).ToString(); }

  // `count` sources of a category, spread over the villages of the township.
  void Register(const std::string& category, int count) {
    for (int i = 0; i < count; ++i) {
      source::v1::CreateSourceRequest request;
      request.set_request_id(NewId());
      request.mutable_source()->set_display_name(category + std::to_string(i));
      request.mutable_source()->set_category(category);
      request.mutable_source()->set_division(ResourceName("divisions", City().villages[0][0][i % 4]));
      const auto made =
          server.Call<source::v1::Source>(office, "gridwarden.source.v1.SourceService/CreateSource", request);
      ASSERT_TRUE(made.ok()) << made.status();
    }
  }

  v1::MakePlanRequest NewPlan(const Uuid& division, const std::string& from, const std::string& to) {
    v1::MakePlanRequest request;
    request.set_request_id(NewId());
    request.set_division(ResourceName("divisions", division));
    request.set_from_date(from);
    request.set_to_date(to);
    return request;
  }
  v1::Plan Make(const std::string& from, const std::string& to) {
    const absl::StatusOr<v1::Plan> plan = Call<v1::Plan>(office, "MakePlan", NewPlan(township, from, to));
    EXPECT_TRUE(plan.ok()) << plan.status();
    return plan.value_or(v1::Plan());
  }
  absl::StatusOr<v1::QuotaProgress> Progress(const std::string& token, const Uuid& division) {
    v1::GetQuotaProgressRequest request;
    request.set_division(ResourceName("divisions", division));
    return Call<v1::QuotaProgress>(token, "GetQuotaProgress", request);
  }
  static v1::QuotaProgress::Quota Of(const absl::StatusOr<v1::QuotaProgress>& progress,
                                     const std::string& code) {
    if (progress.ok()) {
      for (const v1::QuotaProgress::Quota& quota : progress->quotas()) {
        if (quota.code() == code) return quota;
      }
    }
    return {};
  }
  // Whoever has the task says that all is well there.
  absl::Status Visit(const v1::PatrolTask& task, v1::Visit::Result result = v1::Visit::NORMAL) {
    v1::SubmitVisitRequest request;
    request.set_request_id(NewId());
    request.set_parent(task.name());
    request.mutable_visit()->set_result(result);
    *request.mutable_visit()->mutable_event_time() =
        TimeUtil::MicrosecondsToTimestamp(absl::ToUnixMicros(server.clock().Now()));
    const Uuid person = City().PersonIn(*ParseResourceName("posts", task.post()));
    return server
        .Call<v1::Visit>(City().TokenOfPerson(person), "gridwarden.patrol.v1.PatrolService/SubmitVisit",
                         request)
        .status();
  }
  v1::WaivePatrolTasksRequest NewWaiver(const Uuid& division) {
    v1::WaivePatrolTasksRequest request;
    request.set_request_id(NewId());
    request.set_division(ResourceName("divisions", division));
    *request.mutable_due_from_time() = Time(absl::CivilDay(2026, 11, 23));
    *request.mutable_due_to_time() = Time(absl::CivilDay(2026, 12, 1));
    request.set_reason(v1::PatrolTask::Release::WEATHER);
    return request;
  }
  static google::protobuf::Timestamp Time(absl::CivilDay day) {
    return TimeUtil::MicrosecondsToTimestamp(
        absl::ToUnixMicros(absl::FromCivil(day, domain::CalendarZone())));
  }
  static std::string Count(const std::string& where) {
    return SharedDatabase().Ask("SELECT COUNT(*) FROM " + where);
  }

  testing::TestServer server;
  const Uuid township = City().townships[0][0];
  const Uuid county = City().counties[0];
  const std::string office = City().TokenOf(PostKind::kCampaignOffice, township);
  const std::string county_office = City().TokenOf(PostKind::kCampaignOffice, county);
  const std::string foreign_office = City().TokenOf(PostKind::kCampaignOffice, City().townships[1][0]);
  const std::string officer = City().TokenOf(PostKind::kPatrolOfficer, township);
};

TEST_F(PlanTest, MakesWhatThePreviewShowsAndTheTasksAreTheOfficers) {
  Register("SMALL_POLLUTER", 6);
  Register("RESTAURANT", 10);
  v1::PreviewPlanRequest preview;
  preview.set_division(ResourceName("divisions", township));
  preview.set_from_date(kMonday);
  preview.set_to_date("2026-11-29");
  const absl::StatusOr<v1::Plan> shown = Call<v1::Plan>(office, "PreviewPlan", preview);
  ASSERT_TRUE(shown.ok()) << shown.status();
  EXPECT_EQ(Count("patrol_task"), "0");
  const v1::Plan made = Make(kMonday, "2026-11-29");
  ASSERT_EQ(made.task_count(), shown->task_count());
  ASSERT_EQ(made.tasks_size(), shown->tasks_size());
  std::map<std::string, int> rules;
  for (int i = 0; i < made.tasks_size(); ++i) {
    const v1::PatrolTask& task = made.tasks(i);
    EXPECT_EQ(task.name(), shown->tasks(i).name());
    EXPECT_EQ(task.post(), shown->tasks(i).post());
    EXPECT_EQ(task.state(), task.post().empty() ? v1::PatrolTask::PLANNED : v1::PatrolTask::ISSUED);
    EXPECT_LT(task.window_start_time().seconds(), task.due_time().seconds());
    EXPECT_EQ(task.etag(), "1");
    ++rules[task.rule()];
  }
  EXPECT_EQ(rules["TOWNSHIP_KEY"], 12);    // 6 sources, twice in the week
  EXPECT_EQ(rules["VILLAGE_GROUND"], 16);  // 4 villages: the slots of two days of 22, 24, 26 and 28 November
  EXPECT_EQ(Count("patrol_task"), std::to_string(made.task_count()));
  EXPECT_EQ(Count("journal_stage"), std::to_string(16 + made.task_count()));
  // The patrol officer of the fourth village is missing; his colleague has his share.
  ASSERT_EQ(made.shortages_size(), 1);
  EXPECT_EQ(made.shortages(0).division(), ResourceName("divisions", City().villages[0][0][3]));
  EXPECT_EQ(made.shortages(0).tasks_unassigned(), 0);

  v1::ListPlansRequest list;
  const absl::StatusOr<v1::ListPlansResponse> plans =
      Call<v1::ListPlansResponse>(county_office, "ListPlans", list);
  ASSERT_TRUE(plans.ok()) << plans.status();
  ASSERT_EQ(plans->plans_size(), 1);
  EXPECT_EQ(plans->plans(0).name(), made.name());
  EXPECT_EQ(plans->plans(0).task_count(), made.task_count());
  EXPECT_EQ(Call<v1::ListPlansResponse>(foreign_office, "ListPlans", list)->plans_size(), 0);
}

TEST_F(PlanTest, RepeatingAPlanMakesNothingTwice) {
  Register("RESTAURANT", 8);
  Register("SMALL_POLLUTER", 3);
  const v1::MakePlanRequest request = NewPlan(township, kMonday, "2026-11-29");
  const absl::StatusOr<v1::Plan> first = Call<v1::Plan>(office, "MakePlan", request);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_GT(first->task_count(), 0);
  // The same request: the same answer. Another one: nothing is left to plan. The county: only its own rules.
  EXPECT_EQ(Call<v1::Plan>(office, "MakePlan", request)->SerializeAsString(), first->SerializeAsString());
  EXPECT_EQ(Make(kMonday, "2026-11-29").task_count(), 0);
  const absl::StatusOr<v1::Plan> county_plan =
      Call<v1::Plan>(county_office, "MakePlan", NewPlan(county, kMonday, "2026-11-29"));
  ASSERT_TRUE(county_plan.ok()) << county_plan.status();
  for (const v1::PatrolTask& task : county_plan->tasks()) {
    const bool here = task.division() == ResourceName("divisions", City().villages[0][0][0]);
    EXPECT_TRUE(!here || task.rule() == "COUNTY_KEY") << task.rule();
  }
  v1::MakePlanRequest other = request;
  other.set_to_date("2026-11-30");
  EXPECT_EQ(ReasonOf(Call<v1::Plan>(office, "MakePlan", other).status()), "REQUEST_ID_REUSED");
}

TEST_F(PlanTest, IsRefusedToOthersElsewhereAndForDaysThatCannotBe) {
  const auto reason = [&](const std::string& token, const std::function<void(v1::MakePlanRequest&)>& change) {
    v1::MakePlanRequest request = NewPlan(township, kMonday, "2026-11-24");
    change(request);
    return ReasonOf(Call<v1::Plan>(token, "MakePlan", request).status());
  };
  const auto same = [](auto&) {};
  EXPECT_EQ(reason(officer, same), "NOT_ALLOWED");
  EXPECT_EQ(reason(foreign_office, same), "NOT_ALLOWED");
  EXPECT_EQ(reason(office, [](auto& r) { r.clear_division(); }), "REQUIRED_FIELD_MISSING");
  EXPECT_EQ(reason(office, [](auto& r) { r.clear_request_id(); }), "REQUIRED_FIELD_MISSING");
  EXPECT_EQ(reason(office, [](auto& r) { r.set_division("999999"); }), "DIVISION_CODE_UNKNOWN");
  EXPECT_EQ(reason(office, [](auto& r) { r.set_from_date("2026-11-22"); }), "INVALID_FIELD");  // yesterday
  EXPECT_EQ(reason(office, [](auto& r) { r.set_from_date("23.11.2026"); }), "INVALID_FIELD");
  EXPECT_EQ(reason(office, [](auto& r) { r.set_to_date("2026-11-20"); }), "INVALID_FIELD");
  EXPECT_EQ(reason(office, [](auto& r) { r.set_to_date("2026-12-24"); }), "INVALID_FIELD");  // 32 days
  v1::PreviewPlanRequest preview;
  preview.set_division(ResourceName("divisions", township));
  preview.set_from_date(kMonday);
  preview.set_to_date(kMonday);
  EXPECT_EQ(ReasonOf(Call<v1::Plan>(officer, "PreviewPlan", preview).status()), "NOT_ALLOWED");
  EXPECT_EQ(ReasonOf(Call<v1::Plan>(foreign_office, "PreviewPlan", preview).status()), "NOT_ALLOWED");
  EXPECT_EQ(Count("patrol_task"), "0");
}

TEST_F(PlanTest, SaysHowFarAQuotaIsReachedAndHowTheFiguresComeAbout) {
  Register("RESTAURANT", 10);
  v1::QuotaProgress::Quota quota = Of(Progress(officer, township), "Q-LH-REST-PATROL");
  EXPECT_EQ(quota.denominator(), 10);
  EXPECT_EQ(quota.numerator(), 0);
  EXPECT_EQ(quota.need(), 3);
  EXPECT_EQ(quota.need_by_date(), 3);  // 10 x 30 % x 23 / 30 = 2.3
  EXPECT_EQ(quota.shortage(), 3);
  EXPECT_EQ(quota.standing(), v1::QuotaProgress::Quota::BEHIND);
  EXPECT_EQ(quota.formula(), "ceil(10 x 30 %) = 3; 2026-11-23: 3; 0 x 30 / 23 = 0");
  EXPECT_EQ(quota.target(), ">= 30 % / month");
  EXPECT_EQ(quota.target_zh(), "每月 >= 30 %");
  EXPECT_EQ(quota.source(), "漯环攻坚办〔2020〕13号 三(四)23");

  const v1::Plan plan = Make(kMonday, "2026-11-30");
  int patrols = 0, tests = 0;
  for (const v1::PatrolTask& task : plan.tasks()) {
    if (task.category() != "RESTAURANT") continue;
    server.clock().Set(absl::FromUnixSeconds(task.window_start_time().seconds()) + absl::Hours(1));
    if (task.kind() == v1::PatrolTask::PATROL && patrols < 2) {
      EXPECT_EQ(task.checklist(), "RESTAURANT");
      ASSERT_TRUE(Visit(task, patrols == 0 ? v1::Visit::INACCESSIBLE : v1::Visit::NORMAL).ok());
      ++patrols;
    }
    tests += task.kind() == v1::PatrolTask::TEST;
  }
  server.clock().Set(absl::FromCivil(absl::CivilHour(2026, 11, 30, 20), domain::CalendarZone()));
  EXPECT_EQ(patrols, 2);
  EXPECT_EQ(tests, 3);  // 10 x 35 % with the reserve x 61 days of 92, rounded up
  quota = Of(Progress(office, township), "Q-LH-REST-PATROL");
  EXPECT_EQ(quota.numerator(), 1);  // who could not get in has seen nothing
  EXPECT_EQ(Of(Progress(office, township), "Q-LH-REST-TEST").numerator(), 0);
  EXPECT_EQ(Of(Progress(office, township), "Q-LH-REST-TEST").planned(), 3);
}

TEST_F(PlanTest, SaysWhatItCannotCountInsteadOfGuessing) {
  const absl::StatusOr<v1::QuotaProgress> progress = Progress(office, township);
  ASSERT_TRUE(progress.ok()) << progress.status();
  const v1::QuotaProgress::Quota points = Of(progress, "Q-LH-ROADSIDE");
  EXPECT_EQ(points.standing(), v1::QuotaProgress::Quota::DENOMINATOR_UNKNOWN);
  EXPECT_FALSE(points.missing_zh().empty());
  EXPECT_EQ(points.denominator(), 0);
  EXPECT_EQ(Of(progress, "Q-LH-STRAW").standing(), v1::QuotaProgress::Quota::SHOWN_ONLY);
  EXPECT_EQ(Of(progress, "Q-LH-OIL-DEPOT").standing(), v1::QuotaProgress::Quota::NOT_IN_FORCE);
  EXPECT_EQ(Of(progress, "Q-LH-REST-PATROL").standing(), v1::QuotaProgress::Quota::DENOMINATOR_UNKNOWN);
  for (const v1::QuotaProgress::Quota& quota : progress->quotas())
    EXPECT_EQ(quota.code().substr(0, 4) == "Q-LH" || quota.code().starts_with("Q-RET"), true) << quota.code();
  EXPECT_EQ(ReasonOf(Progress(foreign_office, township).status()), "NOT_ALLOWED");
  v1::GetQuotaProgressRequest request;
  EXPECT_EQ(ReasonOf(Call<v1::QuotaProgress>(office, "GetQuotaProgress", request).status()),
            "REQUIRED_FIELD_MISSING");
  request.set_division(ResourceName("divisions", township));
  request.set_date("soon");
  EXPECT_EQ(ReasonOf(Call<v1::QuotaProgress>(office, "GetQuotaProgress", request).status()), "INVALID_FIELD");
}

TEST_F(PlanTest, SendsSomebodyElseToASourceThatWasSeenAndMoreOftenWhereAProblemWasFound) {
  Register("RESTAURANT", 4);
  v1::Plan plan = Make("2026-12-01", "2026-12-15");
  std::map<std::string, std::string> saw;
  for (const v1::PatrolTask& task : plan.tasks()) {
    if (task.rule() != "TOWNSHIP_OTHER") continue;
    server.clock().Set(absl::FromUnixSeconds(task.window_start_time().seconds()) + absl::Hours(1));
    ASSERT_TRUE(Visit(task).ok());
    saw[task.source()] = task.post();
  }
  ASSERT_EQ(saw.size(), 4U);
  server.clock().Set(absl::FromCivil(absl::CivilHour(2026, 12, 16, 8), domain::CalendarZone()));
  plan = Make("2026-12-16", "2026-12-31");
  std::map<std::string, int> on_day;
  int again = 0, seen = 0;
  for (const v1::PatrolTask& task : plan.tasks()) {
    if (task.rule() != "TOWNSHIP_OTHER") continue;
    ++seen;
    again += saw[task.source()] == task.post();
  }
  EXPECT_EQ(seen, 4);
  EXPECT_LE(again, 2);  // never both of a day's two; a lone task goes to who has fewer

  SharedDatabase().Exec("UPDATE source_seen SET problem_us = seen_us");
  server.clock().Set(absl::FromCivil(absl::CivilHour(2027, 1, 4, 8), domain::CalendarZone()));
  plan = Make("2027-01-04", "2027-01-10");
  int key = 0;
  for (const v1::PatrolTask& task : plan.tasks()) key += task.rule() == "TOWNSHIP_KEY";
  EXPECT_EQ(key, 8);  // twice a week each
}

TEST_F(PlanTest, LooksForReburningInTheHeatingSeasonOnly) {
  Register("DUAL_SUBSTITUTION", 2);
  const auto reburn = [&](const std::string& from, const std::string& to) {
    int tasks = 0;
    const v1::Plan plan = Make(from, to);
    for (const v1::PatrolTask& task : plan.tasks()) {
      if (task.rule() != "REBURN") continue;
      ++tasks;
      EXPECT_EQ(task.checklist(), "HOUSEHOLD_REBURN");
    }
    return tasks;
  };
  EXPECT_EQ(reburn(kMonday, "2026-11-29"), 2);
  server.clock().Set(absl::FromCivil(absl::CivilHour(2027, 6, 7, 8), domain::CalendarZone()));
  EXPECT_EQ(reburn("2027-06-07", "2027-06-13"), 0);
}

TEST_F(PlanTest, ADayOfStormIsOneApprovalWithAnEntryForEachTask) {
  Register("SMALL_POLLUTER", 5);
  const v1::Plan plan = Make(kMonday, "2026-11-27");
  v1::WaivePatrolTasksRequest request = NewWaiver(township);
  request.set_dry_run(true);
  const auto counted = Call<v1::WaivePatrolTasksResponse>(office, "WaivePatrolTasks", request);
  ASSERT_TRUE(counted.ok()) << counted.status();
  EXPECT_EQ(counted->waived(), plan.task_count());
  EXPECT_EQ(Count("patrol_task WHERE state = 6"), "0");
  const std::string entries = Count("journal_stage");
  request.set_dry_run(false);
  const auto waived = Call<v1::WaivePatrolTasksResponse>(office, "WaivePatrolTasks", request);
  ASSERT_TRUE(waived.ok()) << waived.status();
  EXPECT_EQ(waived->waived(), plan.task_count());
  EXPECT_FALSE(waived->more());
  EXPECT_EQ(Count("patrol_task WHERE state = 6 AND release_reason = 2"), std::to_string(plan.task_count()));
  EXPECT_EQ(Count("journal_stage"), std::to_string(std::stoi(entries) + plan.task_count()));
  EXPECT_EQ(Call<v1::WaivePatrolTasksResponse>(office, "WaivePatrolTasks", request)->SerializeAsString(),
            waived->SerializeAsString());
  request.set_note("暴雨");
  EXPECT_EQ(ReasonOf(Call<v1::WaivePatrolTasksResponse>(office, "WaivePatrolTasks", request).status()),
            "REQUEST_ID_REUSED");
  request.set_request_id(NewId());
  EXPECT_EQ(Call<v1::WaivePatrolTasksResponse>(office, "WaivePatrolTasks", request)->waived(), 0);
}

TEST_F(PlanTest, NobodyReleasesTheirOwnTasksByReleasingAll) {
  // The leader of the village has a task himself.
  v1::CreatePatrolTaskRequest create;
  create.set_request_id(NewId());
  v1::PatrolTask& task = *create.mutable_patrol_task();
  const Uuid village = City().villages[0][0][0];
  task.set_division(ResourceName("divisions", village));
  *task.mutable_due_time() = Time(absl::CivilDay(2026, 11, 24));
  task.set_post(ResourceName("posts", City().PostOf(PostKind::kGridLeader, village).id));
  ASSERT_TRUE(
      server.Call<v1::PatrolTask>(office, "gridwarden.patrol.v1.PatrolService/CreatePatrolTask", create)
          .ok());
  const std::string leader = City().TokenOf(PostKind::kGridLeader, village);
  const auto own = Call<v1::WaivePatrolTasksResponse>(leader, "WaivePatrolTasks", NewWaiver(village));
  ASSERT_TRUE(own.ok()) << own.status();
  EXPECT_EQ(own->waived(), 0);
  EXPECT_EQ(own->own(), 1);
  EXPECT_EQ(Call<v1::WaivePatrolTasksResponse>(office, "WaivePatrolTasks", NewWaiver(village))->waived(), 1);
}

TEST_F(PlanTest, ReleasingAllIsRefusedToOthersElsewhereAndWithoutAReason) {
  const auto reason = [&](const std::string& token,
                          const std::function<void(v1::WaivePatrolTasksRequest&)>& change) {
    v1::WaivePatrolTasksRequest request = NewWaiver(township);
    change(request);
    return ReasonOf(Call<v1::WaivePatrolTasksResponse>(token, "WaivePatrolTasks", request).status());
  };
  EXPECT_EQ(reason(officer, [](auto&) {}), "NOT_ALLOWED");
  EXPECT_EQ(reason(foreign_office, [](auto&) {}), "NOT_ALLOWED");
  EXPECT_EQ(reason(office, [](auto& r) { r.clear_reason(); }), "REQUIRED_FIELD_MISSING");
  EXPECT_EQ(reason(office, [](auto& r) { r.set_reason(v1::PatrolTask::Release::OTHER); }), "INVALID_FIELD");
  EXPECT_EQ(reason(office, [](auto& r) { r.clear_due_to_time(); }), "REQUIRED_FIELD_MISSING");
  EXPECT_EQ(reason(office, [](auto& r) { *r.mutable_due_to_time() = r.due_from_time(); }), "INVALID_FIELD");
}

TEST_F(PlanTest, TheSystemPlansAheadWhereItWasAskedToAndNowhereTwice) {
  Register("RESTAURANT", 6);
  const auto daily = [&](const std::string& token, bool enabled, const std::string& etag = "") {
    v1::SetDailyPlanRequest request;
    request.set_request_id(NewId());
    request.set_division(ResourceName("divisions", township));
    request.set_enabled(enabled);
    request.set_etag(etag);
    return Call<v1::DailyPlan>(token, "SetDailyPlan", request);
  };
  EXPECT_EQ(ReasonOf(daily(officer, true).status()), "NOT_ALLOWED");
  EXPECT_EQ(ReasonOf(daily(foreign_office, true).status()), "NOT_ALLOWED");
  EXPECT_EQ(ReasonOf(Call<v1::DailyPlan>(office, "SetDailyPlan", v1::SetDailyPlanRequest()).status()),
            "REQUIRED_FIELD_MISSING");
  DailyPlanner planner(server.context());
  ASSERT_TRUE(planner.Plan().ok());
  EXPECT_EQ(Count("patrol_task"), "0");

  const absl::StatusOr<v1::DailyPlan> asked = daily(office, true);
  ASSERT_TRUE(asked.ok()) << asked.status();
  EXPECT_EQ(asked->etag(), "1");
  EXPECT_EQ(ReasonOf(daily(office, false, "7").status()), "ETAG_MISMATCH");
  ASSERT_TRUE(planner.Plan().ok());
  const std::string tasks = Count("patrol_task");
  EXPECT_NE(tasks, "0");
  ASSERT_TRUE(planner.Plan().ok());
  EXPECT_EQ(Count("patrol_task"), tasks);
  EXPECT_EQ(Count("patrol_plan WHERE person IS NULL"), "1");
  v1::GetDailyPlanRequest get;
  get.set_division(ResourceName("divisions", township));
  EXPECT_EQ(Call<v1::DailyPlan>(officer, "GetDailyPlan", get)->planned_until_date(), "2026-11-26");
  EXPECT_EQ(ReasonOf(Call<v1::DailyPlan>(foreign_office, "GetDailyPlan", get).status()), "NOT_ALLOWED");

  server.clock().Advance(absl::Hours(24));
  // Another process is at it: its claim stands for a while.
  SharedDatabase().Exec("UPDATE daily_plan SET claimed_until_us = " +
                        std::to_string(absl::ToUnixMicros(server.clock().Now() + absl::Minutes(5))));
  ASSERT_TRUE(planner.Plan().ok());
  EXPECT_EQ(Count("patrol_plan"), "1");
  server.clock().Advance(absl::Minutes(6));
  ASSERT_TRUE(planner.Plan().ok());
  EXPECT_EQ(Call<v1::DailyPlan>(officer, "GetDailyPlan", get)->planned_until_date(), "2026-11-27");

  ASSERT_TRUE(daily(office, false, "1").ok());
  server.clock().Advance(absl::Hours(24));
  ASSERT_TRUE(planner.Plan().ok());
  EXPECT_EQ(Call<v1::DailyPlan>(officer, "GetDailyPlan", get)->planned_until_date(), "2026-11-27");
}

TEST_F(PlanTest, TheSystemPlansNothingForAVillageThatWasMerged) {
  const Uuid village = City().villages[0][0][0];
  v1::SetDailyPlanRequest daily;
  daily.set_request_id(NewId());
  daily.set_division(ResourceName("divisions", village));
  daily.set_enabled(true);
  ASSERT_TRUE(Call<v1::DailyPlan>(office, "SetDailyPlan", daily).ok());
  const absl::Time reform = server.clock().Now() + absl::Hours(1);
  testing::TestServer after(*SharedDatabase(),
                            std::make_unique<access::Directory>(
                                testing::ReorganisedCity(*City().ground, reform), City().MakeAccess()),
                            PolicyOfTestCity());
  after.Install(Install);
  after.Install(source::Install);
  after.clock().Set(reform + absl::Hours(1));
  DailyPlanner planner(after.context());
  ASSERT_TRUE(planner.Plan().ok());
  EXPECT_EQ(Count("patrol_task"), "0");
  EXPECT_EQ(Count("daily_plan WHERE planned_until_day IS NOT NULL"), "1");
}

TEST_F(PlanTest, TwoOfficesThatPlanTheSameAtOnceMakeEachTaskOnce) {
  Register("SMALL_POLLUTER", 20);
  Register("RESTAURANT", 20);
  std::vector<std::thread> offices;
  std::atomic<int> made = 0, done = 0;
  for (int i = 0; i < 4; ++i) {
    const bool of_county = i % 2 == 0;
    v1::MakePlanRequest request = NewPlan(of_county ? county : township, kMonday, "2026-11-29");
    offices.emplace_back([&, of_county, request] {
      for (int attempt = 0; attempt < 20; ++attempt) {
        const auto plan = Call<v1::Plan>(of_county ? county_office : office, "MakePlan", request);
        if (!plan.ok()) {
          EXPECT_EQ(plan.status().code(), absl::StatusCode::kAborted) << plan.status();
          continue;
        }
        made += plan->task_count();
        ++done;
        return;
      }
    });
  }
  for (std::thread& thread : offices) thread.join();
  EXPECT_EQ(done, 4);
  EXPECT_EQ(Count("patrol_task"), std::to_string(made));
  EXPECT_EQ(
      Count("(SELECT source_id FROM patrol_task WHERE rule = 'TOWNSHIP_KEY' GROUP BY source_id, slot_day "
            "HAVING COUNT(*) > 1) twice"),
      "0");
  EXPECT_EQ(Count("patrol_task WHERE rule = 'TOWNSHIP_KEY'"), "40");
}

TEST_F(PlanTest, APlanOfMoreThanOneTransactionHoldsIsRefusedAndPlannedADayAtATimeByTheSystem) {
  Register("SMALL_POLLUTER", 1);
  SharedDatabase().Exec(
      "INSERT INTO source (source_id, city_id, source_no, display_name, category, division, ground_path, "
      "operator_name, credit_code, trade, address, disposition, state, created_us, updated_us, subject_seq, "
      "subject_leaf) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 900), m (j) "
      "AS (SELECT 1 UNION ALL SELECT j + 1 FROM m WHERE j < 5) "
      "SELECT UNHEX(MD5(i * 5 + j)), city_id, CONCAT('X', i * 5 + j), 'x', category, division, ground_path, "
      "'', '', '', '', "
      "0, "
      "1, 0, 0, 1, subject_leaf FROM source, n, m");
  const absl::StatusOr<v1::Plan> refused =
      Call<v1::Plan>(office, "MakePlan", NewPlan(township, kMonday, "2026-11-29"));
  EXPECT_EQ(ReasonOf(refused.status()), "PLAN_TOO_LARGE");
  EXPECT_EQ(Count("patrol_task"), "0");
  v1::SetDailyPlanRequest daily;
  daily.set_request_id(NewId());
  daily.set_division(ResourceName("divisions", township));
  daily.set_enabled(true);
  ASSERT_TRUE(Call<v1::DailyPlan>(office, "SetDailyPlan", daily).ok());
  DailyPlanner planner(server.context());
  const absl::Status planned = planner.Plan();
  ASSERT_TRUE(planned.ok()) << planned;
  EXPECT_EQ(Count("patrol_plan"), "4");
  EXPECT_EQ(Count("patrol_task WHERE rule = 'TOWNSHIP_KEY' AND slot_day = 20780"),
            "4501");  // Monday to Wednesday
}

TEST_F(PlanTest, APolicyWithoutPatrolRulesSaysSo) {
  auto policy = std::make_shared<domain::Policy>(*testing::TestPolicy());
  policy->patrol = nullptr;
  testing::TestServer bare(*SharedDatabase(), City().MakeDirectory(), policy);
  bare.Install(Install);
  bare.clock().Set(server.clock().Now());
  EXPECT_EQ(ReasonOf(bare.Call<v1::Plan>(office, "gridwarden.patrol.v1.PlanService/MakePlan",
                                         NewPlan(township, kMonday, kMonday))
                         .status()),
            "NO_PATROL_RULES");
}

}  // namespace
}  // namespace gridwarden::patrol
