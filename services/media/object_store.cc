#include "media/object_store.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status.h"
#include "platform/crypto/digest.h"

namespace gridwarden::media {

std::string ObjectPath(const std::string& hex) {
  return absl::StrCat("media/", hex.substr(0, 2), "/", hex.substr(2, 2), "/", hex);
}

bool IsContentOf(std::string_view content, const std::string& hex) {
  return absl::BytesToHexString(crypto::Sha256(content)) == hex;
}

absl::Status StoreUnavailable(std::string_view why) {
  return Unavailable("MEDIA_STORE_UNAVAILABLE", absl::StrFormat("photo store: %s", why), absl::Seconds(30));
}

absl::Status ContentLost(const std::string& hex, std::string_view where) {
  return MakeError(absl::StatusCode::kDataLoss,
                   absl::StrFormat("media/%s is missing or damaged %s", hex, where),
                   {.reason = "MEDIA_DIGEST_MISMATCH"});
}

}  // namespace gridwarden::media
