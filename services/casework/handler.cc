#include "casework/handler.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status.h"

namespace gridwarden::casework {
namespace {

absl::Status UnknownHandler(std::string_view field, std::string_view name) {
  return InvalidField(field,
                      absl::StrFormat("got %s, want a unit or a post of the ground", name.substr(0, 80)));
}

}  // namespace

absl::StatusOr<Handler> ReadHandler(const domain::Ground& ground, std::string_view name,
                                    std::string_view field) {
  if (name.empty()) return Handler();
  if (name.starts_with("units/")) {
    GW_ASSIGN_OR_RETURN(const Uuid unit, ParseResourceName("units", name, field));
    if (ground.FindUnit(unit) == nullptr) return UnknownHandler(field, name);
    return Handler{unit, true};
  }
  GW_ASSIGN_OR_RETURN(const Uuid id, ParseResourceName("posts", name, field));
  const domain::Post* post = ground.FindPost(id);
  if (post == nullptr) return UnknownHandler(field, name);
  if (post->kind == domain::PostKind::kSupervisionOfficer) {
    return InvalidField(
        field, "got a supervision officer's post, want one that may fix: supervision officers check");
  }
  if (post->kind == domain::PostKind::kDiscipline) {
    return InvalidField(field,
                        "got discipline inspection, want a post that may fix: discipline inspection reviews");
  }
  return Handler{id, false};
}

std::string DisplayName(const domain::Ground& ground, const Handler& handler) {
  if (handler.is_unit) {
    const domain::Unit* unit = ground.FindUnit(handler.id);
    return unit == nullptr ? "" : unit->display_name;
  }
  const domain::Post* post = ground.FindPost(handler.id);
  if (post == nullptr) return "";
  const domain::Division* division = ground.FindDivision(ground.DivisionOf(*post));
  const std::string place = !post->unit.IsNil()   ? DisplayName(ground, {post->unit, true})
                            : division != nullptr ? division->display_name
                                                  : "";
  return absl::StrCat(std::string(domain::NameOf(post->kind)), " ", place);
}

absl::Status CheckHeld(const domain::Ground& ground, const Handler& handler, absl::Time now) {
  const auto held = [&](const Uuid& post) {
    return ground.HolderOf(post, now, absl::InfiniteFuture()) != nullptr;
  };
  const std::vector<const domain::Post*> posts =
      handler.is_unit ? ground.PostsOfUnit(handler.id) : std::vector{ground.FindPost(handler.id)};
  if (std::any_of(posts.begin(), posts.end(),
                  [&](const domain::Post* post) { return post != nullptr && held(post->id); })) {
    return absl::OkStatus();
  }
  return FailedPrecondition("POST_VACANT", "nobody holds the handler's post now",
                            {{"post", DisplayName(ground, handler)}});
}

}  // namespace gridwarden::casework
