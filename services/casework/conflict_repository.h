#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "casework/list_key.h"
#include "gridwarden/casework/v1/conflict.pb.h"
#include "platform/db/database.h"
#include "platform/journal/stage.h"

// The SQL of declared conflicts of interest (回避).
namespace gridwarden::casework {

enum class CounterpartKind { kPerson = 1, kUnit = 2, kSource = 3 };

struct ConflictFile {
  Uuid id;
  Uuid person;
  CounterpartKind kind = CounterpartKind::kPerson;
  Uuid counterpart;
  std::string reason;
  std::optional<absl::Time> valid_until;
  Uuid declarer, declarer_post;
  absl::Time declared;
  std::optional<absl::Time> withdrawn;
  std::string withdraw_reason;
  Uuid division;
  std::string ground_path;
  journal::Subject subject;
};

v1::Conflict ToProto(const ConflictFile& conflict);
bool InForce(const ConflictFile& conflict, absl::Time at);

absl::Status InsertConflict(db::Transaction& tx, const ConflictFile& conflict);
// Saves its end. ABORTED when the row is not at subject.seq - 1.
absl::Status SaveConflict(db::Transaction& tx, const ConflictFile& conflict);
// Reads and locks one for the rest of `tx`; NOT_FOUND.
absl::StatusOr<ConflictFile> LockConflict(db::Transaction& tx, std::string_view name);

// Those of the person (any when nil) that either are of `own` or were declared within the grounds; newest
// first, after `after`. With `in_force_at` only those in force then.
struct ConflictFilter {
  Uuid own, person;
  std::vector<std::string> grounds;
  std::optional<absl::Time> in_force_at;
};
absl::StatusOr<std::vector<ConflictFile>> ListConflictFiles(db::Transaction& tx, const ConflictFilter& filter,
                                                            const std::optional<ListKey>& after, int limit);

// Persons who by a conflict in force at `at` do not check work of `fixer`, or of any of these units and
// sources.
absl::StatusOr<std::vector<Uuid>> PersonsInConflict(db::Transaction& tx, const Uuid& fixer,
                                                    const std::vector<Uuid>& counterparts, absl::Time at);

}  // namespace gridwarden::casework
