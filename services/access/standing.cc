#include "access/standing.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "access/permission.h"
#include "base/status.h"

namespace gridwarden::access {

absl::StatusOr<Standing> StandingOf(const domain::Ground& ground, std::string_view spelling, absl::Time at,
                                    std::string_view field) {
  const domain::Division* division = ground.FindDivisionBySpelling(spelling, at);
  if (division == nullptr) {
    return MakeError(absl::StatusCode::kInvalidArgument,
                     absl::StrFormat("%s: no such division: %s", field, spelling),
                     {.reason = "DIVISION_CODE_UNKNOWN",
                      .metadata = {{"code", std::string(spelling)}},
                      .fields = {{std::string(field), "no such division"}}});
  }
  return StandingOf(ground, division->id);
}

absl::StatusOr<Standing> StandingOf(const domain::Ground& ground, const Uuid& division) {
  Standing standing{.division = division, .ground_path = ground.PathKey(division)};
  if (standing.ground_path.empty()) return NotFound(ResourceName("divisions", division));
  for (const domain::Division* above : ground.AncestorsOf(division)) {
    if (above->level == domain::Level::kCity) standing.city = above->id;
  }
  return standing;
}

absl::StatusOr<std::vector<std::string>> ListScope(const domain::Ground& ground, const rpc::Call& call,
                                                   std::string_view within) {
  std::vector<std::string> narrowed;
  for (std::string& key : ScopeOf(ground, call)) {
    if (within.starts_with(key)) return std::vector<std::string>{std::string(within)};
    if (key.starts_with(within)) narrowed.push_back(std::move(key));
  }
  if (narrowed.empty()) return NotAllowed("the caller may not do this here");
  return narrowed;
}

std::string EndOfSubtree(std::string_view ground_path) {
  // Ids are version 7 or derived from such: none begins with 0xff.
  return std::string(ground_path) + std::string(16, '\xff');
}

absl::Status Absent(const domain::Ground& ground, const rpc::Call& call, std::string_view resource) {
  const Permission* row = FindPermission(call.method);
  if (row != nullptr && row->scope == Scope::kAssigned) {
    const absl::Status assigned = AllowAssigned(ground, call, Uuid()).status();
    return assigned.ok() ? NotFound(resource) : assigned;
  }
  const absl::StatusOr<Acting> everywhere = AllowAt(ground, call, Uuid());
  if (everywhere.ok()) return NotFound(resource);
  const std::vector<std::string> scope = ScopeOf(ground, call);
  const std::vector<const domain::Division*> tops = ground.ChildrenOf(Uuid());
  const bool sees_all =
      !scope.empty() && std::all_of(tops.begin(), tops.end(), [&](const domain::Division* top) {
        return std::find(scope.begin(), scope.end(), ground.PathKey(top->id)) != scope.end();
      });
  return sees_all ? NotFound(resource) : everywhere.status();
}

}  // namespace gridwarden::access
