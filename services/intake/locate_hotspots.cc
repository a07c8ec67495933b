#include "intake/locate_hotspots.h"

#include <algorithm>
#include <memory>

#include "access/standing.h"
#include "base/status.h"
#include "gridwarden/grid/v1/grid_service.pb.h"
#include "platform/rpc/channel.h"

namespace gridwarden::intake {
namespace {

using v1::Hotspot;

constexpr std::string_view kLocatePoints = "gridwarden.grid.v1.GridService/LocatePoints";
constexpr std::string_view kLocatePointsOurselves = "gridwarden.grid.v1.GridInternalService/LocatePoints";
constexpr size_t kLocateAtOnce = 5000;

grid::v1::LocatePointsRequest RequestFor(std::span<const HotspotRecord> records) {
  grid::v1::LocatePointsRequest request;
  request.set_newest(true);
  for (const HotspotRecord& record : records) {
    type::v1::Position* position = request.add_positions();
    position->set_longitude(record.row.position.longitude);
    position->set_latitude(record.row.position.latitude);
    position->set_datum(type::v1::Position::WGS84);
    position->set_accuracy_m(record.row.accuracy_m);
    request.add_event_times()->set_seconds(absl::ToUnixSeconds(record.row.acquired));
  }
  return request;
}

}  // namespace

absl::Status LocateHotspots(const AreaContext& context, const rpc::Call& call,
                            std::span<HotspotRecord> records) {
  const std::shared_ptr<const domain::Ground> ground = context.directory.ground();
  for (size_t at = 0; at < records.size(); at += kLocateAtOnce) {
    const std::span<HotspotRecord> part = records.subspan(at, std::min(kLocateAtOnce, records.size() - at));
    GW_ASSIGN_OR_RETURN(
        const auto located,
        rpc::Send<grid::v1::LocatePointsResponse>(
            context.channel("grid"), call, call.principal.system ? kLocatePointsOurselves : kLocatePoints,
            RequestFor(part)));
    if (located.results_size() != static_cast<int>(part.size()))
      return Internal("the grid did not locate every point");
    for (size_t i = 0; i < part.size(); ++i) {
      HotspotRecord& record = part[i];
      record.state = Hotspot::OUTSIDE;
      const grid::v1::LocatePointResponse& result = located.results(static_cast<int>(i));
      if (result.candidates().empty()) continue;
      const auto& best = result.candidates(0);
      GW_ASSIGN_OR_RETURN(const Uuid named, ParseResourceName("divisions", best.division(), "division"));
      const domain::Division* located_in = ground->FindDivision(named);
      if (located_in == nullptr) {
        return Unavailable("LOST_RACE", "the division of a hotspot is newer than this process's ground",
                           absl::Seconds(1));
      }
      // It counts where the ground was at the overpass, which may be years ago.
      record.division = access::LikeliestAt(*ground, *located_in, record.row.acquired).id;
      GW_ASSIGN_OR_RETURN(const access::Standing standing,
                          access::StandingOf(*ground, record.division, record.row.acquired));
      record.state = Hotspot::LOCATED;
      record.city = standing.city;
      record.ground_path = standing.ground_path;
      record.place_confidence = best.confidence();
      record.place_basis = best.basis();
    }
  }
  return absl::OkStatus();
}

}  // namespace gridwarden::intake
