#include "sim/photo.h"

#include <zlib.h>

#include <array>

namespace gridwarden::sim {
namespace {

constexpr int kSide = 24;

void PutWord(std::string& out, uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift & 0xff);
}

void PutChunk(std::string& out, const std::string& type, const std::string& data) {
  PutWord(out, static_cast<uint32_t>(data.size()));
  const std::string body = type + data;
  out += body;
  PutWord(out, static_cast<uint32_t>(
                   crc32(0, reinterpret_cast<const Bytef*>(body.data()), static_cast<uInt>(body.size()))));
}

}  // namespace

// A mirrored pattern of squares in one colour over a sky: the bits of `number` say which squares.
std::string MakePhoto(uint64_t number) {
  std::string pixels;
  const uint64_t mixed = (number + 1) * 0x9e3779b97f4a7c15ULL;
  const std::array<char, 3> ink = {static_cast<char>(mixed & 0x7f), static_cast<char>(mixed >> 8 & 0x7f),
                                   static_cast<char>(mixed >> 16 & 0x7f)};
  for (int y = 0; y < kSide; ++y) {
    pixels += '\0';  // filter: none
    for (int x = 0; x < kSide; ++x) {
      const int column = x < kSide / 2 ? x / 3 : (kSide - 1 - x) / 3;
      const bool on =
          (number >> ((column + 4 * (y / 3)) % 32) & 1) != 0 || (mixed >> (y + 24) & 1 && column == 0);
      pixels += on ? ink[0] : static_cast<char>(0xc0);
      pixels += on ? ink[1] : static_cast<char>(0xd8);
      pixels += on ? ink[2] : static_cast<char>(0xf0);
    }
  }
  uLongf size = compressBound(static_cast<uLong>(pixels.size()));
  std::string packed(size, '\0');
  compress(reinterpret_cast<Bytef*>(packed.data()), &size, reinterpret_cast<const Bytef*>(pixels.data()),
           static_cast<uLong>(pixels.size()));
  packed.resize(size);

  std::string header;
  PutWord(header, kSide);
  PutWord(header, kSide);
  header += std::string("\x08\x02\x00\x00\x00", 5);  // 8 bits, RGB
  std::string png("\x89PNG\r\n\x1a\n", 8);
  PutChunk(png, "IHDR", header);
  PutChunk(png, "tEXt", "Comment" + std::string(1, '\0') + "simulated photo " + std::to_string(number));
  PutChunk(png, "IDAT", packed);
  PutChunk(png, "IEND", "");
  return png;
}

}  // namespace gridwarden::sim
