#include "report/rollup_repository.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "access/standing.h"

namespace gridwarden::report {
namespace {

using domain::Fact;

// The columns of a fact, the same in report_fact and report_version.
#define GW_FACT_COLUMNS                                                                                \
  "subject, idx, kind, division, ground_path, category, state, case_no, event_us, file_us, close_us, " \
  "due_us, total_due_us, "                                                                             \
  "rework, closed_on_time, forced, held"
constexpr int kFactColumns = 17;

Fact FactOfRow(const db::Row& row) {
  Fact fact;
  fact.subject = row.Id(0);
  fact.index = static_cast<uint64_t>(row.Int(1));
  fact.kind = static_cast<domain::FactKind>(row.Int(2));
  fact.division = row.Id(3);
  fact.path = row.Text(4);
  fact.category = row.Text(5);
  fact.state = static_cast<int>(row.Int(6));
  fact.case_no = row.Text(7);
  fact.event_us = row.OptInt(8);
  fact.file_us = row.OptInt(9);
  fact.close_us = row.OptInt(10);
  fact.due_us = row.OptInt(11);
  fact.total_due_us = row.OptInt(12);
  fact.rework = static_cast<int>(row.Int(13));
  fact.closed_on_time = row.Bool(14);
  fact.forced = row.Bool(15);
  fact.held = static_cast<domain::FactHeld>(row.Int(16));
  return fact;
}

void BindFact(const Fact& fact, std::vector<db::Value>& values) {
  values.emplace_back(fact.subject.Bytes());
  values.emplace_back(fact.index);
  values.emplace_back(static_cast<int>(fact.kind));
  values.emplace_back(fact.division.Bytes());
  values.emplace_back(fact.path);
  values.emplace_back(fact.category);
  values.emplace_back(fact.state);
  values.emplace_back(fact.case_no);
  values.emplace_back(fact.event_us);
  values.emplace_back(fact.file_us);
  values.emplace_back(fact.close_us);
  values.emplace_back(fact.due_us);
  values.emplace_back(fact.total_due_us);
  values.emplace_back(fact.rework);
  values.emplace_back(fact.closed_on_time);
  values.emplace_back(fact.forced);
  values.emplace_back(static_cast<int>(fact.held));
}

// Few sizes, so that the statement cache stays small.
constexpr int kChunks[] = {256, 64, 16, 4, 1};

int ChunkFor(size_t left) {
  for (int chunk : kChunks) {
    if (static_cast<size_t>(chunk) <= left) return chunk;
  }
  return 1;
}

// Runs "head (?,?),(?,?) tail" over rows of `columns` values each.
absl::Status ExecRows(db::Transaction& tx, std::string_view head, int columns, std::string_view tail,
                      const std::vector<db::Value>& values) {
  const size_t rows = values.size() / columns;
  for (size_t at = 0; at < rows;) {
    const int chunk = ChunkFor(rows - at);
    const std::string sql = std::string(head) + db::RepeatedRows(columns, chunk) + std::string(tail);
    const auto changed =
        tx.ExecValues(sql, std::span(values).subspan(at * columns, static_cast<size_t>(chunk) * columns));
    if (!changed.ok()) return changed.status();
    at += chunk;
  }
  return absl::OkStatus();
}

constexpr std::string_view kGenerationColumns =
    "SELECT generation, state, next_index, differences, first_differences, started_us, finished_us FROM "
    "report_generation ";

Generation GenerationOfRow(const db::Row& row) {
  Generation generation;
  generation.generation = row.Int(0);
  generation.state = static_cast<GenerationState>(row.Int(1));
  generation.next_index = static_cast<uint64_t>(row.Int(2));
  generation.differences = row.Int(3);
  if (!row.IsNull(4)) generation.first.ParseFromString(row.Text(4));
  generation.started = row.Time(5);
  generation.finished = row.Time(6);
  return generation;
}

// Reads facts by a statement whose first columns are those of a fact, counting rows.
absl::Status EachFact(db::Transaction& tx, std::string_view sql, const std::vector<db::Value>& values,
                      int64_t& rows_left, const std::function<void(const Fact&)>& each) {
  bool too_many = false;
  GW_RETURN_IF_ERROR(tx.QueryValues(sql, values, [&](const db::Row& row) {
    if (--rows_left < 0) {
      too_many = true;
      return;
    }
    each(FactOfRow(row));
  }));
  if (too_many) return absl::OutOfRangeError("too many changes between");
  return absl::OkStatus();
}

}  // namespace

GroundRange GroundRange::Everything() { return {"", std::string(160, '\xff')}; }

GroundRange GroundRange::Below(std::string_view path) {
  if (path.empty()) return Everything();
  return {std::string(path), access::EndOfSubtree(path)};
}

absl::Status EnsureGeneration(db::Transaction& tx, absl::Time now) {
  constexpr std::string_view kAny = "SELECT generation FROM report_generation LIMIT 1";
  GW_ASSIGN_OR_RETURN(const auto any, tx.QueryOne(kAny, [](const db::Row& row) { return row.Int(0); }));
  if (any) return absl::OkStatus();
  constexpr std::string_view kFirst = R"(
    INSERT IGNORE INTO report_generation (generation, state, next_index, differences, started_us, finished_us)
    VALUES (1, ?, 0, 0, ?, ?))";
  return tx.Exec(kFirst, static_cast<int>(GenerationState::kActive), now, now).status();
}

absl::StatusOr<std::optional<Generation>> ReadGeneration(db::Transaction& tx, GenerationState state) {
  static const std::string kSql =
      absl::StrCat(std::string(kGenerationColumns), "WHERE state = ? ORDER BY generation DESC LIMIT 1");
  return tx.QueryOne(kSql, GenerationOfRow, static_cast<int>(state));
}

absl::StatusOr<std::optional<Generation>> ReadLatestRebuild(db::Transaction& tx) {
  static const std::string kSql =
      absl::StrCat(std::string(kGenerationColumns), "WHERE generation > 1 ORDER BY generation DESC LIMIT 1");
  return tx.QueryOne(kSql, GenerationOfRow);
}

absl::StatusOr<Generation> LockGeneration(db::Transaction& tx, int64_t generation) {
  static const std::string kSql =
      absl::StrCat(std::string(kGenerationColumns), "WHERE generation = ? FOR UPDATE");
  GW_ASSIGN_OR_RETURN(auto found, tx.QueryOne(kSql, GenerationOfRow, generation));
  if (!found) return NotFound(absl::StrCat("generations/", generation));
  return *std::move(found);
}

absl::StatusOr<Generation> StartGeneration(db::Transaction& tx, absl::Time now) {
  constexpr std::string_view kNewest =
      "SELECT generation FROM report_generation ORDER BY generation DESC LIMIT 1 FOR UPDATE";
  GW_ASSIGN_OR_RETURN(const auto newest, tx.QueryOne(kNewest, [](const db::Row& row) { return row.Int(0); }));
  Generation generation;
  generation.generation = std::max<int64_t>(newest.value_or(0) + 1, 2);
  generation.started = now;
  constexpr std::string_view kInsert = R"(
    INSERT INTO report_generation (generation, state, next_index, differences, started_us) VALUES (?, ?, 0, 0, ?))";
  GW_RETURN_IF_ERROR(tx.Exec(kInsert, generation.generation, static_cast<int>(GenerationState::kBuilding),
                             generation.started)
                         .status());
  return generation;
}

absl::Status SaveCursor(db::Transaction& tx, int64_t generation, uint64_t next_index) {
  constexpr std::string_view kSql = "UPDATE report_generation SET next_index = ? WHERE generation = ?";
  return tx.Exec(kSql, next_index, generation).status();
}

absl::Status SaveGeneration(db::Transaction& tx, const Generation& generation) {
  constexpr std::string_view kSql = R"(
    UPDATE report_generation SET state = ?, differences = ?, first_differences = ?, finished_us = ? WHERE generation = ?)";
  return tx
      .Exec(kSql, static_cast<int>(generation.state), generation.differences,
            generation.first.SerializeAsString(), generation.finished, generation.generation)
      .status();
}

absl::StatusOr<absl::flat_hash_map<Uuid, Fact>> ReadFacts(db::Transaction& tx, int64_t generation,
                                                          std::span<const Uuid> subjects) {
  absl::flat_hash_map<Uuid, Fact> facts;
  for (size_t at = 0; at < subjects.size();) {
    const int chunk = ChunkFor(subjects.size() - at);
    const std::string sql = "SELECT " GW_FACT_COLUMNS
                            " FROM report_fact WHERE generation = ? AND subject IN (" +
                            db::InList(chunk) + ")";
    std::vector<db::Value> values{generation};
    for (int i = 0; i < chunk; ++i) values.emplace_back(subjects[at + i].Bytes());
    GW_RETURN_IF_ERROR(tx.QueryValues(sql, values, [&](const db::Row& row) {
      Fact fact = FactOfRow(row);
      const Uuid subject = fact.subject;
      facts.insert_or_assign(subject, std::move(fact));
    }));
    at += chunk;
  }
  return facts;
}

absl::Status SaveFacts(db::Transaction& tx, int64_t generation, std::span<const Fact> facts) {
  std::vector<db::Value> values;
  for (const Fact& fact : facts) {
    values.emplace_back(generation);
    BindFact(fact, values);
  }
  return ExecRows(
      tx, "INSERT INTO report_fact (generation, " GW_FACT_COLUMNS ") VALUES ", kFactColumns + 1,
      R"( ON DUPLICATE KEY UPDATE idx = VALUES(idx), division = VALUES(division), ground_path = VALUES(ground_path),
    category = VALUES(category), state = VALUES(state), case_no = VALUES(case_no), event_us = VALUES(event_us),
    file_us = VALUES(file_us), close_us = VALUES(close_us), due_us = VALUES(due_us), total_due_us = VALUES(total_due_us),
    rework = VALUES(rework), closed_on_time = VALUES(closed_on_time), forced = VALUES(forced), held = VALUES(held))",
      values);
}

absl::Status SaveVersions(db::Transaction& tx, int64_t generation, std::span<const Version> versions) {
  std::vector<db::Value> values;
  for (const Version& version : versions) {
    values.emplace_back(generation);
    values.emplace_back(version.next_index);
    BindFact(version.fact, values);
  }
  return ExecRows(tx, "INSERT INTO report_version (generation, next_idx, " GW_FACT_COLUMNS ") VALUES ",
                  kFactColumns + 2, "", values);
}

absl::Status AddToCounters(db::Transaction& tx, int64_t generation, const CounterChanges& changes) {
  std::vector<db::Value> values;
  for (const auto& [key, n] : changes) {
    if (n == 0) continue;
    values.emplace_back(generation);
    values.emplace_back(std::get<0>(key));
    values.emplace_back(std::get<1>(key));
    values.emplace_back(std::get<2>(key));
    values.emplace_back(n);
  }
  return ExecRows(tx, "INSERT INTO report_counter (generation, ground_path, category, count_kind, n) VALUES ",
                  5, " ON DUPLICATE KEY UPDATE n = n + VALUES(n)", values);
}

absl::StatusOr<domain::Rollup> LoadRollup(db::Transaction& tx, int64_t generation) {
  domain::Rollup rollup;
  constexpr std::string_view kCounters =
      "SELECT ground_path, category, count_kind, n FROM report_counter WHERE generation = ?";
  const std::vector<db::Value> values{generation};
  GW_RETURN_IF_ERROR(tx.QueryValues(kCounters, values, [&](const db::Row& row) {
    rollup.AddCount(row.Text(0), row.Text(1), static_cast<int>(row.Int(2)), row.Int(3));
  }));
  constexpr std::string_view kDue =
      "SELECT ground_path, category, due_us FROM report_fact WHERE generation = ? AND due_us IS NOT NULL";
  GW_RETURN_IF_ERROR(tx.QueryValues(
      kDue, values, [&](const db::Row& row) { rollup.AddDue(row.Text(0), row.Text(1), row.Int(2), 1); }));
  return rollup;
}

absl::Status ReadDifference(db::Transaction& tx, int64_t generation, uint64_t from, const GroundRange& range,
                            int64_t rows_max, const EachDifference& each) {
  constexpr std::string_view kNow = "SELECT " GW_FACT_COLUMNS
                                    " FROM report_fact FORCE INDEX (fact_idx) WHERE generation = ? AND idx "
                                    ">= ? AND ground_path >= ? AND ground_path < ? LIMIT ?";
  constexpr std::string_view kThen = "SELECT " GW_FACT_COLUMNS
                                     " FROM report_version FORCE INDEX (PRIMARY) WHERE generation = ? AND "
                                     "next_idx >= ? AND idx < ? AND ground_path >= ?"
                                     " AND ground_path < ? LIMIT ?";
  int64_t left = rows_max;
  GW_RETURN_IF_ERROR(EachFact(tx, kNow, {generation, from, range.lower, range.upper, left + 1}, left,
                              [&](const Fact& fact) { each(fact, 1); }));
  return EachFact(tx, kThen, {generation, from, from, range.lower, range.upper, left + 1}, left,
                  [&](const Fact& fact) { each(fact, -1); });
}

absl::Status ReadFactsAt(db::Transaction& tx, int64_t generation, uint64_t index, const GroundRange& range,
                         int64_t rows_max, const EachDifference& each) {
  constexpr std::string_view kNow = "SELECT " GW_FACT_COLUMNS
                                    " FROM report_fact FORCE INDEX (fact_idx) WHERE generation = ? AND idx < "
                                    "? AND ground_path >= ? AND ground_path < ? LIMIT ?";
  constexpr std::string_view kThen = "SELECT " GW_FACT_COLUMNS
                                     " FROM report_version FORCE INDEX (version_idx) WHERE generation = ? "
                                     "AND idx < ? AND next_idx >= ? AND ground_path >= ?"
                                     " AND ground_path < ? LIMIT ?";
  int64_t left = rows_max;
  auto in = [&](const Fact& fact) { each(fact, 1); };
  GW_RETURN_IF_ERROR(EachFact(tx, kNow, {generation, index, range.lower, range.upper, left + 1}, left, in));
  return EachFact(tx, kThen, {generation, index, index, range.lower, range.upper, left + 1}, left, in);
}

absl::Status ReadAllFacts(db::Transaction& tx, int64_t generation, const GroundRange& range,
                          const std::function<void(const Fact&)>& each) {
  constexpr std::string_view kSql =
      "SELECT " GW_FACT_COLUMNS
      " FROM report_fact WHERE generation = ? AND ground_path >= ? AND ground_path < ?";
  const std::vector<db::Value> values{generation, range.lower, range.upper};
  return tx.QueryValues(kSql, values, [&](const db::Row& row) { each(FactOfRow(row)); });
}

absl::StatusOr<std::vector<Fact>> ReadFactPage(db::Transaction& tx, int64_t generation,
                                               const FactPage& page) {
  // The key's own path is the lower end of the range, so the index is entered where the page before ended.
  constexpr std::string_view kSql =
      "SELECT " GW_FACT_COLUMNS
      " FROM report_fact FORCE INDEX (fact_cell) WHERE generation = ? AND kind = ? AND state = ? AND "
      "ground_path >= ?"
      " AND ground_path < ? AND (ground_path > ? OR subject > ?) ORDER BY ground_path, subject LIMIT ?";
  const std::string lower = std::max(page.range.lower, page.after_path);
  return tx.Query(kSql, FactOfRow, generation, static_cast<int>(page.kind), page.state, lower,
                  page.range.upper, page.after_path, page.after_subject, page.limit);
}

absl::StatusOr<uint64_t> EmptyGeneration(db::Transaction& tx, int64_t generation) {
  constexpr std::string_view kStatements[] = {
      "DELETE FROM report_version WHERE generation = ? LIMIT 5000",
      "DELETE FROM report_fact WHERE generation = ? LIMIT 5000",
      "DELETE FROM report_counter WHERE generation = ? LIMIT 5000",
  };
  uint64_t deleted = 0;
  for (std::string_view sql : kStatements) {
    GW_ASSIGN_OR_RETURN(const uint64_t rows, tx.Exec(sql, generation));
    deleted += rows;
  }
  return deleted;
}

#undef GW_FACT_COLUMNS

}  // namespace gridwarden::report
