#include "gateway/plain_http.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "gateway/address_set.h"
#include "gateway/answers.h"

namespace gridwarden::gateway {
namespace {

// Host and port of a Host header; a port of "" was not said.
struct Authority {
  std::string host;  // lower case, without brackets
  std::string port;
  bool is_ipv6 = false;
};

Authority Split(std::string_view header) {
  Authority authority;
  const std::string text = absl::AsciiStrToLower(std::string(header));
  size_t colon = text.rfind(':');
  if (!text.empty() && text[0] == '[') {
    const size_t end = text.find(']');
    if (end == std::string::npos) return {};
    authority.is_ipv6 = true;
    authority.host = text.substr(1, end - 1);
    colon = end + 1 < text.size() ? end + 1 : std::string::npos;
    if (colon != std::string::npos && text[colon] != ':') return {};
  } else {
    authority.host = text.substr(0, colon);
  }
  if (colon == std::string::npos) return authority;
  authority.port = text.substr(colon + 1);
  int number = 0;
  const bool is_port = !authority.port.empty() && authority.port.size() <= 5 &&
                       std::all_of(authority.port.begin(), authority.port.end(), absl::ascii_isdigit) &&
                       absl::SimpleAtoi(authority.port, &number) && number >= 1 && number <= 65535;
  return is_port ? authority : Authority{};
}

bool Names(const std::string& pattern, const std::string& host) {
  const std::string name = absl::AsciiStrToLower(pattern);
  if (!absl::StartsWith(name, "*.")) return name == host;
  const size_t dot = host.find('.');
  return dot != std::string::npos && dot > 0 && host.substr(dot) == name.substr(1);
}

bool IsFor(const tls::Subject& certificate, const Authority& authority) {
  if (authority.host.empty()) return false;
  const bool named = !authority.is_ipv6 &&
                     std::any_of(certificate.dns_names.begin(), certificate.dns_names.end(),
                                 [&](const std::string& pattern) { return Names(pattern, authority.host); });
  const absl::StatusOr<AddressSet> addresses = AddressSet::Parse(certificate.addresses);
  return named || (addresses.ok() && addresses->Contains(authority.host));
}

HttpResponse WhereToGo(const tls::Subject& certificate) {
  std::string text =
      absl::StrCat("请使用 https 访问。", kWhyHttpsZh, "本服务器的名称或地址：\n", "Use https. ", kWhyHttpsEn,
                   " This server goes by these names and addresses:\n");
  for (const std::string& name : certificate.dns_names) absl::StrAppend(&text, "  https://", name, "\n");
  for (const std::string& address : certificate.addresses) {
    const bool is_ipv6 = absl::StrContains(address, ":");
    absl::StrAppend(&text, "  https://", is_ipv6 ? "[" : "", address, is_ipv6 ? "]" : "", "\n");
  }
  return TextResponse(421, std::move(text));
}

bool IsPage(const HttpRequest& request) {
  return (request.method == "GET" || request.method == "HEAD") && absl::StartsWith(request.path, "/") &&
         !absl::StartsWith(request.path, "/gridwarden.");
}

}  // namespace

std::string HostWithPort(const HttpRequest& request, const tls::Subject& certificate) {
  const Authority authority = Split(request.Header("host"));
  if (!IsFor(certificate, authority)) return "";
  return absl::StrCat(authority.is_ipv6 ? "[" : "", authority.host, authority.is_ipv6 ? "]" : "",
                      authority.port.empty() ? "" : ":", authority.port);
}

HttpResponse AnswerPlain(const HttpRequest& request, const tls::Subject& certificate) {
  if (!IsPage(request)) {
    return ErrorResponse(FailedPrecondition(
        "HTTPS_REQUIRED",
        "use https: this port takes no requests in clear; what this one carried, a password or a token, has "
        "been readable on the way"));
  }
  const std::string host = HostWithPort(request, certificate);
  if (host.empty()) return WhereToGo(certificate);
  HttpResponse response =
      TextResponse(308, absl::StrCat("请使用 https 访问。", kWhyHttpsZh, "\nUse https. ", kWhyHttpsEn, "\n"));
  response.headers.emplace_back("Location", absl::StrCat("https://", host, request.path,
                                                         request.query.empty() ? "" : "?", request.query));
  return response;
}

}  // namespace gridwarden::gateway
