#include "media/photo_formats.h"

namespace gridwarden::media {
namespace {

constexpr uint32_t kStartOfScan = 0xda, kEndOfImage = 0xd9, kStartOfImage = 0xd8;
constexpr std::string_view kExif("Exif\0\0", 6);

bool IsFrame(uint32_t marker) {
  return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
}

// Segments that the picture itself needs: tables and frames, JFIF, the colour profile and Adobe's colour
// transform. Everything else (EXIF, XMP, IPTC, MPF, makers' own, comments) goes.
bool IsKept(uint32_t marker, std::string_view data) {
  if (marker == 0xe0) return data.substr(0, 5) == std::string_view("JFIF\0", 5);
  if (marker == 0xe2) return data.substr(0, 12) == std::string_view("ICC_PROFILE\0", 12);
  if (marker == 0xee) return data.substr(0, 5) == "Adobe";
  if (marker >= 0xe0 && marker <= 0xef) return false;
  return marker != 0xfe;
}

// Where the entropy-coded data that starts at `at` ends: at a marker that is neither a stuffed byte nor a
// restart.
size_t EndOfScan(std::string_view content, size_t at) {
  for (; at + 1 < content.size(); ++at) {
    if (Byte(content, at) != 0xff) continue;
    const uint32_t next = Byte(content, at + 1);
    if (next != 0 && next != 0xff && !(next >= 0xd0 && next <= 0xd7)) return at;
  }
  return content.size();
}

std::string OrientationSegment(int orientation) {
  const std::string data = std::string(kExif) + OrientationBlock(orientation);
  const size_t size = data.size() + 2;
  std::string segment = "\xff\xe1";
  segment += static_cast<char>(size >> 8);
  segment += static_cast<char>(size & 0xff);
  return segment + data;
}

}  // namespace

std::optional<Walked> WalkJpeg(std::string_view content) {
  Walked walked{.info = {.type = ContentType::kJpeg}};
  std::optional<int>& orientation = walked.orientation;
  std::string body;
  bool scanned = false;
  size_t at = 2;
  while (true) {
    while (at + 1 < content.size() && Byte(content, at) == 0xff && Byte(content, at + 1) == 0xff)
      ++at;  // fill bytes
    if (at + 2 > content.size() || Byte(content, at) != 0xff) return std::nullopt;
    const uint32_t marker = Byte(content, at + 1);
    if (marker == kEndOfImage) break;
    if (marker == 0 || marker == kStartOfImage || (marker >= 0xd0 && marker <= 0xd7)) return std::nullopt;
    if (at + 4 > content.size()) return std::nullopt;
    const size_t size = Big16(content, at + 2);
    if (size < 2 || content.size() - at - 2 < size) return std::nullopt;
    const std::string_view data = content.substr(at + 4, size - 2);
    if (IsFrame(marker)) {
      if (data.size() < 6 || walked.info.width != 0) return std::nullopt;
      walked.info.height = static_cast<int32_t>(Big16(data, 1));
      walked.info.width = static_cast<int32_t>(Big16(data, 3));
      if (walked.info.height == 0 || walked.info.width == 0) return std::nullopt;
    }
    if (marker == 0xe1 && data.substr(0, kExif.size()) == kExif && !orientation) {
      orientation = OrientationOf(data.substr(kExif.size()));
    }
    size_t end = at + 2 + size;
    if (marker == kStartOfScan) {
      if (walked.info.width == 0) return std::nullopt;
      scanned = true;
      end = EndOfScan(content, end);
    }
    if (IsKept(marker, data)) body += content.substr(at, end - at);
    at = end;
  }
  if (!scanned) return std::nullopt;
  walked.stripped = "\xff\xd8";
  if (orientation && *orientation != 1) walked.stripped += OrientationSegment(*orientation);
  walked.stripped += body;
  walked.stripped += "\xff\xd9";
  return walked;
}

}  // namespace gridwarden::media
