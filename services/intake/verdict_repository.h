#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "gridwarden/intake/v1/fire_service.pb.h"
#include "platform/db/database.h"
#include "platform/journal/stage.h"

// The SQL of verdicts on hotspots and of the shares that divisions have in them.
namespace gridwarden::intake {

struct VerdictFile {
  Uuid hotspot;
  v1::HotspotVerdict verdict;  // whole, but for counted and etag
  journal::Subject subject;    // its id is the verdict's own
};

struct ShareRow {
  Uuid division;
  std::string ground_path;
  double share = 0;
};

// None when the hotspot has no verdict yet. Locked for the rest of `tx`.
absl::StatusOr<std::optional<VerdictFile>> LockVerdict(db::Transaction& tx, const Uuid& hotspot);
absl::StatusOr<std::optional<VerdictFile>> ReadVerdict(db::Transaction& tx, const Uuid& hotspot);
// ABORTED when somebody else gave a verdict at the same time.
absl::Status InsertVerdict(db::Transaction& tx, const VerdictFile& file, absl::Time acquired,
                           const std::vector<ShareRow>& shares);
// Saves the verdict and what its shares count as. ABORTED when the row was not locked.
absl::Status SaveVerdict(db::Transaction& tx, const VerdictFile& file);

// Shares below one path within a time, by the first `depth` bytes of their path, verdict and state.
struct ShareSum {
  std::string path;
  v1::HotspotVerdict::Verdict verdict = v1::HotspotVerdict::VERDICT_UNSPECIFIED;
  v1::HotspotVerdict::State state = v1::HotspotVerdict::STATE_UNSPECIFIED;
  double share = 0;
  int64_t hotspots = 0;  // rows: a hotspot once per division it touches
};
absl::StatusOr<std::vector<ShareSum>> SumShares(db::Transaction& tx, const std::string& path, size_t depth,
                                                absl::Time from, absl::Time to);
// Located hotspots below the path without a verdict.
absl::StatusOr<int64_t> CountAwaiting(db::Transaction& tx, const std::string& path, absl::Time from,
                                      absl::Time to);

}  // namespace gridwarden::intake
