#include "gateway/answers.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "base/status.h"
#include "gateway/connect_codec.h"
#include "platform/crypto/digest.h"

namespace gridwarden::gateway {
namespace {

constexpr char kStyleBegin[] = "<style>";

}  // namespace

HttpResponse ErrorResponse(const absl::Status& status) {
  HttpResponse response{.status = HttpStatusOf(status),
                        .headers = {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}},
                        .body = ErrorJson(status)};
  const std::optional<ErrorFacts> facts = FactsOf(status);
  if (facts && facts->retry_after) {
    const int64_t seconds =
        std::max<int64_t>(1, absl::ToInt64Seconds(absl::Ceil(*facts->retry_after, absl::Seconds(1))));
    response.headers.emplace_back("Retry-After", absl::StrCat(seconds));
  }
  return response;
}

HttpResponse TextResponse(int status, std::string body) {
  return {.status = status,
          .headers = {{"Content-Type", "text/plain; charset=utf-8"}, {"Cache-Control", "no-store"}},
          .body = std::move(body)};
}

HttpResponse HtmlResponse(std::string body) {
  const size_t begin = body.find(kStyleBegin), end = body.find("</style>");
  std::string style;
  if (begin < end && end != std::string::npos) {
    const size_t from = begin + sizeof(kStyleBegin) - 1;
    style = absl::StrCat(" style-src 'sha256-",
                         absl::Base64Escape(crypto::Sha256(body.substr(from, end - from))), "';");
  }
  return {.headers = {{"Content-Type", "text/html; charset=utf-8"},
                      {"Cache-Control", "no-store"},
                      {kContentPolicy, absl::StrCat("default-src 'none';", style,
                                                    " img-src data:; base-uri 'none'; form-action 'none'; "
                                                    "frame-ancestors 'none'")}},
          .body = std::move(body)};
}

std::string Escaped(const std::string& text) {
  return absl::StrReplaceAll(text, {{"&", "&amp;"}, {"<", "&lt;"}, {">", "&gt;"}, {"\"", "&quot;"}});
}

}  // namespace gridwarden::gateway
