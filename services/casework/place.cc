#include "casework/place.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status.h"
#include "gridwarden/grid/v1/grid_service.pb.h"

namespace gridwarden::casework {
namespace {

constexpr std::string_view kLocatePoint = "gridwarden.grid.v1.GridService/LocatePoint";
constexpr size_t kCountyDigits = 6;  // GB/T 2260

const domain::Division* AncestorAt(const domain::Ground& ground, const Uuid& division, domain::Level level) {
  for (const domain::Division* ancestor : ground.AncestorsOf(division)) {
    if (ancestor->level == level) return ancestor;
  }
  return nullptr;
}

absl::StatusOr<Located> LocateByPoint(const Casework& casework, const rpc::Call& call,
                                      const domain::Ground& ground, const type::v1::Position& position) {
  grid::v1::LocatePointRequest request;
  *request.mutable_position() = position;
  GW_ASSIGN_OR_RETURN(
      const grid::v1::LocatePointResponse found,
      rpc::Send<grid::v1::LocatePointResponse>(casework.channel("grid"), call, kLocatePoint, request));
  if (found.candidates().empty()) {
    return MakeError(absl::StatusCode::kInvalidArgument, "the point lies outside every polygon",
                     {.reason = "POSITION_OUT_OF_AREA"});
  }
  GW_ASSIGN_OR_RETURN(const Uuid division,
                      ParseResourceName("divisions", found.candidates(0).division(), "position"));
  if (ground.FindDivision(division) == nullptr) {
    return Unavailable("LOST_RACE", "the division of the point is newer than this process's ground",
                       absl::Seconds(1));
  }
  return Located{PlaceAt(ground, division, position), found.candidates(0).confidence()};
}

}  // namespace

Place PlaceAt(const domain::Ground& ground, const Uuid& division,
              std::optional<type::v1::Position> position) {
  const std::vector<const domain::Division*> ancestors = ground.AncestorsOf(division);
  const domain::Division* city = AncestorAt(ground, division, domain::Level::kCity);
  Place place;
  place.city = city != nullptr ? city->id : ancestors.empty() ? division : ancestors.back()->id;
  place.division = division;
  place.ground_path = ground.PathKey(division);
  place.position = std::move(position);
  return place;
}

absl::StatusOr<Located> Locate(const Casework& casework, const rpc::Call& call, const domain::Ground& ground,
                               std::string_view division, const std::optional<type::v1::Position>& position,
                               absl::Time event_time) {
  if (!division.empty()) {
    const domain::Division* found = ground.FindDivisionBySpelling(division, event_time);
    if (found == nullptr) {
      return InvalidField("signal.division",
                          absl::StrFormat("got %s, want a division", division.substr(0, 120)));
    }
    return Located{PlaceAt(ground, found->id, position), 1.0};
  }
  if (!position)
    return InvalidField("signal.division", "got neither division nor position, want one of them");
  return LocateByPoint(casework, call, ground, *position);
}

Uuid CountyOf(const domain::Ground& ground, const Uuid& division) {
  if (const domain::Division* county = AncestorAt(ground, division, domain::Level::kCounty))
    return county->id;
  if (const domain::Division* city = AncestorAt(ground, division, domain::Level::kCity)) return city->id;
  return division;
}

std::string CountyCode(const domain::Ground& ground, const Uuid& division, absl::Time at) {
  const domain::Division* county = ground.FindDivision(CountyOf(ground, division));
  if (county == nullptr) return "000000";
  for (const domain::DivisionCode& code : county->codes) {
    if (!code.valid.Contains(at)) continue;
    std::string digits = code.code.substr(0, kCountyDigits);
    digits.resize(kCountyDigits, '0');
    return digits;
  }
  // A division without a code at that time still numbers its cases apart from every other.
  return absl::StrCat("X", absl::AsciiStrToUpper(county->id.ToString().substr(24)));
}

}  // namespace gridwarden::casework
