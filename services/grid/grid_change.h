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
  absl::StatusOr<domain::Lineage> Add(domain::Lineage lineage);

  // Rows read and locked in this transaction, with their new content; a division whole
  // (division_repository.h).
  absl::StatusOr<domain::Division> Change(DivisionRow division);
  absl::Status Change(PersonRow person);
  // Withdraws a tenure as of this call. Answers it as withdrawn.
  absl::StatusOr<domain::Tenure> Revoke(TenureRow tenure);
  absl::StatusOr<domain::Lineage> Revoke(LineageRow lineage);
  // The outline of today, new or over `before` (seq 0 when there is none), and the flag of its division. The
  // one it follows stays for the time before it, as number `keep_as` of the former ones; 0: it is corrected.
  // `reason` says why it was taken although its file lay to one side.
  absl::Status Put(BoundaryRecord boundary, const journal::Subject& before, DivisionRow division,
                   std::string_view reason, int keep_as = 0);
  // An outline of an earlier time, as number `boundary.seq`; the former one that held until then ends where
  // it begins (0: none does).
  absl::Status PutFormer(BoundaryRecord boundary, const journal::Subject& before, std::string_view reason,
                         int ends = 0);
  // A known point, new or moved.
  absl::Status Put(PointRecord point, const journal::Subject& before, std::string_view reason);

  // Whether there is anything to write.
  bool empty() const { return sealed_.empty(); }
  // Writes everything. Nothing was written before.
  absl::Status Save();

 private:
  GridChange(db::Transaction& tx, const rpc::Call& call, const access::Acting& acting,
             std::string_view request_id, Revisions revisions)
      : tx_(&tx), call_(&call), acting_(acting), request_id_(request_id), revisions_(revisions) {}

  uint64_t NextRevision() { return static_cast<uint64_t>(++revisions_.ground); }
  // Outlines and known points have an order of their own besides.
  uint64_t NextOutlineRevision() {
    revisions_.boundary = static_cast<int64_t>(NextRevision());
    return static_cast<uint64_t>(revisions_.boundary);
  }
  // Seals the entry and answers the subject's new end of chain.
  absl::StatusOr<journal::Subject> Seal(std::string_view kind, const journal::Subject& before,
                                        const v1::GridEvent& event);

  db::Transaction* tx_;
  const rpc::Call* call_;
  access::Acting acting_;
  std::string request_id_;
  Revisions revisions_;
  std::vector<DivisionRow> new_divisions_, changed_divisions_, flagged_divisions_;
  std::vector<PostRow> new_posts_;
  std::vector<TenureRow> new_tenures_, revoked_tenures_;
  std::vector<PersonRow> new_persons_, changed_persons_;
  std::vector<UnitRow> new_units_;
  std::vector<LineageRow> new_lineages_, revoked_lineages_;
  struct OutlineChange {
    BoundaryRow row;
    int former = 0;         // the former outline that is kept, or ends
    uint64_t revision = 0;  // its own
  };
  std::vector<OutlineChange> outlines_;
  std::vector<PointRow> known_points_;
  std::vector<journal::Sealed> sealed_;
};

}  // namespace gridwarden::grid
