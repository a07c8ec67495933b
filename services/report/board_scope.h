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
#include "report/rollup_repository.h"

// What every read of the board settles first: which division, may the caller see it, which categories, which
// instant.
namespace gridwarden::report {

// The division a spelling means today or meant last: the board of a village that was merged still answers for
// its time. NOT_FOUND when there is none or more than one; NOT_ALLOWED outside what the caller answers for
// or, for ground that passed on, may list.
absl::StatusOr<const domain::Division*> AllowedDivision(const domain::Ground& ground, const rpc::Call& call,
                                                        std::string_view spelling);

// Where everything stood that ever counted in a division.
std::vector<GroundRange> RangesOf(const domain::Ground& ground, const Uuid& division);

// The category and all below it in the policy; empty for an empty one (= all).
std::vector<std::string> CategoriesOf(const domain::Policy* policy, std::string_view category);

// The instant asked for (now when unset) and the end of its local day.
domain::Instant InstantOf(const domain::Policy* policy, const rpc::Call& call, bool is_set,
                          const google::protobuf::Timestamp& as_of);

google::protobuf::Timestamp TimestampOf(int64_t us);

}  // namespace gridwarden::report
