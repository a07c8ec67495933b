#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "access/permission.h"
#include "base/status.h"
#include "media/media_service.h"
#include "media/photo.h"
#include "platform/crypto/digest.h"
#include "platform/runtime/log.h"

namespace gridwarden::media {
namespace {

constexpr int kDigestsMax = 1000;

enum class Uploader { kMayRead, kMayNot };

absl::StatusOr<std::string> ParseName(const std::string& name) {
  constexpr std::string_view kPrefix = "media/";
  if (name.compare(0, kPrefix.size(), kPrefix) != 0)
    return InvalidField("name", "want media/ and 64 hex digits");
  return ParseSha256(std::string_view(name).substr(kPrefix.size()), "name");
}

// The row, when the caller may see it. What is absent and what is out of scope look the same: NOT_FOUND.
absl::StatusOr<MediaRow> VisibleMedia(MediaArea& area, const rpc::Call& call, const std::string& name,
                                      Uploader uploader) {
  GW_ASSIGN_OR_RETURN(const std::string sha256, ParseName(name));
  std::optional<MediaRow> media;
  std::vector<MediaScope> scopes;
  GW_RETURN_IF_ERROR(area.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(media, FindMedia(tx, sha256));
    GW_ASSIGN_OR_RETURN(scopes, ListScopes(tx, sha256));
    return absl::OkStatus();
  }));
  if (!media) return NotFound(name);
  const std::shared_ptr<const domain::Ground> ground = area.directory.ground();
  for (const MediaScope& scope : scopes) {
    if (uploader == Uploader::kMayRead && !scope.account.IsNil() && scope.account == call.principal.account)
      return *media;
    if (access::AllowToSee(*ground, call, scope.division, scope.ground_path).ok()) return *media;
  }
  return NotFound(name);
}

v1::MediaContent ContentMessage(const MediaRow& media, std::string content) {
  v1::MediaContent message;
  *message.mutable_media() = MediaMessage(media);
  message.set_sha256(absl::BytesToHexString(crypto::Sha256(content)));
  message.set_content(std::move(content));
  return message;
}

absl::Status HasNoThumbnail(const std::string& name) {
  return FailedPrecondition("MEDIA_HAS_NO_THUMBNAIL",
                            absl::StrCat(name, " is a document, or a photo that cannot be decoded"));
}

std::string ThumbnailName(const std::string& hex) {
  return absl::StrCat("thumbnails/", hex.substr(0, 2), "/", hex.substr(2, 2), "/", hex);
}

}  // namespace

absl::StatusOr<v1::Media> GetMedia(MediaArea& area, const rpc::Call& call,
                                   const v1::GetMediaRequest& request) {
  GW_ASSIGN_OR_RETURN(const MediaRow media, VisibleMedia(area, call, request.name(), Uploader::kMayRead));
  return MediaMessage(media);
}

absl::StatusOr<v1::MediaContent> GetMediaContent(MediaArea& area, const rpc::Call& call,
                                                 const v1::GetMediaContentRequest& request) {
  GW_ASSIGN_OR_RETURN(const MediaRow media, VisibleMedia(area, call, request.name(), Uploader::kMayRead));
  GW_ASSIGN_OR_RETURN(const std::string original,
                      area.store->Get(absl::BytesToHexString(media.sha256), call.deadline));
  GW_ASSIGN_OR_RETURN(std::string copy, StripMetadata(original));
  return ContentMessage(media, std::move(copy));
}

absl::StatusOr<v1::MediaContent> GetMediaThumbnail(MediaArea& area, const rpc::Call& call,
                                                   const v1::GetMediaThumbnailRequest& request) {
  GW_ASSIGN_OR_RETURN(const MediaRow media, VisibleMedia(area, call, request.name(), Uploader::kMayRead));
  if (media.info.type == ContentType::kPdf) return HasNoThumbnail(request.name());
  const std::string hex = absl::BytesToHexString(media.sha256);
  const std::string name = ThumbnailName(hex);
  absl::StatusOr<std::string> thumbnail = area.store->GetNamed(name, call.deadline);
  if (!thumbnail.ok() && !absl::IsNotFound(thumbnail.status())) return thumbnail.status();
  if (!thumbnail.ok()) {
    GW_ASSIGN_OR_RETURN(const std::string original, area.store->Get(hex, call.deadline));
    thumbnail = area.thumbnails->Make(original, call.deadline);
    if (!thumbnail.ok()) return thumbnail.status();
    // That a photo has none is kept too: as nothing. Not kept, it is made again, which costs time only.
    const absl::Status kept = area.store->PutNamed(name, *thumbnail, call.deadline);
    if (!kept.ok()) Log(LogLevel::kInfo, "thumbnail_not_kept", {{"detail", std::string(kept.message())}});
  }
  if (thumbnail->empty()) return HasNoThumbnail(request.name());
  return ContentMessage(media, *std::move(thumbnail));
}

absl::StatusOr<v1::MediaContent> GetMediaOriginal(MediaArea& area, const rpc::Call& call,
                                                  const v1::GetMediaOriginalRequest& request) {
  GW_ASSIGN_OR_RETURN(const MediaRow media, VisibleMedia(area, call, request.name(), Uploader::kMayNot));
  GW_ASSIGN_OR_RETURN(std::string original,
                      area.store->Get(absl::BytesToHexString(media.sha256), call.deadline));
  return ContentMessage(media, std::move(original));
}

absl::StatusOr<v1::ListMissingMediaResponse> ListMissingMedia(MediaArea& area, const rpc::Call& call,
                                                              const v1::ListMissingMediaRequest& request) {
  if (request.sha256s_size() > kDigestsMax) return InvalidField("sha256s", "want at most 1000 digests");
  std::vector<std::string> digests;
  for (int i = 0; i < request.sha256s_size(); ++i) {
    GW_ASSIGN_OR_RETURN(std::string digest,
                        ParseSha256(request.sha256s(i), absl::StrCat("sha256s[", i, "]")));
    digests.push_back(std::move(digest));
  }
  absl::flat_hash_map<std::string, int64_t> sizes;
  GW_RETURN_IF_ERROR(area.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
    sizes.clear();
    GW_ASSIGN_OR_RETURN(const std::vector<StoredMedia> stored, FindStored(tx, digests));
    for (const StoredMedia& media : stored) sizes[media.sha256] = media.size;
    return absl::OkStatus();
  }));
  std::vector<ObjectSize> known;
  for (const auto& [digest, size] : sizes) known.push_back({absl::BytesToHexString(digest), size});
  GW_ASSIGN_OR_RETURN(const std::vector<bool> there, area.store->Has(known, call.deadline));
  absl::flat_hash_set<std::string> stored;
  for (size_t i = 0; i < known.size(); ++i) {
    if (there[i]) stored.insert(known[i].sha256_hex);
  }
  v1::ListMissingMediaResponse response;
  for (const std::string& digest : digests) {
    const std::string hex = absl::BytesToHexString(digest);
    // A row whose content the store lost counts as missing too: the phone may still have it.
    if (!stored.contains(hex)) response.add_sha256s(hex);
  }
  return response;
}

}  // namespace gridwarden::media
