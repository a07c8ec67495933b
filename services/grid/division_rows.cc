#include "grid/division_rows.h"

#include <algorithm>
#include <array>
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status.h"

namespace gridwarden::grid {
namespace {

using domain::Level;

constexpr size_t kNameBytesMax = 120;
constexpr size_t kCodeBytesMax = 24;

enum Column { kLevel, kCode, kCode12, kName, kParent, kProvince, kCity, kCounty, kTownship, kColumns };

const std::array<CsvColumn, kColumns>& Columns() {
  static const auto* columns = new std::array<CsvColumn, kColumns>{{
      {{"level", "级别", "层级", "行政级别"}},
      {{"code", "区划代码", "代码", "统计用区划代码", "行政区划代码"}},
      {{"code12"}},
      {{"name", "名称", "区划名称"}, true},
      {{"parent_code", "parent", "上级代码", "上级区划代码"}},
      {{"province_code", "省代码", "省级代码"}},
      {{"city_code", "市代码", "市级代码"}},
      {{"county_code", "area_code", "县代码", "区县代码", "县级代码"}},
      {{"township_code", "street_code", "乡镇代码", "街道代码", "乡级代码"}},
  }};
  return *columns;
}

bool AllDigits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

size_t CodeLength(Level level) {
  switch (level) {
    case Level::kProvince:
      return 2;
    case Level::kCity:
      return 4;
    case Level::kCounty:
      return 6;
    case Level::kTownship:
      return 9;
    case Level::kVillage:
      return 12;
    case Level::kGroup:
    case Level::kUnspecified:
      return 0;
  }
  return 0;
}

Level LevelOfLength(size_t length) {
  for (const Level level :
       {Level::kProvince, Level::kCity, Level::kCounty, Level::kTownship, Level::kVillage}) {
    if (CodeLength(level) == length) return level;
  }
  return Level::kUnspecified;
}

std::optional<Level> LevelOf(std::string_view text) {
  static const auto* names = new std::map<std::string_view, Level>{
      {"1", Level::kProvince},    {"省", Level::kProvince},  {"省级", Level::kProvince},
      {"2", Level::kCity},        {"市", Level::kCity},      {"地市", Level::kCity},
      {"市级", Level::kCity},     {"3", Level::kCounty},     {"县", Level::kCounty},
      {"区", Level::kCounty},     {"县区", Level::kCounty},  {"区县", Level::kCounty},
      {"县级", Level::kCounty},   {"4", Level::kTownship},   {"乡镇", Level::kTownship},
      {"街道", Level::kTownship}, {"乡", Level::kTownship},  {"乡级", Level::kTownship},
      {"镇", Level::kTownship},   {"5", Level::kVillage},    {"村", Level::kVillage},
      {"社区", Level::kVillage},  {"村级", Level::kVillage}, {"6", Level::kGroup},
      {"组", Level::kGroup},      {"楼院", Level::kGroup},
  };
  if (const auto found = names->find(text); found != names->end()) return found->second;
  return domain::ParseLevel(text);
}

// The code without the zeros that pad it to 12 digits, by what the digits themselves say.
std::string Unpadded(std::string_view code) {
  if (!AllDigits(code)) return std::string(code);
  for (const auto& [length, zeros] : {std::pair<size_t, size_t>{12, 3}, {9, 3}, {6, 2}, {4, 2}}) {
    if (code.size() != length) continue;
    const std::string_view tail = code.substr(length - zeros);
    if (tail.find_first_not_of('0') != std::string_view::npos) break;
    code = code.substr(0, length - zeros);
  }
  return std::string(code);
}

// The codes a stated parent may be stored under: as it stands, then without padding.
std::vector<std::string> Spellings(std::string_view code) {
  std::vector<std::string> spellings = {std::string(code)};
  if (code.size() == 12) {
    for (const size_t length : {9, 6, 4, 2}) {
      if (code.substr(length).find_first_not_of('0') == std::string_view::npos)
        spellings.emplace_back(code.substr(0, length));
    }
  }
  return spellings;
}

// Reads one row after the other with the places of its columns at hand.
class LineReader {
 public:
  LineReader(const CsvTable& table, std::vector<int> places, ImportNotes& notes)
      : table_(table), places_(std::move(places)), notes_(notes) {}

  std::optional<DivisionLine> Read(const CsvRow& row) {
    if (!CheckWidth(table_, row, notes_)) return std::nullopt;
    DivisionLine line;
    line.line = notes_.LineOf(row);
    bool good = true;
    const auto refuse = [&](Column column, std::string_view got, std::string_view want) {
      notes_.Refuse(line.line, NameOf(column), got, want);
      good = false;
    };
    line.display_name = std::string(Cell(row, kName));
    if (line.display_name.empty() || line.display_name.size() > kNameBytesMax) {
      refuse(kName, line.display_name, "a name of at most 120 bytes (40 characters)");
    }
    const Column code_column = places_[kCode] >= 0 ? kCode : kCode12;
    const std::string_view code = Cell(row, code_column);
    const std::string_view level = Cell(row, kLevel);
    if (!level.empty()) {
      const std::optional<Level> parsed = LevelOf(level);
      if (!parsed)
        refuse(kLevel, level, "PROVINCE, CITY, COUNTY, TOWNSHIP, VILLAGE or GROUP (省 市 县 乡镇 村 组)");
      line.level = parsed.value_or(Level::kUnspecified);
    }
    if (code.find("E+") != std::string_view::npos || code.find("e+") != std::string_view::npos) {
      refuse(code_column, code, "the digits of the code; a spreadsheet has rounded it to a number");
    } else if (line.level == Level::kGroup) {
      if (code.empty() || code.size() > kCodeBytesMax)
        refuse(code_column, code, "a local code of at most 24 characters");
      line.code = std::string(code);
    } else if (!AllDigits(code)) {
      refuse(code_column, code, "2, 4, 6, 9 or 12 digits");
    } else if (line.level == Level::kUnspecified) {
      line.code = code.size() == 12 ? Unpadded(code) : std::string(code);
      line.level = LevelOfLength(line.code.size());
      if (line.level == Level::kUnspecified) refuse(code_column, code, "2, 4, 6, 9 or 12 digits");
    } else {
      line.code = domain::CanonicalCode(code, line.level);
      if (line.code.size() != CodeLength(line.level)) {
        refuse(code_column, code,
               absl::StrFormat("%d digits, or 12 with zeros behind, for a %s",
                               static_cast<int>(CodeLength(line.level)), domain::NameOf(line.level)));
      }
    }
    if (good) ReadParent(row, line);
    return good && !failed_ ? std::optional(line) : (failed_ = false, std::nullopt);
  }

 private:
  std::string_view Cell(const CsvRow& row, Column column) const { return CellOf(row, places_[column]); }
  std::string NameOf(Column column) const {
    return places_[column] >= 0 ? table_.header[places_[column]] : std::string(Columns()[column].names[0]);
  }

  void ReadParent(const CsvRow& row, DivisionLine& line) {
    bool has_parent_columns = false;
    for (const Column column : {kParent, kTownship, kCounty, kCity, kProvince}) {
      has_parent_columns = has_parent_columns || places_[column] >= 0;
    }
    for (const auto& [column, level] : {std::pair{kParent, Level::kUnspecified},
                                        {kTownship, Level::kTownship},
                                        {kCounty, Level::kCounty},
                                        {kCity, Level::kCity},
                                        {kProvince, Level::kProvince}}) {
      const std::string_view code = Cell(row, column);
      if (code.empty() || (level != Level::kUnspecified && level >= line.level)) continue;
      line.parents = Spellings(code);
      line.parent_stated = true;
      return;
    }
    if (has_parent_columns) {
      if (line.level > Level::kCity) {
        notes_.Refuse(line.line, places_[kParent] >= 0 ? NameOf(kParent) : "", "nothing",
                      "the code of the division above it");
        failed_ = true;
      }
      return;
    }
    // A list of one level without any parent column: the longest known code that this one begins with.
    for (const size_t length : {9, 6, 4, 2}) {
      if (length < line.code.size()) line.parents.push_back(line.code.substr(0, length));
    }
  }

  const CsvTable& table_;
  const std::vector<int> places_;
  ImportNotes& notes_;
  bool failed_ = false;
};

}  // namespace

absl::StatusOr<std::vector<DivisionLine>> ReadDivisionLines(const CsvTable& table, ImportNotes& notes) {
  GW_ASSIGN_OR_RETURN(std::vector<int> places, FindColumns(table, Columns()));
  if (places[kCode] < 0 && places[kCode12] < 0) {
    return InvalidField("content", "line 1: got a header without a column code (区划代码)");
  }
  LineReader reader(table, std::move(places), notes);
  std::vector<DivisionLine> lines;
  lines.reserve(table.rows.size());
  for (const CsvRow& row : table.rows) {
    if (std::optional<DivisionLine> line = reader.Read(row)) lines.push_back(*std::move(line));
  }
  return lines;
}

bool IsHeading(Level level, std::string_view name) {
  if (level == Level::kCity) {
    return name == "市辖区" || name == "县" || name.find("直辖县级行政区划") != std::string_view::npos;
  }
  return level == Level::kCounty && name == "市辖区";
}

bool IsStatistical(Level level, std::string_view code, std::string_view name) {
  if (IsHeading(level, name)) return true;
  if (level == Level::kCounty) return code.size() == 6 && code[4] == '7' && code[5] >= '1';
  if (level == Level::kTownship) return code.size() == 9 && code[6] == '4';
  return false;
}

}  // namespace gridwarden::grid
