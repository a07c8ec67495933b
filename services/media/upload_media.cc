#include "base/status.h"
#include "media/keep_media.h"
#include "media/media_service.h"
#include "platform/crypto/digest.h"

namespace gridwarden::media {

absl::StatusOr<v1::Media> UploadMedia(MediaArea& area, const rpc::Call& call,
                                      const v1::UploadMediaRequest& request) {
  GW_ASSIGN_OR_RETURN(const std::string expected, ParseSha256(request.sha256(), "sha256"));
  GW_RETURN_IF_ERROR(CheckSubject(request.subject()));
  const std::shared_ptr<const domain::Ground> ground = area.directory.ground();
  GW_ASSIGN_OR_RETURN(const Place place, PlaceOf(*ground, call, request.division()));
  if (crypto::Sha256(request.content()) != expected) {
    return MakeError(
        absl::StatusCode::kInvalidArgument, "the content does not have the expected SHA-256",
        {.reason = "MEDIA_DIGEST_MISMATCH", .fields = {{"content", "another SHA-256 than expected"}}});
  }
  return KeepMedia(area, call, expected, request.content(), request.subject(), place);
}

}  // namespace gridwarden::media
