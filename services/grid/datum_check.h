#pragma once

#include <optional>
#include <string>
#include <vector>

#include "domain/geo/datum.h"
#include "grid/boundary_index.h"

// Whether a file lies where its ground is. GCJ-02 and BD-09 move everything by 300 to 1,200 metres to one
// side: enough to blame the neighbour, too little to be seen on a map of the province. What is known of the
// ground tells: stored borders and known points.
namespace gridwarden::grid {

struct DatumFinding {
  enum class Verdict { kNothingToCompare, kFits, kShifted };
  Verdict verdict = Verdict::kNothingToCompare;
  // kShifted: under which datum the file would lie where it belongs; kUnspecified when none explains it.
  domain::Datum would_fit = domain::Datum::kUnspecified;
  double east_m = 0, north_m = 0;  // how far the file lies to one side of what is known, median
  int features = 0;                // that lie near something known
  int measurements = 0;
  double distance_m = 0, distance_after_m = 0;  // median, as declared and after taking the shift away
};

// Lays the file's outlines on stored borders: of the same divisions, of neighbours, of those above. Only what
// lies within 1.5 km counts, and a median of many measurements decides, so that outlines drawn anew, and
// divisions of which nothing is stored, do not raise an alarm.
DatumFinding CheckOutlines(const std::vector<const MultiPolygon*>& features, domain::Datum declared,
                           const BoundaryIndex& stored);

// A point and whether it lay where it should if it lay at `place`.
struct PointOnGround {
  domain::Point wgs84;
  std::vector<Uuid> homes;  // any of these divisions may hold it
};
// Counts how many points lie in a polygon of their own under each datum. The points are the file's
// (`moves_polygons` false) or known ones against the file's polygons (true).
DatumFinding CheckPointsInside(const std::vector<PointOnGround>& points, const BoundaryIndex& polygons,
                               domain::Datum declared, bool moves_polygons);

// Points of a file against the same points as they are stored.
struct PointPair {
  domain::Point file, stored;
};
DatumFinding CheckPointPairs(const std::vector<PointPair>& pairs, domain::Datum declared);

}  // namespace gridwarden::grid
