#include <unistd.h>

#include "absl/strings/str_format.h"
#include "gridwarden/patrol/v1/patrol_service.pb.h"
#include "sim/acts.h"

// How a find comes to be known, and becomes a case or nothing.

namespace gridwarden::sim {

namespace v1 = casework::v1;

Actor::Next Actor::Report(Find& find, absl::Time now, Random& random) {
  v1::SubmitSignalRequest request;
  request.set_request_id(Id(find, "report"));
  request.set_signal_id(Id(find, "signal"));
  v1::Signal& signal = *request.mutable_signal();
  signal.set_channel(v1::Signal::PATROL);
  signal.set_channel_key(absl::StrFormat("demo-%d-%d", world_.seed(), find.number));
  signal.set_category(find.category);
  signal.set_division(find.village);
  *signal.mutable_position() = Somewhere(find.village, random);
  signal.set_description("巡查发现问题（演示数据）");
  *signal.mutable_event_time() = ToProto(now);
  for (const type::v1::Evidence::Kind kind : {type::v1::Evidence::NEAR, type::v1::Evidence::FAR}) {
    type::v1::Evidence* evidence = signal.add_evidence();
    evidence->set_kind(kind);
    GW_ASSIGN_OR_RETURN(*evidence->mutable_media(), Photo(find, find.place->patrol, now));
  }
  GW_RETURN_IF_ERROR(AddAnswers(find, find.place->patrol, now, policy_.TypeOf(find.category).filing_items,
                                signal.mutable_answers()));
  GW_ASSIGN_OR_RETURN(const v1::Signal made,
                      world_.Call<v1::Signal>(find.place->patrol, now, Casework("SubmitSignal"), request));
  find.signal = made.name();
  return In(Step::kFile, now, absl::Minutes(random.Between(10, 240)));
}

Actor::Next Actor::ReportOutside(Find& find, absl::Time now, Random& random) {
  v1::SubmitSignalRequest request;
  request.set_request_id(Id(find, "report"));
  request.set_signal_id(Id(find, "signal"));
  v1::Signal& signal = *request.mutable_signal();
  signal.set_channel(v1::Signal::HOTLINE);
  signal.set_channel_key(absl::StrFormat("12369-%d-%d", world_.seed(), find.number));
  signal.set_category(find.category);
  signal.set_division(find.village);
  signal.set_description("热线转来（演示数据）");
  *signal.mutable_event_time() = ToProto(now - absl::Minutes(random.Between(5, 60)));
  GW_ASSIGN_OR_RETURN(const v1::Signal made,
                      world_.Call<v1::Signal>(find.place->office, now, Casework("SubmitSignal"), request));
  find.signal = made.name();
  return In(Step::kSendCheck, now, absl::Minutes(random.Between(3, 60)));
}

Actor::Next Actor::Patrol(Find& find, absl::Time now, Random& random) {
  const PostHere patrol = world_.PostAt(find.place->township, grid::v1::Post::PATROL_OFFICER);
  patrol::v1::CreatePatrolTaskRequest create;
  create.set_request_id(Id(find, "task"));
  create.set_patrol_task_id(Id(find, "task id"));
  create.mutable_patrol_task()->set_division(find.village);
  create.mutable_patrol_task()->set_category(find.category);
  create.mutable_patrol_task()->set_post(patrol.name);
  create.mutable_patrol_task()->set_title("例行巡查");
  *create.mutable_patrol_task()->mutable_due_time() = ToProto(now + absl::Hours(8));
  GW_ASSIGN_OR_RETURN(
      const patrol::v1::PatrolTask task,
      world_.Call<patrol::v1::PatrolTask>(find.place->office, now - absl::Hours(2),
                                          "gridwarden.patrol.v1.PatrolService/CreatePatrolTask", create));
  patrol::v1::SubmitVisitRequest submit;
  submit.set_request_id(Id(find, "visit"));
  submit.set_visit_id(Id(find, "visit id"));
  submit.set_parent(task.name());
  patrol::v1::Visit& visit = *submit.mutable_visit();
  // One inspection in four finds nothing; it is the whole story then.
  const bool problem = random.Chance(0.75);
  visit.set_result(problem ? patrol::v1::Visit::PROBLEM : patrol::v1::Visit::NORMAL);
  *visit.mutable_event_time() = ToProto(now);
  *visit.mutable_position() = Somewhere(find.village, random);
  if (problem) {
    for (const type::v1::Evidence::Kind kind : {type::v1::Evidence::NEAR, type::v1::Evidence::FAR}) {
      type::v1::Evidence* evidence = visit.add_evidence();
      evidence->set_kind(kind);
      GW_ASSIGN_OR_RETURN(*evidence->mutable_media(), Photo(find, find.place->patrol, now));
    }
    GW_RETURN_IF_ERROR(AddAnswers(find, find.place->patrol, now, policy_.TypeOf(find.category).filing_items,
                                  visit.mutable_answers()));
  }
  GW_ASSIGN_OR_RETURN(const patrol::v1::Visit done,
                      world_.Call<patrol::v1::Visit>(
                          find.place->patrol, now, "gridwarden.patrol.v1.PatrolService/SubmitVisit", submit));
  if (!problem) return std::optional<NextStep>();
  // The township's office sees the signal arrive in its queue.
  const std::string visit_id = done.name().substr(done.name().rfind('/') + 1);
  for (int attempt = 0; attempt < 400; ++attempt) {
    v1::ListSignalsRequest list;
    list.set_division(find.place->township);
    list.set_page_size(200);
    do {
      GW_ASSIGN_OR_RETURN(
          const v1::ListSignalsResponse page,
          world_.Call<v1::ListSignalsResponse>(find.place->office, now, Casework("ListSignals"), list));
      for (const v1::Signal& signal : page.signals()) {
        if (signal.channel_key().find(visit_id) != std::string::npos) find.signal = signal.name();
      }
      list.set_page_token(page.next_page_token());
    } while (find.signal.empty() && !list.page_token().empty());
    if (!find.signal.empty()) return In(Step::kFile, now, absl::Minutes(random.Between(10, 240)));
    usleep(10'000);
  }
  return absl::DeadlineExceededError("the problem of visit " + visit_id + " never became a signal");
}

Actor::Next Actor::SendCheck(Find& find, absl::Time now, Random& random) {
  v1::RequestOnsiteCheckRequest request;
  request.set_request_id(Id(find, "send check"));
  request.set_name(find.signal);
  request.set_post(world_.PostAt(find.place->township, grid::v1::Post::PATROL_OFFICER).name);
  GW_RETURN_IF_ERROR(
      world_.Call<v1::Signal>(find.place->office, now, Casework("RequestOnsiteCheck"), request).status());
  return In(Step::kOnsiteCheck, now, absl::Minutes(random.Between(8, 50)));
}

Actor::Next Actor::OnsiteCheck(Find& find, absl::Time now, Random& random) {
  const bool exists = random.Chance(0.7);
  v1::SubmitOnsiteCheckRequest request;
  request.set_request_id(Id(find, "onsite"));
  request.set_name(find.signal);
  request.set_result(exists ? v1::Signal::OnsiteCheck::EXISTS : v1::Signal::OnsiteCheck::ABSENT);
  request.set_note(exists ? "现场属实" : "到场未发现");
  *request.mutable_event_time() = ToProto(now);
  *request.mutable_position() = Somewhere(find.village, random);
  for (const type::v1::Evidence::Kind kind :
       exists ? std::vector{type::v1::Evidence::NEAR, type::v1::Evidence::FAR}
              : std::vector{type::v1::Evidence::ABSENCE}) {
    type::v1::Evidence* evidence = request.add_evidence();
    evidence->set_kind(kind);
    GW_ASSIGN_OR_RETURN(*evidence->mutable_media(), Photo(find, find.place->patrol, now));
  }
  if (exists) {
    GW_RETURN_IF_ERROR(AddAnswers(find, find.place->patrol, now, policy_.TypeOf(find.category).filing_items,
                                  request.mutable_answers()));
  }
  GW_RETURN_IF_ERROR(
      world_.Call<v1::Signal>(find.place->patrol, now, Casework("SubmitOnsiteCheck"), request).status());
  return In(exists ? Step::kFile : Step::kReject, now, absl::Minutes(random.Between(5, 90)));
}

Actor::Next Actor::File(Find& find, absl::Time now, Random& random) {
  v1::FileCaseRequest request;
  request.set_request_id(Id(find, "file"));
  request.set_signal(find.signal);
  request.set_case_id(Id(find, "case"));
  GW_ASSIGN_OR_RETURN(find.file,
                      world_.Call<v1::Case>(find.place->office, now, Casework("FileCase"), request));
  const Step next = policy_.TypeOf(find.category).needs_disposition ? Step::kDisposition : Step::kDispatch;
  return In(next, now, absl::Minutes(random.Between(5, 120)));
}

Actor::Next Actor::Reject(Find& find, absl::Time now) {
  v1::RejectSignalRequest request;
  request.set_request_id(Id(find, "reject"));
  request.set_name(find.signal);
  request.set_reason("ABSENT");
  GW_RETURN_IF_ERROR(
      world_.Call<v1::Signal>(find.place->office, now, Casework("RejectSignal"), request).status());
  find.rejected = true;
  return std::optional<NextStep>();
}

}  // namespace gridwarden::sim
