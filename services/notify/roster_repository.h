#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "domain/notice/roster.h"
#include "platform/db/database.h"
#include "platform/journal/stage.h"

// The SQL of the duty roster. A shift that was taken off stays as a row: put on again it goes on as the same
// aggregate.
namespace gridwarden::notify {

struct ShiftRow {
  domain::Shift shift;
  bool planned = false;
  journal::Subject subject;  // its id is Shift::Id
};

// Locks the roster of a division for the rest of `tx`; answers its revision.
absl::StatusOr<int64_t> LockRoster(db::Transaction& tx, const Uuid& division);
absl::StatusOr<int64_t> ReadRevision(db::Transaction& tx, const Uuid& division);
absl::Status SaveRevision(db::Transaction& tx, const Uuid& division, int64_t revision);

// Planned shifts of a division that touch [from, to), by beginning and id, after the one named.
struct ShiftQuery {
  Uuid division;
  domain::DutyKind kind = domain::DutyKind::kUnspecified;  // unspecified: both
  absl::Time from, to;
  int64_t after_us = INT64_MIN;
  std::string after_id;
  int limit = 0;
};
absl::StatusOr<std::vector<ShiftRow>> ReadShifts(db::Transaction& tx, const ShiftQuery& query);
// Rows of these ids, planned or not.
absl::StatusOr<absl::flat_hash_map<Uuid, ShiftRow>> ReadShiftsById(db::Transaction& tx,
                                                                   std::span<const Uuid> ids);
absl::Status InsertShifts(db::Transaction& tx, std::span<const ShiftRow> shifts);
absl::Status SaveShift(db::Transaction& tx, const ShiftRow& row);

// Who is planned at `at` for any of these divisions; for all of them when none is named.
absl::StatusOr<std::vector<ShiftRow>> ReadOnDuty(db::Transaction& tx, std::span<const Uuid> divisions,
                                                 absl::Time at);

}  // namespace gridwarden::notify
