#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/id.h"
#include "domain/geo/datum.h"
#include "gridwarden/intake/v1/intake.pb.h"
#include "gridwarden/type/v1/import.pb.h"

// Reads hotspot files. Pure: bytes to rows.
//
// FIRMS CSV (conventions.md C1): MODIS and VIIRS, NRT and standard, every column variant and time spelling
// that was found in the field (shared data/fires/README): acq_time 0536, 536, 05:36, 5:36; confidence 0-100,
// low/nominal/high or l/n/h; the optional columns instrument, type, country_id. Times are UTC, positions
// WGS-84. The environment ministry's straw list: 时间,中心经度,中心纬度,省,市,县; a local day instead of a
// time, datum not stated.
namespace gridwarden::intake {

inline constexpr int kRowsMax = 100'000;

// One row, in the words of the resource, before it is located.
struct HotspotRow {
  int line = 0;
  v1::Hotspot::Satellite satellite = v1::Hotspot::SATELLITE_UNSPECIFIED;
  v1::Hotspot::Instrument instrument = v1::Hotspot::INSTRUMENT_UNSPECIFIED;
  absl::Time acquired;
  absl::Time acquired_until = absl::InfiniteFuture();  // end of the day when only a day is known
  domain::Point given;
  domain::Datum given_datum = domain::Datum::kWgs84;
  domain::Point position;  // WGS-84
  double accuracy_m = 0;
  v1::Hotspot::Confidence confidence = v1::Hotspot::CONFIDENCE_UNSPECIFIED;
  int confidence_percent = -1;
  double brightness_k = 0;
  double brightness_2_k = 0;
  double frp_mw = 0;
  double scan_km = 0;
  double track_km = 0;
  bool night = false;
  v1::Hotspot::Type type = v1::Hotspot::TYPE_UNSPECIFIED;
  std::string version;
  v1::Hotspot::Grade grade = v1::Hotspot::GRADE_UNSPECIFIED;
  std::string given_place;
  // The same for every processing of the same pixel: satellite, instrument, time, place to 0.001 degree
  // (about 100 m; the smallest pixels are 375 m apart).
  std::string channel_key;

  Uuid FireId() const;     // digest of channel_key
  Uuid HotspotId() const;  // digest of channel_key and grade: the same row always gives the same id
};

struct HotspotFile {
  std::string recognised_as;
  int rows_read = 0;
  std::vector<HotspotRow> rows;
  std::vector<type::v1::RowProblem> problems;  // the first 1,000
  int rows_refused = 0;
  std::vector<std::string> remarks;
};

// `now` is the latest acquisition time that is believed. INVALID_FIELD on `content` for what is no such file,
// on `datum` for a datum that FIRMS cannot have; DATUM_MISSING for a ministry list without one. Bad rows are
// problems, all at once.
absl::StatusOr<HotspotFile> ReadHotspotFile(std::string_view content, int first_line, domain::Datum datum,
                                            absl::Time now);

// The pieces, for tests.
absl::StatusOr<absl::Time> ParseAcquisition(std::string_view date, std::string_view time);
// Radius around the centre of a pixel of scan x track kilometres that holds 68 % of it, in metres.
double FootprintRadius(double scan_km, double track_km);
v1::Hotspot::Grade GradeOf(std::string_view version);

}  // namespace gridwarden::intake
