#include "casework/vacancy_repository.h"

#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "casework/ground_filter.h"

#define VACANCY_COLUMNS                                                                              \
  "finding_id, post, division, ground_path, rung_id, subject, first_seen_us, last_seen_us, end_us, " \
  "end_kind, subject_seq, subject_leaf"

namespace gridwarden::casework {
namespace {

constexpr std::string_view kInsert = "INSERT IGNORE INTO vacancy_finding (" VACANCY_COLUMNS
                                     ", open_post) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
constexpr std::string_view kReadOpen =
    "SELECT " VACANCY_COLUMNS " FROM vacancy_finding WHERE open_post > ? ORDER BY open_post LIMIT ?";
constexpr std::string_view kLock =
    "SELECT " VACANCY_COLUMNS " FROM vacancy_finding WHERE finding_id = ? FOR UPDATE";
constexpr std::string_view kEnd = R"(
  UPDATE vacancy_finding SET end_us = ?, end_kind = ?, open_post = NULL, subject_seq = ?, subject_leaf = ?
  WHERE finding_id = ? AND subject_seq = ?)";

Vacancy ReadVacancy(const db::Row& row) {
  Vacancy vacancy;
  int column = 0;
  vacancy.id = row.Id(column++);
  vacancy.post = row.Id(column++);
  vacancy.division = row.Id(column++);
  vacancy.ground_path = row.Text(column++);
  vacancy.rung = row.Id(column++);
  vacancy.subject = row.Text(column++);
  vacancy.first_seen = row.Time(column++);
  vacancy.last_seen = row.Time(column++);
  if (!row.IsNull(column)) vacancy.end = row.Time(column);
  ++column;
  vacancy.end_kind = static_cast<v1::VacancyFinding::End>(row.Int(column++));
  vacancy.chain.id = vacancy.id;
  vacancy.chain.seq = static_cast<uint64_t>(row.Int(column++));
  vacancy.chain.leaf = row.Text(column++);
  return vacancy;
}

}  // namespace

absl::StatusOr<bool> InsertVacancy(db::Transaction& tx, const Vacancy& vacancy) {
  GW_ASSIGN_OR_RETURN(
      const uint64_t inserted,
      tx.Exec(kInsert, vacancy.id, vacancy.post, vacancy.division, vacancy.ground_path, vacancy.rung,
              vacancy.subject, vacancy.first_seen, vacancy.last_seen, vacancy.end,
              static_cast<int>(vacancy.end_kind), vacancy.chain.seq, vacancy.chain.leaf, vacancy.post));
  return inserted == 1;
}

absl::Status TouchVacancies(db::Transaction& tx, const std::vector<Uuid>& posts, absl::Time now) {
  if (posts.empty()) return absl::OkStatus();
  std::vector<db::Value> values{now};
  BindIn(
      posts, [](const Uuid& post) { return post; }, values);
  values.emplace_back(now - absl::Hours(1));
  // Unlocked: a later time of several writers stands, and nothing depends on it.
  const std::string sql = absl::StrCat("UPDATE vacancy_finding SET last_seen_us = ? WHERE open_post IN (",
                                       db::InList(RoundUp(posts.size())), ") AND last_seen_us < ?");
  return tx.ExecValues(sql, values).status();
}

absl::StatusOr<std::vector<Vacancy>> ReadOpenVacancies(db::Transaction& tx, const Uuid& after, int limit) {
  return tx.Query(kReadOpen, ReadVacancy, after.Bytes(), limit);
}

absl::StatusOr<std::optional<Vacancy>> LockVacancy(db::Transaction& tx, const Uuid& id) {
  return tx.QueryOne(kLock, ReadVacancy, id);
}

absl::Status EndVacancy(db::Transaction& tx, const Vacancy& vacancy) {
  GW_ASSIGN_OR_RETURN(const uint64_t matched,
                      tx.Exec(kEnd, vacancy.end, static_cast<int>(vacancy.end_kind), vacancy.chain.seq,
                              vacancy.chain.leaf, vacancy.id, vacancy.chain.seq - 1));
  if (matched == 1) return absl::OkStatus();
  return EtagMismatch(ResourceName("vacancyFindings", vacancy.id));
}

absl::StatusOr<std::vector<Vacancy>> ListVacancies(db::Transaction& tx, const VacancyFilter& filter,
                                                   const VacancyKey* after, int limit) {
  std::vector<db::Value> values;
  BindGrounds(filter.grounds, values);
  if (after != nullptr) {
    values.emplace_back(after->time_us);
    values.emplace_back(after->time_us);
    values.emplace_back(after->id);
  }
  values.emplace_back(limit);
  const std::string sql = absl::StrCat(
      "SELECT " VACANCY_COLUMNS " FROM vacancy_finding FORCE INDEX (",
      filter.grounds.empty() ? "vacancy_newest" : "vacancy_place", ") WHERE 1 = 1",
      GroundClause(filter.grounds.size()), filter.open ? " AND end_us IS NULL" : "",
      after != nullptr ? " AND (first_seen_us < ? OR (first_seen_us = ? AND finding_id < ?))" : "",
      " ORDER BY first_seen_us DESC, finding_id DESC LIMIT ?");
  std::vector<Vacancy> vacancies;
  GW_RETURN_IF_ERROR(
      tx.QueryValues(sql, values, [&](const db::Row& row) { vacancies.push_back(ReadVacancy(row)); }));
  return vacancies;
}

}  // namespace gridwarden::casework
