#include <algorithm>

#include "base/status.h"
#include "casework/application_service.h"
#include "casework/case_repository.h"
#include "casework/history_repository.h"
#include "casework/ledger.h"
#include "casework/timestamps.h"
#include "casework/views.h"
#include "domain/clock/stage_clock.h"

namespace gridwarden::casework {
namespace {

// The story as the clocks read it.
absl::StatusOr<std::vector<domain::CaseFact>> FactsOf(const std::vector<HistoryRow>& history) {
  std::vector<domain::CaseFact> facts;
  for (const HistoryRow& row : history) {
    v1::CaseEvent event;
    if (!event.ParseFromString(row.event)) return Internal("an event of the case cannot be read");
    facts.push_back({static_cast<domain::Action>(row.action), static_cast<domain::CaseState>(row.to_state),
                     row.earliest, row.latest, event.after().rework_count()});
  }
  return facts;
}

v1::ClockRun ToProto(const domain::StageRun& run) {
  v1::ClockRun out;
  out.set_stage(std::string(domain::NameOf(run.stage)));
  out.set_rework(run.rework);
  *out.mutable_start_time() = ToTimestamp(run.start);
  if (run.due != absl::InfiniteFuture()) *out.mutable_due_time() = ToTimestamp(run.due);
  if (run.end) *out.mutable_end_time() = ToTimestamp(*run.end);
  out.set_late(run.late);
  out.set_uncertain(run.uncertain);
  return out;
}

// A recheck is planned and is no clock of open work: it has no due time in the row.
bool Agrees(const CaseFile& file, const domain::Clocks& clocks) {
  const bool timed = clocks.running && *clocks.running != domain::Stage::kRecheck;
  const std::optional<absl::Time> due = timed ? std::optional(clocks.due) : std::nullopt;
  return due == file.due_time && clocks.total_due == file.total_due_time &&
         clocks.closed_on_time == file.closed_on_time && clocks.forced == file.details.forced();
}

}  // namespace

absl::StatusOr<v1::ListClockRunsResponse> ListClockRuns(const Casework& casework, const rpc::Call& call,
                                                        const v1::ListClockRunsRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = casework.directory.ground();
  const domain::Policy& policy = *casework.policy;
  CaseFile file;
  std::vector<HistoryRow> history;
  GW_RETURN_IF_ERROR(casework.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(file, ReadCase(tx, request.name()));
    GW_RETURN_IF_ERROR(AllowView(*ground, call, file));
    GW_ASSIGN_OR_RETURN(history, ReadHistory(tx, Aggregate::kCase, file.id));
    return absl::OkStatus();
  }));
  GW_ASSIGN_OR_RETURN(const std::vector<domain::CaseFact> facts, FactsOf(history));
  const domain::Clocks clocks =
      domain::ComputeClocks({file.event_time, !file.rebound_of.IsNil()}, facts, policy.TypeOf(file.category),
                            policy.calendar, LedgerOf(file.details));
  v1::ListClockRunsResponse response;
  for (const domain::StageRun& run : clocks.runs) *response.add_runs() = ToProto(run);
  *response.mutable_ledger() = file.details.ledger();
  if (clocks.total_due != absl::InfiniteFuture())
    *response.mutable_total_due_time() = ToTimestamp(clocks.total_due);
  if (clocks.total_stopped) *response.mutable_total_stop_time() = ToTimestamp(*clocks.total_stopped);
  response.set_closed(clocks.closed);
  response.set_forced(clocks.forced);
  response.set_closed_on_time(clocks.closed_on_time);
  response.set_closed_uncertain(clocks.closed_uncertain);
  response.set_agrees(Agrees(file, clocks));
  response.set_rules_changed(std::any_of(history.begin(), history.end(), [&](const HistoryRow& row) {
    return row.rule_version != policy.version;
  }));
  response.set_rule_version(policy.version);
  response.set_calendar_version(policy.calendar.version);
  return response;
}

}  // namespace gridwarden::casework
