#include <algorithm>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status.h"
#include "grid/boundary_repository.h"
#include "grid/code_book.h"
#include "grid/datum_notes.h"
#include "grid/division_repository.h"
#include "grid/geojson.h"
#include "grid/grid_service.h"
#include "grid/import_report.h"
#include "grid/outline.h"
#include "platform/crypto/digest.h"

namespace gridwarden::grid {
namespace {

// One feature, put right, and the ground it is of.
struct Outline {
  Feature feature;
  OutlineReport report;
  CodeBook::Match match;
  std::string shown;  // "411723 平舆县"

  bool usable() const { return feature.problem_want.empty() && !feature.no_geometry && !report.refused(); }
};

std::vector<Outline> Prepare(FeatureFile file, const domain::Ground& ground, absl::Time as_of) {
  const CodeBook book(ground);
  std::vector<Outline> outlines;
  outlines.reserve(file.features.size());
  for (Feature& feature : file.features) {
    Outline outline;
    outline.shown = absl::StrCat(feature.code, " ", feature.display_name);
    if (feature.problem_want.empty() && !feature.no_geometry) {
      outline.report = Repair(feature.shape);
      outline.match = book.Find(feature.code, as_of);
    }
    outline.feature = std::move(feature);
    outlines.push_back(std::move(outline));
  }
  return outlines;
}

// Where stored borders say nothing, known points may: whether they lie in the polygons that the file gives to
// their divisions.
DatumFinding CheckDatum(const std::vector<Outline>& outlines, domain::Datum declared,
                        const domain::Ground& ground, const Outlines& stored, absl::Time as_of) {
  std::vector<const MultiPolygon*> shapes;
  std::vector<IndexedBoundary> boundaries;
  absl::flat_hash_map<Uuid, int> drawn;
  for (const Outline& outline : outlines) {
    if (!outline.usable()) continue;
    shapes.push_back(&outline.feature.shape);
    const domain::Division* division = outline.match.division;
    if (division == nullptr) continue;
    boundaries.push_back({division->id, division->level, MakeShape(outline.feature.shape)});
    drawn[division->id] = outline.feature.number;
  }
  const DatumFinding finding = CheckOutlines(shapes, declared, stored.boundaries);
  if (finding.verdict != DatumFinding::Verdict::kNothingToCompare) return finding;
  std::vector<PointOnGround> points;
  for (const KnownPoint& known : stored.points.points()) {
    PointOnGround point{known.wgs84, {}};
    for (const domain::Division* above : ground.AncestorsAt(known.division, as_of, absl::InfiniteFuture())) {
      if (drawn.contains(above->id)) point.homes.push_back(above->id);
    }
    if (!point.homes.empty()) points.push_back(std::move(point));
  }
  if (points.empty()) return finding;
  return CheckPointsInside(points, BoundaryIndex(std::move(boundaries)), declared, /*moves_polygons=*/true);
}

// What is stored of one division.
struct Stored {
  const BoundaryRow* today = nullptr;
  std::vector<const BoundaryRecord*> former;
};

class BoundaryPlan {
 public:
  BoundaryPlan(domain::Datum datum, std::string_view reason, absl::Time as_of, GridChange& change,
               ImportNotes& notes)
      : datum_(datum), reason_(reason), as_of_(as_of), change_(change), notes_(notes) {}

  absl::Status Run(const std::vector<Outline>& outlines, db::Transaction& tx) {
    notes_.report().set_rows_read(static_cast<int>(outlines.size()));
    std::vector<Uuid> ids;
    for (const Outline& outline : outlines) {
      if (outline.match.division != nullptr) ids.push_back(outline.match.division->id);
    }
    std::sort(ids.begin(), ids.end());
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
    GW_ASSIGN_OR_RETURN(const std::vector<DivisionRow> divisions, LockDivisions(tx, ids));
    for (const DivisionRow& row : divisions) divisions_[row.record.id] = &row;
    GW_ASSIGN_OR_RETURN(const std::vector<BoundaryRow> boundaries, LockBoundaries(tx, ids));
    for (const BoundaryRow& row : boundaries) {
      Stored& stored = stored_[row.record.division];
      if (row.record.seq == 0)
        stored.today = &row;
      else
        stored.former.push_back(&row.record);
    }
    for (const Outline& outline : outlines) GW_RETURN_IF_ERROR(Take(outline));
    if (!notes_.refused() && unmatched_ == static_cast<int>(outlines.size())) {
      notes_.Refuse(1, "properties.adcode",
                    absl::StrFormat("%d features, none of a stored division", unmatched_),
                    "codes of stored divisions; import the divisions first");
    }
    return absl::OkStatus();
  }

 private:
  void Tell(const Outline& outline, std::string_view what) {
    notes_.Remark(
        absl::StrFormat("feature %d: %s: %s", outline.feature.number, outline.shown, std::string(what)));
  }

  absl::Status Take(const Outline& outline) {
    const Feature& feature = outline.feature;
    if (!feature.problem_want.empty()) {
      notes_.Refuse(feature.number, feature.problem_column, feature.problem_got, feature.problem_want);
      return absl::OkStatus();
    }
    if (feature.no_geometry) {
      ++unmatched_;
      Tell(outline, "no geometry; left out");
      return absl::OkStatus();
    }
    if (outline.report.refused()) {
      notes_.Refuse(feature.number, "geometry " + outline.report.place, outline.report.got,
                    outline.report.want);
      return absl::OkStatus();
    }
    const auto division =
        outline.match.division == nullptr ? divisions_.end() : divisions_.find(outline.match.division->id);
    if (division == divisions_.end()) {
      ++unmatched_;
      Tell(outline, "no division has this code, nor had it; left out");
      return absl::OkStatus();
    }
    if (const auto [before, first] = taken_.emplace(division->first, feature.number); !first) {
      notes_.Refuse(
          feature.number, "properties.adcode", outline.shown,
          absl::StrFormat("one polygon per division; feature %d is of the same one", before->second));
      return absl::OkStatus();
    }
    if (!outline.match.remark.empty()) Tell(outline, outline.match.remark);
    if (feature.rings_closed > 0)
      Tell(outline, absl::StrFormat("%d rings were not closed; closed", feature.rings_closed));
    for (const std::string& repair : outline.report.repairs) Tell(outline, repair);

    BoundaryRecord boundary;
    boundary.division = division->first;
    boundary.geojson = WriteGeometry(feature.shape);
    boundary.digest = crypto::Sha256(boundary.geojson);
    for (const Polygon& part : feature.shape) {
      for (const auto& ring : part.rings) boundary.vertices += static_cast<int>(ring.size());
    }
    boundary.given_datum = datum_;
    // The outline of ground that had ended by then is the one it had before.
    const bool ended = division->second->record.valid.to <= as_of_;
    boundary.valid.from = ended ? absl::InfinitePast() : as_of_;
    return Put(std::move(boundary), *division->second, stored_[division->first]);
  }

  // New, a correction of what is stored of the same time, or another outline from a day on.
  absl::Status Put(BoundaryRecord boundary, const DivisionRow& division, const Stored& stored) {
    type::v1::ImportReport& report = notes_.report();
    const absl::Time from = boundary.valid.from;
    if (stored.today == nullptr) {
      report.set_created(report.created() + 1);
      return change_.Put(std::move(boundary), {.id = BoundaryId(boundary.division)}, division, reason_);
    }
    const BoundaryRecord& today = stored.today->record;
    const journal::Subject& chain = stored.today->subject;
    if (from == absl::InfinitePast() || from >= today.valid.from) {
      if (boundary.digest == today.digest) return Unchanged();
      report.set_updated(report.updated() + 1);
      const bool corrects = from == absl::InfinitePast() || from == today.valid.from;
      if (corrects) boundary.valid.from = today.valid.from;
      return change_.Put(std::move(boundary), chain, division, reason_, corrects ? 0 : NextSeq(stored));
    }
    // An older file than the one stored: the outline of a time before.
    const BoundaryRecord* held = nullptr;  // the former outline of that day
    boundary.valid.to = today.valid.from;
    std::string_view next_digest = today.digest;
    for (const BoundaryRecord* former : stored.former) {
      if (former->valid.from <= from && (held == nullptr || held->valid.from < former->valid.from))
        held = former;
      if (former->valid.from > from && former->valid.from < boundary.valid.to) {
        boundary.valid.to = former->valid.from;
        next_digest = former->digest;
      }
    }
    if (boundary.digest == (held != nullptr ? std::string_view(held->digest) : next_digest))
      return Unchanged();
    report.set_updated(report.updated() + 1);
    const bool corrects = held != nullptr && held->valid.from == from;
    boundary.seq = corrects ? held->seq : NextSeq(stored);
    if (corrects) boundary.valid.to = held->valid.to;
    return change_.PutFormer(std::move(boundary), chain, reason_,
                             held != nullptr && !corrects ? held->seq : 0);
  }

  absl::Status Unchanged() {
    notes_.report().set_unchanged(notes_.report().unchanged() + 1);
    return absl::OkStatus();
  }

  static int NextSeq(const Stored& stored) {
    int last = 0;
    for (const BoundaryRecord* former : stored.former) last = std::max(last, former->seq);
    return last + 1;
  }

  const domain::Datum datum_;
  const std::string_view reason_;
  const absl::Time as_of_;
  GridChange& change_;
  ImportNotes& notes_;
  absl::flat_hash_map<Uuid, const DivisionRow*> divisions_;
  absl::flat_hash_map<Uuid, Stored> stored_;
  absl::flat_hash_map<Uuid, int> taken_;  // division -> feature
  int unmatched_ = 0;
};

}  // namespace

absl::StatusOr<type::v1::ImportReport> ImportBoundaries(GridArea& area, const rpc::Call& call,
                                                        const v1::ImportRequest& request) {
  GW_ASSIGN_OR_RETURN(const domain::Datum datum, DeclaredDatum(request));
  GW_ASSIGN_OR_RETURN(const absl::Time as_of, AsOf(request));
  const absl::Time file_date = as_of == absl::InfinitePast() ? call.now : as_of;
  GW_ASSIGN_OR_RETURN(FeatureFile file, ReadFeatures(request.content(), datum));
  GW_ASSIGN_OR_RETURN(const auto ground, area.ground.Fresh(call.deadline));
  GW_ASSIGN_OR_RETURN(const auto stored,
                      area.boundaries.Get(call.deadline, BoundaryCache::Wait::kForTheNewest));
  const std::vector<Outline> outlines = Prepare(std::move(file), *ground, file_date);
  const DatumFinding finding = CheckDatum(outlines, datum, *ground, *stored, file_date);
  GW_ASSIGN_OR_RETURN(
      const type::v1::ImportReport report,
      RunImport(
          area, call, request, access::Acting(),
          [&](db::Transaction& tx, GridChange& change, ImportNotes& notes) -> absl::Status {
            GW_RETURN_IF_ERROR(
                BoundaryPlan(datum, ReasonToKeep(finding, request), as_of, change, notes).Run(outlines, tx));
            TellDatum(finding, datum, request.shift_accepted_reason(), notes);
            return absl::OkStatus();
          }));
  // What was stored is answered by from now on, here; elsewhere as soon as it is indexed.
  if (report.created() + report.updated() > 0 && !report.dry_run())
    area.boundaries.Get(call.deadline, BoundaryCache::Wait::kForTheNewest).IgnoreError();
  return report;
}

}  // namespace gridwarden::grid
