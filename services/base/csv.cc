#include "base/csv.h"

#include <iconv.h>

#include <algorithm>
#include <cctype>

#include "absl/strings/str_format.h"
#include "base/status.h"

namespace gridwarden {
namespace {

constexpr size_t kColumnsMax = 200;
constexpr size_t kCellBytesMax = 64 * 1024;

// Blanks people leave around a cell, the full-width and the non-breaking one included.
std::string_view Trimmed(std::string_view text) {
  constexpr std::string_view kBlanks[] = {" ", "\t", "\r", "\n", "\xE3\x80\x80", "\xC2\xA0"};
  for (bool again = true; again;) {
    again = false;
    for (const std::string_view blank : kBlanks) {
      if (text.size() >= blank.size() && text.substr(0, blank.size()) == blank) {
        text.remove_prefix(blank.size());
        again = true;
      }
      if (text.size() >= blank.size() && text.substr(text.size() - blank.size()) == blank) {
        text.remove_suffix(blank.size());
        again = true;
      }
    }
  }
  return text;
}

// A name with what people write differently taken out.
std::string Plain(std::string_view name) {
  std::string plain;
  for (const char c : name) {
    if (c == ' ' || c == '_' || c == '*' || c == '-') continue;
    plain += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return plain;
}

char SeparatorOf(std::string_view text) {
  const std::string_view header = text.substr(0, text.find_first_of("\r\n"));
  for (const char candidate : {',', '\t', ';'}) {
    if (header.find(candidate) != std::string_view::npos) return candidate;
  }
  return ',';
}

// Reads one record after the other.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text), separator_(SeparatorOf(text)) {}

  bool AtEnd() const { return at_ >= text_.size(); }

  absl::StatusOr<CsvRow> Next() {
    CsvRow row;
    row.line = line_;
    while (true) {
      GW_ASSIGN_OR_RETURN(std::string cell, Cell());
      if (cell.size() > kCellBytesMax || row.cells.size() >= kColumnsMax) {
        return InvalidField("content",
                            absl::StrFormat("line %d: got a cell or a row too large for a table", row.line));
      }
      row.cells.push_back(std::move(cell));
      if (AtEnd()) return row;
      const char c = text_[at_++];
      if (c == separator_) continue;
      if (c == '\r' && !AtEnd() && text_[at_] == '\n') ++at_;
      ++line_;
      return row;
    }
  }

 private:
  // Up to, not including, the separator or line end behind it.
  absl::StatusOr<std::string> Cell() {
    size_t start = at_;
    while (start < text_.size() && (text_[start] == ' ' || (text_[start] == '\t' && separator_ != '\t')))
      ++start;
    if (start < text_.size() && text_[start] == '"') {
      at_ = start + 1;
      return Quoted();
    }
    const size_t end = std::min(text_.find_first_of(std::string{separator_, '\r', '\n'}, at_), text_.size());
    const std::string_view cell = Trimmed(text_.substr(at_, end - at_));
    at_ = end;
    return std::string(cell);
  }

  absl::StatusOr<std::string> Quoted() {
    const int opened = line_;
    std::string cell;
    while (at_ < text_.size()) {
      const char c = text_[at_++];
      if (c == '\n') ++line_;
      if (c != '"') {
        cell += c;
        continue;
      }
      if (at_ < text_.size() && text_[at_] == '"') {
        cell += '"';
        ++at_;
        continue;
      }
      while (at_ < text_.size() && (text_[at_] == ' ' || (text_[at_] == '\t' && separator_ != '\t'))) ++at_;
      if (at_ < text_.size() && text_[at_] != separator_ && text_[at_] != '\r' && text_[at_] != '\n') {
        return InvalidField("content", absl::StrFormat("line %d: got text behind a closing quote", line_));
      }
      return std::string(Trimmed(cell));
    }
    return InvalidField("content", absl::StrFormat("line %d: got a quote that never closes", opened));
  }

  std::string_view text_;
  char separator_;
  size_t at_ = 0;
  int line_ = 1;
};

bool IsBlank(const CsvRow& row) {
  return std::all_of(row.cells.begin(), row.cells.end(),
                     [](const std::string& cell) { return cell.empty(); });
}

}  // namespace

bool IsUtf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const unsigned char lead = static_cast<unsigned char>(text[i]);
    size_t more = 0;
    uint32_t code = 0;
    if (lead < 0x80) {
      ++i;
      continue;
    }
    if (lead >= 0xC2 && lead <= 0xDF)
      more = 1, code = lead & 0x1F;
    else if (lead >= 0xE0 && lead <= 0xEF)
      more = 2, code = lead & 0x0F;
    else if (lead >= 0xF0 && lead <= 0xF4)
      more = 3, code = lead & 0x07;
    else
      return false;
    if (text.size() - i <= more) return false;
    for (size_t k = 1; k <= more; ++k) {
      const unsigned char c = static_cast<unsigned char>(text[i + k]);
      if ((c & 0xC0) != 0x80) return false;
      code = code << 6 | (c & 0x3F);
    }
    const bool overlong = (more == 2 && code < 0x800) || (more == 3 && code < 0x10000);
    if (overlong || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return false;
    i += more + 1;
  }
  return true;
}

absl::StatusOr<std::string> DecodeText(std::string_view bytes, std::string* encoding) {
  *encoding = "UTF-8";
  if (bytes.substr(0, 3) == "\xEF\xBB\xBF") bytes.remove_prefix(3);
  if (bytes.find('\0') != std::string_view::npos) {
    return InvalidField("content", "got a binary file or UTF-16, want CSV text in UTF-8 or GBK");
  }
  if (IsUtf8(bytes)) return std::string(bytes);
  const iconv_t converter = iconv_open("UTF-8", "GB18030");  // holds all of GBK
  if (converter == reinterpret_cast<iconv_t>(-1)) return Internal("iconv knows no GB18030");
  std::string text(bytes.size() * 2 + 16, '\0');
  char* in = const_cast<char*>(bytes.data());
  size_t in_left = bytes.size();
  char* out = text.data();
  size_t out_left = text.size();
  const size_t converted = iconv(converter, &in, &in_left, &out, &out_left);
  iconv_close(converter);
  if (converted == static_cast<size_t>(-1) || in_left > 0) {
    return InvalidField("content", absl::StrFormat("got bytes that are neither UTF-8 nor GBK at offset %d",
                                                   static_cast<int>(bytes.size() - in_left)));
  }
  text.resize(text.size() - out_left);
  *encoding = "GBK";
  return text;
}

absl::StatusOr<CsvTable> ParseCsv(std::string_view content, int rows_max) {
  CsvTable table;
  GW_ASSIGN_OR_RETURN(const std::string text, DecodeText(content, &table.encoding));
  Reader reader(text);
  while (!reader.AtEnd()) {
    GW_ASSIGN_OR_RETURN(CsvRow row, reader.Next());
    if (IsBlank(row)) continue;
    if (table.header.empty()) {
      table.header = std::move(row.cells);
      continue;
    }
    if (static_cast<int>(table.rows.size()) >= rows_max) {
      return InvalidField(
          "content",
          absl::StrFormat("got more than %d rows, want the file in parts of at most that", rows_max));
    }
    table.rows.push_back(std::move(row));
  }
  if (table.header.empty()) return InvalidField("content", "got an empty file, want a header line and rows");
  return table;
}

absl::StatusOr<std::vector<int>> FindColumns(const CsvTable& table, std::span<const CsvColumn> columns) {
  std::vector<int> places(columns.size(), -1);
  std::string missing;
  for (size_t c = 0; c < columns.size(); ++c) {
    for (size_t h = 0; h < table.header.size(); ++h) {
      const std::string plain = Plain(table.header[h]);
      const bool named = std::any_of(columns[c].names.begin(), columns[c].names.end(),
                                     [&](std::string_view name) { return Plain(name) == plain; });
      if (!named) continue;
      if (places[c] >= 0) {
        return InvalidField("content",
                            absl::StrFormat("line 1: got two columns for %s: \"%s\" and \"%s\"",
                                            columns[c].names[0], table.header[places[c]], table.header[h]));
      }
      places[c] = static_cast<int>(h);
    }
    if (places[c] < 0 && columns[c].required) {
      if (!missing.empty()) missing += ", ";
      missing += std::string(columns[c].names[0]);
    }
  }
  if (missing.empty()) return places;
  std::string header;
  for (const std::string& name : table.header) header += (header.empty() ? "" : ",") + name;
  return InvalidField("content", absl::StrFormat("line 1: got the header \"%s\", want also the columns %s",
                                                 header.substr(0, 300), missing));
}

}  // namespace gridwarden
