#include <functional>
#include <set>

#include "base/status.h"
#include "google/protobuf/util/time_util.h"
#include "gridwarden/journal/v1/entry.pb.h"
#include "gridwarden/patrol/v1/patrol_event.pb.h"
#include "gridwarden/patrol/v1/patrol_service.pb.h"
#include "gridwarden/source/v1/source_service.pb.h"
#include "gtest/gtest.h"
#include "patrol/patrol_service.h"
#include "source/source_service.h"
#include "support/reorganised_city.h"
#include "support/shared_database.h"
#include "support/test_city.h"
#include "support/test_policy.h"
#include "support/test_server.h"

// Inspections behind the real pipeline, in the test city.
namespace gridwarden::patrol {
namespace {

using domain::PostKind;
using google::protobuf::util::TimeUtil;
using testing::City;
using testing::SharedDatabase;

class PatrolTest : public ::testing::Test {
 protected:
  PatrolTest() : server(*SharedDatabase(), City().MakeDirectory(), testing::TestPolicy()) {
    SharedDatabase().Clear();
    server.Install(Install);
    server.Install(source::Install);
  }

  template <typename Response, typename Request>
  absl::StatusOr<Response> Call(const std::string& token, const std::string& method, const Request& request) {
    return server.Call<Response>(token, "gridwarden.patrol.v1.PatrolService/" + method, request);
  }
  std::string NewId() { return Uuid::Make(server.clock().Now()).ToString(); }
  static std::string PostName(PostKind kind, const Uuid& division) {
    return ResourceName("posts", City().PostOf(kind, division).id);
  }
  google::protobuf::Timestamp After(absl::Duration span) {
    return TimeUtil::MicrosecondsToTimestamp(absl::ToUnixMicros(server.clock().Now() + span));
  }

  v1::CreatePatrolTaskRequest NewTask(const Uuid& division, bool assigned = true) {
    v1::CreatePatrolTaskRequest request;
    request.set_request_id(NewId());
    v1::PatrolTask& task = *request.mutable_patrol_task();
    task.set_division(ResourceName("divisions", division));
    task.set_category("STRAW_BURNING");
    *task.mutable_due_time() = After(absl::Hours(8));
    task.set_title("夜查");
    if (assigned) task.set_post(PostName(PostKind::kPatrolOfficer, division));
    return request;
  }
  v1::PatrolTask Create(const Uuid& division, bool assigned = true) {
    const absl::StatusOr<v1::PatrolTask> task =
        Call<v1::PatrolTask>(office, "CreatePatrolTask", NewTask(division, assigned));
    EXPECT_TRUE(task.ok()) << task.status();
    return task.value_or(v1::PatrolTask());
  }
  v1::SubmitVisitRequest NewVisit(const v1::PatrolTask& task, v1::Visit::Result result) {
    v1::SubmitVisitRequest request;
    request.set_request_id(NewId());
    request.set_parent(task.name());
    request.mutable_visit()->set_result(result);
    *request.mutable_visit()->mutable_event_time() = After(absl::Minutes(-5));
    if (result == v1::Visit::PROBLEM) AddPhoto(request, type::v1::Evidence::NEAR);
    return request;
  }
  static void AddPhoto(v1::SubmitVisitRequest& request, type::v1::Evidence::Kind kind) {
    type::v1::Evidence& photo = *request.mutable_visit()->add_evidence();
    photo.set_media("media/" + std::string(64, 'a'));
    photo.set_kind(kind);
  }
  absl::StatusOr<v1::PatrolTask> Get(const std::string& token, const std::string& name) {
    v1::GetPatrolTaskRequest request;
    request.set_name(name);
    return Call<v1::PatrolTask>(token, "GetPatrolTask", request);
  }
  absl::StatusOr<v1::PatrolTask> Waive(const std::string& token, const std::string& name,
                                       const std::string& etag = "") {
    v1::WaivePatrolTaskRequest request;
    request.set_request_id(NewId());
    request.set_name(name);
    request.set_reason(v1::PatrolTask::Release::WEATHER);
    request.set_etag(etag);
    return Call<v1::PatrolTask>(token, "WaivePatrolTask", request);
  }
  absl::StatusOr<v1::PatrolTask> Miss(const std::string& token, const std::string& name) {
    v1::MissPatrolTaskRequest request;
    request.set_request_id(NewId());
    request.set_name(name);
    request.set_reason(v1::PatrolTask::Release::LEAVE);
    return Call<v1::PatrolTask>(token, "MissPatrolTask", request);
  }
  int Count(const std::string& token, const std::function<void(v1::ListPatrolTasksRequest&)>& change) {
    v1::ListPatrolTasksRequest request;
    change(request);
    const absl::StatusOr<v1::ListPatrolTasksResponse> page =
        Call<v1::ListPatrolTasksResponse>(token, "ListPatrolTasks", request);
    return page.ok() ? page->patrol_tasks_size() : -1;
  }

  testing::TestServer server;
  const Uuid village = City().villages[0][0][0];
  const Uuid other_village = City().villages[0][0][1];
  const Uuid foreign_village = City().villages[1][0][0];
  const std::string office = City().TokenOf(PostKind::kCampaignOffice, City().townships[0][0]);
  const std::string foreign_office = City().TokenOf(PostKind::kCampaignOffice, City().townships[1][0]);
  const std::string city_office = City().TokenOf(PostKind::kCampaignOffice, City().city);
  const std::string officer = City().TokenOf(PostKind::kPatrolOfficer, village);
  const std::string neighbour = City().TokenOf(PostKind::kPatrolOfficer, other_village);
  const std::string leader = City().TokenOf(PostKind::kGridLeader, village);
  const std::string supervisor = City().TokenOf(PostKind::kSupervisionOfficer, village);
};

// The village is merged while its task is out (ReorganisedCity).
TEST_F(PatrolTest, ATaskOfAVillageThatWasMergedIsVisitedByItsHeirAndStandsWhereItWasMade) {
  const v1::PatrolTask task = Create(village);
  const absl::Time reform = server.clock().Now() + absl::Hours(1);
  testing::TestServer after(*SharedDatabase(),
                            std::make_unique<access::Directory>(
                                testing::ReorganisedCity(*City().ground, reform), City().MakeAccess()),
                            testing::TestPolicy());
  after.Install(Install);
  after.Install(source::Install);
  server.clock().Set(reform + absl::Hours(1));
  after.clock().Set(server.clock().Now());
  const auto call = [&]<typename Response>(const std::string& token, std::string_view method,
                                           const auto& request, Response) {
    return after.Call<Response>(token, "gridwarden.patrol.v1.PatrolService/" + std::string(method), request);
  };
  v1::ListPatrolTasksRequest mine;
  mine.set_assigned_to_me(true);
  EXPECT_EQ(call(neighbour, "ListPatrolTasks", mine, v1::ListPatrolTasksResponse())->patrol_tasks_size(), 1);
  EXPECT_FALSE(call(officer, "SubmitVisit", NewVisit(task, v1::Visit::NORMAL), v1::Visit()).ok());
  const auto visit = call(neighbour, "SubmitVisit", NewVisit(task, v1::Visit::NORMAL), v1::Visit());
  ASSERT_TRUE(visit.ok()) << visit.status();
  EXPECT_EQ(visit->division(), ResourceName("divisions", other_village));

  // Planned by the name of what ended: the heir's. Of what was divided: asked back.
  const auto planned = call(office, "CreatePatrolTask", NewTask(village, false), v1::PatrolTask());
  ASSERT_TRUE(planned.ok()) << planned.status();
  EXPECT_EQ(planned->division(), ResourceName("divisions", other_village));
  const auto divided =
      call(city_office, "CreatePatrolTask", NewTask(City().villages[0][1][0], false), v1::PatrolTask());
  EXPECT_EQ(ReasonOf(divided.status()), "DIVISION_ENDED");
  // The office lists what stood on the village that was, by its name.
  v1::ListPatrolTasksRequest there;
  there.set_division(ResourceName("divisions", village));
  EXPECT_EQ(call(office, "ListPatrolTasks", there, v1::ListPatrolTasksResponse())->patrol_tasks_size(), 1);
  there.set_division(ResourceName("divisions", other_village));
  EXPECT_EQ(call(office, "ListPatrolTasks", there, v1::ListPatrolTasksResponse())->patrol_tasks_size(), 2);
}

TEST_F(PatrolTest, FromThePlanToAVisitThatFoundAProblem) {
  const v1::PatrolTask planned = Create(village, false);
  EXPECT_EQ(planned.state(), v1::PatrolTask::PLANNED);
  v1::AssignPatrolTaskRequest assign;
  assign.set_request_id(NewId());
  assign.set_name(planned.name());
  assign.set_post(PostName(PostKind::kPatrolOfficer, village));
  assign.set_etag("1");
  ASSERT_EQ(Call<v1::PatrolTask>(office, "AssignPatrolTask", assign)->state(), v1::PatrolTask::ISSUED);
  v1::StartPatrolTaskRequest start;
  start.set_request_id(NewId());
  start.set_name(planned.name());
  ASSERT_EQ(Call<v1::PatrolTask>(officer, "StartPatrolTask", start)->state(), v1::PatrolTask::STARTED);

  v1::SubmitVisitRequest request = NewVisit(planned, v1::Visit::PROBLEM);
  request.set_visit_id(NewId());
  v1::Visit& wanted = *request.mutable_visit();
  wanted.set_note("王五家门口冒烟");
  wanted.mutable_position()->set_longitude(114.02);
  wanted.mutable_position()->set_latitude(32.98);
  wanted.mutable_position()->set_datum(type::v1::Position::GCJ02);
  wanted.mutable_position()->set_accuracy_m(8);
  type::v1::ChecklistAnswer& answer = *wanted.add_answers();
  answer.set_checklist("STRAW_FIRE_POINT");
  answer.set_item("CONFIRMED");
  answer.set_value("yes");
  const absl::StatusOr<v1::Visit> visit = Call<v1::Visit>(officer, "SubmitVisit", request);
  ASSERT_TRUE(visit.ok()) << visit.status();
  EXPECT_EQ(visit->name(), planned.name() + "/visits/" + request.visit_id());
  EXPECT_EQ(visit->category(), "STRAW_BURNING");
  EXPECT_FALSE(visit->late());
  EXPECT_EQ(visit->position().datum(), type::v1::Position::WGS84);

  const absl::StatusOr<v1::PatrolTask> done = Get(leader, planned.name());
  ASSERT_TRUE(done.ok()) << done.status();
  EXPECT_EQ(done->state(), v1::PatrolTask::DONE);
  EXPECT_EQ(done->result(), v1::Visit::PROBLEM);
  EXPECT_EQ(done->visit(), visit->name());
  v1::GetVisitRequest get;
  get.set_name(visit->name());
  EXPECT_EQ(Call<v1::Visit>(office, "GetVisit", get)->SerializeAsString(), visit->SerializeAsString());
  v1::ListVisitsRequest list;
  list.set_parent(planned.name());
  EXPECT_EQ(Call<v1::ListVisitsResponse>(officer, "ListVisits", list)->visits_size(), 1);
  EXPECT_EQ(ReasonOf(Call<v1::ListVisitsResponse>(neighbour, "ListVisits", list).status()), "NOT_ALLOWED");
  EXPECT_EQ(ReasonOf(Call<v1::Visit>(neighbour, "GetVisit", get).status()), "NOT_ALLOWED");
}

TEST_F(PatrolTest, TheEventOfAVisitCarriesWhatASignalNeedsAndNoFreeText) {
  const v1::PatrolTask task = Create(village);
  v1::SubmitVisitRequest request = NewVisit(task, v1::Visit::PROBLEM);
  request.mutable_visit()->set_note("王五家门口冒烟");
  const absl::StatusOr<v1::Visit> visit = Call<v1::Visit>(officer, "SubmitVisit", request);
  ASSERT_TRUE(visit.ok()) << visit.status();
  EXPECT_EQ(SharedDatabase().Ask("SELECT COUNT(*) FROM journal_stage"),
            "3");  // task created, visit, task done
  const std::string body =
      SharedDatabase().Ask("SELECT body FROM journal_stage WHERE subject IN (SELECT visit_id FROM visit)");
  EXPECT_EQ(body.find("王五"), std::string::npos);
  journal::v1::Entry entry;
  ASSERT_TRUE(entry.ParseFromString(body));
  EXPECT_EQ(entry.kind(), "visit");
  EXPECT_EQ(entry.media(0), std::string(32, '\xaa'));
  v1::VisitEvent event;
  ASSERT_TRUE(event.ParseFromString(entry.event()));
  EXPECT_EQ(event.name(), visit->name());
  EXPECT_EQ(event.task(), task.name());
  EXPECT_EQ(event.division(), ResourceName("divisions", village));
  EXPECT_EQ(event.category(), "STRAW_BURNING");
  EXPECT_EQ(event.result(), v1::Visit::PROBLEM);
  EXPECT_EQ(event.finder(), ResourceName("persons", City().PersonIn(PostKind::kPatrolOfficer, village)));
  EXPECT_EQ(event.finder_post(), PostName(PostKind::kPatrolOfficer, village));
  EXPECT_EQ(event.earliest_time().seconds(), request.visit().event_time().seconds());
  EXPECT_EQ(event.evidence_size(), 1);
}

TEST_F(PatrolTest, ATaskOfASourceStandsWhereTheSourceStands) {
  source::v1::CreateSourceRequest create;
  create.set_request_id(NewId());
  create.mutable_source()->set_display_name("前王砖厂");
  create.mutable_source()->set_category("BRICK_KILN");
  create.mutable_source()->set_division(ResourceName("divisions", village));
  const auto source =
      server.Call<source::v1::Source>(office, "gridwarden.source.v1.SourceService/CreateSource", create);
  ASSERT_TRUE(source.ok()) << source.status();
  v1::CreatePatrolTaskRequest request = NewTask(village);
  request.mutable_patrol_task()->clear_division();
  request.mutable_patrol_task()->clear_category();
  request.mutable_patrol_task()->set_source(source->name());
  const absl::StatusOr<v1::PatrolTask> task = Call<v1::PatrolTask>(office, "CreatePatrolTask", request);
  ASSERT_TRUE(task.ok()) << task.status();
  EXPECT_EQ(task->division(), ResourceName("divisions", village));
  EXPECT_EQ(task->category(), "BRICK_KILN");
  EXPECT_EQ(Count(office, [&](auto& r) { r.set_source(source->name()); }), 1);
  request.set_request_id(NewId());
  request.mutable_patrol_task()->set_source("sources/" + NewId());
  EXPECT_EQ(ReasonOf(Call<v1::PatrolTask>(office, "CreatePatrolTask", request).status()), "NOT_ALLOWED");
  EXPECT_EQ(ReasonOf(Call<v1::PatrolTask>(city_office, "CreatePatrolTask", request).status()), "NOT_FOUND");
}

TEST_F(PatrolTest, PlanningIsRefusedToOthersElsewhereAndWithoutATarget) {
  EXPECT_EQ(ReasonOf(Call<v1::PatrolTask>(officer, "CreatePatrolTask", NewTask(village)).status()),
            "NOT_ALLOWED");
  EXPECT_EQ(ReasonOf(Call<v1::PatrolTask>(foreign_office, "CreatePatrolTask", NewTask(village)).status()),
            "NOT_ALLOWED");
  EXPECT_TRUE(Call<v1::PatrolTask>(leader, "CreatePatrolTask", NewTask(village)).ok());
  EXPECT_EQ(
      ReasonOf(Call<v1::PatrolTask>(office, "CreatePatrolTask", v1::CreatePatrolTaskRequest()).status()),
      "REQUIRED_FIELD_MISSING");
  const auto reason = [&](const std::function<void(v1::PatrolTask&)>& change) {
    v1::CreatePatrolTaskRequest request = NewTask(village);
    change(*request.mutable_patrol_task());
    return ReasonOf(Call<v1::PatrolTask>(office, "CreatePatrolTask", request).status());
  };
  EXPECT_EQ(reason([](auto& t) { t.clear_division(); }), "INVALID_FIELD");
  EXPECT_EQ(reason([](auto& t) { t.set_division("999999"); }), "DIVISION_CODE_UNKNOWN");
  EXPECT_EQ(reason([](auto& t) { t.clear_due_time(); }), "INVALID_FIELD");
  EXPECT_EQ(reason([](auto& t) { t.set_category("NOTHING"); }), "INVALID_FIELD");
  EXPECT_EQ(reason([](auto& t) { t.set_checklist("NOTHING"); }), "INVALID_FIELD");
  EXPECT_EQ(reason([](auto& t) { *t.mutable_window_start_time() = t.due_time(); }), "INVALID_FIELD");
  EXPECT_EQ(reason([&](auto& t) { t.set_post(PostName(PostKind::kPatrolOfficer, other_village)); }),
            "INVALID_FIELD");
  EXPECT_EQ(reason([&](auto& t) { t.set_post("posts/" + NewId()); }), "INVALID_FIELD");
}

TEST_F(PatrolTest, TheSameRequestTwiceIsOneTaskAndOneVisit) {
  v1::CreatePatrolTaskRequest create = NewTask(village);
  const absl::StatusOr<v1::PatrolTask> task = Call<v1::PatrolTask>(office, "CreatePatrolTask", create);
  EXPECT_EQ(Call<v1::PatrolTask>(office, "CreatePatrolTask", create)->SerializeAsString(),
            task->SerializeAsString());
  create.mutable_patrol_task()->set_title("别的");
  EXPECT_EQ(ReasonOf(Call<v1::PatrolTask>(office, "CreatePatrolTask", create).status()), "REQUEST_ID_REUSED");
  v1::SubmitVisitRequest submit = NewVisit(*task, v1::Visit::NORMAL);
  const absl::StatusOr<v1::Visit> visit = Call<v1::Visit>(officer, "SubmitVisit", submit);
  ASSERT_TRUE(visit.ok()) << visit.status();
  EXPECT_EQ(Call<v1::Visit>(officer, "SubmitVisit", submit)->SerializeAsString(), visit->SerializeAsString());
  EXPECT_EQ(SharedDatabase().Ask("SELECT COUNT(*) FROM visit"), "1");
  submit.mutable_visit()->set_note("别的");
  EXPECT_EQ(ReasonOf(Call<v1::Visit>(officer, "SubmitVisit", submit).status()), "REQUEST_ID_REUSED");
  submit.set_request_id(NewId());
  EXPECT_EQ(ReasonOf(Call<v1::Visit>(officer, "SubmitVisit", submit).status()), "ILLEGAL_TRANSITION");
}

TEST_F(PatrolTest, AVisitIsRefusedToOthersAndWithoutWhatItNeeds) {
  const v1::PatrolTask task = Create(village);
  EXPECT_EQ(ReasonOf(Call<v1::Visit>(neighbour, "SubmitVisit", NewVisit(task, v1::Visit::NORMAL)).status()),
            "NOT_YOUR_TASK");
  EXPECT_EQ(ReasonOf(Call<v1::Visit>(leader, "SubmitVisit", NewVisit(task, v1::Visit::NORMAL)).status()),
            "NOT_YOUR_TASK");
  v1::PatrolTask absent = task;
  absent.set_name("patrolTasks/" + NewId());
  EXPECT_EQ(ReasonOf(Call<v1::Visit>(officer, "SubmitVisit", NewVisit(absent, v1::Visit::NORMAL)).status()),
            "NOT_YOUR_TASK");
  const auto reason = [&](v1::Visit::Result result,
                          const std::function<void(v1::SubmitVisitRequest&)>& change) {
    v1::SubmitVisitRequest request = NewVisit(task, result);
    change(request);
    return ReasonOf(Call<v1::Visit>(officer, "SubmitVisit", request).status());
  };
  EXPECT_EQ(reason(v1::Visit::PROBLEM, [](auto& r) { r.mutable_visit()->clear_evidence(); }),
            "EVIDENCE_MISSING");
  EXPECT_EQ(
      reason(v1::Visit::PROBLEM,
             [](auto& r) { r.mutable_visit()->mutable_evidence(0)->set_kind(type::v1::Evidence::DOCUMENT); }),
      "EVIDENCE_MISSING");
  EXPECT_EQ(reason(v1::Visit::NORMAL,
                   [&](auto& r) { *r.mutable_visit()->mutable_event_time() = After(absl::Minutes(3)); }),
            "EVENT_TIME_IN_FUTURE");
  EXPECT_EQ(reason(v1::Visit::NORMAL,
                   [&](auto& r) { *r.mutable_visit()->mutable_earliest_time() = After(absl::Minutes(3)); }),
            "INVALID_FIELD");
  EXPECT_EQ(
      reason(v1::Visit::NORMAL, [](auto& r) { r.mutable_visit()->mutable_earliest_time()->set_seconds(1); }),
      "INVALID_FIELD");
  EXPECT_EQ(reason(v1::Visit::NORMAL,
                   [](auto& r) {
                     r.mutable_visit()->add_answers()->set_checklist("STRAW_FIRE_POINT");
                     r.mutable_visit()->mutable_answers(0)->set_item("NO_SUCH");
                   }),
            "CHECKLIST_ITEM_UNKNOWN");
  EXPECT_EQ(reason(v1::Visit::NORMAL,
                   [](auto& r) {
                     AddPhoto(r, type::v1::Evidence::NEAR);
                     r.mutable_visit()->mutable_evidence(0)->set_media("media/ABC");
                   }),
            "INVALID_FIELD");
  EXPECT_EQ(
      reason(v1::Visit::NORMAL, [](auto& r) { r.mutable_visit()->mutable_position()->set_longitude(114); }),
      "DATUM_MISSING");
  EXPECT_EQ(reason(v1::Visit::NORMAL, [](auto& r) { r.set_etag("7"); }), "ETAG_MISMATCH");
  EXPECT_EQ(reason(v1::Visit::NORMAL, [](auto& r) { r.mutable_visit()->clear_result(); }), "INVALID_FIELD");
  EXPECT_EQ(reason(v1::Visit::NORMAL, [](auto& r) { r.clear_parent(); }), "REQUIRED_FIELD_MISSING");
  EXPECT_EQ(
      reason(v1::Visit::NORMAL,
             [&](auto& r) { r.mutable_visit()->set_division(ResourceName("divisions", other_village)); }),
      "INVALID_FIELD");
  EXPECT_EQ(SharedDatabase().Ask("SELECT COUNT(*) FROM visit"), "0");
  EXPECT_EQ(Get(officer, task.name())->state(), v1::PatrolTask::ISSUED);
}

TEST_F(PatrolTest, LateWorkIsTakenAndMarkedEvenAfterItWasStatedAsMissed) {
  const v1::PatrolTask task = Create(village);
  EXPECT_EQ(ReasonOf(Miss(office, task.name()).status()), "ILLEGAL_TRANSITION");  // not due yet
  server.clock().Advance(absl::Hours(9));
  EXPECT_EQ(ReasonOf(Miss(officer, task.name()).status()), "NOT_ALLOWED");
  EXPECT_EQ(ReasonOf(Miss(foreign_office, task.name()).status()), "NOT_ALLOWED");
  const absl::StatusOr<v1::PatrolTask> missed = Miss(office, task.name());
  ASSERT_TRUE(missed.ok()) << missed.status();
  EXPECT_EQ(missed->release().reason(), v1::PatrolTask::Release::LEAVE);
  const absl::StatusOr<v1::Visit> visit =
      Call<v1::Visit>(officer, "SubmitVisit", NewVisit(task, v1::Visit::SOURCE_GONE));
  ASSERT_TRUE(visit.ok()) << visit.status();
  EXPECT_TRUE(visit->late());
  const absl::StatusOr<v1::PatrolTask> done = Get(office, task.name());
  EXPECT_EQ(done->state(), v1::PatrolTask::DONE);
  EXPECT_TRUE(done->late());
  EXPECT_FALSE(done->has_release());
}

TEST_F(PatrolTest, AVisitMadeInTimeButSentLateIsInTime) {
  const v1::PatrolTask task = Create(village);
  v1::SubmitVisitRequest request = NewVisit(task, v1::Visit::INACCESSIBLE);  // happened five minutes ago
  server.clock().Advance(absl::Hours(24 * 20));
  const absl::StatusOr<v1::Visit> visit = Call<v1::Visit>(officer, "SubmitVisit", request);
  ASSERT_TRUE(visit.ok()) << visit.status();
  EXPECT_FALSE(visit->late());
}

TEST_F(PatrolTest, AStartSaysWhatThePhoneKnowsOfItsTime) {
  const v1::PatrolTask task = Create(village);
  v1::StartPatrolTaskRequest start;
  start.set_request_id(NewId());
  start.set_name(task.name());
  *start.mutable_event_time() = After(absl::Minutes(-5));
  *start.mutable_earliest_time() = After(absl::Minutes(10));
  EXPECT_EQ(ReasonOf(Call<v1::PatrolTask>(officer, "StartPatrolTask", start).status()), "INVALID_FIELD");
  start.set_request_id(NewId());
  *start.mutable_earliest_time() = After(absl::Minutes(-45));
  const absl::StatusOr<v1::PatrolTask> started = Call<v1::PatrolTask>(officer, "StartPatrolTask", start);
  ASSERT_TRUE(started.ok()) << started.status();
  EXPECT_EQ(started->start_time().seconds(), start.event_time().seconds());
  journal::v1::Entry entry;
  ASSERT_TRUE(
      entry.ParseFromString(SharedDatabase().Ask("SELECT body FROM journal_stage ORDER BY id DESC LIMIT 1")));
  EXPECT_EQ(entry.time().earliest_us(), TimeUtil::TimestampToMicroseconds(start.earliest_time()));
  EXPECT_EQ(entry.time().latest_us(), TimeUtil::TimestampToMicroseconds(start.event_time()));
}

TEST_F(PatrolTest, AVisitIsInTimeByTheBoundThatFavoursTheWorker) {
  const v1::PatrolTask task = Create(village);  // due in eight hours
  const auto earliest = After(absl::Hours(7));
  server.clock().Advance(absl::Hours(10));
  v1::SubmitVisitRequest request = NewVisit(task, v1::Visit::NORMAL);
  *request.mutable_visit()->mutable_earliest_time() = earliest;
  const absl::StatusOr<v1::Visit> visit = Call<v1::Visit>(officer, "SubmitVisit", request);
  ASSERT_TRUE(visit.ok()) << visit.status();
  EXPECT_FALSE(visit->late());
  EXPECT_EQ(visit->event_time().seconds(), request.visit().event_time().seconds());
  EXPECT_EQ(visit->earliest_time().seconds(), earliest.seconds());
  v1::GetVisitRequest get;
  get.set_name(visit->name());
  EXPECT_EQ(Call<v1::Visit>(officer, "GetVisit", get)->SerializeAsString(), visit->SerializeAsString());
  journal::v1::Entry entry;
  ASSERT_TRUE(entry.ParseFromString(
      SharedDatabase().Ask("SELECT body FROM journal_stage WHERE subject IN (SELECT visit_id FROM visit)")));
  EXPECT_EQ(entry.time().earliest_us(), TimeUtil::TimestampToMicroseconds(earliest));
  EXPECT_EQ(entry.time().latest_us(), TimeUtil::TimestampToMicroseconds(visit->event_time()));
  EXPECT_FALSE(Get(office, task.name())->late());

  // The same visit with a clock that could be trusted is late; an interval of no width is none.
  const v1::PatrolTask second = Create(village);
  server.clock().Advance(absl::Hours(10));
  v1::SubmitVisitRequest exact = NewVisit(second, v1::Visit::NORMAL);
  *exact.mutable_visit()->mutable_earliest_time() = exact.visit().event_time();
  const absl::StatusOr<v1::Visit> late = Call<v1::Visit>(officer, "SubmitVisit", exact);
  ASSERT_TRUE(late.ok()) << late.status();
  EXPECT_TRUE(late->late());
  EXPECT_FALSE(late->has_earliest_time());
}

TEST_F(PatrolTest, ReleasingNeedsSomebodyInChargeWhoIsNotTheAssignee) {
  v1::CreatePatrolTaskRequest own = NewTask(village);
  own.mutable_patrol_task()->set_post(PostName(PostKind::kGridLeader, village));
  const absl::StatusOr<v1::PatrolTask> task = Call<v1::PatrolTask>(office, "CreatePatrolTask", own);
  ASSERT_TRUE(task.ok()) << task.status();
  EXPECT_EQ(ReasonOf(Waive(leader, task->name()).status()), "SEPARATION_OF_DUTIES");
  EXPECT_EQ(ReasonOf(Waive(officer, task->name()).status()), "NOT_ALLOWED");
  EXPECT_EQ(ReasonOf(Waive(foreign_office, task->name()).status()), "NOT_ALLOWED");
  EXPECT_EQ(ReasonOf(Waive(office, task->name(), "9").status()), "ETAG_MISMATCH");
  EXPECT_EQ(ReasonOf(Waive(office, "patrolTasks/" + NewId()).status()), "NOT_ALLOWED");
  v1::WaivePatrolTaskRequest other;
  other.set_request_id(NewId());
  other.set_name(task->name());
  EXPECT_EQ(ReasonOf(Call<v1::PatrolTask>(office, "WaivePatrolTask", other).status()),
            "REQUIRED_FIELD_MISSING");
  other.set_reason(v1::PatrolTask::Release::OTHER);
  EXPECT_EQ(ReasonOf(Call<v1::PatrolTask>(office, "WaivePatrolTask", other).status()), "INVALID_FIELD");
  ASSERT_TRUE(Waive(office, task->name(), "1").ok());
  EXPECT_EQ(Get(office, task->name())->state(), v1::PatrolTask::WAIVED);
  EXPECT_EQ(ReasonOf(Waive(office, task->name()).status()), "ILLEGAL_TRANSITION");
}

TEST_F(PatrolTest, AssigningAndStartingAreForThoseWhoMay) {
  const v1::PatrolTask task = Create(village);
  v1::AssignPatrolTaskRequest assign;
  assign.set_request_id(NewId());
  assign.set_name(task.name());
  assign.set_post(PostName(PostKind::kGridOfficer, village));
  EXPECT_EQ(ReasonOf(Call<v1::PatrolTask>(officer, "AssignPatrolTask", assign).status()), "NOT_ALLOWED");
  EXPECT_EQ(ReasonOf(Call<v1::PatrolTask>(foreign_office, "AssignPatrolTask", assign).status()),
            "NOT_ALLOWED");
  assign.set_etag("4");
  EXPECT_EQ(ReasonOf(Call<v1::PatrolTask>(office, "AssignPatrolTask", assign).status()), "ETAG_MISMATCH");
  assign.clear_etag();
  assign.set_post(PostName(PostKind::kGridOfficer, other_village));
  EXPECT_EQ(ReasonOf(Call<v1::PatrolTask>(office, "AssignPatrolTask", assign).status()), "INVALID_FIELD");
  assign.set_post(PostName(PostKind::kGridOfficer, village));
  ASSERT_TRUE(Call<v1::PatrolTask>(office, "AssignPatrolTask", assign).ok());
  v1::StartPatrolTaskRequest start;
  start.set_request_id(NewId());
  start.set_name(task.name());
  EXPECT_EQ(ReasonOf(Call<v1::PatrolTask>(officer, "StartPatrolTask", start).status()), "NOT_YOUR_TASK");
  const std::string grid_officer = City().TokenOf(PostKind::kGridOfficer, village);
  ASSERT_TRUE(Call<v1::PatrolTask>(grid_officer, "StartPatrolTask", start).ok());
  EXPECT_EQ(Call<v1::PatrolTask>(grid_officer, "StartPatrolTask", start)->etag(), "3");
  start.set_request_id(NewId());
  EXPECT_EQ(ReasonOf(Call<v1::PatrolTask>(grid_officer, "StartPatrolTask", start).status()),
            "ILLEGAL_TRANSITION");
}

TEST_F(PatrolTest, ABatchIsAllOrNothing) {
  v1::BatchCreatePatrolTasksRequest request;
  request.set_request_id(NewId());
  for (int v = 0; v < 4; ++v) *request.add_patrol_tasks() = NewTask(City().villages[0][0][v]).patrol_task();
  request.mutable_patrol_tasks(2)->set_category("NOTHING");
  const absl::Status refused =
      Call<v1::BatchCreatePatrolTasksResponse>(office, "BatchCreatePatrolTasks", request).status();
  ASSERT_EQ(ReasonOf(refused), "INVALID_FIELD");
  EXPECT_EQ(FactsOf(refused)->fields[0].field, "patrol_tasks[2].category");
  EXPECT_EQ(SharedDatabase().Ask("SELECT COUNT(*) FROM patrol_task"), "0");
  request.mutable_patrol_tasks(2)->set_category("STRAW_BURNING");
  const auto made = Call<v1::BatchCreatePatrolTasksResponse>(office, "BatchCreatePatrolTasks", request);
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_EQ(made->patrol_tasks_size(), 4);
  EXPECT_EQ(made->patrol_tasks(3).state(),
            v1::PatrolTask::ISSUED);  // its post is vacant, and has the task nevertheless
  EXPECT_EQ(SharedDatabase().Ask("SELECT COUNT(*) FROM journal_stage"), "4");
  while (request.patrol_tasks_size() <= 500) *request.add_patrol_tasks() = request.patrol_tasks(0);
  request.set_request_id(NewId());
  EXPECT_EQ(
      ReasonOf(Call<v1::BatchCreatePatrolTasksResponse>(office, "BatchCreatePatrolTasks", request).status()),
      "INVALID_FIELD");
}

TEST_F(PatrolTest, ListsShowTheCallersWorkAndTheCallersGround) {
  for (int v = 0; v < 3; ++v) {
    for (int n = 0; n < 2; ++n) Create(City().villages[0][0][v]);
  }
  EXPECT_EQ(Count(office, [](auto&) {}), 6);
  EXPECT_EQ(Count(city_office, [](auto&) {}), 6);
  EXPECT_EQ(Count(foreign_office, [](auto&) {}), 0);
  EXPECT_EQ(Count(leader, [](auto&) {}), 2);
  EXPECT_EQ(Count(officer, [](auto& r) { r.set_assigned_to_me(true); }), 2);
  EXPECT_EQ(Count(supervisor, [](auto& r) { r.set_assigned_to_me(true); }), 0);
  EXPECT_EQ(Count(office, [&](auto& r) { r.set_division(ResourceName("divisions", village)); }), 2);
  EXPECT_EQ(Count(office, [&](auto& r) { r.set_division(ResourceName("divisions", foreign_village)); }), -1);
  EXPECT_EQ(Count(office, [](auto& r) { r.add_states(v1::PatrolTask::PLANNED); }), 0);
  EXPECT_EQ(Count(office, [&](auto& r) { *r.mutable_overdue_as_of() = After(absl::Hours(7)); }), 0);
  EXPECT_EQ(Count(office, [&](auto& r) { *r.mutable_overdue_as_of() = After(absl::Hours(9)); }), 6);
  for (const std::string& token : {office, officer}) {
    v1::ListPatrolTasksRequest request;
    request.set_page_size(1);
    request.set_assigned_to_me(token == officer);
    std::set<std::string> seen;
    do {
      const auto page = Call<v1::ListPatrolTasksResponse>(token, "ListPatrolTasks", request);
      ASSERT_TRUE(page.ok()) << page.status();
      for (const v1::PatrolTask& task : page->patrol_tasks()) EXPECT_TRUE(seen.insert(task.name()).second);
      request.set_page_token(page->next_page_token());
    } while (!request.page_token().empty());
    EXPECT_EQ(seen.size(), token == office ? 6u : 2u);
  }
}

TEST_F(PatrolTest, ReadingIsForThoseAboveTheGround) {
  const v1::PatrolTask task = Create(village);
  EXPECT_TRUE(Get(officer, task.name()).ok());
  EXPECT_TRUE(Get(City().AdministratorToken(), task.name()).ok());
  EXPECT_EQ(ReasonOf(Get(neighbour, task.name()).status()), "NOT_ALLOWED");
  EXPECT_EQ(ReasonOf(Get(neighbour, "patrolTasks/" + NewId()).status()), "NOT_ALLOWED");
  EXPECT_EQ(ReasonOf(Get(city_office, "patrolTasks/" + NewId()).status()), "NOT_FOUND");
  EXPECT_EQ(ReasonOf(Get("", task.name()).status()), "NOT_SIGNED_IN");
}

}  // namespace
}  // namespace gridwarden::patrol
