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

// The SQL of outlines, with the outlines ground had before, and of known points.
namespace gridwarden::grid {

struct BoundaryRecord {
  Uuid division;
  std::string geojson;  // MultiPolygon geometry, WGS-84
  std::string digest;   // SHA-256 of geojson, 32 bytes
  int vertices = 0;
  domain::Datum given_datum = domain::Datum::kUnspecified;
  domain::Interval valid;  // when the ground had this outline; the last one is open
  uint64_t revision = 0;
  int seq = 0;                                        // of a former outline; 0 is the one of today
  domain::Level level = domain::Level::kUnspecified;  // read only
};
using BoundaryRow = Row<BoundaryRecord>;

// A known point of a division: the committee's house, the middle of a hamlet.
struct PointRecord {
  Uuid division;
  std::string display_name;  // which of its points; "" for the only one
  domain::Point wgs84;
  domain::Datum given_datum = domain::Datum::kUnspecified;
  uint64_t revision = 0;
  domain::Level level = domain::Level::kUnspecified;  // read only
};
using PointRow = Row<PointRecord>;

// The ids under which the journal keeps a division's outline and a known point.
Uuid BoundaryId(const Uuid& division);
Uuid PointId(const Uuid& division, std::string_view display_name);

// Writes today's outline, new or over the row locked before.
absl::Status SaveBoundary(db::Transaction& tx, const BoundaryRow& row);
// Keeps the outline of today, as stored, for the time before `until`, as number `seq`.
absl::Status KeepFormer(db::Transaction& tx, const Uuid& division, int seq, absl::Time until,
                        uint64_t revision);
// Writes an outline of an earlier time, and the end of the chain into the row of today's.
absl::Status SaveFormer(db::Transaction& tx, const BoundaryRow& row);
// Another end of a former outline.
absl::Status EndFormer(db::Transaction& tx, const Uuid& division, int seq, absl::Time until,
                       uint64_t revision);

// Locks the outlines of these divisions, today's and former ones (seq > 0), without their geometry. Only
// today's carries the end of the chain.
absl::StatusOr<std::vector<BoundaryRow>> LockBoundaries(db::Transaction& tx, std::span<const Uuid> divisions);
// Outlines changed after a revision, in revision order, until some `bytes_max` of geometry are read (at least
// one).
absl::StatusOr<std::vector<BoundaryRecord>> ReadBoundaries(db::Transaction& tx, int64_t after_revision,
                                                           size_t bytes_max);

absl::Status SavePoint(db::Transaction& tx, const PointRow& row);
absl::StatusOr<std::vector<PointRow>> LockPoints(db::Transaction& tx, std::span<const Uuid> ids);
absl::StatusOr<std::vector<PointRecord>> ReadPoints(db::Transaction& tx, int64_t after_revision, int limit);

// The statements that every snapshot and every import runs: none may scan a table.
std::vector<std::string> HotBoundaryStatements();

}  // namespace gridwarden::grid
