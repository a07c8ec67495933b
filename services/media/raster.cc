#include "media/raster.h"

#include <png.h>
#include <turbojpeg.h>
#include <webp/decode.h>

#include <algorithm>
#include <memory>

namespace gridwarden::media {
namespace {

// A PNG is decoded whole. Above, it is no photo of a phone.
constexpr int64_t kPngPixelsMax = 30'000'000;

const uint8_t* Bytes(std::string_view content) { return reinterpret_cast<const uint8_t*>(content.data()); }

// The long side to `long_side`, the other in proportion, nothing larger than it is and nothing empty.
void Fit(int width, int height, int long_side, int& fitted_width, int& fitted_height) {
  const int longest = std::max(width, height);
  const auto side = [&](int length) {
    if (longest <= long_side) return length;
    return std::max(1, static_cast<int>((int64_t{length} * long_side + longest / 2) / longest));
  };
  fitted_width = side(width);
  fitted_height = side(height);
}

struct TurboJpeg {
  explicit TurboJpeg(tjhandle handle) : handle(handle) {}
  TurboJpeg(const TurboJpeg&) = delete;
  ~TurboJpeg() {
    if (handle != nullptr) tjDestroy(handle);
  }
  tjhandle handle;
};

std::optional<Raster> DecodeJpeg(std::string_view content, int long_side) {
  const TurboJpeg turbo(tjInitDecompress());
  int width = 0, height = 0, subsampling = 0, colours = 0;
  if (turbo.handle == nullptr || tjDecompressHeader3(turbo.handle, Bytes(content), content.size(), &width,
                                                     &height, &subsampling, &colours) != 0) {
    return std::nullopt;
  }
  int count = 0;
  const tjscalingfactor* factors = tjGetScalingFactors(&count);
  tjscalingfactor best{1, 1};
  for (int i = 0; i < count; ++i) {
    const tjscalingfactor factor = factors[i];
    const bool enough = std::max(TJSCALED(width, factor), TJSCALED(height, factor)) >=
                        std::min(long_side, std::max(width, height));
    if (enough && factor.num * best.denom < best.num * factor.denom) best = factor;
  }
  Raster raster{.width = TJSCALED(width, best), .height = TJSCALED(height, best)};
  raster.rgb.resize(size_t{3} * raster.width * raster.height);
  const int failed = tjDecompress2(turbo.handle, Bytes(content), content.size(), raster.rgb.data(),
                                   raster.width, 0, raster.height, TJPF_RGB, TJFLAG_LIMITSCANS);
  // A damaged byte spoils a part of the picture; the rest is shown.
  if (failed != 0 && tjGetErrorCode(turbo.handle) != TJERR_WARNING) return std::nullopt;
  return raster;
}

std::optional<Raster> DecodePng(std::string_view content) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  if (png_image_begin_read_from_memory(&image, content.data(), content.size()) == 0) return std::nullopt;
  const bool fits = int64_t{image.width} * image.height <= kPngPixelsMax;
  image.format = PNG_FORMAT_RGB;
  Raster raster{.width = static_cast<int>(image.width), .height = static_cast<int>(image.height)};
  if (fits) raster.rgb.resize(PNG_IMAGE_SIZE(image));
  const png_color white{255, 255, 255};
  const bool done = fits && png_image_finish_read(&image, &white, raster.rgb.data(), 0, nullptr) != 0;
  png_image_free(&image);
  if (!done) return std::nullopt;
  return raster;
}

std::optional<Raster> DecodeWebp(std::string_view content, int long_side) {
  WebPDecoderConfig config;
  if (WebPInitDecoderConfig(&config) == 0 ||
      WebPGetFeatures(Bytes(content), content.size(), &config.input) != VP8_STATUS_OK) {
    return std::nullopt;
  }
  Raster raster;
  Fit(config.input.width, config.input.height, long_side, raster.width, raster.height);
  raster.rgb.resize(size_t{3} * raster.width * raster.height);
  config.options.use_scaling = 1;
  config.options.scaled_width = raster.width;
  config.options.scaled_height = raster.height;
  config.output.colorspace = MODE_RGB;
  config.output.is_external_memory = 1;
  config.output.u.RGBA.rgba = raster.rgb.data();
  config.output.u.RGBA.stride = 3 * raster.width;
  config.output.u.RGBA.size = raster.rgb.size();
  const bool done = WebPDecode(Bytes(content), content.size(), &config) == VP8_STATUS_OK;
  WebPFreeDecBuffer(&config.output);
  if (!done) return std::nullopt;
  return raster;
}

}  // namespace

std::optional<Raster> Decode(std::string_view content, ContentType type, int long_side) {
  switch (type) {
    case ContentType::kJpeg:
      return DecodeJpeg(content, long_side);
    case ContentType::kPng:
      return DecodePng(content);
    case ContentType::kWebp:
      return DecodeWebp(content, long_side);
    case ContentType::kPdf:
      return std::nullopt;
  }
  return std::nullopt;
}

Raster Shrink(const Raster& from, int long_side) {
  Raster to;
  Fit(from.width, from.height, long_side, to.width, to.height);
  to.rgb.resize(size_t{3} * to.width * to.height);
  for (int y = 0; y < to.height; ++y) {
    const int top = static_cast<int>(int64_t{y} * from.height / to.height);
    const int bottom = static_cast<int>(int64_t{y + 1} * from.height / to.height);
    for (int x = 0; x < to.width; ++x) {
      const int left = static_cast<int>(int64_t{x} * from.width / to.width);
      const int right = static_cast<int>(int64_t{x + 1} * from.width / to.width);
      uint64_t sums[3] = {};
      for (int row = top; row < bottom; ++row) {
        const uint8_t* pixel = from.rgb.data() + size_t{3} * (size_t(row) * from.width + left);
        for (int column = left; column < right; ++column, pixel += 3) {
          for (int c = 0; c < 3; ++c) sums[c] += pixel[c];
        }
      }
      const uint64_t count = uint64_t(bottom - top) * (right - left);
      for (int c = 0; c < 3; ++c)
        to.rgb[size_t{3} * (size_t(y) * to.width + x) + c] = static_cast<uint8_t>(sums[c] / count);
    }
  }
  return to;
}

Raster Turn(const Raster& from, int orientation) {
  // Which of the stored picture's corners and sides come first: 5 to 8 change rows and columns.
  const bool swaps = orientation >= 5;
  const bool mirror_x = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
  const bool mirror_y = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
  Raster to{.width = swaps ? from.height : from.width, .height = swaps ? from.width : from.height};
  to.rgb.resize(from.rgb.size());
  for (int y = 0; y < to.height; ++y) {
    for (int x = 0; x < to.width; ++x) {
      int stored_x = swaps ? y : x, stored_y = swaps ? x : y;
      if (mirror_x) stored_x = from.width - 1 - stored_x;
      if (mirror_y) stored_y = from.height - 1 - stored_y;
      const uint8_t* pixel = from.rgb.data() + size_t{3} * (size_t(stored_y) * from.width + stored_x);
      std::copy(pixel, pixel + 3, to.rgb.data() + size_t{3} * (size_t(y) * to.width + x));
    }
  }
  return to;
}

std::string EncodeJpeg(const Raster& raster, int quality) {
  const TurboJpeg turbo(tjInitCompress());
  unsigned char* bytes = nullptr;
  unsigned long size = 0;
  std::string jpeg;
  if (turbo.handle != nullptr && tjCompress2(turbo.handle, raster.rgb.data(), raster.width, 0, raster.height,
                                             TJPF_RGB, &bytes, &size, TJSAMP_420, quality, 0) == 0) {
    jpeg.assign(reinterpret_cast<const char*>(bytes), size);
  }
  tjFree(bytes);
  return jpeg;
}

}  // namespace gridwarden::media
