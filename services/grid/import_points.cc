#include <algorithm>
#include <array>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status.h"
#include "grid/boundary_repository.h"
#include "grid/code_book.h"
#include "grid/datum_notes.h"
#include "grid/geojson.h"
#include "grid/grid_service.h"
#include "grid/import_report.h"

namespace gridwarden::grid {
namespace {

enum Column { kCode, kLongitude, kLatitude, kName, kColumns };
constexpr size_t kNameBytesMax = 120;

const std::array<CsvColumn, kColumns>& Columns() {
  static const auto* columns = new std::array<CsvColumn, kColumns>{{
      {{"code", "division", "区划代码", "区划", "代码", "code12"}, true},
      {{"longitude", "经度", "lon", "lng"}, true},
      {{"latitude", "纬度", "lat"}, true},
      {{"name", "名称", "地点", "地名"}},
  }};
  return *columns;
}

absl::StatusOr<std::vector<PointFeature>> ReadCsvPoints(std::string_view content, const ImportNotes& notes) {
  GW_ASSIGN_OR_RETURN(const CsvTable table, ParseCsv(content, kImportRowsMax));
  GW_ASSIGN_OR_RETURN(const std::vector<int> places, FindColumns(table, Columns()));
  std::vector<PointFeature> points;
  for (const CsvRow& row : table.rows) {
    PointFeature point;
    point.number = notes.LineOf(row);
    point.code = std::string(CellOf(row, places[kCode]));
    point.display_name = std::string(CellOf(row, places[kName]));
    const auto refuse = [&](Column column, std::string want) {
      if (!point.problem_want.empty()) return;
      point.problem_column = table.header[places[column]];
      point.problem_got = std::string(CellOf(row, places[column]));
      point.problem_want = std::move(want);
    };
    if (point.code.empty()) refuse(kCode, "the code or the path of a division");
    if (!absl::SimpleAtod(std::string(CellOf(row, places[kLongitude])), &point.given.longitude))
      refuse(kLongitude, "degrees, -180 to 180");
    if (!absl::SimpleAtod(std::string(CellOf(row, places[kLatitude])), &point.given.latitude))
      refuse(kLatitude, "degrees, -90 to 90");
    if (const std::string want = WantOfPosition(point.given); point.problem_want.empty() && !want.empty()) {
      point.problem_column =
          absl::StrCat(table.header[places[kLongitude]], ", ", table.header[places[kLatitude]]);
      point.problem_got = absl::StrFormat("%g, %g", point.given.longitude, point.given.latitude);
      point.problem_want = want;
    }
    points.push_back(std::move(point));
  }
  return points;
}

// A point of the file and the division it is of.
struct Known {
  PointFeature file;
  domain::Point wgs84;
  CodeBook::Match match;
};

absl::StatusOr<std::vector<Known>> Prepare(std::vector<PointFeature> points, domain::Datum datum,
                                           const domain::Ground& ground, absl::Time as_of) {
  const CodeBook book(ground);
  std::vector<Known> known;
  for (PointFeature& point : points) {
    Known one;
    if (point.display_name.size() > kNameBytesMax && point.problem_want.empty()) {
      point.problem_column = "name";
      point.problem_got = point.display_name;
      point.problem_want = "at most 120 bytes (40 characters)";
    }
    if (point.problem_want.empty()) {
      GW_ASSIGN_OR_RETURN(one.wgs84, domain::ToWgs84(point.given, datum));
      one.match = book.Find(point.code, as_of);
      if (one.match.division == nullptr)
        one.match.division = ground.FindDivisionBySpelling(point.code, as_of);
    }
    one.file = std::move(point);
    known.push_back(std::move(one));
  }
  return known;
}

// Against the same points as stored, else against stored outlines of their divisions or of those above.
DatumFinding CheckDatum(const std::vector<Known>& points, domain::Datum declared,
                        const domain::Ground& ground, const Outlines& stored, absl::Time as_of) {
  absl::flat_hash_map<std::pair<Uuid, std::string>, domain::Point> before;
  for (const KnownPoint& known : stored.points.points())
    before[{known.division, known.display_name}] = known.wgs84;
  std::vector<PointPair> pairs;
  std::vector<PointOnGround> on_ground;
  for (const Known& point : points) {
    if (point.match.division == nullptr) continue;
    if (const auto same = before.find({point.match.division->id, point.file.display_name});
        same != before.end())
      pairs.push_back({point.wgs84, same->second});
    // Its own outline, or the lowest above it that is drawn.
    for (const domain::Division* above :
         ground.AncestorsAt(point.match.division->id, as_of, absl::InfiniteFuture())) {
      if (!above->has_boundary) continue;
      on_ground.push_back({point.wgs84, {above->id}});
      break;
    }
  }
  const DatumFinding finding = CheckPointPairs(pairs, declared);
  if (finding.verdict != DatumFinding::Verdict::kNothingToCompare || on_ground.empty()) return finding;
  return CheckPointsInside(on_ground, stored.boundaries, declared, /*moves_polygons=*/false);
}

// Points that lie outside the outline of the division above them are worth a look.
void TellOutside(const Known& point, const domain::Ground& ground, const Outlines& stored, absl::Time as_of,
                 ImportNotes& notes) {
  for (const domain::Division* above :
       ground.AncestorsAt(point.match.division->id, as_of, absl::InfiniteFuture())) {
    if (!above->has_boundary) continue;
    const std::vector<Uuid> holders = stored.boundaries.Holders(point.wgs84);
    if (std::find(holders.begin(), holders.end(), above->id) == holders.end()) {
      notes.Remark(absl::StrFormat("line %d: %s: lies outside the outline of %s", point.file.number,
                                   point.file.code, above->display_name));
    }
    return;
  }
}

absl::Status Plan(const std::vector<Known>& points, domain::Datum datum, std::string_view reason,
                  const domain::Ground& ground, const Outlines& stored, absl::Time as_of, db::Transaction& tx,
                  GridChange& change, ImportNotes& notes) {
  type::v1::ImportReport& report = notes.report();
  report.set_rows_read(static_cast<int>(points.size()));
  std::vector<Uuid> ids;
  for (const Known& point : points) {
    if (point.match.division != nullptr)
      ids.push_back(PointId(point.match.division->id, point.file.display_name));
  }
  GW_ASSIGN_OR_RETURN(const std::vector<PointRow> rows, LockPoints(tx, ids));
  absl::flat_hash_map<Uuid, const PointRow*> by_id;
  for (const PointRow& row : rows) by_id[row.subject.id] = &row;
  absl::flat_hash_map<Uuid, int> taken;
  int unmatched = 0;
  for (const Known& point : points) {
    const PointFeature& file = point.file;
    if (!file.problem_want.empty()) {
      notes.Refuse(file.number, file.problem_column, file.problem_got, file.problem_want);
      continue;
    }
    if (point.match.division == nullptr) {
      ++unmatched;
      notes.Remark(absl::StrFormat("line %d: %s %s: no division has this code, nor had it; left out",
                                   file.number, file.code, file.display_name));
      continue;
    }
    const Uuid id = PointId(point.match.division->id, file.display_name);
    if (const auto [before, first] = taken.emplace(id, file.number); !first) {
      notes.Refuse(
          file.number, "name", absl::StrCat(file.code, " ", file.display_name),
          absl::StrFormat("each point of a division once, by its name; line %d has it", before->second));
      continue;
    }
    if (!point.match.remark.empty())
      notes.Remark(absl::StrFormat("line %d: %s", file.number, point.match.remark));
    TellOutside(point, ground, stored, as_of, notes);
    PointRecord record;
    record.division = point.match.division->id;
    record.display_name = file.display_name;
    record.wgs84 = point.wgs84;
    record.given_datum = datum;
    const auto before = by_id.find(id);
    if (before == by_id.end()) {
      report.set_created(report.created() + 1);
      GW_RETURN_IF_ERROR(change.Put(std::move(record), {.id = id}, reason));
    } else if (domain::DistanceMetres(before->second->record.wgs84, record.wgs84) < 0.1) {
      report.set_unchanged(report.unchanged() + 1);
    } else {
      report.set_updated(report.updated() + 1);
      GW_RETURN_IF_ERROR(change.Put(std::move(record), before->second->subject, reason));
    }
  }
  if (!notes.refused() && unmatched == static_cast<int>(points.size())) {
    notes.Refuse(1, "code", absl::StrFormat("%d points, none of a stored division", unmatched),
                 "codes of stored divisions; import the divisions first");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<type::v1::ImportReport> ImportPoints(GridArea& area, const rpc::Call& call,
                                                    const v1::ImportRequest& request) {
  GW_ASSIGN_OR_RETURN(const domain::Datum datum, DeclaredDatum(request));
  GW_ASSIGN_OR_RETURN(const absl::Time as_of, AsOf(request));
  const absl::Time file_date = as_of == absl::InfinitePast() ? call.now : as_of;
  std::string_view content = request.content();
  if (content.substr(0, 3) == "\xEF\xBB\xBF") content.remove_prefix(3);
  const size_t begin = content.find_first_not_of(" \t\r\n");
  const bool geojson = begin != std::string_view::npos && content[begin] == '{';
  GW_ASSIGN_OR_RETURN(
      std::vector<PointFeature> read,
      geojson ? ReadPointFeatures(content) : ReadCsvPoints(request.content(), ImportNotes(request)));
  GW_ASSIGN_OR_RETURN(const auto ground, area.ground.Fresh(call.deadline));
  GW_ASSIGN_OR_RETURN(const auto stored,
                      area.boundaries.Get(call.deadline, BoundaryCache::Wait::kForTheNewest));
  GW_ASSIGN_OR_RETURN(const std::vector<Known> points, Prepare(std::move(read), datum, *ground, file_date));
  const DatumFinding finding = CheckDatum(points, datum, *ground, *stored, file_date);
  GW_ASSIGN_OR_RETURN(
      const type::v1::ImportReport report,
      RunImport(area, call, request, access::Acting(),
                [&](db::Transaction& tx, GridChange& change, ImportNotes& notes) -> absl::Status {
                  GW_RETURN_IF_ERROR(Plan(points, datum, ReasonToKeep(finding, request), *ground, *stored,
                                          file_date, tx, change, notes));
                  TellDatum(finding, datum, request.shift_accepted_reason(), notes);
                  return absl::OkStatus();
                }));
  if (report.created() + report.updated() > 0 && !report.dry_run())
    area.boundaries.Get(call.deadline, BoundaryCache::Wait::kForTheNewest).IgnoreError();
  return report;
}

}  // namespace gridwarden::grid
