#include <algorithm>

#include "media/photo_formats.h"

namespace gridwarden::media {
namespace {

constexpr char kXmpFlag = 0x04, kExifFlag = 0x08;

bool IsKept(std::string_view type) {
  return type == "VP8 " || type == "VP8L" || type == "VP8X" || type == "ALPH" || type == "ANIM" ||
         type == "ANMF" || type == "ICCP";
}

// Reads width and height from the chunk that holds them; false when the chunk is damaged.
bool ReadSize(std::string_view type, std::string_view data, PhotoInfo& info) {
  if (type == "VP8X") {
    if (data.size() < 10) return false;
    info.width = static_cast<int32_t>(Little24(data, 4) + 1);
    info.height = static_cast<int32_t>(Little24(data, 7) + 1);
  } else if (type == "VP8 ") {
    if (data.size() < 10 || data.substr(3, 3) != "\x9d\x01\x2a") return false;
    info.width = std::max(info.width, static_cast<int32_t>(Little16(data, 6) & 0x3fff));
    info.height = std::max(info.height, static_cast<int32_t>(Little16(data, 8) & 0x3fff));
  } else if (type == "VP8L") {
    if (data.size() < 5 || data[0] != 0x2f) return false;
    const uint32_t bits = Little32(data, 1);
    info.width = std::max(info.width, static_cast<int32_t>((bits & 0x3fff) + 1));
    info.height = std::max(info.height, static_cast<int32_t>((bits >> 14 & 0x3fff) + 1));
  }
  return true;
}

void PutLittle32(std::string& bytes, size_t at, size_t value) {
  for (int i = 0; i < 4; ++i) bytes[at + i] = static_cast<char>(value >> (8 * i) & 0xff);
}

}  // namespace

std::optional<Walked> WalkWebp(std::string_view content) {
  constexpr size_t kHeader = 12, kFrame = 8;
  const size_t riff = Little32(content, 4);
  if (riff < 4 || riff > content.size() - 8) return std::nullopt;
  const std::string_view file = content.substr(0, 8 + riff);
  Walked walked{.info = {.type = ContentType::kWebp}, .stripped = std::string(file.substr(0, kHeader))};
  std::optional<int>& orientation = walked.orientation;
  size_t flags_at = 0;
  bool picture = false;
  for (size_t at = kHeader; at < file.size();) {
    if (file.size() - at < kFrame) return std::nullopt;
    const std::string_view type = file.substr(at, 4);
    const size_t size = Little32(file, at + 4);
    const size_t padded = size + (size & 1);
    if (padded > file.size() - at - kFrame) return std::nullopt;
    const std::string_view data = file.substr(at + kFrame, size);
    if (!ReadSize(type, data, walked.info)) return std::nullopt;
    if (type == "VP8X") flags_at = walked.stripped.size() + kFrame;
    if (type == "VP8 " || type == "VP8L" || type == "ANMF") picture = true;
    if (type == "EXIF" && !orientation) {
      // Some writers put JPEG's header in front.
      const bool jpeg_style = data.substr(0, 6) == std::string_view("Exif\0\0", 6);
      orientation = OrientationOf(data.substr(jpeg_style ? 6 : 0));
    }
    if (IsKept(type)) walked.stripped += file.substr(at, kFrame + padded);
    at += kFrame + padded;
  }
  if (!picture || walked.info.width == 0) return std::nullopt;
  if (flags_at != 0) {
    walked.stripped[flags_at] &= static_cast<char>(~(kXmpFlag | kExifFlag));
    if (orientation && *orientation != 1) {
      walked.stripped[flags_at] |= kExifFlag;
      const std::string block = OrientationBlock(*orientation);
      std::string chunk = "EXIF" + std::string(4, '\0') + block;
      PutLittle32(chunk, 4, block.size());
      walked.stripped += chunk;
    }
  }
  PutLittle32(walked.stripped, 4, walked.stripped.size() - 8);
  return walked;
}

}  // namespace gridwarden::media
