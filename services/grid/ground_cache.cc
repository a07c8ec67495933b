#include "grid/ground_cache.h"

#include "base/status.h"
#include "grid/grid_repository.h"

namespace gridwarden::grid {
namespace {

constexpr int kPieceSize = 20'000;

}  // namespace

absl::StatusOr<std::shared_ptr<const domain::Ground>> GroundCache::Fresh(absl::Time deadline) {
  int64_t newest = 0;
  GW_RETURN_IF_ERROR(database_.Read(deadline, [&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(const Revisions revisions, ReadRevisions(tx));
    newest = revisions.ground;
    return absl::OkStatus();
  }));
  const std::lock_guard<std::mutex> lock(mutex_);
  if (ground_ != nullptr && records_.revision() >= newest) return ground_;
  bool complete = false;
  while (!complete) {
    v1::GetGroundResponse piece;
    GW_RETURN_IF_ERROR(database_.Read(deadline, [&](db::Transaction& tx) -> absl::Status {
      GW_ASSIGN_OR_RETURN(piece, ReadGround(tx, records_.revision(), kPieceSize));
      return absl::OkStatus();
    }));
    GW_RETURN_IF_ERROR(records_.Apply(piece));
    complete = piece.complete();
  }
  ground_ = records_.Build();
  return ground_;
}

}  // namespace gridwarden::grid
