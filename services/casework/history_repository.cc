#include "casework/history_repository.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "casework/ground_filter.h"

#define HISTORY_COLUMNS                                                                                   \
  "seq, action, from_state, to_state, account, person, post, tenure, is_system, earliest_us, latest_us, " \
  "receive_us, "                                                                                          \
  "reason, note, is_late, rule_version, entry_id, request_id, leaf, event"
#define HISTORY_VALUES "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"

namespace gridwarden::casework {
namespace {

constexpr std::string_view kAppendCase =
    "INSERT INTO case_event (case_id, " HISTORY_COLUMNS ") VALUES " HISTORY_VALUES;
constexpr std::string_view kAppendSignal =
    "INSERT INTO signal_event (signal_id, " HISTORY_COLUMNS ") VALUES " HISTORY_VALUES;

constexpr std::string_view kReadCase =
    "SELECT case_id, " HISTORY_COLUMNS " FROM case_event WHERE case_id = ? ORDER BY seq";
constexpr std::string_view kReadSignal =
    "SELECT signal_id, " HISTORY_COLUMNS " FROM signal_event WHERE signal_id = ? ORDER BY seq";
constexpr std::string_view kReadCaseAction =
    "SELECT case_id, " HISTORY_COLUMNS " FROM case_event WHERE case_id = ? AND action = ? ORDER BY seq";
constexpr std::string_view kReadSignalAction =
    "SELECT signal_id, " HISTORY_COLUMNS " FROM signal_event WHERE signal_id = ? AND action = ? ORDER BY seq";

HistoryRow ReadRow(const db::Row& row) {
  HistoryRow out;
  int column = 0;
  out.subject = row.Id(column++);
  out.seq = static_cast<uint64_t>(row.Int(column++));
  out.action = static_cast<v1::Action>(row.Int(column++));
  out.from_state = static_cast<int>(row.Int(column++));
  out.to_state = static_cast<int>(row.Int(column++));
  out.account = row.Id(column++);
  out.person = row.Id(column++);
  out.post = row.Id(column++);
  out.tenure = row.Id(column++);
  out.system = row.Bool(column++);
  out.earliest = row.Time(column++);
  out.latest = row.Time(column++);
  out.received = row.Time(column++);
  out.reason = row.Text(column++);
  out.note = row.Text(column++);
  out.late = row.Bool(column++);
  out.rule_version = row.Text(column++);
  out.entry_id = row.Id(column++);
  out.request_id = row.Id(column++);
  out.leaf = row.Text(column++);
  out.event = row.Text(column++);
  return out;
}

std::string HistoriesStatement(Aggregate aggregate, size_t subjects) {
  // The numbers of a subject have no gaps: its own row says where its last steps begin.
  const std::string in = db::InList(RoundUp(subjects));
  if (aggregate == Aggregate::kCase) {
    return absl::StrCat(
        "SELECT case_id, " HISTORY_COLUMNS " FROM case_event WHERE case_id IN (", in,
        ") AND seq > (SELECT c.subject_seq FROM case_file c WHERE c.case_id = case_event.case_id) - ",
        kStepsMax, " ORDER BY case_id, seq");
  }
  return absl::StrCat(
      "SELECT signal_id, " HISTORY_COLUMNS " FROM signal_event WHERE signal_id IN (", in,
      ") AND seq > (SELECT s.subject_seq FROM signal_file s WHERE s.signal_id = signal_event.signal_id) - ",
      kStepsMax, " ORDER BY signal_id, seq");
}

}  // namespace

absl::Status AppendHistory(db::Transaction& tx, Aggregate aggregate, const HistoryRow& row) {
  return tx
      .Exec(aggregate == Aggregate::kCase ? kAppendCase : kAppendSignal, row.subject, row.seq,
            static_cast<int>(row.action), row.from_state, row.to_state, row.account, row.person, row.post,
            row.tenure, row.system, row.earliest, row.latest, row.received, row.reason, row.note, row.late,
            row.rule_version, row.entry_id, row.request_id, row.leaf, row.event)
      .status();
}

absl::StatusOr<std::vector<HistoryRow>> ReadHistory(db::Transaction& tx, Aggregate aggregate,
                                                    const Uuid& subject) {
  return tx.Query(aggregate == Aggregate::kCase ? kReadCase : kReadSignal, ReadRow, subject);
}

absl::StatusOr<std::vector<HistoryRow>> ReadHistories(db::Transaction& tx, Aggregate aggregate,
                                                      const std::vector<Uuid>& subjects) {
  std::vector<HistoryRow> rows;
  if (subjects.empty()) return rows;
  std::vector<db::Value> values;
  BindIn(
      subjects, [](const Uuid& id) { return id; }, values);
  GW_RETURN_IF_ERROR(tx.QueryValues(HistoriesStatement(aggregate, subjects.size()), values,
                                    [&](const db::Row& row) { rows.push_back(ReadRow(row)); }));
  return rows;
}

absl::StatusOr<std::vector<HistoryRow>> ReadHistoryOf(db::Transaction& tx, Aggregate aggregate,
                                                      const Uuid& subject, v1::Action action) {
  return tx.Query(aggregate == Aggregate::kCase ? kReadCaseAction : kReadSignalAction, ReadRow, subject,
                  static_cast<int>(action));
}

absl::StatusOr<absl::Time> LastReceived(db::Transaction& tx, Aggregate aggregate, const Uuid& subject,
                                        std::initializer_list<v1::Action> actions) {
  absl::Time last = absl::InfinitePast();
  for (const v1::Action action : actions) {
    GW_ASSIGN_OR_RETURN(const std::vector<HistoryRow> rows, ReadHistoryOf(tx, aggregate, subject, action));
    if (!rows.empty()) last = std::max(last, rows.back().received);
  }
  return last;
}

}  // namespace gridwarden::casework
