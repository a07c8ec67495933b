#include <algorithm>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status.h"
#include "grid/boundary_repository.h"
#include "grid/geojson.h"
#include "grid/grid_service.h"
#include "grid/import_report.h"
#include "platform/crypto/digest.h"

namespace gridwarden::grid {
namespace {

// The codes a feature's division may be stored under: as published, or padded with zeros to 6 or 12 digits.
std::vector<std::string> Spellings(const std::string& code) {
  std::vector<std::string> spellings = {code};
  for (const size_t length : {9, 6, 4, 2}) {
    if (code.size() > length && code.find_first_not_of('0', length) == std::string::npos) {
      spellings.push_back(code.substr(0, length));
    }
  }
  return spellings;
}

absl::Status Plan(const FeatureFile& file, domain::Datum datum, db::Transaction& tx, GridChange& change,
                  ImportNotes& notes) {
  type::v1::ImportReport& report = notes.report();
  report.set_rows_read(static_cast<int>(file.features.size()));
  std::vector<std::string> codes;
  for (const Feature& feature : file.features) {
    for (std::string& code : Spellings(feature.code)) codes.push_back(std::move(code));
  }
  GW_ASSIGN_OR_RETURN(const std::vector<DivisionRow> divisions, LockDivisionsByCode(tx, codes));
  absl::flat_hash_map<std::string, const DivisionRow*> by_code;
  std::vector<Uuid> ids;
  for (const DivisionRow& row : divisions) {
    by_code[row.record.codes[0].code] = &row;
    ids.push_back(row.record.id);
  }
  GW_ASSIGN_OR_RETURN(const std::vector<BoundaryRow> stored, LockBoundaries(tx, ids));
  absl::flat_hash_map<Uuid, const BoundaryRow*> by_division;
  for (const BoundaryRow& row : stored) by_division[row.record.division] = &row;

  absl::flat_hash_map<Uuid, int> taken;  // division -> feature
  int unmatched = 0;
  for (const Feature& feature : file.features) {
    if (!feature.problem_want.empty()) {
      notes.Refuse(feature.number, feature.problem_column, feature.problem_got, feature.problem_want);
      continue;
    }
    const DivisionRow* division = nullptr;
    for (const std::string& code : Spellings(feature.code)) {
      if (const auto found = by_code.find(code); division == nullptr && found != by_code.end())
        division = found->second;
    }
    const std::string shown = absl::StrCat(feature.code, " ", feature.display_name);
    if (division == nullptr) {
      ++unmatched;
      notes.Remark(
          absl::StrFormat("feature %d: %s: no division has this code; left out", feature.number, shown));
      continue;
    }
    if (const auto [before, first] = taken.emplace(division->record.id, feature.number); !first) {
      notes.Refuse(
          feature.number, "properties.adcode", shown,
          absl::StrFormat("one polygon per division; feature %d is of the same one", before->second));
      continue;
    }
    if (feature.rings_closed > 0) {
      notes.Remark(absl::StrFormat("feature %d: %s: %d rings were not closed; closed", feature.number, shown,
                                   feature.rings_closed));
    }
    if (feature.rings_turned > 0) {
      notes.Remark(absl::StrFormat("feature %d: %s: %d rings ran the wrong way round; turned", feature.number,
                                   shown, feature.rings_turned));
    }
    BoundaryRecord boundary;
    boundary.division = division->record.id;
    boundary.geojson = WriteGeometry(feature.shape);
    boundary.digest = crypto::Sha256(boundary.geojson);
    boundary.vertices = feature.vertices;
    boundary.given_datum = datum;
    const auto before = by_division.find(boundary.division);
    if (before != by_division.end() && before->second->record.digest == boundary.digest) {
      report.set_unchanged(report.unchanged() + 1);
      continue;
    }
    const bool replaces = before != by_division.end();
    const journal::Subject subject =
        replaces ? before->second->subject : journal::Subject{.id = BoundaryId(boundary.division)};
    GW_RETURN_IF_ERROR(change.Put(std::move(boundary), subject, *division));
    if (replaces)
      report.set_updated(report.updated() + 1);
    else
      report.set_created(report.created() + 1);
  }
  if (!notes.refused() && unmatched == static_cast<int>(file.features.size())) {
    notes.Refuse(1, "properties.adcode", absl::StrFormat("%d features, none of a stored division", unmatched),
                 "codes of stored divisions; import the divisions first");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<type::v1::ImportReport> ImportBoundaries(GridArea& area, const rpc::Call& call,
                                                        const v1::ImportRequest& request) {
  if (request.datum() == type::v1::Position::DATUM_UNSPECIFIED ||
      !type::v1::Position::Datum_IsValid(request.datum())) {
    return MakeError(absl::StatusCode::kInvalidArgument,
                     "datum: got nothing, want the datum of the file: WGS84, GCJ02 or BD09",
                     {.reason = "DATUM_MISSING", .fields = {{"datum", "want WGS84, GCJ02 or BD09"}}});
  }
  const domain::Datum datum = static_cast<domain::Datum>(request.datum());
  GW_ASSIGN_OR_RETURN(const FeatureFile file, ReadFeatures(request.content(), datum));
  return RunImport(area, call, request, access::Acting(),
                   [&](db::Transaction& tx, GridChange& change, ImportNotes& notes) {
                     return Plan(file, datum, tx, change, notes);
                   });
}

}  // namespace gridwarden::grid
