#include <zlib.h>

#include <algorithm>
#include <iterator>

#include "media/photo_formats.h"

namespace gridwarden::media {
namespace {

// Chunks that the picture itself needs; texts, times, EXIF and unknown ones go.
constexpr std::string_view kKept[] = {"IHDR", "PLTE", "IDAT", "IEND", "tRNS", "gAMA", "cHRM", "sRGB",
                                      "iCCP", "sBIT", "bKGD", "pHYs", "acTL", "fcTL", "fdAT"};

uint32_t Crc(std::string_view bytes) {
  return static_cast<uint32_t>(
      crc32(0, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size())));
}

void AppendBig32(std::string& out, uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift & 0xff);
}

std::string Chunk(std::string_view type, std::string_view data) {
  std::string chunk;
  AppendBig32(chunk, static_cast<uint32_t>(data.size()));
  chunk += type;
  chunk += data;
  AppendBig32(chunk, Crc(std::string_view(chunk).substr(4)));
  return chunk;
}

}  // namespace

std::optional<Walked> WalkPng(std::string_view content) {
  constexpr size_t kSignature = 8, kFrame = 12;  // length, type, CRC
  Walked walked{.info = {.type = ContentType::kPng}, .stripped = std::string(content.substr(0, kSignature))};
  std::optional<int>& orientation = walked.orientation;
  size_t header_end = 0;
  bool data_seen = false;
  for (size_t at = kSignature; content.size() - at >= kFrame;) {
    const size_t size = Big32(content, at);
    if (size > content.size() - at - kFrame) return std::nullopt;
    const std::string_view type = content.substr(at + 4, 4);
    const std::string_view data = content.substr(at + 8, size);
    if (Crc(content.substr(at + 4, 4 + size)) != Big32(content, at + 8 + size)) return std::nullopt;
    if ((type == "IHDR") != (at == kSignature)) return std::nullopt;
    if (type == "IHDR") {
      if (size != 13 || Big32(data, 0) > 0x7fffffff || Big32(data, 4) > 0x7fffffff) return std::nullopt;
      walked.info.width = static_cast<int32_t>(Big32(data, 0));
      walked.info.height = static_cast<int32_t>(Big32(data, 4));
    }
    if (type == "eXIf" && !orientation) orientation = OrientationOf(data);
    if (type == "IDAT") data_seen = true;
    if (std::find(std::begin(kKept), std::end(kKept), type) != std::end(kKept)) {
      walked.stripped += content.substr(at, size + kFrame);
    }
    if (type == "IHDR") header_end = walked.stripped.size();
    if (type == "IEND") {
      if (!data_seen) return std::nullopt;
      if (orientation && *orientation != 1)
        walked.stripped.insert(header_end, Chunk("eXIf", OrientationBlock(*orientation)));
      return walked;
    }
    at += size + kFrame;
  }
  return std::nullopt;
}

}  // namespace gridwarden::media
