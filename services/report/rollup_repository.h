#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "domain/rollup/fact.h"
#include "domain/rollup/rollup.h"
#include "gridwarden/report/v1/report_service.pb.h"
#include "platform/db/database.h"

// The SQL of the report area.
namespace gridwarden::report {

enum class GenerationState : int { kBuilding = 1, kActive = 2, kRetired = 3, kEmptied = 4 };

struct Generation {
  int64_t generation = 0;
  GenerationState state = GenerationState::kBuilding;
  uint64_t next_index = 0;
  int64_t differences = 0;
  v1::Rebuild first;  // only its `first` is kept
  absl::Time started;
  absl::Time finished = absl::InfiniteFuture();
};

// A range of ground: the keys of a subtree.
struct GroundRange {
  std::string lower;  // first key
  std::string upper;  // first key beyond
  static GroundRange Everything();
  static GroundRange Below(std::string_view path);
};

// Makes generation 1 if there is none yet.
absl::Status EnsureGeneration(db::Transaction& tx, absl::Time now);
absl::StatusOr<std::optional<Generation>> ReadGeneration(db::Transaction& tx, GenerationState state);
// The newest generation that was built beside another, whatever became of it.
absl::StatusOr<std::optional<Generation>> ReadLatestRebuild(db::Transaction& tx);
// Locks it for the rest of `tx`, so that only one process folds it at a time. NOT_FOUND when it is gone.
absl::StatusOr<Generation> LockGeneration(db::Transaction& tx, int64_t generation);
absl::StatusOr<Generation> StartGeneration(db::Transaction& tx, absl::Time now);
absl::Status SaveCursor(db::Transaction& tx, int64_t generation, uint64_t next_index);
absl::Status SaveGeneration(db::Transaction& tx, const Generation& generation);

// The facts of these subjects, as they are now.
absl::StatusOr<absl::flat_hash_map<Uuid, domain::Fact>> ReadFacts(db::Transaction& tx, int64_t generation,
                                                                  std::span<const Uuid> subjects);
absl::Status SaveFacts(db::Transaction& tx, int64_t generation, std::span<const domain::Fact> facts);

// A fact that an entry replaced.
struct Version {
  domain::Fact fact;
  uint64_t next_index = 0;
};
absl::Status SaveVersions(db::Transaction& tx, int64_t generation, std::span<const Version> versions);

// (path, category, count) -> what to add.
using CounterChanges = std::map<std::tuple<std::string, std::string, int>, int64_t>;
absl::Status AddToCounters(db::Transaction& tx, int64_t generation, const CounterChanges& changes);

// The saved counters and due times, summed up the tree.
absl::StatusOr<domain::Rollup> LoadRollup(db::Transaction& tx, int64_t generation);

// What turns the rollup for entries 0 .. from-1 into the one of the snapshot's cursor: facts to count in (n =
// 1) or out (n = -1). Limited to a range of ground. OUT_OF_RANGE beyond `rows_max` rows.
using EachDifference = std::function<void(const domain::Fact& fact, int64_t n)>;
absl::Status ReadDifference(db::Transaction& tx, int64_t generation, uint64_t from, const GroundRange& range,
                            int64_t rows_max, const EachDifference& each);
// The facts as they were for entries 0 .. index-1, read from the beginning: for an index near it.
absl::Status ReadFactsAt(db::Transaction& tx, int64_t generation, uint64_t index, const GroundRange& range,
                         int64_t rows_max, const EachDifference& each);
// Every fact of a range of ground, now.
absl::Status ReadAllFacts(db::Transaction& tx, int64_t generation, const GroundRange& range,
                          const std::function<void(const domain::Fact&)>& each);

// One page of the facts in one state, in the order of ground and id, after a key.
struct FactPage {
  domain::FactKind kind = domain::FactKind::kCase;
  int state = 0;
  GroundRange range;
  std::string after_path;     // "" = from the start
  std::string after_subject;  // 16 bytes
  int limit = 1;
};
absl::StatusOr<std::vector<domain::Fact>> ReadFactPage(db::Transaction& tx, int64_t generation,
                                                       const FactPage& page);

// Deletes some rows of a retired generation; answers how many.
absl::StatusOr<uint64_t> EmptyGeneration(db::Transaction& tx, int64_t generation);

}  // namespace gridwarden::report
