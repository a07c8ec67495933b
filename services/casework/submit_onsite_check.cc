#include <algorithm>
#include <set>

#include "base/status.h"
#include "casework/casework.h"
#include "casework/history_repository.h"
#include "casework/media_repository.h"
#include "casework/rules.h"
#include "casework/signal_repository.h"
#include "casework/signal_rules.h"
#include "casework/step.h"
#include "domain/workflow/conditions.h"
#include "gridwarden/casework/v1/case_event.pb.h"
#include "platform/rpc/mutate.h"

namespace gridwarden::casework {
namespace {

using OnsiteCheck = v1::Signal::OnsiteCheck;

// How many different people were unable to check, this one included: a second try by the same person proves
// nothing new (T5). What came before a disputed rejection no longer counts.
absl::StatusOr<int> CountUnable(db::Transaction& tx, const SignalFile& signal, const Uuid& person) {
  GW_ASSIGN_OR_RETURN(const std::vector<HistoryRow> checks,
                      ReadHistoryOf(tx, Aggregate::kSignal, signal.id, v1::SUBMIT_ONSITE_CHECK));
  GW_ASSIGN_OR_RETURN(const std::vector<HistoryRow> disputes,
                      ReadHistoryOf(tx, Aggregate::kSignal, signal.id, v1::DISPUTE));
  std::set<Uuid> people{person};
  for (const HistoryRow& check : checks) {
    if (!disputes.empty() && check.seq < disputes.back().seq) continue;
    v1::SignalEvent event;
    if (!event.ParseFromString(check.event)) return Internal("a stored signal event cannot be parsed");
    if (event.after().onsite_check().result() == OnsiteCheck::UNABLE) people.insert(check.person);
  }
  return static_cast<int>(people.size());
}

}  // namespace

absl::StatusOr<v1::Signal> SubmitOnsiteCheck(const Casework& casework, const rpc::Call& call,
                                             const v1::SubmitOnsiteCheckRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = casework.directory.ground();
  GW_ASSIGN_OR_RETURN(const Proof proof, ReadProofOf(*casework.policy, request));
  GW_RETURN_IF_ERROR(CheckText("note", request.note(), request.result() == OnsiteCheck::UNABLE));
  return rpc::Mutate<v1::Signal>(
      casework.database, call, request, [&](db::Transaction& tx) -> absl::StatusOr<v1::Signal> {
        GW_ASSIGN_OR_RETURN(SignalFile signal, LockSignal(tx, request.name()));
        GW_ASSIGN_OR_RETURN(const access::Acting acting,
                            access::AllowAssigned(*ground, call, signal.onsite.post));
        GW_RETURN_IF_ERROR(CheckEtag(request.etag(), signal.subject.seq, request.name()));
        GW_ASSIGN_OR_RETURN(const absl::Time asked,
                            LastReceived(tx, Aggregate::kSignal, signal.id, {v1::REQUEST_ONSITE_CHECK}));
        const absl::Time not_before = std::max(signal.event_time, NotBeforeAsked(asked));
        GW_ASSIGN_OR_RETURN(const absl::Time event_time, EventTime(call, request.event_time(), not_before));
        GW_ASSIGN_OR_RETURN(const std::optional<absl::Time> earliest,
                            EarliestOf(request, event_time, not_before));

        GW_RETURN_IF_ERROR(CheckNotAccused(tx, *ground, signal, Uuid(), call.principal.person, event_time));

        Step step{.action = v1::SUBMIT_ONSITE_CHECK,
                  .acting = acting,
                  .event_time = event_time,
                  .earliest = earliest,
                  .received = call.now,
                  .request_id = request.request_id(),
                  .reason = OnsiteCheck::Result_Name(request.result()),
                  .note = request.note(),
                  .proof = proof};
        GW_RETURN_IF_ERROR(Advance(*casework.policy, signal, step));
        // What the lead came with, or an earlier check showed, is no proof of this one.
        GW_ASSIGN_OR_RETURN(const std::vector<std::string> shown, ReadMediaOfSignal(tx, signal.id));
        GW_RETURN_IF_ERROR(domain::OnsiteEvidence(static_cast<domain::OnsiteResult>(request.result()),
                                                  ToDomain(NotAmong(proof.evidence, MediaNames(shown)))));
        if (request.result() == OnsiteCheck::UNABLE) {
          GW_ASSIGN_OR_RETURN(signal.onsite.unable_count, CountUnable(tx, signal, call.principal.person));
        }
        signal.onsite.person = call.principal.person;
        signal.onsite.result = request.result();
        signal.onsite.note = request.note();
        signal.onsite.event_time = event_time;
        AddProof(proof, signal.evidence, signal.answers);

        GW_RETURN_IF_ERROR(ClaimMedia(tx, {.signal = signal.id}, DigestsOf(proof.evidence, proof.answers),
                                      call.principal.person, call.now));
        return Record(tx, call, *casework.policy, signal, step);
      });
}

}  // namespace gridwarden::casework
