#include "sync/time_token.h"

#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/status.h"
#include "platform/crypto/digest.h"
#include "platform/journal/anchor.h"

namespace gridwarden::sync {
namespace {

constexpr char kTimeToken[] = "gridwarden time token v1";
constexpr char kOperation[] = "gridwarden operation receipt v1";
constexpr char kPhoto[] = "gridwarden photo receipt v1";
constexpr int kNonceSize = 12;

}  // namespace

absl::StatusOr<std::string> MakeTimeToken(const Sync& sync, absl::Time now, const Uuid& device) {
  // With the newest checkpoint: what is made with it is made after that state of the log.
  const journal::KnownCheckpoint known = journal::NewestCheckpoint().value_or(journal::KnownCheckpoint());
  return sync.keys->Sign(sync.database, now,
                         absl::StrCat(kTimeToken, "\n", absl::ToUnixMicros(now), "\n", device.ToString(),
                                      "\n", absl::Base64Escape(crypto::RandomBytes(kNonceSize)), "\n",
                                      known.size, " ", absl::Base64Escape(known.root), "\n"));
}

absl::StatusOr<std::optional<absl::Time>> OpenTimeToken(const Sync& sync, std::string_view token,
                                                        const Uuid& device) {
  if (token.empty()) return std::nullopt;
  GW_ASSIGN_OR_RETURN(const std::optional<std::string> text, sync.keys->Open(sync.database, token));
  if (!text) return std::nullopt;
  const std::vector<std::string> lines = absl::StrSplit(*text, '\n');
  int64_t us = 0;
  if (lines.size() < 3 || lines[0] != kTimeToken || !absl::SimpleAtoi(lines[1], &us) ||
      lines[2] != device.ToString())
    return std::nullopt;
  return absl::FromUnixMicros(us);
}

absl::StatusOr<std::string> OperationReceipt(const Sync& sync, const Uuid& op_id, const std::string& hash,
                                             absl::Time received) {
  return sync.keys->Sign(sync.database, received,
                         absl::StrCat(kOperation, "\n", op_id.ToString(), "\n", absl::BytesToHexString(hash),
                                      "\n", absl::ToUnixMicros(received), "\n"));
}

absl::StatusOr<std::string> SignPhotoReceipt(const Sync& sync, const std::string& digest,
                                             absl::Time verified) {
  return sync.keys->Sign(
      sync.database, verified,
      absl::StrCat(kPhoto, "\n", absl::BytesToHexString(digest), "\n", absl::ToUnixMicros(verified), "\n"));
}

}  // namespace gridwarden::sync
