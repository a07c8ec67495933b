#pragma once

#include <string>

#include "absl/status/status.h"
#include "gateway/http.h"

// The forms of answers that do not come from an rpc.
namespace gridwarden::gateway {

inline constexpr char kContentPolicy[] = "Content-Security-Policy";

// An error in Connect form, with Retry-After where the status says it.
HttpResponse ErrorResponse(const absl::Status& status);
HttpResponse TextResponse(int status, std::string body);
// A page of our own: it may use the style that stands in its one <style> element and nothing else.
HttpResponse HtmlResponse(std::string body);

// Text that stays text within HTML and XML.
std::string Escaped(const std::string& text);

}  // namespace gridwarden::gateway
