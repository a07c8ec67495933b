#include "media/keep_media.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "media/photo.h"
#include "platform/journal/stage.h"

namespace gridwarden::media {
namespace {

// The ground on which the holder of a post at `division` may say that a photo was taken: the county around
// it, or the division itself where it is a county or stands above one. Narrower would shut out the checker
// from a neighbouring township.
Uuid ReachOf(const domain::Ground& ground, const Uuid& division, absl::Time now) {
  for (const domain::Division* above : ground.AncestorsAt(division, now, absl::InfiniteFuture())) {
    if (above->level == domain::Level::kCounty) return above->id;
  }
  return division;
}

// What the caller holds now, and what he held when tenures of his ended not long ago: photos of work done in
// a post still come when it has ended.
std::vector<domain::Holding> HoldingsFor(const domain::Ground& ground, const Uuid& person, absl::Time now) {
  std::vector<domain::Holding> holdings = ground.HoldingsOf(person, now, absl::InfiniteFuture());
  for (const domain::Tenure* tenure : ground.TenuresOfPerson(person)) {
    if (tenure->valid.to > now || tenure->valid.to < now - access::kAfterPost) continue;
    for (const domain::Holding& held :
         ground.HoldingsOf(person, tenure->valid.to - absl::Microseconds(1), absl::InfiniteFuture())) {
      holdings.push_back(held);
    }
  }
  return holdings;
}

// The caller's post, at or below the reach of which `named` lies; the nearest to the ground (the deepest)
// decides. Without `named` the deepest post of all.
absl::StatusOr<access::Acting> AllowUpload(const domain::Ground& ground, const rpc::Call& call,
                                           const domain::Division* named) {
  access::Acting nearest;
  size_t nearest_depth = 0;
  for (const domain::Holding& holding : HoldingsFor(ground, call.principal.person, call.now)) {
    const Uuid division = ground.DivisionOf(*holding.post);
    if (named != nullptr && !ground.AnswersFor(ReachOf(ground, division, call.now), named->id, call.now))
      continue;
    const size_t depth = ground.AncestorsAt(division, call.now, absl::InfiniteFuture()).size();
    if (depth <= nearest_depth) continue;
    nearest = {holding.post->id, holding.tenure->id, holding.post->kind, division};
    nearest_depth = depth;
  }
  if (nearest_depth == 0) return NotAllowed("the caller holds no post in the county of that division");
  return nearest;
}

absl::StatusOr<journal::Sealed> SealMedia(const rpc::Call& call, MediaRow& media, const MediaScope& scope,
                                          const Place& place) {
  v1::MediaEvent event;
  event.set_sha256(media.sha256);
  event.set_size(media.size);
  event.set_content_type(std::string(NameOf(media.info.type)));
  event.set_width(media.info.width);
  event.set_height(media.info.height);
  event.set_subject(scope.subject);
  event.set_division(scope.division.Bytes());
  journal::Draft draft;
  draft.kind = media.subject_seq == 0 ? "media.commit" : "media.scope";
  draft.before = {.id = media.id, .seq = media.subject_seq, .leaf = media.subject_leaf};
  draft.event = &event;
  draft.post = place.acting.post;
  draft.tenure = place.acting.tenure;
  draft.media = {media.sha256};
  GW_ASSIGN_OR_RETURN(journal::Sealed sealed, journal::Seal(call, draft));
  media.subject_seq = sealed.after.seq;
  media.subject_leaf = sealed.after.leaf;
  return sealed;
}

}  // namespace

absl::Status CheckSubject(const std::string& subject) {
  constexpr std::string_view kCollections[] = {"cases", "signals", "sources", "patrolTasks"};
  if (subject.empty()) return absl::OkStatus();
  for (std::string_view collection : kCollections) {
    const absl::StatusOr<Uuid> id = ParseResourceName(collection, subject, "subject");
    if (id.ok() && !id->IsNil()) return absl::OkStatus();
  }
  return InvalidField("subject", "want cases/, signals/, sources/ or patrolTasks/ and an id");
}

absl::StatusOr<Place> PlaceOf(const domain::Ground& ground, const rpc::Call& call,
                              const std::string& spelling) {
  Place place;
  const domain::Division* named = nullptr;
  if (!spelling.empty()) {
    // A photo may be of ground that passed on since; those who answer for it today may send it.
    const std::vector<const domain::Division*> meant = ground.DivisionsOnceSpelled(spelling, call.now);
    if (meant.size() != 1) return NotFound(spelling);
    named = meant.front();
  }
  GW_ASSIGN_OR_RETURN(place.acting, AllowUpload(ground, call, named));
  place.division = named != nullptr ? named->id : place.acting.division;
  place.path = ground.PathKeyNear(place.division, call.now, absl::InfiniteFuture());
  return place;
}

absl::StatusOr<v1::Media> KeepMedia(MediaArea& area, const rpc::Call& call, const std::string& sha256,
                                    std::string_view content, const std::string& subject,
                                    const Place& place) {
  GW_ASSIGN_OR_RETURN(const PhotoInfo info, Inspect(content));

  // The content first: a row promises that it is there. A crash in between leaves content without a row, and
  // the next upload of the same finds it.
  GW_RETURN_IF_ERROR(area.store->Put(absl::BytesToHexString(sha256), content, call.deadline));

  const MediaScope scope{.sha256 = sha256,
                         .account = call.principal.account,
                         .division = place.division,
                         .ground_path = place.path,
                         .subject = subject,
                         .created = call.now};
  v1::Media answer;
  const auto store = [&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(const std::optional<MediaRow> stored, LockMedia(tx, sha256));
    MediaRow media = stored.value_or(MediaRow{.sha256 = sha256,
                                              .id = Uuid::Make(call.now),
                                              .size = static_cast<int64_t>(content.size()),
                                              .info = info,
                                              .created = call.now});
    GW_ASSIGN_OR_RETURN(const std::vector<MediaScope> scopes, ListScopes(tx, sha256));
    const bool known = std::any_of(scopes.begin(), scopes.end(), [&](const MediaScope& other) {
      return other.account == scope.account && other.division == scope.division;
    });
    if (!known) {
      GW_ASSIGN_OR_RETURN(const journal::Sealed sealed, SealMedia(call, media, scope, place));
      GW_RETURN_IF_ERROR(stored ? SaveMedia(tx, media) : InsertMedia(tx, media));
      GW_RETURN_IF_ERROR(InsertScope(tx, scope));
      GW_RETURN_IF_ERROR(journal::Stage(tx, sealed));
    }
    answer = MediaMessage(media);
    return absl::OkStatus();
  };
  absl::Status status = area.database.Run({.deadline = call.deadline}, store);
  // Somebody committed the first row of the same content between our look and our insert: now it is there to
  // be locked.
  if (absl::IsAborted(status)) status = area.database.Run({.deadline = call.deadline}, store);
  if (!status.ok()) return status;
  return answer;
}

}  // namespace gridwarden::media
