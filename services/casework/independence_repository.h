#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/id.h"
#include "gridwarden/casework/v1/case_event.pb.h"
#include "platform/db/database.h"

// The SQL of the question who may check a case (B4).
namespace gridwarden::casework {

// One act on a case of the chain that bears on who may check.
struct ChainAct {
  Uuid case_id;
  uint64_t seq = 0;
  v1::Action action = v1::ACTION_UNSPECIFIED;
  Uuid person;
};
// Of every case of the chain, in the order of each.
absl::StatusOr<std::vector<ChainAct>> ReadChainActs(db::Transaction& tx, const Uuid& chain);

// Who found what the case was filed for.
absl::StatusOr<std::vector<Uuid>> ReadFinders(db::Transaction& tx, const Uuid& case_id);

// Who made the last `count` checks of the fixer's other cases that had passed by `at`.
absl::StatusOr<std::vector<Uuid>> ReadLastCheckers(db::Transaction& tx, const Uuid& fixer,
                                                   const Uuid& other_than, absl::Time at, int count);

// The entry at which a case stands, and when the server took it in.
struct LastEntry {
  Uuid entry_id;
  absl::Time received;
};
absl::StatusOr<LastEntry> ReadLastEntry(db::Transaction& tx, const Uuid& case_id, uint64_t seq);

// Cases in FEEDBACK or CHECKING that nobody is assigned to, by id after `after`.
absl::StatusOr<std::vector<Uuid>> ListUnassignedChecks(db::Transaction& tx, const Uuid& after, int limit);

}  // namespace gridwarden::casework
