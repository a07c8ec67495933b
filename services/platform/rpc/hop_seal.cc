#include "platform/rpc/hop_seal.h"

#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "platform/crypto/digest.h"
#include "platform/crypto/hmac.h"

namespace gridwarden::rpc {
namespace {

constexpr absl::Duration kLifeMax = absl::Hours(1);

std::string MacOf(std::string_view secret, const std::string& claims, std::string_view method,
                  std::string_view body) {
  return absl::WebSafeBase64Escape(crypto::HmacSha256(
      secret, absl::StrCat(claims, "\n", std::string(method), "\n", crypto::Sha256(body))));
}

}  // namespace

// deadline_us . "s" or "u" . base64(peer) . operation . mac
std::string SealHop(std::string_view secret, const Envelope& envelope) {
  if (secret.empty()) return "";
  const std::string claims = absl::StrCat(
      absl::ToUnixMicros(envelope.deadline), ".", envelope.system ? "s" : "u", ".",
      absl::WebSafeBase64Escape(envelope.peer), ".", envelope.operation ? envelope.operation->Encode() : "");
  return absl::StrCat(claims, ".", MacOf(secret, claims, envelope.method, envelope.body));
}

std::optional<Hop> OpenHop(std::string_view secret, std::string_view value, std::string_view method,
                           std::string_view body, absl::Time real_now) {
  if (secret.empty() || value.empty() || value.size() > 1024) return std::nullopt;
  const std::vector<std::string> parts = absl::StrSplit(std::string(value), '.');
  if (parts.size() != 5) return std::nullopt;
  const std::string claims = absl::StrCat(parts[0], ".", parts[1], ".", parts[2], ".", parts[3]);
  if (!crypto::SameSecret(MacOf(secret, claims, method, body), parts[4])) return std::nullopt;
  int64_t deadline_us = 0;
  Hop hop{.system = parts[1] == "s"};
  if (!absl::SimpleAtoi(parts[0], &deadline_us) || !absl::WebSafeBase64Unescape(parts[2], &hop.peer))
    return std::nullopt;
  if (!parts[3].empty() && !(hop.operation = DeviceOperation::Decode(parts[3]))) return std::nullopt;
  const absl::Time deadline = absl::FromUnixMicros(deadline_us);
  if (deadline < real_now || deadline > real_now + kLifeMax) return std::nullopt;
  return hop;
}

}  // namespace gridwarden::rpc
