#include "journal/journal_repository.h"

#include <algorithm>
#include <array>
#include <span>

#include "gridwarden/journal/v1/entry.pb.h"
#include "journal/log.h"
#include "platform/journal/stage.h"

namespace gridwarden::journal {
namespace {

constexpr std::string_view kReadHead = R"(
  SELECT origin, demo, size, epoch, lease_owner, lease_until_us, last_sequenced_us, frontier,
         CAST(UNIX_TIMESTAMP(SYSDATE(6)) * 1000000 AS SIGNED)
  FROM journal_head WHERE log_id = ?)";
constexpr std::string_view kLockHead = R"(
  SELECT origin, demo, size, epoch, lease_owner, lease_until_us, last_sequenced_us, frontier,
         CAST(UNIX_TIMESTAMP(SYSDATE(6)) * 1000000 AS SIGNED)
  FROM journal_head WHERE log_id = ? FOR UPDATE)";
constexpr std::string_view kHasEntries = "SELECT idx FROM journal_entry WHERE log_id = ? LIMIT 1";
constexpr std::string_view kInsertHead = R"(
  INSERT IGNORE INTO journal_head (log_id, origin, demo, size, epoch, lease_owner, lease_until_us, last_sequenced_us, frontier)
  VALUES (?, ?, ?, 0, 0, NULL, 0, 0, ''))";
constexpr std::string_view kTakeLease = R"(
  UPDATE journal_head SET epoch = epoch + 1, lease_owner = ?,
         lease_until_us = CAST(UNIX_TIMESTAMP(SYSDATE(6)) * 1000000 AS SIGNED) + ?
  WHERE log_id = ? AND epoch = ?)";
constexpr std::string_view kRenewLease = R"(
  UPDATE journal_head SET lease_until_us = CAST(UNIX_TIMESTAMP(SYSDATE(6)) * 1000000 AS SIGNED) + ?
  WHERE log_id = ? AND epoch = ? AND lease_owner = ?)";
constexpr std::string_view kGiveUpLease =
    "UPDATE journal_head SET lease_until_us = 0 WHERE log_id = ? AND epoch = ? AND lease_owner = ?";
constexpr std::string_view kMoveHead = R"(
  UPDATE journal_head SET size = ?, last_sequenced_us = ?, frontier = ?,
         lease_until_us = CAST(UNIX_TIMESTAMP(SYSDATE(6)) * 1000000 AS SIGNED) + ?
  WHERE log_id = ? AND size = ? AND epoch = ? AND lease_owner = ?)";

constexpr std::string_view kAnythingStaged = "SELECT id FROM journal_stage LIMIT 1";
constexpr std::string_view kCountStaged = "SELECT COUNT(*) FROM journal_stage";
constexpr std::string_view kCountStagedUpTo =
    "SELECT COUNT(*) FROM (SELECT id FROM journal_stage LIMIT ?) AS staged";
constexpr std::string_view kReadOldestStaged = "SELECT body FROM journal_stage ORDER BY id LIMIT 1";
constexpr std::string_view kLockStaged = R"(
  SELECT id, entry_id, request_id, subject, subject_seq, body FROM journal_stage
  WHERE id > ? ORDER BY id LIMIT ? FOR UPDATE SKIP LOCKED)";
constexpr std::string_view kReadStagedOfRequest = R"(
  SELECT id, entry_id, request_id, subject, subject_seq, body FROM journal_stage
  WHERE request_id = ? ORDER BY id)";

constexpr std::string_view kReadEntries = R"(
  SELECT idx, leaf, entry_id, request_id, kind, subject, subject_seq, sequenced_us, body FROM journal_entry
  WHERE log_id = ? AND idx >= ? ORDER BY idx LIMIT ?)";
constexpr std::string_view kReadEntriesUpTo = R"(
  SELECT idx, leaf, entry_id, request_id, kind, subject, subject_seq, sequenced_us, body FROM journal_entry
  WHERE log_id = ? AND idx >= ? AND idx < ? ORDER BY idx LIMIT ?)";
constexpr std::string_view kReadEntriesOfKinds = R"(
  SELECT idx, leaf, entry_id, request_id, kind, subject, subject_seq, sequenced_us, body FROM journal_entry
  WHERE log_id = ? AND idx >= ? AND idx < ? AND kind IN ()";
constexpr std::string_view kReadEntriesOfSubject = R"(
  SELECT idx, leaf, entry_id, request_id, kind, subject, subject_seq, sequenced_us, body FROM journal_entry
  WHERE log_id = ? AND subject = ? AND subject_seq > ? AND idx >= ? ORDER BY subject_seq LIMIT ?)";
constexpr std::string_view kReadEntriesOfRequest = R"(
  SELECT idx, leaf, entry_id, request_id, kind, subject, subject_seq, sequenced_us, body FROM journal_entry
  WHERE log_id = ? AND request_id = ? ORDER BY idx)";

constexpr std::string_view kReadLeaves =
    "SELECT leaf FROM journal_entry WHERE log_id = ? AND idx >= ? AND idx < ? ORDER BY idx";
constexpr std::string_view kReadNodes =
    "SELECT hash FROM journal_node WHERE log_id = ? AND level = ? AND idx >= ? AND idx < ? ORDER BY idx";
constexpr std::string_view kInsertNode =
    "INSERT INTO journal_node (log_id, level, idx, hash) VALUES (?, ?, ?, ?)";

constexpr std::string_view kInsertCheckpoint =
    "INSERT INTO journal_checkpoint (log_id, size, root, signed_us, note) VALUES (?, ?, ?, ?, ?)";
constexpr std::string_view kReadNewestCheckpoint =
    "SELECT size, root, signed_us, note FROM journal_checkpoint WHERE log_id = ? ORDER BY size DESC LIMIT 1";
constexpr std::string_view kReadCheckpointUpTo =
    "SELECT size, root, signed_us, note FROM journal_checkpoint WHERE log_id = ? AND size <= ? ORDER BY size "
    "DESC LIMIT 1";

// Statements with lists come in these sizes only, so that few stay prepared.
constexpr std::array<size_t, 9> kListSizes = {256, 128, 64, 32, 16, 8, 4, 2, 1};

size_t ListSizeFor(size_t left) {
  for (const size_t size : kListSizes) {
    if (size <= left) return size;
  }
  return 1;
}

// The smallest size with room for `count`, at most the largest.
size_t RoundUp(size_t count) {
  const auto size =
      std::find_if(kListSizes.rbegin(), kListSizes.rend(), [&](size_t one) { return one >= count; });
  return size == kListSizes.rend() ? kListSizes.front() : *size;
}

Head HeadOf(const db::Row& row) {
  return {.origin = row.Text(0),
          .demo = row.Bool(1),
          .size = static_cast<uint64_t>(row.Int(2)),
          .epoch = static_cast<uint64_t>(row.Int(3)),
          .lease_owner = row.Id(4),
          .lease_until_us = row.Int(5),
          .last_sequenced_us = row.Int(6),
          .frontier = row.Text(7),
          .database_now_us = row.Int(8)};
}

StagedEntry StagedOf(const db::Row& row) {
  StagedEntry staged{.id = static_cast<uint64_t>(row.Int(0)),
                     .entry_id = row.Id(1),
                     .request_id = row.OptText(2).value_or(""),
                     .subject = row.Id(3),
                     .subject_seq = static_cast<uint64_t>(row.Int(4)),
                     .body = row.Text(5)};
  v1::Entry entry;
  staged.well_formed = entry.ParseFromString(staged.body) && entry.subject() == staged.subject.Bytes() &&
                       entry.subject_seq() == staged.subject_seq &&
                       entry.entry_id() == staged.entry_id.Bytes();
  staged.kind = entry.kind();
  staged.subject_prev = entry.subject_prev();
  staged.leaf = LeafHash(staged.body);
  return staged;
}

StoredEntry EntryOf(const db::Row& row) {
  return {.index = static_cast<uint64_t>(row.Int(0)),
          .leaf = row.Text(1),
          .entry_id = row.Id(2),
          .request_id = row.OptText(3).value_or(""),
          .kind = row.Text(4),
          .subject = row.Id(5),
          .subject_seq = static_cast<uint64_t>(row.Int(6)),
          .sequenced = row.Time(7),
          .body = row.Text(8)};
}

StoredCheckpoint CheckpointOf(const db::Row& row) {
  return {.size = static_cast<uint64_t>(row.Int(0)),
          .root = row.Text(1),
          .signed_time = row.Time(2),
          .note = row.Text(3)};
}

db::Value Nullable(const std::string& bytes) { return bytes.empty() ? db::Value(nullptr) : db::Value(bytes); }

}  // namespace

absl::StatusOr<std::optional<Head>> ReadHead(db::Transaction& tx) {
  return tx.QueryOne(kReadHead, HeadOf, kLogId);
}

absl::StatusOr<std::optional<Head>> LockHead(db::Transaction& tx) {
  return tx.QueryOne(kLockHead, HeadOf, kLogId);
}

absl::StatusOr<bool> HasEntries(db::Transaction& tx) {
  GW_ASSIGN_OR_RETURN(const auto first,
                      tx.QueryOne(
                          kHasEntries, [](const db::Row& row) { return row.Int(0); }, kLogId));
  return first.has_value();
}

absl::Status InsertHead(db::Transaction& tx, const std::string& origin, bool demo) {
  return tx.Exec(kInsertHead, kLogId, origin, demo).status();
}

absl::Status TakeLease(db::Transaction& tx, const Head& head, const Uuid& owner, absl::Duration time) {
  GW_ASSIGN_OR_RETURN(const uint64_t taken,
                      tx.Exec(kTakeLease, owner, absl::ToInt64Microseconds(time), kLogId, head.epoch));
  return taken == 1 ? absl::OkStatus() : absl::AbortedError("another sequencer took the lease");
}

absl::StatusOr<bool> RenewLease(db::Transaction& tx, uint64_t epoch, const Uuid& owner, absl::Duration time) {
  GW_ASSIGN_OR_RETURN(const uint64_t renewed,
                      tx.Exec(kRenewLease, absl::ToInt64Microseconds(time), kLogId, epoch, owner));
  return renewed == 1;
}

absl::Status GiveUpLease(db::Transaction& tx, uint64_t epoch, const Uuid& owner) {
  return tx.Exec(kGiveUpLease, kLogId, epoch, owner).status();
}

absl::Status MoveHead(db::Transaction& tx, const Head& before, uint64_t size, int64_t sequenced_us,
                      const std::string& frontier, const Uuid& owner, absl::Duration lease) {
  GW_ASSIGN_OR_RETURN(const uint64_t moved,
                      tx.Exec(kMoveHead, size, sequenced_us, frontier, absl::ToInt64Microseconds(lease),
                              kLogId, before.size, before.epoch, owner));
  return moved == 1 ? absl::OkStatus() : absl::AbortedError("another sequencer moved the head");
}

absl::StatusOr<bool> AnythingStaged(db::Transaction& tx) {
  GW_ASSIGN_OR_RETURN(const auto first,
                      tx.QueryOne(kAnythingStaged, [](const db::Row& row) { return row.Int(0); }));
  return first.has_value();
}

absl::StatusOr<uint64_t> CountStaged(db::Transaction& tx) {
  GW_ASSIGN_OR_RETURN(const auto count,
                      tx.QueryOne(kCountStaged, [](const db::Row& row) { return row.Int(0); }));
  return static_cast<uint64_t>(count.value_or(0));
}

absl::StatusOr<uint64_t> CountStagedUpTo(db::Transaction& tx, uint64_t most) {
  GW_ASSIGN_OR_RETURN(const auto count,
                      tx.QueryOne(
                          kCountStagedUpTo, [](const db::Row& row) { return row.Int(0); }, most));
  return static_cast<uint64_t>(count.value_or(0));
}

absl::StatusOr<std::optional<std::string>> ReadOldestStaged(db::Transaction& tx) {
  return tx.QueryOne(kReadOldestStaged, [](const db::Row& row) { return row.Text(0); });
}

absl::StatusOr<std::vector<StagedEntry>> LockStaged(db::Transaction& tx, uint64_t after_id, int limit) {
  return tx.Query(kLockStaged, StagedOf, after_id, limit);
}

absl::StatusOr<std::vector<StagedEntry>> ReadStagedOfRequest(db::Transaction& tx, const Uuid& request_id) {
  return tx.Query(kReadStagedOfRequest, StagedOf, request_id);
}

absl::Status DeleteStaged(db::Transaction& tx, const std::vector<uint64_t>& ids) {
  for (size_t first = 0; first < ids.size();) {
    const size_t count = std::min(ids.size() - first, kListSizes.front());
    // Filled up with the last id to one of the sizes.
    const size_t places = RoundUp(count);
    const std::string sql =
        "DELETE FROM journal_stage WHERE id IN (" + db::InList(static_cast<int>(places)) + ")";
    std::vector<db::Value> values(ids.begin() + first, ids.begin() + first + count);
    values.insert(values.end(), places - count, db::Value(ids[first + count - 1]));
    GW_ASSIGN_OR_RETURN(const uint64_t deleted, tx.ExecValues(sql, values));
    if (deleted != count) return Internal("a staged row was gone although it was locked");
    first += count;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<ChainEnd>> ReadChainEnds(db::Transaction& tx, const std::vector<Uuid>& subjects) {
  std::vector<ChainEnd> ends;
  for (size_t first = 0; first < subjects.size();) {
    const size_t count = std::min(subjects.size() - first, kListSizes.front());
    // Filled up with the last subject to one of the sizes.
    const size_t places = RoundUp(count);
    const std::string sql =
        "SELECT e.subject, e.subject_seq, e.leaf FROM journal_entry e JOIN ("
        "SELECT subject, MAX(subject_seq) AS last_seq FROM journal_entry WHERE log_id = ? AND subject IN (" +
        db::InList(static_cast<int>(places)) +
        ") GROUP BY subject) x ON e.log_id = ? AND e.subject = x.subject AND e.subject_seq = x.last_seq";
    std::vector<db::Value> values;
    values.reserve(places + 2);
    values.emplace_back(kLogId);
    values.insert(values.end(), subjects.begin() + first, subjects.begin() + first + count);
    values.insert(values.end(), places - count, db::Value(subjects[first + count - 1]));
    values.emplace_back(kLogId);
    GW_RETURN_IF_ERROR(tx.QueryValues(sql, values, [&](const db::Row& row) {
      ends.push_back({row.Id(0), static_cast<uint64_t>(row.Int(1)), row.Text(2)});
    }));
    first += count;
  }
  return ends;
}

absl::Status InsertEntries(db::Transaction& tx, const std::vector<StoredEntry>& entries) {
  constexpr int kColumns = 10;
  for (size_t first = 0; first < entries.size();) {
    const size_t count = ListSizeFor(entries.size() - first);
    const std::string sql =
        "INSERT INTO journal_entry (log_id, idx, leaf, entry_id, request_id, kind, subject, subject_seq, "
        "sequenced_us, body) "
        "VALUES " +
        db::RepeatedRows(kColumns, static_cast<int>(count));
    std::vector<db::Value> values;
    values.reserve(count * kColumns);
    for (const StoredEntry& entry : std::span(entries).subspan(first, count)) {
      values.insert(values.end(),
                    {kLogId, entry.index, entry.leaf, entry.entry_id, Nullable(entry.request_id), entry.kind,
                     entry.subject, entry.subject_seq, entry.sequenced, entry.body});
    }
    GW_RETURN_IF_ERROR(tx.ExecValues(sql, values).status());
    first += count;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<StoredEntry>> ReadEntries(db::Transaction& tx, uint64_t first, int limit) {
  return tx.Query(kReadEntries, EntryOf, kLogId, first, limit);
}

absl::StatusOr<std::vector<StoredEntry>> ReadFeedEntries(db::Transaction& tx, uint64_t first, uint64_t end,
                                                         const std::vector<std::string>& kinds, int limit) {
  if (kinds.empty()) return tx.Query(kReadEntriesUpTo, EntryOf, kLogId, first, end, limit);
  const std::string sql = std::string(kReadEntriesOfKinds) + db::InList(static_cast<int>(kinds.size())) +
                          ") ORDER BY idx LIMIT ?";
  std::vector<db::Value> values = {kLogId, first, end};
  values.insert(values.end(), kinds.begin(), kinds.end());
  values.emplace_back(limit);
  std::vector<StoredEntry> entries;
  GW_RETURN_IF_ERROR(
      tx.QueryValues(sql, values, [&](const db::Row& row) { entries.push_back(EntryOf(row)); }));
  return entries;
}

absl::StatusOr<std::vector<StoredEntry>> ReadEntriesOfSubject(db::Transaction& tx, const Uuid& subject,
                                                              uint64_t after_seq, uint64_t first, int limit) {
  return tx.Query(kReadEntriesOfSubject, EntryOf, kLogId, subject, after_seq, first, limit);
}

absl::StatusOr<std::vector<StoredEntry>> ReadEntriesOfRequest(db::Transaction& tx, const Uuid& request_id) {
  return tx.Query(kReadEntriesOfRequest, EntryOf, kLogId, request_id);
}

absl::Status InsertNodes(db::Transaction& tx, const std::vector<domain::merkle::TileRoot>& nodes) {
  for (const domain::merkle::TileRoot& node : nodes) {
    GW_RETURN_IF_ERROR(tx.Exec(kInsertNode, kLogId, node.level, node.index, node.hash).status());
  }
  return absl::OkStatus();
}

domain::merkle::ReadHashes HashesIn(db::Transaction& tx) {
  return [&tx](int level, uint64_t first, uint64_t count) -> absl::StatusOr<std::vector<std::string>> {
    const auto text = [](const db::Row& row) { return row.Text(0); };
    if (level == 0) return tx.Query(kReadLeaves, text, kLogId, first, first + count);
    return tx.Query(kReadNodes, text, kLogId, level, first, first + count);
  };
}

absl::Status InsertCheckpoint(db::Transaction& tx, const StoredCheckpoint& checkpoint) {
  return tx
      .Exec(kInsertCheckpoint, kLogId, checkpoint.size, checkpoint.root, checkpoint.signed_time,
            checkpoint.note)
      .status();
}

absl::StatusOr<std::optional<StoredCheckpoint>> ReadNewestCheckpoint(db::Transaction& tx) {
  return tx.QueryOne(kReadNewestCheckpoint, CheckpointOf, kLogId);
}

absl::StatusOr<std::optional<StoredCheckpoint>> ReadCheckpointUpTo(db::Transaction& tx, uint64_t size) {
  return tx.QueryOne(kReadCheckpointUpTo, CheckpointOf, kLogId, size);
}

}  // namespace gridwarden::journal
