#include "intake/hotspot_file.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "base/status.h"
#include "platform/crypto/digest.h"
#include "platform/csv/csv.h"

namespace gridwarden::intake {
namespace {

using v1::Hotspot;

constexpr int kProblemsMax = 1000;
constexpr double kPixelKmMax = 20;  // the widest MODIS pixel is 4.8 km

Uuid DigestId(const std::string& text) {
  std::string bytes = crypto::Sha256(text).substr(0, 16);
  bytes[6] = static_cast<char>((bytes[6] & 0x0f) | 0x80);  // version 8
  bytes[8] = static_cast<char>((bytes[8] & 0x3f) | 0x80);
  return *Uuid::FromBytes(bytes);
}

// The cells of one row by column name, gathering what is wrong with them.
class Cells {
 public:
  Cells(const std::map<std::string, size_t>& columns, const csv::Row& row, HotspotFile& file)
      : columns_(columns), row_(row), file_(file) {}

  std::string Text(const std::string& column) const {
    const auto found = columns_.find(column);
    if (found == columns_.end() || found->second >= row_.cells.size()) return "";
    return std::string(absl::StripAsciiWhitespace(row_.cells[found->second]));
  }

  void Refuse(const std::string& column, const std::string& got, const std::string& want) {
    if (!refused_) ++file_.rows_refused;
    refused_ = true;
    if (static_cast<int>(file_.problems.size()) >= kProblemsMax) return;
    type::v1::RowProblem problem;
    problem.set_line(row_.line);
    problem.set_column(column);
    problem.set_got(got.substr(0, 80));
    problem.set_want(want);
    file_.problems.push_back(std::move(problem));
  }

  double Number(const std::string& column, double least, double most, bool required) {
    const std::string text = Text(column);
    if (text.empty() && !required) return 0;
    double number = 0;
    if (!absl::SimpleAtod(text, &number) || !std::isfinite(number) || number < least || number > most) {
      Refuse(column, text, absl::StrFormat("a number from %g to %g", least, most));
      return 0;
    }
    return number;
  }

  bool refused() const { return refused_; }

 private:
  const std::map<std::string, size_t>& columns_;
  const csv::Row& row_;
  HotspotFile& file_;
  bool refused_ = false;
};

std::string CodeOf(Hotspot::Satellite satellite) {
  switch (satellite) {
    case Hotspot::TERRA:
      return "T";
    case Hotspot::AQUA:
      return "A";
    case Hotspot::SUOMI_NPP:
      return "N";
    case Hotspot::NOAA_20:
      return "N20";
    case Hotspot::NOAA_21:
      return "N21";
    default:
      return "-";
  }
}

std::string CodeOf(Hotspot::Instrument instrument) {
  switch (instrument) {
    case Hotspot::MODIS:
      return "MODIS";
    case Hotspot::VIIRS:
      return "VIIRS";
    default:
      return "LIST";
  }
}

std::string KeyOf(const HotspotRow& row) {
  const bool day_only = row.acquired_until != absl::InfiniteFuture();
  const std::string time = absl::FormatTime(day_only ? "%Y-%m-%d" : "%Y-%m-%dT%H:%MZ", row.acquired,
                                            day_only ? absl::FixedTimeZone(8 * 3600) : absl::UTCTimeZone());
  // Thousandths as whole numbers, so that -0.0004 and 0 are the same place.
  return absl::StrFormat("%s/%s/%s/%d,%d", CodeOf(row.satellite), CodeOf(row.instrument), time,
                         std::llround(row.given.latitude * 1000), std::llround(row.given.longitude * 1000));
}

Hotspot::Satellite ParseSatellite(const std::string& text) {
  static const std::map<std::string, Hotspot::Satellite> names = {
      {"t", Hotspot::TERRA},        {"terra", Hotspot::TERRA},         {"a", Hotspot::AQUA},
      {"aqua", Hotspot::AQUA},      {"n", Hotspot::SUOMI_NPP},         {"npp", Hotspot::SUOMI_NPP},
      {"snpp", Hotspot::SUOMI_NPP}, {"suomi npp", Hotspot::SUOMI_NPP}, {"suomi-npp", Hotspot::SUOMI_NPP},
      {"1", Hotspot::NOAA_20},      {"n20", Hotspot::NOAA_20},         {"noaa-20", Hotspot::NOAA_20},
      {"noaa20", Hotspot::NOAA_20}, {"j1", Hotspot::NOAA_20},          {"2", Hotspot::NOAA_21},
      {"n21", Hotspot::NOAA_21},    {"noaa-21", Hotspot::NOAA_21},     {"noaa21", Hotspot::NOAA_21}};
  const auto found = names.find(absl::AsciiStrToLower(text));
  return found == names.end() ? Hotspot::SATELLITE_UNSPECIFIED : found->second;
}

bool Fits(Hotspot::Satellite satellite, Hotspot::Instrument instrument) {
  const bool carries_modis = satellite == Hotspot::TERRA || satellite == Hotspot::AQUA;
  return carries_modis == (instrument == Hotspot::MODIS);
}

void ReadConfidence(Cells& cells, HotspotRow& row) {
  const std::string text = absl::AsciiStrToLower(cells.Text("confidence"));
  int percent = -1;
  if (text == "l" || text == "low") {
    row.confidence = Hotspot::LOW;
  } else if (text == "n" || text == "nominal") {
    row.confidence = Hotspot::NOMINAL;
  } else if (text == "h" || text == "high") {
    row.confidence = Hotspot::HIGH;
  } else if (absl::SimpleAtoi(text, &percent) && percent >= 0 && percent <= 100) {
    row.confidence_percent = percent;
    row.confidence = percent < 30 ? Hotspot::LOW : percent < 80 ? Hotspot::NOMINAL : Hotspot::HIGH;
  } else {
    cells.Refuse("confidence", text, "0 to 100, or low, nominal or high");
  }
}

void ReadDayNightAndType(Cells& cells, HotspotRow& row) {
  const std::string day_night = absl::AsciiStrToUpper(cells.Text("daynight"));
  row.night = day_night == "N";
  if (!day_night.empty() && day_night != "N" && day_night != "D")
    cells.Refuse("daynight", day_night, "D or N");
  const std::string kind = cells.Text("type");
  int number = 0;
  if (kind.empty()) return;
  if (!absl::SimpleAtoi(kind, &number) || number < 0 || number > 3) {
    cells.Refuse("type", kind, "0 to 3");
    return;
  }
  row.type = static_cast<Hotspot::Type>(number + 1);
}

struct Pixels {
  std::map<std::pair<double, double>, double> radius;  // few sizes, many rows
  double Of(double scan_km, double track_km) {
    const auto [found, is_new] = radius.try_emplace({scan_km, track_km}, 0);
    if (is_new) found->second = FootprintRadius(scan_km, track_km);
    return found->second;
  }
};

void ReadFirmsRow(Cells cells, int line, absl::Time now, bool has_ti4, Pixels& pixels, HotspotFile& file) {
  HotspotRow row;
  row.line = line;
  row.given.latitude = cells.Number("latitude", -90, 90, true);
  row.given.longitude = cells.Number("longitude", -180, 180, true);
  row.position = row.given;
  const absl::StatusOr<absl::Time> acquired =
      ParseAcquisition(cells.Text("acq_date"), cells.Text("acq_time"));
  if (!acquired.ok()) {
    cells.Refuse("acq_date, acq_time", absl::StrCat(cells.Text("acq_date"), " ", cells.Text("acq_time")),
                 "2022-05-28 and 0536 (UTC)");
  } else if (*acquired > now) {
    cells.Refuse("acq_date, acq_time", absl::StrCat(cells.Text("acq_date"), " ", cells.Text("acq_time")),
                 "a time not in the future");
  } else {
    row.acquired = *acquired;
  }
  const std::string instrument = absl::AsciiStrToUpper(cells.Text("instrument"));
  row.instrument = instrument.empty()      ? (has_ti4 ? Hotspot::VIIRS : Hotspot::MODIS)
                   : instrument == "MODIS" ? Hotspot::MODIS
                   : instrument == "VIIRS" ? Hotspot::VIIRS
                                           : Hotspot::INSTRUMENT_UNSPECIFIED;
  row.satellite = ParseSatellite(cells.Text("satellite"));
  if (row.instrument == Hotspot::INSTRUMENT_UNSPECIFIED) {
    cells.Refuse("instrument", instrument, "MODIS or VIIRS");
  } else if (row.satellite == Hotspot::SATELLITE_UNSPECIFIED || !Fits(row.satellite, row.instrument)) {
    cells.Refuse("satellite", cells.Text("satellite"),
                 row.instrument == Hotspot::MODIS ? "T (Terra) or A (Aqua)" : "N (Suomi NPP), N20 or N21");
  }
  ReadConfidence(cells, row);
  ReadDayNightAndType(cells, row);
  const bool viirs = row.instrument == Hotspot::VIIRS;
  row.brightness_k = cells.Number(viirs && has_ti4 ? "bright_ti4" : "brightness", 0, 2000, false);
  row.brightness_2_k = cells.Number(viirs && has_ti4 ? "bright_ti5" : "bright_t31", 0, 2000, false);
  row.frp_mw = cells.Number("frp", -1000, 1'000'000, false);
  row.scan_km = cells.Number("scan", 0, kPixelKmMax, false);
  row.track_km = cells.Number("track", 0, kPixelKmMax, false);
  // A pixel of unstated size is taken at its smallest: 1 km for MODIS, 375 m for VIIRS.
  const double least = viirs ? 0.375 : 1.0;
  row.accuracy_m = pixels.Of(row.scan_km > 0 ? row.scan_km : least, row.track_km > 0 ? row.track_km : least);
  row.version = cells.Text("version").substr(0, 20);
  row.grade = GradeOf(row.version);
  if (cells.refused()) return;
  row.channel_key = KeyOf(row);
  file.rows.push_back(std::move(row));
}

void ReadStrawRow(Cells cells, int line, absl::Time now, domain::Datum datum, HotspotFile& file) {
  HotspotRow row;
  row.line = line;
  row.instrument = Hotspot::MINISTRY_LIST;
  row.grade = Hotspot::STANDARD;
  row.given.longitude = cells.Number("中心经度", -180, 180, true);
  row.given.latitude = cells.Number("中心纬度", -90, 90, true);
  row.given_datum = datum;
  const absl::StatusOr<absl::Time> day = ParseAcquisition(cells.Text("时间"), "0000");
  if (!day.ok()) {
    cells.Refuse("时间", cells.Text("时间"), "a day such as 2017-01-03");
  } else {
    // The day is a local one.
    row.acquired = *day - absl::Hours(8);
    row.acquired_until = row.acquired + absl::Hours(24);
    if (row.acquired > now) cells.Refuse("时间", cells.Text("时间"), "a day not in the future");
  }
  for (const char* column : {"省", "市", "县"}) {
    const std::string name = cells.Text(column);
    if (name.empty()) continue;
    if (!row.given_place.empty()) row.given_place += "/";
    row.given_place += name.substr(0, 100);
  }
  // The list gives thousandths of a degree and no pixel: a 1 km pixel is assumed.
  row.scan_km = row.track_km = 0;
  row.accuracy_m = FootprintRadius(1, 1);
  if (cells.refused()) return;
  const absl::StatusOr<domain::Point> position = domain::ToWgs84(row.given, datum);
  if (!position.ok()) {
    cells.Refuse("中心经度", cells.Text("中心经度"), "a position on the ground");
    return;
  }
  row.position = *position;
  row.channel_key = KeyOf(row);
  file.rows.push_back(std::move(row));
}

std::map<std::string, size_t> ColumnsOf(const csv::Table& table) {
  std::map<std::string, size_t> columns;
  for (size_t i = 0; i < table.header.size(); ++i)
    columns.try_emplace(absl::AsciiStrToLower(table.header[i]), i);
  return columns;
}

std::vector<std::string> Missing(const std::map<std::string, size_t>& columns,
                                 std::initializer_list<const char*> wanted) {
  std::vector<std::string> missing;
  for (const char* column : wanted) {
    if (!columns.contains(column)) missing.emplace_back(column);
  }
  return missing;
}

absl::Status WrongFile(const csv::Table& table, std::string_view missing) {
  std::string got;
  for (const std::string& column : table.header) got += (got.empty() ? "" : ",") + column;
  return InvalidField("content", absl::StrCat("got the columns \"", got.substr(0, 200),
                                              "\", want a FIRMS file (", std::string(missing),
                                              " missing) or a straw list (时间,中心经度,中心纬度,省,市,县)"));
}

}  // namespace

Uuid HotspotRow::FireId() const { return DigestId(channel_key); }
Uuid HotspotRow::HotspotId() const {
  return DigestId(absl::StrCat(channel_key, "/", static_cast<int>(grade)));
}

absl::StatusOr<absl::Time> ParseAcquisition(std::string_view date, std::string_view time) {
  const absl::Status bad = absl::InvalidArgumentError("no acquisition time");
  const std::string day(date);
  const std::vector<std::string> parts = absl::StrSplit(day, day.find('/') != std::string::npos ? '/' : '-');
  int year = 0, month = 0, of_month = 0;
  if (parts.size() != 3 || parts[0].size() != 4 || !absl::SimpleAtoi(parts[0], &year) ||
      !absl::SimpleAtoi(parts[1], &month) || !absl::SimpleAtoi(parts[2], &of_month)) {
    return bad;
  }
  const absl::CivilDay civil(year, month, of_month);
  if (civil.year() != year || civil.month() != month || civil.day() != of_month || year < 1970) return bad;
  const std::string clock(time);
  int hour = 0, minute = 0;
  if (const size_t colon = clock.find(':'); colon != std::string::npos) {
    const std::string after = clock.substr(colon + 1, 2);
    const std::string rest = clock.size() > colon + 3 ? clock.substr(colon + 3) : "";
    if (colon == 0 || colon > 2 || after.size() != 2 || (!rest.empty() && rest != ":00") ||
        !absl::SimpleAtoi(clock.substr(0, colon), &hour) || !absl::SimpleAtoi(after, &minute)) {
      return bad;
    }
  } else {
    // Zero-padding is lost by spreadsheets: 36 is 00:36, 536 is 05:36.
    int number = 0;
    if (clock.empty() || clock.size() > 4 ||
        !std::all_of(clock.begin(), clock.end(), [](unsigned char c) { return std::isdigit(c); }) ||
        !absl::SimpleAtoi(clock, &number)) {
      return bad;
    }
    hour = number / 100;
    minute = number % 100;
  }
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59) return bad;
  return absl::FromCivil(absl::CivilMinute(year, month, of_month, hour, minute), absl::UTCTimeZone());
}

double FootprintRadius(double scan_km, double track_km) {
  const double p = std::max(scan_km, 1e-3) / 2, q = std::max(track_km, 1e-3) / 2;
  const double wanted = 0.68 * p * q;  // of one quarter
  // Area of the quarter circle of radius r inside the quarter pixel p x q.
  auto inside = [&](double r) {
    auto under = [&](double x) {
      return (x * std::sqrt(std::max(r * r - x * x, 0.0)) + r * r * std::asin(std::min(x / r, 1.0))) / 2;
    };
    const double to = std::min(p, r);
    const double flat = r > q ? std::min(std::sqrt(r * r - q * q), to)
                              : 0;  // up to here the circle is above the pixel's edge
    return q * flat + under(to) - under(flat);
  };
  double low = 0, high = std::sqrt(p * p + q * q);
  for (int i = 0; i < 50; ++i) {
    const double middle = (low + high) / 2;
    (inside(middle) < wanted ? low : high) = middle;
  }
  return high * 1000;
}

Hotspot::Grade GradeOf(std::string_view version) {
  const std::string text = absl::AsciiStrToUpper(std::string(version));
  if (text.find("NRT") != std::string::npos || text.empty())
    return Hotspot::NEAR_REAL_TIME;  // nothing stated: not the final one
  if (text.find("RT") != std::string::npos) return Hotspot::REAL_TIME;
  return Hotspot::STANDARD;
}

absl::StatusOr<HotspotFile> ReadHotspotFile(std::string_view content, int first_line, domain::Datum datum,
                                            absl::Time now) {
  GW_ASSIGN_OR_RETURN(const csv::Table table, csv::Read(content, first_line, {.rows = kRowsMax}));
  const std::map<std::string, size_t> columns = ColumnsOf(table);
  HotspotFile file;
  file.rows_read = static_cast<int>(table.rows.size());
  file.rows.reserve(table.rows.size());
  if (Missing(columns, {"时间", "中心经度", "中心纬度"}).empty()) {
    file.recognised_as = "ministry straw list";
    if (datum == domain::Datum::kUnspecified) {
      return MakeError(absl::StatusCode::kInvalidArgument, "a straw list does not say its datum: give one",
                       {.reason = "DATUM_MISSING"});
    }
    for (const csv::Row& row : table.rows)
      ReadStrawRow(Cells(columns, row, file), row.line, now, datum, file);
    return file;
  }
  std::vector<std::string> missing =
      Missing(columns, {"latitude", "longitude", "acq_date", "acq_time", "satellite", "confidence"});
  const bool has_ti4 = columns.contains("bright_ti4");
  if (!has_ti4 && !columns.contains("brightness")) missing.emplace_back("brightness or bright_ti4");
  if (!missing.empty()) {
    std::string names;
    for (const std::string& name : missing) names += (names.empty() ? "" : ", ") + name;
    return WrongFile(table, names);
  }
  if (datum != domain::Datum::kUnspecified && datum != domain::Datum::kWgs84) {
    return InvalidField("datum", "a FIRMS file is WGS84 by definition");
  }
  file.recognised_as = has_ti4 ? "FIRMS VIIRS" : "FIRMS MODIS";
  Pixels pixels;
  for (const csv::Row& row : table.rows)
    ReadFirmsRow(Cells(columns, row, file), row.line, now, has_ti4, pixels, file);
  return file;
}

}  // namespace gridwarden::intake
