#include "absl/strings/str_format.h"
#include "base/status.h"
#include "casework/birth.h"
#include "casework/case_repository.h"
#include "casework/casework.h"
#include "casework/media_repository.h"
#include "casework/proof.h"
#include "casework/rules.h"
#include "casework/signal_repository.h"
#include "casework/signal_rules.h"
#include "casework/step.h"
#include "domain/workflow/conditions.h"
#include "platform/rpc/mutate.h"

namespace gridwarden::casework {
namespace {

// The case a signal becomes: it stands where and when the problem was found. Its clock runs from the latest
// that can have been.
CaseFile CaseOf(const domain::Policy& policy, const SignalFile& signal, const Uuid& id) {
  CaseFile file;
  file.id = id;
  file.chain = id;
  file.category = signal.category;
  file.place = signal.place;
  file.source = signal.source;
  file.description = signal.description;
  file.signals = {signal.id};
  file.event_time = signal.event_time;
  if (IsUncertain(policy, EarliestOf(signal), signal.event_time)) file.details.set_time_uncertain(true);
  return file;
}

// A visit may bring photos that are another case's evidence: they stay with the signal and file nothing.
absl::Status CheckFiling(db::Transaction& tx, const domain::Policy& policy, const SignalFile& signal) {
  const auto conditions = [&](const std::vector<type::v1::Evidence>& evidence) {
    return domain::FilingConditions(policy, policy.TypeOf(signal.category),
                                    static_cast<domain::Channel>(signal.channel), ToDomain(signal.answers),
                                    ToDomain(evidence));
  };
  GW_RETURN_IF_ERROR(conditions(signal.evidence));
  GW_ASSIGN_OR_RETURN(const std::vector<std::string> own, ReadMediaOfSignal(tx, signal.id));
  if (conditions(Among(signal.evidence, MediaNames(own))).ok()) return absl::OkStatus();
  const std::vector<type::v1::Evidence> foreign = NotAmong(signal.evidence, MediaNames(own));
  return FailedPrecondition("PHOTO_OF_OTHER_CASE",
                            "the signal rests on a photo that is evidence of another signal or case",
                            {{"media", foreign.empty() ? "" : foreign.front().media()}});
}

// The problem came back at a case under watch: its closure did not hold (T22). The old case is locked after
// the signal and before the new one is born, as SubmitRecheck does.
absl::Status Contradict(db::Transaction& tx, const rpc::Call& call, const domain::Policy& policy,
                        const domain::Ground& ground, const v1::FileCaseRequest& request,
                        const SignalFile& signal, CaseFile& file) {
  GW_ASSIGN_OR_RETURN(CaseFile old, LockCase(tx, request.rebound_of()));
  GW_ASSIGN_OR_RETURN(const access::Acting acting, access::AllowAt(ground, call, old.place.division));
  Step step{.action = v1::CONTRADICT,
            .acting = acting,
            .event_time = signal.event_time,
            .earliest = EarliestOf(signal),
            .received = call.now,
            .request_id = request.request_id(),
            .reason = ResourceName("signals", signal.id)};
  GW_RETURN_IF_ERROR(Advance(policy, old, step));
  if (old.close_time && signal.event_time < *old.close_time) {
    return FailedPrecondition("EVENT_TIME_BEFORE_CASE", "the signal was found before the case was closed");
  }
  GW_RETURN_IF_ERROR(domain::CheckRebound(policy.TypeOf(signal.category),
                                          domain::Compare(policy, SightingOf(signal), SightingOf(old))));
  file.chain = old.chain;
  file.rebound_of = old.id;
  file.disposition = old.disposition;
  old.held = v1::Case::NOT_HELD;
  old.recheck_time.reset();
  old.rebounded_into = file.id;
  return Record(tx, call, policy, old, step).status();
}

}  // namespace

absl::StatusOr<v1::Case> FileCase(const Casework& casework, const rpc::Call& call,
                                  const v1::FileCaseRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = casework.directory.ground();
  const domain::Policy& policy = *casework.policy;
  GW_ASSIGN_OR_RETURN(const Uuid case_id, ParseId(request.case_id(), "case_id"));
  if (!request.category().empty() && policy.FindCategory(request.category()) == nullptr) {
    return InvalidField("category", absl::StrFormat("got %s, want a category of the policy",
                                                    request.category().substr(0, 80)));
  }
  return rpc::Mutate<v1::Case>(
      casework.database, call, request, [&](db::Transaction& tx) -> absl::StatusOr<v1::Case> {
        GW_ASSIGN_OR_RETURN(SignalFile signal, LockSignal(tx, request.signal()));
        GW_ASSIGN_OR_RETURN(const access::Acting acting, AllowSignalDecision(*ground, call, signal));
        GW_RETURN_IF_ERROR(CheckEtag(request.etag(), signal.subject.seq, request.signal()));
        if (!request.category().empty()) signal.category = request.category();

        Step filed{.action = v1::FILE,
                   .acting = acting,
                   .event_time = call.now,
                   .received = call.now,
                   .request_id = request.request_id()};
        GW_RETURN_IF_ERROR(Advance(policy, signal, filed));
        GW_RETURN_IF_ERROR(CheckFiling(tx, policy, signal));
        signal.details.clear_rejection_proposal();
        signal.case_id = case_id.IsNil() ? Uuid::Make(call.now) : case_id;
        CaseFile file = CaseOf(policy, signal, signal.case_id);
        file.filing_division = acting.division;
        file.filing_path = ground->PathKeyNear(acting.division, call.now, absl::InfiniteFuture());

        GW_RETURN_IF_ERROR(Record(tx, call, policy, signal, filed).status());
        if (!request.rebound_of().empty())
          GW_RETURN_IF_ERROR(Contradict(tx, call, policy, *ground, request, signal, file));
        return Bear(tx, call, policy, *ground, file, filed);
      });
}

}  // namespace gridwarden::casework
