#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "access/permission.h"
#include "base/status.h"
#include "grid/grid_change.h"
#include "grid/grid_proto.h"
#include "grid/grid_service.h"
#include "grid/open_work.h"
#include "grid/reorganisation.h"
#include "grid/tenure_rules.h"

namespace gridwarden::grid {
namespace {

constexpr int kPostsMax = 200;

// The posts in question: those named, or every one the person holds then.
absl::StatusOr<std::vector<const domain::Post*>> PostsOf(const domain::Ground& ground,
                                                         const v1::HandOverRequest& request,
                                                         const Uuid& person, absl::Time effective) {
  std::vector<const domain::Post*> posts;
  for (int i = 0; i < request.posts_size(); ++i) {
    const std::string field = absl::StrCat("posts[", i, "]");
    GW_ASSIGN_OR_RETURN(const Uuid id, ParseResourceName("posts", request.posts(i), field));
    const domain::Post* post = ground.FindPost(id);
    if (post == nullptr) return NotFound(request.posts(i));
    if (std::find(posts.begin(), posts.end(), post) != posts.end())
      return InvalidField(field, "got the same post twice, want it once");
    posts.push_back(post);
  }
  if (request.posts_size() > 0) return posts;
  // Whoever hands over at that very moment held it just before.
  for (const domain::Holding& holding :
       ground.HoldingsOf(person, effective - absl::Microseconds(1), absl::InfiniteFuture()))
    posts.push_back(holding.post);
  if (posts.size() > kPostsMax)
    return InvalidField("posts", absl::StrFormat("got %d, want at most %d at once",
                                                 static_cast<int>(posts.size()), kPostsMax));
  return posts;
}

}  // namespace

absl::StatusOr<v1::HandOverReceipt> HandOver(GridArea& area, const rpc::Call& call,
                                             const v1::HandOverRequest& request) {
  if (request.posts_size() > kPostsMax)
    return InvalidField("posts", absl::StrFormat("got %d, want at most %d", request.posts_size(), kPostsMax));
  GW_ASSIGN_OR_RETURN(const Uuid from, ParseResourceName("persons", request.from_person(), "from_person"));
  GW_ASSIGN_OR_RETURN(const Uuid to, ParseResourceName("persons", request.to_person(), "to_person"));
  if (from == to) return InvalidField("to_person", "got the person who leaves, want another one");
  if (request.kind() != v1::Tenure::KIND_UNSPECIFIED && request.kind() != v1::Tenure::FORMAL &&
      request.kind() != v1::Tenure::ACTING)
    return InvalidField("kind", "want FORMAL or ACTING");
  GW_ASSIGN_OR_RETURN(const absl::Time effective, ReadEffectiveTime(call, request.effective_time()));
  GW_RETURN_IF_ERROR(CheckDocumentNo(request.document_no()));
  GW_ASSIGN_OR_RETURN(const auto ground, area.ground.Fresh(call.deadline));
  // Allowed before anything is said about the posts or the persons.
  access::Acting acting;
  const auto posts = PostsOf(*ground, request, from, effective);
  if (!posts.ok() || posts->empty()) GW_RETURN_IF_ERROR(access::AllowAt(*ground, call, Uuid()).status());
  GW_RETURN_IF_ERROR(posts.status());
  std::vector<Uuid> ids;
  for (const domain::Post* post : *posts) {
    GW_ASSIGN_OR_RETURN(acting, access::AllowAt(*ground, call, ground->DivisionOf(*post)));
    GW_RETURN_IF_ERROR(CheckAppointer(call, from, post->kind));
    if (!to.IsNil()) GW_RETURN_IF_ERROR(CheckAppointer(call, to, post->kind));
    ids.push_back(post->id);
  }
  const domain::Person* leaver = ground->FindPerson(from);
  const domain::Person* successor = to.IsNil() ? nullptr : ground->FindPerson(to);
  if (leaver == nullptr) return NotFound(request.from_person());
  if (!to.IsNil() && successor == nullptr) return NotFound(request.to_person());
  if (ids.empty())
    return InvalidField("from_person", "got a person who holds no post then, want one who does");
  if (!request.etag().empty() && ids.size() != 1)
    return InvalidField("etag", "want an etag with exactly one post only");
  const v1::OpenWork open_work = OpenWorkOf(area, call, *ground, ids);
  using Receipt = v1::HandOverReceipt;
  return MutateOrTry<Receipt>(area, call, request, [&](db::Transaction& tx) -> absl::StatusOr<Receipt> {
    GW_ASSIGN_OR_RETURN(GridChange change, GridChange::Begin(tx, call, acting, request.request_id()));
    GW_ASSIGN_OR_RETURN(const std::vector<TenureRow> standing, LockTenuresOfPosts(tx, ids));
    Receipt receipt;
    receipt.set_dry_run(request.dry_run());
    receipt.set_from_person_display_name(leaver->display_name);
    if (successor != nullptr) receipt.set_to_person_display_name(successor->display_name);
    for (const domain::Post* post : *posts) {
      const auto held = std::find_if(standing.begin(), standing.end(), [&](const TenureRow& row) {
        const domain::Interval& valid = row.record.valid;
        return row.record.post == post->id && row.record.person == from && valid.from < effective &&
               effective <= valid.to;
      });
      if (held == standing.end()) {
        return FailedPrecondition(
            "ILLEGAL_TRANSITION", "the person does not hold the post at that time",
            {{"state", "VACANT"}, {"action", "HAND_OVER"}, {"post", ResourceName("posts", post->id)}});
      }
      GW_RETURN_IF_ERROR(CheckEtag(request.etag(), held->record));
      v1::HandOverReceipt::HandedPost& handed = *receipt.add_posts();
      *handed.mutable_post() = ToProto(*post);
      if (const domain::Division* division = ground->FindDivision(ground->DivisionOf(*post)))
        handed.set_division_display_name(division->display_name);
      domain::Tenure ended = held->record;
      if (effective < ended.valid.to) {  // it may have ended then already
        GW_RETURN_IF_ERROR(change.Revoke(*held).status());
        ended.id = Uuid::Make(call.now);
        ended.valid.to = effective;
        ended.document_no = request.document_no();
        GW_ASSIGN_OR_RETURN(ended, change.Add(ended));
      }
      *handed.mutable_ended() = ToProto(ended);
      if (successor == nullptr) continue;
      domain::Tenure begun;
      begun.id = Uuid::Make(call.now);
      begun.post = post->id;
      begun.person = to;
      begun.kind =
          request.kind() == v1::Tenure::ACTING ? domain::TenureKind::kActing : domain::TenureKind::kFormal;
      begun.valid = {effective, absl::InfiniteFuture()};
      begun.document_no = request.document_no();
      GW_RETURN_IF_ERROR(CheckPostExistsThen(begun, *post, *ground, "effective_time"));
      GW_RETURN_IF_ERROR(CheckOverlap(begun, standing, held->record.id));
      GW_ASSIGN_OR_RETURN(begun, change.Add(begun));
      *handed.mutable_begun() = ToProto(begun);
    }
    *receipt.mutable_open_work() = open_work;
    if (!request.dry_run() && !change.empty()) GW_RETURN_IF_ERROR(change.Save());
    return receipt;
  });
}

}  // namespace gridwarden::grid
