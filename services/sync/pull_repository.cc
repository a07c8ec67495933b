#include "sync/pull_repository.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "access/standing.h"
#include "base/status.h"
#include "platform/crypto/digest.h"
#include "sync/change_fold.h"

namespace gridwarden::sync {
namespace {

// What a row of the answer is.
enum Tag { kLog, kChanged, kOpenNow, kClosedNow, kEnded, kArchived };

#define GW_HELD_COLUMNS                                                                   \
  "record_id, holder, is_ground, kind, revision, last_idx, to_idx IS NOT NULL, is_open, " \
  "COALESCE(closed_us, 0)"

constexpr std::string_view kLogRow = R"((SELECT 0, NULL, CAST(COALESCE(h.origin, '') AS BINARY), 0, 0, 0,
    COALESCE(f.next_index, 0), 0, 0, 0
  FROM (SELECT 1 AS one) one LEFT JOIN journal_head h ON h.log_id = 1
    LEFT JOIN feed_cursor f ON f.consumer = 'sync.changes'))";

// 1, 2, 4, 8 ...: lists are padded, so that the statement cache stays small.
size_t RoundUp(size_t count) {
  size_t size = 1;
  while (size < count) size *= 2;
  return size;
}

std::string In(std::string_view column, size_t count) {
  if (count == 0) return " AND 1 = 0";
  return absl::StrCat(" AND ", std::string(column), " IN (", db::InList(static_cast<int>(RoundUp(count))),
                      ")");
}

void BindIn(const std::vector<Uuid>& ids, std::vector<db::Value>& values) {
  if (ids.empty()) return;
  const size_t count = RoundUp(ids.size());
  for (size_t i = 0; i < count; ++i) values.emplace_back(ids[std::min(i, ids.size() - 1)]);
}

// "(ground_path in one of the grounds)"; false when there are none.
std::string Within(size_t grounds) {
  if (grounds == 0) return "(1 = 0)";
  std::string clause = "(";
  for (size_t i = 0; i < RoundUp(grounds); ++i)
    absl::StrAppend(&clause, i == 0 ? "" : " OR ", "(ground_path >= ? AND ground_path < ?)");
  return clause + ")";
}

void BindWithin(const std::vector<std::string>& grounds, std::vector<db::Value>& values) {
  if (grounds.empty()) return;
  const size_t count = RoundUp(grounds.size());
  for (size_t i = 0; i < count; ++i) {
    const std::string& key = grounds[std::min(i, grounds.size() - 1)];
    values.emplace_back(key);
    values.emplace_back(access::EndOfSubtree(key));
  }
}

// One statement under construction: its text and what is bound to it.
struct Statement {
  std::string sql;
  std::vector<db::Value> values;

  template <typename... Args>
  void Add(std::string_view text, const Args&... args) {
    sql += text;
    (values.emplace_back(args), ...);
  }
  // "FROM sync_interest ... WHERE holder IN (...)", of the scope's own ground and of all that is assigned.
  void AddHeld(const Scope& scope, std::string_view key) {
    const std::vector<Uuid> holders = scope.Holders();
    absl::StrAppend(&sql, " FROM sync_interest FORCE INDEX (", std::string(key), ") WHERE 1 = 1",
                    In("holder", holders.size()), " AND (is_ground = 0 OR ", Within(scope.grounds.size()),
                    ")");
    BindIn(holders, values);
    BindWithin(scope.grounds, values);
  }
  void AddBranch(Tag tag) {
    absl::StrAppend(&sql, " UNION ALL (SELECT ", static_cast<int>(tag), ", " GW_HELD_COLUMNS);
  }
};

constexpr std::string_view kOpenCutoff =
    " AND last_idx >= CASE WHEN is_ground = 0 THEN ? WHEN kind = 4 THEN ? ELSE ? END";

void AddFirstFetch(const Scope& scope, const Cursor& cursor, int64_t horizon_us, int limit,
                   Statement& statement) {
  statement.AddBranch(kOpenNow);
  statement.AddHeld(scope, "sync_open");
  statement.Add(" AND is_open = 1 AND last_idx >= ? AND to_idx IS NULL", cursor.next);
  statement.Add(kOpenCutoff, cursor.cutoffs[kAssigned], cursor.cutoffs[kOpenSource],
                cursor.cutoffs[kOpenWork]);
  statement.Add(" ORDER BY last_idx LIMIT ?)", limit);
  statement.AddBranch(kClosedNow);
  statement.AddHeld(scope, "sync_closed");
  statement.Add(
      " AND closed_us > ? AND last_idx >= ? AND last_idx >= ? AND to_idx IS NULL ORDER BY last_idx LIMIT ?)",
      horizon_us, cursor.next, cursor.cutoffs[kClosed], limit);
  // What went away while the phone was fetching.
  statement.AddBranch(kEnded);
  statement.AddHeld(scope, "sync_changed");
  statement.Add(" AND last_idx >= ? AND to_idx IS NOT NULL ORDER BY last_idx LIMIT ?)",
                std::max(cursor.next, cursor.base), limit);
}

void AddLaterFetch(const Scope& scope, const Cursor& cursor, int64_t horizon_us, int limit,
                   Statement& statement) {
  statement.AddBranch(kChanged);
  statement.AddHeld(scope, "sync_changed");
  statement.Add(" AND last_idx >= ? ORDER BY last_idx LIMIT ?)", cursor.next, limit);
  statement.AddBranch(kArchived);
  statement.AddHeld(scope, "sync_closed");
  statement.Add(" AND closed_us > ? AND closed_us <= ? AND to_idx IS NULL ORDER BY closed_us LIMIT ?)",
                cursor.closed_us, horizon_us, kArchivedMax);
}

HeldRow HeldOf(const db::Row& row) {
  HeldRow held;
  held.id = row.Id(1);
  held.holder = row.Id(2);
  held.is_ground = row.Bool(3);
  held.kind = static_cast<v1::Record::Kind>(row.Int(4));
  held.revision = row.Int(5);
  held.last = static_cast<uint64_t>(row.Int(6));
  held.ended = row.Bool(7);
  held.open = row.Bool(8);
  held.closed_us = row.Int(9);
  return held;
}

// Modulo 2^64 of a sum of signed numbers, as the database writes it.
uint64_t LowBits(std::string_view decimal) {
  const bool negative = decimal.starts_with('-');
  unsigned __int128 number = 0;
  for (const char c : decimal) {
    if (c == '.') break;
    if (c >= '0' && c <= '9') number = number * 10 + static_cast<unsigned>(c - '0');
  }
  const auto low = static_cast<uint64_t>(number);
  return negative ? ~low + 1 : low;
}

}  // namespace

absl::StatusOr<Changes> ReadChanges(db::Transaction& tx, const Scope& scope, const Cursor& cursor,
                                    int64_t horizon_us, int limit) {
  const int rows_max = limit + kRowsBeside;
  Statement statement;
  statement.sql = kLogRow;
  if (cursor.first)
    AddFirstFetch(scope, cursor, horizon_us, rows_max, statement);
  else
    AddLaterFetch(scope, cursor, horizon_us, rows_max, statement);
  Changes changes;
  int of_tag[kArchived + 1] = {};
  GW_RETURN_IF_ERROR(tx.QueryValues(statement.sql, statement.values, [&](const db::Row& row) {
    const auto tag = static_cast<Tag>(row.Int(0));
    if (tag == kLog) {
      changes.log = crypto::Sha256(row.Text(2)).substr(0, 8);
      changes.next_index = static_cast<uint64_t>(row.Int(6));
      return;
    }
    HeldRow held = HeldOf(row);
    ++of_tag[tag];
    if (tag == kArchived) {
      changes.archived.push_back(std::move(held));
      return;
    }
    // A branch that is full may have more rows of its last index, and of those after it.
    if (of_tag[tag] == rows_max && (!changes.cut || held.last < *changes.cut)) changes.cut = held.last;
    changes.rows.push_back(std::move(held));
  }));
  changes.archived_cut = of_tag[kArchived] == kArchivedMax;
  if (changes.cut) std::erase_if(changes.rows, [&](const HeldRow& row) { return row.last >= *changes.cut; });
  std::stable_sort(changes.rows.begin(), changes.rows.end(),
                   [](const HeldRow& a, const HeldRow& b) { return a.last < b.last; });
  return changes;
}

absl::StatusOr<std::vector<HeldRow>> ReadHeld(db::Transaction& tx, const Scope& scope,
                                              const std::vector<Uuid>& records) {
  std::vector<HeldRow> rows;
  if (records.empty()) return rows;
  Statement statement;
  statement.sql = absl::StrCat("SELECT ", static_cast<int>(kChanged), ", " GW_HELD_COLUMNS);
  statement.AddHeld(scope, "PRIMARY");
  statement.sql += In("record_id", records.size());
  BindIn(records, statement.values);
  statement.Add(" AND to_idx IS NULL ORDER BY record_id");
  GW_RETURN_IF_ERROR(tx.QueryValues(statement.sql, statement.values,
                                    [&](const db::Row& row) { rows.push_back(HeldOf(row)); }));
  return rows;
}

absl::StatusOr<DigestSum> SumOpen(db::Transaction& tx, const Scope& scope, const Cursor& cursor) {
  const auto not_withheld = [&](Statement& statement) {
    if (cursor.withheld.empty()) return;
    statement.Add(" AND NOT (1 = 1");
    statement.sql += In("record_id", cursor.withheld.size()) + ")";
    BindIn(cursor.withheld, statement.values);
  };
  constexpr std::string_view kGroundCutoff = "last_idx >= CASE WHEN kind = 4 THEN ? ELSE ? END";
  Statement statement;
  statement.sql =
      "(SELECT NULL, COUNT(*), SUM(digest) FROM sync_interest FORCE INDEX (sync_open) WHERE 1 = 1";
  statement.sql += In("holder", scope.areas.size());
  BindIn(scope.areas, statement.values);
  statement.Add(" AND is_open = 1 AND to_idx IS NULL AND is_ground = 1 AND ");
  statement.sql += Within(scope.grounds.size());
  BindWithin(scope.grounds, statement.values);
  statement.Add(" AND ");
  statement.Add(kGroundCutoff, cursor.cutoffs[kOpenSource], cursor.cutoffs[kOpenWork]);
  not_withheld(statement);
  // What is assigned and not on the ground that was counted, each record once.
  statement.Add(
      ") UNION ALL (SELECT record_id, 1, digest FROM sync_interest FORCE INDEX (sync_open) WHERE 1 = 1");
  statement.sql += In("holder", scope.assignees.size());
  BindIn(scope.assignees, statement.values);
  statement.Add(" AND is_open = 1 AND to_idx IS NULL AND is_ground = 0 AND last_idx >= ? AND NOT (",
                cursor.cutoffs[kAssigned]);
  statement.sql += Within(scope.grounds.size());
  BindWithin(scope.grounds, statement.values);
  statement.Add(" AND ");
  statement.Add(kGroundCutoff, cursor.cutoffs[kOpenSource], cursor.cutoffs[kOpenWork]);
  statement.Add(")");
  not_withheld(statement);
  statement.Add(")");

  DigestSum sum;
  std::vector<Uuid> counted;
  GW_RETURN_IF_ERROR(tx.QueryValues(statement.sql, statement.values, [&](const db::Row& row) {
    const Uuid id = row.Id(0);
    if (!id.IsNil()) {
      const auto at = std::lower_bound(counted.begin(), counted.end(), id);
      if (at != counted.end() && *at == id) return;
      counted.insert(at, id);
    }
    sum.count += row.Int(1);
    sum.sum += LowBits(row.OptText(2).value_or("0"));
  }));
  return sum;
}

absl::Status FitScope(db::Transaction& tx, const Scope& scope, int64_t horizon_us, uint64_t next_index,
                      int most, Cursor& cursor) {
  // Ranks as the case expression numbers them: those of Rank.
  const auto add_rows = [&](Statement& statement) {
    const std::vector<Uuid> holders = scope.Holders();
    absl::StrAppend(&statement.sql, " FROM sync_interest WHERE 1 = 1", In("holder", holders.size()));
    BindIn(holders, statement.values);
    statement.Add(" AND to_idx IS NULL AND (is_open = 1 OR closed_us > ?)", horizon_us);
    statement.sql += " AND is_ground = " + Within(scope.grounds.size());  // each record once, as good as
    BindWithin(scope.grounds, statement.values);
  };
  constexpr std::string_view kRank =
      "CASE WHEN is_open = 0 THEN 3 WHEN is_ground = 0 THEN 0 WHEN kind = 4 THEN 2 ELSE 1 END";
  Statement counts;
  counts.sql = absl::StrCat("SELECT ", std::string(kRank), " AS rank_of, COUNT(*)");
  add_rows(counts);
  counts.Add(" GROUP BY rank_of");
  std::array<int64_t, kRanks> count{};
  GW_RETURN_IF_ERROR(
      tx.QueryValues(counts.sql, counts.values, [&](const db::Row& row) { count[row.Int(0)] = row.Int(1); }));
  int64_t room = most;
  cursor.left_out = 0;
  for (int rank = 0; rank < kRanks; ++rank) {
    cursor.cutoffs[rank] = 0;
    if (count[rank] <= room) {
      room -= count[rank];
      continue;
    }
    cursor.left_out += static_cast<int>(count[rank] - room);
    cursor.cutoffs[rank] = static_cast<int64_t>(next_index);
    if (room == 0) continue;
    Statement newest;
    newest.sql = "SELECT last_idx";
    add_rows(newest);
    newest.Add(absl::StrCat(" AND ", std::string(kRank), " = ? ORDER BY last_idx DESC LIMIT ?"), rank, room);
    GW_RETURN_IF_ERROR(tx.QueryValues(newest.sql, newest.values,
                                      [&](const db::Row& row) { cursor.cutoffs[rank] = row.Int(0); }));
    room = 0;
  }
  return absl::OkStatus();
}

}  // namespace gridwarden::sync
