#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "casework/casework.h"
#include "casework/rules.h"
#include "casework/signal_repository.h"
#include "casework/signal_rules.h"
#include "casework/step.h"
#include "casework/timestamps.h"
#include "platform/rpc/mutate.h"

namespace gridwarden::casework {
namespace {

constexpr std::string_view kReasons = "REJECTION";

// A signal whose reporter is known is rejected by two people (T5).
bool Proposes(const SignalFile& signal) {
  return signal.details.reporter_identified() && !signal.details.has_rejection_proposal();
}

absl::Status CheckAnotherPerson(const SignalFile& signal, const Uuid& person) {
  const bool same = signal.details.has_rejection_proposal() &&
                    signal.details.rejection_proposal().person() == ResourceName("persons", person);
  if (!same) return absl::OkStatus();
  return FailedPrecondition("ANOTHER_PERSON_NEEDED", "whoever proposed the rejection does not decide it too",
                            {{"seat", "不予立案的第二人"}});
}

// What people read: their own words, or those of the listed reason.
std::string WordsOf(const domain::Policy& policy, const v1::RejectSignalRequest& request) {
  const domain::Reason* listed = policy.FindReason(kReasons, request.reason());
  if (listed == nullptr) return request.reason();
  return request.statement().empty() ? listed->zh : absl::StrCat(listed->zh, "：", request.statement());
}

// The proposal stays on record; the office's clock runs on until somebody decides.
void Propose(const rpc::Call& call, const access::Acting& acting, std::string words,
             std::optional<absl::Time> due, SignalFile& signal, Step& step) {
  v1::Consent& proposal = *signal.details.mutable_rejection_proposal();
  proposal.set_seat("PROPOSER");
  proposal.set_person(ResourceName("persons", call.principal.person));
  proposal.set_post(ResourceName("posts", acting.post));
  proposal.set_agrees(true);
  proposal.set_reason(std::move(words));
  *proposal.mutable_time() = ToTimestamp(call.now);
  signal.due_time = due;
  step.ended_clock.clear();
  step.ended_late = false;
  step.ended_uncertain = false;
}

}  // namespace

absl::StatusOr<v1::Signal> RejectSignal(const Casework& casework, const rpc::Call& call,
                                        const v1::RejectSignalRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = casework.directory.ground();
  const domain::Policy& policy = *casework.policy;
  GW_RETURN_IF_ERROR(CheckText("reason", request.reason(), true));
  GW_RETURN_IF_ERROR(CheckText("statement", request.statement()));
  GW_RETURN_IF_ERROR(domain::CheckReason(policy, kReasons, request.reason(), "reason"));
  return rpc::Mutate<v1::Signal>(
      casework.database, call, request, [&](db::Transaction& tx) -> absl::StatusOr<v1::Signal> {
        GW_ASSIGN_OR_RETURN(SignalFile signal, LockSignal(tx, request.name()));
        GW_ASSIGN_OR_RETURN(const access::Acting acting, AllowSignalDecision(*ground, call, signal));
        GW_RETURN_IF_ERROR(CheckEtag(request.etag(), signal.subject.seq, request.name()));

        const bool proposes = Proposes(signal);
        const std::optional<absl::Time> due = signal.due_time;
        Step step{.action = proposes ? v1::PROPOSE_REJECT : v1::REJECT,
                  .acting = acting,
                  .event_time = call.now,
                  .received = call.now,
                  .request_id = request.request_id(),
                  .reason = WordsOf(policy, request)};
        GW_RETURN_IF_ERROR(Advance(policy, signal, step));
        if (proposes) {
          Propose(call, acting, step.reason, due, signal, step);
          return Record(tx, call, policy, signal, step);
        }
        GW_RETURN_IF_ERROR(CheckAnotherPerson(signal, call.principal.person));
        signal.reject_reason = step.reason;
        if (policy.FindReason(kReasons, request.reason()) != nullptr)
          signal.details.set_reject_reason_code(request.reason());
        *signal.details.mutable_reject_time() = ToTimestamp(call.now);
        return Record(tx, call, policy, signal, step);
      });
}

}  // namespace gridwarden::casework
