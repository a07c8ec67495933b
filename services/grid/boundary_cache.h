#pragma once

#include <map>
#include <memory>
#include <mutex>

#include "absl/status/statusor.h"
#include "domain/ground/ground.h"
#include "grid/boundary_index.h"
#include "platform/db/database.h"

// The index of all polygons, rebuilt when one has changed and swapped as a whole.
namespace gridwarden::grid {

class BoundaryCache {
 public:
  explicit BoundaryCache(db::Database& database) : database_(database) {}

  // `ground` says the level of each division. UNAVAILABLE when the database is away.
  absl::StatusOr<std::shared_ptr<const BoundaryIndex>> Fresh(const domain::Ground& ground,
                                                             absl::Time deadline);

 private:
  db::Database& database_;
  std::mutex mutex_;  // guards everything below; held while building
  int64_t revision_ = 0;
  std::map<Uuid, MultiPolygon> shapes_;
  std::shared_ptr<const BoundaryIndex> index_;
};

}  // namespace gridwarden::grid
