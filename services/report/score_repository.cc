#include "report/score_repository.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "access/standing.h"
#include "base/status.h"

namespace gridwarden::report {
namespace {

using domain::score::Tally;

#define GW_APPEAL_COLUMNS \
  "appeal_id, division, ground_path, case_id, submit_us, value, subject_seq, subject_leaf"

constexpr std::string_view kReadFact = "SELECT fact FROM score_fact WHERE generation = ? AND subject = ?";
constexpr std::string_view kSaveFact =
    "INSERT INTO score_fact (generation, subject, ground_path, fact) VALUES (?, ?, ?, ?)"
    " ON DUPLICATE KEY UPDATE ground_path = VALUES(ground_path), fact = VALUES(fact)";
constexpr std::string_view kListFacts =
    "SELECT subject, fact FROM score_fact FORCE INDEX (score_fact_ground)"
    " WHERE generation = ? AND ground_path >= ? AND ground_path < ?"
    " AND (ground_path > ? OR subject > ?) ORDER BY ground_path, subject LIMIT ?";
constexpr std::string_view kAddToCounter =
    "INSERT INTO score_counter (generation, ground_path, month, term, party, numerator, denominator, "
    "uncertain, adjusted)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON DUPLICATE KEY UPDATE numerator = numerator + VALUES(numerator),"
    " denominator = denominator + VALUES(denominator), uncertain = uncertain + VALUES(uncertain),"
    " adjusted = adjusted + VALUES(adjusted)";
constexpr std::string_view kSum =
    "SELECT LEFT(ground_path, ?), term, party, CAST(SUM(numerator) AS SIGNED), CAST(SUM(denominator) AS "
    "SIGNED), CAST(SUM(uncertain) AS SIGNED), CAST(SUM(adjusted) AS SIGNED)"
    " FROM score_counter WHERE generation = ? AND ground_path >= ? AND ground_path < ?"
    " AND month >= ? AND month <= ? AND (? = '' OR FIND_IN_SET(party, ?))"
    " GROUP BY LEFT(ground_path, ?), term, party ORDER BY NULL";
constexpr std::string_view kReadCursor = "SELECT next_index FROM feed_cursor WHERE consumer = ?";

constexpr std::string_view kReadAppeal = "SELECT " GW_APPEAL_COLUMNS " FROM score_appeal WHERE appeal_id = ?";
constexpr std::string_view kLockAppeal =
    "SELECT " GW_APPEAL_COLUMNS " FROM score_appeal WHERE appeal_id = ? FOR UPDATE";
constexpr std::string_view kInsertAppeal =
    "INSERT INTO score_appeal (" GW_APPEAL_COLUMNS ", term, state) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
constexpr std::string_view kSaveAppeal =
    "UPDATE score_appeal SET state = ?, value = ?, subject_seq = ?, subject_leaf = ?"
    " WHERE appeal_id = ? AND subject_seq = ?";
constexpr std::string_view kListAppeals =
    "SELECT " GW_APPEAL_COLUMNS
    " FROM score_appeal WHERE ground_path >= ? AND ground_path < ?"
    " AND (ground_path > ? OR submit_us > ? OR (submit_us = ? AND appeal_id > ?))"
    " AND (? = '' OR FIND_IN_SET(state, ?)) ORDER BY ground_path, submit_us, appeal_id LIMIT ?";

v1::ScoreFact FactFrom(const std::string& bytes) {
  v1::ScoreFact fact;
  fact.ParseFromString(bytes);
  return fact;
}

AppealRow AppealFromRow(const db::Row& row) {
  AppealRow appeal;
  appeal.id = row.Id(0);
  appeal.division = row.Id(1);
  appeal.ground_path = row.Text(2);
  appeal.subject = row.Id(3);
  appeal.submit_us = row.Int(4);
  appeal.value.ParseFromString(row.Text(5));
  appeal.chain = {.id = appeal.id, .seq = static_cast<uint64_t>(row.Int(6)), .leaf = row.Text(7)};
  appeal.value.set_etag(absl::StrCat(appeal.chain.seq));
  return appeal;
}

absl::StatusOr<AppealRow> OrNotFound(absl::StatusOr<std::optional<AppealRow>> found, const Uuid& id) {
  if (!found.ok()) return found.status();
  if (!*found) return NotFound(ResourceName("scoreAppeals", id));
  return **std::move(found);
}

}  // namespace

absl::StatusOr<std::optional<v1::ScoreFact>> ReadScoreFact(db::Transaction& tx, int64_t generation,
                                                           const Uuid& subject) {
  return tx.QueryOne(
      kReadFact, [](const db::Row& row) { return FactFrom(row.Text(0)); }, generation, subject);
}

absl::Status SaveScoreFact(db::Transaction& tx, int64_t generation, const Uuid& subject,
                           const v1::ScoreFact& fact) {
  return tx.Exec(kSaveFact, generation, subject, fact.ground_path(), fact.SerializeAsString()).status();
}

absl::StatusOr<std::vector<ScoreFactRow>> ListScoreFacts(db::Transaction& tx, int64_t generation,
                                                         std::string_view ground, std::string_view after_path,
                                                         const Uuid& after_subject, int limit) {
  const std::string from = std::max(std::string(ground), std::string(after_path));
  return tx.Query(
      kListFacts,
      [](const db::Row& row) {
        return ScoreFactRow{row.Id(0), FactFrom(row.Text(1))};
      },
      generation, from, access::EndOfSubtree(ground), after_path, after_subject.Bytes(), limit);
}

absl::Status AddToScores(db::Transaction& tx, int64_t generation, const ScoreChanges& changes) {
  for (const auto& [cell, tally] : changes) {
    if (tally.IsZero()) continue;
    GW_RETURN_IF_ERROR(tx.Exec(kAddToCounter, generation, cell.ground_path, cell.month, cell.term, cell.party,
                               tally.numerator, tally.denominator, tally.uncertain, tally.adjusted)
                           .status());
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<ScoreSum>> SumScores(db::Transaction& tx, int64_t generation,
                                                const ScoreSpan& span) {
  return tx.Query(
      kSum,
      [](const db::Row& row) {
        return ScoreSum{row.Text(0), row.Text(1), row.Text(2),
                        Tally{row.Int(3), row.Int(4), row.Int(5), row.Int(6)}};
      },
      span.path_size, generation, span.ground, access::EndOfSubtree(span.ground), span.first_month,
      span.last_month, span.parties, span.parties, span.path_size);
}

absl::StatusOr<int64_t> ReadScoreCursor(db::Transaction& tx, std::string_view consumer) {
  GW_ASSIGN_OR_RETURN(const std::optional<int64_t> next,
                      tx.QueryOne(
                          kReadCursor, [](const db::Row& row) { return row.Int(0); }, consumer));
  return next.value_or(0);
}

absl::StatusOr<AppealRow> ReadAppeal(db::Transaction& tx, const Uuid& id) {
  return OrNotFound(tx.QueryOne(kReadAppeal, AppealFromRow, id), id);
}

absl::StatusOr<AppealRow> LockAppeal(db::Transaction& tx, const Uuid& id) {
  return OrNotFound(tx.QueryOne(kLockAppeal, AppealFromRow, id), id);
}

absl::Status InsertAppeal(db::Transaction& tx, const AppealRow& appeal) {
  const absl::Status inserted =
      tx.Exec(kInsertAppeal, appeal.id, appeal.division, appeal.ground_path, appeal.subject, appeal.submit_us,
              appeal.value.SerializeAsString(), appeal.chain.seq, appeal.chain.leaf, appeal.value.term(),
              static_cast<int>(appeal.value.state()))
          .status();
  if (!db::IsDuplicateKey(inserted)) return inserted;
  return AlreadyExists(absl::StrCat(appeal.value.case_(), " ", appeal.value.term()));
}

absl::Status SaveAppeal(db::Transaction& tx, const AppealRow& appeal) {
  GW_ASSIGN_OR_RETURN(const uint64_t changed, tx.Exec(kSaveAppeal, static_cast<int>(appeal.value.state()),
                                                      appeal.value.SerializeAsString(), appeal.chain.seq,
                                                      appeal.chain.leaf, appeal.id, appeal.chain.seq - 1));
  if (changed != 1) return EtagMismatch(appeal.value.name());
  return absl::OkStatus();
}

absl::StatusOr<std::vector<AppealRow>> ListAppeals(db::Transaction& tx, std::string_view ground,
                                                   std::string_view states, const AppealKey& after,
                                                   int limit) {
  const std::string from = std::max(std::string(ground), after.ground_path);
  return tx.Query(kListAppeals, AppealFromRow, from, access::EndOfSubtree(ground), after.ground_path,
                  after.submit_us, after.submit_us, after.id.Bytes(), states, states, limit);
}

}  // namespace gridwarden::report
