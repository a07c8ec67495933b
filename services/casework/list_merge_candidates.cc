#include "absl/strings/str_format.h"
#include "access/permission.h"
#include "base/status.h"
#include "casework/case_repository.h"
#include "casework/relocation.h"
#include "casework/signal_candidates.h"
#include "casework/signal_repository.h"
#include "casework/signal_service.h"
#include "casework/timestamps.h"
#include "domain/workflow/case_workflow.h"

namespace gridwarden::casework {
namespace {

constexpr int kCandidatesMax = 20;

// What the caller may not decide on is not proposed.
bool MayDecide(const domain::Ground& ground, const rpc::Call& call, const v1::MergeCandidate& candidate) {
  const absl::StatusOr<Uuid> division = ParseResourceName("divisions", candidate.division());
  return division.ok() && access::AllowAt(ground, call, *division).ok();
}

// A signal that was filed may be one of a closed source that moved: what is proposed for its case.
absl::Status AddRelocations(db::Transaction& tx, const domain::Ground& ground, const rpc::Call& call,
                            const SignalFile& signal, v1::ListMergeCandidatesResponse& response) {
  if (signal.case_id.IsNil()) return absl::OkStatus();
  GW_ASSIGN_OR_RETURN(const std::vector<ProposalFile> proposals, ReadProposalsOf(tx, signal.case_id));
  for (const ProposalFile& proposal : proposals) {
    if (response.candidates_size() == kCandidatesMax) break;
    GW_ASSIGN_OR_RETURN(const CaseFile old, ReadCase(tx, proposal.value.old_case()));
    v1::MergeCandidate candidate;
    candidate.set_name(proposal.value.old_case());
    candidate.set_kind(v1::MergeCandidate::RELOCATION);
    candidate.set_distance_m(proposal.value.distance_m());
    candidate.set_hours_apart(24.0 * proposal.value.days_between());
    candidate.set_why(absl::StrFormat("疑似异地转移：%s，相距 %.0f 米，相隔 %d 天",
                                      proposal.value.same_owner() ? "同一经营者" : "同一行业",
                                      proposal.value.distance_m(), proposal.value.days_between()));
    candidate.set_category(old.category);
    candidate.set_division(ResourceName("divisions", old.place.division));
    candidate.set_case_no(old.case_no);
    *candidate.mutable_event_time() = ToTimestamp(old.event_time);
    candidate.set_state(std::string(domain::NameOf(static_cast<domain::CaseState>(old.state))));
    if (MayDecide(ground, call, candidate)) *response.add_candidates() = std::move(candidate);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<v1::ListMergeCandidatesResponse> ListMergeCandidates(
    const Casework& casework, const rpc::Call& call, const v1::ListMergeCandidatesRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = casework.directory.ground();
  const domain::Policy& policy = *casework.policy;
  v1::ListMergeCandidatesResponse response;
  GW_RETURN_IF_ERROR(casework.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
    response.Clear();
    GW_ASSIGN_OR_RETURN(const SignalFile signal, ReadSignal(tx, request.name()));
    GW_RETURN_IF_ERROR(access::AllowAt(*ground, call, signal.place.division).status());
    GW_ASSIGN_OR_RETURN(const std::vector<Neighbour> neighbours,
                        ReadNeighbours(tx, policy.TypeOf(signal.category), signal));
    for (v1::MergeCandidate& candidate : JudgeNeighbours(policy, signal, neighbours)) {
      if (response.candidates_size() == kCandidatesMax) break;
      if (MayDecide(*ground, call, candidate)) *response.add_candidates() = std::move(candidate);
    }
    return AddRelocations(tx, *ground, call, signal, response);
  }));
  return response;
}

}  // namespace gridwarden::casework
