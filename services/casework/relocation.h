#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "casework/casework.h"
#include "casework/signal_service.h"
#include "domain/geo/datum.h"
#include "gridwarden/casework/v1/relocation.pb.h"
#include "platform/db/database.h"
#include "platform/journal/stage.h"

// Relocation evasion (异地转移): what the system proposes about cases of small polluters, and what people
// decide.
namespace gridwarden::casework {

// The reader of the feed: compares a newly filed case of a small polluter that is about a known source with
// the cases around it whose source was shut down or had to move. Asks the ledger, so not in a transaction; a
// repeat proposes nothing twice.
absl::Status ProposeRelocations(const Casework&, const rpc::Call&, const journal::FeedEntry&);

absl::StatusOr<v1::ListRelocationProposalsResponse> ListRelocationProposals(
    const Casework&, const rpc::Call&, const v1::ListRelocationProposalsRequest&);
absl::StatusOr<v1::RelocationProposal> DecideRelocationProposal(const Casework&, const rpc::Call&,
                                                                const v1::DecideRelocationProposalRequest&);

// One row.
struct ProposalFile {
  Uuid id;
  Uuid case_id, old_case_id;
  Uuid division;
  std::string ground_path;
  absl::Time created;
  v1::RelocationProposal value;  // whole, but for name and etag
  journal::Subject subject;
};
v1::RelocationProposal ToProto(const ProposalFile& file);

// A closed case that a new one may be the continuation of.
struct DisposedCase {
  Uuid id, source;
  domain::Point point;
  absl::Time closed;
};

// The SQL of proposals. NOT_FOUND if there is no such proposal.
absl::StatusOr<ProposalFile> LockProposal(db::Transaction& tx, std::string_view name);
// False when the pair was proposed before.
absl::StatusOr<bool> InsertProposal(db::Transaction& tx, const ProposalFile& file);
absl::Status SaveProposal(db::Transaction& tx, const ProposalFile& file);
// What is proposed for a case and not decided yet.
absl::StatusOr<std::vector<ProposalFile>> ReadProposalsOf(db::Transaction& tx, const Uuid& case_id);

struct ProposalFilter {
  std::vector<std::string> grounds;
  std::vector<v1::RelocationProposal::State> states;
};
struct ProposalKey {
  int64_t created_us = 0;
  Uuid id;
};
// Newest first, after `after` when it is not null.
absl::StatusOr<std::vector<ProposalFile>> ListProposals(db::Transaction& tx, const ProposalFilter& filter,
                                                        const ProposalKey* after, int limit);
// Cases of other sources closed from..to with SHUT_DOWN or RELOCATE in the box of the radius, nearest first.
absl::StatusOr<std::vector<DisposedCase>> ReadDisposedNear(db::Transaction& tx, const Uuid& source,
                                                           const domain::Point& centre, double radius_m,
                                                           absl::Time from, absl::Time to);

}  // namespace gridwarden::casework
