#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "platform/db/database.h"

// Statements over many rows.
namespace gridwarden::notify {

// Runs "head (?,?),(?,?) tail" over `values`, `columns` of them a row, in chunks of few sizes, so that the
// statement cache stays small. Answers how many rows were touched.
absl::StatusOr<uint64_t> ExecRows(db::Transaction& tx, std::string_view head, int columns,
                                  std::string_view tail, std::span<const db::Value> values);

// Values for an IN list of ids: as many as a statement is made for, the last one repeated.
std::vector<db::Value> PaddedIds(std::span<const Uuid> ids);

}  // namespace gridwarden::notify
