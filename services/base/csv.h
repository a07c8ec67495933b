#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

// Tables as clerks send them: RFC 4180 with quotes, any line end, UTF-8 with or without BOM, or GBK as
// Chinese spreadsheets save.
namespace gridwarden {

struct CsvRow {
  int line = 0;                    // of the text, the header being 1; a quoted cell may hold line breaks
  std::vector<std::string> cells;  // UTF-8, without blanks around them
};

struct CsvTable {
  std::vector<std::string> header;
  std::vector<CsvRow> rows;  // blank lines left out
  std::string encoding;      // "UTF-8" or "GBK"
};

// Separated by comma, or by tab or semicolon when the header has no comma. INVALID_FIELD naming `content` for
// what is no such table: empty, binary, a quote that never closes, neither UTF-8 nor GBK, more than
// `rows_max` rows.
absl::StatusOr<CsvTable> ParseCsv(std::string_view content, int rows_max);

// The text in UTF-8; `encoding` is set to what it was. INVALID_FIELD when it is neither UTF-8 nor GBK.
absl::StatusOr<std::string> DecodeText(std::string_view bytes, std::string* encoding);

bool IsUtf8(std::string_view text);

// A column of a table and the names it may bear in a header, of which the first is the one shown. Compared
// without regard to case, blanks, "_" and "*".
struct CsvColumn {
  std::vector<std::string_view> names;
  bool required = false;
};

// Where each column stands in the header, -1 for one that is not there. INVALID_FIELD naming every required
// column that is missing and what the header has instead, or a column that is there twice.
absl::StatusOr<std::vector<int>> FindColumns(const CsvTable& table, std::span<const CsvColumn> columns);

}  // namespace gridwarden
