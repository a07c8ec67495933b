#include "base/status.h"
#include "casework/application.h"
#include "casework/application_service.h"
#include "casework/case_repository.h"
#include "casework/closing.h"
#include "casework/handler.h"
#include "casework/proof.h"
#include "casework/reporter.h"
#include "casework/routing.h"
#include "casework/rules.h"
#include "casework/timestamps.h"
#include "platform/rpc/mutate.h"

namespace gridwarden::casework {
namespace {

// What a decision is made with: the locked rows and who decides.
struct Deciding {
  const rpc::Call& call;
  const domain::Policy& policy;
  const domain::Ground& ground;
  CaseFile& file;
  ApplicationFile& made;
  Step& step;
};

v1::Consent ConsentOf(const rpc::Call& call, const domain::Sitting& sitting,
                      const v1::DecideApplicationRequest& request) {
  v1::Consent consent;
  consent.set_seat(std::string(domain::NameOf(sitting.seat)));
  consent.set_person(ResourceName("persons", call.principal.person));
  consent.set_post(ResourceName("posts", sitting.desk.post));
  consent.set_agrees(request.agrees());
  consent.set_reason(request.reason());
  *consent.mutable_time() = ToTimestamp(call.now);
  return consent;
}

access::Acting ActingAt(const domain::Ground& ground, const rpc::Call& call, const domain::Desk& desk) {
  const domain::Tenure* tenure = ground.HolderOf(desk.post, call.now, absl::InfiniteFuture());
  return {desk.post, tenure == nullptr ? Uuid() : tenure->id, desk.kind, desk.division};
}

absl::Status BeginSuspension(Deciding& d) {
  v1::Suspension& suspension = *d.file.details.mutable_suspension();
  suspension = d.made.application.suspension();
  *suspension.mutable_start_time() = ToTimestamp(d.call.now);
  GW_RETURN_IF_ERROR(Advance(d.policy, d.file, d.step));
  if (d.file.due_time) *suspension.mutable_review_due_time() = ToTimestamp(*d.file.due_time);
  return absl::OkStatus();
}

// Closed by force: counted apart and never on time; a first closing keeps its time and its verdict.
absl::Status CloseByForce(db::Transaction& tx, Deciding& d) {
  GW_RETURN_IF_ERROR(CheckReporterContent(tx, d.file));
  const bool again = WasClosed(d.file);
  GW_RETURN_IF_ERROR(Advance(d.policy, d.file, d.step));
  d.file.details.set_forced(true);
  if (again) {
    *d.file.details.mutable_reclose_time() = ToTimestamp(d.call.now);
  } else {
    d.file.close_time = d.call.now;
    d.file.closed_on_time = false;
    d.file.held = v1::Case::NOT_RECHECKED;
  }
  return absl::OkStatus();
}

absl::Status DispatchOutsideList(Deciding& d) {
  const v1::Application& asked = d.made.application;
  GW_ASSIGN_OR_RETURN(const Handler handler, ReadHandler(d.ground, asked.handler(), "handler"));
  GW_RETURN_IF_ERROR(CheckHeld(d.ground, handler, d.call.now));
  GW_ASSIGN_OR_RETURN(const std::vector<Uuid> cooperators, ReadCooperators(d.ground, asked.cooperators()));
  GW_RETURN_IF_ERROR(Advance(d.policy, d.file, d.step));
  Entrust(d.ground, handler, cooperators, "", d.file);
  *d.file.details.mutable_outside_list() = *asked.decisions().rbegin();
  return absl::OkStatus();
}

// The last seat agreed: the act itself is the event.
absl::Status PutInForce(db::Transaction& tx, Deciding& d) {
  const auto kind = static_cast<domain::ApplicationKind>(d.made.application.kind());
  d.step.action = static_cast<v1::Action>(domain::ActOf(kind));
  d.step.reason = d.made.application.reason_code();
  GW_RETURN_IF_ERROR(FillStarts(tx, d.file));
  switch (kind) {
    case domain::ApplicationKind::kPostponement:
    case domain::ApplicationKind::kVoiding:
      return Advance(d.policy, d.file, d.step);
    case domain::ApplicationKind::kSuspension:
      return BeginSuspension(d);
    case domain::ApplicationKind::kForcedClosing:
      return CloseByForce(tx, d);
    case domain::ApplicationKind::kDispatchOutsideList:
      return DispatchOutsideList(d);
    case domain::ApplicationKind::kUnspecified:
      break;
  }
  return Internal("an application of no kind");
}

}  // namespace

absl::StatusOr<v1::Application> DecideApplication(const Casework& casework, const rpc::Call& call,
                                                  const v1::DecideApplicationRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = casework.directory.ground();
  const domain::Policy& policy = *casework.policy;
  GW_RETURN_IF_ERROR(CheckText("reason", request.reason(), !request.agrees()));
  return rpc::Mutate<v1::Application>(
      casework.database, call, request, [&](db::Transaction& tx) -> absl::StatusOr<v1::Application> {
        GW_ASSIGN_OR_RETURN(const ApplicationFile found, ReadApplication(tx, request.name()));
        GW_ASSIGN_OR_RETURN(CaseFile file, LockCase(tx, found.case_id));
        GW_ASSIGN_OR_RETURN(ApplicationFile made, LockApplication(tx, request.name()));
        v1::Application& application = made.application;
        GW_RETURN_IF_ERROR(access::AllowAt(*ground, call, file.place.division).status());
        const std::vector<domain::Seat> seats = SeatsIn(application);
        const std::vector<domain::Desk> desks = DesksOf(*ground, call, file.place.division);
        GW_ASSIGN_OR_RETURN(const Uuid applicant,
                            ParseResourceName("persons", application.applicant().person()));
        const absl::StatusOr<domain::Sitting> sitting =
            domain::TakeSeat(seats, TakenIn(application), applicant, ApplicantDesk(*ground, application),
                             call.principal.person, desks);
        if (absl::IsPermissionDenied(sitting.status())) return sitting.status();
        GW_RETURN_IF_ERROR(CheckEtag(request.etag(), file.subject.seq, application.case_()));
        if (application.state() != v1::Application::PENDING)
          return FailedPrecondition("ALREADY_DECIDED", "the application no longer waits");
        GW_RETURN_IF_ERROR(sitting.status());

        const v1::Consent consent = ConsentOf(call, *sitting, request);
        *application.add_decisions() = consent;
        GW_RETURN_IF_ERROR(InsertDecision(tx, made.id, consent));
        const bool full = request.agrees() && domain::IsFull(seats, TakenIn(application));
        if (full || !request.agrees()) {
          application.set_state(full ? v1::Application::APPROVED : v1::Application::REFUSED);
          EndApplication(call, file, application);
        }
        GW_RETURN_IF_ERROR(SaveApplication(tx, made));

        Step step{.action = v1::DECIDE,
                  .acting = ActingAt(*ground, call, sitting->desk),
                  .event_time = call.now,
                  .received = call.now,
                  .request_id = request.request_id(),
                  .reason = request.agrees() ? kAgreed : kRefused,
                  .note = request.reason(),
                  .application = application};
        Deciding deciding{call, policy, *ground, file, made, step};
        GW_RETURN_IF_ERROR(full ? PutInForce(tx, deciding) : Advance(policy, file, step));
        GW_ASSIGN_OR_RETURN(const v1::Case after, Record(tx, call, policy, file, step));
        application.set_etag(after.etag());
        return application;
      });
}

}  // namespace gridwarden::casework
