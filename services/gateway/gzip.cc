#include "gateway/gzip.h"

#include <zlib.h>

#include <cstdlib>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/status.h"

namespace gridwarden::gateway {
namespace {

constexpr int kGzipWindow = 15 + 16;  // zlib's spelling of "the gzip format"
constexpr size_t kChunk = 64 * 1024;

absl::Status Malformed(const char* why) {
  return MakeError(absl::StatusCode::kInvalidArgument, absl::StrCat("gzip body ", why),
                   {.reason = "MALFORMED_REQUEST"});
}

}  // namespace

std::string Gzip(std::string_view bytes, int level) {
  z_stream stream{};
  if (deflateInit2(&stream, level, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY) != Z_OK)
    std::abort();  // no memory
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

absl::StatusOr<std::string> Gunzip(std::string_view bytes, size_t bytes_max) {
  z_stream stream{};
  if (inflateInit2(&stream, kGzipWindow) != Z_OK) std::abort();  // no memory
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  std::string out;
  int state = Z_OK;
  while (state == Z_OK && out.size() <= bytes_max) {
    const size_t before = out.size();
    out.resize(before + kChunk);
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + before);
    stream.avail_out = kChunk;
    state = inflate(&stream, Z_NO_FLUSH);
    out.resize(before + kChunk - stream.avail_out);
    if (state == Z_BUF_ERROR) break;  // the input is at its end and the stream is not
  }
  const bool rest = stream.avail_in > 0;
  inflateEnd(&stream);
  if (out.size() > bytes_max) {
    return MakeError(
        absl::StatusCode::kInvalidArgument, absl::StrCat("body unpacks to more than ", bytes_max, " bytes"),
        {.reason = "MESSAGE_TOO_LARGE", .metadata = {{"limit", absl::StrCat(bytes_max / 1024, " KiB")}}});
  }
  if (state == Z_BUF_ERROR || state == Z_OK) return Malformed("ends early");
  if (state != Z_STREAM_END) return Malformed("is not gzip");
  if (rest) return Malformed("goes on after its end");
  return out;
}

bool AcceptsGzip(std::string_view accept_encoding) {
  for (const std::string& part :
       std::vector<std::string>(absl::StrSplit(std::string(accept_encoding), ','))) {
    const std::vector<std::string> pieces = absl::StrSplit(part, ';');
    const std::string coding = absl::AsciiStrToLower(absl::StripAsciiWhitespace(pieces[0]));
    if (coding != "gzip" && coding != "*") continue;
    double quality = 1;
    for (size_t i = 1; i < pieces.size(); ++i) {
      const absl::string_view parameter = absl::StripAsciiWhitespace(pieces[i]);
      if (absl::StartsWith(parameter, "q=") && !absl::SimpleAtod(parameter.substr(2), &quality)) quality = 0;
    }
    if (quality > 0) return true;
  }
  return false;
}

}  // namespace gridwarden::gateway
