#include "domain/workflow/application.h"

#include <algorithm>
#include <array>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/status.h"

namespace gridwarden::domain {
namespace {

struct Name {
  std::string_view code, zh;
};

constexpr std::array<Name, 6> kKinds = {{{"KIND_UNSPECIFIED", "未说明"},
                                         {"POSTPONEMENT", "延期"},
                                         {"SUSPENSION", "挂账"},
                                         {"FORCED_CLOSING", "强制结案"},
                                         {"VOIDING", "作废"},
                                         {"DISPATCH_OUTSIDE_LIST", "清单外派遣"}}};

constexpr std::array<Name, 6> kSeats = {{{"SHIFT_LEADER", "值班长"},
                                         {"DISPATCH_HEAD", "派遣负责人"},
                                         {"CENTRE_LEADER", "中心负责人"},
                                         {"COUNTY_CENTRE", "县级攻坚办"},
                                         {"COUNTY_LEADER", "县级网格长"},
                                         {"OTHER_UNIT", "另一单位攻坚办"}}};

constexpr std::string_view kEngineering = "ENGINEERING";

const Name& Look(std::span<const Name> names, size_t index) {
  static constexpr Name kUnknown = {"UNKNOWN", "未知"};
  return index < names.size() ? names[index] : kUnknown;
}

bool IsOffice(const Desk& desk) { return desk.kind == PostKind::kCampaignOffice; }
bool IsLeader(const Desk& desk) {
  return desk.kind == PostKind::kGridLeader || desk.kind == PostKind::kFirstGridLeader;
}
// A level counts from the top down.
bool AtLeast(const Desk& desk, Level level) {
  return desk.level != Level::kUnspecified && desk.level <= level;
}

bool IsTaken(Seat seat, std::span<const Taken> taken) {
  return std::any_of(taken.begin(), taken.end(), [&](const Taken& one) { return one.seat == seat; });
}

std::string OpenSeats(std::span<const Seat> seats, std::span<const Taken> taken) {
  std::string names;
  for (const Seat seat : seats) {
    if (!IsTaken(seat, taken)) absl::StrAppend(&names, names.empty() ? "" : "、", std::string(ZhOf(seat)));
  }
  return names;
}

}  // namespace

std::string_view NameOf(ApplicationKind kind) { return Look(kKinds, static_cast<size_t>(kind)).code; }
std::string_view ZhOf(ApplicationKind kind) { return Look(kKinds, static_cast<size_t>(kind)).zh; }
std::string_view NameOf(Seat seat) { return Look(kSeats, static_cast<size_t>(seat)).code; }
std::string_view ZhOf(Seat seat) { return Look(kSeats, static_cast<size_t>(seat)).zh; }

std::optional<Seat> ParseSeat(std::string_view name) {
  for (size_t i = 0; i < kSeats.size(); ++i) {
    if (kSeats[i].code == name) return static_cast<Seat>(i);
  }
  return std::nullopt;
}

Action ActOf(ApplicationKind kind) {
  switch (kind) {
    case ApplicationKind::kPostponement:
      return Action::kPostpone;
    case ApplicationKind::kSuspension:
      return Action::kSuspend;
    case ApplicationKind::kForcedClosing:
      return Action::kForceClose;
    case ApplicationKind::kVoiding:
      return Action::kVoid;
    case ApplicationKind::kDispatchOutsideList:
      return Action::kDispatch;
    case ApplicationKind::kUnspecified:
      break;
  }
  return Action::kUnspecified;
}

bool Admits(CaseState state, ApplicationKind kind) { return Next(state, ActOf(kind)).ok(); }

bool NeedsForm(int postponed_before, std::string_view reason_code) {
  return postponed_before > 0 || reason_code == kEngineering;
}

std::vector<Seat> SeatsOf(ApplicationKind kind, int postponed_before, std::string_view reason_code) {
  switch (kind) {
    case ApplicationKind::kPostponement:
      if (!NeedsForm(postponed_before, reason_code)) return {Seat::kShiftLeader};
      return {Seat::kDispatchHead, Seat::kCentreLeader};
    case ApplicationKind::kSuspension:
    case ApplicationKind::kDispatchOutsideList:
      return {Seat::kCountyCentre};
    case ApplicationKind::kForcedClosing:
      return {Seat::kCountyLeader};
    case ApplicationKind::kVoiding:
      return {Seat::kOtherUnit};
    case ApplicationKind::kUnspecified:
      break;
  }
  return {};
}

bool Fits(Seat seat, const Desk& desk, const Desk& applicant) {
  switch (seat) {
    case Seat::kShiftLeader:
      return IsOffice(desk) && AtLeast(desk, Level::kTownship);
    case Seat::kDispatchHead:
      return IsOffice(desk);
    case Seat::kCentreLeader:
      return (IsOffice(desk) || IsLeader(desk)) && AtLeast(desk, Level::kCounty);
    case Seat::kCountyCentre:
      return IsOffice(desk) && AtLeast(desk, Level::kCounty);
    case Seat::kCountyLeader:
      return IsLeader(desk) && AtLeast(desk, Level::kCounty);
    case Seat::kOtherUnit:
      return IsOffice(desk) && desk.division != applicant.division &&
             (AtLeast(desk, Level::kCounty) ||
              (desk.level != Level::kUnspecified && desk.level < applicant.level));
  }
  return false;
}

absl::StatusOr<Sitting> TakeSeat(std::span<const Seat> seats, std::span<const Taken> taken,
                                 const Uuid& applicant_person, const Desk& applicant_desk, const Uuid& person,
                                 std::span<const Desk> desks) {
  std::optional<Sitting> sitting;
  bool fits_any = false;
  for (const Seat seat : seats) {
    for (const Desk& desk : desks) {
      if (!Fits(seat, desk, applicant_desk)) continue;
      fits_any = true;
      if (!IsTaken(seat, taken)) sitting = Sitting{seat, desk};
    }
  }
  if (!fits_any) return NotAllowed("the caller may not do this here");
  const bool sat =
      std::any_of(taken.begin(), taken.end(), [&](const Taken& t) { return t.person == person; });
  if (!sitting || sat || person == applicant_person || person.IsNil()) {
    return FailedPrecondition("ANOTHER_PERSON_NEEDED",
                              "every seat is taken by another person, none by the applicant",
                              {{"seat", OpenSeats(seats, taken)}});
  }
  return *sitting;
}

bool IsFull(std::span<const Seat> seats, std::span<const Taken> taken) {
  return std::all_of(seats.begin(), seats.end(), [&](Seat seat) { return IsTaken(seat, taken); });
}

std::string ZhOf(const Limit& limit) {
  constexpr absl::Duration kDay = absl::Hours(24);
  switch (limit.calendar) {
    case Calendar::kWorkingDays:
      return absl::StrCat(absl::ToDoubleHours(limit.span) / 24, " 个工作日");
    case Calendar::kWorkingHours:
      return absl::StrCat(absl::ToDoubleHours(limit.span), " 工时");
    case Calendar::kContinuous:
      break;
  }
  if (limit.span >= kDay && limit.span % kDay == absl::ZeroDuration())
    return absl::StrCat(limit.span / kDay, " 天");
  return absl::StrCat(absl::ToDoubleHours(limit.span), " 小时");
}

absl::Status CheckPostponement(const CaseType& type, const Limit& asked, absl::Duration used) {
  if (!type.postponement.allowed) {
    return FailedPrecondition("POSTPONEMENT_NOT_ALLOWED", "cases of this type are never postponed",
                              {{"category", type.category}});
  }
  const Limit& handle = type.limits.handle;
  if (asked.calendar != handle.calendar) {
    return InvalidField("extend.calendar",
                        absl::StrCat("got an amount counted another way than the handling of ", ZhOf(handle),
                                     ", want the same"));
  }
  if (asked.span <= absl::ZeroDuration())
    return InvalidField("extend.span", "got nothing, want a positive amount");
  if (asked.calendar == Calendar::kWorkingDays && asked.span % absl::Hours(24) != absl::ZeroDuration())
    return InvalidField("extend.span", "got a part of a day, want n * 24 h for n working days");
  const Limit& cap = type.postponement.cap;
  if (asked.span > cap.span - used) {
    return FailedPrecondition("POSTPONEMENT_TOO_LONG", "all postponements together exceed the type's cap",
                              {{"used", ZhOf({asked.calendar, used, ""})},
                               {"asked", ZhOf(asked)},
                               {"cap", ZhOf({asked.calendar, cap.span, ""})}});
  }
  return absl::OkStatus();
}

bool WithinRatio(int64_t count, int64_t cases, int ratio_max, int from) {
  return cases < from || count * 100 <= static_cast<int64_t>(ratio_max) * cases;
}

}  // namespace gridwarden::domain
