#include "patrol/record_task.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "access/standing.h"
#include "base/status.h"
#include "google/protobuf/util/time_util.h"
#include "gridwarden/patrol/v1/patrol_event.pb.h"

namespace gridwarden::patrol {

absl::StatusOr<journal::Sealed> SealTask(const AreaContext& context, const rpc::Call& call,
                                         const TaskStep& step, TaskRow& task) {
  const bool is_new = task.subject.seq == 0;
  v1::PatrolTask& value = task.value;
  value.set_name(ResourceName("patrolTasks", task.id));
  value.set_division(ResourceName("divisions", task.division));
  value.set_post(ResourceName("posts", task.post));
  *value.mutable_due_time() = ToTimestamp(task.due);
  if (is_new) *value.mutable_create_time() = ToTimestamp(call.now);
  if (value.kind() == v1::PatrolTask::KIND_UNSPECIFIED) value.set_kind(v1::PatrolTask::PATROL);
  value.set_etag(absl::StrCat(task.subject.seq + 1));
  task.subject.id = task.id;

  v1::PatrolTaskEvent event;
  event.set_action(static_cast<v1::TaskAction>(step.action));
  event.set_from(static_cast<v1::PatrolTask::State>(step.from));
  *event.mutable_after() = value;
  event.mutable_after()->clear_title();  // may name people; a leaf never does
  if (value.has_release()) event.mutable_after()->mutable_release()->clear_note();
  GW_ASSIGN_OR_RETURN(const journal::Sealed sealed,
                      journal::Seal(call, {.kind = "patrol_task",
                                           .before = task.subject,
                                           .event = &event,
                                           .post = step.acting.post,
                                           .tenure = step.acting.tenure,
                                           .earliest = step.event.earliest,
                                           .latest = step.event.latest,
                                           .rule_version = context.policy->version,
                                           .request_id = step.request_id}));
  task.subject = sealed.after;
  return sealed;
}

absl::StatusOr<v1::PatrolTask> RecordTask(const AreaContext& context, const rpc::Call& call,
                                          db::Transaction& tx, const TaskStep& step, TaskRow task) {
  const bool is_new = task.subject.seq == 0;
  GW_ASSIGN_OR_RETURN(const journal::Sealed sealed, SealTask(context, call, step, task));
  GW_RETURN_IF_ERROR(is_new ? InsertTask(tx, task) : SaveTask(tx, task));
  GW_RETURN_IF_ERROR(journal::Stage(tx, sealed));
  return task.value;
}

absl::StatusOr<TaskRow> LockForScope(const domain::Ground& ground, const rpc::Call& call, db::Transaction& tx,
                                     const Uuid& id) {
  absl::StatusOr<TaskRow> task = LockTask(tx, id);
  if (absl::IsNotFound(task.status())) return access::Absent(ground, call, ResourceName("patrolTasks", id));
  return task;
}

absl::Status CheckEtag(const TaskRow& task, std::string_view etag) {
  if (etag.empty() || etag == task.value.etag()) return absl::OkStatus();
  return EtagMismatch(task.value.name());
}

absl::Status CheckText(std::string_view field, std::string_view text, int characters_max) {
  const auto count = std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; });
  if (count <= characters_max) return absl::OkStatus();
  return InvalidField(field, absl::StrFormat("got %d characters, want at most %d", count, characters_max));
}

domain::TaskState StateOf(const TaskRow& task) { return static_cast<domain::TaskState>(task.value.state()); }

void SetState(TaskRow& task, domain::TaskState state) {
  task.value.set_state(static_cast<v1::PatrolTask::State>(state));
}

google::protobuf::Timestamp ToTimestamp(absl::Time time) {
  return google::protobuf::util::TimeUtil::MicrosecondsToTimestamp(absl::ToUnixMicros(time));
}

absl::StatusOr<absl::Time> ToTime(const google::protobuf::Timestamp& time, std::string_view field) {
  constexpr int64_t kYear2000 = 946'684'800;
  constexpr int64_t kYear2200 = 7'258'118'400;
  if (time.seconds() < kYear2000 || time.seconds() > kYear2200 || time.nanos() < 0 ||
      time.nanos() > 999'999'999) {
    return InvalidField(field, "want a time between the years 2000 and 2200");
  }
  return absl::FromUnixMicros(time.seconds() * 1'000'000 + time.nanos() / 1'000);
}

absl::StatusOr<domain::EventInterval> IntervalOf(const google::protobuf::Timestamp& event_time,
                                                 const google::protobuf::Timestamp* earliest_time,
                                                 absl::Time now, const std::string& prefix) {
  GW_ASSIGN_OR_RETURN(const absl::Time claimed, ToTime(event_time, prefix + "event_time"));
  GW_ASSIGN_OR_RETURN(domain::EventInterval event, domain::DefendEventTime(claimed, now));
  if (earliest_time == nullptr) return event;
  const std::string field = prefix + "earliest_time";
  GW_ASSIGN_OR_RETURN(const absl::Time earliest, ToTime(*earliest_time, field));
  // The time of the event may have been pulled back by what a phone's clock runs ahead.
  if (earliest > event.latest + domain::kClockErrorMax) {
    return InvalidField(field, absl::StrCat("got ", absl::FormatTime(earliest), ", want no later than ",
                                            absl::FormatTime(event.latest)));
  }
  event.earliest = std::min(earliest, event.latest);
  return event;
}

}  // namespace gridwarden::patrol
