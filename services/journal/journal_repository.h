#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "domain/merkle/tree.h"
#include "journal/ordering.h"
#include "platform/db/database.h"

// The SQL of the journal. Nothing here changes or deletes a row of journal_entry.
namespace gridwarden::journal {

struct Head {
  std::string origin;
  bool demo = false;
  uint64_t size = 0;
  uint64_t epoch = 0;
  Uuid lease_owner;
  int64_t lease_until_us = 0;  // by the database's clock
  int64_t last_sequenced_us = 0;
  std::string frontier;
  int64_t database_now_us = 0;  // read with the row, so that leases need no agreement between machines
};

struct StoredEntry {
  uint64_t index = 0;
  std::string leaf;
  Uuid entry_id;
  std::string request_id;  // 16 bytes, or ""
  std::string kind;
  Uuid subject;
  uint64_t subject_seq = 0;
  absl::Time sequenced;
  std::string body;
};

struct StoredCheckpoint {
  uint64_t size = 0;
  std::string root;
  absl::Time signed_time;
  std::string note;
};

// The head.
absl::StatusOr<std::optional<Head>> ReadHead(db::Transaction& tx);
absl::StatusOr<std::optional<Head>> LockHead(db::Transaction& tx);
absl::StatusOr<bool> HasEntries(db::Transaction& tx);
absl::Status InsertHead(db::Transaction& tx, const std::string& origin, bool demo);
// Takes the lease of a locked head under the next epoch.
absl::Status TakeLease(db::Transaction& tx, const Head& head, const Uuid& owner, absl::Duration time);
// False when somebody else holds it.
absl::StatusOr<bool> RenewLease(db::Transaction& tx, uint64_t epoch, const Uuid& owner, absl::Duration time);
absl::Status GiveUpLease(db::Transaction& tx, uint64_t epoch, const Uuid& owner);
// The compare-and-set that makes two sequencers harmless: ABORTED unless size and epoch are still `before`'s.
absl::Status MoveHead(db::Transaction& tx, const Head& before, uint64_t size, int64_t sequenced_us,
                      const std::string& frontier, const Uuid& owner, absl::Duration lease);

// Staged entries.
absl::StatusOr<bool> AnythingStaged(db::Transaction& tx);
absl::StatusOr<uint64_t> CountStaged(db::Transaction& tx);
// Counts no further than `most`.
absl::StatusOr<uint64_t> CountStagedUpTo(db::Transaction& tx, uint64_t most);
// The body of the row staged first.
absl::StatusOr<std::optional<std::string>> ReadOldestStaged(db::Transaction& tx);
// Locks up to `limit` staged rows after an id, passing over those that open transactions hold.
absl::StatusOr<std::vector<StagedEntry>> LockStaged(db::Transaction& tx, uint64_t after_id, int limit);
absl::StatusOr<std::vector<StagedEntry>> ReadStagedOfRequest(db::Transaction& tx, const Uuid& request_id);
absl::Status DeleteStaged(db::Transaction& tx, const std::vector<uint64_t>& ids);

// Sequenced entries.
absl::StatusOr<std::vector<ChainEnd>> ReadChainEnds(db::Transaction& tx, const std::vector<Uuid>& subjects);
absl::Status InsertEntries(db::Transaction& tx, const std::vector<StoredEntry>& entries);
absl::StatusOr<std::vector<StoredEntry>> ReadEntries(db::Transaction& tx, uint64_t first, int limit);
// Entries with first <= index < end of some kinds (none = all).
absl::StatusOr<std::vector<StoredEntry>> ReadFeedEntries(db::Transaction& tx, uint64_t first, uint64_t end,
                                                         const std::vector<std::string>& kinds, int limit);
absl::StatusOr<std::vector<StoredEntry>> ReadEntriesOfSubject(db::Transaction& tx, const Uuid& subject,
                                                              uint64_t after_seq, uint64_t first, int limit);
absl::StatusOr<std::vector<StoredEntry>> ReadEntriesOfRequest(db::Transaction& tx, const Uuid& request_id);

// The tree.
absl::Status InsertNodes(db::Transaction& tx, const std::vector<domain::merkle::TileRoot>& nodes);
domain::merkle::ReadHashes HashesIn(db::Transaction& tx);  // valid as long as `tx`

// Checkpoints.
absl::Status InsertCheckpoint(db::Transaction& tx, const StoredCheckpoint& checkpoint);
absl::StatusOr<std::optional<StoredCheckpoint>> ReadNewestCheckpoint(db::Transaction& tx);
absl::StatusOr<std::optional<StoredCheckpoint>> ReadCheckpointUpTo(db::Transaction& tx, uint64_t size);

}  // namespace gridwarden::journal
