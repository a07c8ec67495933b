#include "domain/sync/chain.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace gridwarden::domain {
namespace {

constexpr double kEarthRadiusM = 6'371'000;
constexpr double kSpeedMaxMps = 150 / 3.6;
// Below this two fixes are too close for a speed to mean anything: receivers jump.
constexpr double kJumpM = 1'000;

double MetresBetween(const Fix& a, const Fix& b) {
  const auto radians = [](double degrees) { return degrees * std::numbers::pi / 180; };
  const double lat = radians(b.latitude - a.latitude), lon = radians(b.longitude - a.longitude);
  const double h = std::pow(std::sin(lat / 2), 2) + std::cos(radians(a.latitude)) *
                                                        std::cos(radians(b.latitude)) *
                                                        std::pow(std::sin(lon / 2), 2);
  return 2 * kEarthRadiusM * std::asin(std::min(1.0, std::sqrt(h)));
}

}  // namespace

int64_t SeqLog::Missing() const {
  int64_t missing = 0;
  for (const SeqGap& gap : gaps) missing += gap.to - gap.from + 1;
  return missing;
}

void TakeSeq(SeqLog& log, int64_t seq) {
  if (seq > log.last) {
    if (seq > log.last + 1 && log.gaps.size() < kGapsMax) log.gaps.push_back({log.last + 1, seq - 1});
    log.last = seq;
    return;
  }
  const auto gap = std::find_if(log.gaps.begin(), log.gaps.end(),
                                [&](const SeqGap& g) { return g.from <= seq && seq <= g.to; });
  if (gap == log.gaps.end()) return;
  const SeqGap below{gap->from, seq - 1}, above{seq + 1, gap->to};
  const auto at = log.gaps.erase(gap);
  std::vector<SeqGap> left;
  if (below.from <= below.to) left.push_back(below);
  if (above.from <= above.to) left.push_back(above);
  log.gaps.insert(at, left.begin(), left.end());
}

ChainLink LinkOf(int64_t seq, std::string_view prev_hash, std::string_view hash,
                 const std::optional<std::string>& before, const std::optional<std::string>& after_names,
                 bool twin) {
  ChainLink link;
  link.fork = twin || (after_names && *after_names != hash);
  if (seq == 1)
    link.fork |= !prev_hash.empty();
  else if (!before)
    link.gap = true;
  else
    link.fork |= *before != prev_hash;
  return link;
}

OperationFlags CompareFixes(const Fix& before, const Fix& now) {
  if (before.longitude == now.longitude && before.latitude == now.latitude)
    return Bit(OperationFlag::kSameCoordinates);
  const double metres = MetresBetween(before, now);
  const double seconds = std::abs(absl::ToDoubleSeconds(now.at - before.at));
  return metres > kJumpM && metres > seconds * kSpeedMaxMps ? Bit(OperationFlag::kImpossibleSpeed) : 0;
}

}  // namespace gridwarden::domain
