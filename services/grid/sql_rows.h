#pragma once

#include <algorithm>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "base/status.h"
#include "domain/ground/ground.h"
#include "platform/db/database.h"

// Statements over many rows at once, in a few sizes only, so that the cache of prepared statements stays
// small.
namespace gridwarden::grid {

inline constexpr int kRowSizes[] = {500, 100, 10, 1};

template <typename... Args>
void Add(std::vector<db::Value>& values, const Args&... args) {
  (values.push_back(db::Value(args)), ...);
}

inline domain::Interval IntervalAt(const db::Row& row, int from) {
  return {row.Time(from, absl::InfinitePast()), row.Time(from + 1)};
}

// `insert` ends with "VALUES "; `bind` adds the values of one row; `rest` stands behind them all.
template <typename T, typename Bind>
absl::Status InsertRows(db::Transaction& tx, std::string_view insert, int columns, std::span<const T> rows,
                        Bind bind, std::string_view rest = "") {
  size_t done = 0;
  for (const int size : kRowSizes) {
    if (rows.size() - done < static_cast<size_t>(size)) continue;
    const std::string sql = std::string(insert) + db::RepeatedRows(columns, size) + std::string(rest);
    std::vector<db::Value> values;
    values.reserve(static_cast<size_t>(columns) * size);
    for (; rows.size() - done >= static_cast<size_t>(size); done += size) {
      values.clear();
      for (int i = 0; i < size; ++i) bind(rows[done + i], values);
      GW_RETURN_IF_ERROR(tx.ExecValues(sql, values).status());
    }
  }
  return absl::OkStatus();
}

// `select` ends with "IN (", `rest` begins with ")". The keys are asked for in pieces; a short last piece
// repeats its last key.
template <typename T, typename Key, typename Read>
absl::StatusOr<std::vector<T>> QueryIn(db::Transaction& tx, std::string_view select, std::string_view rest,
                                       std::span<const Key> keys, Read read) {
  std::vector<T> found;
  for (size_t done = 0; done < keys.size();) {
    const size_t left = keys.size() - done;
    const size_t size = left > 100 ? 500 : left > 10 ? 100 : left > 1 ? 10 : 1;
    std::vector<db::Value> values;
    values.reserve(size);
    for (size_t i = 0; i < size; ++i) values.push_back(db::Value(keys[std::min(done + i, keys.size() - 1)]));
    const std::string sql = std::string(select) + db::InList(static_cast<int>(size)) + std::string(rest);
    GW_RETURN_IF_ERROR(tx.QueryValues(sql, values, [&](const db::Row& row) { found.push_back(read(row)); }));
    done += size;
  }
  return found;
}

}  // namespace gridwarden::grid
