#include "grid/nearest_point.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "absl/container/flat_hash_map.h"

namespace gridwarden::grid {
namespace {

using domain::Level;

constexpr double kExponent = 4;
constexpr double kConfidenceMax = 0.95;
// What lies so many times farther than the nearest is no candidate, however many such there are.
constexpr double kFartherMax = 2.5;
constexpr double kConfidenceMin = 0.02;
constexpr size_t kNamedMax = 5;  // of one level
// How well a known point is known, and how many of them are looked at.
constexpr double kPointErrorM = 50;
constexpr double kRadius68 = 1.5096;
constexpr int kPointsMax = 200;
constexpr double kSearchM = 15'000;

// Farther away than this a point says nothing of whose ground a place is.
double ReachOf(Level level) {
  switch (level) {
    case Level::kGroup:
      return 2'000;
    case Level::kVillage:
      return 5'000;
    case Level::kTownship:
    case Level::kCounty:
    case Level::kCity:
    case Level::kProvince:
    case Level::kUnspecified:
      break;
  }
  return kSearchM;
}

// The part of the divisions of a level right below `parent` that have a known point.
double KnownPart(const PointIndex& points, const domain::Ground& ground, const Uuid& parent, Level level,
                 absl::Time at) {
  int all = 0, known = 0;
  for (const domain::Division* child : ground.ChildrenOf(parent)) {
    if (child->level != level || at < child->valid.from || child->valid.to <= at) continue;
    ++all;
    known += points.Knows(child->id);
  }
  return all == 0 ? 1 : static_cast<double>(known) / all;
}

}  // namespace

std::vector<NearestShare> SharesByNearestPoint(const PointIndex& points, const domain::Ground& ground,
                                               const std::vector<Candidate>& holders,
                                               const domain::Point& wgs84, double accuracy_m, absl::Time at) {
  struct Below {
    NearestShare share;
    Uuid parent;
    double pull = 0;
  };
  // Level, deepest first; then which holder; then the divisions, each by its nearest point.
  std::map<Level, std::map<size_t, std::vector<Below>>, std::greater<>> found;
  const double blur = std::hypot(accuracy_m / kRadius68, kPointErrorM);
  for (const PointIndex::Near& near : points.Nearest(wgs84, kSearchM, kPointsMax)) {
    const std::vector<const domain::Division*> above =
        ground.AncestorsAt(near.point->division, at, absl::InfiniteFuture());
    for (size_t h = 0; h < holders.size(); ++h) {
      const auto holder = std::find_if(above.begin(), above.end(), [&](const domain::Division* d) {
        return d->id == holders[h].division;
      });
      if (holder == above.end() || holder == above.begin()) continue;
      std::vector<Below>& of = found[near.point->level][h];
      const bool nearer_one = std::any_of(
          of.begin(), of.end(), [&](const Below& b) { return b.share.division == near.point->division; });
      if (nearer_one) continue;
      if (!of.empty() && near.distance_m > kFartherMax * std::max(of.front().share.distance_m, blur))
        continue;
      of.push_back({{near.point->division, near.point->level, 0, near.distance_m},
                    above[1]->id,
                    std::pow(std::hypot(near.distance_m, blur), -kExponent)});
    }
  }
  std::vector<NearestShare> shares;
  absl::flat_hash_map<Uuid, double> known_parts;
  for (auto& [level, by_holder] : found) {
    std::vector<NearestShare> of_level;
    for (auto& [h, below] : by_holder) {
      if (below.front().share.distance_m > ReachOf(level)) continue;
      double all = 0;
      for (const Below& one : below) all += one.pull;
      for (Below& one : below) {
        const auto [part, is_new] = known_parts.try_emplace(one.parent, 0);
        if (is_new) part->second = KnownPart(points, ground, one.parent, level, at);
        one.share.confidence =
            holders[h].confidence * std::min(kConfidenceMax, one.pull / all * part->second);
        if (one.share.confidence >= kConfidenceMin && one.share.distance_m <= ReachOf(level))
          of_level.push_back(one.share);
      }
    }
    known_parts.clear();
    std::sort(of_level.begin(), of_level.end(), [](const NearestShare& a, const NearestShare& b) {
      return a.confidence != b.confidence ? a.confidence > b.confidence : a.division < b.division;
    });
    if (of_level.size() > kNamedMax) of_level.resize(kNamedMax);
    const bool likely = !of_level.empty() && of_level.front().confidence >= 0.5;
    shares.insert(shares.end(), of_level.begin(), of_level.end());
    if (likely) break;
  }
  return shares;
}

}  // namespace gridwarden::grid
