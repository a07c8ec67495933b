#include "casework/conflict_repository.h"

#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "casework/ground_filter.h"
#include "casework/timestamps.h"

#define CONFLICT_COLUMNS                                                                                     \
  "conflict_id, person_id, counterpart_kind, counterpart, reason, valid_until_us, declarer, declarer_post, " \
  "declare_us, withdraw_us, withdraw_reason, division, ground_path, subject_seq, subject_leaf"

namespace gridwarden::casework {
namespace {

constexpr std::string_view kInsertConflict = "INSERT INTO conflict_of_interest (" CONFLICT_COLUMNS
                                             ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
constexpr std::string_view kSaveConflict = R"(
  UPDATE conflict_of_interest SET withdraw_us = ?, withdraw_reason = ?, subject_seq = ?, subject_leaf = ?
  WHERE conflict_id = ? AND subject_seq = ?)";
constexpr std::string_view kLockConflict =
    "SELECT " CONFLICT_COLUMNS " FROM conflict_of_interest WHERE conflict_id = ? FOR UPDATE";
constexpr std::string_view kListConflicts =
    "SELECT " CONFLICT_COLUMNS " FROM conflict_of_interest WHERE (person_id = ?";

#define IN_FORCE "withdraw_us IS NULL AND (valid_until_us IS NULL OR valid_until_us > ?)"
constexpr std::string_view kConflictsOfFixer = R"(
  SELECT counterpart FROM conflict_of_interest WHERE person_id = ? AND counterpart_kind = 1 AND )" IN_FORCE;
constexpr std::string_view kConflictsWith = "SELECT person_id FROM conflict_of_interest WHERE " IN_FORCE;

ConflictFile ReadRow(const db::Row& row) {
  const auto time = [&row](int column) {
    return row.IsNull(column) ? std::nullopt : std::optional(absl::FromUnixMicros(row.Int(column)));
  };
  ConflictFile conflict;
  conflict.id = row.Id(0);
  conflict.person = row.Id(1);
  conflict.kind = static_cast<CounterpartKind>(row.Int(2));
  conflict.counterpart = row.Id(3);
  conflict.reason = row.Text(4);
  conflict.valid_until = time(5);
  conflict.declarer = row.Id(6);
  conflict.declarer_post = row.Id(7);
  conflict.declared = row.Time(8);
  conflict.withdrawn = time(9);
  conflict.withdraw_reason = row.Text(10);
  conflict.division = row.Id(11);
  conflict.ground_path = row.Text(12);
  conflict.subject = {conflict.id, static_cast<uint64_t>(row.Int(13)), row.Text(14)};
  return conflict;
}

std::string CounterpartName(const ConflictFile& conflict) {
  switch (conflict.kind) {
    case CounterpartKind::kPerson:
      return ResourceName("persons", conflict.counterpart);
    case CounterpartKind::kUnit:
      return ResourceName("units", conflict.counterpart);
    case CounterpartKind::kSource:
      return ResourceName("sources", conflict.counterpart);
  }
  return "";
}

}  // namespace

v1::Conflict ToProto(const ConflictFile& conflict) {
  v1::Conflict out;
  out.set_name(ResourceName("conflicts", conflict.id));
  out.set_person(ResourceName("persons", conflict.person));
  out.set_counterpart(CounterpartName(conflict));
  out.set_reason(conflict.reason);
  if (conflict.valid_until) *out.mutable_valid_until_time() = ToTimestamp(*conflict.valid_until);
  out.set_declarer(ResourceName("persons", conflict.declarer));
  out.set_declarer_post(ResourceName("posts", conflict.declarer_post));
  *out.mutable_declare_time() = ToTimestamp(conflict.declared);
  if (conflict.withdrawn) *out.mutable_withdraw_time() = ToTimestamp(*conflict.withdrawn);
  out.set_withdraw_reason(conflict.withdraw_reason);
  out.set_division(ResourceName("divisions", conflict.division));
  out.set_etag(absl::StrCat(conflict.subject.seq));
  return out;
}

bool InForce(const ConflictFile& conflict, absl::Time at) {
  return !conflict.withdrawn && (!conflict.valid_until || at < *conflict.valid_until);
}

absl::Status InsertConflict(db::Transaction& tx, const ConflictFile& conflict) {
  return tx
      .Exec(kInsertConflict, conflict.id, conflict.person, static_cast<int>(conflict.kind),
            conflict.counterpart, conflict.reason, conflict.valid_until, conflict.declarer,
            conflict.declarer_post, conflict.declared, conflict.withdrawn, conflict.withdraw_reason,
            conflict.division, conflict.ground_path, conflict.subject.seq, conflict.subject.leaf)
      .status();
}

absl::Status SaveConflict(db::Transaction& tx, const ConflictFile& conflict) {
  GW_ASSIGN_OR_RETURN(
      const uint64_t changed,
      tx.Exec(kSaveConflict, conflict.withdrawn, conflict.withdraw_reason, conflict.subject.seq,
              conflict.subject.leaf, conflict.id, conflict.subject.seq - 1));
  if (changed != 1) return EtagMismatch(ResourceName("conflicts", conflict.id));
  return absl::OkStatus();
}

absl::StatusOr<ConflictFile> LockConflict(db::Transaction& tx, std::string_view name) {
  GW_ASSIGN_OR_RETURN(const Uuid id, ParseResourceName("conflicts", name));
  GW_ASSIGN_OR_RETURN(std::optional<ConflictFile> conflict, tx.QueryOne(kLockConflict, ReadRow, id));
  if (!conflict) return NotFound(name);
  return *std::move(conflict);
}

absl::StatusOr<std::vector<ConflictFile>> ListConflictFiles(db::Transaction& tx, const ConflictFilter& filter,
                                                            const std::optional<ListKey>& after, int limit) {
  std::vector<db::Value> values{filter.own};
  std::string sql(kListConflicts);
  if (!filter.grounds.empty()) {
    absl::StrAppend(&sql, " OR (1 = 1", GroundClause(filter.grounds.size()), ")");
    BindGrounds(filter.grounds, values);
  }
  sql += ")";
  if (!filter.person.IsNil()) {
    sql += " AND person_id = ?";
    values.emplace_back(filter.person);
  }
  if (filter.in_force_at) {
    sql += " AND " IN_FORCE;
    values.emplace_back(*filter.in_force_at);
  }
  if (after) {
    sql += " AND (declare_us < ? OR (declare_us = ? AND conflict_id < ?))";
    values.emplace_back(after->time_us);
    values.emplace_back(after->time_us);
    values.emplace_back(after->id);
  }
  sql += " ORDER BY declare_us DESC, conflict_id DESC LIMIT ?";
  values.emplace_back(limit);
  std::vector<ConflictFile> conflicts;
  GW_RETURN_IF_ERROR(
      tx.QueryValues(sql, values, [&](const db::Row& row) { conflicts.push_back(ReadRow(row)); }));
  return conflicts;
}

absl::StatusOr<std::vector<Uuid>> PersonsInConflict(db::Transaction& tx, const Uuid& fixer,
                                                    const std::vector<Uuid>& counterparts, absl::Time at) {
  std::vector<Uuid> persons;
  if (!fixer.IsNil()) {
    GW_ASSIGN_OR_RETURN(persons,
                        tx.Query(
                            kConflictsOfFixer, [](const db::Row& row) { return row.Id(0); }, fixer, at));
  }
  if (counterparts.empty()) return persons;
  std::vector<db::Value> values{at};
  BindIn(
      counterparts, [](const Uuid& id) { return id; }, values);
  const std::string sql =
      absl::StrCat(std::string(kConflictsWith), InClause("counterpart", counterparts.size()));
  GW_RETURN_IF_ERROR(tx.QueryValues(sql, values, [&](const db::Row& row) { persons.push_back(row.Id(0)); }));
  return persons;
}

}  // namespace gridwarden::casework
