#include <algorithm>
#include <iterator>

#include "base/status.h"
#include "casework/case_repository.h"
#include "casework/casework.h"
#include "casework/closing.h"
#include "casework/history_repository.h"
#include "casework/media_repository.h"
#include "casework/rules.h"
#include "casework/step.h"
#include "domain/clock/stage_clock.h"
#include "domain/workflow/conditions.h"
#include "platform/rpc/mutate.h"

namespace gridwarden::casework {
namespace {

// Not before the find; after a rework not before the check that still found it.
absl::StatusOr<absl::Time> EarliestFix(db::Transaction& tx, const CaseFile& file) {
  GW_ASSIGN_OR_RETURN(const std::vector<HistoryRow> reworks,
                      ReadHistoryOf(tx, Aggregate::kCase, file.id, v1::REWORK));
  return reworks.empty() ? file.event_time : std::max(file.event_time, reworks.back().latest);
}

// The state before may be shown by an older photo of the chain; the state after only by a new one.
absl::StatusOr<std::vector<type::v1::Evidence>> Counting(db::Transaction& tx, const CaseFile& file,
                                                         const Proof& proof) {
  GW_ASSIGN_OR_RETURN(const std::vector<std::string> shown, ReadMediaOfChain(tx, file.chain));
  const std::vector<type::v1::Evidence> old = Among(proof.evidence, MediaNames(shown));
  std::vector<type::v1::Evidence> counting = NotAmong(proof.evidence, MediaNames(shown));
  std::copy_if(old.begin(), old.end(), std::back_inserter(counting),
               [](const type::v1::Evidence& item) { return item.kind() != type::v1::Evidence::AFTER; });
  return counting;
}

// 先停后治: production stands still before anything is said to be put right.
absl::Status CheckStopped(const domain::CaseType& type, const CaseFile& file) {
  if (type.stop_first.span <= absl::ZeroDuration() || file.details.has_stop_time()) return absl::OkStatus();
  return FailedPrecondition("PRODUCTION_NOT_STOPPED", "production was not seen to stand still yet");
}

}  // namespace

absl::StatusOr<v1::Case> SubmitFeedback(const Casework& casework, const rpc::Call& call,
                                        const v1::SubmitFeedbackRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = casework.directory.ground();
  const domain::Policy& policy = *casework.policy;
  GW_ASSIGN_OR_RETURN(const Proof proof, ReadProofOf(policy, request));
  GW_RETURN_IF_ERROR(CheckText("note", request.note()));
  return rpc::Mutate<v1::Case>(
      casework.database, call, request, [&](db::Transaction& tx) -> absl::StatusOr<v1::Case> {
        GW_ASSIGN_OR_RETURN(CaseFile file, LockCase(tx, request.name()));
        GW_ASSIGN_OR_RETURN(const access::Acting acting,
                            access::AllowAssigned(*ground, call, file.handler.id));
        GW_RETURN_IF_ERROR(CheckEtag(request.etag(), file.subject.seq, request.name()));
        GW_ASSIGN_OR_RETURN(const absl::Time not_before, EarliestFix(tx, file));
        GW_ASSIGN_OR_RETURN(const absl::Time event_time, EventTime(call, request.event_time(), not_before));
        GW_ASSIGN_OR_RETURN(const std::optional<absl::Time> earliest,
                            EarliestOf(request, event_time, not_before));

        Step step{.action = v1::SUBMIT_FEEDBACK,
                  .acting = acting,
                  .event_time = event_time,
                  .earliest = earliest,
                  .received = call.now,
                  .request_id = request.request_id(),
                  .note = request.note(),
                  .proof = proof};
        GW_RETURN_IF_ERROR(Advance(policy, file, step));
        const domain::CaseType& type = TypeOf(policy, *ground, file);
        GW_RETURN_IF_ERROR(CheckStopped(type, file));
        GW_RETURN_IF_ERROR(CheckParts(*ground, file));
        GW_ASSIGN_OR_RETURN(const std::vector<type::v1::Evidence> counting, Counting(tx, file, proof));
        const std::vector<domain::Answer> answers = ToDomain(proof.answers);
        GW_RETURN_IF_ERROR(domain::ClosingConditions(
            policy, type, static_cast<domain::Disposition>(file.disposition), answers, ToDomain(counting)));
        GW_ASSIGN_OR_RETURN(
            const std::string stored_until,
            domain::StoredUntil(answers, absl::ToCivilDay(event_time, domain::CalendarZone())));
        file.details.set_stored_until_date(stored_until);
        GW_RETURN_IF_ERROR(TakeDuty(tx, file, call.principal.person, domain::Duty::kFixer, call.now));
        file.fixer = call.principal.person;
        file.fixer_post = acting.post;
        file.check_post = Uuid();

        GW_RETURN_IF_ERROR(ClaimMedia(tx, {.chain = file.chain}, DigestsOf(proof.evidence, proof.answers),
                                      call.principal.person, call.now));
        return Record(tx, call, policy, file, step);
      });
}

}  // namespace gridwarden::casework
