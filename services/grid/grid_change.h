#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "access/permission.h"
#include "grid/boundary_repository.h"
#include "grid/grid_repository.h"
#include "gridwarden/grid/v1/grid_event.pb.h"
#include "platform/db/database.h"
#include "platform/journal/stage.h"
#include "platform/rpc/call.h"

// One change of the ground inside one transaction: gives every record its revision and its journal entry,
// then writes all of them in few statements. Holds the lock on the revision counter from Begin to the commit.
namespace gridwarden::grid {

class GridChange {
 public:
  static absl::StatusOr<GridChange> Begin(db::Transaction& tx, const rpc::Call& call,
                                          const access::Acting& acting, std::string_view request_id);

  // New records; ids must be set. Answers with the revision filled in.
  absl::StatusOr<domain::Division> Add(domain::Division division);
  absl::StatusOr<domain::Post> Add(domain::Post post);
  absl::StatusOr<domain::Tenure> Add(domain::Tenure tenure);
  absl::StatusOr<PersonRecord> Add(PersonRecord person);
  absl::StatusOr<domain::Unit> Add(domain::Unit unit);

  // Rows read and locked in this transaction, with their new content.
  absl::Status Change(DivisionRow division);
  absl::Status Change(PersonRow person);
  // Withdraws a tenure as of this call. Answers it as withdrawn.
  absl::StatusOr<domain::Tenure> Revoke(TenureRow tenure);
  // A polygon, new or replacing `before` (seq 0 when there is none), and the flag of its division.
  absl::Status Put(BoundaryRecord boundary, const journal::Subject& before, DivisionRow division);

  // Writes everything. Nothing was written before.
  absl::Status Save();

 private:
  GridChange(db::Transaction& tx, const rpc::Call& call, const access::Acting& acting,
             std::string_view request_id, Revisions revisions)
      : tx_(&tx), call_(&call), acting_(acting), request_id_(request_id), revisions_(revisions) {}

  uint64_t NextRevision() { return static_cast<uint64_t>(++revisions_.ground); }
  // Seals the entry and answers the subject's new end of chain.
  absl::StatusOr<journal::Subject> Seal(std::string_view kind, const journal::Subject& before,
                                        const v1::GridEvent& event);

  db::Transaction* tx_;
  const rpc::Call* call_;
  access::Acting acting_;
  std::string request_id_;
  Revisions revisions_;
  std::vector<DivisionRow> new_divisions_, changed_divisions_;
  std::vector<PostRow> new_posts_;
  std::vector<TenureRow> new_tenures_, revoked_tenures_;
  std::vector<PersonRow> new_persons_, changed_persons_;
  std::vector<UnitRow> new_units_;
  std::vector<BoundaryRow> boundaries_;
  std::vector<journal::Sealed> sealed_;
};

}  // namespace gridwarden::grid
