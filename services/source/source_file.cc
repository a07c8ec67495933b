#include "source/source_file.h"

#include <array>
#include <map>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "access/standing.h"
#include "base/status.h"
#include "domain/ledger/source_life.h"
#include "platform/crypto/digest.h"
#include "source/source_columns.h"
#include "source/source_fields.h"

namespace gridwarden::source {
namespace {

using type::v1::Position;
using type::v1::RowProblem;

struct DatumName {
  Position::Datum datum;
  std::string_view name;
};
constexpr DatumName kDatumNames[] = {
    {Position::WGS84, "WGS84"},       {Position::WGS84, "WGS-84"},
    {Position::CGCS2000, "CGCS2000"}, {Position::CGCS2000, "2000国家大地坐标系"},
    {Position::GCJ02, "GCJ02"},       {Position::GCJ02, "GCJ-02"},
    {Position::GCJ02, "高德"},        {Position::GCJ02, "火星坐标"},
    {Position::BD09, "BD09"},         {Position::BD09, "BD-09"},
    {Position::BD09, "百度"},
};

RowProblem Problem(int line, std::string_view column, std::string_view got, std::string_view want) {
  RowProblem problem;
  problem.set_line(line);
  problem.set_column(std::string(column));
  // Enough to recognise the cell; never half a character.
  size_t size = std::min<size_t>(got.size(), 120);
  while (size > 0 && size < got.size() && (got[size] & 0xc0) == 0x80) --size;
  problem.set_got(std::string(got.substr(0, size)));
  problem.set_want(std::string(want));
  return problem;
}

// Which column of the file is which of ours, and what fills the gaps.
struct Layout {
  std::array<int, kColumnCount> at;                // index in the file; -1 = the file does not have it
  std::array<std::string, kColumnCount> header;    // as the file names it
  std::array<std::string, kColumnCount> fallback;  // for missing or empty cells
  size_t columns = 0;

  bool Has(Column column) const {
    return at[static_cast<int>(column)] >= 0 || !fallback[static_cast<int>(column)].empty();
  }
};

absl::StatusOr<Column> OwnColumn(std::string_view name, std::string_view field) {
  if (const std::optional<Column> column = FindColumn(name)) return *column;
  return InvalidField(
      field, absl::StrFormat("got \"%s\", want one of %s", name,
                             absl::StrJoin(ColumnNames(), ", ", [](std::string* out, const ColumnName& n) {
                               absl::StrAppend(out, std::string(n.field));
                             })));
}

absl::StatusOr<Layout> ReadLayout(const csv::Table& table, const v1::ImportSourcesRequest& request,
                                  type::v1::ImportReport& report) {
  Layout layout;
  layout.at.fill(-1);
  layout.columns = table.header.size();
  std::map<std::string, Column> mapping;
  for (const auto& [header, name] : request.columns()) {
    GW_ASSIGN_OR_RETURN(mapping[header], OwnColumn(name, absl::StrFormat("columns[\"%s\"]", header)));
  }
  std::vector<std::string> unknown;
  for (size_t i = 0; i < table.header.size(); ++i) {
    const std::string& header = table.header[i];
    std::optional<Column> column;
    if (const auto mapped = mapping.find(header); mapped != mapping.end()) {
      column = mapped->second;
      mapping.erase(mapped);
    } else {
      column = FindColumn(header);
    }
    if (!column) {
      if (!header.empty()) unknown.push_back(header);
      continue;
    }
    const int own = static_cast<int>(*column);
    if (layout.at[own] >= 0) {
      return InvalidField("content",
                          absl::StrFormat("columns \"%s\" and \"%s\" both mean %s; name one in `columns`",
                                          layout.header[own], header, NameOf(*column).field));
    }
    layout.at[own] = static_cast<int>(i);
    layout.header[own] = header;
  }
  if (!mapping.empty()) {
    return InvalidField("columns", absl::StrFormat("the file has no column \"%s\"", mapping.begin()->first));
  }
  for (const auto& [name, value] : request.defaults()) {
    GW_ASSIGN_OR_RETURN(const Column column, OwnColumn(name, "defaults"));
    if (column == Column::kSourceNo)
      return InvalidField("defaults", "source_no cannot be the same for all rows");
    layout.fallback[static_cast<int>(column)] = value;
  }
  for (int own = 0; own < kColumnCount; ++own) {
    if (layout.at[own] < 0) layout.header[own] = std::string(NameOf(static_cast<Column>(own)).zh);
  }
  for (const Column column : {Column::kDisplayName, Column::kCategory, Column::kDivision}) {
    if (layout.Has(column)) continue;
    Refuse(report, 1,
           {Problem(1, NameOf(column).zh, "",
                    absl::StrFormat("want a column %s (%s), one mapped to it, or a default",
                                    NameOf(column).zh, NameOf(column).field))});
  }
  if (!unknown.empty()) {
    report.add_remarks(
        absl::StrFormat("columns left out because they are none of ours: %s", absl::StrJoin(unknown, ", ")));
  }
  if (!layout.Has(Column::kSourceNo)) {
    report.add_remarks("no column 编号 (source_no): numbers are derived from division and name");
  }
  return layout;
}

std::optional<Position::Datum> ParseDatum(std::string_view name) {
  const std::string upper = absl::AsciiStrToUpper(absl::string_view(name.data(), name.size()));
  for (const DatumName& row : kDatumNames) {
    if (row.name == upper) return row.datum;
  }
  return std::nullopt;
}

std::string CategoryCode(const domain::Policy& policy, const std::string& name) {
  if (policy.FindCategory(name) != nullptr) return name;
  for (const auto& [code, category] : policy.categories) {
    if (category.zh == name) return code;
  }
  return name;
}

// A number that a second import of the same list gives again.
std::string DerivedNumber(const LedgerSource& source) {
  const std::string digest = crypto::Sha256(source.division.Bytes() + source.value.display_name());
  return "N-" + absl::BytesToHexString(absl::string_view(digest.data(), 8));
}

// Turns the cells of one row into a source; every fault becomes a problem.
class RowReader {
 public:
  RowReader(const domain::Policy& policy, const domain::Ground& ground, absl::Time now, Position::Datum datum,
            const Layout& layout, const csv::Row& row)
      : policy_(policy), ground_(ground), now_(now), datum_(datum), layout_(layout), row_(row) {}

  FileRow Read() {
    FileRow result{.line = row_.line};
    v1::Source& value = result.source.value;
    if (row_.cells.size() > layout_.columns) {
      problems_.push_back(
          Problem(row_.line, "", absl::StrFormat("%d cells", static_cast<int>(row_.cells.size())),
                  absl::StrFormat("want %d, as the header has", static_cast<int>(layout_.columns))));
    }
    value.set_source_no(Cell(Column::kSourceNo));
    value.set_display_name(Cell(Column::kDisplayName));
    value.set_category(CategoryCode(policy_, Cell(Column::kCategory)));
    value.set_address(Cell(Column::kAddress));
    value.set_operator_name(Cell(Column::kOperatorName));
    value.set_credit_code(absl::AsciiStrToUpper(Cell(Column::kCreditCode)));
    value.set_trade(Cell(Column::kTrade));
    value.set_state(v1::Source::ACTIVE);
    ReadDivision(result.source);
    ReadPosition(value);
    ReadDisposition(value);
    ReadState(value);
    if (value.source_no().empty()) {
      if (layout_.Has(Column::kSourceNo)) {
        Wrong(Column::kSourceNo, "", "want the number by which the source is matched");
      } else {
        value.set_source_no(DerivedNumber(result.source));
      }
    }
    for (const FieldViolation& fault : FaultsOf(policy_, value)) {
      Wrong(*FindColumn(fault.field), Cell(*FindColumn(fault.field)), fault.description);
    }
    for (const std::string& field : EditableFields()) {
      const std::optional<Column> column = FindColumn(field == "position" ? "longitude" : field);
      if (layout_.Has(*column) || field == "source_no") result.fields.push_back(field);
    }
    result.has_disposition = value.disposition() != v1::Source::DISPOSITION_UNSPECIFIED;
    result.has_state = !Cell(Column::kState).empty();
    return result;
  }

  std::vector<RowProblem> TakeProblems() { return std::move(problems_); }

 private:
  std::string Cell(Column column) const {
    const int own = static_cast<int>(column);
    std::string cell;
    if (const int at = layout_.at[own]; at >= 0 && at < static_cast<int>(row_.cells.size())) {
      cell = csv::UnguardFormula(row_.cells[at]);
      absl::StripAsciiWhitespace(&cell);
    }
    return cell.empty() ? layout_.fallback[own] : cell;
  }

  void Wrong(Column column, std::string_view got, std::string_view want) {
    problems_.push_back(Problem(row_.line, layout_.header[static_cast<int>(column)], got, want));
  }

  void ReadDivision(LedgerSource& source) {
    const std::string cell = Cell(Column::kDivision);
    const absl::StatusOr<access::Standing> standing = access::StandingOf(ground_, cell, now_, "division");
    if (!standing.ok()) {
      // One that was divided up names those who hold its ground.
      const bool ended = absl::IsFailedPrecondition(standing.status());
      Wrong(
          Column::kDivision, cell,
          ended ? std::string(standing.status().message()) : "a division code, its path of names, or its id");
      return;
    }
    source.division = standing->division;
    source.city = standing->city;
    source.ground_path = standing->ground_path;
    source.value.set_division(ResourceName("divisions", standing->division));
  }

  void ReadPosition(v1::Source& value) {
    const std::string longitude = Cell(Column::kLongitude);
    const std::string latitude = Cell(Column::kLatitude);
    if (longitude.empty() && latitude.empty()) return;
    Position& position = *value.mutable_position();
    const bool numbers =
        ReadDegrees(Column::kLongitude, longitude, 180, [&](double d) { position.set_longitude(d); }) &
        ReadDegrees(Column::kLatitude, latitude, 90, [&](double d) { position.set_latitude(d); });
    const std::string datum_name = Cell(Column::kDatum);
    const std::optional<Position::Datum> datum = datum_name.empty() ? datum_ : ParseDatum(datum_name);
    if (!datum || *datum == Position::DATUM_UNSPECIFIED) {
      Wrong(Column::kDatum, datum_name,
            "want WGS84, CGCS2000, GCJ02 or BD09, here or for the whole file (DATUM_MISSING)");
      return;
    }
    position.set_datum(*datum);
    if (!numbers) return;
    if (const absl::Status status = Normalise(value); !status.ok()) {
      Wrong(Column::kLongitude, absl::StrCat(longitude, ", ", latitude), std::string(status.message()));
    }
  }

  template <typename Set>
  bool ReadDegrees(Column column, const std::string& cell, double limit, Set set) {
    double degrees = 0;
    if (!absl::SimpleAtod(cell, &degrees) || !(degrees >= -limit && degrees <= limit)) {
      Wrong(column, cell, absl::StrFormat("want decimal degrees from -%.0f to %.0f", limit, limit));
      return false;
    }
    set(degrees);
    return true;
  }

  void ReadDisposition(v1::Source& value) {
    const std::string cell = Cell(Column::kDisposition);
    if (cell.empty()) return;
    const std::optional<v1::Source::Disposition> disposition = ParseDisposition(cell);
    if (!disposition) {
      Wrong(Column::kDisposition, cell, "want 关停取缔, 整合搬迁 or 升级改造");
    } else if (policy_.FindCategory(value.category()) != nullptr &&
               !NeedsDisposition(policy_, value.category())) {
      Wrong(Column::kDisposition, cell,
            absl::StrFormat("want nothing: category %s has no disposition", value.category()));
    } else {
      value.set_disposition(*disposition);
    }
  }

  void ReadState(v1::Source& value) {
    const std::string cell = Cell(Column::kState);
    if (cell.empty()) return;
    if (const std::optional<domain::SourceState> state = domain::ParseSourceState(cell)) {
      value.set_state(static_cast<v1::Source::State>(*state));
    } else {
      Wrong(Column::kState, cell, "want 在用, 停产, 已取缔 or 已灭失");
    }
  }

  const domain::Policy& policy_;
  const domain::Ground& ground_;
  const absl::Time now_;
  const Position::Datum datum_;
  const Layout& layout_;
  const csv::Row& row_;
  std::vector<RowProblem> problems_;
};

std::string Degrees(double degrees) { return absl::StrFormat("%.7f", degrees); }

// The path of names, which no spreadsheet takes for a number; the id where the path could mean two places.
std::string SpellingOf(const domain::Ground& ground, absl::Time now, const std::string& name) {
  const absl::StatusOr<Uuid> id = ParseResourceName("divisions", name);
  if (!id.ok()) return name;
  const std::string path = ground.PathName(*id);
  const domain::Division* meant = ground.FindDivisionBySpelling(path, now);
  return meant != nullptr && meant->id == *id ? path : name;
}

}  // namespace

void Refuse(type::v1::ImportReport& report, int line, std::vector<RowProblem> problems) {
  if (line > 1) report.set_rows_refused(report.rows_refused() + 1);
  for (RowProblem& problem : problems) {
    if (report.problems_size() < kProblemsMax) *report.add_problems() = std::move(problem);
  }
}

absl::StatusOr<FileReading> ReadSourceFile(const domain::Policy& policy, const domain::Ground& ground,
                                           absl::Time now, const v1::ImportSourcesRequest& request) {
  GW_ASSIGN_OR_RETURN(const csv::Table table, csv::Read(request.content(), request.first_line()));
  FileReading reading;
  GW_ASSIGN_OR_RETURN(const Layout layout, ReadLayout(table, request, reading.report));
  reading.report.set_rows_read(static_cast<int>(table.rows.size()));
  if (reading.report.problems_size() > 0) {
    reading.report.set_rows_refused(reading.report.rows_read());
    return reading;
  }
  if (table.rows.empty()) reading.report.add_remarks("the file has a header and no rows");
  std::map<std::string, int> line_of_number;
  for (const csv::Row& row : table.rows) {
    RowReader reader(policy, ground, now, request.datum(), layout, row);
    FileRow result = reader.Read();
    std::vector<RowProblem> problems = reader.TakeProblems();
    const std::string& number = result.source.value.source_no();
    if (const auto [at, fresh] = line_of_number.emplace(number, row.line); !fresh && !number.empty()) {
      problems.push_back(Problem(row.line, layout.header[static_cast<int>(Column::kSourceNo)], number,
                                 absl::StrFormat("want each source once: line %d has it too", at->second)));
    }
    if (problems.empty()) {
      reading.rows.push_back(std::move(result));
    } else {
      Refuse(reading.report, row.line, std::move(problems));
    }
  }
  return reading;
}

void WriteSourceHeader(std::string& out) {
  out += csv::kByteOrderMark;
  std::vector<std::string> cells;
  for (const ColumnName& name : ColumnNames()) cells.emplace_back(name.zh);
  csv::WriteRow(cells, out);
}

void WriteSourceRow(const domain::Ground& ground, absl::Time now, const v1::Source& source,
                    std::string& out) {
  std::vector<std::string> cells(kColumnCount);
  const auto set = [&](Column column, std::string_view text) {
    cells[static_cast<int>(column)] = csv::GuardFormula(text);
  };
  set(Column::kSourceNo, source.source_no());
  set(Column::kDisplayName, source.display_name());
  set(Column::kCategory, source.category());
  set(Column::kDivision, SpellingOf(ground, now, source.division()));
  set(Column::kAddress, source.address());
  if (source.has_position()) {
    // Plain numbers: nothing to guard.
    cells[static_cast<int>(Column::kLongitude)] = Degrees(source.position().longitude());
    cells[static_cast<int>(Column::kLatitude)] = Degrees(source.position().latitude());
    set(Column::kDatum, "WGS84");  // as it is stored
  }
  set(Column::kOperatorName, source.operator_name());
  set(Column::kCreditCode, source.credit_code());
  set(Column::kTrade, source.trade());
  set(Column::kDisposition, ChineseNameOf(source.disposition()));
  set(Column::kState, domain::ChineseNameOf(static_cast<domain::SourceState>(source.state())));
  csv::WriteRow(cells, out);
}

}  // namespace gridwarden::source
