#include "base/status.h"
#include "casework/case_repository.h"
#include "casework/casework.h"
#include "casework/rules.h"
#include "casework/step.h"
#include "domain/clock/stage_clock.h"
#include "gridwarden/casework/v1/case_event.pb.h"

namespace gridwarden::casework {

absl::Status MonitorOnClosing(const Casework& casework, const rpc::Call& call, db::Transaction& tx,
                              const journal::FeedEntry& entry) {
  v1::CaseEvent event;
  if (!entry.ReadEvent(&event) || event.after().state() != v1::Case::CLOSED) return absl::OkStatus();
  GW_ASSIGN_OR_RETURN(CaseFile file, LockCase(tx, entry.subject()));
  if (file.subject.seq != entry.entry.subject_seq()) return absl::OkStatus();  // it has moved on

  Step step{.action = v1::START_MONITORING, .event_time = EntryTime(entry), .received = call.now};
  GW_RETURN_IF_ERROR(Advance(*casework.policy, file, step));
  // The first recheck of the type; a type without rechecks is watched until somebody looks.
  file.recheck_time = domain::StageDue(domain::Stage::kRecheck, step.event_time,
                                       casework.policy->TypeOf(file.category), casework.policy->calendar);
  return Record(tx, call, *casework.policy, file, step).status();
}

}  // namespace gridwarden::casework
