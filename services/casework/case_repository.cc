#include "casework/case_repository.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status.h"
#include "casework/ground_filter.h"
#include "domain/workflow/case_workflow.h"

// The columns of a case in the order ReadRow takes them.
#define CASE_COLUMNS                                                                                     \
  "c.case_id, c.city_id, c.case_no, c.state, c.category, c.division, c.ground_path, c.longitude, "       \
  "c.latitude, "                                                                                         \
  "c.accuracy_m, c.given_datum, c.source_id, c.description, c.event_us, c.file_us, c.filing_division, "  \
  "c.filing_path, "                                                                                      \
  "c.disposition, c.handler, c.handler_is_unit, c.cooperators, c.duty_item, c.fixer, c.fixer_post, "     \
  "c.checker, c.signer, "                                                                                \
  "c.check_post, c.rework_count, c.return_count, c.unable_count, c.due_us, c.total_due_us, c.pass_us, "  \
  "c.close_us, "                                                                                         \
  "c.closed_on_time, c.chain_id, c.rebound_of, c.rebounded_into, c.recheck_us, c.held, c.rule_version, " \
  "c.details, c.subject_seq, c.subject_leaf"

namespace gridwarden::casework {
namespace {

// One case and its signals, 16 bytes each, in one round trip.
#define ONE_CASE                                                                         \
  "SELECT " CASE_COLUMNS                                                                 \
  ", (SELECT GROUP_CONCAT(s.signal_id ORDER BY s.receive_us, s.signal_id SEPARATOR '') " \
  "FROM signal_file s WHERE s.case_id = c.case_id) FROM case_file c WHERE "
constexpr std::string_view kLockCase = ONE_CASE "c.case_id = ? FOR UPDATE";
constexpr std::string_view kReadCase = ONE_CASE "c.case_id = ?";
constexpr std::string_view kReadCasesOfChain =
    "SELECT " CASE_COLUMNS " FROM case_file c WHERE c.chain_id = ? ORDER BY c.file_us, c.case_id";
constexpr std::string_view kReadCaseByNumber = ONE_CASE "c.case_no = ?";
constexpr int kSignalsColumn = 44;  // after CASE_COLUMNS

constexpr std::string_view kInsertCase = R"(
  INSERT INTO case_file (case_id, city_id, case_no, state, category, division, ground_path, longitude, latitude, accuracy_m,
    given_datum, source_id, description, event_us, file_us, filing_division, filing_path, disposition, handler,
    handler_is_unit, cooperators, duty_item, fixer, fixer_post, checker, signer, check_post, rework_count, return_count, unable_count, due_us,
    total_due_us, pass_us, close_us, closed_on_time, chain_id, rebound_of, rebounded_into, recheck_us, held, rule_version,
    details, subject_seq, subject_leaf)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,
    ?, ?, ?, ?))";

constexpr std::string_view kSaveCase = R"(
  UPDATE case_file SET state = ?, disposition = ?, handler = ?, handler_is_unit = ?, cooperators = ?, duty_item = ?, fixer = ?,
    fixer_post = ?, checker = ?, signer = ?, check_post = ?, rework_count = ?, return_count = ?, unable_count = ?, due_us = ?,
    pass_us = ?, close_us = ?, closed_on_time = ?, rebounded_into = ?, recheck_us = ?, held = ?, rule_version = ?,
    details = ?, total_due_us = ?, subject_seq = ?, subject_leaf = ?
  WHERE case_id = ? AND subject_seq = ?)";

constexpr std::string_view kInsertActor =
    "INSERT INTO case_actor (chain_id, person_id, duty, case_id, recorded_us) VALUES (?, ?, ?, ?, ?)";
constexpr std::string_view kReadDuty = "SELECT duty FROM case_actor WHERE chain_id = ? AND person_id = ?";
constexpr std::string_view kReadChain =
    "SELECT person_id, duty FROM case_actor WHERE chain_id = ? ORDER BY person_id";

constexpr std::string_view kInsertReturn =
    "INSERT INTO case_return (case_id, handler, returned_us) VALUES (?, ?, ?)";

constexpr std::string_view kTakeNumber = R"(
  INSERT INTO case_number (county_code, year, last_number) VALUES (?, ?, 1)
  ON DUPLICATE KEY UPDATE last_number = last_number + 1 RETURNING last_number)";

std::optional<absl::Time> OptTime(const db::Row& row, int column) {
  if (row.IsNull(column)) return std::nullopt;
  return absl::FromUnixMicros(row.Int(column));
}

std::string PackIds(const std::vector<Uuid>& ids) {
  std::string packed;
  for (const Uuid& id : ids) packed += id.Bytes();
  return packed;
}

std::vector<Uuid> UnpackIds(const std::string& packed) {
  std::vector<Uuid> ids;
  for (size_t at = 0; at + 16 <= packed.size(); at += 16)
    ids.push_back(*Uuid::FromBytes(packed.substr(at, 16)));
  return ids;
}

CaseFile ReadRow(const db::Row& row) {
  CaseFile file;
  int column = 0;
  file.id = row.Id(column++);
  file.place.city = row.Id(column++);
  file.case_no = row.Text(column++);
  file.state = static_cast<v1::Case::State>(row.Int(column++));
  file.category = row.Text(column++);
  file.place.division = row.Id(column++);
  file.place.ground_path = row.Text(column++);
  if (!row.IsNull(column)) {
    type::v1::Position position;
    position.set_longitude(row.Double(column));
    position.set_latitude(row.Double(column + 1));
    position.set_accuracy_m(row.Double(column + 2));
    position.set_datum(type::v1::Position::WGS84);
    position.set_given_datum(static_cast<type::v1::Position::Datum>(row.Int(column + 3)));
    file.place.position = position;
  }
  column += 4;
  file.source = row.Id(column++);
  file.description = row.Text(column++);
  file.event_time = row.Time(column++);
  file.file_time = row.Time(column++);
  file.filing_division = row.Id(column++);
  file.filing_path = row.Text(column++);
  file.disposition = static_cast<v1::Case::Disposition>(row.Int(column++));
  file.handler.id = row.Id(column++);
  file.handler.is_unit = row.Bool(column++);
  file.cooperators = UnpackIds(row.Text(column++));
  file.duty_item = row.Text(column++);
  file.fixer = row.Id(column++);
  file.fixer_post = row.Id(column++);
  file.checker = row.Id(column++);
  file.signer = row.Id(column++);
  file.check_post = row.Id(column++);
  file.rework_count = static_cast<int>(row.Int(column++));
  file.return_count = static_cast<int>(row.Int(column++));
  file.unable_count = static_cast<int>(row.Int(column++));
  file.due_time = OptTime(row, column++);
  file.total_due_time = row.Time(column++);
  file.pass_time = OptTime(row, column++);
  file.close_time = OptTime(row, column++);
  file.closed_on_time = row.Bool(column++);
  file.chain = row.Id(column++);
  file.rebound_of = row.Id(column++);
  file.rebounded_into = row.Id(column++);
  file.recheck_time = OptTime(row, column++);
  file.held = static_cast<v1::Case::Held>(row.Int(column++));
  file.rule_version = row.Text(column++);
  file.details.ParseFromString(row.Text(column++));
  file.subject.id = file.id;
  file.subject.seq = static_cast<uint64_t>(row.Int(column++));
  file.subject.leaf = row.Text(column++);
  return file;
}

CaseFile ReadOneRow(const db::Row& row) {
  CaseFile file = ReadRow(row);
  file.signals = UnpackIds(row.OptText(kSignalsColumn).value_or(""));
  return file;
}

template <typename Key>
absl::StatusOr<CaseFile> ReadOne(db::Transaction& tx, std::string_view sql, const Key& key,
                                 std::string_view name) {
  GW_ASSIGN_OR_RETURN(std::optional<CaseFile> file, tx.QueryOne(sql, ReadOneRow, key));
  if (!file) return NotFound(name);
  return *std::move(file);
}

absl::Status SeparationRefused(domain::Duty held) {
  return FailedPrecondition("SEPARATION_OF_DUTIES",
                            "the person already has another duty in this chain of cases",
                            {{"duty", std::string(domain::ZhOf(held))}});
}

// The list of a page with the signals of its cases.
absl::StatusOr<std::vector<CaseFile>> ReadPageOf(db::Transaction& tx, const std::string& sql,
                                                 const std::vector<db::Value>& values) {
  std::vector<CaseFile> files;
  GW_RETURN_IF_ERROR(tx.QueryValues(sql, values, [&](const db::Row& row) { files.push_back(ReadRow(row)); }));
  if (files.empty()) return files;
  std::vector<Uuid> ids;
  for (const CaseFile& file : files) ids.push_back(file.id);
  std::vector<db::Value> keys;
  BindIn(
      ids, [](const Uuid& id) { return id; }, keys);
  const std::string signals =
      absl::StrCat("SELECT case_id, signal_id FROM signal_file WHERE case_id IN (",
                   db::InList(RoundUp(ids.size())), ") ORDER BY receive_us, signal_id");
  GW_RETURN_IF_ERROR(tx.QueryValues(signals, keys, [&](const db::Row& row) {
    const auto file =
        std::find_if(files.begin(), files.end(), [&](const CaseFile& f) { return f.id == row.Id(0); });
    if (file != files.end()) file->signals.push_back(row.Id(1));
  }));
  return files;
}

// Wide grounds are read in the order of the answer; narrow ones through their own key and sorted. A path of
// two divisions or fewer is a county or more.
constexpr size_t kWidePath = 2 * 16;

bool IsWide(const CaseFilter& filter) {
  if (filter.grounds.empty()) return true;
  return std::any_of(filter.grounds.begin(), filter.grounds.end(),
                     [](const std::string& key) { return key.size() <= kWidePath; });
}

// A township with its city and province above it, or less: its open cases are fewer than the overdue ones of
// a whole city, which the key of due times would go through.
bool IsNarrow(const CaseFilter& filter) {
  constexpr size_t kNarrowPath = 4 * 16;
  return !filter.grounds.empty() &&
         std::all_of(filter.grounds.begin(), filter.grounds.end(),
                     [](const std::string& key) { return key.size() >= kNarrowPath; });
}

// Only open work has a running clock.
std::string OpenStates() {
  std::string list;
  for (int state = v1::Case::State_MIN; state <= v1::Case::State_MAX; ++state) {
    if (!v1::Case::State_IsValid(state) || !domain::IsOpen(static_cast<domain::CaseState>(state))) continue;
    absl::StrAppend(&list, list.empty() ? "" : ", ", state);
  }
  return absl::StrCat(" AND state IN (", list, ")");
}

// States of which few rows exist at any time.
bool AllOpen(const CaseFilter& filter) {
  return !filter.states.empty() &&
         std::all_of(filter.states.begin(), filter.states.end(), [](v1::Case::State state) {
           return domain::IsOpen(static_cast<domain::CaseState>(state));
         });
}

std::string NewestKey(const CaseFilter& filter) {
  if (AllOpen(filter)) return "case_ground";
  return IsWide(filter) ? "case_newest" : "case_place";
}

}  // namespace

absl::StatusOr<CaseFile> LockCase(db::Transaction& tx, const Uuid& id) {
  return ReadOne(tx, kLockCase, id, ResourceName("cases", id));
}

absl::StatusOr<CaseFile> LockCase(db::Transaction& tx, std::string_view name) {
  GW_ASSIGN_OR_RETURN(const Uuid id, ParseResourceName("cases", name));
  return LockCase(tx, id);
}

absl::StatusOr<CaseFile> ReadCase(db::Transaction& tx, std::string_view name) {
  constexpr std::string_view kByNumber = "cases/no:";
  // Case numbers are ASCII, and the database refuses to compare them with anything else.
  const bool is_ascii = std::none_of(name.begin(), name.end(), [](unsigned char c) { return c >= 0x80; });
  if (name.starts_with(kByNumber) && !is_ascii) return NotFound(name);
  if (name.starts_with(kByNumber)) return ReadOne(tx, kReadCaseByNumber, name.substr(kByNumber.size()), name);
  GW_ASSIGN_OR_RETURN(const Uuid id, ParseResourceName("cases", name));
  return ReadOne(tx, kReadCase, id, name);
}

absl::StatusOr<std::vector<CaseFile>> ReadCases(db::Transaction& tx, const std::vector<Uuid>& ids) {
  if (ids.empty()) return std::vector<CaseFile>();
  std::vector<db::Value> values;
  BindIn(
      ids, [](const Uuid& id) { return id; }, values);
  return ReadPageOf(tx,
                    absl::StrCat("SELECT " CASE_COLUMNS " FROM case_file c WHERE c.case_id IN (",
                                 db::InList(RoundUp(ids.size())), ") ORDER BY c.case_id"),
                    values);
}

absl::Status InsertCase(db::Transaction& tx, const CaseFile& file) {
  const std::optional<type::v1::Position>& position = file.place.position;
  const auto of_position = [&](auto value) {
    return position ? db::Value(value(*position)) : db::Value(nullptr);
  };
  const absl::StatusOr<uint64_t> inserted = tx.Exec(
      kInsertCase, file.id, file.place.city, file.case_no, file.state, file.category, file.place.division,
      file.place.ground_path, of_position([](const auto& p) { return p.longitude(); }),
      of_position([](const auto& p) { return p.latitude(); }),
      of_position([](const auto& p) { return p.accuracy_m(); }),
      of_position([](const auto& p) { return static_cast<int>(p.given_datum()); }), file.source,
      file.description, file.event_time, file.file_time, file.filing_division, file.filing_path,
      file.disposition, file.handler.id, file.handler.is_unit, PackIds(file.cooperators), file.duty_item,
      file.fixer, file.fixer_post, file.checker, file.signer, file.check_post, file.rework_count,
      file.return_count, file.unable_count, file.due_time, file.total_due_time, file.pass_time,
      file.close_time, file.closed_on_time, file.chain, file.rebound_of, file.rebounded_into,
      file.recheck_time, file.held, file.rule_version, file.details.SerializeAsString(), file.subject.seq,
      file.subject.leaf);
  if (db::IsDuplicateKey(inserted.status())) return AlreadyExists(ResourceName("cases", file.id));
  return inserted.status();
}

absl::Status SaveCase(db::Transaction& tx, const CaseFile& file) {
  GW_ASSIGN_OR_RETURN(
      const uint64_t changed,
      tx.Exec(kSaveCase, file.state, file.disposition, file.handler.id, file.handler.is_unit,
              PackIds(file.cooperators), file.duty_item, file.fixer, file.fixer_post, file.checker,
              file.signer, file.check_post, file.rework_count, file.return_count, file.unable_count,
              file.due_time, file.pass_time, file.close_time, file.closed_on_time, file.rebounded_into,
              file.recheck_time, file.held, file.rule_version, file.details.SerializeAsString(),
              file.total_due_time, file.subject.seq, file.subject.leaf, file.id, file.subject.seq - 1));
  if (changed != 1) return EtagMismatch(ResourceName("cases", file.id));
  return absl::OkStatus();
}

absl::Status TakeDuty(db::Transaction& tx, const CaseFile& file, const Uuid& person, domain::Duty duty,
                      absl::Time now) {
  const absl::StatusOr<uint64_t> inserted =
      tx.Exec(kInsertActor, file.chain, person, static_cast<int>(duty), file.id, now);
  if (inserted.ok()) return absl::OkStatus();
  if (!db::IsDuplicateKey(inserted.status())) return inserted.status();
  GW_ASSIGN_OR_RETURN(const std::optional<int64_t> held,
                      tx.QueryOne(
                          kReadDuty, [](const db::Row& row) { return row.Int(0); }, file.chain, person));
  if (held == static_cast<int64_t>(duty)) return absl::OkStatus();
  return SeparationRefused(static_cast<domain::Duty>(held.value_or(0)));
}

absl::StatusOr<std::vector<CaseFile>> ReadCasesOfChain(db::Transaction& tx, const Uuid& chain) {
  return tx.Query(kReadCasesOfChain, ReadRow, chain);
}

absl::StatusOr<std::vector<domain::Actor>> ReadChain(db::Transaction& tx, const Uuid& chain) {
  return tx.Query(
      kReadChain,
      [](const db::Row& row) {
        return domain::Actor{row.Id(0), static_cast<domain::Duty>(row.Int(1))};
      },
      chain);
}

absl::Status RecordReturn(db::Transaction& tx, const Uuid& case_id, const Uuid& handler, absl::Time now) {
  const absl::StatusOr<uint64_t> inserted = tx.Exec(kInsertReturn, case_id, handler, now);
  if (db::IsDuplicateKey(inserted.status())) {
    return FailedPrecondition("ALREADY_RETURNED", "this unit or post has given the case back before");
  }
  return inserted.status();
}

absl::StatusOr<std::string> TakeCaseNumber(db::Transaction& tx, std::string_view county_code, int year) {
  GW_ASSIGN_OR_RETURN(const std::optional<int64_t> number,
                      tx.QueryOne(
                          kTakeNumber, [](const db::Row& row) { return row.Int(0); }, county_code, year));
  if (!number) return Internal("a case number was not given");
  return absl::StrFormat("%s-%d-%05d", county_code, year, *number);
}

std::string CaseStatements::Newest(const CaseFilter& filter, bool after) {
  return absl::StrCat("SELECT " CASE_COLUMNS " FROM case_file c FORCE INDEX (", NewestKey(filter),
                      ") WHERE 1 = 1", GroundClause(filter.grounds.size()),
                      InClause("state", filter.states.size()),
                      filter.category.empty() ? "" : " AND category = ?",
                      after ? " AND (file_us < ? OR (file_us = ? AND case_id < ?))" : "",
                      " ORDER BY file_us DESC, case_id DESC LIMIT ?");
}

std::string CaseStatements::Overdue(const CaseFilter& filter, bool after) {
  const bool narrow = IsNarrow(filter);
  return absl::StrCat(
      "SELECT " CASE_COLUMNS " FROM case_file c FORCE INDEX (", narrow ? "case_ground" : "case_due",
      ") WHERE due_us < ?", after ? " AND (due_us > ? OR (due_us = ? AND case_id > ?))" : "",
      GroundClause(filter.grounds.size()), InClause("state", filter.states.size()),
      narrow && filter.states.empty() ? OpenStates() : "", filter.category.empty() ? "" : " AND category = ?",
      " ORDER BY due_us, case_id LIMIT ?");
}

std::string CaseStatements::Assigned(const CaseFilter& filter, bool after) {
  const std::string people = db::InList(RoundUp(filter.assignees.size()));
  std::string waiting =
      absl::StrCat("SELECT case_id FROM case_file FORCE INDEX (case_handler) WHERE handler IN (", people,
                   ") AND state IN (2, 4)",
                   " UNION SELECT case_id FROM case_file FORCE INDEX (case_check_post) WHERE check_post IN (",
                   people, ") AND state = 7");
  constexpr std::string_view kToSign =
      " UNION SELECT case_id FROM case_file FORCE INDEX (case_ground) WHERE state = 8";
  if (!filter.sign_grounds.empty()) {
    waiting += std::string(kToSign) + " AND disposition <> 1" +
               GroundClause(filter.sign_grounds.size(), "filing_path");
  }
  if (!filter.shut_down_grounds.empty()) {
    waiting += std::string(kToSign) + " AND disposition = 1" + GroundClause(filter.shut_down_grounds.size());
  }
  return absl::StrCat("SELECT " CASE_COLUMNS " FROM (", waiting,
                      ") waiting STRAIGHT_JOIN case_file c ON c.case_id = waiting.case_id WHERE 1 = 1",
                      GroundClause(filter.grounds.size()), InClause("state", filter.states.size()),
                      filter.category.empty() ? "" : " AND category = ?",
                      filter.due_before == absl::InfiniteFuture() ? "" : " AND due_us < ?",
                      after ? " AND (file_us < ? OR (file_us = ? AND c.case_id < ?))" : "",
                      " ORDER BY file_us DESC, c.case_id DESC LIMIT ?");
}

namespace {

void BindFilter(const CaseFilter& filter, std::vector<db::Value>& values) {
  BindGrounds(filter.grounds, values);
  BindIn(
      filter.states, [](v1::Case::State state) { return static_cast<int>(state); }, values);
  if (!filter.category.empty()) values.emplace_back(filter.category);
}

void BindAfter(const CaseKey* after, std::vector<db::Value>& values) {
  if (after == nullptr) return;
  values.emplace_back(after->time_us);
  values.emplace_back(after->time_us);
  values.emplace_back(after->id);
}

}  // namespace

absl::StatusOr<std::vector<CaseFile>> ListNewestCases(db::Transaction& tx, const CaseFilter& filter,
                                                      const CaseKey* after, int limit) {
  std::vector<db::Value> values;
  BindFilter(filter, values);
  BindAfter(after, values);
  values.emplace_back(limit);
  return ReadPageOf(tx, CaseStatements::Newest(filter, after != nullptr), values);
}

absl::StatusOr<std::vector<CaseFile>> ListOverdueCases(db::Transaction& tx, const CaseFilter& filter,
                                                       const CaseKey* after, int limit) {
  std::vector<db::Value> values{filter.due_before};
  BindAfter(after, values);
  BindFilter(filter, values);
  values.emplace_back(limit);
  return ReadPageOf(tx, CaseStatements::Overdue(filter, after != nullptr), values);
}

absl::StatusOr<std::vector<CaseFile>> ListAssignedCases(db::Transaction& tx, const CaseFilter& filter,
                                                        const CaseKey* after, int limit) {
  if (filter.assignees.empty()) return std::vector<CaseFile>();
  std::vector<db::Value> values;
  const auto as_is = [](const Uuid& id) { return id; };
  BindIn(filter.assignees, as_is, values);
  BindIn(filter.assignees, as_is, values);
  BindGrounds(filter.sign_grounds, values);
  BindGrounds(filter.shut_down_grounds, values);
  BindFilter(filter, values);
  if (filter.due_before != absl::InfiniteFuture()) values.emplace_back(filter.due_before);
  BindAfter(after, values);
  values.emplace_back(limit);
  return ReadPageOf(tx, CaseStatements::Assigned(filter, after != nullptr), values);
}

}  // namespace gridwarden::casework
