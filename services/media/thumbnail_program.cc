#include "media/thumbnail_program.h"

#include <optional>
#include <string>

#include "media/photo.h"
#include "media/raster.h"
#include "platform/runtime/confined.h"

namespace gridwarden::media {
namespace {

constexpr int kQuality = 78;
constexpr int kFailed = 1;

std::optional<std::string> ThumbnailOf(const std::string& content) {
  const absl::StatusOr<PhotoInfo> info = Inspect(content);
  if (!info.ok()) return std::nullopt;
  const std::optional<Raster> decoded = Decode(content, info->type, kThumbnailLongSide);
  if (!decoded) return std::nullopt;
  std::string jpeg = EncodeJpeg(Turn(Shrink(*decoded, kThumbnailLongSide), WayUp(content)), kQuality);
  if (jpeg.empty()) return std::nullopt;
  return jpeg;
}

}  // namespace

int RunThumbnailProgram() {
  const absl::StatusOr<std::string> content = ReadStandardInput(kBytesMax);
  if (!content.ok() || !ConfineThisProcess({}).ok()) return kFailed;
  const std::optional<std::string> jpeg = ThumbnailOf(*content);
  if (!jpeg) return kNoThumbnail;
  return WriteStandardOutput(*jpeg) ? 0 : kFailed;
}

}  // namespace gridwarden::media
