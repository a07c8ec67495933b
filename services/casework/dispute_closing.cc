#include "base/status.h"
#include "casework/case_repository.h"
#include "casework/casework.h"
#include "casework/closing.h"
#include "casework/media_repository.h"
#include "casework/rules.h"
#include "casework/step.h"
#include "domain/workflow/closing.h"
#include "platform/rpc/mutate.h"

namespace gridwarden::casework {
namespace {

constexpr std::string_view kReporter = "REPORTER";
constexpr std::string_view kSuperior = "SUPERIOR";

// An office hands in what the reporter says; in their own name only those above the office that filed may
// doubt it.
absl::StatusOr<access::Acting> AllowDispute(const domain::Ground& ground, const rpc::Call& call,
                                            const CaseFile& file, bool for_reporter) {
  if (for_reporter) return AllowAs(ground, call, file.place.division, access::kDispatchers);
  const std::optional<Uuid> above = DivisionAbove(ground, file.filing_division, call.now);
  if (!above) return NotAllowed("nobody stands above the office that filed it");
  return AllowAs(ground, call, *above, access::kDispatchers | access::kGridLeaders);
}

}  // namespace

absl::StatusOr<v1::Case> DisputeClosing(const Casework& casework, const rpc::Call& call,
                                        const v1::DisputeClosingRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = casework.directory.ground();
  const domain::Policy& policy = *casework.policy;
  GW_RETURN_IF_ERROR(CheckText("statement", request.statement(), true));
  GW_ASSIGN_OR_RETURN(const Proof proof,
                      ReadProof(policy, {request.evidence().begin(), request.evidence().end()}, {}, nullptr));
  return rpc::Mutate<v1::Case>(
      casework.database, call, request, [&](db::Transaction& tx) -> absl::StatusOr<v1::Case> {
        GW_ASSIGN_OR_RETURN(CaseFile file, LockCase(tx, request.name()));
        GW_ASSIGN_OR_RETURN(const access::Acting acting,
                            AllowDispute(*ground, call, file, request.for_reporter()));
        GW_RETURN_IF_ERROR(CheckEtag(request.etag(), file.subject.seq, request.name()));
        const absl::Time closed = ClosedTime(file);

        Step step{.action = v1::DISPUTE,
                  .acting = acting,
                  .event_time = call.now,
                  .received = call.now,
                  .request_id = request.request_id(),
                  .reason = request.statement(),
                  .proof = proof};
        GW_RETURN_IF_ERROR(Advance(policy, file, step));
        if (request.for_reporter()) {
          GW_RETURN_IF_ERROR(domain::ReporterMayDispute(file.details.reporter_disputed(), closed, call.now));
          file.details.set_reporter_disputed(true);
        }
        file.details.set_disputed(true);
        *file.details.mutable_dispute() = ConsentOf(request.for_reporter() ? kReporter : kSuperior, call,
                                                    acting, false, request.statement());
        file.details.clear_signatures();
        file.check_post = Uuid();
        file.unable_count = 0;
        file.recheck_time.reset();

        GW_RETURN_IF_ERROR(ClaimMedia(tx, {.chain = file.chain}, DigestsOf(proof.evidence, {}),
                                      call.principal.person, call.now));
        return Record(tx, call, policy, file, step);
      });
}

}  // namespace gridwarden::casework
