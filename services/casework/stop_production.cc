#include "base/status.h"
#include "casework/case_repository.h"
#include "casework/casework.h"
#include "casework/closing.h"
#include "casework/media_repository.h"
#include "casework/rules.h"
#include "casework/step.h"
#include "casework/timestamps.h"
#include "domain/clock/stage_clock.h"
#include "domain/workflow/case_workflow.h"
#include "domain/workflow/conditions.h"
#include "platform/rpc/mutate.h"

namespace gridwarden::casework {
namespace {

// Whoever has to put it right, and whoever looks after the ground.
absl::StatusOr<access::Acting> AllowStop(const domain::Ground& ground, const rpc::Call& call,
                                         const CaseFile& file) {
  absl::StatusOr<access::Acting> on_the_ground =
      AllowAs(ground, call, file.place.division, access::kInspectors | access::kDispatchers);
  if (on_the_ground.ok() || file.handler.id.IsNil()) return on_the_ground;
  absl::StatusOr<access::Acting> handler = access::AllowAssigned(ground, call, file.handler.id);
  return handler.ok() ? handler : on_the_ground;
}

absl::Status CheckStoppable(const domain::CaseType& type, const CaseFile& file) {
  const auto state = static_cast<domain::CaseState>(file.state);
  constexpr domain::Action kStop = domain::Action::kStopProduction;
  if (type.stop_first.span <= absl::ZeroDuration()) {
    return FailedPrecondition("ILLEGAL_TRANSITION", "this type of case knows no stop before the fix",
                              {{"state", std::string(domain::ZhOf(state))},
                               {"action", std::string(domain::ZhOf(kStop))},
                               {"state_name", std::string(domain::NameOf(state))},
                               {"action_name", std::string(domain::NameOf(kStop))}});
  }
  if (file.details.has_stop_time())
    return FailedPrecondition("ALREADY_DECIDED", "production was seen to stand still before");
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<v1::Case> StopProduction(const Casework& casework, const rpc::Call& call,
                                        const v1::StopProductionRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = casework.directory.ground();
  const domain::Policy& policy = *casework.policy;
  GW_ASSIGN_OR_RETURN(const Proof proof,
                      ReadProof(policy, {request.evidence().begin(), request.evidence().end()}, {},
                                request.has_position() ? &request.position() : nullptr));
  GW_RETURN_IF_ERROR(CheckText("note", request.note()));
  return rpc::Mutate<v1::Case>(
      casework.database, call, request, [&](db::Transaction& tx) -> absl::StatusOr<v1::Case> {
        GW_ASSIGN_OR_RETURN(CaseFile file, LockCase(tx, request.name()));
        GW_ASSIGN_OR_RETURN(const access::Acting acting, AllowStop(*ground, call, file));
        GW_RETURN_IF_ERROR(CheckEtag(request.etag(), file.subject.seq, request.name()));
        GW_ASSIGN_OR_RETURN(const absl::Time event_time,
                            EventTime(call, request.event_time(), file.event_time));
        GW_ASSIGN_OR_RETURN(const std::optional<absl::Time> earliest,
                            EarliestOf(request, event_time, file.event_time));

        Step step{.action = v1::STOP_PRODUCTION,
                  .acting = acting,
                  .event_time = event_time,
                  .earliest = earliest,
                  .received = call.now,
                  .request_id = request.request_id(),
                  .note = request.note(),
                  .proof = proof};
        GW_RETURN_IF_ERROR(Advance(policy, file, step));
        const domain::CaseType& type = TypeOf(policy, *ground, file);
        GW_RETURN_IF_ERROR(CheckStoppable(type, file));
        GW_ASSIGN_OR_RETURN(const std::vector<std::string> shown, ReadMediaOfChain(tx, file.chain));
        GW_RETURN_IF_ERROR(domain::StopEvidence(ToDomain(NotAmong(proof.evidence, MediaNames(shown)))));
        // Counted from the filing: before it nobody could have been told to stop.
        const absl::Time due = domain::AddLimit(file.file_time, type.stop_first, policy.calendar);
        step.ended_clock = "STOP";
        step.ended_late = earliest.value_or(event_time) > due;
        step.ended_uncertain = !step.ended_late && event_time > due;
        *file.details.mutable_stop_time() = ToTimestamp(event_time);

        GW_RETURN_IF_ERROR(ClaimMedia(tx, {.chain = file.chain}, DigestsOf(proof.evidence, {}),
                                      call.principal.person, call.now));
        return Record(tx, call, policy, file, step);
      });
}

}  // namespace gridwarden::casework
