#include "gridctl/csv_parts.h"

#include <algorithm>
#include <cstddef>
#include <set>
#include <string_view>

#include "absl/strings/str_cat.h"

namespace gridwarden::gridctl {

namespace {

std::vector<size_t> LineEnds(const std::string& content) {
  std::vector<size_t> line_ends;
  bool quoted = false;
  for (size_t i = 0; i < content.size(); ++i) {
    if (content[i] == '"') quoted = !quoted;
    if (content[i] == '\n' && !quoted) line_ends.push_back(i + 1);
  }
  if (line_ends.empty() || line_ends.back() != content.size()) line_ends.push_back(content.size());
  return line_ends;
}

// Lines `from` to `to` (from 1, behind the header; `to` not included).
Part PartOf(const std::string& content, const std::vector<size_t>& line_ends, size_t from, size_t to) {
  return {.content = content.substr(0, line_ends.front()) +
                     content.substr(line_ends[from - 1], line_ends[to - 1] - line_ends[from - 1]),
          .first_line = static_cast<int>(from) + 1,
          .rows = static_cast<int>(to - from)};
}

// What the codes of one county's villages, of one city's townships have in common; "" for a line without a
// code.
std::string RegionOf(std::string_view line) {
  for (size_t at = 0; at < line.size();) {
    size_t end = at;
    while (end < line.size() && line[end] >= '0' && line[end] <= '9') ++end;
    const bool whole =
        at == 0 || line[at - 1] == ',' || line[at - 1] == ';' || line[at - 1] == '\t' || line[at - 1] == '"';
    const size_t length = end - at;
    if (whole && length >= 4)
      return absl::StrCat(std::string(line.substr(at, length > 9   ? 6
                                                      : length > 6 ? 4
                                                                   : 2)),
                          " of ", length, " digits");
    at = end + 1;
  }
  return "";
}

}  // namespace

std::vector<Part> SplitCsv(const std::string& content, int rows_per_part) {
  const std::vector<size_t> line_ends = LineEnds(content);
  std::vector<Part> parts;
  for (size_t line = 1; line < line_ends.size(); line += rows_per_part)
    parts.push_back(PartOf(content, line_ends, line, std::min(line + rows_per_part, line_ends.size())));
  if (parts.empty()) parts.push_back({.content = content});
  return parts;
}

absl::StatusOr<std::vector<Part>> SplitDivisions(const std::string& content, int rows_per_part) {
  const std::vector<size_t> line_ends = LineEnds(content);
  if (line_ends.size() <= static_cast<size_t>(rows_per_part) + 1) return SplitCsv(content, rows_per_part);
  std::vector<Part> parts;
  std::set<std::string> regions;
  std::string region;
  size_t first = 1;
  for (size_t line = 1; line < line_ends.size(); ++line) {
    const std::string next = RegionOf(
        std::string_view(content).substr(line_ends[line - 1], line_ends[line] - line_ends[line - 1]));
    if (next == region) continue;
    region = next;
    if (!regions.insert(region).second) {
      return absl::InvalidArgumentError(absl::StrCat(
          "line ", line + 1, ": the rows of ", region,
          " stand in several places; sort the file by code, it is too large to be sent at once"));
    }
    if (line - first >= static_cast<size_t>(rows_per_part)) {
      parts.push_back(PartOf(content, line_ends, first, line));
      first = line;
    }
  }
  parts.push_back(PartOf(content, line_ends, first, line_ends.size()));
  return parts;
}

}  // namespace gridwarden::gridctl
