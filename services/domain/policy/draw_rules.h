#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "domain/policy/policy.h"

// Double-random draws: db/policy/draw_rules.json.
namespace gridwarden::domain {

struct DrawStratum {
  std::string code, zh, en;
  int ratio_percent = 0;
  std::string source;
};

// A public source of randomness whose rounds have known times.
struct Beacon {
  std::string code, display_name;
  absl::Time genesis;     // of round 1
  absl::Duration period;  // from round to round
  std::string source;

  // When a round becomes public; InfiniteFuture for one beyond all time.
  absl::Time TimeOf(int64_t round) const { return genesis + period * (round - 1); }
};

struct DrawRules {
  std::vector<DrawStratum> strata;  // in the order in which they are drawn
  std::string default_stratum;
  int inspectors_per_object = 2;
  absl::Duration seed_lead = absl::Hours(1);  // from the commitment until a seed may become public

  std::vector<Beacon> beacons;

  const DrawStratum* Find(std::string_view code) const;
  const Beacon* FindBeacon(std::string_view code) const;
};

}  // namespace gridwarden::domain
