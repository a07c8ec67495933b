#include "sync/operation_repository.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "sync/timestamps.h"

namespace gridwarden::sync {
namespace {

#define GW_OPERATION_COLUMNS                                                                              \
  "op_id, device, account, person, seq, hash, prev_hash, rpc, subject, body, signature, division, post, " \
  "anchor_us, earliest_us, latest_us, estimated_us, received_us, grade, flags, longitude, latitude, "     \
  "verdict, reason, result FROM operation "

std::optional<std::string> OrNull(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional(text);
}

OperationRow OperationOf(const db::Row& row) {
  OperationRow out{.op_id = row.Id(0),
                   .device = row.Id(1),
                   .account = row.Id(2),
                   .person = row.Id(3),
                   .seq = row.Int(4),
                   .hash = row.Text(5),
                   .prev_hash = row.OptText(6).value_or(""),
                   .rpc = row.Text(7),
                   .subject = row.Text(8),
                   .body = row.Text(9),
                   .signature = row.Text(10),
                   .division = row.Id(11),
                   .post = row.Id(12),
                   .anchor = row.Time(13),
                   .time = {.earliest = row.Time(14),
                            .latest = row.Time(15),
                            .estimate = row.Time(16),
                            .grade = static_cast<domain::TimeGrade>(row.Int(18)),
                            .flags = static_cast<domain::OperationFlags>(row.Int(19))},
                   .received = row.Time(17),
                   .verdict = static_cast<v1::Verdict>(row.Int(22)),
                   .reason = row.Text(23)};
  if (!row.IsNull(20)) out.fix = domain::Fix{row.Double(20), row.Double(21), out.time.estimate};
  if (!row.IsNull(24)) out.result.ParseFromString(row.Text(24));
  return out;
}

// As many as a statement is made for, the last one repeated.
std::vector<db::Value> Padded(std::span<const std::string> values) {
  std::vector<db::Value> padded;
  for (const std::string& value : values) padded.emplace_back(value);
  for (const size_t size : {1, 4, 16, 64, 256, 1024})
    if (padded.size() <= size && !padded.empty()) {
      padded.resize(size, padded.back());
      break;
    }
  return padded;
}

}  // namespace

absl::StatusOr<std::optional<OperationRow>> FindOperation(db::Transaction& tx, const Uuid& op_id) {
  constexpr std::string_view kSql = "SELECT " GW_OPERATION_COLUMNS "WHERE op_id = ?";
  return tx.QueryOne(kSql, OperationOf, op_id);
}

absl::Status InsertOperation(db::Transaction& tx, const OperationRow& row) {
  constexpr std::string_view kSql = R"(
    INSERT INTO operation (op_id, device, account, person, seq, hash, prev_hash, rpc, subject, body, signature, division, post,
                           anchor_us, earliest_us, latest_us, estimated_us, received_us, grade, flags, longitude, latitude,
                           verdict, reason)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ''))";
  std::optional<double> longitude, latitude;
  if (row.fix) {
    longitude = row.fix->longitude;
    latitude = row.fix->latitude;
  }
  return tx
      .Exec(kSql, row.op_id, row.device, row.account, row.person, row.seq, row.hash, OrNull(row.prev_hash),
            row.rpc, row.subject, row.body, row.signature, row.division, row.post, row.anchor,
            row.time.earliest, row.time.latest, row.time.estimate, row.received,
            static_cast<int>(row.time.grade), row.time.flags, longitude, latitude)
      .status();
}

absl::StatusOr<bool> SettleOperation(db::Transaction& tx, const OperationRow& row, absl::Time now) {
  // Unlocked: whoever settles it first does.
  constexpr std::string_view kSql = R"(
    UPDATE operation SET verdict = ?, reason = ?, result = ?, flags = ?, settled_us = ? WHERE op_id = ? AND verdict = 0)";
  GW_ASSIGN_OR_RETURN(const uint64_t changed,
                      tx.Exec(kSql, static_cast<int>(row.verdict), row.reason, row.result.SerializeAsString(),
                              row.time.flags, now, row.op_id));
  return changed == 1;
}

absl::StatusOr<std::vector<OperationRow>> ReadOperationsAt(db::Transaction& tx, const Uuid& device,
                                                           int64_t seq) {
  constexpr std::string_view kSql =
      "SELECT " GW_OPERATION_COLUMNS "WHERE device = ? AND seq = ? ORDER BY received_us, op_id LIMIT 2";
  return tx.Query(kSql, OperationOf, device, seq);
}

absl::StatusOr<absl::flat_hash_map<Uuid, v1::Verdict>> ReadVerdicts(db::Transaction& tx, const Uuid& account,
                                                                    std::span<const Uuid> op_ids) {
  absl::flat_hash_map<Uuid, v1::Verdict> verdicts;
  if (op_ids.empty()) return verdicts;
  std::vector<std::string> ids;
  for (const Uuid& id : op_ids) ids.push_back(id.Bytes());
  std::vector<db::Value> values = Padded(ids);
  const std::string sql = absl::StrCat("SELECT op_id, verdict FROM operation WHERE op_id IN (",
                                       db::InList(static_cast<int>(values.size())), ") AND account = ?");
  values.emplace_back(account);
  GW_RETURN_IF_ERROR(tx.QueryValues(
      sql, values, [&](const db::Row& row) { verdicts[row.Id(0)] = static_cast<v1::Verdict>(row.Int(1)); }));
  return verdicts;
}

absl::StatusOr<std::optional<OperationRow>> LastAccepted(db::Transaction& tx, const Uuid& device,
                                                         const std::string& subject) {
  constexpr std::string_view kSql =
      "SELECT " GW_OPERATION_COLUMNS
      "WHERE subject = ? AND device = ? AND verdict = 1 ORDER BY settled_us DESC LIMIT 1";
  return tx.QueryOne(kSql, OperationOf, subject, device);
}

absl::StatusOr<bool> WorkedOn(db::Transaction& tx, const Uuid& person, const std::string& subject) {
  constexpr std::string_view kSql =
      "SELECT 1 FROM operation WHERE person = ? AND subject = ? AND verdict IN (1, 3) LIMIT 1";
  if (person.IsNil()) return false;
  GW_ASSIGN_OR_RETURN(const auto found,
                      tx.QueryOne(
                          kSql, [](const db::Row& row) { return row.Int(0); }, person, subject));
  return found.has_value();
}

absl::StatusOr<std::vector<OperationRow>> ListOfDevice(db::Transaction& tx, const Uuid& device,
                                                       const OperationKey& after, int limit) {
  constexpr std::string_view kSql =
      "SELECT " GW_OPERATION_COLUMNS
      "WHERE device = ? AND seq >= ? AND (seq > ? OR op_id > ?) ORDER BY seq, op_id LIMIT ?";
  return tx.Query(kSql, OperationOf, device, after.number, after.number, after.op_id.Bytes(), limit);
}

absl::StatusOr<std::vector<OperationRow>> ListOfSubject(db::Transaction& tx, const std::string& subject,
                                                        const OperationKey& after, int limit) {
  constexpr std::string_view kSql =
      "SELECT " GW_OPERATION_COLUMNS
      "WHERE subject = ? AND received_us >= ? AND (received_us > ? OR op_id > ?) ORDER BY received_us, op_id "
      "LIMIT ?";
  return tx.Query(kSql, OperationOf, subject, after.number, after.number, after.op_id.Bytes(), limit);
}

absl::Status InsertPhotos(db::Transaction& tx, const Uuid& device, const Uuid& op_id,
                          const std::vector<std::string>& digests) {
  constexpr std::string_view kSql =
      "INSERT IGNORE INTO operation_photo (device, digest, op_id, verified_us) VALUES (?, ?, ?, NULL)";
  for (const std::string& digest : digests) GW_RETURN_IF_ERROR(tx.Exec(kSql, device, digest, op_id).status());
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> ReadUnverified(db::Transaction& tx, const Uuid& device, int limit) {
  constexpr std::string_view kSql =
      "SELECT digest FROM operation_photo WHERE device = ? AND verified_us IS NULL ORDER BY digest LIMIT ?";
  return tx.Query(
      kSql, [](const db::Row& row) { return row.Text(0); }, device, limit);
}

absl::Status SaveVerified(db::Transaction& tx, const Uuid& device, const std::vector<std::string>& digests,
                          absl::Time now) {
  if (digests.empty()) return absl::OkStatus();
  std::vector<db::Value> values{now, device};
  const std::vector<db::Value> padded = Padded(digests);
  values.insert(values.end(), padded.begin(), padded.end());
  // Unlocked: what was verified stays so, and the first time counts.
  const std::string sql =
      absl::StrCat("UPDATE operation_photo SET verified_us = ? WHERE device = ? AND digest IN (",
                   db::InList(static_cast<int>(padded.size())), ") AND verified_us IS NULL");
  return tx.ExecValues(sql, values).status();
}

absl::StatusOr<std::vector<VerifiedPhoto>> ReadVerified(db::Transaction& tx, const Uuid& device,
                                                        absl::Time since, int limit) {
  constexpr std::string_view kSql =
      "SELECT digest, verified_us FROM operation_photo WHERE device = ? AND verified_us > ? ORDER BY "
      "verified_us, digest LIMIT ?";
  return tx.Query(
      kSql,
      [](const db::Row& row) {
        return VerifiedPhoto{row.Text(0), row.Time(1)};
      },
      device, since == absl::InfinitePast() ? absl::UnixEpoch() : since, limit);
}

v1::JudgedTime ShownTime(const domain::TimeJudgement& time, absl::Time received) {
  v1::JudgedTime shown;
  SetTime(time.earliest, shown.mutable_earliest_time());
  SetTime(time.latest, shown.mutable_latest_time());
  SetTime(time.estimate, shown.mutable_estimated_time());
  shown.set_grade(static_cast<v1::Grade>(time.grade));
  SetTime(received, shown.mutable_receive_time());
  return shown;
}

}  // namespace gridwarden::sync
