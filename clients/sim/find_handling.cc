#include "absl/strings/str_format.h"
#include "gridwarden/casework/v1/closing_service.pb.h"
#include "sim/acts.h"

// How a case is handled: whoever it is given to takes it, gives it back, does it and says so.

namespace gridwarden::sim {

namespace v1 = casework::v1;

Actor::Next Actor::Disposition(Find& find, absl::Time now, Random& random) {
  v1::SetDispositionRequest request;
  request.set_request_id(Id(find, "disposition"));
  request.set_name(find.file.name());
  request.set_disposition(random.Chance(0.6) ? v1::Case::SHUT_DOWN : v1::Case::UPGRADE);
  const std::string& office = cast_.counties.at(find.place->county).office;
  GW_ASSIGN_OR_RETURN(find.file, world_.Call<v1::Case>(office, now, Casework("SetDisposition"), request));
  return In(Step::kDispatch, now, absl::Minutes(random.Between(5, 60)));
}

Actor::Next Actor::Dispatch(Find& find, absl::Time now, Random& random, bool again) {
  // One dispatch in twenty goes to the wrong desk first.
  const bool wrong = !again && find.rebound_of == 0 && random.Chance(0.05);
  v1::DispatchCaseRequest request;
  request.set_request_id(Id(find, again ? "dispatch again" : "dispatch"));
  request.set_name(find.file.name());
  request.set_handler(
      world_
          .PostAt(find.place->township, wrong ? grid::v1::Post::PATROL_OFFICER : grid::v1::Post::GRID_OFFICER)
          .name);
  GW_ASSIGN_OR_RETURN(find.file,
                      world_.Call<v1::Case>(find.place->office, now, Casework("DispatchCase"), request));
  // A few cases are left lying: they show as overdue.
  if (random.Chance(0.03)) return std::optional<NextStep>();
  // Answered before the accept limit of a fire, or well within the working hours of the others: what lies
  // longer counts as accepted without a word. What is mis-dispatched is given back within the shortest limit.
  const bool fire = policy_.TypeOf(find.category).limits.accept.calendar == domain::Calendar::kContinuous;
  const double minutes = random.Between(4, 150);
  const auto after = absl::Minutes(fire || wrong ? std::min(minutes, 14.0) : minutes);
  return In(wrong ? Step::kReturn : Step::kAccept, now, after);
}

Actor::Next Actor::Return(Find& find, absl::Time now, Random& random) {
  v1::ReturnCaseRequest request;
  request.set_request_id(Id(find, "return"));
  request.set_name(find.file.name());
  request.set_reason("不属于巡查岗职责");
  request.set_proposed_handler(world_.PostAt(find.place->township, grid::v1::Post::GRID_OFFICER).name);
  GW_ASSIGN_OR_RETURN(find.file,
                      world_.Call<v1::Case>(find.place->patrol, now, Casework("ReturnCase"), request));
  return In(Step::kDispatchAgain, now, absl::Minutes(random.Between(5, 90)));
}

// Production stands still before anything else is done (先停后治).
absl::Status Actor::Stop(Find& find, absl::Time now) {
  if (policy_.TypeOf(find.category).stop_first.span <= absl::ZeroDuration() || find.file.has_stop_time())
    return absl::OkStatus();
  v1::StopProductionRequest request;
  request.set_request_id(Id(find, "stop"));
  request.set_name(find.file.name());
  request.set_note("已停产断电（演示数据）");
  *request.mutable_event_time() = ToProto(now);
  type::v1::Evidence* evidence = request.add_evidence();
  evidence->set_kind(type::v1::Evidence::NEAR);
  GW_ASSIGN_OR_RETURN(*evidence->mutable_media(), Photo(find, find.place->handler, now));
  GW_ASSIGN_OR_RETURN(find.file,
                      world_.Call<v1::Case>(find.place->handler, now, Closing("StopProduction"), request));
  return absl::OkStatus();
}

Actor::Next Actor::Accept(Find& find, absl::Time now, Random& random) {
  v1::GetCaseRequest which;
  which.set_name(find.file.name());
  GW_ASSIGN_OR_RETURN(find.file, world_.Call<v1::Case>(find.place->handler, now, Casework("GetCase"), which));
  // Who lets the time to answer pass has taken it on already.
  if (find.file.state() != v1::Case::HANDLING) {
    v1::AcceptCaseRequest request;
    request.set_request_id(Id(find, "accept"));
    request.set_name(find.file.name());
    *request.mutable_event_time() = ToProto(now);
    GW_ASSIGN_OR_RETURN(find.file,
                        world_.Call<v1::Case>(find.place->handler, now, Casework("AcceptCase"), request));
  }
  GW_RETURN_IF_ERROR(Stop(find, now));
  return NextStep{Step::kFeedback, WhenDone(find, now, FromProto(find.file.due_time()), 0.12, random)};
}

Actor::Next Actor::Feedback(Find& find, absl::Time now, Random& random) {
  v1::SubmitFeedbackRequest request;
  request.set_request_id(Id(find, "feedback"));
  request.set_name(find.file.name());
  request.set_note("已整改（演示数据）");
  *request.mutable_event_time() = ToProto(now);
  *request.mutable_position() = Somewhere(find.village, random);
  for (const type::v1::Evidence::Kind kind : {type::v1::Evidence::BEFORE, type::v1::Evidence::AFTER,
                                              type::v1::Evidence::NEAR, type::v1::Evidence::FAR}) {
    type::v1::Evidence* evidence = request.add_evidence();
    evidence->set_kind(kind);
    GW_ASSIGN_OR_RETURN(*evidence->mutable_media(), Photo(find, find.place->handler, now));
  }
  const domain::CaseType& type = policy_.TypeOf(find.category);
  const std::string disposition = v1::Case::Disposition_Name(find.file.disposition());
  for (const std::string& key : {std::string(), disposition}) {
    if (const auto items = type.closing_items.find(key); items != type.closing_items.end()) {
      GW_RETURN_IF_ERROR(
          AddAnswers(find, find.place->handler, now, items->second, request.mutable_answers()));
    }
  }
  GW_ASSIGN_OR_RETURN(find.file,
                      world_.Call<v1::Case>(find.place->handler, now, Casework("SubmitFeedback"), request));
  GW_ASSIGN_OR_RETURN(find.file, WaitFor(find, find.place->office, now, v1::Case::CHECKING));
  if (find.file.state() != v1::Case::CHECKING)
    return std::optional<NextStep>();  // nobody eligible: it waits visibly
  return NextStep{Step::kCheck, WhenDone(find, now, FromProto(find.file.due_time()), 0.05, random)};
}

}  // namespace gridwarden::sim
