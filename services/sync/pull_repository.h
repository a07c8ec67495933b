#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "gridwarden/sync/v1/sync_service.pb.h"
#include "platform/db/database.h"
#include "sync/pull_cursor.h"
#include "sync/scope.h"

// The SQL of a pull: three statements, of which this has two.
namespace gridwarden::sync {

// One row that says that somebody of the scope holds a record, or held it.
struct HeldRow {
  Uuid id;
  Uuid holder;
  v1::Record::Kind kind = v1::Record::KIND_UNSPECIFIED;
  bool is_ground = false;
  int64_t revision = 0;
  uint64_t last = 0;
  bool ended = false;
  bool open = false;
  int64_t closed_us = 0;
};

// What there is to tell after a cursor, in one snapshot with the index that the feed was folded to.
struct Changes {
  std::string log;          // names the log; 8 bytes
  uint64_t next_index = 0;  // of the feed, folded so far
  // By index. Those from `cut` on are not all here: a page ends before it.
  std::vector<HeldRow> rows;
  std::optional<uint64_t> cut;
  // Closed for so long by now that they leave the phone.
  std::vector<HeldRow> archived;
  bool archived_cut = false;
};

// Rows that one statement answers beside those a page needs, because a record may have several.
inline constexpr int kRowsBeside = 64;
// More cannot leave a phone at once: it holds no more.
inline constexpr int kArchivedMax = 5000;

// Everything of the scope that a phone should hold, from cursor.next on (first time), or what changed since.
// `horizon_us`: what was closed until then is not for phones.
absl::StatusOr<Changes> ReadChanges(db::Transaction& tx, const Scope& scope, const Cursor& cursor,
                                    int64_t horizon_us, int limit);

// The rows of the scope that hold these records now.
absl::StatusOr<std::vector<HeldRow>> ReadHeld(db::Transaction& tx, const Scope& scope,
                                              const std::vector<Uuid>& records);

// How the open records of the scope add up, less those withheld.
absl::StatusOr<DigestSum> SumOpen(db::Transaction& tx, const Scope& scope, const Cursor& cursor);

// Where a scope has to be cut to hold at most `most` records: sets cursor.cutoffs and left_out. What changes
// from `next_index` on is never cut.
absl::Status FitScope(db::Transaction& tx, const Scope& scope, int64_t horizon_us, uint64_t next_index,
                      int most, Cursor& cursor);

}  // namespace gridwarden::sync
