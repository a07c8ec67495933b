#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/id.h"
#include "gridwarden/grid/v1/grid.pb.h"
#include "platform/db/database.h"

// The SQL of what later lists show and somebody decides.
namespace gridwarden::grid {

struct ProposalRecord {
  Uuid id;
  v1::DivisionProposal::Kind kind = v1::DivisionProposal::KIND_UNSPECIFIED;
  v1::DivisionProposal::State state = v1::DivisionProposal::OPEN;
  Uuid division;
  std::string listed_display_name;
  absl::Time as_of;
  std::string document_no;
  v1::DivisionProposal candidates;  // nothing but its candidates
  absl::Time recorded;
  absl::Time decided = absl::InfiniteFuture();
  Uuid decided_by;  // account
  int accepted_candidate = 0;
  int64_t version = 1;
};

absl::Status InsertProposals(db::Transaction& tx, std::span<const ProposalRecord> records);
// Expects the row that was read and locked.
absl::Status SaveProposal(db::Transaction& tx, const ProposalRecord& record);
absl::StatusOr<std::optional<ProposalRecord>> LockProposal(db::Transaction& tx, const Uuid& id);
// Whatever was ever asked about one of these.
absl::StatusOr<std::vector<ProposalRecord>> LockProposalsOf(db::Transaction& tx,
                                                            std::span<const Uuid> divisions);
// In the order of the lists' dates, from behind (as_of, id) on.
absl::StatusOr<std::vector<ProposalRecord>> ReadProposalsAfter(db::Transaction& tx,
                                                               v1::DivisionProposal::State state,
                                                               absl::Time as_of, const Uuid& id, int limit);

std::vector<std::string> HotProposalStatements();

}  // namespace gridwarden::grid
