#include "gateway/photos.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "gateway/answers.h"
#include "gateway/connect_codec.h"
#include "gridwarden/media/v1/media_service.pb.h"

namespace gridwarden::gateway {
namespace {

using media::v1::Media;
using media::v1::MediaContent;

constexpr char kPhotos[] = "/photos/";
constexpr char kThumbnail[] = "/thumbnail";
constexpr size_t kDigits = 64;
// Content never changes under its digest; how it is made from the original may. Then these change.
constexpr char kContentEdition[] = "-c1", kThumbnailEdition[] = "-t1";
// Shown by itself it may do nothing, whatever its bytes claim to be.
constexpr char kPhotoPolicy[] = "default-src 'none'; sandbox; frame-ancestors 'none'";

const std::string kService = "gridwarden.media.v1.MediaService/";

HttpResponse Refusal(const absl::Status& status) {
  HttpResponse response = ErrorResponse(status);
  if (ReasonOf(status) == "MEDIA_HAS_NO_THUMBNAIL") response.status = 404;
  return response;
}

HttpResponse With(int status, const std::string& etag) {
  return {.status = status,
          .headers = {{"ETag", etag},
                      {"Cache-Control", "private, no-cache"},
                      {"Vary", "Authorization"},
                      {kContentPolicy, kPhotoPolicy}}};
}

}  // namespace

bool IsPhoto(const std::string& path) { return absl::StartsWith(path, kPhotos); }

void AnswerPhoto(const HttpRequest& request, const SendRpc& send, const Respond& respond) {
  if (request.method != "GET" && request.method != "HEAD") {
    HttpResponse response = ErrorResponse(MakeError(
        absl::StatusCode::kUnimplemented, "photos are read with GET", {.reason = "METHOD_UNKNOWN"}));
    response.status = 405;
    response.headers.emplace_back("Allow", "GET, HEAD");
    return respond(std::move(response));
  }
  const std::string rest = request.path.substr(sizeof(kPhotos) - 1);
  const std::string sha256 = absl::AsciiStrToLower(rest.substr(0, kDigits));
  const std::string tail = rest.size() > kDigits ? rest.substr(kDigits) : "";
  const bool digits =
      sha256.size() == kDigits && std::all_of(sha256.begin(), sha256.end(), absl::ascii_isxdigit);
  if (!digits || (!tail.empty() && tail != kThumbnail))
    return respond(ErrorResponse(NotFound(request.path.substr(0, 120))));
  const bool small = !tail.empty();
  const std::string etag = absl::StrCat("\"", sha256, small ? kThumbnailEdition : kContentEdition, "\"");

  // Who has the bytes is asked for nothing but the right to see them.
  if (absl::StrContains(std::string(request.Header("if-none-match")), etag)) {
    media::v1::GetMediaRequest get;
    get.set_name(absl::StrCat("media/", sha256));
    return send(kService + "GetMedia", get, [respond, etag](const absl::StatusOr<std::string>& bytes) {
      respond(bytes.ok() ? With(304, etag) : Refusal(bytes.status()));
    });
  }
  const auto answer = [respond, etag, small](const absl::StatusOr<std::string>& bytes) {
    absl::StatusOr<MediaContent> content = Parsed<MediaContent>(bytes);
    if (!content.ok()) return respond(Refusal(content.status()));
    HttpResponse response = With(200, etag);
    response.headers.emplace_back("Content-Type", small ? "image/jpeg" : content->media().content_type());
    response.body = std::move(*content->mutable_content());
    respond(std::move(response));
  };
  if (small) {
    media::v1::GetMediaThumbnailRequest get;
    get.set_name(absl::StrCat("media/", sha256));
    return send(kService + "GetMediaThumbnail", get, answer);
  }
  media::v1::GetMediaContentRequest get;
  get.set_name(absl::StrCat("media/", sha256));
  send(kService + "GetMediaContent", get, answer);
}

}  // namespace gridwarden::gateway
