#include "casework/accept_case.h"

#include <algorithm>

#include "base/status.h"
#include "casework/case_repository.h"
#include "casework/casework.h"
#include "casework/history_repository.h"
#include "casework/rules.h"
#include "casework/step.h"
#include "platform/rpc/mutate.h"

namespace gridwarden::casework {

absl::StatusOr<v1::Case> AcceptCase(const Casework& casework, const rpc::Call& call,
                                    const v1::AcceptCaseRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = casework.directory.ground();
  return rpc::Mutate<v1::Case>(
      casework.database, call, request, [&](db::Transaction& tx) -> absl::StatusOr<v1::Case> {
        GW_ASSIGN_OR_RETURN(CaseFile file, LockCase(tx, request.name()));
        GW_ASSIGN_OR_RETURN(const access::Acting acting,
                            access::AllowAssigned(*ground, call, file.handler.id));
        GW_RETURN_IF_ERROR(CheckEtag(request.etag(), file.subject.seq, request.name()));
        Step step{.action = v1::ACCEPT,
                  .acting = acting,
                  .event_time = call.now,
                  .received = call.now,
                  .request_id = request.request_id()};
        if (request.has_event_time() || request.has_earliest_time()) {
          GW_ASSIGN_OR_RETURN(const absl::Time dispatched,
                              LastReceived(tx, Aggregate::kCase, file.id, {v1::DISPATCH}));
          const absl::Time not_before = std::max(file.event_time, NotBeforeAsked(dispatched));
          if (request.has_event_time()) {
            GW_ASSIGN_OR_RETURN(step.event_time, EventTime(call, request.event_time(), not_before));
          }
          GW_ASSIGN_OR_RETURN(step.earliest, EarliestOf(request, step.event_time, not_before));
        }
        GW_RETURN_IF_ERROR(Advance(*casework.policy, file, step));
        return Record(tx, call, *casework.policy, file, step);
      });
}

absl::Status AcceptSilently(db::Transaction& tx, const rpc::Call& call, const domain::Policy& policy,
                            CaseFile& file, absl::Time when) {
  Step step{.action = v1::SILENT_ACCEPT, .event_time = when, .received = call.now};
  GW_RETURN_IF_ERROR(Advance(policy, file, step));
  file.details.set_silently_accepted(true);
  return Record(tx, call, policy, file, step).status();
}

}  // namespace gridwarden::casework
