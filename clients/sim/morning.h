#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "nlohmann/json.hpp"

// The morning on which everybody's phone wakes up at once: thousands of phones change their refresh token,
// fetch what changed, send what was done, and fetch again, over HTTP against one server.
namespace gridwarden::sim {

struct MorningOptions {
  std::string server;
  std::string ca_file;
  // One JSON object a line: account, refresh_token, post, division of a phone's owner.
  std::string phones_file;
  // Whoever plans their patrols.
  std::string office_login, office_password;
  int phones = 0;  // 0 = all of the file
  int visits = 3;  // done by each before the morning
  absl::Duration spread = absl::Minutes(10);
  absl::Duration patience = absl::Minutes(10);  // how long after the last has begun anybody may take
  int threads = 48;
  std::vector<int> server_pids;  // whose memory is watched; may be empty
  // Where the acknowledged visits are written, one "patrolTasks/{uuid} {visit}" a line; "" = nowhere.
  std::string acknowledged_file;
  uint64_t seed = 1;
};

// Plans the patrols, registers the phones, then plays the morning. The answer holds every figure; a phone
// that did not finish, or a visit that was acknowledged and is not there exactly once, is in it as such and
// no error. An error is what kept the morning from being played.
absl::StatusOr<nlohmann::json> PlayMorning(const MorningOptions& options);

}  // namespace gridwarden::sim
