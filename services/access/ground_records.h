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
  // Takes what changed after revision(). INTERNAL for an answer that cannot be read.
  absl::Status Apply(const grid::v1::GetGroundResponse& changes);
  // A new value of everything so far, a record seen before replaced; the same value as long as nothing was
  // applied. Besides it nothing is kept: a province's ground is 100 MB, once.
  std::shared_ptr<const domain::Ground> Build();
  // The revision to ask after next.
  int64_t revision() const { return revision_; }

 private:
  template <typename Record>
  using News = absl::flat_hash_map<Uuid, Record>;

  size_t news() const;

  int64_t revision_ = 0;
  std::shared_ptr<const domain::Ground> ground_ = std::make_shared<const domain::Ground>();
  // What ground_ does not hold yet.
  News<domain::Division> divisions_;
  News<domain::Post> posts_;
  News<domain::Tenure> tenures_;
  News<domain::Person> persons_;
  News<domain::Unit> units_;
  News<domain::Lineage> lineages_;
};

}  // namespace gridwarden::access
