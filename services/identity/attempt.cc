#include "identity/attempt.h"

#include <arpa/inet.h>

#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status.h"
#include "platform/crypto/hmac.h"

namespace gridwarden::identity {
namespace {

constexpr std::string_view kSelectAttempt = R"(
  SELECT failures, last_us, locked_until_us FROM login_attempt WHERE attempt_key = ?)";
constexpr std::string_view kLockAttempt = R"(
  SELECT failures, last_us, locked_until_us FROM login_attempt WHERE attempt_key = ? FOR UPDATE)";
constexpr std::string_view kInsertAttempt = R"(
  INSERT INTO login_attempt (attempt_key, failures, last_us, locked_until_us) VALUES (?, 0, 0, 0)
  ON DUPLICATE KEY UPDATE failures = failures)";
constexpr std::string_view kUpdateAttempt = R"(
  UPDATE login_attempt SET failures = ?, last_us = ?, locked_until_us = ? WHERE attempt_key = ?)";
constexpr std::string_view kDeleteAttempt = R"(
  DELETE FROM login_attempt WHERE attempt_key = ?)";
constexpr std::string_view kTakeBackAttempt = R"(
  UPDATE login_attempt SET locked_until_us = IF(last_us = ?, 0, locked_until_us), failures = GREATEST(failures - 1, 0)
  WHERE attempt_key = ?)";

Attempts ReadAttempts(const db::Row& row) {
  return {.failures = static_cast<int>(row.Int(0)), .last = row.Time(1), .locked_until = row.Time(2)};
}

// What a person reads: "5 分钟", "30 秒".
std::string InWords(absl::Duration wait) {
  const int64_t seconds = std::max<int64_t>(1, absl::ToInt64Seconds(absl::Ceil(wait, absl::Seconds(1))));
  if (seconds < 60) return absl::StrCat(seconds, " 秒");
  return absl::StrCat((seconds + 59) / 60, " 分钟");
}

absl::Status CheckLock(const Attempts& attempts, absl::Time now) {
  if (attempts.locked_until <= now) return absl::OkStatus();
  const absl::Duration wait = attempts.locked_until - now;
  return MakeError(
      absl::StatusCode::kResourceExhausted, "too many failed attempts to sign in",
      {.reason = "ACCOUNT_LOCKED", .metadata = {{"retry_after", InWords(wait)}}, .retry_after = wait});
}

}  // namespace

Attempts CountFailure(const Attempts& before, const AttemptLimits& limits, absl::Time now) {
  Attempts after = before;
  if (now - before.last > limits.forget) after = Attempts();
  after.last = now;
  after.failures += 1;
  const int beyond = after.failures - limits.failures_free;
  if (beyond > 0)
    after.locked_until = now + std::min(limits.lock_max, limits.lock_first * (1 << std::min(beyond - 1, 16)));
  return after;
}

std::string AddressOf(std::string_view peer) {
  if (peer.substr(0, 5) == "unix:") return "";
  if (peer.substr(0, 5) == "ipv4:" || peer.substr(0, 5) == "ipv6:") peer.remove_prefix(5);
  std::string address(peer);
  if (!address.empty() && address[0] == '[') {
    address = address.substr(1, address.find(']') - 1);
  } else if (std::count(address.begin(), address.end(), ':') == 1) {
    address.resize(address.find(':'));
  }
  if (const size_t zone = address.find('%'); zone != std::string::npos) address.resize(zone);
  unsigned char bytes[16];
  if (inet_pton(AF_INET6, address.c_str(), bytes) != 1) return address;
  const bool mapped = std::all_of(bytes, bytes + 10, [](unsigned char b) { return b == 0; }) &&
                      bytes[10] == 0xff && bytes[11] == 0xff;
  if (mapped) return absl::StrCat(bytes[12], ".", bytes[13], ".", bytes[14], ".", bytes[15]);
  return absl::StrCat(absl::BytesToHexString(std::string(reinterpret_cast<const char*>(bytes), 8)), "::/64");
}

std::vector<AttemptKey> AttemptKeys(std::string_view secret, std::string_view login, std::string_view peer) {
  std::vector<AttemptKey> keys;
  keys.push_back({crypto::HmacSha256(secret, absl::StrFormat("login:%s", login)), kLoginLimits});
  const std::string address = AddressOf(peer);
  if (!address.empty())
    keys.push_back({crypto::HmacSha256(secret, absl::StrFormat("peer:%s", address)), kPeerLimits});
  return keys;
}

absl::Status CheckAttempts(db::Transaction& tx, const std::vector<AttemptKey>& keys, absl::Time now) {
  for (const AttemptKey& key : keys) {
    GW_ASSIGN_OR_RETURN(const std::optional<Attempts> attempts,
                        tx.QueryOne(kSelectAttempt, ReadAttempts, key.digest));
    if (attempts) GW_RETURN_IF_ERROR(CheckLock(*attempts, now));
  }
  return absl::OkStatus();
}

absl::Status ClaimAttempt(db::Transaction& tx, const std::vector<AttemptKey>& keys, absl::Time now) {
  for (const AttemptKey& key : keys) {
    GW_RETURN_IF_ERROR(tx.Exec(kInsertAttempt, key.digest).status());
    GW_ASSIGN_OR_RETURN(const std::optional<Attempts> attempts,
                        tx.QueryOne(kLockAttempt, ReadAttempts, key.digest));
    if (!attempts) return Internal("an attempt row vanished");
    GW_RETURN_IF_ERROR(CheckLock(*attempts, now));
    const Attempts after = CountFailure(*attempts, key.limits, now);
    const int64_t locked_us =
        after.locked_until == absl::InfinitePast() ? 0 : absl::ToUnixMicros(after.locked_until);
    GW_RETURN_IF_ERROR(tx.Exec(kUpdateAttempt, after.failures, after.last, locked_us, key.digest).status());
  }
  return absl::OkStatus();
}

absl::Status ClearAttempt(db::Transaction& tx, const std::vector<AttemptKey>& keys, absl::Time claimed) {
  for (size_t i = 0; i < keys.size(); ++i) {
    if (i == 0) {
      GW_RETURN_IF_ERROR(ForgetAttempts(tx, keys[i]));
    } else {
      GW_RETURN_IF_ERROR(tx.Exec(kTakeBackAttempt, claimed, keys[i].digest).status());
    }
  }
  return absl::OkStatus();
}

absl::Status ForgetAttempts(db::Transaction& tx, const AttemptKey& key) {
  return tx.Exec(kDeleteAttempt, key.digest).status();
}

}  // namespace gridwarden::identity
