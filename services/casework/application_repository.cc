#include "casework/application_repository.h"

#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "base/status.h"
#include "casework/ground_filter.h"
#include "casework/timestamps.h"
#include "domain/clock/stage_clock.h"

#define APPLICATION_COLUMNS "a.application_id, a.case_id, a.ground_path, a.handler, a.office, a.content"

namespace gridwarden::casework {
namespace {

constexpr std::string_view kRead =
    "SELECT " APPLICATION_COLUMNS " FROM application a WHERE a.application_id = ?";
constexpr std::string_view kLock =
    "SELECT " APPLICATION_COLUMNS " FROM application a WHERE a.application_id = ? FOR UPDATE";
constexpr std::string_view kLockPending = "SELECT " APPLICATION_COLUMNS
                                          " FROM application a WHERE a.case_id = ? AND a.state = 1 ORDER BY "
                                          "a.create_us, a.application_id FOR UPDATE";
constexpr std::string_view kInsert = R"(
  INSERT INTO application (application_id, case_id, kind, state, ground_path, handler, office, create_us, end_us, content)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?))";
constexpr std::string_view kSave =
    "UPDATE application SET state = ?, end_us = ?, content = ? WHERE application_id = ?";
constexpr std::string_view kInsertDecision = R"(
  INSERT INTO application_decision (application_id, person_id, seat, post_id, agrees, decided_us)
  VALUES (?, ?, ?, ?, ?, ?))";

constexpr std::string_view kTakeMonth = R"(
  INSERT INTO application_month (holder, kind, month, requests) VALUES (?, ?, ?, 1)
  ON DUPLICATE KEY UPDATE requests = requests + 1)";
// Waiting or in force.
constexpr std::string_view kConcernedOfOffice = R"(
  SELECT COUNT(DISTINCT case_id) FROM application FORCE INDEX (application_office)
  WHERE office = ? AND kind = ? AND create_us >= ? AND state IN (1, 2))";

ApplicationFile ReadRow(const db::Row& row) {
  ApplicationFile file;
  file.id = row.Id(0);
  file.case_id = row.Id(1);
  file.ground_path = row.Text(2);
  file.handler = row.Id(3);
  file.office = row.Id(4);
  file.application.ParseFromString(row.Text(5));
  return file;
}

absl::StatusOr<ApplicationFile> ReadOne(db::Transaction& tx, std::string_view sql, std::string_view name) {
  GW_ASSIGN_OR_RETURN(const Uuid id, ParseResourceName("applications", name));
  GW_ASSIGN_OR_RETURN(std::optional<ApplicationFile> file, tx.QueryOne(sql, ReadRow, id));
  if (!file) return NotFound(name);
  return *std::move(file);
}

std::optional<absl::Time> EndOf(const v1::Application& application) {
  if (!application.has_end_time()) return std::nullopt;
  return FromTimestamp(application.end_time());
}

absl::CivilMonth MonthOf(absl::Time now) { return absl::ToCivilMonth(now, domain::CalendarZone()); }

absl::Status TakeMonth(db::Transaction& tx, const Uuid& holder, v1::Application::Kind kind, absl::Time now) {
  const absl::CivilMonth month = MonthOf(now);
  const int number = static_cast<int>(month.year() * 100 + month.month());
  return tx.Exec(kTakeMonth, holder, static_cast<int>(kind), number).status();
}

int64_t Number(const db::Row& row) { return row.Int(0); }

}  // namespace

absl::StatusOr<ApplicationFile> ReadApplication(db::Transaction& tx, std::string_view name) {
  return ReadOne(tx, kRead, name);
}

absl::StatusOr<ApplicationFile> LockApplication(db::Transaction& tx, std::string_view name) {
  return ReadOne(tx, kLock, name);
}

absl::StatusOr<std::vector<ApplicationFile>> LockPending(db::Transaction& tx, const Uuid& case_id) {
  return tx.Query(kLockPending, ReadRow, case_id);
}

absl::Status InsertApplication(db::Transaction& tx, const ApplicationFile& file) {
  const v1::Application& application = file.application;
  return tx
      .Exec(kInsert, file.id, file.case_id, static_cast<int>(application.kind()),
            static_cast<int>(application.state()), file.ground_path, file.handler, file.office,
            FromTimestamp(application.create_time()), EndOf(application), application.SerializeAsString())
      .status();
}

absl::Status SaveApplication(db::Transaction& tx, const ApplicationFile& file) {
  return tx
      .Exec(kSave, static_cast<int>(file.application.state()), EndOf(file.application),
            file.application.SerializeAsString(), file.id)
      .status();
}

absl::Status InsertDecision(db::Transaction& tx, const Uuid& application, const v1::Consent& consent) {
  GW_ASSIGN_OR_RETURN(const Uuid person, ParseResourceName("persons", consent.person()));
  GW_ASSIGN_OR_RETURN(const Uuid post, ParseResourceName("posts", consent.post()));
  const absl::Status inserted = tx.Exec(kInsertDecision, application, person, consent.seat(), post,
                                        consent.agrees(), FromTimestamp(consent.time()))
                                    .status();
  if (!db::IsDuplicateKey(inserted)) return inserted;
  return FailedPrecondition("ANOTHER_PERSON_NEEDED", "one person takes part once, and a seat is taken once",
                            {{"seat", consent.seat()}});
}

absl::StatusOr<MonthCount> CountOfHandlers(db::Transaction& tx, const Uuid& holder,
                                           const std::vector<Uuid>& handlers, const Uuid& except_case,
                                           v1::Application::Kind kind, absl::Time now) {
  GW_RETURN_IF_ERROR(TakeMonth(tx, holder, kind, now));
  const absl::Time from = absl::FromCivil(MonthOf(now), domain::CalendarZone());
  const auto as_is = [](const Uuid& id) { return id; };
  MonthCount count;
  std::vector<db::Value> values;
  BindIn(handlers, as_is, values);
  values.insert(values.end(), {static_cast<int>(kind), from, except_case});
  const std::string concerned = absl::StrCat(
      "SELECT COUNT(DISTINCT case_id) FROM application FORCE INDEX (application_handler) WHERE 1 = 1",
      InClause("handler", handlers.size()),
      " AND kind = ? AND create_us >= ? AND state IN (1, 2) AND case_id <> ?");
  GW_RETURN_IF_ERROR(
      tx.QueryValues(concerned, values, [&](const db::Row& row) { count.concerned = row.Int(0); }));
  values.clear();
  BindIn(handlers, as_is, values);
  values.emplace_back(from);
  const std::string cases =
      absl::StrCat("SELECT COUNT(*) FROM case_file FORCE INDEX (case_handler) WHERE 1 = 1",
                   InClause("handler", handlers.size()), " AND file_us >= ?");
  GW_RETURN_IF_ERROR(tx.QueryValues(cases, values, [&](const db::Row& row) { count.cases = row.Int(0); }));
  return count;
}

absl::StatusOr<MonthCount> CountOfOffice(db::Transaction& tx, const Uuid& office,
                                         const std::vector<std::string>& grounds, v1::Application::Kind kind,
                                         absl::Time now) {
  GW_RETURN_IF_ERROR(TakeMonth(tx, office, kind, now));
  const absl::Time from = absl::FromCivil(MonthOf(now), domain::CalendarZone());
  MonthCount count;
  GW_ASSIGN_OR_RETURN(const auto concerned,
                      tx.QueryOne(kConcernedOfOffice, Number, office, static_cast<int>(kind), from));
  const std::string sql = absl::StrCat("SELECT COUNT(*) FROM case_file FORCE INDEX (case_place) WHERE 1 = 1",
                                       GroundClause(grounds.size()), " AND file_us >= ?");
  std::vector<db::Value> values;
  BindGrounds(grounds, values);
  values.emplace_back(from);
  GW_RETURN_IF_ERROR(tx.QueryValues(sql, values, [&](const db::Row& row) { count.cases = row.Int(0); }));
  count.concerned = concerned.value_or(0);
  return count;
}

std::string ApplicationListStatement(const ApplicationFilter& filter, bool after) {
  const bool of_case = !filter.case_id.IsNil();
  // Few wait at any time; of the others the newest are asked for.
  const bool waiting = filter.states.size() == 1 && filter.states.front() == v1::Application::PENDING;
  const char* key = of_case ? "application_case" : waiting ? "application_ground" : "application_newest";
  return absl::StrCat(
      "SELECT " APPLICATION_COLUMNS ", c.subject_seq, c.division FROM application a FORCE INDEX (", key,
      ") STRAIGHT_JOIN case_file c ON c.case_id = a.case_id WHERE 1 = 1", of_case ? " AND a.case_id = ?" : "",
      GroundClause(filter.grounds.size(), "a.ground_path"), InClause("a.state", filter.states.size()),
      InClause("a.kind", filter.kinds.size()),
      after ? " AND (a.create_us < ? OR (a.create_us = ? AND a.application_id < ?))" : "",
      " ORDER BY a.create_us DESC, a.application_id DESC LIMIT ?");
}

absl::StatusOr<std::vector<ListedApplication>> ListApplicationFiles(db::Transaction& tx,
                                                                    const ApplicationFilter& filter,
                                                                    const ApplicationKey* after, int limit) {
  std::vector<db::Value> values;
  if (!filter.case_id.IsNil()) values.emplace_back(filter.case_id);
  BindGrounds(filter.grounds, values);
  const auto number = [](auto value) { return static_cast<int>(value); };
  BindIn(filter.states, number, values);
  BindIn(filter.kinds, number, values);
  if (after != nullptr) {
    values.emplace_back(after->create_us);
    values.emplace_back(after->create_us);
    values.emplace_back(after->id);
  }
  values.emplace_back(limit);
  std::vector<ListedApplication> found;
  GW_RETURN_IF_ERROR(
      tx.QueryValues(ApplicationListStatement(filter, after != nullptr), values, [&](const db::Row& row) {
        found.push_back({ReadRow(row), static_cast<uint64_t>(row.Int(6)), row.Id(7)});
      }));
  return found;
}

}  // namespace gridwarden::casework
