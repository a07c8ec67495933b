#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "domain/geo/datum.h"
#include "grid/grid_repository.h"
#include "platform/db/database.h"
#include "platform/journal/stage.h"

// The SQL of polygons.
namespace gridwarden::grid {

struct BoundaryRecord {
  Uuid division;
  std::string geojson;  // MultiPolygon geometry, WGS-84
  std::string digest;   // SHA-256 of geojson, 32 bytes
  int vertices = 0;
  domain::Datum given_datum = domain::Datum::kUnspecified;
  uint64_t revision = 0;
};
using BoundaryRow = Row<BoundaryRecord>;

// The id under which the journal keeps a division's polygon.
Uuid BoundaryId(const Uuid& division);

// Writes a new polygon or, over the row locked before, a replacing one.
absl::Status SaveBoundary(db::Transaction& tx, const BoundaryRow& row);
// Locks the polygons of these divisions; without their geometry.
absl::StatusOr<std::vector<BoundaryRow>> LockBoundaries(db::Transaction& tx, std::span<const Uuid> divisions);
// Polygons changed after a revision, in revision order, until `bytes_max` of geometry are read (at least
// one).
absl::StatusOr<std::vector<BoundaryRecord>> ReadBoundaries(db::Transaction& tx, int64_t after_revision,
                                                           size_t bytes_max);

}  // namespace gridwarden::grid
