#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "platform/db/database.h"

// Pieces of list statements. Their texts depend only on rounded counts, so that the statement cache stays
// small.
namespace gridwarden::casework {

// 1, 2, 4, 8 ...: the count a list of `count` values is padded to.
inline int RoundUp(size_t count) {
  int size = 1;
  while (static_cast<size_t>(size) < count) size *= 2;
  return size;
}

// "AND ((ground_path >= ? AND ground_path < ?) OR ...)": a row lies in one of the subtrees. "" when there are
// none.
inline std::string GroundClause(size_t grounds, std::string_view column = "ground_path") {
  if (grounds == 0) return "";
  std::string clause = " AND (";
  const int count = RoundUp(grounds);
  for (int i = 0; i < count; ++i) {
    if (i > 0) clause += " OR ";
    clause += "(" + std::string(column) + " >= ? AND " + std::string(column) + " < ?)";
  }
  return clause + ")";
}

// The end of a subtree's range of keys: the smallest key above everything that starts with `key`.
inline std::string EndOfRange(std::string key) {
  while (!key.empty() && static_cast<unsigned char>(key.back()) == 0xFF) key.pop_back();
  if (key.empty()) return std::string(161, '\xFF');
  key.back() = static_cast<char>(static_cast<unsigned char>(key.back()) + 1);
  return key;
}

inline void BindGrounds(const std::vector<std::string>& grounds, std::vector<db::Value>& values) {
  if (grounds.empty()) return;
  const int count = RoundUp(grounds.size());
  for (int i = 0; i < count; ++i) {
    const std::string& key = grounds[std::min<size_t>(i, grounds.size() - 1)];
    values.emplace_back(key);
    values.emplace_back(EndOfRange(key));
  }
}

// " AND state IN (?,?)", or "" for none.
inline std::string InClause(std::string_view column, size_t count) {
  if (count == 0) return "";
  return " AND " + std::string(column) + " IN (" + db::InList(RoundUp(count)) + ")";
}

template <typename T, typename ToValue>
void BindIn(const std::vector<T>& items, ToValue to_value, std::vector<db::Value>& values) {
  if (items.empty()) return;
  const int count = RoundUp(items.size());
  for (int i = 0; i < count; ++i) values.emplace_back(to_value(items[std::min<size_t>(i, items.size() - 1)]));
}

}  // namespace gridwarden::casework
