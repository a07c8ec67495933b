#include "grid/division_repository.h"

#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "grid/sql_rows.h"

namespace gridwarden::grid {
namespace {

constexpr std::string_view kDivisionColumns =
    "SELECT id, parent, level, display_name, valid_from_us, valid_to_us, statistical, has_boundary, "
    "revision, subject_seq, "
    "subject_leaf FROM division ";
constexpr std::string_view kDivisionsById = "WHERE id IN (";
constexpr std::string_view kDivisionsByParent = "WHERE parent IN (";
constexpr std::string_view kIdsByCode =
    "SELECT division FROM division_code WHERE valid_to_us IS NULL AND code IN (";
constexpr std::string_view kCodesOf =
    "SELECT division, code, valid_from_us, valid_to_us FROM division_code WHERE division IN (";
constexpr std::string_view kPlacementsOf =
    "SELECT division, parent, valid_from_us, valid_to_us, recorded_us, revoked_us FROM division_placement "
    "WHERE division IN (";
constexpr std::string_view kNamesOf =
    "SELECT division, display_name, valid_from_us, valid_to_us FROM division_name WHERE division IN (";
constexpr std::string_view kInOrder = ") ORDER BY division, seq";
constexpr std::string_view kBorneInOrder =
    ") AND (valid_from_us IS NULL OR valid_to_us IS NULL OR valid_from_us < valid_to_us) ORDER BY division, "
    "seq";

// Before and behind the values. What is appended grows, what changes in place is closed or reopened.
struct Put {
  std::string_view insert, again;
};
constexpr Put kPutCode = {
    "INSERT INTO division_code (division, seq, code, valid_from_us, valid_to_us) VALUES ",
    " ON DUPLICATE KEY UPDATE code = VALUES(code), valid_from_us = VALUES(valid_from_us), valid_to_us = "
    "VALUES(valid_to_us)"};
constexpr Put kPutPlacement = {
    "INSERT INTO division_placement (division, seq, parent, valid_from_us, valid_to_us, recorded_us, "
    "revoked_us) VALUES ",
    " ON DUPLICATE KEY UPDATE revoked_us = VALUES(revoked_us)"};
constexpr Put kPutName = {
    "INSERT INTO division_name (division, seq, display_name, valid_from_us, valid_to_us) VALUES ",
    " ON DUPLICATE KEY UPDATE display_name = VALUES(display_name), valid_from_us = VALUES(valid_from_us), "
    "valid_to_us = VALUES(valid_to_us)"};
constexpr Put kPutListDate = {"INSERT INTO division_list (parent, as_of_us) VALUES ",
                              " ON DUPLICATE KEY UPDATE as_of_us = VALUES(as_of_us)"};
// What a correction takes back is never deleted: it was borne for no time at all, and is not read any more.
// Unlocked: the division's own row is saved in the same transaction over the state that was read.
constexpr std::string_view kEmptyCodes =
    "UPDATE division_code SET valid_to_us = valid_from_us WHERE division = ? AND seq >= ?";
// Unlocked: as above.
constexpr std::string_view kEmptyNames =
    "UPDATE division_name SET valid_from_us = valid_to_us WHERE division = ? AND seq >= ?";
// A change is saved only over the state it was decided by.
constexpr std::string_view kSaveDivision = R"(
  UPDATE division SET parent = ?, display_name = ?, valid_to_us = ?, statistical = ?, revision = ?, subject_seq = ?, subject_leaf = ?
  WHERE id = ? AND subject_seq = ? - 1)";

constexpr std::string_view kLineageColumns =
    "SELECT id, from_division, to_division, kind, share, effective_us, recorded_us, revoked_us, document_no, "
    "revision, subject_seq, "
    "subject_leaf FROM division_lineage ";
constexpr std::string_view kLineagesById = "WHERE id IN (";
constexpr std::string_view kLineagesFrom = "WHERE revoked_us IS NULL AND from_division IN (";
constexpr std::string_view kLineagesTo =
    "WHERE revoked_us IS NULL AND to_division <> from_division AND to_division IN (";
constexpr std::string_view kInsertLineage =
    "INSERT INTO division_lineage (id, from_division, to_division, kind, share, effective_us, recorded_us, "
    "revoked_us, document_no, "
    "revision, subject_seq, subject_leaf) VALUES ";
constexpr std::string_view kSaveRevokedLineage = R"(
  UPDATE division_lineage SET revoked_us = ?, revision = ?, subject_seq = ?, subject_leaf = ?
  WHERE id = ? AND subject_seq = ? - 1 AND revoked_us IS NULL)";

constexpr std::string_view kListDates = "SELECT parent, as_of_us FROM division_list WHERE parent IN (";

std::string Sql(std::string_view a, std::string_view b) { return std::string(a) + std::string(b); }

DivisionRow ReadDivisionRow(const db::Row& row) {
  DivisionRow division;
  domain::Division& record = division.record;
  record.id = row.Id(0);
  record.parent = row.Id(1);
  record.level = static_cast<domain::Level>(row.Int(2));
  record.display_name = row.Text(3);
  record.valid = IntervalAt(row, 4);
  record.statistical = row.Bool(6);
  record.has_boundary = row.Bool(7);
  record.revision = static_cast<uint64_t>(row.Int(8));
  division.subject = {record.id, static_cast<uint64_t>(row.Int(9)), row.Text(10)};
  return division;
}

absl::Status ReadParts(db::Transaction& tx, std::vector<DivisionRow>& rows) {
  absl::flat_hash_map<Uuid, domain::Division*> by_id;
  std::vector<Uuid> ids;
  for (DivisionRow& row : rows) {
    by_id[row.record.id] = &row.record;
    ids.push_back(row.record.id);
  }
  // A short last piece repeats its last key, never a row: each statement answers a row once.
  GW_RETURN_IF_ERROR(
      QueryIn<int>(tx, kCodesOf, kBorneInOrder, std::span<const Uuid>(ids), [&](const db::Row& row) {
        by_id.at(row.Id(0))->codes.push_back({row.Text(1), IntervalAt(row, 2)});
        return 0;
      }).status());
  GW_RETURN_IF_ERROR(
      QueryIn<int>(tx, kPlacementsOf, kInOrder, std::span<const Uuid>(ids), [&](const db::Row& row) {
        by_id.at(row.Id(0))->placements.push_back(ReadPlacement(row));
        return 0;
      }).status());
  return QueryIn<int>(tx, kNamesOf, kBorneInOrder, std::span<const Uuid>(ids),
                      [&](const db::Row& row) {
                        by_id.at(row.Id(0))->former_names.push_back({row.Text(1), IntervalAt(row, 2)});
                        return 0;
                      })
      .status();
}

LineageRow ReadLineageRow(const db::Row& row) {
  LineageRow lineage{ReadLineage(row), {}};
  lineage.subject = {lineage.record.id, static_cast<uint64_t>(row.Int(10)), row.Text(11)};
  return lineage;
}

// An item of one of the lists of a division.
template <typename T>
struct Part {
  Uuid division;
  int seq;
  const T* item;
};

template <typename T>
void AddParts(const domain::Division& division, const std::vector<T>& items, std::vector<Part<T>>& parts) {
  for (size_t i = 0; i < items.size(); ++i) parts.push_back({division.id, static_cast<int>(i), &items[i]});
}

absl::Status PutDivisionParts(db::Transaction& tx, std::span<const DivisionRow> rows, bool again) {
  std::vector<Part<domain::DivisionCode>> codes;
  std::vector<Part<domain::Placement>> placements;
  std::vector<Part<domain::FormerName>> names;
  for (const DivisionRow& row : rows) {
    AddParts(row.record, row.record.codes, codes);
    AddParts(row.record, row.record.placements, placements);
    AddParts(row.record, row.record.former_names, names);
  }
  GW_RETURN_IF_ERROR(InsertRows(
      tx, kPutCode.insert, 5, std::span<const Part<domain::DivisionCode>>(codes),
      [](const auto& part, std::vector<db::Value>& values) {
        Add(values, part.division, part.seq, part.item->code, part.item->valid.from, part.item->valid.to);
      },
      again ? kPutCode.again : ""));
  GW_RETURN_IF_ERROR(InsertRows(
      tx, kPutPlacement.insert, 7, std::span<const Part<domain::Placement>>(placements),
      [](const auto& part, std::vector<db::Value>& values) {
        Add(values, part.division, part.seq, part.item->parent, part.item->valid.from, part.item->valid.to,
            part.item->recorded, part.item->revoked);
      },
      again ? kPutPlacement.again : ""));
  return InsertRows(
      tx, kPutName.insert, 5, std::span<const Part<domain::FormerName>>(names),
      [](const auto& part, std::vector<db::Value>& values) {
        Add(values, part.division, part.seq, part.item->display_name, part.item->valid.from,
            part.item->valid.to);
      },
      again ? kPutName.again : "");
}

}  // namespace

domain::Lineage ReadLineage(const db::Row& row) {
  domain::Lineage lineage;
  lineage.id = row.Id(0);
  lineage.from = row.Id(1);
  lineage.to = row.Id(2);
  lineage.kind = static_cast<domain::LineageKind>(row.Int(3));
  lineage.share = row.Double(4);
  lineage.effective = row.Time(5);
  lineage.recorded = row.Time(6);
  lineage.revoked = row.Time(7);
  lineage.document_no = row.Text(8);
  lineage.revision = static_cast<uint64_t>(row.Int(9));
  return lineage;
}

domain::Placement ReadPlacement(const db::Row& row) {
  return {row.Id(1), IntervalAt(row, 2), row.Time(4, absl::InfinitePast()), row.Time(5)};
}

absl::StatusOr<std::vector<DivisionRow>> LockDivisions(db::Transaction& tx, std::span<const Uuid> ids) {
  GW_ASSIGN_OR_RETURN(
      std::vector<DivisionRow> rows,
      QueryIn<DivisionRow>(tx, Sql(kDivisionColumns, kDivisionsById), ") FOR UPDATE", ids, ReadDivisionRow));
  GW_RETURN_IF_ERROR(ReadParts(tx, rows));
  return rows;
}

absl::StatusOr<std::vector<DivisionRow>> LockDivisionsWithCode(db::Transaction& tx,
                                                               std::span<const std::string> codes) {
  GW_ASSIGN_OR_RETURN(std::vector<Uuid> ids, QueryIn<Uuid>(tx, kIdsByCode, ") FOR UPDATE", codes,
                                                           [](const db::Row& row) { return row.Id(0); }));
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  return LockDivisions(tx, ids);
}

absl::StatusOr<std::vector<DivisionRow>> LockDivisionsBelow(db::Transaction& tx,
                                                            std::span<const Uuid> parents) {
  GW_ASSIGN_OR_RETURN(std::vector<DivisionRow> rows,
                      QueryIn<DivisionRow>(tx, Sql(kDivisionColumns, kDivisionsByParent), ") FOR UPDATE",
                                           parents, ReadDivisionRow));
  GW_RETURN_IF_ERROR(ReadParts(tx, rows));
  return rows;
}

absl::Status InsertDivisionParts(db::Transaction& tx, std::span<const DivisionRow> rows) {
  return PutDivisionParts(tx, rows, false);
}

absl::Status SaveDivisions(db::Transaction& tx, std::span<const DivisionRow> rows) {
  for (const DivisionRow& row : rows) {
    const domain::Division& d = row.record;
    GW_ASSIGN_OR_RETURN(const uint64_t changed,
                        tx.Exec(kSaveDivision, d.parent, d.display_name, d.valid.to, d.statistical,
                                d.revision, row.subject.seq, row.subject.leaf, d.id, row.subject.seq));
    if (changed != 1) return EtagMismatch(ResourceName("divisions", d.id));
    GW_RETURN_IF_ERROR(tx.Exec(kEmptyCodes, d.id, static_cast<int>(d.codes.size())).status());
    GW_RETURN_IF_ERROR(tx.Exec(kEmptyNames, d.id, static_cast<int>(d.former_names.size())).status());
  }
  return PutDivisionParts(tx, rows, true);
}

absl::StatusOr<std::vector<LineageRow>> LockLineages(db::Transaction& tx, std::span<const Uuid> ids) {
  return QueryIn<LineageRow>(tx, Sql(kLineageColumns, kLineagesById), ") FOR UPDATE", ids, ReadLineageRow);
}

absl::StatusOr<std::vector<LineageRow>> LockLineagesOf(db::Transaction& tx, std::span<const Uuid> divisions) {
  GW_ASSIGN_OR_RETURN(std::vector<LineageRow> rows,
                      QueryIn<LineageRow>(tx, Sql(kLineageColumns, kLineagesFrom), ") FOR UPDATE", divisions,
                                          ReadLineageRow));
  GW_ASSIGN_OR_RETURN(
      std::vector<LineageRow> to,
      QueryIn<LineageRow>(tx, Sql(kLineageColumns, kLineagesTo), ") FOR UPDATE", divisions, ReadLineageRow));
  for (LineageRow& row : to) {
    const bool known = std::any_of(rows.begin(), rows.end(),
                                   [&](const LineageRow& r) { return r.record.id == row.record.id; });
    if (!known) rows.push_back(std::move(row));
  }
  return rows;
}

absl::Status InsertLineages(db::Transaction& tx, std::span<const LineageRow> rows) {
  return InsertRows(tx, kInsertLineage, 12, rows, [](const LineageRow& row, std::vector<db::Value>& values) {
    const domain::Lineage& l = row.record;
    Add(values, l.id, l.from, l.to, static_cast<int>(l.kind), l.share, l.effective, l.recorded, l.revoked,
        l.document_no, l.revision, row.subject.seq, row.subject.leaf);
  });
}

absl::Status SaveRevoked(db::Transaction& tx, const LineageRow& row) {
  GW_ASSIGN_OR_RETURN(const uint64_t changed,
                      tx.Exec(kSaveRevokedLineage, row.record.revoked, row.record.revision, row.subject.seq,
                              row.subject.leaf, row.record.id, row.subject.seq));
  if (changed != 1) return EtagMismatch(ResourceName("lineages", row.record.id));
  return absl::OkStatus();
}

absl::StatusOr<absl::flat_hash_map<Uuid, absl::Time>> ReadListDates(db::Transaction& tx,
                                                                    std::span<const Uuid> parents) {
  absl::flat_hash_map<Uuid, absl::Time> dates;
  GW_RETURN_IF_ERROR(QueryIn<int>(tx, kListDates, ")", parents, [&](const db::Row& row) {
                       dates[row.Id(0)] = row.Time(1);
                       return 0;
                     }).status());
  return dates;
}

absl::Status SaveListDates(db::Transaction& tx, std::span<const Uuid> parents, absl::Time as_of) {
  return InsertRows(
      tx, kPutListDate.insert, 2, parents,
      [&](const Uuid& parent, std::vector<db::Value>& values) { Add(values, parent, as_of); },
      kPutListDate.again);
}

std::vector<std::string> HotDivisionStatements() {
  std::vector<std::string> statements = {std::string(kEmptyCodes), std::string(kEmptyNames)};
  for (const std::string_view sql : {kIdsByCode, kListDates}) statements.push_back(Sql(sql, "?)"));
  for (const std::string_view sql : {kCodesOf, kPlacementsOf, kNamesOf})
    statements.push_back(Sql(sql, "?) ORDER BY division, seq"));
  for (const std::string_view sql : {kDivisionsById, kDivisionsByParent})
    statements.push_back(Sql(kDivisionColumns, sql) + "?)");
  for (const std::string_view sql : {kLineagesById, kLineagesFrom, kLineagesTo})
    statements.push_back(Sql(kLineageColumns, sql) + "?)");
  return statements;
}

}  // namespace gridwarden::grid
