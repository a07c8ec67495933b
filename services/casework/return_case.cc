#include "base/status.h"
#include "casework/case_repository.h"
#include "casework/casework.h"
#include "casework/handler.h"
#include "casework/rules.h"
#include "casework/step.h"
#include "casework/timestamps.h"
#include "domain/clock/stage_clock.h"
#include "platform/rpc/mutate.h"

namespace gridwarden::casework {
namespace {

// Who does not answer within the accept limit has it (T7, T9).
absl::Status CheckInTime(const rpc::Call& call, const std::optional<absl::Time>& due) {
  if (!due || call.now <= *due) return absl::OkStatus();
  return FailedPrecondition("RETURN_TOO_LATE", "the time to accept or give back has run out",
                            {{"due", absl::FormatTime("%Y-%m-%d %H:%M", *due, domain::CalendarZone())}});
}

// Judged when the case is dispatched again.
void NoteReturn(const rpc::Call& call, const std::string& proposed_handler, CaseFile& file) {
  v1::ReturnOutcome& outcome = *file.details.add_return_outcomes();
  outcome.set_handler(ResourceName(file.handler.is_unit ? "units" : "posts", file.handler.id));
  outcome.set_proposed_handler(proposed_handler);
  *outcome.mutable_return_time() = ToTimestamp(call.now);
  outcome.set_outcome(v1::ReturnOutcome::UNDECIDED);
}

}  // namespace

absl::StatusOr<v1::Case> ReturnCase(const Casework& casework, const rpc::Call& call,
                                    const v1::ReturnCaseRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = casework.directory.ground();
  GW_RETURN_IF_ERROR(CheckText("reason", request.reason(), true));
  GW_RETURN_IF_ERROR(ReadHandler(*ground, request.proposed_handler(), "proposed_handler").status());
  return rpc::Mutate<v1::Case>(
      casework.database, call, request, [&](db::Transaction& tx) -> absl::StatusOr<v1::Case> {
        GW_ASSIGN_OR_RETURN(CaseFile file, LockCase(tx, request.name()));
        GW_ASSIGN_OR_RETURN(const access::Acting acting,
                            access::AllowAssigned(*ground, call, file.handler.id));
        GW_RETURN_IF_ERROR(CheckEtag(request.etag(), file.subject.seq, request.name()));

        Step step{.action = v1::RETURN,
                  .acting = acting,
                  .event_time = call.now,
                  .received = call.now,
                  .request_id = request.request_id(),
                  .reason = request.reason(),
                  .proposed_handler = request.proposed_handler()};
        const std::optional<absl::Time> accept_due = file.due_time;
        GW_RETURN_IF_ERROR(Advance(*casework.policy, file, step));
        GW_RETURN_IF_ERROR(CheckInTime(call, accept_due));
        GW_RETURN_IF_ERROR(RecordReturn(tx, file.id, file.handler.id, call.now));
        NoteReturn(call, request.proposed_handler(), file);
        file.handler = Handler();
        file.cooperators.clear();
        return Record(tx, call, *casework.policy, file, step);
      });
}

}  // namespace gridwarden::casework
