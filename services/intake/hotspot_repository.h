#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "intake/hotspot_file.h"
#include "platform/db/database.h"
#include "platform/journal/stage.h"

// The SQL of the intake area.
namespace gridwarden::intake {

// A hotspot as it is kept.
struct HotspotRecord {
  HotspotRow row;
  Uuid id;
  Uuid fire;
  v1::Hotspot::State state = v1::Hotspot::STATE_UNSPECIFIED;
  Uuid division;  // nil outside
  Uuid city;
  std::string ground_path;
  double place_confidence = 0;
  std::string place_basis;
  Uuid superseded_by;
  Uuid replaces;
  bool signal_stands = true;  // not stored: that the one it replaces was located, and so is a signal already
  Uuid import;
  std::string file_name;  // read only: of its import
  absl::Time received;
  uint64_t subject_seq = 0;
  std::string subject_leaf;

  journal::Subject subject() const { return {id, subject_seq, subject_leaf}; }
};

// What an import left behind.
struct ImportRecord {
  Uuid id;
  std::string file_name;
  std::string digest;
  std::string recognised_as;
  Uuid account;
  int rows_read = 0, created = 0, duplicates = 0, outside = 0, superseded = 0;
  absl::Time received;
};

// Imports take turns: locks the gate for the rest of `tx`.
absl::Status PassGate(db::Transaction& tx);
// The best processing kept of each of these fires.
absl::StatusOr<absl::flat_hash_map<Uuid, HotspotRecord>> ReadFires(db::Transaction& tx,
                                                                   std::span<const Uuid> fires);
absl::Status InsertHotspots(db::Transaction& tx, std::span<const HotspotRecord> hotspots);
absl::Status SaveSuperseded(db::Transaction& tx, const HotspotRecord& hotspot);
absl::Status InsertImport(db::Transaction& tx, const ImportRecord& import);

// Those outside every polygon, oldest first, after the one with this time and id.
absl::StatusOr<std::vector<HotspotRecord>> ReadOutside(db::Transaction& tx, absl::Time acquired,
                                                       const Uuid& after, int limit);
// Which of these are still outside; locked.
absl::StatusOr<absl::flat_hash_map<Uuid, HotspotRecord>> LockOutside(db::Transaction& tx,
                                                                     std::span<const Uuid> ids);
// Where one that was outside lies now.
absl::Status SaveLocated(db::Transaction& tx, const HotspotRecord& hotspot);

// Up to which entry of the journal the ground was changed, and up to which the hotspots outside were located
// again since.
struct Relocation {
  uint64_t wanted = 0, done = 0;
};
absl::StatusOr<Relocation> ReadRelocation(db::Transaction& tx);
absl::Status WantRelocation(db::Transaction& tx, uint64_t entries);
absl::Status SaveRelocation(db::Transaction& tx, uint64_t entries);

absl::StatusOr<std::optional<HotspotRecord>> ReadHotspot(db::Transaction& tx, const Uuid& id);

// One page, newest acquisition first, of the subtrees in `scope` (path keys; "" = everything).
struct HotspotQuery {
  std::vector<int> states;
  std::vector<std::string> scope;
  std::optional<absl::Time> from, to;
  std::optional<std::pair<int64_t, std::string>> after;  // acquired_us, id of the last one seen
  int limit = 50;
};
absl::StatusOr<std::vector<HotspotRecord>> ReadHotspots(db::Transaction& tx, const HotspotQuery& query);

}  // namespace gridwarden::intake
