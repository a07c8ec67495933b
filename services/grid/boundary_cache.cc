#include "grid/boundary_cache.h"

#include "base/status.h"
#include "grid/boundary_repository.h"
#include "grid/geojson.h"
#include "grid/grid_repository.h"

namespace gridwarden::grid {
namespace {

constexpr size_t kPieceBytes = 8 << 20;

}  // namespace

absl::StatusOr<std::shared_ptr<const BoundaryIndex>> BoundaryCache::Fresh(const domain::Ground& ground,
                                                                          absl::Time deadline) {
  int64_t newest = 0;
  GW_RETURN_IF_ERROR(database_.Read(deadline, [&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(const Revisions revisions, ReadRevisions(tx));
    newest = revisions.boundary;
    return absl::OkStatus();
  }));
  const std::lock_guard<std::mutex> lock(mutex_);
  if (index_ != nullptr && revision_ >= newest) return index_;
  while (true) {
    std::vector<BoundaryRecord> piece;
    GW_RETURN_IF_ERROR(database_.Read(deadline, [&](db::Transaction& tx) -> absl::Status {
      GW_ASSIGN_OR_RETURN(piece, ReadBoundaries(tx, revision_, kPieceBytes));
      return absl::OkStatus();
    }));
    if (piece.empty()) break;
    for (const BoundaryRecord& boundary : piece) {
      GW_ASSIGN_OR_RETURN(shapes_[boundary.division], ReadGeometry(boundary.geojson));
      revision_ = static_cast<int64_t>(boundary.revision);
    }
  }
  std::vector<IndexedBoundary> boundaries;
  for (const auto& [division, shape] : shapes_) {
    const domain::Division* record = ground.FindDivision(division);
    if (record != nullptr) boundaries.push_back({division, record->level, shape});
  }
  const bool whole = boundaries.size() == shapes_.size();
  auto index = std::make_shared<const BoundaryIndex>(std::move(boundaries));
  // A polygon may be newer than the caller's ground; the next caller, whose ground has its division, builds
  // again.
  index_ = whole ? index : nullptr;
  return index;
}

}  // namespace gridwarden::grid
