#include "casework/views.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "access/permission.h"
#include "access/standing.h"
#include "base/status.h"

namespace gridwarden::casework {
namespace {

bool Holds(const domain::Ground& ground, const rpc::Call& call, const std::vector<Uuid>& assignees) {
  const std::vector<Uuid> mine = access::AssigneesOf(ground, call);
  return std::any_of(assignees.begin(), assignees.end(), [&](const Uuid& id) {
    return !id.IsNil() && std::find(mine.begin(), mine.end(), id) != mine.end();
  });
}

}  // namespace

absl::Status AllowView(const domain::Ground& ground, const rpc::Call& call, const CaseFile& file) {
  const absl::Status in_scope = access::AllowToSee(ground, call, file.place.division, file.place.ground_path);
  if (in_scope.ok()) return in_scope;
  std::vector<Uuid> assignees = file.cooperators;
  assignees.push_back(file.handler.id);
  assignees.push_back(file.check_post);
  return Holds(ground, call, assignees) ? absl::OkStatus() : in_scope;
}

absl::Status AllowView(const domain::Ground& ground, const rpc::Call& call, const SignalFile& signal) {
  const absl::Status in_scope =
      access::AllowToSee(ground, call, signal.place.division, signal.place.ground_path);
  if (in_scope.ok() || Holds(ground, call, {signal.onsite.post})) return absl::OkStatus();
  return in_scope;
}

absl::StatusOr<std::vector<Uuid>> ReadNames(const google::protobuf::RepeatedPtrField<std::string>& names,
                                            std::string_view collection) {
  if (names.empty() || names.size() > kBatchMax)
    return InvalidField("names", absl::StrFormat("got %d, want 1 to %d", names.size(), kBatchMax));
  std::vector<Uuid> ids;
  for (int i = 0; i < names.size(); ++i) {
    GW_ASSIGN_OR_RETURN(const Uuid id,
                        ParseResourceName(collection, names[i], absl::StrFormat("names[%d]", i)));
    if (id.IsNil()) return InvalidField(absl::StrFormat("names[%d]", i), "got nothing, want a name");
    ids.push_back(id);
  }
  return ids;
}

absl::StatusOr<std::vector<std::string>> ScopeWithin(const domain::Ground& ground, const rpc::Call& call,
                                                     std::string_view division) {
  std::vector<std::string> scope = access::ScopeOf(ground, call);
  if (scope.empty()) return NotAllowed("the caller may not list anything");
  const bool everywhere =
      std::any_of(scope.begin(), scope.end(), [](const std::string& key) { return key.empty(); });
  if (division.empty()) return everywhere ? std::vector<std::string>() : scope;

  const std::vector<const domain::Division*> wanted = ground.DivisionsOnceSpelled(division, call.now);
  if (wanted.size() != 1) {
    return InvalidField("division", absl::StrFormat("got %s, want a division", division.substr(0, 120)));
  }
  return access::ListScope(ground, call, ground.PathKeysHeldBy(wanted.front()->id, call.now));
}

absl::Status CheckCategoryFilter(const domain::Policy& policy, std::string_view category) {
  if (category.empty() || policy.FindCategory(category) != nullptr) return absl::OkStatus();
  return InvalidField("category",
                      absl::StrFormat("got %s, want a category of the policy", category.substr(0, 80)));
}

}  // namespace gridwarden::casework
