#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "access/permission.h"
#include "access/standing.h"
#include "base/status.h"
#include "notify/notify.h"
#include "notify/roster_repository.h"
#include "notify/shift_words.h"
#include "notify/timestamps.h"
#include "platform/rpc/page.h"

// Views of the duty roster.
namespace gridwarden::notify {
namespace {

constexpr absl::Duration kWindowMax = absl::Hours(24 * 366);

absl::StatusOr<Uuid> VisibleDivision(const domain::Ground& ground, const rpc::Call& call,
                                     const std::string& spelling, absl::Time at) {
  GW_ASSIGN_OR_RETURN(const access::Standing standing, access::StandingOf(ground, spelling, at, "division"));
  GW_RETURN_IF_ERROR(access::AllowToSee(ground, call, standing.division, standing.ground_path));
  return standing.division;
}

}  // namespace

absl::StatusOr<v1::ListDutyShiftsResponse> ListDutyShifts(const AreaContext& context, const rpc::Call& call,
                                                          const v1::ListDutyShiftsRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = context.directory.ground();
  GW_ASSIGN_OR_RETURN(const rpc::Page page, rpc::ReadPage(request));
  ShiftQuery query;
  GW_ASSIGN_OR_RETURN(query.division, VisibleDivision(*ground, call, request.division(), call.now));
  if (!v1::DutyShift::Kind_IsValid(request.kind()))
    return InvalidField("kind", absl::StrCat("got ", request.kind(), ", want CENTRE, FIELD or none"));
  query.kind = static_cast<domain::DutyKind>(request.kind());
  GW_ASSIGN_OR_RETURN(query.from, ReadTime(request.from_time(), "from_time"));
  GW_ASSIGN_OR_RETURN(query.to, ReadTime(request.to_time(), "to_time"));
  if (query.to <= query.from || query.to - query.from > kWindowMax)
    return InvalidField("to_time", "want a time after from_time, at most a year later");
  if (!page.after.empty()) {
    const std::optional<Uuid> id = page.after.size() == 2 ? Uuid::Parse(page.after[1]) : std::nullopt;
    if (!id || !absl::SimpleAtoi(page.after[0], &query.after_us))
      return InvalidField("page_token", "got no token of ours");
    query.after_id = id->Bytes();
  }
  query.limit = page.size + 1;
  std::vector<ShiftRow> rows;
  int64_t revision = 0;
  GW_RETURN_IF_ERROR(context.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(revision, ReadRevision(tx, query.division));
    GW_ASSIGN_OR_RETURN(rows, ReadShifts(tx, query));
    return absl::OkStatus();
  }));
  v1::ListDutyShiftsResponse response;
  response.set_etag(absl::StrCat(revision));
  if (rows.size() > static_cast<size_t>(page.size)) {
    rows.resize(page.size);
    response.set_next_page_token(rpc::NextPageToken(
        request,
        {absl::StrCat(absl::ToUnixMicros(rows.back().shift.time.from)), rows.back().subject.id.ToString()}));
  }
  for (const ShiftRow& row : rows) *response.add_shifts() = ShownShift(row.shift);
  return response;
}

absl::StatusOr<v1::WhoIsOnDutyResponse> WhoIsOnDuty(const AreaContext& context, const rpc::Call& call,
                                                    const v1::WhoIsOnDutyRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = context.directory.ground();
  absl::Time at = call.now;
  if (request.has_time()) {
    GW_ASSIGN_OR_RETURN(at, ReadTime(request.time(), "time"));
  }
  GW_ASSIGN_OR_RETURN(const Uuid division, VisibleDivision(*ground, call, request.division(), at));
  std::vector<Uuid> chain;
  for (const domain::Division* step : ground->AncestorsOf(division)) chain.push_back(step->id);
  std::vector<ShiftRow> shifts;
  GW_RETURN_IF_ERROR(context.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(shifts, ReadOnDuty(tx, chain, at));
    return absl::OkStatus();
  }));
  v1::WhoIsOnDutyResponse response;
  for (const Uuid& step : chain) {
    for (const ShiftRow& row : shifts) {
      if (row.shift.division != step) continue;
      v1::OnDuty& on_duty = *response.add_on_duty();
      *on_duty.mutable_shift() = ShownShift(row.shift);
      const Uuid person = domain::PersonOf(*ground, row.shift, at);
      on_duty.set_person(ResourceName("persons", person));
      const domain::Person* known = ground->FindPerson(person);
      if (known != nullptr) on_duty.set_display_name(known->display_name);
    }
    if (response.on_duty_size() > 0) break;
  }
  return response;
}

}  // namespace gridwarden::notify
