#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "domain/ground/ground.h"
#include "gridwarden/grid/v1/grid_service.pb.h"
#include "platform/db/database.h"
#include "platform/journal/stage.h"

// The SQL of divisions, posts, tenures, persons and units. Boundaries: boundary_repository.h; divisions as a
// whole, their lineage: division_repository.h.
namespace gridwarden::grid {

// A record and the end of its chain in the journal.
template <typename Record>
struct Row {
  Record record;
  journal::Subject subject;
};
using DivisionRow = Row<domain::Division>;
using PostRow = Row<domain::Post>;
using TenureRow = Row<domain::Tenure>;
using UnitRow = Row<domain::Unit>;
using LineageRow = Row<domain::Lineage>;

// What only this area knows of a person.
struct PersonRecord {
  Uuid id;
  std::string staff_no;
  std::string display_name;
  std::string phone;
  uint64_t revision = 0;
};
using PersonRow = Row<PersonRecord>;

struct Revisions {
  int64_t ground = 0;    // of the newest change of anything
  int64_t boundary = 0;  // of the newest change of a polygon
};
absl::StatusOr<Revisions> ReadRevisions(db::Transaction& tx);
// Locks the counter for the rest of `tx`: changes of the ground are served one after the other.
absl::StatusOr<Revisions> LockRevisions(db::Transaction& tx);
absl::Status SaveRevisions(db::Transaction& tx, const Revisions& revisions);

// At most `limit` records changed after a revision, in revision order, and the revision to go on from.
absl::StatusOr<v1::GetGroundResponse> ReadGround(db::Transaction& tx, int64_t after_revision, int limit);

absl::Status InsertDivisions(db::Transaction& tx, std::span<const DivisionRow> rows);
absl::Status InsertPosts(db::Transaction& tx, std::span<const PostRow> rows);
absl::Status InsertTenures(db::Transaction& tx, std::span<const TenureRow> rows);
absl::Status InsertPersons(db::Transaction& tx, std::span<const PersonRow> rows);
absl::Status InsertUnits(db::Transaction& tx, std::span<const UnitRow> rows);
// Each expects the row that was read and locked; INTERNAL when it is not there any more.
absl::Status SaveBoundaryFlag(db::Transaction& tx, const DivisionRow& row);
absl::Status SavePerson(db::Transaction& tx, const PersonRow& row);
absl::Status SaveRevoked(db::Transaction& tx, const TenureRow& row);

// All lock what they read: callers decide by it.
// Divisions whose code of today is one of `codes`, with that code only.
absl::StatusOr<std::vector<DivisionRow>> LockDivisionsByCode(db::Transaction& tx,
                                                             std::span<const std::string> codes);
absl::StatusOr<std::vector<PersonRow>> LockPersonsByStaffNo(db::Transaction& tx,
                                                            std::span<const std::string> staff_nos);
absl::StatusOr<std::vector<TenureRow>> LockTenuresOfPosts(db::Transaction& tx,
                                                          std::span<const Uuid> posts);  // standing ones
absl::StatusOr<std::vector<TenureRow>> LockTenuresEverOfPosts(
    db::Transaction& tx,
    std::span<const Uuid> posts);  // withdrawn ones too
absl::StatusOr<std::vector<PostRow>> LockPostsAt(db::Transaction& tx, std::span<const Uuid> places);
absl::StatusOr<std::optional<PostRow>> LockPost(db::Transaction& tx, const Uuid& id);
absl::StatusOr<std::optional<TenureRow>> LockTenure(db::Transaction& tx, const Uuid& id);

absl::StatusOr<bool> PersonExists(db::Transaction& tx, const Uuid& id);
// Persons by id, and a page of all persons after an id whose name or number contains `filter` ("" = all).
absl::StatusOr<std::vector<PersonRecord>> ReadPersons(db::Transaction& tx, std::span<const Uuid> ids);
absl::StatusOr<std::vector<PersonRecord>> ReadPersonsAfter(db::Transaction& tx, const Uuid& after,
                                                           std::string_view filter, int limit);

// The statements that every snapshot and every decision runs: none may scan a table. For the test that asks
// EXPLAIN.
std::vector<std::string> HotStatements();

}  // namespace gridwarden::grid
