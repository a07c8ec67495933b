#pragma once

#include <zlib.h>

#include <string>
#include <string_view>

// Small photos made by hand, whole by structure, with the metadata a phone would write.
namespace gridwarden::testing {

inline std::string Big(uint32_t value, int bytes) {
  std::string out;
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) out += static_cast<char>(value >> shift & 0xff);
  return out;
}

// A TIFF block with an orientation and a GPS directory whose bytes hold the words GPS-SECRET.
inline std::string ExifWithPosition(int orientation) {
  std::string tiff("MM\0*", 4);
  tiff += Big(8, 4) + Big(2, 2);
  tiff += Big(0x0112, 2) + Big(3, 2) + Big(1, 4) + Big(orientation, 2) + Big(0, 2);
  tiff += Big(0x8825, 2) + Big(4, 2) + Big(1, 4) + Big(38, 4);  // the GPS directory
  tiff += Big(0, 4);
  tiff += Big(1, 2) + Big(29, 2) + Big(2, 2) + Big(10, 4) + Big(56, 4) + Big(0, 4) + "GPS-SECRET";
  return tiff;
}

inline std::string Segment(int marker, std::string_view data) {
  return std::string("\xff") + static_cast<char>(marker) + Big(static_cast<uint32_t>(data.size() + 2), 2) +
         std::string(data);
}

inline std::string Jpeg(int width, int height, int orientation = 6, std::string_view salt = "") {
  using std::string_literals::operator""s;
  std::string jpeg = "\xff\xd8";
  jpeg += Segment(0xe0, "JFIF\0\x01\x01\0\0\x01\0\x01\0\0"s);
  jpeg += Segment(0xe1, "Exif\0\0"s + ExifWithPosition(orientation));
  jpeg += Segment(0xe1, "http://ns.adobe.com/xap/1.0/\0<x>XMP-SECRET</x>"s);
  jpeg += Segment(0xe2, "ICC_PROFILE\0\x01\x01profile"s);
  jpeg += Segment(0xe2, "MPF\0MPF-SECRET"s);
  jpeg += Segment(0xed, "Photoshop 3.0\0IPTC-SECRET"s);
  jpeg += Segment(0xfe, "COMMENT-SECRET");
  jpeg += Segment(0xdb, std::string(65, '\x01'));
  jpeg += Segment(0xc0, "\x08" + Big(height, 2) + Big(width, 2) + "\x01\x01\x11\0"s);
  jpeg += Segment(0xc4, std::string(20, '\0'));
  jpeg += Segment(0xda, "\x01\x01\0\0\x3f\0"s);
  jpeg += "scan\xff\0data\xff\xd0more"s + std::string(salt) + "\xff\xd9";
  return jpeg + "TRAILER-SECRET";
}

inline std::string PngChunk(std::string_view type, std::string_view data) {
  const std::string body = std::string(type) + std::string(data);
  return Big(static_cast<uint32_t>(data.size()), 4) + body +
         Big(static_cast<uint32_t>(crc32(0, reinterpret_cast<const Bytef*>(body.data()), body.size())), 4);
}

inline std::string Png(uint32_t width, uint32_t height) {
  using std::string_literals::operator""s;
  return "\x89PNG\r\n\x1a\n"s + PngChunk("IHDR", Big(width, 4) + Big(height, 4) + "\x08\x02\0\0\0"s) +
         PngChunk("eXIf", ExifWithPosition(3)) + PngChunk("tEXt", "Comment\0TEXT-SECRET"s) +
         PngChunk("IDAT", "zlib") + PngChunk("IEND", "") + "TRAILER-SECRET";
}

inline std::string WebpChunk(std::string_view type, std::string_view data) {
  std::string chunk(type);
  for (int i = 0; i < 4; ++i) chunk += static_cast<char>(data.size() >> (8 * i) & 0xff);
  chunk += data;
  if (data.size() % 2 == 1) chunk += '\0';
  return chunk;
}

inline std::string Webp(uint32_t width, uint32_t height) {
  using std::string_literals::operator""s;
  const auto little24 = [](uint32_t v) {
    return std::string{static_cast<char>(v & 0xff), static_cast<char>(v >> 8 & 0xff),
                       static_cast<char>(v >> 16 & 0xff)};
  };
  const std::string body = WebpChunk("VP8X", "\x0c\0\0\0"s + little24(width - 1) + little24(height - 1)) +
                           WebpChunk("VP8L", "\x2f\0\0\0\0data"s) + WebpChunk("EXIF", ExifWithPosition(8)) +
                           WebpChunk("XMP ", "XMP-SECRET!");
  std::string file = WebpChunk("RIFF", "WEBP" + body);
  return file;
}

}  // namespace gridwarden::testing
