#include <algorithm>
#include <variant>

#include "absl/strings/str_format.h"
#include "base/status.h"
#include "casework/case_repository.h"
#include "casework/rules.h"
#include "casework/signal_repository.h"
#include "casework/signal_rules.h"
#include "casework/signal_service.h"
#include "casework/step.h"
#include "casework/timestamps.h"
#include "platform/rpc/mutate.h"

namespace gridwarden::casework {
namespace {

// What a signal is merged into, and what it is compared with.
struct Target {
  std::string name;  // cases/{uuid} or signals/{uuid}
  Uuid division;
  domain::Sighting sighting;
  bool open = false;
  std::string_view state;  // for people
};

Target TargetOf(const CaseFile& file) {
  const auto state = static_cast<domain::CaseState>(file.state);
  return {ResourceName("cases", file.id), file.place.division, SightingOf(file), domain::IsOpen(state),
          domain::ZhOf(state)};
}

Target TargetOf(const SignalFile& signal) {
  const auto state = static_cast<domain::SignalState>(signal.state);
  return {ResourceName("signals", signal.id), signal.place.division, SightingOf(signal),
          domain::IsOpen(state), domain::ZhOf(state)};
}

struct Pair {
  SignalFile signal;
  Target target;
};

// Signals are locked before cases and, among themselves, lowest id first: two that are merged into each other
// at once are served in turn. A signal that was filed stands for its case.
absl::StatusOr<Pair> LockPair(db::Transaction& tx, const v1::MergeSignalRequest& request) {
  Pair pair;
  if (request.into().starts_with("cases/")) {
    GW_ASSIGN_OR_RETURN(pair.signal, LockSignal(tx, request.name()));
    GW_ASSIGN_OR_RETURN(const CaseFile file, LockCase(tx, request.into()));
    pair.target = TargetOf(file);
    return pair;
  }
  std::string first = request.name(), second = request.into();
  if (second < first) std::swap(first, second);
  GW_ASSIGN_OR_RETURN(const SignalFile one, LockSignal(tx, first));
  GW_ASSIGN_OR_RETURN(const SignalFile other, LockSignal(tx, second));
  const bool in_order = first == request.name();
  pair.signal = in_order ? one : other;
  const SignalFile& into = in_order ? other : one;
  pair.target = TargetOf(into);
  if (into.state == v1::Signal::FILED) {
    GW_ASSIGN_OR_RETURN(const CaseFile file, LockCase(tx, into.case_id));
    pair.target = TargetOf(file);
  }
  return pair;
}

absl::Status CheckNames(const v1::MergeSignalRequest& request) {
  GW_ASSIGN_OR_RETURN(const Uuid signal, ParseResourceName("signals", request.name()));
  const bool is_case = request.into().starts_with("cases/");
  GW_ASSIGN_OR_RETURN(const Uuid into,
                      ParseResourceName(is_case ? "cases" : "signals", request.into(), "into"));
  if (signal.IsNil()) return InvalidField("name", "got nothing, want signals/{uuid}");
  if (into.IsNil()) return InvalidField("into", "got nothing, want cases/{uuid} or signals/{uuid}");
  if (signal == into) return InvalidField("into", "got the signal itself, want another one or a case");
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<v1::Signal> MergeSignal(const Casework& casework, const rpc::Call& call,
                                       const v1::MergeSignalRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = casework.directory.ground();
  const domain::Policy& policy = *casework.policy;
  GW_RETURN_IF_ERROR(CheckNames(request));
  GW_RETURN_IF_ERROR(CheckText("reason", request.reason(), true));
  return rpc::Mutate<v1::Signal>(
      casework.database, call, request, [&](db::Transaction& tx) -> absl::StatusOr<v1::Signal> {
        GW_ASSIGN_OR_RETURN(Pair pair, LockPair(tx, request));
        SignalFile& signal = pair.signal;
        GW_ASSIGN_OR_RETURN(const access::Acting acting, AllowSignalDecision(*ground, call, signal));
        GW_RETURN_IF_ERROR(access::AllowAt(*ground, call, pair.target.division).status());
        GW_RETURN_IF_ERROR(CheckEtag(request.etag(), signal.subject.seq, request.name()));

        Step step{.action = v1::MERGE,
                  .acting = acting,
                  .event_time = call.now,
                  .received = call.now,
                  .request_id = request.request_id(),
                  .reason = request.reason()};
        GW_RETURN_IF_ERROR(Advance(policy, signal, step));
        if (!pair.target.open) {
          return FailedPrecondition(
              "MERGE_TARGET_ENDED", "a signal is merged into open work only",
              {{"target", pair.target.name}, {"state", std::string(pair.target.state)}});
        }
        GW_RETURN_IF_ERROR(
            domain::CheckSameProblem(policy.TypeOf(signal.category),
                                     domain::Compare(policy, SightingOf(signal), pair.target.sighting)));
        signal.details.set_merged_into(pair.target.name);
        signal.details.set_merge_reason(request.reason());
        *signal.details.mutable_merge_time() = ToTimestamp(call.now);
        signal.details.clear_rejection_proposal();
        return Record(tx, call, policy, signal, step);
      });
}

}  // namespace gridwarden::casework
