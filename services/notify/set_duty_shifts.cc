#include <algorithm>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "access/permission.h"
#include "access/standing.h"
#include "base/status.h"
#include "notify/notify.h"
#include "notify/roster_repository.h"
#include "notify/rules.h"
#include "notify/shift_words.h"
#include "notify/timestamps.h"
#include "platform/journal/stage_all.h"
#include "platform/rpc/mutate.h"

namespace gridwarden::notify {
namespace {

constexpr int kShiftsMax = 1'000;
constexpr absl::Duration kWindowMax = absl::Hours(24 * 62);
// All that can stand in a window and at its edges.
constexpr int kStandingMax = 20'000;

// What is to stand, read and checked as far as it can be without the roster.
struct Plan {
  Uuid division;
  domain::DutyKind kind = domain::DutyKind::kUnspecified;
  absl::Time from, to;
  std::vector<domain::Shift> shifts;
};

std::string Span(const domain::Interval& time, absl::TimeZone zone) {
  return absl::StrCat(absl::FormatTime("%m-%d %H:%M", time.from, zone), " - ",
                      absl::FormatTime("%m-%d %H:%M", time.to, zone));
}

absl::StatusOr<Plan> ReadPlan(const domain::Ground& ground, const rpc::Call& call, absl::TimeZone zone,
                              const v1::SetDutyShiftsRequest& request) {
  Plan plan;
  GW_ASSIGN_OR_RETURN(const access::Standing standing,
                      access::StandingOf(ground, request.division(), call.now, "division"));
  plan.division = standing.division;
  if (request.kind() != v1::DutyShift::CENTRE && request.kind() != v1::DutyShift::FIELD)
    return InvalidField("kind", absl::StrCat("got ", request.kind(), ", want CENTRE or FIELD"));
  plan.kind = static_cast<domain::DutyKind>(request.kind());
  GW_ASSIGN_OR_RETURN(plan.from, ReadTime(request.from_time(), "from_time"));
  GW_ASSIGN_OR_RETURN(plan.to, ReadTime(request.to_time(), "to_time"));
  if (plan.to <= plan.from || plan.to - plan.from > kWindowMax)
    return InvalidField("to_time", "want a time after from_time, at most 62 days later");
  if (plan.from < absl::FromCivil(absl::ToCivilDay(call.now, zone), zone))
    return InvalidField("from_time",
                        "got a day that is over, want today or later: who was on duty is history");
  if (request.shifts_size() > kShiftsMax)
    return InvalidField("shifts",
                        absl::StrFormat("got %d, want at most %d", request.shifts_size(), kShiftsMax));
  for (int i = 0; i < request.shifts_size(); ++i) {
    const std::string field = absl::StrCat("shifts[", i, "]");
    GW_ASSIGN_OR_RETURN(domain::Shift shift,
                        ReadShift(ground, request.shifts(i), plan.division, plan.kind, field));
    if (shift.time.from < plan.from || shift.time.from >= plan.to)
      return InvalidField(absl::StrCat(field, ".from_time"),
                          "got a time outside the window, want every shift to begin in it");
    plan.shifts.push_back(std::move(shift));
  }
  return plan;
}

absl::Status CheckWho(const domain::Ground& ground, const Plan& plan) {
  const domain::Division* division = ground.FindDivision(plan.division);
  for (const domain::Shift& shift : plan.shifts) {
    if (domain::MayStandFor(ground, shift)) continue;
    return FailedPrecondition(
        "DUTY_NOT_OF_DIVISION", "the post or person does not stand at the division or below it",
        {{"who", WhoOf(ground, shift)}, {"division", division == nullptr ? "" : division->display_name}});
  }
  return absl::OkStatus();
}

// The roster as it would be: what stands outside the window or of the other kind stays.
absl::Status CheckOverlaps(const domain::Ground& ground, absl::TimeZone zone, const Plan& plan,
                           const std::vector<ShiftRow>& standing) {
  std::vector<domain::Shift> all = plan.shifts;
  for (const ShiftRow& row : standing) {
    const bool replaced =
        row.shift.kind == plan.kind && row.shift.time.from >= plan.from && row.shift.time.from < plan.to;
    if (!replaced) all.push_back(row.shift);
  }
  const auto overlap = domain::FindOverlap(all);
  if (!overlap) return absl::OkStatus();
  return FailedPrecondition(
      "DUTY_SHIFT_OVERLAP", "one post or person would be on duty twice at a time",
      {{"who", WhoOf(ground, all[overlap->first])}, {"time", Span(all[overlap->second].time, zone)}});
}

// What changes, against what stands.
struct Changes {
  std::vector<domain::Shift> added;
  std::vector<ShiftRow> removed;
  int unchanged = 0;
};

Changes Compare(const Plan& plan, const std::vector<ShiftRow>& standing) {
  absl::flat_hash_map<Uuid, const domain::Shift*> wanted;
  for (const domain::Shift& shift : plan.shifts) wanted[shift.Id()] = &shift;
  Changes changes;
  for (const ShiftRow& row : standing) {
    if (row.shift.kind != plan.kind || row.shift.time.from < plan.from || row.shift.time.from >= plan.to)
      continue;
    if (wanted.erase(row.subject.id) > 0)
      ++changes.unchanged;
    else
      changes.removed.push_back(row);
  }
  for (const domain::Shift& shift : plan.shifts) {
    if (wanted.erase(shift.Id()) > 0) changes.added.push_back(shift);
  }
  return changes;
}

absl::Status Seal(const rpc::Call& call, const access::Acting& acting, const std::string& request_id,
                  ShiftRow& row, std::vector<journal::Sealed>& entries) {
  v1::DutyShiftEvent event;
  event.set_planned(row.planned);
  *event.mutable_shift() = ShownShift(row.shift);
  GW_ASSIGN_OR_RETURN(journal::Sealed sealed, journal::Seal(call, {.kind = "duty.shift",
                                                                   .before = row.subject,
                                                                   .event = &event,
                                                                   .post = acting.post,
                                                                   .tenure = acting.tenure,
                                                                   .request_id = request_id}));
  row.subject = sealed.after;
  entries.push_back(std::move(sealed));
  return absl::OkStatus();
}

// Takes off and puts on. A shift that was taken off before goes on as the same aggregate.
absl::Status Save(db::Transaction& tx, const rpc::Call& call, const access::Acting& acting,
                  const std::string& request_id, Changes changes) {
  std::vector<journal::Sealed> entries;
  for (ShiftRow& row : changes.removed) {
    row.planned = false;
    GW_RETURN_IF_ERROR(Seal(call, acting, request_id, row, entries));
    GW_RETURN_IF_ERROR(SaveShift(tx, row));
  }
  std::vector<Uuid> ids;
  for (const domain::Shift& shift : changes.added) ids.push_back(shift.Id());
  GW_ASSIGN_OR_RETURN(auto former, ReadShiftsById(tx, ids));
  std::vector<ShiftRow> fresh;
  for (const domain::Shift& shift : changes.added) {
    const auto known = former.find(shift.Id());
    ShiftRow row =
        known == former.end() ? ShiftRow{.shift = shift, .subject = {.id = shift.Id()}} : known->second;
    row.planned = true;
    GW_RETURN_IF_ERROR(Seal(call, acting, request_id, row, entries));
    if (known == former.end())
      fresh.push_back(std::move(row));
    else
      GW_RETURN_IF_ERROR(SaveShift(tx, row));
  }
  GW_RETURN_IF_ERROR(InsertShifts(tx, fresh));
  return journal::StageAll(tx, entries);
}

}  // namespace

absl::StatusOr<v1::SetDutyShiftsResponse> SetDutyShifts(const AreaContext& context, const rpc::Call& call,
                                                        const v1::SetDutyShiftsRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = context.directory.ground();
  const absl::TimeZone zone = ZoneOf(*context.policy);
  GW_ASSIGN_OR_RETURN(const Plan plan, ReadPlan(*ground, call, zone, request));
  GW_ASSIGN_OR_RETURN(const access::Acting acting, access::AllowAt(*ground, call, plan.division));
  GW_RETURN_IF_ERROR(CheckWho(*ground, plan));

  // Reads what stands under the lock of the roster, or without it for a dry run.
  const auto decide = [&](db::Transaction& tx, int64_t revision,
                          v1::SetDutyShiftsResponse& response) -> absl::StatusOr<Changes> {
    if (!request.etag().empty() && request.etag() != absl::StrCat(revision))
      return EtagMismatch(absl::StrCat("the roster of ", ResourceName("divisions", plan.division)));
    GW_ASSIGN_OR_RETURN(const std::vector<ShiftRow> standing,
                        ReadShifts(tx, {.division = plan.division,
                                        .from = plan.from,
                                        .to = plan.to + domain::kShiftMax,
                                        .limit = kStandingMax}));
    GW_RETURN_IF_ERROR(CheckOverlaps(*ground, zone, plan, standing));
    Changes changes = Compare(plan, standing);
    response.set_planned(static_cast<int>(changes.added.size()));
    response.set_removed(static_cast<int>(changes.removed.size()));
    response.set_unchanged(changes.unchanged);
    response.set_dry_run(request.dry_run());
    response.set_etag(absl::StrCat(revision));
    return changes;
  };

  if (request.dry_run()) {
    GW_RETURN_IF_ERROR(rpc::RequestId(request.request_id()).status());
    v1::SetDutyShiftsResponse response;
    GW_RETURN_IF_ERROR(context.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
      GW_ASSIGN_OR_RETURN(const int64_t revision, ReadRevision(tx, plan.division));
      return decide(tx, revision, response).status();
    }));
    return response;
  }
  return rpc::Mutate<v1::SetDutyShiftsResponse>(
      context.database, call, request, [&](db::Transaction& tx) -> absl::StatusOr<v1::SetDutyShiftsResponse> {
        v1::SetDutyShiftsResponse response;
        GW_ASSIGN_OR_RETURN(const int64_t revision, LockRoster(tx, plan.division));
        GW_ASSIGN_OR_RETURN(Changes changes, decide(tx, revision, response));
        if (changes.added.empty() && changes.removed.empty()) return response;
        GW_RETURN_IF_ERROR(Save(tx, call, acting, request.request_id(), std::move(changes)));
        GW_RETURN_IF_ERROR(SaveRevision(tx, plan.division, revision + 1));
        response.set_etag(absl::StrCat(revision + 1));
        return response;
      });
}

}  // namespace gridwarden::notify
