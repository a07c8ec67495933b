#include "casework/history_line.h"

#include <algorithm>
#include <utility>

#include "base/status.h"
#include "casework/handler.h"
#include "casework/timestamps.h"
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
  if (!row.request_id.IsNil()) line.set_request_id(row.request_id.ToString());
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

absl::StatusOr<v1::ListCaseEventsResponse> StoryOf(const domain::Ground& ground,
                                                   const std::vector<HistoryRow>& signal_rows,
                                                   const std::vector<HistoryRow>& case_rows) {
  std::vector<std::pair<absl::Time, v1::CaseHistoryLine>> lines;
  for (const HistoryRow& row : signal_rows) {
    GW_ASSIGN_OR_RETURN(v1::CaseHistoryLine line, SignalLine(ground, row));
    lines.emplace_back(row.received, std::move(line));
  }
  for (const HistoryRow& row : case_rows) {
    GW_ASSIGN_OR_RETURN(v1::CaseHistoryLine line, CaseLine(ground, row));
    lines.emplace_back(row.received, std::move(line));
  }
  std::stable_sort(lines.begin(), lines.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  v1::ListCaseEventsResponse story;
  for (auto& [received, line] : lines) *story.add_events() = std::move(line);
  return story;
}

}  // namespace gridwarden::casework
