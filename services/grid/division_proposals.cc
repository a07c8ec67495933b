#include "grid/division_proposals.h"

#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "grid/grid_proto.h"
#include "grid/grid_service.h"
#include "platform/rpc/page.h"

namespace gridwarden::grid {

v1::DivisionProposal ToProto(const domain::Ground& ground, const ProposalRecord& proposal) {
  v1::DivisionProposal message = proposal.candidates;
  message.set_name(ResourceName("divisionProposals", proposal.id));
  message.set_kind(proposal.kind);
  message.set_state(proposal.state);
  message.set_division(ResourceName("divisions", proposal.division));
  if (const domain::Division* division = ground.FindDivision(proposal.division)) {
    message.set_division_display_name(division->display_name);
    message.set_path(ground.PathName(division->id));
    if (!division->codes.empty()) message.set_code(division->codes.back().code);
  }
  message.set_listed_display_name(proposal.listed_display_name);
  *message.mutable_as_of_time() = ToProto(proposal.as_of);
  message.set_document_no(proposal.document_no);
  for (v1::DivisionProposal::Candidate& candidate : *message.mutable_candidates()) {
    const absl::StatusOr<Uuid> other = ParseResourceName("divisions", candidate.other());
    const domain::Division* division = other.ok() ? ground.FindDivision(*other) : nullptr;
    if (division != nullptr) candidate.set_other_display_name(ground.PathName(division->id));
  }
  *message.mutable_recorded_time() = ToProto(proposal.recorded);
  if (proposal.decided != absl::InfiniteFuture()) *message.mutable_decided_time() = ToProto(proposal.decided);
  message.set_accepted_candidate(proposal.accepted_candidate);
  message.set_etag(absl::StrCat(proposal.version));
  return message;
}

absl::StatusOr<v1::ListDivisionProposalsResponse> ListDivisionProposals(
    GridArea& area, const rpc::Call& call, const v1::ListDivisionProposalsRequest& request) {
  if (!v1::DivisionProposal::State_IsValid(request.state()))
    return InvalidField("state", "want OPEN, ACCEPTED or DISMISSED");
  GW_ASSIGN_OR_RETURN(const rpc::Page page, rpc::ReadPage(request));
  GW_ASSIGN_OR_RETURN(const auto ground, area.ground.Fresh(call.deadline));
  Uuid above;
  if (!request.division().empty()) {
    GW_ASSIGN_OR_RETURN(const domain::Division* division,
                        FindDivision(*ground, request.division(), call.now, "division"));
    above = division->id;
  }
  const v1::DivisionProposal::State state = request.state() == v1::DivisionProposal::STATE_UNSPECIFIED
                                                ? v1::DivisionProposal::OPEN
                                                : request.state();
  absl::Time after_date = absl::InfinitePast();
  Uuid after_id;
  if (page.after.size() == 2) {
    after_date = absl::FromUnixMicros(std::atoll(page.after[0].c_str()));
    after_id = Uuid::FromBytes(page.after[1]).value_or(Uuid());
  }
  v1::ListDivisionProposalsResponse response;
  // A subtree may have few among many: pieces are read until the page is full.
  constexpr int kPiece = 500;
  for (bool more = true; more && response.next_page_token().empty();) {
    std::vector<ProposalRecord> piece;
    GW_RETURN_IF_ERROR(area.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
      GW_ASSIGN_OR_RETURN(piece, ReadProposalsAfter(tx, state, after_date, after_id, kPiece));
      return absl::OkStatus();
    }));
    more = static_cast<int>(piece.size()) == kPiece;
    for (const ProposalRecord& proposal : piece) {
      if (!above.IsNil() && !ground->IsWithin(proposal.division, above)) continue;
      if (response.proposals_size() == page.size) {
        response.set_next_page_token(
            rpc::NextPageToken(request, {std::to_string(absl::ToUnixMicros(after_date)), after_id.Bytes()}));
        break;
      }
      *response.add_proposals() = ToProto(*ground, proposal);
      after_date = proposal.as_of;
      after_id = proposal.id;
    }
    if (!piece.empty() && response.next_page_token().empty()) {
      after_date = piece.back().as_of;
      after_id = piece.back().id;
    }
  }
  return response;
}

}  // namespace gridwarden::grid
