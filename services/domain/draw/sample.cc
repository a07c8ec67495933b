#include <algorithm>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "domain/draw/draw.h"

namespace gridwarden::domain::draw {

int DrawnOf(int count, int ratio_percent) { return (count * ratio_percent + 99) / 100; }

std::string SeedKey(const Hashes& hashes, std::string_view digest_hex, const std::vector<Seed>& seeds) {
  std::string text = "gridwarden-draw-seed\n";
  text.append(digest_hex).append("\n");
  for (const Seed& seed : seeds) text.append(seed.text).append("\n");
  return hashes.sha256(text);
}

std::string KeyOf(const Hashes& hashes, std::string_view seed_key, const Candidate& candidate) {
  std::string largest;
  for (int i = 1; i <= candidate.weight; ++i) {
    const std::string message = absl::StrCat("object\n", candidate.stratum, "\n", candidate.id, "\n", i);
    largest = std::max(largest, hashes.hmac(seed_key, message));
  }
  return largest;
}

std::vector<Drawn> Sample(const Hashes& hashes, std::string_view seed_key, const Commitment& commitment) {
  std::vector<Drawn> drawn;
  for (const Stratum& stratum : commitment.strata) {
    std::vector<Drawn> keyed;
    for (const Candidate& candidate : commitment.candidates) {
      if (candidate.stratum != stratum.code) continue;
      keyed.push_back({stratum.code, candidate.id, KeyOf(hashes, seed_key, candidate), {}});
    }
    std::sort(keyed.begin(), keyed.end(), [](const Drawn& a, const Drawn& b) {
      return a.key != b.key ? a.key > b.key : a.source < b.source;
    });
    keyed.resize(DrawnOf(static_cast<int>(keyed.size()), stratum.ratio_percent));
    std::move(keyed.begin(), keyed.end(), std::back_inserter(drawn));
  }
  return drawn;
}

Outcome Perform(const Hashes& hashes, const Commitment& commitment, std::string_view digest_hex,
                const std::vector<Seed>& seeds) {
  Outcome outcome;
  outcome.seed_key = SeedKey(hashes, digest_hex, seeds);
  outcome.drawn = Sample(hashes, outcome.seed_key, commitment);
  outcome.lacking = Match(hashes, outcome.seed_key, commitment, outcome.drawn);
  return outcome;
}

}  // namespace gridwarden::domain::draw
