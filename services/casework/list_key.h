#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/id.h"
#include "base/status.h"
#include "platform/rpc/page.h"

// Where a list goes on: the time it is ordered by, and the id where times are equal.
namespace gridwarden::casework {

struct ListKey {
  int64_t time_us = 0;
  Uuid id;
};

inline std::vector<std::string> WriteListKey(const ListKey& key) {
  return {absl::StrCat(key.time_us), key.id.ToString()};
}

inline absl::StatusOr<std::optional<ListKey>> ReadListKey(const rpc::Page& page) {
  if (page.after.empty()) return std::optional<ListKey>();
  ListKey key;
  const std::optional<Uuid> id = page.after.size() == 2 ? Uuid::Parse(page.after[1]) : std::nullopt;
  if (!id || !absl::SimpleAtoi(page.after[0], &key.time_us))
    return InvalidField("page_token", "got another list's token");
  key.id = *id;
  return std::optional<ListKey>(key);
}

}  // namespace gridwarden::casework
