#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "media/keep_media.h"
#include "media/media_service.h"
#include "media/photo.h"
#include "media/upload_steps.h"

namespace gridwarden::media {
namespace {

// Of one account. A phone sends one after the other; who has begun so many did not mean to finish them.
constexpr int64_t kUnderWayMax = 200;
constexpr int64_t kUnderWayBytesMax = int64_t{1} << 30;
constexpr absl::Duration kRetryAfterLimit = absl::Minutes(10);

absl::Status CheckSize(int64_t size) {
  if (size < 1) return InvalidField("size", absl::StrCat("got ", size, ", want >= 1"));
  if (size <= kBytesMax) return absl::OkStatus();
  const std::string text = absl::StrCat("got ", size, " bytes, want at most 12 MiB");
  return MakeError(
      absl::StatusCode::kInvalidArgument, text,
      {.reason = "MEDIA_TOO_LARGE", .metadata = {{"limit", "12 MiB"}}, .fields = {{"size", text}}});
}

absl::Status CheckRoom(const UnderWay& under_way, int64_t size) {
  if (under_way.count < kUnderWayMax && under_way.bytes + size <= kUnderWayBytesMax) return absl::OkStatus();
  return MakeError(absl::StatusCode::kResourceExhausted, "too many uploads of this account are under way",
                   {.reason = "UPLOAD_LIMIT",
                    .metadata = {{"limit", absl::StrCat(kUnderWayMax)}},
                    .retry_after = kRetryAfterLimit});
}

// Whether this account has brought that content to that ground before, and the store still has it.
absl::StatusOr<bool> IsStored(MediaArea& area, const rpc::Call& call, const UploadRow& wanted) {
  bool known = false;
  GW_RETURN_IF_ERROR(area.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(const std::optional<MediaRow> media, FindMedia(tx, wanted.sha256));
    GW_ASSIGN_OR_RETURN(const std::vector<MediaScope> scopes, ListScopes(tx, wanted.sha256));
    known = media && media->size == wanted.size &&
            std::any_of(scopes.begin(), scopes.end(), [&](const MediaScope& scope) {
              return scope.account == wanted.account && scope.division == wanted.division;
            });
    return absl::OkStatus();
  }));
  if (!known) return false;
  GW_ASSIGN_OR_RETURN(const std::vector<bool> there,
                      area.store->Has({{absl::BytesToHexString(wanted.sha256), wanted.size}}, call.deadline));
  return there.front();
}

// The upload that stands for `wanted` from now on.
absl::StatusOr<UploadRow> Begin(db::Transaction& tx, UploadRow wanted, bool stored, absl::Time now) {
  GW_ASSIGN_OR_RETURN(const std::optional<UploadRow> before, LockUploadOf(tx, wanted));
  const bool alive = before && before->expires > now;
  // What was complete and is no longer stored was lost: it has to come again.
  const bool goes_on = alive && !(before->state == UploadState::kComplete && !stored);
  if (goes_on && !(stored && before->state == UploadState::kOpen)) return *before;
  if (!stored && !(alive && before->state == UploadState::kOpen)) {
    GW_ASSIGN_OR_RETURN(const UnderWay under_way, CountUnderWay(tx, wanted.account, now));
    GW_RETURN_IF_ERROR(CheckRoom(under_way, wanted.size));
  }
  UploadRow upload = before.value_or(wanted);
  if (before) BeginAgain(upload, now);
  upload.subject = wanted.subject;
  upload.expires = now + kUploadLife;
  upload.due = now + kCallsEnd;
  if (stored) {
    upload.state = UploadState::kComplete;
    upload.held = upload.size;
  }
  GW_RETURN_IF_ERROR(before ? SaveUpload(tx, upload) : InsertUpload(tx, upload));
  return upload;
}

}  // namespace

absl::StatusOr<v1::Upload> CreateUpload(MediaArea& area, const rpc::Call& call,
                                        const v1::CreateUploadRequest& request) {
  GW_ASSIGN_OR_RETURN(const std::string sha256, ParseSha256(request.sha256(), "sha256"));
  GW_RETURN_IF_ERROR(CheckSize(request.size()));
  GW_RETURN_IF_ERROR(CheckSubject(request.subject()));
  const std::shared_ptr<const domain::Ground> ground = area.directory.ground();
  GW_ASSIGN_OR_RETURN(const Place place, PlaceOf(*ground, call, request.division()));
  const absl::Time now = area.clock.Now();
  const UploadRow wanted{.id = Uuid::Make(now),
                         .account = call.principal.account,
                         .sha256 = sha256,
                         .size = request.size(),
                         .division = place.division,
                         .subject = request.subject()};
  GW_ASSIGN_OR_RETURN(const bool stored, IsStored(area, call, wanted));
  UploadRow upload;
  const auto begin = [&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(upload, Begin(tx, wanted, stored, now));
    return absl::OkStatus();
  };
  absl::Status status = area.database.Run({.deadline = call.deadline}, begin);
  // Somebody began the same between our look and our insert: now it is there.
  if (absl::IsAborted(status)) status = area.database.Run({.deadline = call.deadline}, begin);
  if (!status.ok()) return status;
  GW_ASSIGN_OR_RETURN(upload, Usable(upload, call, ResourceName("uploads", upload.id), now));
  return UploadMessage(upload);
}

}  // namespace gridwarden::media
