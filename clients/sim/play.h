#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "domain/policy/policy.h"
#include "sim/city_plan.h"
#include "sim/diary.h"
#include "sim/world.h"

// Plays the days of the demo: people find, dispatch, put right, check, sign, recheck - some late, some twice,
// some wrongly - through the public API, each at the time it happened.
namespace gridwarden::sim {

struct PlayOptions {
  absl::Time start, end;
  int finds = 2000;
  int hotspots_a_day = 2;
  int threads = 8;
};

struct PlayResult {
  int signals = 0, cases = 0, closed = 0, reworks = 0, returns = 0, rebounds = 0, rejected = 0, late = 0,
      rounds = 0, calls_refused = 0;
  std::string story_case;  // the case most worth telling
  absl::Status cut_off;    // why the play ended before its time; the diary knows where
  std::vector<std::string>
      first_refusals;  // what the server refused, at most ten: each a fault of the simulation or the server
};

PlayResult Play(World& world, const domain::Policy& policy, const std::map<std::string, Ground>& grounds,
                const Cast& cast, const PlayOptions& options, Diary& diary,
                const std::function<void(int done, int total, absl::Time now)>& progress);

}  // namespace gridwarden::sim
