#include "grid/proposal_repository.h"

#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "grid/sql_rows.h"

namespace gridwarden::grid {
namespace {

constexpr std::string_view kInsert =
    "INSERT INTO division_proposal (id, kind, state, division, listed_display_name, as_of_us, document_no, "
    "candidates, recorded_us, "
    "decided_us, decided_by, accepted_candidate, version) VALUES ";
// Unlocked: the version is expected, and LockProposal read the row FOR UPDATE.
constexpr std::string_view kSave = R"(
  UPDATE division_proposal SET state = ?, decided_us = ?, decided_by = ?, accepted_candidate = ?, version = version + 1
  WHERE id = ? AND version = ?)";
constexpr std::string_view kColumns =
    "SELECT id, kind, state, division, listed_display_name, as_of_us, document_no, candidates, recorded_us, "
    "decided_us, decided_by, "
    "accepted_candidate, version FROM division_proposal ";
constexpr std::string_view kById = "WHERE id = ? FOR UPDATE";
constexpr std::string_view kOfDivisions = "WHERE division IN (";
constexpr std::string_view kAfter =
    "WHERE state = ? AND (as_of_us > ? OR (as_of_us = ? AND id > ?)) ORDER BY as_of_us, id LIMIT ?";

std::string Sql(std::string_view where) { return std::string(kColumns) + std::string(where); }

ProposalRecord ReadProposal(const db::Row& row) {
  ProposalRecord record;
  record.id = row.Id(0);
  record.kind = static_cast<v1::DivisionProposal::Kind>(row.Int(1));
  record.state = static_cast<v1::DivisionProposal::State>(row.Int(2));
  record.division = row.Id(3);
  record.listed_display_name = row.Text(4);
  record.as_of = row.Time(5);
  record.document_no = row.Text(6);
  record.candidates.ParseFromString(row.Text(7));
  record.recorded = row.Time(8);
  record.decided = row.Time(9);
  record.decided_by = row.Id(10);
  record.accepted_candidate = static_cast<int>(row.Int(11));
  record.version = row.Int(12);
  return record;
}

}  // namespace

absl::Status InsertProposals(db::Transaction& tx, std::span<const ProposalRecord> records) {
  return InsertRows(tx, kInsert, 13, records, [](const ProposalRecord& r, std::vector<db::Value>& values) {
    Add(values, r.id, static_cast<int>(r.kind), static_cast<int>(r.state), r.division, r.listed_display_name,
        r.as_of, r.document_no, r.candidates.SerializeAsString(), r.recorded, r.decided, r.decided_by,
        r.accepted_candidate, r.version);
  });
}

absl::Status SaveProposal(db::Transaction& tx, const ProposalRecord& record) {
  GW_ASSIGN_OR_RETURN(const uint64_t changed,
                      tx.Exec(kSave, static_cast<int>(record.state), record.decided, record.decided_by,
                              record.accepted_candidate, record.id, record.version));
  if (changed != 1) return EtagMismatch(ResourceName("divisionProposals", record.id));
  return absl::OkStatus();
}

absl::StatusOr<std::optional<ProposalRecord>> LockProposal(db::Transaction& tx, const Uuid& id) {
  static const std::string* sql = new std::string(Sql(kById));
  return tx.QueryOne(*sql, ReadProposal, id);
}

absl::StatusOr<std::vector<ProposalRecord>> LockProposalsOf(db::Transaction& tx,
                                                            std::span<const Uuid> divisions) {
  return QueryIn<ProposalRecord>(tx, Sql(kOfDivisions), ") FOR UPDATE", divisions, ReadProposal);
}

absl::StatusOr<std::vector<ProposalRecord>> ReadProposalsAfter(db::Transaction& tx,
                                                               v1::DivisionProposal::State state,
                                                               absl::Time as_of, const Uuid& id, int limit) {
  static const std::string* sql = new std::string(Sql(kAfter));
  const int64_t after_us = as_of == absl::InfinitePast() ? INT64_MIN / 2 : absl::ToUnixMicros(as_of);
  return tx.Query(*sql, ReadProposal, static_cast<int>(state), after_us, after_us, id.Bytes(), limit);
}

std::vector<std::string> HotProposalStatements() {
  return {Sql(kById), absl::StrCat(Sql(kOfDivisions), "?)"), Sql(kAfter)};
}

}  // namespace gridwarden::grid
