#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "media/photo.h"

// One walk per format: checks the structure from the first byte to the end and collects the copy without
// metadata on the way, so that what was accepted can always be stripped.
namespace gridwarden::media {

struct Walked {
  PhotoInfo info;
  std::optional<int> orientation;
  std::string stripped;
};

// None when the bytes are not a whole file of that format.
std::optional<Walked> WalkJpeg(std::string_view content);
std::optional<Walked> WalkPng(std::string_view content);
std::optional<Walked> WalkWebp(std::string_view content);

inline uint32_t Byte(std::string_view bytes, size_t at) { return static_cast<unsigned char>(bytes[at]); }
inline uint32_t Big16(std::string_view bytes, size_t at) {
  return Byte(bytes, at) << 8 | Byte(bytes, at + 1);
}
inline uint32_t Big32(std::string_view bytes, size_t at) {
  return Big16(bytes, at) << 16 | Big16(bytes, at + 2);
}
inline uint32_t Little16(std::string_view bytes, size_t at) {
  return Byte(bytes, at) | Byte(bytes, at + 1) << 8;
}
inline uint32_t Little24(std::string_view bytes, size_t at) {
  return Little16(bytes, at) | Byte(bytes, at + 2) << 16;
}
inline uint32_t Little32(std::string_view bytes, size_t at) {
  return Little24(bytes, at) | Byte(bytes, at + 3) << 24;
}

}  // namespace gridwarden::media
