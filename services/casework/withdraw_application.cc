#include "base/status.h"
#include "casework/application.h"
#include "casework/application_service.h"
#include "casework/case_repository.h"
#include "casework/rules.h"
#include "platform/rpc/mutate.h"

namespace gridwarden::casework {
namespace {

// The post it was made in, with the tenure as long as the applicant holds it.
access::Acting ActingOf(const domain::Ground& ground, const rpc::Call& call,
                        const v1::Application& application) {
  const domain::Desk desk = ApplicantDesk(ground, application);
  const domain::Tenure* tenure = ground.HolderOf(desk.post, call.now, absl::InfiniteFuture());
  const bool holds = tenure != nullptr && tenure->person == call.principal.person;
  return {desk.post, holds ? tenure->id : Uuid(), desk.kind, desk.division};
}

}  // namespace

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
        Step step{.action = v1::DECIDE,
                  .acting = ActingOf(*ground, call, application),
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
