#include "notify/rows.h"

#include <algorithm>

namespace gridwarden::notify {
namespace {

constexpr size_t kChunks[] = {256, 64, 16, 4, 1};

}  // namespace

absl::StatusOr<uint64_t> ExecRows(db::Transaction& tx, std::string_view head, int columns,
                                  std::string_view tail, std::span<const db::Value> values) {
  uint64_t touched = 0;
  const size_t rows = values.size() / columns;
  for (size_t at = 0; at < rows;) {
    const size_t chunk =
        *std::find_if(std::begin(kChunks), std::end(kChunks), [&](size_t n) { return n <= rows - at; });
    const std::string sql =
        std::string(head) + db::RepeatedRows(columns, static_cast<int>(chunk)) + std::string(tail);
    GW_ASSIGN_OR_RETURN(const uint64_t some,
                        tx.ExecValues(sql, values.subspan(at * columns, chunk * columns)));
    touched += some;
    at += chunk;
  }
  return touched;
}

std::vector<db::Value> PaddedIds(std::span<const Uuid> ids) {
  constexpr size_t kSizes[] = {1, 4, 16, 64, 256, 512};
  size_t size = ids.size();
  for (const size_t fits : kSizes) {
    if (fits >= ids.size()) {
      size = fits;
      break;
    }
  }
  std::vector<db::Value> values;
  values.reserve(size);
  for (size_t i = 0; i < size; ++i) values.emplace_back(ids[std::min(i, ids.size() - 1)]);
  return values;
}

}  // namespace gridwarden::notify
