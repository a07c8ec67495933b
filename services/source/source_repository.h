#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/id.h"
#include "gridwarden/source/v1/source.pb.h"
#include "platform/db/database.h"
#include "platform/journal/stage.h"

// The SQL of the ledger.
namespace gridwarden::source {

// A source as its row holds it.
struct LedgerSource {
  Uuid id;
  Uuid city;  // the CITY above its division; nil when there is none
  Uuid division;
  std::string ground_path;  // Ground::PathKey(division)
  v1::Source value;         // as the API shows it
  journal::Subject subject;
};

// One row of its history. `seq` is the subject_seq of the journal entry of the same change.
struct SourceChangeRow {
  Uuid source;
  v1::SourceChange value;
  Uuid person;
  Uuid post;
};

// NOT_FOUND if there is no such source.
absl::StatusOr<LedgerSource> ReadSource(db::Transaction& tx, const Uuid& id);
absl::StatusOr<LedgerSource> ReadSourceByNo(db::Transaction& tx, std::string_view source_no);
// Those that are there, in no order. At most 500 ids.
absl::StatusOr<std::vector<LedgerSource>> ReadSources(db::Transaction& tx, const std::vector<Uuid>& ids);
// Reads and locks for the rest of `tx`, so that two offices changing one source at once are served in turn.
absl::StatusOr<LedgerSource> LockSource(db::Transaction& tx, const Uuid& id);
// Locks those of these numbers that are there, in no order. At most 500 numbers.
absl::StatusOr<std::vector<LedgerSource>> LockSourcesByNo(db::Transaction& tx,
                                                          const std::vector<std::string>& numbers);

// ALREADY_EXISTS naming the number or the id that is taken.
absl::Status InsertSource(db::Transaction& tx, const LedgerSource& source);
// ALREADY_EXISTS when the new number is taken.
absl::Status SaveSource(db::Transaction& tx, const LedgerSource& source);

absl::Status InsertChange(db::Transaction& tx, const SourceChangeRow& change);
// Oldest first, after `after_seq`.
absl::StatusOr<std::vector<v1::SourceChange>> ReadChanges(db::Transaction& tx, const Uuid& source,
                                                          int64_t after_seq, int limit);

// Which sources of one subtree are wanted; empty strings want all.
struct SourceFilter {
  std::string ground;      // path key of the subtree; empty = everywhere
  std::string categories;  // "A,B,C"
  std::string states;      // "1,2"
  std::string prefix;      // of number or name, as typed
};
// Where a page goes on.
struct SourceKey {
  std::string ground_path;
  Uuid id;
};
// In the order of (ground_path, source_id), after `after`.
absl::StatusOr<std::vector<LedgerSource>> ListSubtree(db::Transaction& tx, const SourceFilter& filter,
                                                      const SourceKey& after, int limit);

// The hot statements, for the test that asks EXPLAIN.
std::string_view ListSubtreeSql();

}  // namespace gridwarden::source
