#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "base/id.h"
#include "base/status.h"
#include "casework/case_file.h"
#include "domain/ground/ground.h"
#include "domain/policy/policy.h"
#include "platform/rpc/call.h"

// Who may look at what: the same for single reads and for lists.
namespace gridwarden::casework {

// A case is seen by whoever stands at its division or above it, and by whoever it is assigned to or
// cooperates, wherever that is.
absl::Status AllowView(const domain::Ground& ground, const rpc::Call& call, const CaseFile& file);
absl::Status AllowView(const domain::Ground& ground, const rpc::Call& call, const SignalFile& signal);

// The ids of up to 200 resources that are read at once, as asked. INVALID_FIELD for none, more, or a name
// that is not of the collection.
inline constexpr int kBatchMax = 200;
absl::StatusOr<std::vector<Uuid>> ReadNames(const google::protobuf::RepeatedPtrField<std::string>& names,
                                            std::string_view collection);

// The states a list asks for, each once. INVALID_FIELD for a number that is no state.
template <typename State, typename Repeated>
absl::StatusOr<std::vector<State>> ReadStates(const Repeated& given, bool (*is_valid)(int)) {
  std::set<int> states;
  for (int state : given) {
    if (!is_valid(state) || state == 0)
      return InvalidField("states", "got an unknown state, want states by name");
    states.insert(state);
  }
  std::vector<State> out;
  for (int state : states) out.push_back(static_cast<State>(state));
  return out;
}

// The subtrees a list shows: the caller's scope, narrowed to `division` as spelled. Empty = everywhere.
// PERMISSION_DENIED when the caller may see nothing there, INVALID_FIELD for an unknown division.
absl::StatusOr<std::vector<std::string>> ScopeWithin(const domain::Ground& ground, const rpc::Call& call,
                                                     std::string_view division);

// INVALID_FIELD for a category to list that the policy does not have; "" is every category.
absl::Status CheckCategoryFilter(const domain::Policy& policy, std::string_view category);

}  // namespace gridwarden::casework
