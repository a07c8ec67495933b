#include "grid/boundary_repository.h"

#include "base/status.h"
#include "grid/sql_rows.h"

namespace gridwarden::grid {
namespace {

constexpr std::string_view kInsertBoundary = R"(
  INSERT INTO division_boundary (division, id, geojson, digest, vertices, given_datum, revision, subject_seq, subject_leaf)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?))";
constexpr std::string_view kReplaceBoundary = R"(
  UPDATE division_boundary
  SET geojson = ?, digest = ?, vertices = ?, given_datum = ?, revision = ?, subject_seq = ?, subject_leaf = ?
  WHERE division = ? AND subject_seq = ? - 1)";
constexpr std::string_view kLockBoundaries = R"(
  SELECT division, digest, vertices, given_datum, revision, subject_seq, subject_leaf
  FROM division_boundary WHERE division IN ()";
// One at a time by key: polygons differ in size by a factor of a thousand.
constexpr std::string_view kNextBoundary = R"(
  SELECT division, digest, vertices, given_datum, revision, geojson
  FROM division_boundary WHERE revision > ? ORDER BY revision LIMIT 1)";

BoundaryRecord ReadRecord(const db::Row& row) {
  BoundaryRecord boundary;
  boundary.division = row.Id(0);
  boundary.digest = row.Text(1);
  boundary.vertices = static_cast<int>(row.Int(2));
  boundary.given_datum = static_cast<domain::Datum>(row.Int(3));
  boundary.revision = static_cast<uint64_t>(row.Int(4));
  return boundary;
}

}  // namespace

Uuid BoundaryId(const Uuid& division) { return Uuid::Derive(division, "boundary"); }

absl::Status SaveBoundary(db::Transaction& tx, const BoundaryRow& row) {
  const BoundaryRecord& b = row.record;
  if (row.subject.seq == 1) {
    return tx
        .Exec(kInsertBoundary, b.division, BoundaryId(b.division), b.geojson, b.digest, b.vertices,
              static_cast<int>(b.given_datum), b.revision, row.subject.seq, row.subject.leaf)
        .status();
  }
  GW_ASSIGN_OR_RETURN(
      const uint64_t changed,
      tx.Exec(kReplaceBoundary, b.geojson, b.digest, b.vertices, static_cast<int>(b.given_datum), b.revision,
              row.subject.seq, row.subject.leaf, b.division, row.subject.seq));
  if (changed != 1) return EtagMismatch(ResourceName("divisions", b.division));
  return absl::OkStatus();
}

absl::StatusOr<std::vector<BoundaryRow>> LockBoundaries(db::Transaction& tx,
                                                        std::span<const Uuid> divisions) {
  return QueryIn<BoundaryRow>(tx, kLockBoundaries, ") FOR UPDATE", divisions, [](const db::Row& row) {
    BoundaryRow boundary{ReadRecord(row), {}};
    boundary.subject = {BoundaryId(boundary.record.division), static_cast<uint64_t>(row.Int(5)), row.Text(6)};
    return boundary;
  });
}

absl::StatusOr<std::vector<BoundaryRecord>> ReadBoundaries(db::Transaction& tx, int64_t after_revision,
                                                           size_t bytes_max) {
  std::vector<BoundaryRecord> boundaries;
  for (size_t bytes = 0; bytes < bytes_max;) {
    GW_ASSIGN_OR_RETURN(std::optional<BoundaryRecord> next, tx.QueryOne(
                                                                kNextBoundary,
                                                                [](const db::Row& row) {
                                                                  BoundaryRecord boundary = ReadRecord(row);
                                                                  boundary.geojson = row.Text(5);
                                                                  return boundary;
                                                                },
                                                                after_revision));
    if (!next) break;
    bytes += next->geojson.size();
    if (!boundaries.empty() && bytes > bytes_max) break;
    after_revision = static_cast<int64_t>(next->revision);
    boundaries.push_back(*std::move(next));
  }
  return boundaries;
}

}  // namespace gridwarden::grid
