#include "sim/rounds.h"

#include <algorithm>
#include <functional>

#include "absl/time/civil_time.h"
#include "base/status.h"
#include "google/protobuf/util/time_util.h"
#include "gridwarden/patrol/v1/patrol_service.pb.h"
#include "gridwarden/patrol/v1/plan_service.pb.h"

namespace gridwarden::sim {
namespace {

using google::protobuf::util::TimeUtil;

absl::TimeZone China() { return absl::FixedTimeZone(8 * 3600); }

template <typename Response>
absl::StatusOr<Response> Read(const absl::StatusOr<std::string>& bytes) {
  if (!bytes.ok()) return bytes.status();
  Response response;
  if (!response.ParseFromString(*bytes)) return absl::InternalError("the server's answer cannot be parsed");
  return response;
}

}  // namespace

absl::Status Rounds::Day(absl::Time now) {
  const absl::CivilDay today = absl::ToCivilDay(now, China());
  if (!begun_ || absl::GetWeekday(today) == absl::Weekday::monday) GW_RETURN_IF_ERROR(Plan(now));
  begun_ = true;
  return GoAndSee(now);
}

absl::Status Rounds::Plan(absl::Time now) {
  const absl::CivilDay today = absl::ToCivilDay(now, China());
  patrol::v1::MakePlanRequest request;
  request.set_request_id(links_.id_of("plan of " + absl::FormatCivilTime(today)));
  request.set_division(township_);
  request.set_from_date(absl::FormatCivilTime(today));
  request.set_to_date(absl::FormatCivilTime(today + 6));
  GW_ASSIGN_OR_RETURN(const patrol::v1::Plan plan,
                      Read<patrol::v1::Plan>(
                          links_.call(office_, now, "gridwarden.patrol.v1.PlanService/MakePlan", request)));
  planned_ += plan.task_count();
  return absl::OkStatus();
}

absl::Status Rounds::GoAndSee(absl::Time now) {
  patrol::v1::ListPatrolTasksRequest list;
  list.set_division(township_);
  list.add_states(patrol::v1::PatrolTask::ISSUED);
  list.set_page_size(500);
  GW_ASSIGN_OR_RETURN(const patrol::v1::ListPatrolTasksResponse page,
                      Read<patrol::v1::ListPatrolTasksResponse>(links_.call(
                          office_, now, "gridwarden.patrol.v1.PatrolService/ListPatrolTasks", list)));
  for (const patrol::v1::PatrolTask& task : page.patrol_tasks()) {
    const absl::Time begins =
        absl::FromUnixMicros(TimeUtil::TimestampToMicroseconds(task.window_start_time()));
    if (task.rule().empty() || begins > now) continue;
    const std::string who = links_.holder_of(task.post());
    if (who.empty()) continue;
    // The name decides, so that a play that goes on after a break decides alike.
    const size_t lot = std::hash<std::string>()(task.name());
    const bool first_day = now - begins < absl::Hours(24);
    if (first_day && lot % 12 == 0) continue;
    patrol::v1::SubmitVisitRequest submit;
    submit.set_request_id(links_.id_of("round " + task.name()));
    submit.set_parent(task.name());
    submit.mutable_visit()->set_result(lot % 25 == 1 ? patrol::v1::Visit::INACCESSIBLE
                                                     : patrol::v1::Visit::NORMAL);
    const absl::Time at = lot % 12 == 0 ? now : std::min(now, begins + absl::Minutes(20 + lot % 240));
    *submit.mutable_visit()->mutable_event_time() = TimeUtil::MicrosecondsToTimestamp(absl::ToUnixMicros(at));
    const absl::Status handed_in =
        links_.call(who, now, "gridwarden.patrol.v1.PatrolService/SubmitVisit", submit).status();
    if (ReasonOf(handed_in) == "NOT_YOUR_TASK") continue;  // who left the post since goes no more
    GW_RETURN_IF_ERROR(handed_in);
    ++seen_;
  }
  return absl::OkStatus();
}

}  // namespace gridwarden::sim
