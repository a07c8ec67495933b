#include "media/photo.h"

#include <algorithm>
#include <cstdlib>

#include "absl/strings/str_format.h"
#include "base/status.h"
#include "media/photo_formats.h"

namespace gridwarden::media {
namespace {

absl::Status TypeRefused(std::string_view why) {
  return MakeError(absl::StatusCode::kInvalidArgument, why,
                   {.reason = "MEDIA_TYPE_REFUSED", .fields = {{"content", std::string(why)}}});
}

absl::Status TooLarge(std::string_view got, std::string_view limit) {
  return MakeError(absl::StatusCode::kInvalidArgument, absl::StrFormat("got %s, want at most %s", got, limit),
                   {.reason = "MEDIA_TOO_LARGE",
                    .metadata = {{"limit", std::string(limit)}},
                    .fields = {{"content", absl::StrFormat("got %s, want at most %s", got, limit)}}});
}

bool StartsWith(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

// A PDF's end is near its last byte; some writers add a little behind it.
bool IsWholePdf(std::string_view content) {
  constexpr size_t kTail = 1024;
  if (!StartsWith(content, "%PDF-1.") && !StartsWith(content, "%PDF-2.")) return false;
  return content.substr(content.size() - std::min(kTail, content.size())).find("%%EOF") !=
         std::string_view::npos;
}

std::optional<Walked> Walk(std::string_view content) {
  if (StartsWith(content, "\xff\xd8\xff")) return WalkJpeg(content);
  if (StartsWith(content, "\x89PNG\r\n\x1a\n")) return WalkPng(content);
  if (StartsWith(content, "RIFF") && content.substr(8, 4) == "WEBP") return WalkWebp(content);
  if (IsWholePdf(content))
    return Walked{.info = {.type = ContentType::kPdf}, .stripped = std::string(content)};
  return std::nullopt;
}

absl::StatusOr<Walked> Checked(std::string_view content) {
  if (static_cast<int64_t>(content.size()) > kBytesMax)
    return TooLarge(absl::StrFormat("%d bytes", content.size()), "12 MiB");
  if (content.size() < 12) return TypeRefused("want a whole JPEG, PNG, WebP or PDF");
  std::optional<Walked> walked = Walk(content);
  if (!walked) return TypeRefused("want a whole JPEG, PNG, WebP or PDF");
  if (walked->info.type != ContentType::kPdf) {
    const int64_t pixels = int64_t{walked->info.width} * walked->info.height;
    if (pixels <= 0) return TypeRefused("a picture without pixels");
    if (pixels > kPixelsMax) return TooLarge(absl::StrFormat("%d pixels", pixels), "1.2 亿像素");
  }
  return *std::move(walked);
}

}  // namespace

std::string_view NameOf(ContentType type) {
  switch (type) {
    case ContentType::kJpeg:
      return "image/jpeg";
    case ContentType::kPng:
      return "image/png";
    case ContentType::kWebp:
      return "image/webp";
    case ContentType::kPdf:
      return "application/pdf";
  }
  std::abort();
}

absl::StatusOr<PhotoInfo> Inspect(std::string_view content) {
  GW_ASSIGN_OR_RETURN(const Walked walked, Checked(content));
  return walked.info;
}

absl::StatusOr<std::string> StripMetadata(std::string_view content) {
  GW_ASSIGN_OR_RETURN(Walked walked, Checked(content));
  return std::move(walked.stripped);
}

int WayUp(std::string_view content) {
  const absl::StatusOr<Walked> walked = Checked(content);
  return walked.ok() ? walked->orientation.value_or(1) : 1;
}

std::optional<int> OrientationOf(std::string_view tiff) {
  constexpr uint32_t kOrientationTag = 0x0112, kShort = 3;
  if (tiff.size() < 8) return std::nullopt;
  const bool little = tiff.substr(0, 4) == std::string_view("II*\0", 4);
  if (!little && tiff.substr(0, 4) != std::string_view("MM\0*", 4)) return std::nullopt;
  const auto read16 = [&](size_t at) { return little ? Little16(tiff, at) : Big16(tiff, at); };
  const size_t directory = little ? Little32(tiff, 4) : Big32(tiff, 4);
  if (directory > tiff.size() || tiff.size() - directory < 2) return std::nullopt;
  const size_t count = read16(directory);
  for (size_t i = 0; i < count; ++i) {
    const size_t entry = directory + 2 + 12 * i;
    if (entry + 12 > tiff.size()) return std::nullopt;
    if (read16(entry) != kOrientationTag || read16(entry + 2) != kShort) continue;
    const int orientation = static_cast<int>(read16(entry + 8));
    if (orientation < 1 || orientation > 8) return std::nullopt;
    return orientation;
  }
  return std::nullopt;
}

std::string OrientationBlock(int orientation) {
  std::string block("MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0", 19);
  block += static_cast<char>(orientation);
  block += std::string(6, '\0');  // the rest of the value, and no further directory
  return block;
}

}  // namespace gridwarden::media
