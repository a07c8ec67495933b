#include "casework/views.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "access/permission.h"
#include "base/status.h"

namespace gridwarden::casework {
namespace {

bool Holds(const domain::Ground& ground, const rpc::Call& call, std::initializer_list<Uuid> assignees) {
  const std::vector<Uuid> mine = access::AssigneesOf(ground, call);
  return std::any_of(assignees.begin(), assignees.end(), [&](const Uuid& id) {
    return !id.IsNil() && std::find(mine.begin(), mine.end(), id) != mine.end();
  });
}

bool StartsWith(const std::string& key, const std::string& prefix) {
  return key.compare(0, prefix.size(), prefix) == 0;
}

}  // namespace

absl::Status AllowView(const domain::Ground& ground, const rpc::Call& call, const CaseFile& file) {
  const absl::Status in_scope = access::AllowAt(ground, call, file.place.division).status();
  if (in_scope.ok() || Holds(ground, call, {file.handler.id, file.check_post})) return absl::OkStatus();
  return in_scope;
}

absl::Status AllowView(const domain::Ground& ground, const rpc::Call& call, const SignalFile& signal) {
  const absl::Status in_scope = access::AllowAt(ground, call, signal.place.division).status();
  if (in_scope.ok() || Holds(ground, call, {signal.onsite.post})) return absl::OkStatus();
  return in_scope;
}

absl::StatusOr<std::vector<std::string>> ScopeWithin(const domain::Ground& ground, const rpc::Call& call,
                                                     std::string_view division) {
  std::vector<std::string> scope = access::ScopeOf(ground, call);
  if (scope.empty()) return NotAllowed("the caller may not list anything");
  const bool everywhere =
      std::any_of(scope.begin(), scope.end(), [](const std::string& key) { return key.empty(); });
  if (division.empty()) return everywhere ? std::vector<std::string>() : scope;

  const domain::Division* wanted = ground.FindDivisionBySpelling(division, call.now);
  if (wanted == nullptr) {
    return InvalidField("division", absl::StrFormat("got %s, want a division", division.substr(0, 120)));
  }
  const std::string key = ground.PathKey(wanted->id);
  if (everywhere) return std::vector<std::string>{key};
  std::vector<std::string> within;
  for (const std::string& mine : scope) {
    if (StartsWith(key, mine)) return std::vector<std::string>{key};
    if (StartsWith(mine, key)) within.push_back(mine);
  }
  if (within.empty()) return NotAllowed("the caller may not see this division");
  return within;
}

absl::Status CheckCategoryFilter(const domain::Policy& policy, std::string_view category) {
  if (category.empty() || policy.FindCategory(category) != nullptr) return absl::OkStatus();
  return InvalidField("category",
                      absl::StrFormat("got %s, want a category of the policy", category.substr(0, 80)));
}

}  // namespace gridwarden::casework
