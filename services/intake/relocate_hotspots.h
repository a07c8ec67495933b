#pragma once

#include <memory>
#include <string>

#include "access/area.h"
#include "access/permission.h"
#include "gridwarden/intake/v1/intake_service.pb.h"
#include "intake/hotspot_repository.h"
#include "platform/runtime/worker.h"

// Locates hotspots again that lay outside every polygon, after the polygons changed.
namespace gridwarden::intake {

// One go, from the one named by `from` on (moved along), until some 20,000 are found that lie in a division
// now.
struct Relocatable {
  std::vector<HotspotRecord> located;
  int looked_at = 0;
  bool more = false;
};
struct OutsideCursor {
  absl::Time acquired = absl::InfinitePast();
  Uuid id;
};
absl::StatusOr<Relocatable> FindRelocatable(const AreaContext& context, const rpc::Call& call,
                                            OutsideCursor& from);

// Writes those that are still outside; answers how many. What another did meanwhile stands.
absl::StatusOr<int> SaveRelocated(db::Transaction& tx, const rpc::Call& call, const access::Acting& acting,
                                  const std::string& request_id, const std::vector<HotspotRecord>& located);

// Follows the journal: an import of outlines or known points is followed by locating again. Two workers: one
// notes what is wanted, the other does it.
std::vector<std::unique_ptr<Worker>> RelocationWorkers(const AreaContext& context);

}  // namespace gridwarden::intake
