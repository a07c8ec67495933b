#include "patrol/patrol_repository.h"

#include <functional>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "google/protobuf/util/time_util.h"
#include "gtest/gtest.h"
#include "support/shared_database.h"
#include "support/test_city.h"

// The SQL of patrols on the real MariaDB.
namespace gridwarden::patrol {
namespace {

using domain::PostKind;
using google::protobuf::util::TimeUtil;
using testing::City;
using testing::SharedDatabase;

const absl::Time kNow = absl::FromUnixSeconds(1'790'000'000);

class PatrolRepositoryTest : public ::testing::Test {
 protected:
  PatrolRepositoryTest() { SharedDatabase().Clear(); }

  TaskRow Make(const Uuid& division, absl::Duration due) {
    TaskRow task;
    task.id = Uuid::Make(kNow);
    task.division = division;
    task.city = City().city;
    task.ground_path = City().ground->PathKey(division);
    task.post = City().PostOf(PostKind::kPatrolOfficer, division).id;
    task.due = kNow + due;
    v1::PatrolTask& value = task.value;
    value.set_name(ResourceName("patrolTasks", task.id));
    value.set_state(v1::PatrolTask::ISSUED);
    value.set_division(ResourceName("divisions", division));
    value.set_category("STRAW_BURNING");
    value.set_post(ResourceName("posts", task.post));
    *value.mutable_due_time() = TimeUtil::MicrosecondsToTimestamp(absl::ToUnixMicros(task.due));
    *value.mutable_create_time() = TimeUtil::MicrosecondsToTimestamp(absl::ToUnixMicros(kNow));
    value.set_etag("1");
    task.subject = {task.id, 1, std::string(32, '\x01')};
    return task;
  }
  static void Run(const std::function<absl::Status(db::Transaction&)>& body) {
    const absl::Status status = SharedDatabase()->Run(body);
    ASSERT_TRUE(status.ok()) << status;
  }

  const Uuid village = City().villages[0][0][0];
};

TEST_F(PatrolRepositoryTest, ReadsBackWhatItWrote) {
  TaskRow task = Make(village, absl::Hours(8));
  task.value.set_source("sources/" + Uuid::Make(kNow).ToString());
  task.value.set_checklist("STRAW_FIRE_POINT");
  task.value.set_title("夜查");
  *task.value.mutable_window_start_time() = TimeUtil::MicrosecondsToTimestamp(absl::ToUnixMicros(kNow));
  Run([&](db::Transaction& tx) -> absl::Status {
    GW_RETURN_IF_ERROR(InsertTask(tx, task));
    GW_ASSIGN_OR_RETURN(const TaskRow read, LockTask(tx, task.id));
    EXPECT_EQ(read.value.DebugString(), task.value.DebugString());
    EXPECT_EQ(read.due, task.due);
    EXPECT_EQ(read.post, task.post);
    EXPECT_EQ(read.ground_path, task.ground_path);
    EXPECT_TRUE(absl::IsNotFound(ReadTask(tx, Uuid::Make(kNow)).status()));
    return absl::OkStatus();
  });
  task.value.set_state(v1::PatrolTask::WAIVED);
  v1::PatrolTask::Release& release = *task.value.mutable_release();
  release.set_reason(v1::PatrolTask::Release::OTHER);
  release.set_note("封路");
  release.set_person("persons/" + Uuid::Make(kNow).ToString());
  release.set_post(task.value.post());
  *release.mutable_time() = TimeUtil::MicrosecondsToTimestamp(absl::ToUnixMicros(kNow));
  task.subject.seq = 2;
  task.value.set_etag("2");
  Run([&](db::Transaction& tx) -> absl::Status {
    GW_RETURN_IF_ERROR(SaveTask(tx, task));
    GW_ASSIGN_OR_RETURN(const TaskRow read, ReadTask(tx, task.id));
    EXPECT_EQ(read.value.DebugString(), task.value.DebugString());
    EXPECT_EQ(ReasonOf(SaveTask(tx, task)), "ETAG_MISMATCH");  // the row has moved on
    return absl::OkStatus();
  });
}

TEST_F(PatrolRepositoryTest, AVisitComesBackWholeAndItsIdIsTakenOnce) {
  const TaskRow task = Make(village, absl::Hours(8));
  VisitRow visit;
  visit.id = Uuid::Make(kNow);
  visit.task = task.id;
  visit.city = task.city;
  visit.division = task.division;
  visit.ground_path = task.ground_path;
  visit.event_time = kNow;
  visit.subject = {visit.id, 1, std::string(32, '\x02')};
  v1::Visit& value = visit.value;
  value.set_name(absl::StrCat(task.value.name(), "/visits/", visit.id.ToString()));
  value.set_result(v1::Visit::PROBLEM);
  value.set_category("STRAW_BURNING");
  value.set_division(task.value.division());
  value.set_note("冒烟");
  value.set_post(task.value.post());
  value.add_evidence()->set_media("media/" + std::string(64, 'a'));
  value.add_answers()->set_item("CONFIRMED");
  value.mutable_position()->set_longitude(114.5);
  value.mutable_position()->set_latitude(33);
  value.mutable_position()->set_datum(type::v1::Position::WGS84);
  value.mutable_position()->set_given_datum(type::v1::Position::GCJ02);
  *value.mutable_event_time() = TimeUtil::MicrosecondsToTimestamp(absl::ToUnixMicros(kNow));
  *value.mutable_receive_time() = value.event_time();
  Run([&](db::Transaction& tx) -> absl::Status {
    GW_RETURN_IF_ERROR(InsertVisit(tx, visit));
    GW_ASSIGN_OR_RETURN(const VisitRow read, ReadVisit(tx, visit.id));
    EXPECT_EQ(read.value.DebugString(), value.DebugString());
    GW_ASSIGN_OR_RETURN(const auto all, ReadVisits(tx, task.id, absl::InfinitePast(), Uuid(), 10));
    EXPECT_EQ(all.size(), 1u);
    GW_ASSIGN_OR_RETURN(const auto after, ReadVisits(tx, task.id, kNow, visit.id, 10));
    EXPECT_TRUE(after.empty());
    EXPECT_EQ(ReasonOf(InsertVisit(tx, visit)), "ALREADY_EXISTS");
    return absl::OkStatus();
  });
}

TEST_F(PatrolRepositoryTest, ListsFilterByStateSourceAndDueTime) {
  TaskRow early = Make(village, absl::Hours(1));
  early.value.set_source("sources/" + Uuid::Make(kNow).ToString());
  TaskRow late = Make(village, absl::Hours(9));
  TaskRow done = Make(village, absl::Hours(1));
  done.value.set_state(v1::PatrolTask::DONE);
  const Uuid source = *ParseResourceName("sources", early.value.source());
  Run([&](db::Transaction& tx) -> absl::Status {
    for (const TaskRow& task : {late, early, done}) GW_RETURN_IF_ERROR(InsertTask(tx, task));
    const auto count = [&](const TaskFilter& filter) {
      return std::pair(ListSubtree(tx, early.ground_path, filter, {}, 10)->size(),
                       ListOfPost(tx, early.post, filter, {}, 10)->size());
    };
    EXPECT_EQ(count({}), std::pair(size_t{3}, size_t{3}));
    EXPECT_EQ(count({.states = "2"}), std::pair(size_t{2}, size_t{2}));
    EXPECT_EQ(count({.source = source}), std::pair(size_t{1}, size_t{1}));
    EXPECT_EQ(count({.overdue_as_of = kNow + absl::Hours(2)}), std::pair(size_t{1}, size_t{1}));
    GW_ASSIGN_OR_RETURN(const auto own, ListOfPost(tx, early.post, {.states = "2"}, {}, 10));
    EXPECT_EQ(own.at(0).id, early.id);
    EXPECT_EQ(own.at(1).id, late.id);
    return absl::OkStatus();
  });
}

TEST_F(PatrolRepositoryTest, BothListsWalkTheirIndexWithoutSorting) {
  Run([&](db::Transaction& tx) -> absl::Status {
    for (int n = 0; n < 500; ++n) {
      GW_RETURN_IF_ERROR(InsertTask(tx, Make(City().villages[n % 2][n % 3][n % 4], absl::Minutes(n))));
    }
    struct Plan {
      std::string type, key, extra;
    };
    const auto read = [](const db::Row& row) {
      return Plan{row.OptText(3).value_or(""), row.OptText(5).value_or(""), row.OptText(9).value_or("")};
    };
    const std::string ground = City().ground->PathKey(village);
    const std::optional<std::string> none;
    GW_ASSIGN_OR_RETURN(const auto subtree,
                        tx.Query(absl::StrCat("EXPLAIN ", std::string(ListSubtreeSql())), read, ground,
                                 ground + std::string(16, '\xff'), "", -1, -1, std::string(16, '\0'), "", "",
                                 none, none, none, none, 51));
    EXPECT_EQ(subtree.at(0).type, "range");
    EXPECT_EQ(subtree.at(0).key, "task_ground");
    EXPECT_EQ(subtree.at(0).extra.find("filesort"), std::string::npos) << subtree.at(0).extra;
    GW_ASSIGN_OR_RETURN(const auto own, tx.Query(absl::StrCat("EXPLAIN ", std::string(ListOfPostSql())), read,
                                                 City().PostOf(PostKind::kPatrolOfficer, village).id, -1, -1,
                                                 std::string(16, '\0'), "", "", none, none, none, none, 51));
    EXPECT_NE(own.at(0).type, "ALL");
    EXPECT_NE(own.at(0).type, "index");
    EXPECT_EQ(own.at(0).key, "task_post");
    EXPECT_EQ(own.at(0).extra.find("filesort"), std::string::npos) << own.at(0).extra;
    return absl::OkStatus();
  });
}

}  // namespace
}  // namespace gridwarden::patrol
