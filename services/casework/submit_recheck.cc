#include "access/standing.h"
#include "base/status.h"
#include "casework/birth.h"
#include "casework/case_repository.h"
#include "casework/casework.h"
#include "casework/media_repository.h"
#include "casework/place.h"
#include "casework/rules.h"
#include "casework/step.h"
#include "domain/workflow/conditions.h"
#include "domain/workflow/separation.h"
#include "platform/rpc/mutate.h"

namespace gridwarden::casework {
namespace {

using Result = v1::SubmitRecheckRequest;

v1::Case::Held HeldOf(v1::SubmitRecheckRequest::Result result) {
  switch (result) {
    case Result::HELD:
      return v1::Case::HELD;
    case Result::REBOUNDED:
      return v1::Case::NOT_HELD;
    case Result::NOT_OBSERVABLE:
      return v1::Case::NOT_OBSERVABLE;
    default:
      return v1::Case::HELD_UNSPECIFIED;
  }
}

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

// Where the ground of the old case is now that it came back. Of several divisions that share it, the one on
// whose side it was found.
Place PlaceAgain(const domain::Ground& ground, const Place& old, const Uuid& acting_division,
                 absl::Time event_time) {
  const domain::Division* was = ground.FindDivision(old.division);
  if (was == nullptr) return old;
  const domain::Division* held = &access::LikeliestAt(ground, *was, event_time);
  std::vector<const domain::Division*> here;
  for (const domain::Ground::Heir& heir : ground.HoldersOf(was->id, event_time, absl::InfiniteFuture())) {
    if (ground.AnswersFor(acting_division, heir.division->id, event_time)) here.push_back(heir.division);
  }
  if (here.size() == 1) held = here.front();
  return PlaceAt(ground, held->id, old.position, event_time);
}

// The recurrence is a case of its own in the same chain: same source and place, found by this recheck.
CaseFile RecurrenceOf(const CaseFile& old, const Uuid& id, absl::Time event_time, const Place& place,
                      const Proof& proof) {
  CaseFile file;
  file.id = id;
  file.chain = old.chain;
  file.rebound_of = old.id;
  file.category = old.category;
  file.place = place;
  if (proof.position) file.place.position = proof.position;
  file.source = old.source;
  file.description = old.description;
  file.event_time = event_time;
  file.filing_division = old.filing_division;
  file.filing_path = old.filing_path;
  file.disposition = old.disposition;
  return file;
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
                            EventTime(call, request.event_time(), file.close_time.value_or(file.event_time)));

        Step step{.action = static_cast<v1::Action>(domain::ActionOf(result)),
                  .acting = acting,
                  .event_time = event_time,
                  .received = call.now,
                  .request_id = request.request_id(),
                  .note = request.note(),
                  .proof = proof};
        GW_RETURN_IF_ERROR(Advance(policy, file, step));
        if (file.recheck_time)
          GW_RETURN_IF_ERROR(domain::RecheckTime(result, event_time, *file.recheck_time));
        if (request.result() == Result::HELD) GW_RETURN_IF_ERROR(CheckNotOwnFix(tx, file, call));
        GW_ASSIGN_OR_RETURN(const std::vector<std::string> shown, ReadMediaOfChain(tx, file.chain));
        GW_RETURN_IF_ERROR(
            domain::RecheckEvidence(result, ToDomain(NotAmong(proof.evidence, MediaNames(shown)))));
        file.held = HeldOf(request.result());
        file.recheck_time.reset();

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
