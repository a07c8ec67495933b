#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "casework/rules.h"
#include "casework/signal_repository.h"
#include "casework/signal_rules.h"
#include "casework/signal_service.h"
#include "casework/step.h"
#include "casework/timestamps.h"
#include "domain/policy/signal_rules.h"
#include "platform/rpc/mutate.h"

namespace gridwarden::casework {
namespace {

absl::Status CheckNotFinal(const domain::Policy& policy, const SignalFile& signal, absl::Time now) {
  const absl::Duration limit = domain::SignalRulesOf(policy).unmerge;
  if (now - FromTimestamp(signal.details.merge_time()) <= limit) return absl::OkStatus();
  return FailedPrecondition("MERGE_FINAL", "the merge is too old to be taken back",
                            {{"days", absl::StrCat(limit / absl::Hours(24))}});
}

}  // namespace

absl::StatusOr<v1::Signal> UnmergeSignal(const Casework& casework, const rpc::Call& call,
                                         const v1::UnmergeSignalRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = casework.directory.ground();
  const domain::Policy& policy = *casework.policy;
  GW_RETURN_IF_ERROR(CheckText("reason", request.reason(), true));
  return rpc::Mutate<v1::Signal>(
      casework.database, call, request, [&](db::Transaction& tx) -> absl::StatusOr<v1::Signal> {
        GW_ASSIGN_OR_RETURN(SignalFile signal, LockSignal(tx, request.name()));
        GW_ASSIGN_OR_RETURN(const access::Acting acting, AllowSignalDecision(*ground, call, signal));
        GW_RETURN_IF_ERROR(CheckEtag(request.etag(), signal.subject.seq, request.name()));

        Step step{.action = v1::UNMERGE,
                  .acting = acting,
                  .event_time = call.now,
                  .received = call.now,
                  .request_id = request.request_id(),
                  .reason = request.reason()};
        GW_RETURN_IF_ERROR(Advance(policy, signal, step));
        GW_RETURN_IF_ERROR(CheckNotFinal(policy, signal, call.now));
        signal.details.clear_merged_into();
        signal.details.clear_merge_reason();
        signal.details.clear_merge_time();
        // What the reporter was told no longer holds.
        signal.details.clear_reporter_told_time();
        return Record(tx, call, policy, signal, step);
      });
}

}  // namespace gridwarden::casework
