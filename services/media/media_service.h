#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "access/area.h"
#include "gridwarden/media/v1/media_event.pb.h"
#include "gridwarden/media/v1/media_service.pb.h"
#include "media/media_repository.h"
#include "media/object_store.h"
#include "media/thumbnail_maker.h"
#include "platform/rpc/registry.h"

// The media area: photos and documents by content.
namespace gridwarden::media {

struct MediaArea {
  db::Database& database;
  access::Directory& directory;
  const Clock& clock;  // for the life of uploads under way, which no demo clock shortens
  std::shared_ptr<ObjectStore> store;
  std::shared_ptr<ThumbnailMaker> thumbnails;
};

absl::StatusOr<v1::Media> UploadMedia(MediaArea& area, const rpc::Call& call,
                                      const v1::UploadMediaRequest& request);
// Uploads in pieces.
absl::StatusOr<v1::Upload> CreateUpload(MediaArea& area, const rpc::Call& call,
                                        const v1::CreateUploadRequest& request);
absl::StatusOr<v1::Upload> GetUpload(MediaArea& area, const rpc::Call& call,
                                     const v1::GetUploadRequest& request);
absl::StatusOr<v1::Upload> AppendUpload(MediaArea& area, const rpc::Call& call,
                                        const v1::AppendUploadRequest& request);
// Reads (read_media.cc).
absl::StatusOr<v1::Media> GetMedia(MediaArea& area, const rpc::Call& call,
                                   const v1::GetMediaRequest& request);
absl::StatusOr<v1::MediaContent> GetMediaContent(MediaArea& area, const rpc::Call& call,
                                                 const v1::GetMediaContentRequest& request);
absl::StatusOr<v1::MediaContent> GetMediaThumbnail(MediaArea& area, const rpc::Call& call,
                                                   const v1::GetMediaThumbnailRequest& request);
absl::StatusOr<v1::MediaContent> GetMediaOriginal(MediaArea& area, const rpc::Call& call,
                                                  const v1::GetMediaOriginalRequest& request);
absl::StatusOr<v1::ListMissingMediaResponse> ListMissingMedia(MediaArea& area, const rpc::Call& call,
                                                              const v1::ListMissingMediaRequest& request);

v1::Media MediaMessage(const MediaRow& media);
// The 32 bytes of 64 hex digits in either case; INVALID_ARGUMENT naming `field`.
absl::StatusOr<std::string> ParseSha256(std::string_view hex, std::string_view field);

std::vector<std::unique_ptr<Worker>> Install(const AreaContext& context, rpc::Registry& registry);

}  // namespace gridwarden::media
