#include "platform/csv/csv.h"

#include <iconv.h>

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "base/status.h"

namespace gridwarden::csv {
namespace {

absl::Status BadContent(std::string_view what) { return InvalidField("content", what); }

// Strict: no overlong forms, no surrogates, nothing above U+10FFFF.
bool IsUtf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const unsigned char lead = text[i];
    int more = 0;
    unsigned char low = 0x80, high = 0xbf;  // of the second byte
    if (lead < 0x80) {
      ++i;
      continue;
    } else if (lead >= 0xc2 && lead <= 0xdf) {
      more = 1;
    } else if (lead >= 0xe0 && lead <= 0xef) {
      more = 2;
      if (lead == 0xe0) low = 0xa0;
      if (lead == 0xed) high = 0x9f;
    } else if (lead >= 0xf0 && lead <= 0xf4) {
      more = 3;
      if (lead == 0xf0) low = 0x90;
      if (lead == 0xf4) high = 0x8f;
    } else {
      return false;
    }
    if (i + more >= text.size()) return false;
    for (int k = 1; k <= more; ++k) {
      const unsigned char c = text[i + k];
      if (c < low || c > high) return false;
      low = 0x80;
      high = 0xbf;
    }
    i += more + 1;
  }
  return true;
}

absl::StatusOr<std::string> FromGbk(std::string_view bytes) {
  const iconv_t converter = iconv_open("UTF-8", "GB18030");
  if (converter == reinterpret_cast<iconv_t>(-1)) return Internal("this system cannot convert GB18030");
  std::string out(bytes.size() * 2 + 16, '\0');  // two bytes become at most three, four at most four
  char* from = const_cast<char*>(bytes.data());
  size_t from_left = bytes.size();
  char* to = out.data();
  size_t to_left = out.size();
  const size_t result = iconv(converter, &from, &from_left, &to, &to_left);
  iconv_close(converter);
  if (result == static_cast<size_t>(-1)) {
    return BadContent(absl::StrFormat("byte %d is neither UTF-8 nor GBK: is this a CSV file?",
                                      bytes.size() - from_left + 1));
  }
  out.resize(out.size() - to_left);
  return out;
}

char SeparatorOf(std::string_view text) {
  const std::string_view header = text.substr(0, text.find_first_of("\r\n"));
  char best = ',';
  for (const char candidate : {';', '\t'}) {
    if (std::count(header.begin(), header.end(), candidate) > std::count(header.begin(), header.end(), best))
      best = candidate;
  }
  return best;
}

// Walks through a text cell by cell, counting lines.
class Scanner {
 public:
  Scanner(std::string_view text, int cell_bytes_max)
      : text_(text), separator_(SeparatorOf(text)), cell_bytes_max_(cell_bytes_max) {}

  bool AtEnd() const { return at_ >= text_.size(); }
  int line() const { return line_; }
  void set_line(int line) { line_ = line; }

  // Reads the cells of one row and the end of its line.
  absl::StatusOr<std::vector<std::string>> ReadRow(int columns_max) {
    std::vector<std::string> cells;
    const int begin = line_;
    while (true) {
      GW_ASSIGN_OR_RETURN(std::string cell, ReadCell());
      cells.push_back(std::move(cell));
      if (static_cast<int>(cells.size()) > columns_max) {
        return BadContent(absl::StrFormat("line %d has more than %d columns", begin, columns_max));
      }
      if (AtEnd()) return cells;
      if (text_[at_] == separator_) {
        ++at_;
        continue;
      }
      EndLine();
      return cells;
    }
  }

 private:
  bool AtLineEnd() const { return AtEnd() || text_[at_] == '\n' || text_[at_] == '\r'; }

  void EndLine() {
    if (text_[at_] == '\r' && at_ + 1 < text_.size() && text_[at_ + 1] == '\n') ++at_;
    ++at_;
    ++line_;
  }

  absl::StatusOr<std::string> ReadCell() {
    const int begin = line_;
    std::string cell;
    if (!AtEnd() && text_[at_] == '"') {
      ++at_;
      while (true) {
        if (AtEnd()) return BadContent(absl::StrFormat("the quote that begins in line %d never ends", begin));
        const char c = text_[at_++];
        if (c == '"') {
          if (AtEnd() || text_[at_] != '"') break;
          ++at_;
        }
        if (c == '\n') ++line_;
        cell.push_back(c);
        if (cell.size() > static_cast<size_t>(cell_bytes_max_)) {
          return BadContent(absl::StrFormat(
              "a cell that begins in line %d is longer than %d bytes: does a quote never end?", begin,
              cell_bytes_max_));
        }
      }
    }
    // What follows a closing quote belongs to the cell, as spreadsheets read it.
    while (!AtLineEnd() && text_[at_] != separator_) cell.push_back(text_[at_++]);
    if (cell.size() > static_cast<size_t>(cell_bytes_max_)) {
      return BadContent(absl::StrFormat("a cell in line %d is longer than %d bytes", begin, cell_bytes_max_));
    }
    return cell;
  }

  std::string_view text_;
  const char separator_;
  const int cell_bytes_max_;
  size_t at_ = 0;
  int line_ = 1;
};

bool IsBlank(const std::vector<std::string>& cells) {
  return std::all_of(cells.begin(), cells.end(), [](const std::string& cell) {
    return std::all_of(cell.begin(), cell.end(), [](char c) { return c == ' ' || c == '\t'; });
  });
}

bool StartsFormula(std::string_view cell) {
  const size_t first = cell.find_first_not_of('\'');
  return first != std::string_view::npos &&
         std::string_view("=+-@\t\r").find(cell[first]) != std::string_view::npos;
}

}  // namespace

absl::StatusOr<std::string> ToUtf8(std::string_view bytes) {
  if (bytes.starts_with("\xff\xfe") || bytes.starts_with("\xfe\xff")) {
    return BadContent("the file is UTF-16; save it as CSV in UTF-8");
  }
  if (bytes.starts_with("PK\x03\x04") || bytes.starts_with("\xd0\xcf\x11\xe0")) {
    return BadContent("the file is a spreadsheet, not CSV; save it as CSV");
  }
  if (bytes.find('\0') != std::string_view::npos) return BadContent("the file is not text");
  if (bytes.starts_with(kByteOrderMark)) bytes.remove_prefix(kByteOrderMark.size());
  if (IsUtf8(bytes)) return std::string(bytes);
  return FromGbk(bytes);
}

absl::StatusOr<Table> Read(std::string_view bytes, int first_line, const Limits& limits) {
  GW_ASSIGN_OR_RETURN(const std::string text, ToUtf8(bytes));
  Scanner scanner(text, limits.cell_bytes);
  Table table;
  while (table.header.empty()) {
    if (scanner.AtEnd()) return BadContent("the file is empty: want a header line");
    GW_ASSIGN_OR_RETURN(std::vector<std::string> cells, scanner.ReadRow(limits.columns));
    if (!IsBlank(cells)) table.header = std::move(cells);
  }
  for (std::string& name : table.header) absl::StripAsciiWhitespace(&name);
  if (first_line > 0) scanner.set_line(first_line);
  while (!scanner.AtEnd()) {
    const int line = scanner.line();
    GW_ASSIGN_OR_RETURN(std::vector<std::string> cells, scanner.ReadRow(limits.columns));
    if (IsBlank(cells)) continue;
    if (static_cast<int>(table.rows.size()) == limits.rows) {
      return BadContent(absl::StrFormat("more than %d rows: send the file in parts", limits.rows));
    }
    table.rows.push_back({line, std::move(cells)});
  }
  return table;
}

void WriteRow(const std::vector<std::string>& cells, std::string& out) {
  for (size_t i = 0; i < cells.size(); ++i) {
    if (i > 0) out.push_back(',');
    const std::string& cell = cells[i];
    if (cell.find_first_of(",;\t\"\r\n'") == std::string::npos) {
      out += cell;
      continue;
    }
    out.push_back('"');
    for (const char c : cell) {
      if (c == '"') out.push_back('"');
      out.push_back(c);
    }
    out.push_back('"');
  }
  out += "\r\n";
}

std::string GuardFormula(std::string_view cell) {
  return StartsFormula(cell) ? "'" + std::string(cell) : std::string(cell);
}

std::string UnguardFormula(std::string_view cell) {
  if (cell.starts_with('\'') && StartsFormula(cell)) cell.remove_prefix(1);
  return std::string(cell);
}

}  // namespace gridwarden::csv
