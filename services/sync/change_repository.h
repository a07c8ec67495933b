#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/id.h"
#include "gridwarden/sync/v1/sync_service.pb.h"
#include "platform/db/database.h"

// The SQL of what changed: a row per record, and one per ground, post or unit that holds it.
namespace gridwarden::sync {

// A record as its last entry left it.
struct ChangedRecord {
  v1::Record::Kind kind = v1::Record::KIND_UNSPECIFIED;
  Uuid id;
  Uuid division;
  std::string ground_path;
  int64_t revision = 0;
  uint64_t index = 0;
  bool open = false;
  std::optional<int64_t> closed_us;  // since when it is not
  Uuid filing_post;                  // cases
};

// One that holds it: the ground (the township of its path), a post or a unit.
struct Interest {
  Uuid holder;
  std::string ground_path;
  bool is_ground = false;
  uint64_t from = 0;
  uint64_t last = 0;           // the record's last entry while this held
  std::optional<uint64_t> to;  // the entry that ended it
};

struct RecordWithInterests {
  ChangedRecord record;
  std::vector<Interest> interests;
};

// "cases" of a CASE ...: the collection of a record's name; and back (KIND_UNSPECIFIED for another).
std::string_view CollectionOf(v1::Record::Kind kind);
v1::Record::Kind KindOf(std::string_view name);
std::string NameOf(v1::Record::Kind kind, const Uuid& id);

// What ScopeDigest adds up: the first 8 bytes of SHA-256 of "kind:name:revision".
uint64_t DigestOf(v1::Record::Kind kind, const Uuid& id, int64_t revision);

// Nothing when no entry about it was folded yet.
absl::StatusOr<std::optional<RecordWithInterests>> ReadRecord(db::Transaction& tx, const Uuid& id);
absl::StatusOr<std::optional<ChangedRecord>> FindRecord(db::Transaction& tx, v1::Record::Kind kind,
                                                        const Uuid& id);
// Whether it waits, or ever waited, for one of these posts and units.
absl::StatusOr<bool> WasAssigned(db::Transaction& tx, const Uuid& id, const std::vector<Uuid>& holders);

// Writes the record and those of its interests that this entry moved.
absl::Status SaveRecord(db::Transaction& tx, const RecordWithInterests& state);

}  // namespace gridwarden::sync
