#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status.h"
#include "grid/division_proposals.h"
#include "grid/grid_service.h"
#include "grid/reorganisation.h"

namespace gridwarden::grid {
namespace {

using Choice = v1::DivisionProposal::Candidate;

// What accepting the candidate does to the ground.
absl::Status Accept(const ProposalRecord& proposal, const Choice& candidate, Reorganiser& reorganiser) {
  const std::string subject = ResourceName("divisions", proposal.division);
  v1::DivisionOperation operation;
  operation.set_kind(candidate.kind());
  operation.set_division(subject);
  switch (candidate.kind()) {
    case v1::Lineage::RENAME:
      operation.set_display_name(proposal.listed_display_name);
      break;
    case v1::Lineage::MERGE:
      operation.set_to(candidate.other());
      // What appeared holds the ground of what vanished.
      if (proposal.kind == v1::DivisionProposal::APPEARED)
        operation.mutable_division()->swap(*operation.mutable_to());
      break;
    case v1::Lineage::SPLIT:
      operation.set_division(candidate.other());
      operation.set_to(subject);
      break;
    case v1::Lineage::ABOLISH:
      if (proposal.kind == v1::DivisionProposal::RENAMED_OR_REPLACED)
        return reorganiser.Replace(proposal.division, proposal.listed_display_name);
      break;
    default:
      return absl::OkStatus();  // new ground: it exists already
  }
  return reorganiser.Take(operation, 0);
}

// The subtree that passes on, for the open work on it.
std::vector<Uuid> GroundOf(const ProposalRecord& proposal, const Choice& candidate) {
  if (candidate.kind() == v1::Lineage::RENAME || candidate.kind() == v1::Lineage::KIND_UNSPECIFIED) return {};
  if (proposal.kind != v1::DivisionProposal::APPEARED) return {proposal.division};
  const absl::StatusOr<Uuid> other = ParseResourceName("divisions", candidate.other());
  return other.ok() ? std::vector<Uuid>{*other} : std::vector<Uuid>{};
}

}  // namespace

absl::StatusOr<v1::DecideDivisionProposalResponse> DecideDivisionProposal(
    GridArea& area, const rpc::Call& call, const v1::DecideDivisionProposalRequest& request) {
  GW_ASSIGN_OR_RETURN(const Uuid id, ParseResourceName("divisionProposals", request.name()));
  if (request.candidate() > 0) GW_RETURN_IF_ERROR(CheckDocumentNo(request.document_no()));
  GW_ASSIGN_OR_RETURN(const auto ground, area.ground.Fresh(call.deadline));
  std::optional<ProposalRecord> known;
  GW_RETURN_IF_ERROR(area.database.Run({.deadline = call.deadline}, [&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(known, LockProposal(tx, id));
    return absl::OkStatus();
  }));
  if (!known) return NotFound(request.name());
  const int candidates = known->candidates.candidates_size();
  if (request.candidate() < 0 || request.candidate() > candidates) {
    return InvalidField("candidate", absl::StrFormat("got %d, want 1 to %d, or 0 to dismiss",
                                                     request.candidate(), candidates));
  }
  v1::OpenWork open_work;
  const Choice chosen =
      request.candidate() == 0 ? Choice() : known->candidates.candidates(request.candidate() - 1);
  if (request.candidate() > 0) open_work = OpenWorkOn(area, call, *ground, GroundOf(*known, chosen));
  using Response = v1::DecideDivisionProposalResponse;
  return MutateOrTry<Response>(area, call, request, [&](db::Transaction& tx) -> absl::StatusOr<Response> {
    GW_ASSIGN_OR_RETURN(GridChange change, GridChange::Begin(tx, call, {}, request.request_id()));
    GW_ASSIGN_OR_RETURN(std::optional<ProposalRecord> proposal, LockProposal(tx, id));
    if (!proposal) return NotFound(request.name());
    if (!request.etag().empty() && request.etag() != absl::StrCat(proposal->version))
      return EtagMismatch(request.name());
    if (proposal->state != v1::DivisionProposal::OPEN) {
      return FailedPrecondition(
          "ILLEGAL_TRANSITION", "the proposal was decided before",
          {{"state", v1::DivisionProposal::State_Name(proposal->state)}, {"action", "DECIDE"}});
    }
    proposal->state =
        request.candidate() == 0 ? v1::DivisionProposal::DISMISSED : v1::DivisionProposal::ACCEPTED;
    proposal->accepted_candidate = request.candidate();
    proposal->decided = call.now;
    proposal->decided_by = call.principal.account;
    if (!request.dry_run()) {
      GW_RETURN_IF_ERROR(SaveProposal(tx, *proposal));
      ++proposal->version;
    }
    Response response;
    if (request.candidate() > 0) {
      Reorganiser reorganiser(area, call, *ground, tx, change, proposal->as_of, request.document_no());
      GW_RETURN_IF_ERROR(Accept(*proposal, chosen, reorganiser));
      GW_ASSIGN_OR_RETURN(*response.mutable_reorganisation(), reorganiser.Finish(request.dry_run()));
      *response.mutable_reorganisation()->mutable_open_work() = open_work;
      if (change.empty()) response.clear_reorganisation();
    }
    *response.mutable_proposal() = ToProto(*ground, *proposal);
    if (!request.dry_run() && !change.empty()) GW_RETURN_IF_ERROR(change.Save());
    return response;
  });
}

}  // namespace gridwarden::grid
