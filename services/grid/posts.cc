#include <algorithm>
#include <functional>
#include <tuple>

#include "base/status.h"
#include "grid/grid_proto.h"
#include "grid/grid_service.h"
#include "platform/rpc/page.h"

namespace gridwarden::grid {

absl::StatusOr<v1::Post> GetPost(GridArea& area, const rpc::Call& call, const v1::GetPostRequest& request) {
  GW_ASSIGN_OR_RETURN(const Uuid id, ParseResourceName("posts", request.name()));
  GW_ASSIGN_OR_RETURN(const auto ground, area.ground.Fresh(call.deadline));
  const domain::Post* post = ground->FindPost(id);
  if (post == nullptr) return NotFound(request.name());
  return ToProto(*post);
}

absl::StatusOr<v1::ListPostsResponse> ListPosts(GridArea& area, const rpc::Call& call,
                                                const v1::ListPostsRequest& request) {
  GW_ASSIGN_OR_RETURN(const rpc::Page page, rpc::ReadPage(request));
  GW_ASSIGN_OR_RETURN(const auto ground, area.ground.Fresh(call.deadline));
  // Places in the order of the tree, posts of a place in the order of the preset; the key of a page is the
  // place and the post.
  using Key = std::tuple<std::string, int, int, int, Uuid>;
  std::vector<std::pair<Key, const domain::Post*>> wanted;
  const auto take = [&](const std::string& place, const std::vector<const domain::Post*>& posts) {
    for (const domain::Post* post : posts) {
      if (request.kind() != v1::Post::KIND_UNSPECIFIED &&
          request.kind() != static_cast<v1::Post::Kind>(post->kind))
        continue;
      wanted.emplace_back(
          Key{place, static_cast<int>(post->regime), static_cast<int>(post->kind), post->ordinal, post->id},
          post);
    }
  };
  if (request.parent().rfind("units/", 0) == 0) {
    GW_ASSIGN_OR_RETURN(const Uuid unit, ParseResourceName("units", request.parent(), "parent"));
    if (ground->FindUnit(unit) == nullptr) return NotFound(request.parent());
    take("", ground->PostsOfUnit(unit));
  } else {
    GW_ASSIGN_OR_RETURN(const domain::Division* top,
                        FindDivision(*ground, request.parent(), call.now, "parent"));
    std::function<void(const domain::Division&, int)> walk = [&](const domain::Division& division,
                                                                 int depth) {
      take(ground->PathKey(division.id), ground->PostsAt(division.id));
      if (!request.recursive() || depth >= 10) return;
      for (const domain::Division* child : ground->ChildrenOf(division.id)) walk(*child, depth + 1);
    };
    walk(*top, 0);
  }
  std::sort(wanted.begin(), wanted.end());
  auto next = wanted.begin();
  if (page.after.size() == 5) {
    const Key after{page.after[0], std::atoi(page.after[1].c_str()), std::atoi(page.after[2].c_str()),
                    std::atoi(page.after[3].c_str()), Uuid::FromBytes(page.after[4]).value_or(Uuid())};
    next = std::upper_bound(wanted.begin(), wanted.end(), after,
                            [](const Key& key, const auto& entry) { return key < entry.first; });
  }
  v1::ListPostsResponse response;
  for (; next != wanted.end() && response.posts_size() < page.size; ++next) {
    v1::PostWithHolder& entry = *response.add_posts();
    *entry.mutable_post() = ToProto(*next->second);
    const domain::Tenure* tenure = ground->HolderOf(next->second->id, call.now, absl::InfiniteFuture());
    if (tenure == nullptr) continue;
    *entry.mutable_tenure() = ToProto(*tenure);
    if (const domain::Person* person = ground->FindPerson(tenure->person)) {
      entry.set_person_display_name(person->display_name);
    }
  }
  if (next != wanted.end()) {
    const auto& [place, regime, kind, ordinal, id] = std::prev(next)->first;
    response.set_next_page_token(rpc::NextPageToken(
        request, {place, std::to_string(regime), std::to_string(kind), std::to_string(ordinal), id.Bytes()}));
  }
  return response;
}

}  // namespace gridwarden::grid
