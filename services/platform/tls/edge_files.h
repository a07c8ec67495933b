#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "platform/tls/pair_files.h"

namespace gridwarden::tls {

// The certificate of an edge whose clients have no authority in common with us: FOLDER/authority.{pem,key} is
// a local one, for people to trust once (10 years), FOLDER/edge.{pem,key} what it says of this machine (at
// most 397 days, what phones take).
struct EdgeCare {
  Care authority = Care::kKept;
  Care edge = Care::kKept;
  // FOLDER/edge.pem is somebody else's: nothing was touched.
  bool foreign = false;
};

struct EdgeNames {
  std::string host;
  std::vector<std::string> dns_names, addresses;
};

// Makes what is missing, and signs the edge's certificate anew when the names have changed or a third of its
// life is left. A certificate that this folder's authority did not sign is never touched.
absl::StatusOr<EdgeCare> KeepEdge(const std::string& folder, const EdgeNames& names, absl::Time now);

}  // namespace gridwarden::tls
