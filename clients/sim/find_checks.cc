#include <algorithm>

#include "absl/strings/str_format.h"
#include "domain/workflow/check_hours.h"
#include "gridwarden/casework/v1/closing_service.pb.h"
#include "sim/acts.h"

// How what was done is checked, signed and looked at again.

namespace gridwarden::sim {

namespace v1 = casework::v1;

namespace {

// 同时段: night work is checked at night. Nothing when the check may be made now, else when it may.
std::optional<absl::Time> NextCheckHour(const v1::Case& file, const std::string& time_zone, absl::Time now,
                                        Random& random) {
  const domain::HourWindow window{file.check_window_start_minute(), file.check_window_end_minute()};
  const bool any_hour = window.start_minute == 0 && window.end_minute == 0;
  if (any_hour || file.check_any_hour() || domain::Touches(window, now, now, time_zone)) return std::nullopt;
  absl::Time hour = now;
  while (!domain::Touches(window, hour, hour, time_zone)) hour += absl::Minutes(15);
  return hour + absl::Minutes(static_cast<int64_t>(random.Between(0, 60)));
}

}  // namespace

Actor::Next Actor::Check(Find& find, absl::Time now, Random& random) {
  if (const auto hour = NextCheckHour(find.file, policy_.calendar.time_zone, now, random))
    return NextStep{Step::kCheck, *hour};
  ++find.checks;
  const std::string checker = world_.HolderOf(find.file.check_post());
  if (checker.empty() || !world_.HasAccount(checker)) return std::optional<NextStep>();
  const double dice = random.Unit();
  const bool fail = dice < 0.13 && find.file.rework_count() < 2;
  const bool unable = !fail && dice > 0.97 && find.file.unable_count() == 0;
  v1::SubmitCheckRequest request;
  request.set_request_id(Id(find, "check"));
  request.set_name(find.file.name());
  request.set_result(fail     ? v1::SubmitCheckRequest::FAIL
                     : unable ? v1::SubmitCheckRequest::UNABLE
                              : v1::SubmitCheckRequest::PASS);
  request.set_note(fail ? "仍有残留" : unable ? "现场无人，无法进入" : "已整改到位");
  *request.mutable_event_time() = ToProto(now);
  // Where the problem was, as far as a phone can tell.
  *request.mutable_position() =
      find.file.has_position() ? find.file.position() : Somewhere(find.village, random);
  for (const type::v1::Evidence::Kind kind :
       fail ? std::vector{type::v1::Evidence::REMAINS, type::v1::Evidence::NEAR, type::v1::Evidence::FAR}
            : std::vector{type::v1::Evidence::NEAR, type::v1::Evidence::FAR}) {
    type::v1::Evidence* evidence = request.add_evidence();
    evidence->set_kind(kind);
    GW_ASSIGN_OR_RETURN(*evidence->mutable_media(), Photo(find, checker, now));
  }
  if (!fail && !unable) {
    const domain::CaseType& type = policy_.TypeOf(find.category);
    for (const std::string& key : {std::string(), v1::Case::Disposition_Name(find.file.disposition())}) {
      if (const auto items = type.closing_items.find(key); items != type.closing_items.end()) {
        GW_RETURN_IF_ERROR(AddAnswers(find, checker, now, items->second, request.mutable_answers()));
      }
    }
  }
  GW_ASSIGN_OR_RETURN(find.file, world_.Call<v1::Case>(checker, now, Casework("SubmitCheck"), request));
  if (find.file.state() == v1::Case::HANDLING) {
    return NextStep{Step::kFeedback, WhenDone(find, now, FromProto(find.file.due_time()), 0.2, random)};
  }
  if (find.file.state() == v1::Case::CHECKING) {
    v1::AssignCheckRequest assign;
    assign.set_request_id(Id(find, "assign check"));
    assign.set_name(find.file.name());
    assign.set_reason("上次无法核查，换人");
    absl::StatusOr<v1::Case> assigned =
        world_.Call<v1::Case>(find.place->office, now + absl::Minutes(5), Casework("AssignCheck"), assign);
    if (!assigned.ok()) return std::optional<NextStep>();  // nobody else is eligible: it waits visibly
    find.file = *assigned;
    return In(Step::kCheck, now, absl::Hours(random.Between(2, 20)));
  }
  return NextStep{Step::kSign, WhenDone(find, now, FromProto(find.file.due_time()), 0.05, random)};
}

// After the second rework the next level up.
const std::string& Actor::SignerOf(const Find& find) const {
  const CountyStaff& county = cast_.counties.at(find.place->county);
  const bool up = find.file.rework_count() >= 2;
  if (find.file.disposition() == v1::Case::SHUT_DOWN) return up ? cast_.city_office : county.office;
  return up ? county.leader : find.place->leader;
}

// The county's seats of a joint review (会审签字), where the type has one.
absl::Status Actor::Cosign(Find& find, absl::Time now) {
  const domain::CaseType& type = policy_.TypeOf(find.category);
  for (const std::string& key : {std::string(), v1::Case::Disposition_Name(find.file.disposition())}) {
    const auto seats = type.cosigners.find(key);
    if (seats == type.cosigners.end()) continue;
    for (const std::string& seat : seats->second) {
      if (seat != "COUNTY_LEADER" && seat != "COUNTY_CENTRE") continue;  // no unit cooperates here
      const CountyStaff& county = cast_.counties.at(find.place->county);
      v1::CosignCaseRequest request;
      request.set_request_id(Id(find, "cosign " + seat));
      request.set_name(find.file.name());
      request.set_seat(seat);
      request.set_agrees(true);
      GW_ASSIGN_OR_RETURN(find.file,
                          world_.Call<v1::Case>(seat == "COUNTY_LEADER" ? county.leader : county.office, now,
                                                Closing("CosignCase"), request));
    }
  }
  return absl::OkStatus();
}

Actor::Next Actor::Sign(Find& find, absl::Time now, Random& random) {
  const std::string& signer = SignerOf(find);
  if (signer.empty() || !world_.HasAccount(signer)) return std::optional<NextStep>();
  const bool refuse = find.refusals == 0 && random.Chance(0.02);
  v1::SignOffRequest request;
  request.set_request_id(Id(find, "sign"));
  request.set_name(find.file.name());
  request.set_sign(!refuse);
  if (refuse) {
    request.set_reason("照片不清，请重新核查");
  } else {
    GW_RETURN_IF_ERROR(Cosign(find, now));
  }
  GW_ASSIGN_OR_RETURN(find.file, world_.Call<v1::Case>(signer, now, Casework("SignOff"), request));
  if (refuse) {
    ++find.refusals;
    return In(Step::kCheck, now, absl::Hours(random.Between(2, 20)));
  }
  GW_ASSIGN_OR_RETURN(find.file, WaitFor(find, find.place->office, now, v1::Case::MONITORING));
  return NextRecheck(find, now, random);
}

// The next visit of the series; the play ends it when its days are over.
Actor::Next Actor::NextRecheck(const Find& find, absl::Time now, Random& random) const {
  if (!find.file.has_recheck_time()) return std::optional<NextStep>();
  return NextStep{Step::kRecheck,
                  std::max(now, FromProto(find.file.recheck_time()) + absl::Hours(random.Between(1, 30)))};
}

Actor::Next Actor::Recheck(Find& find, absl::Time now, Random& random) {
  const double dice = random.Unit();
  const bool rebounded = find.rebound_of == 0 && dice < 0.06;
  // Nobody says twice in a row that it could not be seen.
  const bool unclear = !rebounded && dice > 0.96 && find.file.held() != v1::Case::NOT_OBSERVABLE;
  v1::SubmitRecheckRequest request;
  request.set_request_id(Id(find, absl::StrFormat("recheck %d", find.file.rechecks_done())));
  request.set_name(find.file.name());
  request.set_result(rebounded ? v1::SubmitRecheckRequest::REBOUNDED
                     : unclear ? v1::SubmitRecheckRequest::NOT_OBSERVABLE
                               : v1::SubmitRecheckRequest::HELD);
  request.set_note(rebounded ? "再次发现同样问题" : unclear ? "大雾，无法观察" : "未反弹");
  *request.mutable_event_time() = ToProto(now);
  *request.mutable_position() = Somewhere(find.village, random);
  type::v1::Evidence* evidence = request.add_evidence();
  evidence->set_kind(rebounded ? type::v1::Evidence::REMAINS : type::v1::Evidence::FAR);
  GW_ASSIGN_OR_RETURN(*evidence->mutable_media(), Photo(find, find.place->patrol, now));
  if (rebounded) request.set_rebound_case_id(Id(find, "rebound case"));
  GW_ASSIGN_OR_RETURN(const v1::Case answer,
                      world_.Call<v1::Case>(find.place->patrol, now, Casework("SubmitRecheck"), request));
  find.file = answer;
  if (!rebounded) return NextRecheck(find, now, random);
  // The new case of the chain goes its own way.
  v1::GetCaseRequest get;
  get.set_name("cases/" + Id(find, "rebound case"));
  GW_ASSIGN_OR_RETURN(find.file, world_.Call<v1::Case>(find.place->office, now, Casework("GetCase"), get));
  find.rebound_of = 1;
  find.checks = find.refusals = 0;
  return In(Step::kDispatch, now, absl::Minutes(random.Between(10, 120)));
}

}  // namespace gridwarden::sim
