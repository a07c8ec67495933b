#include "grid/boundary_cache.h"

#include <algorithm>
#include <chrono>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "grid/boundary_repository.h"
#include "grid/geojson.h"
#include "grid/grid_repository.h"
#include "platform/runtime/log.h"

namespace gridwarden::grid {
namespace {

constexpr size_t kPieceBytes = 8 << 20;
constexpr int kPiecePoints = 20'000;
constexpr absl::Duration kReadLimit = absl::Seconds(30);
constexpr absl::Duration kWaitLimit = absl::Minutes(5);

}  // namespace

BoundaryCache::~BoundaryCache() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

absl::StatusOr<std::shared_ptr<const Outlines>> BoundaryCache::Get(absl::Time deadline, Wait wait) {
  int64_t newest = 0;
  GW_RETURN_IF_ERROR(database_.Read(deadline, [&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(const Revisions revisions, ReadRevisions(tx));
    newest = revisions.boundary;
    return absl::OkStatus();
  }));
  std::unique_lock lock(mutex_);
  if (outlines_ != nullptr && outlines_->revision >= newest) return outlines_;
  if (newest > wanted_) wanted_ = newest;
  // A build that failed is tried again for whoever asks next.
  tried_ = std::min(tried_, newest - 1);
  if (!thread_.joinable()) thread_ = std::thread([this] { Build(); });
  changed_.notify_all();
  if (outlines_ != nullptr && wait == Wait::kForTheFirst) return outlines_;
  const uint64_t failures = failures_;
  const auto until = absl::ToChronoTime(std::min(deadline, absl::Now() + kWaitLimit));
  const bool done = changed_.wait_until(lock, until, [&] {
    return stopping_ || failures_ != failures || (outlines_ != nullptr && outlines_->revision >= newest);
  });
  if (done && outlines_ != nullptr && outlines_->revision >= newest) return outlines_;
  if (done && failures_ != failures) return failure_;
  return absl::DeadlineExceededError("the polygons are still being indexed");
}

void BoundaryCache::Build() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [&] { return stopping_ || tried_ < wanted_; });
    if (stopping_) return;
    const int64_t wanted = wanted_;
    lock.unlock();
    const absl::Time start = absl::Now();
    const absl::Status fetched = Fetch();
    std::shared_ptr<const Outlines> outlines = fetched.ok() ? Index() : nullptr;
    if (outlines != nullptr) {
      Log(LogLevel::kInfo, "outlines_indexed",
          {{"outlines", absl::StrCat(outlines->boundaries.size())},
           {"vertices", absl::StrCat(outlines->boundaries.vertices())},
           {"points", absl::StrCat(outlines->points.points().size())},
           {"bytes", absl::StrCat(outlines->boundaries.bytes() + outlines->points.bytes())},
           {"ms", absl::StrCat(absl::ToInt64Milliseconds(absl::Now() - start))}});
    }
    lock.lock();
    tried_ = std::max(tried_, wanted);
    if (outlines != nullptr) {
      tried_ = std::max(tried_, outlines->revision);
      outlines_.swap(outlines);
    } else {
      ++failures_;
      failure_ = fetched;
    }
    changed_.notify_all();
    lock.unlock();
    outlines.reset();  // the old ones go here, unless somebody still reads them
    lock.lock();
  }
}

absl::Status BoundaryCache::Fetch() {
  while (true) {
    std::vector<BoundaryRecord> piece;
    GW_RETURN_IF_ERROR(database_.Read(absl::Now() + kReadLimit, [&](db::Transaction& tx) -> absl::Status {
      GW_ASSIGN_OR_RETURN(piece, ReadBoundaries(tx, read_boundaries_, kPieceBytes));
      return absl::OkStatus();
    }));
    if (piece.empty()) break;
    for (const BoundaryRecord& boundary : piece) {
      GW_ASSIGN_OR_RETURN(const MultiPolygon polygon, ReadGeometry(boundary.geojson));
      shapes_[{boundary.division, boundary.valid.from}] = {MakeShape(polygon), boundary.level,
                                                           boundary.valid.to};
      read_boundaries_ = static_cast<int64_t>(boundary.revision);
    }
  }
  while (true) {
    std::vector<PointRecord> piece;
    GW_RETURN_IF_ERROR(database_.Read(absl::Now() + kReadLimit, [&](db::Transaction& tx) -> absl::Status {
      GW_ASSIGN_OR_RETURN(piece, ReadPoints(tx, read_points_, kPiecePoints));
      return absl::OkStatus();
    }));
    if (piece.empty()) break;
    for (const PointRecord& point : piece) {
      points_[{point.division, point.display_name}] = {point.division, point.level, point.display_name,
                                                       point.wgs84};
      read_points_ = static_cast<int64_t>(point.revision);
    }
  }
  return absl::OkStatus();
}

std::shared_ptr<const Outlines> BoundaryCache::Index() const {
  std::vector<IndexedBoundary> boundaries;
  boundaries.reserve(shapes_.size());
  Uuid before;
  for (const auto& [key, stored] : shapes_) {
    const auto& [division, since] = key;
    // Nothing older is known than the first outline: it stands for all the time before.
    const absl::Time from = division == before ? since : absl::InfinitePast();
    boundaries.push_back({division, stored.level, stored.shape, {from, stored.until}, since});
    before = division;
  }
  std::vector<KnownPoint> points;
  points.reserve(points_.size());
  for (const auto& [key, point] : points_) points.push_back(point);
  return std::make_shared<const Outlines>(std::move(boundaries), std::move(points),
                                          std::max(read_boundaries_, read_points_));
}

}  // namespace gridwarden::grid
