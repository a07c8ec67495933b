#include "sync/scope.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "access/permission.h"
#include "base/status.h"
#include "platform/crypto/digest.h"
#include "sync/change_fold.h"

namespace gridwarden::sync {
namespace {

constexpr size_t kHashBytes = 8;

std::string HashOf(const Scope& scope) {
  std::string bytes = "scope/1\n";
  for (const std::string& key : scope.grounds) absl::StrAppend(&bytes, key.size(), ":", key);
  bytes += "\n";
  for (const Uuid& id : scope.assignees) bytes += id.Bytes();
  return crypto::Sha256(bytes).substr(0, kHashBytes);
}

v1::ScopePost Shown(const domain::Ground& ground, const domain::Post& post,
                    const domain::Division* division) {
  v1::ScopePost shown;
  shown.set_post(ResourceName("posts", post.id));
  shown.set_kind(std::string(domain::NameOf(post.kind)));
  if (division == nullptr) return shown;
  shown.set_division(ResourceName("divisions", division->id));
  shown.set_division_display_name(ShortPath(ground, division->id));
  shown.set_level(std::string(domain::NameOf(division->level)));
  return shown;
}

}  // namespace

std::vector<Uuid> Scope::Holders() const {
  std::vector<Uuid> holders = areas;
  holders.insert(holders.end(), assignees.begin(), assignees.end());
  return holders;
}

absl::StatusOr<Scope> ScopeOf(const domain::Ground& ground, const rpc::Call& call) {
  Scope scope;
  std::vector<std::string> keys;
  for (const domain::Holding& holding :
       ground.HoldingsOf(call.principal.person, call.now, absl::InfiniteFuture())) {
    const domain::Division* division = ground.FindDivision(ground.DivisionOf(*holding.post));
    scope.posts.push_back(Shown(ground, *holding.post, division));
    if (division == nullptr || division->level < domain::Level::kTownship) continue;
    for (std::string& key : ground.PathKeysHeldBy(division->id, call.now)) keys.push_back(std::move(key));
  }
  std::sort(scope.posts.begin(), scope.posts.end(),
            [](const v1::ScopePost& a, const v1::ScopePost& b) { return a.post() < b.post(); });
  scope.grounds = domain::WithoutInner(std::move(keys));
  for (const std::string& key : scope.grounds) {
    GW_ASSIGN_OR_RETURN(const Uuid area, AreaOf(ground, key));
    if (std::find(scope.areas.begin(), scope.areas.end(), area) == scope.areas.end())
      scope.areas.push_back(area);
  }
  scope.assignees = access::AssigneesOf(ground, call);
  scope.hash = HashOf(scope);
  return scope;
}

std::string ShortPath(const domain::Ground& ground, const Uuid& division) {
  const std::vector<const domain::Division*> chain = ground.AncestorsOf(division);
  if (chain.empty()) return "";
  if (chain.size() == 1) return chain[0]->display_name;
  return absl::StrCat(chain[1]->display_name, "/", chain[0]->display_name);
}

}  // namespace gridwarden::sync
