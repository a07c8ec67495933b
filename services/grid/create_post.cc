#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "access/permission.h"
#include "base/status.h"
#include "grid/grid_change.h"
#include "grid/grid_proto.h"
#include "grid/grid_service.h"
#include "grid/tenure_rules.h"
#include "platform/rpc/mutate.h"

namespace gridwarden::grid {
namespace {

constexpr int kOrdinalMax = 1000;

absl::StatusOr<domain::Post> ReadPost(const domain::Ground& ground, const rpc::Call& call,
                                      const v1::Post& message) {
  domain::Post post;
  if (message.kind() == v1::Post::KIND_UNSPECIFIED || !v1::Post::Kind_IsValid(message.kind())) {
    return InvalidField("post.kind", "want one of the kinds");
  }
  if (!v1::Post::Regime_IsValid(message.regime()) ||
      !v1::Post::Responsibility_IsValid(message.responsibility())) {
    return InvalidField("post", "got an unknown regime or responsibility");
  }
  post.kind = static_cast<domain::PostKind>(message.kind());
  post.regime = message.regime() == v1::Post::REGIME_UNSPECIFIED
                    ? domain::Regime::kGeneral
                    : static_cast<domain::Regime>(message.regime());
  post.responsibility = message.responsibility() == v1::Post::RESPONSIBILITY_UNSPECIFIED
                            ? domain::Responsibility::kNone
                            : static_cast<domain::Responsibility>(message.responsibility());
  if (message.division().empty() == message.unit().empty()) {
    return InvalidField("post", "want exactly one of division and unit");
  }
  if (!message.unit().empty()) {
    GW_ASSIGN_OR_RETURN(post.unit, ParseResourceName("units", message.unit(), "post.unit"));
    if (ground.FindUnit(post.unit) == nullptr) return NotFound(message.unit());
  } else {
    GW_ASSIGN_OR_RETURN(const domain::Division* division,
                        FindDivision(ground, message.division(), call.now, "post.division"));
    post.division = division->id;
  }
  if (message.ordinal() < 0 || message.ordinal() > kOrdinalMax) {
    return InvalidField("post.ordinal",
                        absl::StrFormat("got %d, want 1 to %d", message.ordinal(), kOrdinalMax));
  }
  post.ordinal = message.ordinal() == 0 ? 1 : message.ordinal();
  if (message.has_valid_from()) {
    GW_ASSIGN_OR_RETURN(post.valid.from, ReadTime(message.valid_from(), "post.valid_from"));
  }
  if (message.has_valid_to()) {
    GW_ASSIGN_OR_RETURN(post.valid.to, ReadTime(message.valid_to(), "post.valid_to"));
  }
  if (post.valid.from >= post.valid.to) return InvalidField("post.valid_to", "want a time after valid_from");
  const domain::Division* stands_on = ground.FindDivision(ground.DivisionOf(post));
  if (stands_on != nullptr && stands_on->valid.to <= std::max(call.now, post.valid.from))
    return InvalidField("post", absl::StrFormat("got a post on %s, which ended, want ground that stands",
                                                stands_on->display_name));
  return post;
}

}  // namespace

absl::StatusOr<v1::Post> CreatePost(GridArea& area, const rpc::Call& call,
                                    const v1::CreatePostRequest& request) {
  GW_ASSIGN_OR_RETURN(const auto ground, area.ground.Fresh(call.deadline));
  GW_ASSIGN_OR_RETURN(domain::Post post, ReadPost(*ground, call, request.post()));
  GW_ASSIGN_OR_RETURN(const access::Acting acting, access::AllowAt(*ground, call, ground->DivisionOf(post)));
  GW_RETURN_IF_ERROR(CheckAppointer(call, Uuid(), post.kind));
  return rpc::Mutate<v1::Post>(
      area.database, call, request, [&](db::Transaction& tx) -> absl::StatusOr<v1::Post> {
        GW_ASSIGN_OR_RETURN(GridChange change, GridChange::Begin(tx, call, acting, request.request_id()));
        const Uuid place = post.unit.IsNil() ? post.division : post.unit;
        GW_ASSIGN_OR_RETURN(const std::vector<PostRow> there,
                            LockPostsAt(tx, std::span<const Uuid>(&place, 1)));
        for (const PostRow& other : there) {
          if (other.record.kind == post.kind && other.record.regime == post.regime &&
              other.record.ordinal == post.ordinal) {
            return AlreadyExists(ResourceName("posts", other.record.id));
          }
        }
        domain::Post created = post;
        created.id = Uuid::Make(call.now);
        GW_ASSIGN_OR_RETURN(created, change.Add(created));
        GW_RETURN_IF_ERROR(change.Save());
        return ToProto(created);
      });
}

}  // namespace gridwarden::grid
