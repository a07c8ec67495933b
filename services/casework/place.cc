#include "casework/place.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "access/standing.h"
#include "base/status.h"
#include "casework/timestamps.h"
#include "gridwarden/grid/v1/grid_service.pb.h"

namespace gridwarden::casework {
namespace {

constexpr std::string_view kLocatePoint = "gridwarden.grid.v1.GridService/LocatePoint";
constexpr size_t kCountyDigits = 6;  // GB/T 2260

absl::StatusOr<Located> LocateByPoint(const Casework& casework, const rpc::Call& call,
                                      const domain::Ground& ground, const type::v1::Position& position,
                                      absl::Time event_time) {
  grid::v1::LocatePointRequest request;
  *request.mutable_position() = position;
  *request.mutable_event_time() = ToTimestamp(event_time);
  GW_ASSIGN_OR_RETURN(
      const grid::v1::LocatePointResponse found,
      rpc::Send<grid::v1::LocatePointResponse>(casework.channel("grid"), call, kLocatePoint, request));
  if (found.candidates().empty()) {
    return MakeError(absl::StatusCode::kInvalidArgument, "the point lies outside every polygon",
                     {.reason = "POSITION_OUT_OF_AREA"});
  }
  GW_ASSIGN_OR_RETURN(const Uuid id,
                      ParseResourceName("divisions", found.candidates(0).division(), "position"));
  const domain::Division* today = ground.FindDivision(id);
  if (today == nullptr) {
    return Unavailable("LOST_RACE", "the division of the point is newer than this process's ground",
                       absl::Seconds(1));
  }
  // A polygon may be older or newer than the event.
  GW_ASSIGN_OR_RETURN(const domain::Division* division,
                      access::DivisionAt(ground, *today, event_time, "signal.position"));
  return Located{PlaceAt(ground, division->id, position, event_time), found.candidates(0).confidence()};
}

}  // namespace

Place PlaceAt(const domain::Ground& ground, const Uuid& division, std::optional<type::v1::Position> position,
              absl::Time event_time) {
  Place place{.city = division, .division = division, .position = std::move(position)};
  const absl::StatusOr<access::Standing> standing = access::StandingOf(ground, division, event_time);
  if (!standing.ok()) return place;
  place.ground_path = standing->ground_path;
  place.city = standing->city.IsNil() ? *Uuid::FromBytes(std::string_view(place.ground_path).substr(0, 16))
                                      : standing->city;
  return place;
}

absl::StatusOr<Located> Locate(const Casework& casework, const rpc::Call& call, const domain::Ground& ground,
                               std::string_view division, const std::optional<type::v1::Position>& position,
                               absl::Time event_time) {
  if (!division.empty()) {
    const std::vector<const domain::Division*> meant = ground.DivisionsOnceSpelled(division, event_time);
    if (meant.size() != 1) {
      return InvalidField("signal.division",
                          absl::StrFormat("got %s, want a division", division.substr(0, 120)));
    }
    GW_ASSIGN_OR_RETURN(const domain::Division* found,
                        access::DivisionAt(ground, *meant.front(), event_time, "signal.division"));
    return Located{PlaceAt(ground, found->id, position, event_time), 1.0};
  }
  if (!position)
    return InvalidField("signal.division", "got neither division nor position, want one of them");
  return LocateByPoint(casework, call, ground, *position, event_time);
}

Uuid CountyOf(const domain::Ground& ground, const Uuid& division, absl::Time at) {
  const domain::Division* named = ground.FindDivision(division);
  if (named == nullptr) return division;
  const domain::Division& held = access::LikeliestAt(ground, *named, at);
  const std::string path = ground.PathKeyNear(held.id, at, absl::InfiniteFuture());
  Uuid found = division;
  for (size_t from = 0; from < path.size(); from += 16) {
    const domain::Division* above =
        ground.FindDivision(*Uuid::FromBytes(std::string_view(path).substr(from, 16)));
    if (above->level == domain::Level::kCity) found = above->id;
    if (above->level == domain::Level::kCounty) return above->id;
  }
  return found;
}

std::string CountyCode(const domain::Ground& ground, const Uuid& division, absl::Time at) {
  const domain::Division* county = ground.FindDivision(CountyOf(ground, division, at));
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
