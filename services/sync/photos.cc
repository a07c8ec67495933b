#include "sync/photos.h"

#include <algorithm>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/escaping.h"
#include "gridwarden/media/v1/media_service.pb.h"
#include "platform/rpc/channel.h"
#include "platform/runtime/log.h"
#include "sync/operation_body.h"
#include "sync/operation_repository.h"
#include "sync/time_token.h"

namespace gridwarden::sync {
namespace {

constexpr int kAskedMax = 1000;  // as media answers
constexpr int kToldMax = 200;

// Of these, the ones that media does not hold; hex digits.
absl::StatusOr<absl::flat_hash_set<std::string>> Missing(const Sync& sync, const rpc::Call& call,
                                                         const std::vector<std::string>& digests) {
  media::v1::ListMissingMediaRequest request;
  for (const std::string& digest : digests) request.add_sha256s(absl::BytesToHexString(digest));
  GW_ASSIGN_OR_RETURN(const auto response, rpc::Send<media::v1::ListMissingMediaResponse>(
                                               sync.channel("media"), call,
                                               "gridwarden.media.v1.MediaService/ListMissingMedia", request));
  return absl::flat_hash_set<std::string>(response.sha256s().begin(), response.sha256s().end());
}

}  // namespace

absl::StatusOr<absl::Time> ReconcilePhotos(const Sync& sync, const rpc::Call& call, const Uuid& device,
                                           const std::string& time_token, v1::PushResponse& response) {
  std::vector<std::string> unverified;
  GW_RETURN_IF_ERROR(sync.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(unverified, ReadUnverified(tx, device, kAskedMax));
    return absl::OkStatus();
  }));
  if (!unverified.empty()) {
    const auto missing = Missing(sync, call, unverified);
    // A phone that media does not answer loses nothing: it asks at its next push.
    if (!missing.ok() && !absl::IsPermissionDenied(missing.status()))
      Log(LogLevel::kWarning, "photos_not_reconciled", {{"error", missing.status().ToString()}});
    std::vector<std::string> verified;
    for (const std::string& digest : missing.ok() ? unverified : std::vector<std::string>()) {
      const std::string hex = absl::BytesToHexString(digest);
      if (!missing->contains(hex)) {
        // No more at one instant than are told at once: see below.
        if (verified.size() < kToldMax) verified.push_back(digest);
      } else if (response.missing_photos_size() < kToldMax) {
        response.add_missing_photos(hex);
      }
    }
    if (!verified.empty()) {
      GW_RETURN_IF_ERROR(sync.database.Run({.deadline = call.deadline}, [&](db::Transaction& tx) {
        return SaveVerified(tx, device, verified, call.now);
      }));
    }
  }
  GW_ASSIGN_OR_RETURN(const std::optional<absl::Time> since, OpenTimeToken(sync, time_token, device));
  std::vector<VerifiedPhoto> told;
  GW_RETURN_IF_ERROR(sync.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(told, ReadVerified(tx, device, since.value_or(absl::InfinitePast()), kToldMax + 1));
    return absl::OkStatus();
  }));
  // Only those of whole instants, so that a token of the last one leaves none out.
  absl::Time until = call.now;
  if (told.size() > static_cast<size_t>(kToldMax)) {
    const absl::Time next = told.back().verified;
    std::erase_if(told, [&](const VerifiedPhoto& photo) { return photo.verified == next; });
    until = told.back().verified;
  }
  for (const VerifiedPhoto& photo : told) {
    v1::PhotoReceipt& receipt = *response.add_photo_receipts();
    receipt.set_sha256(absl::BytesToHexString(photo.digest));
    GW_ASSIGN_OR_RETURN(*receipt.mutable_receipt(), SignPhotoReceipt(sync, photo.digest, photo.verified));
  }
  return until;
}

}  // namespace gridwarden::sync
