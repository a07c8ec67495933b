#include "media/media_service.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "media/file_store.h"
#include "media/numbers.h"
#include "media/upload_sweeper.h"
#include "platform/runtime/log.h"

namespace gridwarden::media {
namespace {

// Long enough that no upload of another process is still under way.
constexpr absl::Duration kOrphanAge = absl::Minutes(10);

// The store the process was given, or the folder of this machine.
std::shared_ptr<ObjectStore> StoreOf(const AreaContext& context) {
  if (context.photos != nullptr) return context.photos;
  auto files = std::make_shared<FileStore>(context.data_dir);
  if (const int removed = files->RemoveOrphans(kOrphanAge); removed > 0) {
    Log(LogLevel::kInfo, "media_orphans_removed", {{"count", std::to_string(removed)}});
  }
  return files;
}

}  // namespace

v1::Media MediaMessage(const MediaRow& media) {
  v1::Media message;
  message.set_name(absl::StrCat("media/", absl::BytesToHexString(media.sha256)));
  message.set_size(media.size);
  message.set_content_type(std::string(NameOf(media.info.type)));
  message.set_width(media.info.width);
  message.set_height(media.info.height);
  const int64_t us = absl::ToUnixMicros(media.created);
  message.mutable_create_time()->set_seconds(us / 1'000'000);
  message.mutable_create_time()->set_nanos(static_cast<int32_t>(us % 1'000'000 * 1000));
  return message;
}

absl::StatusOr<std::string> ParseSha256(std::string_view hex, std::string_view field) {
  const bool digits =
      std::all_of(hex.begin(), hex.end(), [](unsigned char c) { return absl::ascii_isxdigit(c); });
  if (hex.size() != 64 || !digits) return InvalidField(field, "want the 64 hex digits of a SHA-256");
  return absl::HexStringToBytes(absl::string_view(hex.data(), hex.size()));
}

std::vector<std::unique_ptr<Worker>> Install(const AreaContext& context, rpc::Registry& registry) {
  const auto area =
      std::make_shared<MediaArea>(MediaArea{.database = context.database,
                                            .directory = context.directory,
                                            .clock = context.clock,
                                            .store = StoreOf(context),
                                            .thumbnails = std::make_shared<ThumbnailMaker>(OwnProgram())});
  const std::string service = "gridwarden.media.v1.MediaService/";
  registry.Add<v1::UploadMediaRequest, v1::Media>(
      service + "UploadMedia", [area](const rpc::Call& call, const v1::UploadMediaRequest& request) {
        return UploadMedia(*area, call, request);
      });
  registry.Add<v1::GetMediaRequest, v1::Media>(
      service + "GetMedia", [area](const rpc::Call& call, const v1::GetMediaRequest& request) {
        return GetMedia(*area, call, request);
      });
  registry.Add<v1::GetMediaContentRequest, v1::MediaContent>(
      service + "GetMediaContent", [area](const rpc::Call& call, const v1::GetMediaContentRequest& request) {
        return GetMediaContent(*area, call, request);
      });
  registry.Add<v1::GetMediaThumbnailRequest, v1::MediaContent>(
      service + "GetMediaThumbnail",
      [area](const rpc::Call& call, const v1::GetMediaThumbnailRequest& request) {
        return GetMediaThumbnail(*area, call, request);
      });
  registry.Add<v1::GetMediaOriginalRequest, v1::MediaContent>(
      service + "GetMediaOriginal",
      [area](const rpc::Call& call, const v1::GetMediaOriginalRequest& request) {
        return GetMediaOriginal(*area, call, request);
      });
  registry.Add<v1::ListMissingMediaRequest, v1::ListMissingMediaResponse>(
      service + "ListMissingMedia",
      [area](const rpc::Call& call, const v1::ListMissingMediaRequest& request) {
        return ListMissingMedia(*area, call, request);
      });
  const std::string uploads = "gridwarden.media.v1.UploadService/";
  registry.Add<v1::CreateUploadRequest, v1::Upload>(
      uploads + "CreateUpload", [area](const rpc::Call& call, const v1::CreateUploadRequest& request) {
        return CreateUpload(*area, call, request);
      });
  registry.Add<v1::GetUploadRequest, v1::Upload>(
      uploads + "GetUpload", [area](const rpc::Call& call, const v1::GetUploadRequest& request) {
        return GetUpload(*area, call, request);
      });
  registry.Add<v1::AppendUploadRequest, v1::Upload>(
      uploads + "AppendUpload", [area](const rpc::Call& call, const v1::AppendUploadRequest& request) {
        return AppendUpload(*area, call, request);
      });
  ShowNumbers();
  std::vector<std::unique_ptr<Worker>> workers;
  workers.push_back(std::make_unique<UploadSweeper>(context.database, context.clock, area->store));
  return workers;
}

}  // namespace gridwarden::media
