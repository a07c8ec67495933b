#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "casework/case_file.h"
#include "platform/db/database.h"

// The SQL of signals.
namespace gridwarden::casework {

// Reads and locks one signal (signals/{uuid}) for the rest of `tx`. NOT_FOUND if there is no such signal.
absl::StatusOr<SignalFile> LockSignal(db::Transaction& tx, std::string_view name);
absl::StatusOr<SignalFile> ReadSignal(db::Transaction& tx, std::string_view name);
// Those of these signals that exist, by id.
absl::StatusOr<std::vector<SignalFile>> ReadSignals(db::Transaction& tx, const std::vector<Uuid>& ids);
// The signal a channel already handed in under this key, if it did.
absl::StatusOr<std::optional<SignalFile>> FindSignalByKey(db::Transaction& tx, v1::Signal::Channel channel,
                                                          std::string_view channel_key);

// ALREADY_EXISTS (db::IsDuplicateKey) when the id or the channel's key is taken: the caller knows which it
// asked for.
absl::Status InsertSignal(db::Transaction& tx, const SignalFile& signal);
// Saves what a step may change; the row must be locked. ABORTED when the row is not at subject.seq - 1.
absl::Status SaveSignal(db::Transaction& tx, const SignalFile& signal);

// The handler of the last case of a source that had one; nobody when there is none.
absl::StatusOr<std::optional<Handler>> ReadLastHandler(db::Transaction& tx, const Uuid& source);

// Where the signals these were merged into have become cases since, or were merged on: sets `case`.
absl::Status ShowCasesOfMerged(db::Transaction& tx, std::vector<v1::Signal>& signals);

struct SignalFilter {
  std::vector<std::string> grounds;       // path keys; empty = everywhere
  std::vector<v1::Signal::State> states;  // empty = all
  std::string category;                   // "" = all
  std::vector<Uuid> assignees;            // posts whose on-site checks are asked for; used when only_assigned
  bool only_assigned = false;
  // Only those whose reporter waits for an answer that was due before it, the one due first first.
  std::optional<absl::Time> to_tell_before;
  Uuid merged_case;  // only those merged into it; nil = all
};
struct SignalKey {
  int64_t receive_us = 0;  // or when the answer is due
  Uuid id;
};
// Newest first (or by when the answer is due), after `after` when it is not null.
absl::StatusOr<std::vector<SignalFile>> ListSignalFiles(db::Transaction& tx, const SignalFilter& filter,
                                                        const SignalKey* after, int limit);
// Its text, for the test that asks how it is executed.
std::string SignalListStatement(const SignalFilter& filter, bool after);

}  // namespace gridwarden::casework
