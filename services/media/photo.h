#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

// What photos and documents say about themselves, read from their headers only: no picture is ever decoded,
// so none can eat the server's memory. Pure functions on bytes that anyone may have sent.
namespace gridwarden::media {

// Stored; never renumber.
enum class ContentType { kJpeg = 1, kPng = 2, kWebp = 3, kPdf = 4 };
std::string_view NameOf(ContentType type);  // "image/jpeg"

inline constexpr int64_t kBytesMax = 12 << 20;
// More than any phone's camera takes; a bomb that unpacks to gigabytes claims more.
inline constexpr int64_t kPixelsMax = 120'000'000;

struct PhotoInfo {
  ContentType type = ContentType::kJpeg;
  int32_t width = 0;  // 0 for a document
  int32_t height = 0;
};

// INVALID_ARGUMENT / MEDIA_TYPE_REFUSED unless the bytes are one whole JPEG, PNG, WebP or PDF by structure;
// INVALID_ARGUMENT / MEDIA_TOO_LARGE above kBytesMax or kPixelsMax.
absl::StatusOr<PhotoInfo> Inspect(std::string_view content);

// The same picture without EXIF, XMP, IPTC, comments, thumbnails and whatever stands behind its end; colour
// profile and the way up stay. A PDF is given back as it is. Same errors as Inspect.
absl::StatusOr<std::string> StripMetadata(std::string_view content);

// How the picture has to be turned: its EXIF orientation, 1 to 8; 1 when it says none.
int WayUp(std::string_view content);

// The EXIF orientation (1 to 8) in a TIFF block; none when there is none or it cannot be read.
std::optional<int> OrientationOf(std::string_view tiff);
// A TIFF block that holds nothing but an orientation.
std::string OrientationBlock(int orientation);

}  // namespace gridwarden::media
