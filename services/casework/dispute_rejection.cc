#include "absl/time/time.h"
#include "base/status.h"
#include "casework/history_repository.h"
#include "casework/media_repository.h"
#include "casework/rules.h"
#include "casework/signal_repository.h"
#include "casework/signal_rules.h"
#include "casework/signal_service.h"
#include "casework/step.h"
#include "casework/timestamps.h"
#include "domain/clock/stage_clock.h"
#include "domain/policy/signal_rules.h"
#include "platform/rpc/mutate.h"

namespace gridwarden::casework {
namespace {

// Signals rejected by an older release have the time in their history only.
absl::StatusOr<absl::Time> RejectTime(db::Transaction& tx, const SignalFile& signal) {
  if (signal.details.has_reject_time()) return FromTimestamp(signal.details.reject_time());
  return LastReceived(tx, Aggregate::kSignal, signal.id, {v1::REJECT});
}

absl::Status CheckMayDispute(const domain::Policy& policy, absl::Time rejected, absl::Time now) {
  const absl::Time due = rejected + domain::SignalRulesOf(policy).dispute;
  if (now <= due) return absl::OkStatus();
  return FailedPrecondition("DISPUTE_TOO_LATE", "the rejection can no longer be disputed",
                            {{"due", absl::FormatTime("%Y-%m-%d %H:%M", due, domain::CalendarZone())}});
}

}  // namespace

absl::StatusOr<v1::Signal> DisputeRejection(const Casework& casework, const rpc::Call& call,
                                            const v1::DisputeRejectionRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = casework.directory.ground();
  const domain::Policy& policy = *casework.policy;
  GW_RETURN_IF_ERROR(CheckText("statement", request.statement(), true));
  GW_ASSIGN_OR_RETURN(const Proof proof,
                      ReadProof(policy, {request.evidence().begin(), request.evidence().end()}, {}, nullptr));
  return rpc::Mutate<v1::Signal>(
      casework.database, call, request, [&](db::Transaction& tx) -> absl::StatusOr<v1::Signal> {
        GW_ASSIGN_OR_RETURN(SignalFile signal, LockSignal(tx, request.name()));
        // Any office in scope hands it in; what comes of it is the county's.
        GW_ASSIGN_OR_RETURN(const access::Acting acting,
                            access::AllowAt(*ground, call, signal.place.division));
        GW_RETURN_IF_ERROR(CheckEtag(request.etag(), signal.subject.seq, request.name()));

        Step step{.action = v1::DISPUTE,
                  .acting = acting,
                  .event_time = call.now,
                  .received = call.now,
                  .request_id = request.request_id(),
                  .reason = request.statement(),
                  .proof = proof};
        GW_RETURN_IF_ERROR(Advance(policy, signal, step));
        if (signal.details.dispute_count() > 0)
          return FailedPrecondition("DISPUTE_USED", "a rejection is disputed once");
        GW_ASSIGN_OR_RETURN(const absl::Time rejected, RejectTime(tx, signal));
        GW_RETURN_IF_ERROR(CheckMayDispute(policy, rejected, call.now));

        // It is looked at afresh; what was said before stays in the history.
        signal.onsite = {};
        signal.reject_reason.clear();
        signal.details.clear_reject_reason_code();
        signal.details.clear_reject_time();
        signal.details.clear_rejection_proposal();
        signal.details.set_dispute_count(1);
        signal.details.set_dispute_statement(request.statement());
        StartReporterClock(policy, signal, call.now);
        AddProof(proof, signal.evidence, signal.answers);
        GW_RETURN_IF_ERROR(ClaimMedia(tx, {.signal = signal.id}, DigestsOf(proof.evidence, {}),
                                      call.principal.person, call.now));
        return Record(tx, call, policy, signal, step);
      });
}

}  // namespace gridwarden::casework
