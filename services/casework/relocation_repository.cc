#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "casework/box.h"
#include "casework/ground_filter.h"
#include "casework/relocation.h"

#define PROPOSAL_COLUMNS \
  "proposal_id, case_id, old_case_id, division, ground_path, created_us, content, subject_seq, subject_leaf"

namespace gridwarden::casework {
namespace {

constexpr std::string_view kLock =
    "SELECT " PROPOSAL_COLUMNS " FROM relocation_proposal WHERE proposal_id = ? FOR UPDATE";
constexpr std::string_view kReadOfCase =
    "SELECT " PROPOSAL_COLUMNS
    " FROM relocation_proposal WHERE case_id = ? AND state = 1 ORDER BY old_case_id";
constexpr std::string_view kInsert = R"(
  INSERT INTO relocation_proposal (proposal_id, state, case_id, old_case_id, division, ground_path, created_us, content,
    subject_seq, subject_leaf)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?))";
constexpr std::string_view kSave = R"(
  UPDATE relocation_proposal SET state = ?, content = ?, subject_seq = ?, subject_leaf = ?
  WHERE proposal_id = ? AND subject_seq = ?)";

// Closed, under watch, archived: what ended without coming back.
constexpr std::string_view kDisposedNear = R"(
  SELECT case_id, source_id, longitude, latitude, close_us FROM case_file FORCE INDEX (case_disposed)
  WHERE disposition IN (1, 2) AND latitude BETWEEN ? AND ? AND longitude BETWEEN ? AND ? AND state IN (9, 10, 12)
    AND close_us BETWEEN ? AND ? AND source_id IS NOT NULL AND source_id <> ?
  ORDER BY ABS(latitude - ?) + ABS(longitude - ?) * ? LIMIT ?)";

// What the ledger compares at once, less the source itself.
constexpr int kDisposedMax = 499;

ProposalFile ReadRow(const db::Row& row) {
  ProposalFile file;
  file.id = row.Id(0);
  file.case_id = row.Id(1);
  file.old_case_id = row.Id(2);
  file.division = row.Id(3);
  file.ground_path = row.Text(4);
  file.created = row.Time(5);
  file.value.ParseFromString(row.Text(6));
  file.subject.id = file.id;
  file.subject.seq = static_cast<uint64_t>(row.Int(7));
  file.subject.leaf = row.Text(8);
  return file;
}

// As for signals: a wide ground in the order of the answer, a narrow one through its key.
constexpr size_t kWidePath = 2 * 16;

std::string KeyFor(const ProposalFilter& filter) {
  const bool wide =
      filter.grounds.empty() || std::any_of(filter.grounds.begin(), filter.grounds.end(),
                                            [](const std::string& key) { return key.size() <= kWidePath; });
  return wide ? "relocation_newest" : "relocation_place";
}

}  // namespace

v1::RelocationProposal ToProto(const ProposalFile& file) {
  v1::RelocationProposal out = file.value;
  out.set_name(ResourceName("relocationProposals", file.id));
  out.set_etag(absl::StrCat(file.subject.seq));
  return out;
}

absl::StatusOr<ProposalFile> LockProposal(db::Transaction& tx, std::string_view name) {
  GW_ASSIGN_OR_RETURN(const Uuid id, ParseResourceName("relocationProposals", name));
  GW_ASSIGN_OR_RETURN(std::optional<ProposalFile> file, tx.QueryOne(kLock, ReadRow, id));
  if (!file) return NotFound(name);
  return *std::move(file);
}

absl::StatusOr<bool> InsertProposal(db::Transaction& tx, const ProposalFile& file) {
  const absl::StatusOr<uint64_t> inserted = tx.Exec(
      kInsert, file.id, file.value.state(), file.case_id, file.old_case_id, file.division, file.ground_path,
      file.created, file.value.SerializeAsString(), file.subject.seq, file.subject.leaf);
  if (db::IsDuplicateKey(inserted.status())) return false;
  if (!inserted.ok()) return inserted.status();
  return true;
}

absl::Status SaveProposal(db::Transaction& tx, const ProposalFile& file) {
  GW_ASSIGN_OR_RETURN(const uint64_t changed,
                      tx.Exec(kSave, file.value.state(), file.value.SerializeAsString(), file.subject.seq,
                              file.subject.leaf, file.id, file.subject.seq - 1));
  if (changed != 1) return EtagMismatch(ResourceName("relocationProposals", file.id));
  return absl::OkStatus();
}

absl::StatusOr<std::vector<ProposalFile>> ReadProposalsOf(db::Transaction& tx, const Uuid& case_id) {
  return tx.Query(kReadOfCase, ReadRow, case_id);
}

absl::StatusOr<std::vector<ProposalFile>> ListProposals(db::Transaction& tx, const ProposalFilter& filter,
                                                        const ProposalKey* after, int limit) {
  std::vector<db::Value> values;
  BindGrounds(filter.grounds, values);
  BindIn(
      filter.states, [](v1::RelocationProposal::State state) { return static_cast<int>(state); }, values);
  if (after != nullptr) {
    values.emplace_back(after->created_us);
    values.emplace_back(after->created_us);
    values.emplace_back(after->id);
  }
  values.emplace_back(limit);
  const std::string sql = absl::StrCat(
      "SELECT " PROPOSAL_COLUMNS " FROM relocation_proposal FORCE INDEX (", KeyFor(filter), ") WHERE 1 = 1",
      GroundClause(filter.grounds.size()), InClause("state", filter.states.size()),
      after == nullptr ? "" : " AND (created_us < ? OR (created_us = ? AND proposal_id < ?))",
      " ORDER BY created_us DESC, proposal_id DESC LIMIT ?");
  std::vector<ProposalFile> files;
  GW_RETURN_IF_ERROR(tx.QueryValues(sql, values, [&](const db::Row& row) { files.push_back(ReadRow(row)); }));
  return files;
}

absl::StatusOr<std::vector<DisposedCase>> ReadDisposedNear(db::Transaction& tx, const Uuid& source,
                                                           const domain::Point& centre, double radius_m,
                                                           absl::Time from, absl::Time to) {
  const Box box = BoxAround(centre, radius_m);
  return tx.Query(
      kDisposedNear,
      [](const db::Row& row) {
        return DisposedCase{row.Id(0), row.Id(1), {row.Double(2), row.Double(3)}, row.Time(4)};
      },
      box.south, box.north, box.west, box.east, from, to, source, centre.latitude, centre.longitude,
      box.shrink, kDisposedMax);
}

}  // namespace gridwarden::casework
