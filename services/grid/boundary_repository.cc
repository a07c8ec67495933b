#include "grid/boundary_repository.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "grid/sql_rows.h"

namespace gridwarden::grid {
namespace {

constexpr std::string_view kInsertBoundary = R"(
  INSERT INTO division_boundary (division, id, geojson, digest, vertices, given_datum, valid_from_us, revision, subject_seq,
                                 subject_leaf)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?))";
constexpr std::string_view kReplaceBoundary = R"(
  UPDATE division_boundary
  SET geojson = ?, digest = ?, vertices = ?, given_datum = ?, valid_from_us = ?, revision = ?, subject_seq = ?, subject_leaf = ?
  WHERE division = ? AND subject_seq = ? - 1)";
constexpr std::string_view kKeepFormer = R"(
  INSERT INTO division_boundary_former (division, seq, geojson, digest, vertices, given_datum, valid_from_us, valid_to_us, revision)
  SELECT division, ?, geojson, digest, vertices, given_datum, valid_from_us, ?, ? FROM division_boundary WHERE division = ?)";
constexpr std::string_view kInsertFormer = R"(
  INSERT INTO division_boundary_former (division, seq, geojson, digest, vertices, given_datum, valid_from_us, valid_to_us, revision)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON DUPLICATE KEY UPDATE geojson = VALUES(geojson), digest = VALUES(digest), vertices = VALUES(vertices),
    given_datum = VALUES(given_datum), valid_from_us = VALUES(valid_from_us), valid_to_us = VALUES(valid_to_us),
    revision = VALUES(revision))";
constexpr std::string_view kMoveChain = R"(
  UPDATE division_boundary SET subject_seq = ?, subject_leaf = ? WHERE division = ? AND subject_seq = ? - 1)";
// Unlocked: LockBoundaries read the row FOR UPDATE; its statement is put together in QueryIn.
constexpr std::string_view kEndFormer = R"(
  UPDATE division_boundary_former SET valid_to_us = ?, revision = ? WHERE division = ? AND seq = ?)";
constexpr std::string_view kLockBoundaries = R"(
  SELECT division, digest, vertices, given_datum, revision, valid_from_us, subject_seq, subject_leaf
  FROM division_boundary WHERE division IN ()";
constexpr std::string_view kLockFormer = R"(
  SELECT division, digest, vertices, given_datum, revision, valid_from_us, valid_to_us, seq
  FROM division_boundary_former WHERE division IN ()";
// Sizes first: outlines differ in size by a factor of a thousand.
constexpr std::string_view kSizes =
    "SELECT revision, vertices FROM division_boundary WHERE revision > ? ORDER BY revision LIMIT ?";
constexpr std::string_view kFormerSizes =
    "SELECT revision, vertices FROM division_boundary_former WHERE revision > ? ORDER BY revision LIMIT ?";
constexpr std::string_view kBoundariesBetween = R"(
  SELECT b.division, b.digest, b.vertices, b.given_datum, b.revision, b.valid_from_us, d.level, b.geojson
  FROM division_boundary b JOIN division d ON d.id = b.division WHERE b.revision > ? AND b.revision <= ?)";
constexpr std::string_view kFormerBetween = R"(
  SELECT b.division, b.digest, b.vertices, b.given_datum, b.revision, b.valid_from_us, d.level, b.geojson, b.valid_to_us, b.seq
  FROM division_boundary_former b JOIN division d ON d.id = b.division WHERE b.revision > ? AND b.revision <= ?)";

constexpr std::string_view kInsertPoint = R"(
  INSERT INTO division_point (id, division, display_name, longitude, latitude, given_datum, revision, subject_seq, subject_leaf)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?))";
constexpr std::string_view kMovePoint = R"(
  UPDATE division_point SET longitude = ?, latitude = ?, given_datum = ?, revision = ?, subject_seq = ?, subject_leaf = ?
  WHERE id = ? AND subject_seq = ? - 1)";
constexpr std::string_view kLockPoints = R"(
  SELECT division, display_name, longitude, latitude, given_datum, revision, subject_seq, subject_leaf
  FROM division_point WHERE id IN ()";
constexpr std::string_view kPointsAfter = R"(
  SELECT p.division, p.display_name, p.longitude, p.latitude, p.given_datum, p.revision, d.level
  FROM division_point p JOIN division d ON d.id = p.division WHERE p.revision > ? ORDER BY p.revision LIMIT ?)";

constexpr size_t kSizesAtOnce = 2000;
constexpr size_t kBytesAPoint = 26;  // "[113.1234567,33.1234567],"

BoundaryRecord ReadRecord(const db::Row& row) {
  BoundaryRecord boundary;
  boundary.division = row.Id(0);
  boundary.digest = row.Text(1);
  boundary.vertices = static_cast<int>(row.Int(2));
  boundary.given_datum = static_cast<domain::Datum>(row.Int(3));
  boundary.revision = static_cast<uint64_t>(row.Int(4));
  boundary.valid.from = row.Time(5, absl::InfinitePast());
  return boundary;
}

PointRecord ReadPoint(const db::Row& row) {
  PointRecord point;
  point.division = row.Id(0);
  point.display_name = row.Text(1);
  point.wgs84 = {row.Double(2), row.Double(3)};
  point.given_datum = static_cast<domain::Datum>(row.Int(4));
  point.revision = static_cast<uint64_t>(row.Int(5));
  return point;
}

absl::Status ExpectOne(const absl::StatusOr<uint64_t>& changed, const Uuid& division) {
  GW_RETURN_IF_ERROR(changed.status());
  return *changed == 1 ? absl::OkStatus() : EtagMismatch(ResourceName("divisions", division));
}

}  // namespace

Uuid BoundaryId(const Uuid& division) { return Uuid::Derive(division, "boundary"); }
Uuid PointId(const Uuid& division, std::string_view display_name) {
  return Uuid::Derive(division, "point/" + std::string(display_name));
}

absl::Status SaveBoundary(db::Transaction& tx, const BoundaryRow& row) {
  const BoundaryRecord& b = row.record;
  if (row.subject.seq == 1) {
    return tx
        .Exec(kInsertBoundary, b.division, BoundaryId(b.division), b.geojson, b.digest, b.vertices,
              static_cast<int>(b.given_datum), b.valid.from, b.revision, row.subject.seq, row.subject.leaf)
        .status();
  }
  return ExpectOne(
      tx.Exec(kReplaceBoundary, b.geojson, b.digest, b.vertices, static_cast<int>(b.given_datum),
              b.valid.from, b.revision, row.subject.seq, row.subject.leaf, b.division, row.subject.seq),
      b.division);
}

absl::Status KeepFormer(db::Transaction& tx, const Uuid& division, int seq, absl::Time until,
                        uint64_t revision) {
  return ExpectOne(tx.Exec(kKeepFormer, seq, until, revision, division), division);
}

absl::Status SaveFormer(db::Transaction& tx, const BoundaryRow& row) {
  const BoundaryRecord& b = row.record;
  GW_RETURN_IF_ERROR(tx.Exec(kInsertFormer, b.division, b.seq, b.geojson, b.digest, b.vertices,
                             static_cast<int>(b.given_datum), b.valid.from, b.valid.to, b.revision)
                         .status());
  return ExpectOne(tx.Exec(kMoveChain, row.subject.seq, row.subject.leaf, b.division, row.subject.seq),
                   b.division);
}

absl::Status EndFormer(db::Transaction& tx, const Uuid& division, int seq, absl::Time until,
                       uint64_t revision) {
  return ExpectOne(tx.Exec(kEndFormer, until, revision, division, seq), division);
}

absl::StatusOr<std::vector<BoundaryRow>> LockBoundaries(db::Transaction& tx,
                                                        std::span<const Uuid> divisions) {
  GW_ASSIGN_OR_RETURN(
      std::vector<BoundaryRow> rows,
      QueryIn<BoundaryRow>(tx, kLockBoundaries, ") FOR UPDATE", divisions, [](const db::Row& row) {
        BoundaryRow boundary{ReadRecord(row), {}};
        boundary.subject = {BoundaryId(boundary.record.division), static_cast<uint64_t>(row.Int(6)),
                            row.Text(7)};
        return boundary;
      }));
  GW_ASSIGN_OR_RETURN(
      const std::vector<BoundaryRow> former,
      QueryIn<BoundaryRow>(tx, kLockFormer, ") FOR UPDATE", divisions, [](const db::Row& row) {
        BoundaryRow boundary{ReadRecord(row), {}};
        boundary.record.valid.to = row.Time(6);
        boundary.record.seq = static_cast<int>(row.Int(7));
        return boundary;
      }));
  rows.insert(rows.end(), former.begin(), former.end());
  return rows;
}

absl::StatusOr<std::vector<BoundaryRecord>> ReadBoundaries(db::Transaction& tx, int64_t after_revision,
                                                           size_t bytes_max) {
  std::vector<std::pair<int64_t, int64_t>> sizes;  // revision, vertices
  bool complete = true;
  for (const std::string_view sql : {kSizes, kFormerSizes}) {
    GW_ASSIGN_OR_RETURN(const auto found,
                        tx.Query(
                            sql, [](const db::Row& row) { return std::pair(row.Int(0), row.Int(1)); },
                            after_revision, kSizesAtOnce));
    sizes.insert(sizes.end(), found.begin(), found.end());
    complete = complete && found.size() < kSizesAtOnce;
  }
  std::sort(sizes.begin(), sizes.end());
  // What lies behind the last of a list that was cut short is not known yet.
  if (!complete && sizes.size() > kSizesAtOnce) sizes.resize(kSizesAtOnce);
  int64_t until = after_revision;
  size_t bytes = 0;
  for (const auto& [revision, vertices] : sizes) {
    bytes += static_cast<size_t>(vertices) * kBytesAPoint + 200;
    if (until > after_revision && bytes > bytes_max) break;
    until = revision;
  }
  if (until == after_revision) return std::vector<BoundaryRecord>();
  const auto read = [](const db::Row& row) {
    BoundaryRecord boundary = ReadRecord(row);
    boundary.level = static_cast<domain::Level>(row.Int(6));
    boundary.geojson = row.Text(7);
    return boundary;
  };
  GW_ASSIGN_OR_RETURN(std::vector<BoundaryRecord> boundaries,
                      tx.Query(kBoundariesBetween, read, after_revision, until));
  GW_ASSIGN_OR_RETURN(std::vector<BoundaryRecord> former, tx.Query(
                                                              kFormerBetween,
                                                              [&](const db::Row& row) {
                                                                BoundaryRecord boundary = read(row);
                                                                boundary.valid.to = row.Time(8);
                                                                boundary.seq = static_cast<int>(row.Int(9));
                                                                return boundary;
                                                              },
                                                              after_revision, until));
  std::move(former.begin(), former.end(), std::back_inserter(boundaries));
  std::sort(boundaries.begin(), boundaries.end(),
            [](const BoundaryRecord& a, const BoundaryRecord& b) { return a.revision < b.revision; });
  return boundaries;
}

absl::Status SavePoint(db::Transaction& tx, const PointRow& row) {
  const PointRecord& p = row.record;
  const Uuid id = PointId(p.division, p.display_name);
  if (row.subject.seq == 1) {
    return tx
        .Exec(kInsertPoint, id, p.division, p.display_name, p.wgs84.longitude, p.wgs84.latitude,
              static_cast<int>(p.given_datum), p.revision, row.subject.seq, row.subject.leaf)
        .status();
  }
  return ExpectOne(tx.Exec(kMovePoint, p.wgs84.longitude, p.wgs84.latitude, static_cast<int>(p.given_datum),
                           p.revision, row.subject.seq, row.subject.leaf, id, row.subject.seq),
                   p.division);
}

absl::StatusOr<std::vector<PointRow>> LockPoints(db::Transaction& tx, std::span<const Uuid> ids) {
  return QueryIn<PointRow>(tx, kLockPoints, ") FOR UPDATE", ids, [](const db::Row& row) {
    PointRow point{ReadPoint(row), {}};
    point.subject = {PointId(point.record.division, point.record.display_name),
                     static_cast<uint64_t>(row.Int(6)), row.Text(7)};
    return point;
  });
}

absl::StatusOr<std::vector<PointRecord>> ReadPoints(db::Transaction& tx, int64_t after_revision, int limit) {
  return tx.Query(
      kPointsAfter,
      [](const db::Row& row) {
        PointRecord point = ReadPoint(row);
        point.level = static_cast<domain::Level>(row.Int(6));
        return point;
      },
      after_revision, limit);
}

std::vector<std::string> HotBoundaryStatements() {
  std::vector<std::string> statements;
  for (const std::string_view sql : {kSizes, kFormerSizes, kBoundariesBetween, kFormerBetween, kPointsAfter})
    statements.emplace_back(sql);
  for (const std::string_view sql : {kLockBoundaries, kLockFormer, kLockPoints})
    statements.push_back(absl::StrCat(std::string(sql), "?)"));
  return statements;
}

}  // namespace gridwarden::grid
