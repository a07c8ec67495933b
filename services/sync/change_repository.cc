#include "sync/change_repository.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "platform/crypto/digest.h"

namespace gridwarden::sync {
namespace {

struct Named {
  v1::Record::Kind kind;
  std::string_view collection;
};
constexpr Named kNames[] = {{v1::Record::CASE, "cases"},
                            {v1::Record::SIGNAL, "signals"},
                            {v1::Record::PATROL_TASK, "patrolTasks"},
                            {v1::Record::SOURCE, "sources"}};

constexpr std::string_view kRead = R"(
  SELECT r.kind, r.division, r.ground_path, r.revision, r.idx, r.is_open, r.closed_us, r.filing_post,
    i.holder, i.ground_path, i.is_ground, i.from_idx, i.last_idx, i.to_idx
  FROM sync_record r LEFT JOIN sync_interest i ON i.record_id = r.record_id
  WHERE r.record_id = ? ORDER BY i.from_idx, i.holder)";
constexpr std::string_view kFind = R"(
  SELECT kind, division, ground_path, revision, idx, is_open, closed_us, filing_post
  FROM sync_record WHERE record_id = ?)";
constexpr std::string_view kHolders =
    "SELECT holder FROM sync_interest WHERE record_id = ? AND is_ground = 0";
constexpr std::string_view kSave = R"(
  INSERT INTO sync_record (record_id, kind, division, ground_path, revision, idx, is_open, closed_us, filing_post)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON DUPLICATE KEY UPDATE revision = VALUES(revision), division = VALUES(division), ground_path = VALUES(ground_path),
    idx = VALUES(idx), is_open = VALUES(is_open), closed_us = VALUES(closed_us), filing_post = VALUES(filing_post))";
constexpr std::string_view kSaveInterests = R"(
  INSERT INTO sync_interest (holder, record_id, ground_path, is_ground, kind, revision, digest, from_idx, last_idx, to_idx,
    is_open, closed_us)
  VALUES )";
constexpr std::string_view kOrUpdate = R"(
  ON DUPLICATE KEY UPDATE revision = VALUES(revision), digest = VALUES(digest), from_idx = VALUES(from_idx),
    last_idx = VALUES(last_idx), to_idx = VALUES(to_idx), is_open = VALUES(is_open), closed_us = VALUES(closed_us))";
constexpr int kInterestColumns = 12;
constexpr size_t kChunks[] = {8, 4, 2, 1};

ChangedRecord RecordOf(const db::Row& row, const Uuid& id) {
  ChangedRecord record;
  record.kind = static_cast<v1::Record::Kind>(row.Int(0));
  record.id = id;
  record.division = row.Id(1);
  record.ground_path = row.Text(2);
  record.revision = row.Int(3);
  record.index = static_cast<uint64_t>(row.Int(4));
  record.open = row.Bool(5);
  record.closed_us = row.OptInt(6);
  record.filing_post = row.Id(7);
  return record;
}

}  // namespace

std::string_view CollectionOf(v1::Record::Kind kind) {
  for (const Named& named : kNames) {
    if (named.kind == kind) return named.collection;
  }
  return "";
}

v1::Record::Kind KindOf(std::string_view name) {
  const std::string_view collection = name.substr(0, name.find('/'));
  for (const Named& named : kNames) {
    if (named.collection == collection) return named.kind;
  }
  return v1::Record::KIND_UNSPECIFIED;
}

std::string NameOf(v1::Record::Kind kind, const Uuid& id) { return ResourceName(CollectionOf(kind), id); }

uint64_t DigestOf(v1::Record::Kind kind, const Uuid& id, int64_t revision) {
  const std::string hash =
      crypto::Sha256(absl::StrCat(v1::Record::Kind_Name(kind), ":", NameOf(kind, id), ":", revision));
  uint64_t number = 0;
  for (int i = 0; i < 8; ++i) number = number << 8 | static_cast<uint8_t>(hash[i]);
  return number;
}

absl::StatusOr<std::optional<RecordWithInterests>> ReadRecord(db::Transaction& tx, const Uuid& id) {
  std::optional<RecordWithInterests> state;
  const std::vector<db::Value> values{id};
  GW_RETURN_IF_ERROR(tx.QueryValues(kRead, values, [&](const db::Row& row) {
    if (!state) state = RecordWithInterests{.record = RecordOf(row, id)};
    if (row.IsNull(8)) return;
    Interest interest{.holder = row.Id(8), .ground_path = row.Text(9), .is_ground = row.Bool(10)};
    interest.from = static_cast<uint64_t>(row.Int(11));
    interest.last = static_cast<uint64_t>(row.Int(12));
    if (const std::optional<int64_t> to = row.OptInt(13)) interest.to = static_cast<uint64_t>(*to);
    state->interests.push_back(std::move(interest));
  }));
  return state;
}

absl::StatusOr<std::optional<ChangedRecord>> FindRecord(db::Transaction& tx, v1::Record::Kind kind,
                                                        const Uuid& id) {
  GW_ASSIGN_OR_RETURN(std::optional<ChangedRecord> found,
                      tx.QueryOne(
                          kFind, [&](const db::Row& row) { return RecordOf(row, id); }, id));
  if (found && found->kind != kind) found.reset();
  return found;
}

absl::StatusOr<bool> WasAssigned(db::Transaction& tx, const Uuid& id, const std::vector<Uuid>& holders) {
  GW_ASSIGN_OR_RETURN(const std::vector<Uuid> ever,
                      tx.Query(
                          kHolders, [](const db::Row& row) { return row.Id(0); }, id));
  return std::any_of(ever.begin(), ever.end(), [&](const Uuid& holder) {
    return std::find(holders.begin(), holders.end(), holder) != holders.end();
  });
}

absl::Status SaveRecord(db::Transaction& tx, const RecordWithInterests& state) {
  const ChangedRecord& record = state.record;
  GW_RETURN_IF_ERROR(tx.Exec(kSave, record.id, static_cast<int>(record.kind), record.division,
                             record.ground_path, record.revision, record.index, record.open, record.closed_us,
                             record.filing_post)
                         .status());
  std::vector<db::Value> values;
  const auto digest = static_cast<int64_t>(DigestOf(record.kind, record.id, record.revision));
  for (const Interest& one : state.interests) {
    if (one.last != record.index) continue;
    values.insert(values.end(),
                  {one.holder, record.id, one.ground_path, one.is_ground, static_cast<int>(record.kind),
                   record.revision, digest, one.from, one.last, one.to, record.open, record.closed_us});
  }
  const size_t rows = values.size() / kInterestColumns;
  for (size_t at = 0; at < rows;) {
    const size_t chunk =
        *std::find_if(std::begin(kChunks), std::end(kChunks), [&](size_t size) { return size <= rows - at; });
    const std::string sql =
        absl::StrCat(std::string(kSaveInterests), db::RepeatedRows(kInterestColumns, static_cast<int>(chunk)),
                     std::string(kOrUpdate));
    GW_RETURN_IF_ERROR(
        tx.ExecValues(sql, std::span(values).subspan(at * kInterestColumns, chunk * kInterestColumns))
            .status());
    at += chunk;
  }
  return absl::OkStatus();
}

}  // namespace gridwarden::sync
