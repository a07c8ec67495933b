#include "identity/session_tokens.h"

#include <algorithm>

#include "absl/strings/escaping.h"
#include "access/token.h"
#include "base/status.h"
#include "platform/crypto/digest.h"

namespace gridwarden::identity {
namespace {

constexpr size_t kFamilySize = 16;
constexpr size_t kTurnSize = 32;
constexpr size_t kTextSize = (kFamilySize + kTurnSize) / 3 * 4;

void SetTime(absl::Time t, google::protobuf::Timestamp* timestamp) {
  const int64_t us = absl::ToUnixMicros(t);
  timestamp->set_seconds(us / 1'000'000);
  timestamp->set_nanos(static_cast<int32_t>(us % 1'000'000 * 1000));
}

}  // namespace

std::string RefreshToken::ToText() const { return absl::WebSafeBase64Escape(family + turn); }
std::string RefreshToken::FamilyDigest() const { return crypto::Sha256(family); }
std::string RefreshToken::TokenDigest() const { return crypto::Sha256(family + turn); }

RefreshToken NewFamily() {
  return {.family = crypto::RandomBytes(kFamilySize), .turn = crypto::RandomBytes(kTurnSize)};
}

RefreshToken NextTurn(const RefreshToken& token) {
  return {.family = token.family, .turn = crypto::RandomBytes(kTurnSize)};
}

std::optional<RefreshToken> ParseRefreshToken(std::string_view text) {
  std::string bytes;
  if (text.size() != kTextSize ||
      !absl::WebSafeBase64Unescape(absl::string_view(text.data(), text.size()), &bytes) ||
      bytes.size() != kFamilySize + kTurnSize) {
    return std::nullopt;
  }
  return RefreshToken{.family = bytes.substr(0, kFamilySize), .turn = bytes.substr(kFamilySize)};
}

SessionLife LifeOf(std::string_view client) {
  if (client.substr(0, 7) == "console") return {.idle = absl::Minutes(30), .whole = absl::Hours(12)};
  return {.idle = absl::Hours(24 * 45), .whole = absl::Hours(24 * 90)};
}

absl::StatusOr<v1::Tokens> AnswerTokens(Identity& identity, const AccountRow& account,
                                        const SessionRow& session, const RefreshToken& refresh,
                                        absl::Time now) {
  GW_ASSIGN_OR_RETURN(const access::SigningKey key, identity.keys.Current(identity.database, now));
  v1::Tokens tokens;
  tokens.set_access_token(access::MintToken(key, {.account = account.id,
                                                  .person = account.person,
                                                  .session = session.id,
                                                  .issued = now,
                                                  .expires = session.access_expires}));
  SetTime(session.access_expires, tokens.mutable_access_expire_time());
  tokens.set_refresh_token(refresh.ToText());
  SetTime(std::min(session.idle_expires, session.expires), tokens.mutable_refresh_expire_time());
  *tokens.mutable_account() = AccountMessage(account);
  return tokens;
}

}  // namespace gridwarden::identity
