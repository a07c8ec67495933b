#include "gateway/qr_code.h"

#include <qrencode.h>

#include <memory>

#include "absl/strings/str_cat.h"
#include "base/status.h"

namespace gridwarden::gateway {
namespace {

constexpr int kQuiet = 4;  // the light margin a reader wants

struct Freed {
  void operator()(QRcode* code) const { QRcode_free(code); }
};
using Code = std::unique_ptr<QRcode, Freed>;

absl::StatusOr<Code> Encode(const std::string& text) {
  Code code(text.empty() ? nullptr : QRcode_encodeString8bit(text.c_str(), /*version=*/0, QR_ECLEVEL_M));
  if (code == nullptr)
    return InvalidField("text", absl::StrCat("got ", text.size(), " bytes, want 1 to 2000"));
  return code;
}

bool IsDark(const QRcode& code, int x, int y) {
  return x >= 0 && y >= 0 && x < code.width && y < code.width && (code.data[y * code.width + x] & 1) != 0;
}

}  // namespace

absl::StatusOr<std::string> QrSvg(const std::string& text) {
  GW_ASSIGN_OR_RETURN(const Code code, Encode(text));
  const int size = code->width + 2 * kQuiet;
  std::string path;
  for (int y = 0; y < code->width; ++y) {
    for (int x = 0; x < code->width; ++x) {
      const int from = x;
      while (IsDark(*code, x, y)) ++x;
      if (x > from)
        absl::StrAppend(&path, "M", from + kQuiet, " ", y + kQuiet, "h", x - from, "v1h-", x - from, "z");
    }
  }
  return absl::StrCat("<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" viewBox=\"0 0 ", size, " ",
                      size, "\" shape-rendering=\"crispEdges\"><path fill=\"#fff\" d=\"M0 0h", size, "v",
                      size, "h-", size, "z\"/><path fill=\"#000\" d=\"", path, "\"/></svg>");
}

absl::StatusOr<std::string> QrLines(const std::string& text) {
  GW_ASSIGN_OR_RETURN(const Code code, Encode(text));
  std::string lines;
  for (int y = -kQuiet / 2; y < code->width + kQuiet / 2; y += 2) {
    lines += "\033[30;107m";
    for (int x = -kQuiet / 2; x < code->width + kQuiet / 2; ++x) {
      const bool upper = IsDark(*code, x, y), lower = IsDark(*code, x, y + 1);
      lines += upper && lower ? "█" : upper ? "▀" : lower ? "▄" : " ";
    }
    lines += "\033[0m\n";
  }
  return lines;
}

}  // namespace gridwarden::gateway
