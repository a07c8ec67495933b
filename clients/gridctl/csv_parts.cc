#include "gridctl/csv_parts.h"

#include <algorithm>
#include <cstddef>

namespace gridwarden::gridctl {

std::vector<Part> SplitCsv(const std::string& content, int rows_per_part) {
  std::vector<size_t> line_ends;
  bool quoted = false;
  for (size_t i = 0; i < content.size(); ++i) {
    if (content[i] == '"') quoted = !quoted;
    if (content[i] == '\n' && !quoted) line_ends.push_back(i + 1);
  }
  if (line_ends.empty() || line_ends.back() != content.size()) line_ends.push_back(content.size());
  const std::string header = content.substr(0, line_ends.front());
  std::vector<Part> parts;
  for (size_t line = 1; line < line_ends.size(); line += rows_per_part) {
    const size_t last = std::min(line + rows_per_part, line_ends.size()) - 1;
    parts.push_back(
        {.content = header + content.substr(line_ends[line - 1], line_ends[last] - line_ends[line - 1]),
         .first_line = static_cast<int>(line) + 1,
         .rows = static_cast<int>(last - line + 1)});
  }
  if (parts.empty()) parts.push_back({.content = content});
  return parts;
}

}  // namespace gridwarden::gridctl
