#include "notify/roster_repository.h"

#include "absl/strings/str_cat.h"
#include "notify/rows.h"

namespace gridwarden::notify {
namespace {

constexpr std::string_view kColumns =
    "SELECT shift_id, division, kind, post, person, from_us, to_us, planned, subject_seq, subject_leaf FROM "
    "duty_shift ";

// More are never on duty at once in one installation.
constexpr int kOnDutyMax = 20'000;

ShiftRow ShiftOf(const db::Row& row) {
  ShiftRow shift;
  shift.shift.division = row.Id(1);
  shift.shift.kind = static_cast<domain::DutyKind>(row.Int(2));
  shift.shift.post = row.Id(3);
  shift.shift.person = row.Id(4);
  shift.shift.time = {row.Time(5), row.Time(6)};
  shift.planned = row.Bool(7);
  shift.subject = {row.Id(0), static_cast<uint64_t>(row.Int(8)), row.Text(9)};
  return shift;
}

}  // namespace

absl::StatusOr<int64_t> ReadRevision(db::Transaction& tx, const Uuid& division) {
  constexpr std::string_view kSql = "SELECT revision FROM duty_roster WHERE division = ?";
  GW_ASSIGN_OR_RETURN(const auto found, tx.QueryOne(
                                            kSql, [](const db::Row& row) { return row.Int(0); }, division));
  return found.value_or(0);
}

absl::StatusOr<int64_t> LockRoster(db::Transaction& tx, const Uuid& division) {
  constexpr std::string_view kInsert = "INSERT IGNORE INTO duty_roster (division, revision) VALUES (?, 0)";
  constexpr std::string_view kSelect = "SELECT revision FROM duty_roster WHERE division = ? FOR UPDATE";
  GW_RETURN_IF_ERROR(tx.Exec(kInsert, division).status());
  GW_ASSIGN_OR_RETURN(const auto found,
                      tx.QueryOne(
                          kSelect, [](const db::Row& row) { return row.Int(0); }, division));
  return found.value_or(0);
}

absl::Status SaveRevision(db::Transaction& tx, const Uuid& division, int64_t revision) {
  constexpr std::string_view kSql = "UPDATE duty_roster SET revision = ? WHERE division = ?";
  return tx.Exec(kSql, revision, division).status();
}

absl::StatusOr<std::vector<ShiftRow>> ReadShifts(db::Transaction& tx, const ShiftQuery& query) {
  // No shift is longer than kShiftMax, so the index bounds what is read.
  static const std::string kSql =
      absl::StrCat(std::string(kColumns),
                   "WHERE division = ? AND planned = 1 AND from_us > ? AND from_us < ? AND to_us > ? AND (? "
                   "= 0 OR kind = ?) "
                   "AND from_us >= ? AND (from_us > ? OR shift_id > ?) ORDER BY from_us, shift_id LIMIT ?");
  const int kind = static_cast<int>(query.kind);
  return tx.Query(kSql, ShiftOf, query.division, query.from - domain::kShiftMax - absl::Seconds(1), query.to,
                  query.from, kind, kind, query.after_us, query.after_us, query.after_id, query.limit);
}

absl::StatusOr<absl::flat_hash_map<Uuid, ShiftRow>> ReadShiftsById(db::Transaction& tx,
                                                                   std::span<const Uuid> ids) {
  absl::flat_hash_map<Uuid, ShiftRow> rows;
  constexpr size_t kAtOnce = 256;
  for (size_t at = 0; at < ids.size(); at += kAtOnce) {
    const std::vector<db::Value> values = PaddedIds(ids.subspan(at, std::min(kAtOnce, ids.size() - at)));
    const std::string sql = absl::StrCat(std::string(kColumns), "WHERE shift_id IN (",
                                         db::InList(static_cast<int>(values.size())), ")");
    GW_RETURN_IF_ERROR(
        tx.QueryValues(sql, values, [&](const db::Row& row) { rows[row.Id(0)] = ShiftOf(row); }));
  }
  return rows;
}

absl::Status InsertShifts(db::Transaction& tx, std::span<const ShiftRow> shifts) {
  std::vector<db::Value> values;
  for (const ShiftRow& row : shifts) {
    const domain::Shift& shift = row.shift;
    values.insert(values.end(),
                  {row.subject.id, shift.division, static_cast<int>(shift.kind), shift.post, shift.person,
                   shift.time.from, shift.time.to, row.planned, row.subject.seq, row.subject.leaf});
  }
  return ExecRows(tx,
                  "INSERT INTO duty_shift (shift_id, division, kind, post, person, from_us, to_us, planned, "
                  "subject_seq, subject_leaf) VALUES ",
                  10, "", values)
      .status();
}

absl::Status SaveShift(db::Transaction& tx, const ShiftRow& row) {
  constexpr std::string_view kSql = R"(
    UPDATE duty_shift SET planned = ?, subject_seq = ?, subject_leaf = ? WHERE shift_id = ? AND subject_seq = ?)";
  GW_ASSIGN_OR_RETURN(const uint64_t changed, tx.Exec(kSql, row.planned, row.subject.seq, row.subject.leaf,
                                                      row.subject.id, row.subject.seq - 1));
  if (changed != 1) return Internal("a shift changed under the lock of its roster");
  return absl::OkStatus();
}

absl::StatusOr<std::vector<ShiftRow>> ReadOnDuty(db::Transaction& tx, std::span<const Uuid> divisions,
                                                 absl::Time at) {
  std::vector<db::Value> values{at - domain::kShiftMax - absl::Seconds(1), at, at};
  std::string sql =
      absl::StrCat(std::string(kColumns), "WHERE planned = 1 AND from_us > ? AND from_us <= ? AND to_us > ?");
  if (!divisions.empty()) {
    const std::vector<db::Value> padded = PaddedIds(divisions);
    values.insert(values.end(), padded.begin(), padded.end());
    absl::StrAppend(&sql, " AND division IN (", db::InList(static_cast<int>(padded.size())), ")");
  }
  absl::StrAppend(&sql, " ORDER BY from_us, shift_id LIMIT ?");
  values.emplace_back(kOnDutyMax);
  std::vector<ShiftRow> rows;
  GW_RETURN_IF_ERROR(tx.QueryValues(sql, values, [&](const db::Row& row) { rows.push_back(ShiftOf(row)); }));
  return rows;
}

}  // namespace gridwarden::notify
