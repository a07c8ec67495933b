#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "domain/ground/ground.h"
#include "domain/policy/policy.h"
#include "domain/rollup/fact.h"
#include "google/protobuf/timestamp.pb.h"
#include "platform/rpc/call.h"

// What every read of the board settles first: which division, may the caller see it, which categories, which
// instant.
namespace gridwarden::report {

// The division a spelling means. NOT_FOUND when there is none; NOT_ALLOWED outside the caller's subtrees.
absl::StatusOr<const domain::Division*> AllowedDivision(const domain::Ground& ground, const rpc::Call& call,
                                                        std::string_view spelling);

// The category and all below it in the policy; empty for an empty one (= all).
std::vector<std::string> CategoriesOf(const domain::Policy* policy, std::string_view category);

// The instant asked for (now when unset) and the end of its local day.
domain::Instant InstantOf(const domain::Policy* policy, const rpc::Call& call, bool is_set,
                          const google::protobuf::Timestamp& as_of);

google::protobuf::Timestamp TimestampOf(int64_t us);

}  // namespace gridwarden::report
