#pragma once

#include <vector>

#include "absl/time/time.h"
#include "base/id.h"
#include "domain/ground/ground.h"
#include "domain/policy/policy.h"
#include "gridwarden/casework/v1/casework.pb.h"
#include "gridwarden/patrol/v1/patrol.pb.h"

// Whom a case waits for where its events do not name them.
namespace gridwarden::sync {

// The posts that sign a case that stands at SIGN_OFF (T17), and the seats of its joint review: those of the
// division that has to, whether somebody held them or not. `filed_by` is the post that filed it; nil when not
// known.
std::vector<Uuid> SigningPosts(const domain::Ground& ground, const domain::Policy& policy,
                               const casework::v1::Case& about, const Uuid& filed_by, absl::Time at);

// For whom a record waits now.
struct Waiting {
  std::vector<Uuid> holders;  // posts and units
  // Also, or only, for whoever holds it and is not one of `named`: the office that filed it, or who signs.
  bool office = false;
  std::vector<Uuid> named;
};
Waiting WaitingOf(const domain::Policy& policy, const casework::v1::Case& about);
Waiting WaitingOf(const casework::v1::Signal& about);
Waiting WaitingOf(const patrol::v1::PatrolTask& about);
bool WaitsForAny(const Waiting& waiting, const std::vector<Uuid>& holders);

}  // namespace gridwarden::sync
