#include "patrol/patrol_repository.h"

#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "access/standing.h"
#include "base/status.h"
#include "google/protobuf/util/time_util.h"

namespace gridwarden::patrol {
namespace {

#define GW_TASK_COLUMNS                                                                                     \
  "task_id, city_id, state, source_id, division, ground_path, category, checklist, post, window_start_us, " \
  "due_us, "                                                                                                \
  "title, result, visit_id, start_us, done_us, late, release_reason, release_note, release_person, "        \
  "release_post, "                                                                                          \
  "release_us, created_us, subject_seq, subject_leaf, kind, rule, slot_day"
#define GW_VISIT_COLUMNS                                                                                  \
  "visit_id, city_id, task_id, result, category, source_id, division, ground_path, findings, longitude, " \
  "latitude, "                                                                                            \
  "accuracy_m, given_datum, event_us, receive_us, note, person, post, late, subject_seq, subject_leaf"
#define GW_TASK_FILTER                                                      \
  " AND (? = '' OR FIND_IN_SET(state, ?)) AND (? IS NULL OR source_id = ?)" \
  " AND (? IS NULL OR (due_us < ? AND state IN (1, 2, 3)))"

constexpr std::string_view kReadTask = "SELECT " GW_TASK_COLUMNS " FROM patrol_task WHERE task_id = ?";
constexpr std::string_view kLockTask =
    "SELECT " GW_TASK_COLUMNS " FROM patrol_task WHERE task_id = ? FOR UPDATE";
constexpr std::string_view kInsertTasks = "INSERT INTO patrol_task (" GW_TASK_COLUMNS ") VALUES ";
constexpr int kTaskColumns = 28;
constexpr int kRowsAtOnce[] = {128, 16, 1};
constexpr std::string_view kSaveTask =
    "UPDATE patrol_task SET state = ?, post = ?, due_us = ?, result = ?, visit_id = ?, start_us = ?, done_us "
    "= ?, late = ?, "
    "release_reason = ?, release_note = ?, release_person = ?, release_post = ?, release_us = ?, subject_seq "
    "= ?, "
    "subject_leaf = ? WHERE task_id = ? AND subject_seq = ?";
constexpr std::string_view kListSubtree =
    "SELECT " GW_TASK_COLUMNS
    " FROM patrol_task FORCE INDEX (task_ground)"
    " WHERE ground_path >= ? AND ground_path < ?"
    " AND (ground_path > ? OR due_us > ? OR (due_us = ? AND task_id > ?))" GW_TASK_FILTER
    " ORDER BY ground_path, due_us, task_id LIMIT ?";
constexpr std::string_view kListOfPost =
    "SELECT " GW_TASK_COLUMNS
    " FROM patrol_task FORCE INDEX (task_post)"
    " WHERE post = ? AND due_us >= ? AND (due_us > ? OR task_id > ?)" GW_TASK_FILTER
    " ORDER BY due_us, task_id LIMIT ?";

constexpr std::string_view kInsertVisit =
    "INSERT INTO visit (" GW_VISIT_COLUMNS
    ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
constexpr std::string_view kReadVisit = "SELECT " GW_VISIT_COLUMNS " FROM visit WHERE visit_id = ?";
constexpr std::string_view kReadVisits =
    "SELECT " GW_VISIT_COLUMNS
    " FROM visit WHERE task_id = ? AND event_us >= ? AND (event_us > ? OR visit_id > ?)"
    " ORDER BY event_us, visit_id LIMIT ?";

using google::protobuf::Timestamp;
using google::protobuf::util::TimeUtil;

std::optional<int64_t> Micros(bool has, const Timestamp& time) {
  if (!has) return std::nullopt;
  return TimeUtil::TimestampToMicroseconds(time);
}

void SetTime(const std::optional<int64_t>& us, Timestamp* (v1::PatrolTask::*mutable_time)(),
             v1::PatrolTask& task) {
  if (us) *(task.*mutable_time)() = TimeUtil::MicrosecondsToTimestamp(*us);
}

// The id in a resource name that is known to be well formed; nil for "".
Uuid IdIn(std::string_view name) {
  return name.size() < 36 ? Uuid() : Uuid::Parse(name.substr(name.size() - 36)).value_or(Uuid());
}

TaskRow TaskFromRow(const db::Row& row) {
  TaskRow task;
  task.id = row.Id(0);
  task.city = row.Id(1);
  task.division = row.Id(4);
  task.ground_path = row.Text(5);
  task.post = row.Id(8);
  task.due = row.Time(10);
  v1::PatrolTask& value = task.value;
  value.set_name(ResourceName("patrolTasks", task.id));
  value.set_state(static_cast<v1::PatrolTask::State>(row.Int(2)));
  value.set_source(ResourceName("sources", row.Id(3)));
  value.set_division(ResourceName("divisions", task.division));
  value.set_category(row.Text(6));
  value.set_checklist(row.Text(7));
  value.set_post(ResourceName("posts", task.post));
  SetTime(row.OptInt(9), &v1::PatrolTask::mutable_window_start_time, value);
  SetTime(row.OptInt(10), &v1::PatrolTask::mutable_due_time, value);
  value.set_title(row.Text(11));
  value.set_result(static_cast<v1::Visit::Result>(row.Int(12)));
  if (const Uuid visit = row.Id(13); !visit.IsNil()) {
    value.set_visit(absl::StrCat(value.name(), "/visits/", visit.ToString()));
  }
  SetTime(row.OptInt(14), &v1::PatrolTask::mutable_start_time, value);
  SetTime(row.OptInt(15), &v1::PatrolTask::mutable_done_time, value);
  value.set_late(row.Bool(16));
  if (row.Int(17) != 0) {
    v1::PatrolTask::Release& release = *value.mutable_release();
    release.set_reason(static_cast<v1::PatrolTask::Release::Reason>(row.Int(17)));
    release.set_note(row.Text(18));
    release.set_person(ResourceName("persons", row.Id(19)));
    release.set_post(ResourceName("posts", row.Id(20)));
    *release.mutable_time() = TimeUtil::MicrosecondsToTimestamp(row.OptInt(21).value_or(0));
  }
  SetTime(row.OptInt(22), &v1::PatrolTask::mutable_create_time, value);
  task.subject = {.id = task.id, .seq = static_cast<uint64_t>(row.Int(23)), .leaf = row.Text(24)};
  value.set_etag(absl::StrCat(task.subject.seq));
  value.set_kind(static_cast<v1::PatrolTask::Kind>(row.Int(25)));
  value.set_rule(row.Text(26));
  if (const std::optional<int64_t> slot = row.OptInt(27))
    value.set_slot_date(absl::FormatCivilTime(absl::CivilDay(1970, 1, 1) + *slot));
  return task;
}

// Days since 1970 of "2026-11-22"; NULL for "".
std::optional<int64_t> DayIn(const std::string& date) {
  absl::CivilDay day;
  if (!absl::ParseCivilTime(date, &day)) return std::nullopt;
  return day - absl::CivilDay(1970, 1, 1);
}

VisitRow VisitFromRow(const db::Row& row) {
  VisitRow visit;
  visit.id = row.Id(0);
  visit.city = row.Id(1);
  visit.task = row.Id(2);
  visit.division = row.Id(6);
  visit.ground_path = row.Text(7);
  visit.event_time = row.Time(13);
  v1::Visit& value = visit.value;
  value.ParseFromString(row.Text(8));  // answers, evidence and earliest_time, written by InsertVisit
  value.set_name(absl::StrCat(ResourceName("patrolTasks", visit.task), "/visits/", visit.id.ToString()));
  value.set_result(static_cast<v1::Visit::Result>(row.Int(3)));
  value.set_category(row.Text(4));
  value.set_source(ResourceName("sources", row.Id(5)));
  value.set_division(ResourceName("divisions", visit.division));
  if (!row.IsNull(9)) {
    type::v1::Position& position = *value.mutable_position();
    position.set_longitude(row.Double(9));
    position.set_latitude(row.Double(10));
    position.set_accuracy_m(row.Double(11));
    position.set_datum(type::v1::Position::WGS84);
    position.set_given_datum(static_cast<type::v1::Position::Datum>(row.Int(12)));
  }
  *value.mutable_event_time() = TimeUtil::MicrosecondsToTimestamp(row.Int(13));
  *value.mutable_receive_time() = TimeUtil::MicrosecondsToTimestamp(row.Int(14));
  value.set_note(row.Text(15));
  value.set_person(ResourceName("persons", row.Id(16)));
  value.set_post(ResourceName("posts", row.Id(17)));
  value.set_late(row.Bool(18));
  visit.subject = {.id = visit.id, .seq = static_cast<uint64_t>(row.Int(19)), .leaf = row.Text(20)};
  return visit;
}

absl::Status Taken(const absl::Status& status, std::string_view name) {
  return db::IsDuplicateKey(status) ? AlreadyExists(name) : status;
}

void Bind(const TaskRow& task, std::vector<db::Value>& values) {
  const v1::PatrolTask& value = task.value;
  const v1::PatrolTask::Release& release = value.release();
  values.insert(values.end(), {task.id,
                               task.city,
                               static_cast<int>(value.state()),
                               IdIn(value.source()),
                               task.division,
                               task.ground_path,
                               value.category(),
                               value.checklist(),
                               task.post,
                               Micros(value.has_window_start_time(), value.window_start_time()),
                               task.due,
                               value.title(),
                               static_cast<int>(value.result()),
                               IdIn(value.visit()),
                               Micros(value.has_start_time(), value.start_time()),
                               Micros(value.has_done_time(), value.done_time()),
                               value.late(),
                               static_cast<int>(release.reason()),
                               release.note(),
                               IdIn(release.person()),
                               IdIn(release.post()),
                               Micros(release.has_time(), release.time()),
                               TimeUtil::TimestampToMicroseconds(value.create_time()),
                               task.subject.seq,
                               task.subject.leaf,
                               static_cast<int>(value.kind()),
                               value.rule(),
                               DayIn(value.slot_date())});
}

absl::StatusOr<TaskRow> OrNotFound(absl::StatusOr<std::optional<TaskRow>> found, const Uuid& id) {
  if (!found.ok()) return found.status();
  if (!*found) return NotFound(ResourceName("patrolTasks", id));
  return **std::move(found);
}

}  // namespace

absl::StatusOr<TaskRow> ReadTask(db::Transaction& tx, const Uuid& id) {
  return OrNotFound(tx.QueryOne(kReadTask, TaskFromRow, id), id);
}

absl::StatusOr<std::vector<TaskRow>> ReadTasks(db::Transaction& tx, const std::vector<Uuid>& ids) {
  std::vector<TaskRow> tasks;
  if (ids.empty()) return tasks;
  // Padded to a few sizes, so that the statement cache stays small.
  size_t size = 1;
  while (size < ids.size()) size *= 2;
  std::vector<db::Value> values;
  for (size_t i = 0; i < size; ++i) values.emplace_back(ids[std::min(i, ids.size() - 1)]);
  GW_RETURN_IF_ERROR(
      tx.QueryValues(absl::StrCat("SELECT " GW_TASK_COLUMNS " FROM patrol_task WHERE task_id IN (",
                                  db::InList(static_cast<int>(size)), ") ORDER BY task_id"),
                     values, [&](const db::Row& row) { tasks.push_back(TaskFromRow(row)); }));
  return tasks;
}

absl::StatusOr<TaskRow> LockTask(db::Transaction& tx, const Uuid& id) {
  return OrNotFound(tx.QueryOne(kLockTask, TaskFromRow, id), id);
}

absl::Status InsertTask(db::Transaction& tx, const TaskRow& task) { return InsertTasks(tx, {&task, 1}); }

absl::Status InsertTasks(db::Transaction& tx, std::span<const TaskRow> tasks) {
  while (!tasks.empty()) {
    const int rows = *std::find_if(std::begin(kRowsAtOnce), std::end(kRowsAtOnce),
                                   [&](int r) { return static_cast<size_t>(r) <= tasks.size(); });
    std::vector<db::Value> values;
    for (const TaskRow& task : tasks.first(rows)) Bind(task, values);
    const std::string sql = absl::StrCat(std::string(kInsertTasks), db::RepeatedRows(kTaskColumns, rows));
    GW_RETURN_IF_ERROR(Taken(tx.ExecValues(sql, values).status(), tasks.front().value.name()));
    tasks = tasks.subspan(rows);
  }
  return absl::OkStatus();
}

absl::Status SaveTask(db::Transaction& tx, const TaskRow& task) {
  const v1::PatrolTask& value = task.value;
  const v1::PatrolTask::Release& release = value.release();
  GW_ASSIGN_OR_RETURN(const uint64_t changed,
                      tx.Exec(kSaveTask, static_cast<int>(value.state()), task.post, task.due,
                              static_cast<int>(value.result()), IdIn(value.visit()),
                              Micros(value.has_start_time(), value.start_time()),
                              Micros(value.has_done_time(), value.done_time()), value.late(),
                              static_cast<int>(release.reason()), release.note(), IdIn(release.person()),
                              IdIn(release.post()), Micros(release.has_time(), release.time()),
                              task.subject.seq, task.subject.leaf, task.id, task.subject.seq - 1));
  if (changed != 1) return EtagMismatch(value.name());
  return absl::OkStatus();
}

absl::Status InsertVisit(db::Transaction& tx, const VisitRow& visit) {
  const v1::Visit& value = visit.value;
  v1::Visit findings;
  *findings.mutable_answers() = value.answers();
  *findings.mutable_evidence() = value.evidence();
  if (value.has_earliest_time()) *findings.mutable_earliest_time() = value.earliest_time();
  std::optional<double> longitude, latitude, accuracy_m;
  std::optional<int> given_datum;
  if (value.has_position()) {
    longitude = value.position().longitude();
    latitude = value.position().latitude();
    accuracy_m = value.position().accuracy_m();
    given_datum = static_cast<int>(value.position().given_datum());
  }
  const absl::StatusOr<uint64_t> inserted =
      tx.Exec(kInsertVisit, visit.id, visit.city, visit.task, static_cast<int>(value.result()),
              value.category(), IdIn(value.source()), visit.division, visit.ground_path,
              findings.SerializeAsString(), longitude, latitude, accuracy_m, given_datum, visit.event_time,
              TimeUtil::TimestampToMicroseconds(value.receive_time()), value.note(), IdIn(value.person()),
              IdIn(value.post()), value.late(), visit.subject.seq, visit.subject.leaf);
  return Taken(inserted.status(), value.name());
}

absl::StatusOr<VisitRow> ReadVisit(db::Transaction& tx, const Uuid& id) {
  GW_ASSIGN_OR_RETURN(std::optional<VisitRow> found, tx.QueryOne(kReadVisit, VisitFromRow, id));
  if (!found) return NotFound("visits/" + id.ToString());
  return *std::move(found);
}

absl::StatusOr<std::vector<VisitRow>> ReadVisits(db::Transaction& tx, const Uuid& task, absl::Time after,
                                                 const Uuid& after_id, int limit) {
  const int64_t after_us = after == absl::InfinitePast() ? -1 : absl::ToUnixMicros(after);
  return tx.Query(kReadVisits, VisitFromRow, task, after_us, after_us, after_id.Bytes(), limit);
}

absl::StatusOr<std::vector<TaskRow>> ListSubtree(db::Transaction& tx, std::string_view ground,
                                                 const TaskFilter& filter, const TaskKey& after, int limit) {
  const std::string start = std::max(std::string(ground), after.ground_path);
  return tx.Query(kListSubtree, TaskFromRow, start, access::EndOfSubtree(ground), after.ground_path,
                  after.due_us, after.due_us, after.id.Bytes(), filter.states, filter.states, filter.source,
                  filter.source, filter.overdue_as_of, filter.overdue_as_of, limit);
}

absl::StatusOr<std::vector<TaskRow>> ListOfPost(db::Transaction& tx, const Uuid& post,
                                                const TaskFilter& filter, const TaskKey& after, int limit) {
  return tx.Query(kListOfPost, TaskFromRow, post, after.due_us, after.due_us, after.id.Bytes(), filter.states,
                  filter.states, filter.source, filter.source, filter.overdue_as_of, filter.overdue_as_of,
                  limit);
}

std::string_view ListSubtreeSql() { return kListSubtree; }
std::string_view ListOfPostSql() { return kListOfPost; }

}  // namespace gridwarden::patrol
