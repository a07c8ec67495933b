#include "base/status.h"
#include "grid/boundary_repository.h"
#include "grid/grid_proto.h"
#include "grid/grid_repository.h"
#include "grid/grid_service.h"

namespace gridwarden::grid {
namespace {

// Both keep an answer below gRPC's usual 4 MiB: a tenure is some 200 bytes, a county's polygon up to 200 KB.
constexpr int kGroundRecordsMax = 10'000;
constexpr size_t kBoundaryBytesMax = 2 << 20;

absl::Status CheckRevision(int64_t after_revision) {
  if (after_revision < 0) return InvalidField("after_revision", "got a negative number, want 0 or more");
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<v1::GetGroundResponse> GetGround(GridArea& area, const rpc::Call& call,
                                                const v1::GetGroundRequest& request) {
  GW_RETURN_IF_ERROR(CheckRevision(request.after_revision()));
  if (request.limit() < 0) return InvalidField("limit", "got a negative number, want 0 or more");
  const int limit =
      request.limit() == 0 || request.limit() > kGroundRecordsMax ? kGroundRecordsMax : request.limit();
  v1::GetGroundResponse response;
  GW_RETURN_IF_ERROR(area.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(response, ReadGround(tx, request.after_revision(), limit));
    return absl::OkStatus();
  }));
  return response;
}

absl::StatusOr<v1::GetBoundariesResponse> GetBoundaries(GridArea& area, const rpc::Call& call,
                                                        const v1::GetBoundariesRequest& request) {
  GW_RETURN_IF_ERROR(CheckRevision(request.after_revision()));
  v1::GetBoundariesResponse response;
  GW_RETURN_IF_ERROR(area.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
    response.Clear();
    response.set_revision(request.after_revision());
    GW_ASSIGN_OR_RETURN(const std::vector<BoundaryRecord> boundaries,
                        ReadBoundaries(tx, request.after_revision(), kBoundaryBytesMax));
    for (const BoundaryRecord& boundary : boundaries) {
      v1::Boundary& to = *response.add_boundaries();
      to.set_division(ResourceName("divisions", boundary.division));
      to.set_geojson(boundary.geojson);
      if (boundary.valid.from != absl::InfinitePast())
        *to.mutable_valid_from() = ToProto(boundary.valid.from);
      if (boundary.valid.to != absl::InfiniteFuture()) *to.mutable_valid_to() = ToProto(boundary.valid.to);
      response.set_revision(static_cast<int64_t>(boundary.revision));
    }
    return absl::OkStatus();
  }));
  return response;
}

}  // namespace gridwarden::grid
