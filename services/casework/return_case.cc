#include "base/status.h"
#include "casework/case_repository.h"
#include "casework/casework.h"
#include "casework/handler.h"
#include "casework/rules.h"
#include "casework/step.h"
#include "platform/rpc/mutate.h"

namespace gridwarden::casework {

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
        GW_RETURN_IF_ERROR(Advance(*casework.policy, file, step));
        GW_RETURN_IF_ERROR(RecordReturn(tx, file.id, file.handler.id, call.now));
        file.handler = Handler();
        file.cooperators.clear();
        return Record(tx, call, *casework.policy, file, step);
      });
}

}  // namespace gridwarden::casework
