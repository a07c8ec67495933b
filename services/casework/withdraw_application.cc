#include "base/status.h"
#include "casework/application.h"
#include "casework/application_service.h"
#include "casework/case_repository.h"
#include "casework/rules.h"
#include "platform/rpc/mutate.h"

namespace gridwarden::casework {

absl::StatusOr<v1::Application> WithdrawApplication(const Casework& casework, const rpc::Call& call,
                                                    const v1::WithdrawApplicationRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = casework.directory.ground();
  const domain::Policy& policy = *casework.policy;
  return rpc::Mutate<v1::Application>(
      casework.database, call, request, [&](db::Transaction& tx) -> absl::StatusOr<v1::Application> {
        GW_ASSIGN_OR_RETURN(const ApplicationFile found, ReadApplication(tx, request.name()));
        GW_ASSIGN_OR_RETURN(CaseFile file, LockCase(tx, found.case_id));
        GW_ASSIGN_OR_RETURN(ApplicationFile made, LockApplication(tx, request.name()));
        v1::Application& application = made.application;
        // Whoever made it takes it back, also from a post that no longer has the case.
        if (call.principal.person.IsNil() ||
            application.applicant().person() != ResourceName("persons", call.principal.person)) {
          return NotAllowed("the caller may not do this here");
        }
        GW_RETURN_IF_ERROR(CheckEtag(request.etag(), file.subject.seq, application.case_()));
        if (application.state() != v1::Application::PENDING)
          return FailedPrecondition("ALREADY_DECIDED", "the application no longer waits");

        application.set_state(v1::Application::WITHDRAWN);
        EndApplication(call, file, application);
        GW_RETURN_IF_ERROR(SaveApplication(tx, made));
        GW_ASSIGN_OR_RETURN(const Uuid post, ParseResourceName("posts", application.applicant().post()));
        Step step{.action = v1::DECIDE,
                  .acting = {.post = post},
                  .event_time = call.now,
                  .received = call.now,
                  .request_id = request.request_id(),
                  .reason = kWithdrawn,
                  .application = application};
        GW_RETURN_IF_ERROR(Advance(policy, file, step));
        GW_ASSIGN_OR_RETURN(const v1::Case after, Record(tx, call, policy, file, step));
        application.set_etag(after.etag());
        return application;
      });
}

}  // namespace gridwarden::casework
