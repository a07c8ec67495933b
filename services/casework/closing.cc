#include "casework/closing.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "access/standing.h"
#include "base/status.h"
#include "casework/handler.h"
#include "casework/place.h"
#include "casework/timestamps.h"

namespace gridwarden::casework {

const domain::CaseType& TypeOf(const domain::Policy& policy, const domain::Ground& ground,
                               const CaseFile& file) {
  return policy.TypeOf(file.category, CountyCode(ground, file.place.division, file.event_time));
}

// A case that was signed off before it was closed by force has the time of that in reclose_time.
bool WasClosed(const CaseFile& file) {
  return file.close_time.has_value() && (!file.details.forced() || file.details.has_reclose_time());
}

absl::Time ClosedTime(const CaseFile& file) {
  if (file.details.has_reclose_time()) return FromTimestamp(file.details.reclose_time());
  return file.close_time.value_or(file.event_time);
}

bool IsDisputed(const CaseFile& file) {
  return file.details.disputed() && FromTimestamp(file.details.dispute().time()) >= ClosedTime(file) &&
         file.state != v1::Case::CLOSED && file.state != v1::Case::MONITORING;
}

domain::SigningRule SigningOf(const domain::CaseType& type, const CaseFile& file) {
  return domain::SigningOf(type, {.disposition = static_cast<domain::Disposition>(file.disposition),
                                  .rework_count = file.rework_count,
                                  .disputed = IsDisputed(file),
                                  .listed = file.details.listed()});
}

std::vector<std::string> SeatsOf(const domain::CaseType& type, const CaseFile& file) {
  std::vector<std::string> units;
  for (const Uuid& unit : file.cooperators) units.push_back(ResourceName("units", unit));
  return domain::CosignSeats(type, static_cast<domain::Disposition>(file.disposition), units,
                             SigningOf(type, file));
}

std::vector<std::string> OpenSeats(const domain::CaseType& type, const CaseFile& file) {
  std::vector<std::string> open = SeatsOf(type, file);
  std::erase_if(open, [&](const std::string& seat) {
    return std::any_of(file.details.signatures().begin(), file.details.signatures().end(),
                       [&](const v1::Consent& one) { return one.seat() == seat && one.agrees(); });
  });
  return open;
}

std::string SeatName(const domain::Ground& ground, std::string_view seat) {
  if (seat == domain::kCountyLeader) return "县级网格长";
  if (seat == domain::kCountyCentre) return "县级攻坚办";
  const absl::StatusOr<Uuid> unit = ParseResourceName("units", seat, "seat");
  return unit.ok() ? DisplayName(ground, {*unit, true}) : std::string(seat);
}

std::optional<Uuid> DivisionAbove(const domain::Ground& ground, const Uuid& division, absl::Time at) {
  const domain::Division* named = ground.FindDivision(division);
  if (named == nullptr) return std::nullopt;
  const std::string path =
      ground.PathKeyNear(access::LikeliestAt(ground, *named, at).id, at, absl::InfiniteFuture());
  if (path.size() < 2 * 16) return std::nullopt;
  return Uuid::FromBytes(std::string_view(path).substr(path.size() - 2 * 16, 16));
}

Uuid SigningDivision(const domain::Ground& ground, const domain::SigningRule& rule, const CaseFile& file,
                     absl::Time at) {
  const Uuid usual = rule.county_centre ? CountyOf(ground, file.place.division, at) : file.filing_division;
  return rule.one_level_up ? DivisionAbove(ground, usual, at).value_or(usual) : usual;
}

v1::DisposalTask* FindPart(CaseFile& file, std::string_view unit) {
  for (v1::DisposalTask& part : *file.details.mutable_disposals()) {
    if (part.unit() == unit) return &part;
  }
  return nullptr;
}

absl::Status CheckParts(const domain::Ground& ground, const CaseFile& file) {
  std::vector<std::string> names, units;
  for (const v1::DisposalTask& part : file.details.disposals()) {
    if (part.state() != v1::DisposalTask::OPEN) continue;
    names.push_back(SeatName(ground, part.unit()));
    units.push_back(part.unit());
  }
  if (units.empty()) return absl::OkStatus();
  return FailedPrecondition(
      "PARTS_OPEN", absl::StrCat("open parts of ", absl::StrJoin(units, ", ")),
      {{"units", absl::StrJoin(names, "、")}, {"unit_names", absl::StrJoin(units, " ")}});
}

v1::Consent ConsentOf(std::string_view seat, const rpc::Call& call, const access::Acting& acting, bool agrees,
                      std::string_view reason) {
  v1::Consent consent;
  consent.set_seat(std::string(seat));
  consent.set_person(ResourceName("persons", call.principal.person));
  consent.set_post(ResourceName("posts", acting.post));
  consent.set_agrees(agrees);
  consent.set_reason(std::string(reason));
  *consent.mutable_time() = ToTimestamp(call.now);
  return consent;
}

}  // namespace gridwarden::casework
