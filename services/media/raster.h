#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "media/photo.h"

// Pictures as pixels. Decoding what strangers send is the one thing here that may go wrong in ways nobody
// foresees, so it is called in a confined process only (thumbnail_program.h).
namespace gridwarden::media {

struct Raster {
  int width = 0;
  int height = 0;
  std::vector<uint8_t> rgb;  // rows from the top, three bytes a pixel
};

// Decodes a photo, at once about as small as wanted where its format allows: both sides at least as long as
// they would be with a long side of `long_side`. Nothing when it cannot be decoded or is too large for that.
std::optional<Raster> Decode(std::string_view content, ContentType type, int long_side);

// Smaller, by the mean of what falls into each pixel; never larger.
Raster Shrink(const Raster& from, int long_side);

// Turned and mirrored as EXIF orientation 1 to 8 says it has to be shown.
Raster Turn(const Raster& from, int orientation);

// A baseline JPEG without metadata; "" when there is no memory for it.
std::string EncodeJpeg(const Raster& raster, int quality);

}  // namespace gridwarden::media
