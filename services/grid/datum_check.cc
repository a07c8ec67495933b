#include "grid/datum_check.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace gridwarden::grid {
namespace {

using domain::Datum, domain::Point;
using Verdict = DatumFinding::Verdict;

constexpr double kMetresADegree = 6371008.8 * std::numbers::pi / 180;
// A wrong datum moves by 300 to 1,200 m; beyond this it is other ground.
constexpr double kNearM = 1500;
// Two maps of the same border part by some 50 m; what lies this near lies on it.
constexpr double kOnBorderM = 100;
constexpr double kScaleM = 60;
// Less than this may be two careful drawings.
constexpr double kShiftMinM = 150;
constexpr int kMeasurementsMin = 30;
constexpr size_t kPairsMin = 10;
// Of what lies near a border, so much must lie on one in the best position, or the maps show different
// things.
constexpr double kOnBorderShareMin = 0.3;
// And such a part of their directions must differ from the others.
constexpr double kOtherWayMin = 0.04;
// How much better another position must be.
constexpr double kBetter = 1.4;
constexpr size_t kSamplesMax = 6000, kTrialSamples = 1200;
constexpr double kDeviationsMin = 4;

struct Offset {
  double east = 0, north = 0;
  double length() const { return std::hypot(east, north); }
};

Offset Between(const Point& from, const Point& to) {
  return {(to.longitude - from.longitude) * kMetresADegree * std::cos(from.latitude * std::numbers::pi / 180),
          (to.latitude - from.latitude) * kMetresADegree};
}

Point Moved(const Point& point, const Offset& by) {
  return {point.longitude + by.east / kMetresADegree / std::cos(point.latitude * std::numbers::pi / 180),
          point.latitude + by.north / kMetresADegree};
}

// The numbers that a file in `datum` has for this place.
Point Given(const Point& wgs84, Datum datum) {
  switch (datum) {
    case Datum::kGcj02:
      return domain::Wgs84ToGcj02(wgs84);
    case Datum::kBd09:
      return domain::Wgs84ToBd09(wgs84);
    case Datum::kWgs84:
    case Datum::kCgcs2000:
    case Datum::kUnspecified:
      break;
  }
  return wgs84;
}

// Where a place read as `declared` lies when its numbers are taken for `other`.
Point Reread(const Point& wgs84, Datum declared, Datum other) {
  const Point given = Given(wgs84, declared);
  switch (other) {
    case Datum::kGcj02:
      return domain::Gcj02ToWgs84(given);
    case Datum::kBd09:
      return domain::Bd09ToWgs84(given);
    case Datum::kWgs84:
    case Datum::kCgcs2000:
    case Datum::kUnspecified:
      break;
  }
  return given;
}

std::vector<Datum> OthersThan(Datum declared) {
  std::vector<Datum> others;
  for (const Datum datum : {Datum::kWgs84, Datum::kGcj02, Datum::kBd09}) {
    const bool same = datum == declared || (datum == Datum::kWgs84 && declared == Datum::kCgcs2000);
    if (!same) others.push_back(datum);
  }
  return others;
}

double Median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::nth_element(values.begin(), values.begin() + values.size() / 2, values.end());
  return values[values.size() / 2];
}

struct Sample {
  Point at;
  int feature = 0;
};

// Points at even distances along the outlines.
std::vector<Sample> SamplesOf(const std::vector<const MultiPolygon*>& features) {
  std::vector<Sample> samples;
  const size_t each = std::clamp<size_t>(kSamplesMax / std::max<size_t>(features.size(), 1), 12, 400);
  for (size_t f = 0; f < features.size(); ++f) {
    double length = 0;
    const auto for_each_edge = [&](auto take) {
      for (const Polygon& part : *features[f]) {
        for (const std::vector<Point>& ring : part.rings) {
          for (size_t i = 0; i < ring.size(); ++i) take(ring[i], ring[(i + 1) % ring.size()]);
        }
      }
    };
    for_each_edge([&](const Point& a, const Point& b) { length += Between(a, b).length(); });
    if (length == 0) continue;
    const double step = length / each;
    double next = step / 2, done = 0;
    for_each_edge([&](const Point& a, const Point& b) {
      const double edge = Between(a, b).length();
      for (; next <= done + edge && edge > 0; next += step) {
        const double part = (next - done) / edge;
        samples.push_back({{a.longitude + (b.longitude - a.longitude) * part,
                            a.latitude + (b.latitude - a.latitude) * part},
                           static_cast<int>(f)});
      }
      done += edge;
    });
  }
  return samples;
}

// How well the samples lie on borders in one position.
struct Fit {
  double score = 0;  // each sample counts 1 on a border and little far from it
  int near = 0, on_border = 0;
  double ee = 0, en = 0, nn = 0;  // directions across the borders lain on
  std::vector<double> distances;

  // Along a straight border a file may slide as it likes: only borders in more than one direction tell a
  // place.
  bool HoldsBothWays() const {
    const double trace = ee + nn, half = trace / 2;
    const double least = half - std::sqrt(std::max(0.0, half * half - (ee * nn - en * en)));
    return least >= kOtherWayMin * trace;
  }
};

template <typename Place>
Fit Try(const std::vector<Sample>& samples, const BoundaryIndex& stored, Place place) {
  Fit fit;
  for (const Sample& sample : samples) {
    const auto border = stored.NearestBorder(place(sample.at), kNearM);
    if (!border) continue;
    ++fit.near;
    if (border->distance_m <= kOnBorderM) {
      ++fit.on_border;
      fit.ee += border->east * border->east;
      fit.en += border->east * border->north;
      fit.nn += border->north * border->north;
    }
    fit.score += 1 / (1 + border->distance_m * border->distance_m / (kScaleM * kScaleM));
    fit.distances.push_back(border->distance_m);
  }
  return fit;
}

// The position near `shift` in which the samples lie best: each nearest border pulls across itself, the far
// ones the less, the later the less.
Offset Settle(const std::vector<Sample>& samples, const BoundaryIndex& stored, Offset shift) {
  for (const double scale : {400.0, 400.0, 250.0, 150.0, 100.0, 60.0, 60.0, 60.0}) {
    // A little weight holds it where no border says anything about a direction.
    double ee = 1e-3, en = 0, nn = 1e-3, e = 0, n = 0;
    for (const Sample& sample : samples) {
      const Point at = Moved(sample.at, {-shift.east, -shift.north});
      const auto border = stored.NearestBorder(at, kNearM);
      if (!border) continue;
      const double weight = 1 / (1 + border->distance_m * border->distance_m / (scale * scale));
      const Offset rest = Between(border->nearest, at);
      const double across = rest.east * border->east + rest.north * border->north;
      ee += weight * border->east * border->east;
      en += weight * border->east * border->north;
      nn += weight * border->north * border->north;
      e += weight * border->east * across;
      n += weight * border->north * across;
    }
    const double determinant = ee * nn - en * en;
    if (determinant <= 1e-6 * ee * nn) break;
    const Offset step{(e * nn - n * en) / determinant, (n * ee - e * en) / determinant};
    if (step.length() > kNearM) break;
    shift.east += step.east;
    shift.north += step.north;
    if (step.length() < 1 && scale == kScaleM) break;
  }
  return shift;
}

}  // namespace

DatumFinding CheckOutlines(const std::vector<const MultiPolygon*>& features, Datum declared,
                           const BoundaryIndex& stored) {
  DatumFinding finding;
  std::vector<Sample> samples = SamplesOf(features);
  // Only what lies near something known is evidence.
  std::erase_if(samples, [&](const Sample& sample) { return !stored.NearestBorder(sample.at, kNearM); });
  if (samples.size() < kMeasurementsMin) return finding;
  finding.measurements = static_cast<int>(samples.size());
  std::vector<int> near;
  for (const Sample& sample : samples) near.push_back(sample.feature);
  near.erase(std::unique(near.begin(), near.end()), near.end());
  finding.features = static_cast<int>(near.size());

  const Fit as_declared = Try(samples, stored, [](const Point& at) { return at; });
  Fit best = as_declared;
  for (const Datum other : OthersThan(declared)) {
    Fit fit = Try(samples, stored, [&](const Point& at) { return Reread(at, declared, other); });
    if (fit.score < kBetter * as_declared.score || fit.score <= best.score) continue;
    best = std::move(fit);
    finding.would_fit = other;
  }

  std::vector<Sample> trial;
  const size_t stride = 1 + samples.size() / kTrialSamples;
  for (size_t i = 0; i < samples.size(); i += stride) trial.push_back(samples[i]);
  std::vector<Offset> starts = {{}};
  const Point& middle = samples[samples.size() / 2].at;
  for (const Datum other : OthersThan(declared))
    starts.push_back(Between(Reread(middle, declared, other), middle));
  for (int i = 0; i < 8; ++i)
    starts.push_back({450 * std::cos(i * std::numbers::pi / 4), 450 * std::sin(i * std::numbers::pi / 4)});
  Offset shift;
  double most = 0;
  for (const Offset& start : starts) {
    const Offset settled = Settle(trial, stored, start);
    const double score = Try(trial, stored, [&](const Point& at) {
                           return Moved(at, {-settled.east, -settled.north});
                         }).score;
    // Of equally good positions the nearest.
    if (score <= most * 1.01) continue;
    most = score;
    shift = settled;
  }
  Fit after = Try(samples, stored, [&](const Point& at) { return Moved(at, {-shift.east, -shift.north}); });
  const bool moved = shift.length() >= kShiftMinM && after.score >= kBetter * as_declared.score;
  if (finding.would_fit == Datum::kUnspecified) {
    if (moved || after.score > as_declared.score) best = std::move(after);
  }
  finding.distance_m = Median(as_declared.distances);
  finding.distance_after_m = Median(best.distances);
  if (best.on_border < kMeasurementsMin || best.on_border < kOnBorderShareMin * best.near ||
      !best.HoldsBothWays()) {
    finding.would_fit = Datum::kUnspecified;
    return finding;
  }
  finding.east_m = shift.east;
  finding.north_m = shift.north;
  finding.verdict = moved || finding.would_fit != Datum::kUnspecified ? Verdict::kShifted : Verdict::kFits;
  return finding;
}

DatumFinding CheckPointsInside(const std::vector<PointOnGround>& points, const BoundaryIndex& polygons,
                               Datum declared, bool moves_polygons) {
  DatumFinding finding;
  const auto inside = [&](const PointOnGround& point, const Point& at) {
    const std::vector<Uuid> holders = polygons.Holders(at);
    return std::any_of(holders.begin(), holders.end(), [&](const Uuid& holder) {
      return std::find(point.homes.begin(), point.homes.end(), holder) != point.homes.end();
    });
  };
  std::vector<char> now;
  for (const PointOnGround& point : points) now.push_back(inside(point, point.wgs84));
  finding.features = finding.measurements = static_cast<int>(points.size());
  double best = 0, least = kDeviationsMin;
  for (const Datum other : OthersThan(declared)) {
    int gained = 0, lost = 0;
    std::vector<double> east, north;
    for (size_t i = 0; i < points.size(); ++i) {
      const Point& at = points[i].wgs84;
      // A polygon moved one way is the point moved the other way.
      const Offset shift = Between(Reread(at, declared, other), at);
      const Point there = moves_polygons ? Moved(at, shift) : Reread(at, declared, other);
      const bool then = inside(points[i], there);
      gained += then && !now[i];
      lost += !then && now[i];
      east.push_back(shift.east);
      north.push_back(shift.north);
    }
    if (gained + lost == 0) {
      least = 0;
      continue;
    }
    const double deviations = (gained - lost) / std::sqrt(static_cast<double>(gained + lost));
    least = std::min(least, -deviations);
    if (deviations < kDeviationsMin || deviations <= best) continue;
    best = deviations;
    finding.verdict = Verdict::kShifted;
    finding.would_fit = other;
    finding.east_m = Median(std::move(east));
    finding.north_m = Median(std::move(north));
  }
  // Only what would have been seen if it were otherwise is a proof.
  if (finding.verdict != Verdict::kShifted && least >= kDeviationsMin) finding.verdict = Verdict::kFits;
  return finding;
}

DatumFinding CheckPointPairs(const std::vector<PointPair>& pairs, Datum declared) {
  DatumFinding finding;
  finding.features = finding.measurements = static_cast<int>(pairs.size());
  if (pairs.size() < kPairsMin) return finding;
  std::vector<double> east, north, distance;
  for (const PointPair& pair : pairs) {
    const Offset offset = Between(pair.stored, pair.file);
    east.push_back(offset.east);
    north.push_back(offset.north);
    distance.push_back(offset.length());
  }
  finding.distance_m = Median(distance);
  finding.east_m = Median(east);
  finding.north_m = Median(north);
  const Offset shift{finding.east_m, finding.north_m};
  const auto left = [&](auto place) {
    std::vector<double> rest;
    for (const PointPair& pair : pairs) rest.push_back(Between(pair.stored, place(pair.file)).length());
    return Median(std::move(rest));
  };
  finding.distance_after_m = left([&](const Point& at) { return Moved(at, {-shift.east, -shift.north}); });
  // Points that were moved each its own way are corrections, not a shift.
  finding.verdict = shift.length() >= kShiftMinM && finding.distance_after_m < shift.length() / 2
                        ? Verdict::kShifted
                        : Verdict::kFits;
  if (finding.verdict != Verdict::kShifted) return finding;
  double best = finding.distance_m / kBetter;
  for (const Datum other : OthersThan(declared)) {
    const double rest = left([&](const Point& at) { return Reread(at, declared, other); });
    if (rest >= best) continue;
    best = rest;
    finding.would_fit = other;
  }
  return finding;
}

}  // namespace gridwarden::grid
