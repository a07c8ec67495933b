#include "casework/signal_repository.h"

#include <algorithm>
#include <map>

#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "casework/ground_filter.h"
#include "casework/timestamps.h"
#include "domain/workflow/case_workflow.h"

// The columns of a signal in the order ReadRow takes them.
#define SIGNAL_COLUMNS                                                                                      \
  "signal_id, city_id, state, channel, channel_key, category, division, ground_path, longitude, latitude, " \
  "accuracy_m, given_datum, place_confidence, source_id, description, content, event_us, receive_us, "      \
  "finder, "                                                                                                \
  "case_id, onsite_post, onsite_person, onsite_result, onsite_note, onsite_event_us, onsite_unable_count, " \
  "reject_reason, due_us, subject_seq, subject_leaf"

namespace gridwarden::casework {
namespace {

constexpr std::string_view kLockSignal =
    "SELECT " SIGNAL_COLUMNS " FROM signal_file WHERE signal_id = ? FOR UPDATE";
constexpr std::string_view kReadSignal = "SELECT " SIGNAL_COLUMNS " FROM signal_file WHERE signal_id = ?";
constexpr std::string_view kFindSignal =
    "SELECT " SIGNAL_COLUMNS " FROM signal_file WHERE channel = ? AND channel_key = ?";

constexpr std::string_view kInsertSignal = R"(
  INSERT INTO signal_file (signal_id, city_id, state, channel, channel_key, category, division, ground_path, longitude,
    latitude, accuracy_m, given_datum, place_confidence, source_id, description, content, event_us, receive_us, finder,
    case_id, onsite_post, onsite_person, onsite_result, onsite_note, onsite_event_us, onsite_unable_count, reject_reason,
    due_us, subject_seq, subject_leaf)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?))";

constexpr std::string_view kSaveSignal = R"(
  UPDATE signal_file SET state = ?, category = ?, content = ?, case_id = ?, onsite_post = ?, onsite_person = ?,
    onsite_result = ?, onsite_note = ?, onsite_event_us = ?, onsite_unable_count = ?, reject_reason = ?, due_us = ?,
    merged_signal = ?, merged_case = ?, tell_due_us = ?, subject_seq = ?, subject_leaf = ?
  WHERE signal_id = ? AND subject_seq = ?)";

// Newest by find: whoever had the source's last problem to put right.
constexpr std::string_view kReadLastHandler = R"(
  SELECT handler, handler_is_unit FROM case_file FORCE INDEX (case_source)
  WHERE source_id = ? AND handler IS NOT NULL AND state <> 14 ORDER BY event_us DESC, case_id LIMIT 1)";

// How far a merged signal is followed through others that were merged on.
constexpr int kMergesMax = 8;

std::optional<absl::Time> OptTime(const db::Row& row, int column) {
  if (row.IsNull(column)) return std::nullopt;
  return absl::FromUnixMicros(row.Int(column));
}

// Evidence, answers and details travel in one column as a Signal that holds nothing else.
std::string PackContent(const SignalFile& signal) {
  v1::Signal content = signal.details;
  *content.mutable_evidence() = {signal.evidence.begin(), signal.evidence.end()};
  *content.mutable_answers() = {signal.answers.begin(), signal.answers.end()};
  return content.SerializeAsString();
}

Uuid MergedInto(const SignalFile& signal, std::string_view collection) {
  const std::string& name = signal.details.merged_into();
  if (!name.starts_with(absl::StrCat(std::string(collection), "/"))) return Uuid();
  return ParseResourceName(collection, name).value_or(Uuid());
}

// When somebody has to be told what became of it: once it ended without a case of its own, until they know.
std::optional<absl::Time> TellDue(const SignalFile& signal) {
  const bool ended = signal.state == v1::Signal::MERGED || signal.state == v1::Signal::REJECTED ||
                     signal.state == v1::Signal::TRANSFERRED;
  if (!ended || !signal.details.has_acknowledge_due_time() || signal.details.has_reporter_told_time())
    return std::nullopt;
  return FromTimestamp(signal.details.acknowledge_due_time());
}

SignalFile ReadRow(const db::Row& row) {
  SignalFile signal;
  int column = 0;
  signal.id = row.Id(column++);
  signal.place.city = row.Id(column++);
  signal.state = static_cast<v1::Signal::State>(row.Int(column++));
  signal.channel = static_cast<v1::Signal::Channel>(row.Int(column++));
  signal.channel_key = row.OptText(column++).value_or("");
  signal.category = row.Text(column++);
  signal.place.division = row.Id(column++);
  signal.place.ground_path = row.Text(column++);
  if (!row.IsNull(column)) {
    type::v1::Position position;
    position.set_longitude(row.Double(column));
    position.set_latitude(row.Double(column + 1));
    position.set_accuracy_m(row.Double(column + 2));
    position.set_datum(type::v1::Position::WGS84);
    position.set_given_datum(static_cast<type::v1::Position::Datum>(row.Int(column + 3)));
    signal.place.position = position;
  }
  column += 4;
  signal.place_confidence = row.Double(column++);
  signal.source = row.Id(column++);
  signal.description = row.Text(column++);
  v1::Signal content;
  if (content.ParseFromString(row.Text(column++))) {
    signal.evidence.assign(content.evidence().begin(), content.evidence().end());
    signal.answers.assign(content.answers().begin(), content.answers().end());
    content.clear_evidence();
    content.clear_answers();
    signal.details = std::move(content);
  }
  signal.event_time = row.Time(column++);
  signal.receive_time = row.Time(column++);
  signal.finder = row.Id(column++);
  signal.case_id = row.Id(column++);
  signal.onsite.post = row.Id(column++);
  signal.onsite.person = row.Id(column++);
  signal.onsite.result = static_cast<v1::Signal::OnsiteCheck::Result>(row.Int(column++));
  signal.onsite.note = row.Text(column++);
  signal.onsite.event_time = OptTime(row, column++);
  signal.onsite.unable_count = static_cast<int>(row.Int(column++));
  signal.reject_reason = row.Text(column++);
  signal.due_time = OptTime(row, column++);
  signal.subject.id = signal.id;
  signal.subject.seq = static_cast<uint64_t>(row.Int(column++));
  signal.subject.leaf = row.Text(column++);
  return signal;
}

absl::StatusOr<SignalFile> ReadOne(db::Transaction& tx, std::string_view sql, std::string_view name) {
  GW_ASSIGN_OR_RETURN(const Uuid id, ParseResourceName("signals", name));
  GW_ASSIGN_OR_RETURN(std::optional<SignalFile> signal, tx.QueryOne(sql, ReadRow, id));
  if (!signal) return NotFound(name);
  return *std::move(signal);
}

// As for cases: few open rows go by state and ground, a wide ground in the order of the answer, a narrow one
// through its key.
constexpr size_t kWidePath = 2 * 16;

std::string KeyFor(const SignalFilter& filter) {
  if (filter.to_tell_before) return "signal_tell";
  if (!filter.merged_case.IsNil()) return "signal_merged";
  if (filter.only_assigned) return "signal_onsite";
  const bool all_open = !filter.states.empty() &&
                        std::all_of(filter.states.begin(), filter.states.end(), [](v1::Signal::State state) {
                          return domain::IsOpen(static_cast<domain::SignalState>(state));
                        });
  if (all_open) return "signal_ground";
  const bool wide =
      filter.grounds.empty() || std::any_of(filter.grounds.begin(), filter.grounds.end(),
                                            [](const std::string& key) { return key.size() <= kWidePath; });
  return wide ? "signal_newest" : "signal_place";
}

}  // namespace

absl::StatusOr<SignalFile> LockSignal(db::Transaction& tx, std::string_view name) {
  return ReadOne(tx, kLockSignal, name);
}
absl::StatusOr<SignalFile> ReadSignal(db::Transaction& tx, std::string_view name) {
  return ReadOne(tx, kReadSignal, name);
}

absl::StatusOr<std::vector<SignalFile>> ReadSignals(db::Transaction& tx, const std::vector<Uuid>& ids) {
  std::vector<SignalFile> signals;
  if (ids.empty()) return signals;
  std::vector<db::Value> values;
  BindIn(
      ids, [](const Uuid& id) { return id; }, values);
  GW_RETURN_IF_ERROR(
      tx.QueryValues(absl::StrCat("SELECT " SIGNAL_COLUMNS " FROM signal_file WHERE signal_id IN (",
                                  db::InList(RoundUp(ids.size())), ") ORDER BY signal_id"),
                     values, [&](const db::Row& row) { signals.push_back(ReadRow(row)); }));
  return signals;
}

absl::StatusOr<std::optional<SignalFile>> FindSignalByKey(db::Transaction& tx, v1::Signal::Channel channel,
                                                          std::string_view channel_key) {
  return tx.QueryOne(kFindSignal, ReadRow, static_cast<int>(channel), channel_key);
}

absl::Status InsertSignal(db::Transaction& tx, const SignalFile& signal) {
  const std::optional<type::v1::Position>& position = signal.place.position;
  const auto of_position = [&](auto value) {
    return position ? db::Value(value(*position)) : db::Value(nullptr);
  };
  return tx
      .Exec(kInsertSignal, signal.id, signal.place.city, signal.state, signal.channel,
            signal.channel_key.empty() ? db::Value(nullptr) : db::Value(signal.channel_key), signal.category,
            signal.place.division, signal.place.ground_path,
            of_position([](const auto& p) { return p.longitude(); }),
            of_position([](const auto& p) { return p.latitude(); }),
            of_position([](const auto& p) { return p.accuracy_m(); }),
            of_position([](const auto& p) { return static_cast<int>(p.given_datum()); }),
            signal.place_confidence, signal.source, signal.description, PackContent(signal),
            signal.event_time, signal.receive_time, signal.finder, signal.case_id, signal.onsite.post,
            signal.onsite.person, signal.onsite.result, signal.onsite.note, signal.onsite.event_time,
            signal.onsite.unable_count, signal.reject_reason, signal.due_time, signal.subject.seq,
            signal.subject.leaf)
      .status();
}

absl::Status SaveSignal(db::Transaction& tx, const SignalFile& signal) {
  GW_ASSIGN_OR_RETURN(
      const uint64_t changed,
      tx.Exec(kSaveSignal, signal.state, signal.category, PackContent(signal), signal.case_id,
              signal.onsite.post, signal.onsite.person, signal.onsite.result, signal.onsite.note,
              signal.onsite.event_time, signal.onsite.unable_count, signal.reject_reason, signal.due_time,
              MergedInto(signal, "signals"), MergedInto(signal, "cases"), TellDue(signal), signal.subject.seq,
              signal.subject.leaf, signal.id, signal.subject.seq - 1));
  if (changed != 1) return EtagMismatch(ResourceName("signals", signal.id));
  return absl::OkStatus();
}

absl::StatusOr<std::optional<Handler>> ReadLastHandler(db::Transaction& tx, const Uuid& source) {
  return tx.QueryOne(
      kReadLastHandler,
      [](const db::Row& row) {
        return Handler{row.Id(0), row.Bool(1)};
      },
      source);
}

absl::Status ShowCasesOfMerged(db::Transaction& tx, std::vector<v1::Signal>& signals) {
  // Where each now stands: the signal it was merged into, and the signal that one was merged into ...
  std::map<Uuid, std::vector<v1::Signal*>> waiting;
  for (v1::Signal& signal : signals) {
    if (!signal.merged_into().starts_with("signals/")) continue;
    GW_ASSIGN_OR_RETURN(const Uuid into, ParseResourceName("signals", signal.merged_into()));
    waiting[into].push_back(&signal);
  }
  for (int merges = 0; merges < kMergesMax && !waiting.empty(); ++merges) {
    std::vector<Uuid> ids;
    for (const auto& [id, of] : waiting) ids.push_back(id);
    std::vector<db::Value> keys;
    BindIn(
        ids, [](const Uuid& id) { return id; }, keys);
    std::map<Uuid, std::vector<v1::Signal*>> next;
    const std::string where = absl::StrCat(
        "SELECT signal_id, COALESCE(case_id, merged_case), merged_signal FROM signal_file WHERE signal_id IN "
        "(",
        db::InList(RoundUp(ids.size())), ")");
    GW_RETURN_IF_ERROR(tx.QueryValues(where, keys, [&](const db::Row& row) {
      for (v1::Signal* signal : waiting[row.Id(0)]) {
        if (!row.Id(1).IsNil()) signal->set_case_(ResourceName("cases", row.Id(1)));
        if (!row.Id(2).IsNil()) next[row.Id(2)].push_back(signal);
      }
    }));
    waiting = std::move(next);
  }
  return absl::OkStatus();
}

std::string SignalListStatement(const SignalFilter& filter, bool after) {
  const std::string time = filter.to_tell_before ? "tell_due_us" : "receive_us";
  const std::string order = filter.to_tell_before ? "" : " DESC";
  const std::string beyond = filter.to_tell_before ? " > " : " < ";
  return absl::StrCat(
      "SELECT " SIGNAL_COLUMNS " FROM signal_file FORCE INDEX (", KeyFor(filter), ") WHERE 1 = 1",
      filter.to_tell_before ? " AND tell_due_us < ?" : "",
      filter.merged_case.IsNil() ? "" : " AND merged_case = ?",
      filter.only_assigned ? InClause("onsite_post", filter.assignees.size()) + " AND onsite_result = 0" : "",
      GroundClause(filter.grounds.size()), InClause("state", filter.states.size()),
      filter.category.empty() ? "" : " AND category = ?",
      after ? absl::StrCat(" AND (", time, beyond, "? OR (", time, " = ? AND signal_id", beyond, "?))") : "",
      " ORDER BY ", time, order, ", signal_id", order, " LIMIT ?");
}

absl::StatusOr<std::vector<SignalFile>> ListSignalFiles(db::Transaction& tx, const SignalFilter& filter,
                                                        const SignalKey* after, int limit) {
  std::vector<SignalFile> signals;
  if (filter.only_assigned && filter.assignees.empty()) return signals;
  std::vector<db::Value> values;
  if (filter.to_tell_before) values.emplace_back(*filter.to_tell_before);
  if (!filter.merged_case.IsNil()) values.emplace_back(filter.merged_case);
  if (filter.only_assigned)
    BindIn(
        filter.assignees, [](const Uuid& id) { return id; }, values);
  BindGrounds(filter.grounds, values);
  BindIn(
      filter.states, [](v1::Signal::State state) { return static_cast<int>(state); }, values);
  if (!filter.category.empty()) values.emplace_back(filter.category);
  if (after != nullptr) {
    values.emplace_back(after->receive_us);
    values.emplace_back(after->receive_us);
    values.emplace_back(after->id);
  }
  values.emplace_back(limit);
  GW_RETURN_IF_ERROR(tx.QueryValues(SignalListStatement(filter, after != nullptr), values,
                                    [&](const db::Row& row) { signals.push_back(ReadRow(row)); }));
  return signals;
}

}  // namespace gridwarden::casework
