#include <algorithm>

#include "base/status.h"
#include "casework/case_repository.h"
#include "casework/casework.h"
#include "casework/handler.h"
#include "casework/history_repository.h"
#include "casework/signal_repository.h"
#include "casework/timestamps.h"
#include "casework/views.h"
#include "gridwarden/casework/v1/case_event.pb.h"

namespace gridwarden::casework {
namespace {

// Who, when, in which post: what both kinds of event say alike.
v1::CaseHistoryLine LineOf(const domain::Ground& ground, const HistoryRow& row, std::string_view collection) {
  v1::CaseHistoryLine line;
  line.set_subject(ResourceName(collection, row.subject));
  line.set_subject_seq(static_cast<int64_t>(row.seq));
  line.set_action(row.action);
  line.set_person(ResourceName("persons", row.person));
  if (const domain::Person* person = ground.FindPerson(row.person))
    line.set_person_display_name(person->display_name);
  line.set_post(ResourceName("posts", row.post));
  line.set_post_display_name(DisplayName(ground, {row.post, false}));
  *line.mutable_event_time() = ToTimestamp(row.latest);
  *line.mutable_receive_time() = ToTimestamp(row.received);
  line.set_reason(row.reason.empty() || row.note.empty() ? row.reason + row.note
                                                         : row.reason + ": " + row.note);
  line.set_leaf(row.leaf);
  line.set_rule_version(row.rule_version);
  line.set_system(row.system);
  line.set_late(row.late);
  return line;
}

absl::StatusOr<v1::CaseHistoryLine> SignalLine(const domain::Ground& ground, const HistoryRow& row) {
  v1::SignalEvent event;
  if (!event.ParseFromString(row.event)) return Internal("a stored signal event cannot be parsed");
  v1::CaseHistoryLine line = LineOf(ground, row, "signals");
  // The system handed in what a patrol found; the story tells who found it.
  if (row.action == v1::SUBMIT && row.system) {
    GW_ASSIGN_OR_RETURN(const Uuid finder, ParseResourceName("persons", event.after().finder(), "finder"));
    line.set_person(ResourceName("persons", finder));
    if (const domain::Person* person = ground.FindPerson(finder))
      line.set_person_display_name(person->display_name);
  }
  line.set_from_state(v1::Signal::State_Name(static_cast<v1::Signal::State>(row.from_state)));
  line.set_to_state(v1::Signal::State_Name(static_cast<v1::Signal::State>(row.to_state)));
  line.mutable_evidence()->Swap(event.mutable_evidence());
  line.mutable_answers()->Swap(event.mutable_answers());
  return line;
}

absl::StatusOr<v1::CaseHistoryLine> CaseLine(const domain::Ground& ground, const HistoryRow& row) {
  v1::CaseEvent event;
  if (!event.ParseFromString(row.event)) return Internal("a stored case event cannot be parsed");
  v1::CaseHistoryLine line = LineOf(ground, row, "cases");
  line.set_from_state(v1::Case::State_Name(static_cast<v1::Case::State>(row.from_state)));
  line.set_to_state(v1::Case::State_Name(static_cast<v1::Case::State>(row.to_state)));
  line.mutable_evidence()->Swap(event.mutable_evidence());
  line.mutable_answers()->Swap(event.mutable_answers());
  line.set_eligibility(event.eligibility());
  return line;
}

}  // namespace

absl::StatusOr<v1::ListCaseEventsResponse> ListCaseEvents(const Casework& casework, const rpc::Call& call,
                                                          const v1::ListCaseEventsRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = casework.directory.ground();
  std::vector<HistoryRow> signal_rows, case_rows;
  GW_RETURN_IF_ERROR(casework.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
    signal_rows.clear();
    case_rows.clear();
    if (request.name().starts_with("signals/")) {
      GW_ASSIGN_OR_RETURN(const SignalFile signal, ReadSignal(tx, request.name()));
      GW_RETURN_IF_ERROR(AllowView(*ground, call, signal));
      GW_ASSIGN_OR_RETURN(signal_rows, ReadHistory(tx, Aggregate::kSignal, signal.id));
      return absl::OkStatus();
    }
    GW_ASSIGN_OR_RETURN(const CaseFile file, ReadCase(tx, request.name()));
    GW_RETURN_IF_ERROR(AllowView(*ground, call, file));
    GW_ASSIGN_OR_RETURN(case_rows, ReadHistory(tx, Aggregate::kCase, file.id));
    for (const Uuid& signal : file.signals) {
      GW_ASSIGN_OR_RETURN(const std::vector<HistoryRow> rows, ReadHistory(tx, Aggregate::kSignal, signal));
      signal_rows.insert(signal_rows.end(), rows.begin(), rows.end());
    }
    return absl::OkStatus();
  }));

  // In the order the server learned of them; at one instant the signal's step caused the case's.
  std::vector<std::pair<absl::Time, v1::CaseHistoryLine>> lines;
  for (const HistoryRow& row : signal_rows) {
    GW_ASSIGN_OR_RETURN(v1::CaseHistoryLine line, SignalLine(*ground, row));
    lines.emplace_back(row.received, std::move(line));
  }
  for (const HistoryRow& row : case_rows) {
    GW_ASSIGN_OR_RETURN(v1::CaseHistoryLine line, CaseLine(*ground, row));
    lines.emplace_back(row.received, std::move(line));
  }
  std::stable_sort(lines.begin(), lines.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  v1::ListCaseEventsResponse response;
  for (auto& [received, line] : lines) *response.add_events() = std::move(line);
  return response;
}

}  // namespace gridwarden::casework
