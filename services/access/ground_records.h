#pragma once

#include <memory>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "domain/ground/ground.h"
#include "gridwarden/grid/v1/grid_service.pb.h"

// The ground as it comes over the wire, piece by piece, and the immutable value made of it. Not for several
// threads at once.
namespace gridwarden::access {

class GroundRecords {
 public:
  // Takes what changed after revision(); a record seen before is replaced. INTERNAL for an answer that cannot
  // be read.
  absl::Status Apply(const grid::v1::GetGroundResponse& changes);
  // A new value of everything so far.
  std::shared_ptr<const domain::Ground> Build() const;
  // The revision to ask after next.
  int64_t revision() const { return revision_; }

 private:
  int64_t revision_ = 0;
  absl::flat_hash_map<Uuid, domain::Division> divisions_;
  absl::flat_hash_map<Uuid, domain::Post> posts_;
  absl::flat_hash_map<Uuid, domain::Tenure> tenures_;
  absl::flat_hash_map<Uuid, domain::Person> persons_;
  absl::flat_hash_map<Uuid, domain::Unit> units_;
  absl::flat_hash_map<Uuid, domain::Lineage> lineages_;
};

}  // namespace gridwarden::access
