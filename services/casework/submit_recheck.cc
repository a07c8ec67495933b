#include <optional>

#include "base/status.h"
#include "casework/birth.h"
#include "casework/case_repository.h"
#include "casework/casework.h"
#include "casework/closing.h"
#include "casework/history_repository.h"
#include "casework/media_repository.h"
#include "casework/rebound.h"
#include "casework/rules.h"
#include "casework/step.h"
#include "domain/workflow/conditions.h"
#include "domain/workflow/recheck.h"
#include "domain/workflow/separation.h"
#include "platform/rpc/mutate.h"

namespace gridwarden::casework {
namespace {

using Result = v1::SubmitRecheckRequest;

// Nobody confirms that the own fix has held; that it has not, anybody may say.
absl::Status CheckNotOwnFix(db::Transaction& tx, const CaseFile& file, const rpc::Call& call) {
  GW_ASSIGN_OR_RETURN(const std::vector<domain::Actor> chain, ReadChain(tx, file.chain));
  for (const domain::Actor& actor : chain) {
    if (actor.person == call.principal.person && actor.duty == domain::Duty::kFixer) {
      return FailedPrecondition("SEPARATION_OF_DUTIES", "the fixer of a case does not recheck it",
                                {{"duty", std::string(domain::ZhOf(actor.duty))}});
    }
  }
  return absl::OkStatus();
}

// Two visits in a row that could not see it are made by two people.
absl::Status CheckOtherEyes(db::Transaction& tx, const CaseFile& file, const rpc::Call& call) {
  GW_ASSIGN_OR_RETURN(const std::vector<HistoryRow> rows, ReadHistory(tx, Aggregate::kCase, file.id));
  for (auto row = rows.rbegin(); row != rows.rend(); ++row) {
    if (row->action == v1::RECHECK_HELD_SO_FAR || row->action == v1::START_MONITORING) break;
    if (row->action != v1::RECHECK_NOT_OBSERVABLE_SO_FAR) continue;
    if (row->person != call.principal.person) break;
    return FailedPrecondition("ANOTHER_PERSON_NEEDED", "the same person could not see it the last time",
                              {{"seat", "回头看"}, {"seat_name", "RECHECK"}});
  }
  return absl::OkStatus();
}

// Who may say so.
absl::Status CheckWatcher(db::Transaction& tx, const CaseFile& file, const rpc::Call& call,
                          v1::SubmitRecheckRequest::Result result) {
  if (result == Result::REBOUNDED) return absl::OkStatus();
  GW_RETURN_IF_ERROR(CheckNotOwnFix(tx, file, call));
  return result == Result::NOT_OBSERVABLE ? CheckOtherEyes(tx, file, call) : absl::OkStatus();
}

}  // namespace

absl::StatusOr<v1::Case> SubmitRecheck(const Casework& casework, const rpc::Call& call,
                                       const v1::SubmitRecheckRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = casework.directory.ground();
  const domain::Policy& policy = *casework.policy;
  const auto result = static_cast<domain::RecheckResult>(request.result());
  const bool rebounded = request.result() == Result::REBOUNDED;
  GW_ASSIGN_OR_RETURN(const Proof proof,
                      ReadProof(policy, {request.evidence().begin(), request.evidence().end()}, {},
                                request.has_position() ? &request.position() : nullptr));
  GW_RETURN_IF_ERROR(CheckText("note", request.note(), request.result() == Result::NOT_OBSERVABLE));
  GW_ASSIGN_OR_RETURN(const Uuid rebound_id, ParseId(request.rebound_case_id(), "rebound_case_id"));
  if (domain::ActionOf(result) == domain::Action::kUnspecified) {
    return InvalidField("result", "got an unknown value, want HELD, REBOUNDED or NOT_OBSERVABLE");
  }
  return rpc::Mutate<v1::Case>(
      casework.database, call, request, [&](db::Transaction& tx) -> absl::StatusOr<v1::Case> {
        GW_ASSIGN_OR_RETURN(CaseFile file, LockCase(tx, request.name()));
        GW_ASSIGN_OR_RETURN(const access::Acting acting, access::AllowAt(*ground, call, file.place.division));
        GW_RETURN_IF_ERROR(CheckEtag(request.etag(), file.subject.seq, request.name()));
        GW_ASSIGN_OR_RETURN(const absl::Time event_time,
                            EventTime(call, request.event_time(), ClosedTime(file)));
        GW_ASSIGN_OR_RETURN(const std::optional<absl::Time> earliest,
                            EarliestOf(request, event_time, ClosedTime(file)));
        const std::string stored_until = file.details.stored_until_date();
        const std::vector<absl::Time> planned =
            domain::PlannedRechecks(TypeOf(policy, *ground, file), ClosedTime(file), stored_until);
        const std::optional<absl::Time> next = domain::NextRecheck(planned, file.details.rechecks_done() + 1);

        Step step{.action = static_cast<v1::Action>(domain::ActionOf(result, !next)),
                  .acting = acting,
                  .event_time = event_time,
                  .earliest = earliest,
                  .received = call.now,
                  .request_id = request.request_id(),
                  .note = request.note(),
                  .proof = proof};
        GW_RETURN_IF_ERROR(Advance(policy, file, step));
        if (file.recheck_time)
          GW_RETURN_IF_ERROR(domain::RecheckTime(result, event_time, *file.recheck_time));
        GW_RETURN_IF_ERROR(CheckWatcher(tx, file, call, request.result()));
        GW_ASSIGN_OR_RETURN(const std::vector<std::string> shown, ReadMediaOfChain(tx, file.chain));
        GW_RETURN_IF_ERROR(domain::RecheckEvidence(result,
                                                   ToDomain(NotAmong(proof.evidence, MediaNames(shown))),
                                                   domain::StorageExpired(stored_until, event_time)));
        file.held =
            static_cast<v1::Case::Held>(domain::After(static_cast<domain::Closure>(file.held), result));
        if (!rebounded) file.details.set_rechecks_done(file.details.rechecks_done() + 1);
        file.recheck_time = rebounded ? std::nullopt : next;

        GW_RETURN_IF_ERROR(ClaimMedia(tx, {.chain = file.chain}, DigestsOf(proof.evidence, {}),
                                      call.principal.person, call.now));
        if (!rebounded) return Record(tx, call, policy, file, step);

        CaseFile recurrence =
            RecurrenceOf(file, rebound_id.IsNil() ? Uuid::Make(call.now) : rebound_id, event_time,
                         PlaceAgain(*ground, file.place, acting.division, event_time), proof);
        GW_RETURN_IF_ERROR(Bear(tx, call, policy, *ground, recurrence, step).status());
        file.rebounded_into = recurrence.id;
        return Record(tx, call, policy, file, step);
      });
}

}  // namespace gridwarden::casework
