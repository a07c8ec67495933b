#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "domain/ground/ground.h"
#include "domain/policy/policy.h"
#include "platform/journal/consumer.h"
#include "sync/change_repository.h"

// What one entry of the feed says about a record that phones hold. Everything comes from the entry, and from
// the ground and rules as they were when it was made: folded again from index 0 gives the same rows.
namespace gridwarden::sync {

inline constexpr std::string_view kChangesConsumer = "sync.changes";
std::vector<std::string> KindsOfChanges();

// A record after one entry.
struct Change {
  ChangedRecord record;       // ground_path "" = the entry does not say: where its division stood
  std::vector<Uuid> holders;  // posts and units it waits for, or is assigned to
};

// Nothing for an entry about something else. UNAVAILABLE for a division that the ground of this process does
// not have yet. `before` is what earlier entries said about the record.
absl::StatusOr<std::optional<Change>> ReadChange(const domain::Ground& ground, const domain::Policy& policy,
                                                 const journal::FeedEntry& entry,
                                                 const std::optional<ChangedRecord>& before);

// The division whose phones hold what stands at the path: the township, or the last one above it.
absl::StatusOr<Uuid> AreaOf(const domain::Ground& ground, std::string_view ground_path);

// The record and its interests after the change: those that no longer hold end, others begin or go on.
absl::StatusOr<RecordWithInterests> Succeed(const domain::Ground& ground,
                                            std::optional<RecordWithInterests> before, Change change);

// One entry in the consumer's transaction. One that was folded before changes nothing.
absl::Status FoldChange(const domain::Ground& ground, const domain::Policy& policy, db::Transaction& tx,
                        const journal::FeedEntry& entry);

}  // namespace gridwarden::sync
