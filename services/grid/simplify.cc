#include "grid/simplify.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <set>
#include <tuple>

#include "absl/container/flat_hash_map.h"

namespace gridwarden::grid {
namespace {

constexpr double kMetresAStep = 1.11195;  // of latitude

uint64_t KeyOf(const MapPoint& point) {
  return uint64_t{static_cast<uint32_t>(point.longitude_e5)} << 32 | static_cast<uint32_t>(point.latitude_e5);
}

// The ground as a plane, in metres.
class Plane {
 public:
  explicit Plane(const std::vector<MapRing>& rings) {
    int64_t sum = 0, count = 0;
    for (const MapRing& ring : rings) {
      for (const MapPoint& point : ring) sum += point.latitude_e5, ++count;
    }
    const double latitude = count == 0 ? 0 : static_cast<double>(sum) / static_cast<double>(count) / 1e5;
    metres_east_ = kMetresAStep * std::cos(latitude * std::numbers::pi / 180);
  }

  // From a point to the way between two others.
  double Distance(const MapPoint& point, const MapPoint& from, const MapPoint& to) const {
    const double x = East(point, from), y = North(point, from);
    const double way_x = East(to, from), way_y = North(to, from);
    const double length2 = way_x * way_x + way_y * way_y;
    const double along = length2 == 0 ? 0 : std::clamp((x * way_x + y * way_y) / length2, 0.0, 1.0);
    return std::hypot(x - along * way_x, y - along * way_y);
  }

 private:
  double East(const MapPoint& a, const MapPoint& b) const {
    return (double{1} * a.longitude_e5 - b.longitude_e5) * metres_east_;
  }
  static double North(const MapPoint& a, const MapPoint& b) {
    return (double{1} * a.latitude_e5 - b.latitude_e5) * kMetresAStep;
  }
  double metres_east_ = 1;
};

// Points given twice in a row, as rounding makes them, and ways out and back.
void Tidy(MapRing& ring) {
  for (bool changed = true; changed && !ring.empty();) {
    MapRing kept;
    for (const MapPoint& point : ring) {
      if (!kept.empty() && kept.back() == point) continue;
      if (kept.size() >= 2 && kept[kept.size() - 2] == point) {
        kept.pop_back();
        continue;
      }
      kept.push_back(point);
    }
    while (kept.size() > 1 && kept.front() == kept.back()) kept.pop_back();
    if (kept.size() > 2 && kept[kept.size() - 2] == kept.front()) kept.pop_back();
    if (kept.size() > 2 && kept[1] == kept.back()) kept.erase(kept.begin());
    changed = kept.size() != ring.size();
    ring = std::move(kept);
  }
  if (ring.size() < 3) ring.clear();
}

// How many different points each has beside it, in all rings.
class Neighbours {
 public:
  explicit Neighbours(const std::vector<MapRing>& rings) {
    for (const MapRing& ring : rings) {
      for (size_t i = 0; i < ring.size(); ++i) {
        const MapPoint& next = ring[(i + 1) % ring.size()];
        Add(ring[i], next);
        Add(next, ring[i]);
      }
    }
  }
  // Where borders meet or part.
  bool Meet(const MapPoint& point) const { return beside_.at(KeyOf(point)).size() > 2; }

 private:
  void Add(const MapPoint& point, const MapPoint& other) {
    std::vector<MapPoint>& beside = beside_[KeyOf(point)];
    if (beside.size() <= 2 && std::find(beside.begin(), beside.end(), other) == beside.end())
      beside.push_back(other);
  }
  absl::flat_hash_map<uint64_t, std::vector<MapPoint>> beside_;
};

int64_t Apart(const MapPoint& a, const MapPoint& b) {
  const int64_t x = int64_t{a.longitude_e5} - b.longitude_e5, y = int64_t{a.latitude_e5} - b.latitude_e5;
  return x * x + y * y;
}

// The points at which a ring is cut: where borders meet; and where fewer than two do, points that whoever has
// the same ring finds too.
std::vector<size_t> CutsOf(const MapRing& ring, const Neighbours& neighbours) {
  std::vector<size_t> cuts;
  for (size_t i = 0; i < ring.size(); ++i) {
    if (neighbours.Meet(ring[i])) cuts.push_back(i);
  }
  if (cuts.empty()) {
    cuts.push_back(static_cast<size_t>(std::min_element(ring.begin(), ring.end()) - ring.begin()));
  }
  if (cuts.size() == 1) {
    const MapPoint from = ring[cuts.front()];
    const auto farthest =
        std::max_element(ring.begin(), ring.end(), [&](const MapPoint& a, const MapPoint& b) {
          return std::tuple(Apart(a, from), a) < std::tuple(Apart(b, from), b);
        });
    cuts.push_back(static_cast<size_t>(farthest - ring.begin()));
    std::sort(cuts.begin(), cuts.end());
  }
  return cuts;
}

// Douglas and Peucker's: keeps the farthest point while it is too far, on both sides of it again.
MapRing Simplified(const MapRing& piece, double tolerance_m, const Plane& plane) {
  std::vector<bool> keep(piece.size(), false);
  keep.front() = keep.back() = true;
  std::vector<std::pair<size_t, size_t>> open = {{0, piece.size() - 1}};
  while (!open.empty()) {
    const auto [first, last] = open.back();
    open.pop_back();
    double most = tolerance_m;
    size_t farthest = 0;
    for (size_t i = first + 1; i < last; ++i) {
      const double distance = plane.Distance(piece[i], piece[first], piece[last]);
      if (distance > most) most = distance, farthest = i;
    }
    if (farthest == 0) continue;
    keep[farthest] = true;
    open.emplace_back(first, farthest);
    open.emplace_back(farthest, last);
  }
  MapRing kept;
  for (size_t i = 0; i < piece.size(); ++i) {
    if (keep[i]) kept.push_back(piece[i]);
  }
  return kept;
}

// A piece of border from cut to cut, by its smaller end; which it is, whichever ring it stands in.
using PieceKey = std::tuple<MapPoint, MapPoint, MapPoint, size_t>;

class Simplifier {
 public:
  Simplifier(const std::vector<MapRing>& rings, double tolerance_m)
      : tolerance_m_(tolerance_m), plane_(rings), neighbours_(rings) {}

  MapRing Ring(const MapRing& ring) {
    const std::vector<size_t> cuts = CutsOf(ring, neighbours_);
    MapRing simple;
    for (size_t c = 0; c < cuts.size(); ++c) {
      bool reversed = false;
      const MapRing piece = PieceOf(ring, cuts, c, reversed);
      MapRing kept = whole_.count(Key(piece)) > 0 ? piece : Simplified(piece, tolerance_m_, plane_);
      if (reversed) std::reverse(kept.begin(), kept.end());
      simple.insert(simple.end(), kept.begin(), kept.end() - 1);  // the next piece begins with the last
    }
    return simple;
  }

  // Its pieces are left as they are from now on, in every ring.
  void LeaveWhole(const MapRing& ring) {
    const std::vector<size_t> cuts = CutsOf(ring, neighbours_);
    for (size_t c = 0; c < cuts.size(); ++c) {
      bool reversed = false;
      whole_.insert(Key(PieceOf(ring, cuts, c, reversed)));
    }
  }

 private:
  static PieceKey Key(const MapRing& piece) { return {piece.front(), piece[1], piece.back(), piece.size()}; }

  static MapRing PieceOf(const MapRing& ring, const std::vector<size_t>& cuts, size_t c, bool& reversed) {
    const size_t first = cuts[c];
    const size_t last = c + 1 < cuts.size() ? cuts[c + 1] : cuts[0] + ring.size();
    MapRing piece;
    for (size_t i = first; i <= last; ++i) piece.push_back(ring[i % ring.size()]);
    reversed = std::lexicographical_compare(piece.rbegin(), piece.rend(), piece.begin(), piece.end());
    if (reversed) std::reverse(piece.begin(), piece.end());
    return piece;
  }

  const double tolerance_m_;
  const Plane plane_;
  const Neighbours neighbours_;
  std::set<PieceKey> whole_;
};

}  // namespace

std::vector<MapRing> SimplifyTogether(std::vector<MapRing> rings, double tolerance_m) {
  for (MapRing& ring : rings) Tidy(ring);
  Simplifier simplifier(rings, tolerance_m);
  // What would vanish is left as it is, and so are those beside it.
  for (const MapRing& ring : rings) {
    if (!ring.empty() && simplifier.Ring(ring).size() < 3) simplifier.LeaveWhole(ring);
  }
  for (MapRing& ring : rings) {
    if (!ring.empty()) ring = simplifier.Ring(ring);
  }
  return rings;
}

}  // namespace gridwarden::grid
