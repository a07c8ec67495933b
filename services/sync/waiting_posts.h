#pragma once

#include <vector>

#include "absl/time/time.h"
#include "base/id.h"
#include "domain/ground/ground.h"
#include "domain/policy/policy.h"
#include "gridwarden/casework/v1/casework.pb.h"

// Whom a case waits for where its events do not name them.
namespace gridwarden::sync {

// The posts that sign a case that stands at SIGN_OFF (T17), and the seats of its joint review: those of the
// division that has to, whether somebody held them or not. `filed_by` is the post that filed it; nil when not
// known.
std::vector<Uuid> SigningPosts(const domain::Ground& ground, const domain::Policy& policy,
                               const casework::v1::Case& about, const Uuid& filed_by, absl::Time at);

}  // namespace gridwarden::sync
