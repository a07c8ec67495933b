#include "access/permission.h"
#include "base/status.h"
#include "casework/signal_candidates.h"
#include "casework/signal_repository.h"
#include "casework/signal_service.h"

namespace gridwarden::casework {
namespace {

constexpr int kCandidatesMax = 20;

// What the caller may not decide on is not proposed.
bool MayDecide(const domain::Ground& ground, const rpc::Call& call, const v1::MergeCandidate& candidate) {
  const absl::StatusOr<Uuid> division = ParseResourceName("divisions", candidate.division());
  return division.ok() && access::AllowAt(ground, call, *division).ok();
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
    return absl::OkStatus();
  }));
  return response;
}

}  // namespace gridwarden::casework
