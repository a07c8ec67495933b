#include "platform/tls/process_name.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace gridwarden::tls {
namespace {

constexpr std::string_view kDomain = "spiffe://gridwarden.";
constexpr std::string_view kPath = "/area/";
constexpr size_t kNameMax = 200;  // a SPIFFE trust domain has at most 255 bytes

bool IsLower(unsigned char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

}  // namespace

bool IsInstallationName(std::string_view text) {
  return !text.empty() && text.size() <= kNameMax && IsLower(text.front()) && IsLower(text.back()) &&
         std::all_of(text.begin(), text.end(), [](char c) { return IsLower(c) || c == '-' || c == '.'; });
}

std::string SpiffeId(const ProcessName& name) {
  return absl::StrCat(std::string(kDomain), name.installation, std::string(kPath), name.target);
}

std::optional<ProcessName> ReadSpiffeId(std::string_view uri) {
  if (uri.substr(0, kDomain.size()) != kDomain) return std::nullopt;
  uri.remove_prefix(kDomain.size());
  const size_t path = uri.find(kPath);
  if (path == std::string_view::npos) return std::nullopt;
  const ProcessName name{.installation = std::string(uri.substr(0, path)),
                         .target = std::string(uri.substr(path + kPath.size()))};
  const bool plain = !name.target.empty() && std::all_of(name.target.begin(), name.target.end(),
                                                         [](char c) { return IsLower(c) || c == '_'; });
  if (!IsInstallationName(name.installation) || !plain) return std::nullopt;
  return name;
}

}  // namespace gridwarden::tls
