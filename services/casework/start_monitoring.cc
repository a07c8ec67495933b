#include "base/status.h"
#include "casework/case_repository.h"
#include "casework/casework.h"
#include "casework/closing.h"
#include "casework/rules.h"
#include "casework/step.h"
#include "domain/workflow/recheck.h"
#include "gridwarden/casework/v1/case_event.pb.h"

namespace gridwarden::casework {

absl::Status MonitorOnClosing(const Casework& casework, const rpc::Call& call, db::Transaction& tx,
                              const journal::FeedEntry& entry) {
  v1::CaseEvent event;
  if (!entry.ReadEvent(&event) || event.after().state() != v1::Case::CLOSED) return absl::OkStatus();
  if (event.after().forced())
    return absl::OkStatus();  // closed by force, it stays so: there is no fix to watch
  GW_ASSIGN_OR_RETURN(CaseFile file, LockCase(tx, entry.subject()));
  if (file.subject.seq != entry.entry.subject_seq()) return absl::OkStatus();  // it has moved on

  Step step{.action = v1::START_MONITORING, .event_time = EntryTime(entry), .received = call.now};
  GW_RETURN_IF_ERROR(Advance(*casework.policy, file, step));
  // A type without rechecks is watched until somebody looks.
  const std::vector<absl::Time> planned =
      domain::PlannedRechecks(TypeOf(*casework.policy, *casework.directory.ground(), file), ClosedTime(file),
                              file.details.stored_until_date());
  file.details.set_rechecks_done(0);
  file.recheck_time = domain::NextRecheck(planned, 0);
  return Record(tx, call, *casework.policy, file, step).status();
}

}  // namespace gridwarden::casework
