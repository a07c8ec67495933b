#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

// Reads and writes the tables that offices keep in spreadsheets.
namespace gridwarden::csv {

struct Row {
  int line = 0;  // of the file, where the row begins
  std::vector<std::string> cells;
};

struct Table {
  std::vector<std::string> header;  // trimmed
  std::vector<Row> rows;            // blank lines left out; a row has as many cells as it has
};

struct Limits {
  int rows = 20'000;
  int columns = 100;
  int cell_bytes = 64 * 1024;
};

// The text of a file as UTF-8 without a byte order mark: UTF-8, UTF-8 with BOM, or GBK (GB 18030).
// INVALID_FIELD on `content` when it is none of them, is UTF-16, or is no text at all (a spreadsheet, a
// picture).
absl::StatusOr<std::string> ToUtf8(std::string_view bytes);

// Reads a table: separated by commas, semicolons or tabs (whichever the header uses most), quoted as in RFC
// 4180, lines ended by LF, CRLF or CR. `first_line` is the line of the file where the first row after the
// header stands, for files sent in parts; 0 = 2. INVALID_FIELD on `content`, naming the line, for an empty
// file, a quote that never ends, or more than `limits`.
absl::StatusOr<Table> Read(std::string_view bytes, int first_line = 0, const Limits& limits = {});

// Appends one line, quoted where needed, ended by CRLF.
void WriteRow(const std::vector<std::string>& cells, std::string& out);

// A cell that a spreadsheet would run as a formula (it begins with = + - @ or a tab) gets an apostrophe in
// front; so does a cell that already begins with apostrophes before such a character. UnguardFormula takes
// exactly that apostrophe off again.
std::string GuardFormula(std::string_view cell);
std::string UnguardFormula(std::string_view cell);

// What Excel needs to open the file as UTF-8.
inline constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

}  // namespace gridwarden::csv
