#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "grid/grid_repository.h"

// The SQL of divisions as a whole (codes, places in the tree and names over time) and of what became of them.
namespace gridwarden::grid {

// All lock what they read and answer it whole. A division is answered once, in no order.
absl::StatusOr<std::vector<DivisionRow>> LockDivisions(db::Transaction& tx, std::span<const Uuid> ids);
// Those with one of these codes today.
absl::StatusOr<std::vector<DivisionRow>> LockDivisionsWithCode(db::Transaction& tx,
                                                               std::span<const std::string> codes);
// Those that stand right under one of these today (or stood there when they ended).
absl::StatusOr<std::vector<DivisionRow>> LockDivisionsBelow(db::Transaction& tx,
                                                            std::span<const Uuid> parents);

// Codes, placements and former names of new divisions.
absl::Status InsertDivisionParts(db::Transaction& tx, std::span<const DivisionRow> rows);
// Everything of divisions that were read and locked. Lists may have grown or shrunk at their ends.
absl::Status SaveDivisions(db::Transaction& tx, std::span<const DivisionRow> rows);

absl::StatusOr<std::vector<LineageRow>> LockLineages(db::Transaction& tx, std::span<const Uuid> ids);
// From or to one of these, standing ones only.
absl::StatusOr<std::vector<LineageRow>> LockLineagesOf(db::Transaction& tx, std::span<const Uuid> divisions);
absl::Status InsertLineages(db::Transaction& tx, std::span<const LineageRow> rows);
absl::Status SaveRevoked(db::Transaction& tx, const LineageRow& row);

// Date of the newest list that named what stands below a division.
absl::StatusOr<absl::flat_hash_map<Uuid, absl::Time>> ReadListDates(db::Transaction& tx,
                                                                    std::span<const Uuid> parents);
absl::Status SaveListDates(db::Transaction& tx, std::span<const Uuid> parents, absl::Time as_of);

// One row of "id, from_division, to_division, kind, share, effective_us, recorded_us, revoked_us,
// document_no, revision".
domain::Lineage ReadLineage(const db::Row& row);
// One row of "division, parent, valid_from_us, valid_to_us, recorded_us, revoked_us".
domain::Placement ReadPlacement(const db::Row& row);

// The statements a decision runs: none may scan a table.
std::vector<std::string> HotDivisionStatements();

}  // namespace gridwarden::grid
