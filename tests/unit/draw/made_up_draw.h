#pragma once

#include <random>
#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/str_format.h"
#include "domain/draw/bundle.h"
#include "domain/draw/draw.h"
#include "domain/draw/text.h"
#include "platform/crypto/digest.h"
#include "platform/crypto/hmac.h"

// Draws for tests, the same for the same number.
namespace gridwarden::domain::draw {

inline constexpr Hashes kHashes{&crypto::Sha256, &crypto::HmacSha256};

inline std::string MadeUpId(int kind, int number) {
  return absl::StrFormat("%08x-0000-7000-8000-%012x", kind, number);
}

inline std::string DigestOf(const std::string& text) { return absl::BytesToHexString(crypto::Sha256(text)); }

inline Commitment MadeUpCommitment(uint32_t number) {
  std::mt19937 random(number);
  const auto upto = [&](int most) { return static_cast<int>(random() % static_cast<uint32_t>(most)); };
  Commitment made;
  made.draw = MadeUpId(1, static_cast<int>(number));
  made.title = absl::StrFormat("第 %d 次抽查 <b>&\"扬尘\"", number);
  made.division = MadeUpId(2, 1);
  made.division_name = "样例市/甲县";
  made.from = "2026-12-01";
  made.to = "2026-12-31";
  if (upto(2) == 0) made.categories = {"BUILDING_SITE", "BRICK_KILN"};
  made.seats = 1 + upto(3);
  made.committed = "2026-11-22T14:00:00Z";
  made.rule_version = "0123456789abcdef";
  made.seed_sources.push_back({"福彩双色球 2026139 期", "2026-11-29T13:15:00Z"});
  if (upto(2) == 0) made.seed_sources.push_back({"drand 第 5000 轮", "2026-11-29T13:15:00Z"});
  made.strata = {{"SPECIAL", 25}, {"ORDINARY", 15}, {"LOW", 5}};
  const int candidates = 1 + upto(60);
  for (int i = 0; i < candidates; ++i) {
    made.candidates.push_back({MadeUpId(3, i), made.strata[upto(3)].code, 1 + upto(5), MadeUpId(2, 1),
                               "BUILDING_SITE", absl::StrFormat("A-%d", i), absl::StrFormat("工地%d", i)});
  }
  const int inspectors = made.seats + 1 + upto(6);
  for (int i = 0; i < inspectors; ++i)
    made.inspectors.push_back({MadeUpId(4, i), MadeUpId(5, i), absl::StrFormat("检查员%d", i)});
  // As many conflicts as still leave every source enough people.
  for (int i = 0; i < candidates; ++i) {
    const int conflicts = upto(inspectors - made.seats + 1);
    for (int k = 0; k < conflicts; ++k)
      made.exclusions.push_back({MadeUpId(4, (i + k) % inspectors), MadeUpId(3, i)});
  }
  std::sort(made.exclusions.begin(), made.exclusions.end());
  return made;
}

inline std::vector<Seed> MadeUpSeeds(const Commitment& commitment) {
  std::vector<Seed> seeds;
  for (size_t i = 0; i < commitment.seed_sources.size(); ++i)
    seeds.push_back({absl::StrFormat("03 07 12 19 24 31 + %d", i), "https://example.invalid/kaijiang"});
  return seeds;
}

inline Bundle MadeUpBundle(const Commitment& commitment) {
  Bundle bundle{"DRAWN", WriteCommitment(commitment), "", ""};
  const std::string digest = DigestOf(bundle.commitment);
  const std::vector<Seed> seeds = MadeUpSeeds(commitment);
  bundle.outcome = WriteOutcome(commitment, digest, seeds, Perform(kHashes, commitment, digest, seeds));
  return bundle;
}

}  // namespace gridwarden::domain::draw
