#include "access/token.h"

#include <memory>
#include <mutex>
#include <optional>

#include "absl/strings/string_view.h"
#include "access/paseto.h"
#include "base/status.h"
#include "nlohmann/json.hpp"
#include "platform/crypto/digest.h"

namespace gridwarden::access {
namespace {

using Json = nlohmann::json;

// The audience: a token of another system under the same key would not verify here.
constexpr std::string_view kAssertion = "gridwarden";

absl::Status NotSignedIn(std::string_view why) {
  return MakeError(absl::StatusCode::kUnauthenticated, why, {.reason = "NOT_SIGNED_IN"});
}

std::string FormatSecond(absl::Time t) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", t, absl::UTCTimeZone());
}

// The text under `key`, "" when it is absent or not a text.
std::string TextOf(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::optional<absl::Time> TimeOf(const Json& object, const char* key) {
  absl::Time time;
  std::string error;
  if (!absl::ParseTime(absl::RFC3339_full, TextOf(object, key), &time, &error)) return std::nullopt;
  return time;
}

std::optional<TokenClaims> ParseClaims(const std::string& message) {
  const Json object = Json::parse(message, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) return std::nullopt;
  const std::optional<Uuid> account = Uuid::Parse(TextOf(object, "sub"));
  const std::optional<Uuid> session = Uuid::Parse(TextOf(object, "session"));
  const std::optional<absl::Time> issued = TimeOf(object, "iat");
  const std::optional<absl::Time> expires = TimeOf(object, "exp");
  if (!account || !session || !issued || !expires) return std::nullopt;
  TokenClaims claims{.account = *account, .session = *session, .issued = *issued, .expires = *expires};
  if (object.contains("person")) {
    const std::optional<Uuid> person = Uuid::Parse(TextOf(object, "person"));
    if (!person) return std::nullopt;
    claims.person = *person;
  }
  return claims;
}

// What a token says, and the key that signed it.
struct Proven {
  TokenClaims claims;
  std::string key_id, public_key;
};

absl::StatusOr<Proven> ProveToken(std::string_view token,
                                  const absl::flat_hash_map<std::string, std::string>& keys) {
  if (token.empty()) return NotSignedIn("no token");
  if (token.size() > kTokenSizeMax) return NotSignedIn("the token is too long");
  const std::optional<PasetoParts> parts = SplitPaseto(token);
  if (!parts) return NotSignedIn("the token is not PASETO v4.public");
  const Json footer = Json::parse(parts->footer, nullptr, /*allow_exceptions=*/false);
  if (!footer.is_object()) return NotSignedIn("the token names no key");
  const auto key = keys.find(TextOf(footer, "kid"));
  if (key == keys.end()) return NotSignedIn("the token's key is unknown");
  if (!VerifyPaseto(*parts, key->second, kAssertion)) return NotSignedIn("the token's signature is wrong");
  const std::optional<TokenClaims> claims = ParseClaims(parts->message);
  if (!claims) return NotSignedIn("the token's claims are malformed");
  return Proven{*claims, key->first, key->second};
}

absl::Status CheckTime(const TokenClaims& claims, absl::Time real_now) {
  if (claims.issued > real_now + kClockSkewMax) return NotSignedIn("the token is from the future");
  if (claims.expires <= real_now) {
    return MakeError(absl::StatusCode::kUnauthenticated, "the token has expired",
                     {.reason = "TOKEN_EXPIRED"});
  }
  return absl::OkStatus();
}

// Tokens whose signature was found good, by their SHA-256: a client sends the same one for ten minutes, and
// proving it costs more than most calls. Times, sessions, accounts and the key itself are asked every time.
// Bounded: the older half goes.
class ProvenTokens {
 public:
  absl::StatusOr<TokenClaims> Claims(std::string_view token,
                                     const absl::flat_hash_map<std::string, std::string>& keys) {
    const std::string digest = crypto::Sha256(token);
    if (const std::optional<Proven> known = Find(digest)) {
      const auto key = keys.find(known->key_id);
      if (key != keys.end() && key->second == known->public_key) return known->claims;
    }
    GW_ASSIGN_OR_RETURN(Proven proven, ProveToken(token, keys));
    const TokenClaims claims = proven.claims;
    Keep(digest, std::move(proven));
    return claims;
  }

 private:
  static constexpr size_t kHalfMax = 4096;

  std::optional<Proven> Find(const std::string& digest) {
    const std::lock_guard lock(mutex_);
    if (const auto found = young_.find(digest); found != young_.end()) return found->second;
    const auto found = old_.find(digest);
    if (found == old_.end()) return std::nullopt;
    Proven proven = found->second;
    KeepLocked(digest, proven);
    return proven;
  }
  void Keep(const std::string& digest, Proven proven) {
    const std::lock_guard lock(mutex_);
    KeepLocked(digest, std::move(proven));
  }
  void KeepLocked(const std::string& digest, Proven proven) {
    if (young_.size() >= kHalfMax) {
      old_ = std::move(young_);
      young_.clear();
    }
    young_.insert_or_assign(digest, std::move(proven));
  }

  std::mutex mutex_;  // guards both
  absl::flat_hash_map<std::string, Proven> young_, old_;
};

}  // namespace

std::string MintToken(const SigningKey& key, const TokenClaims& claims) {
  Json message = {{"sub", claims.account.ToString()},
                  {"session", claims.session.ToString()},
                  {"iat", FormatSecond(claims.issued)},
                  {"exp", FormatSecond(claims.expires)}};
  if (!claims.person.IsNil()) message["person"] = claims.person.ToString();
  const Json footer = {{"kid", key.id}};
  return SignPaseto(key.seed, message.dump(), footer.dump(), kAssertion);
}

absl::StatusOr<TokenClaims> VerifyToken(std::string_view token,
                                        const absl::flat_hash_map<std::string, std::string>& keys,
                                        absl::Time real_now) {
  GW_ASSIGN_OR_RETURN(const Proven proven, ProveToken(token, keys));
  GW_RETURN_IF_ERROR(CheckTime(proven.claims, real_now));
  return proven.claims;
}

rpc::Authenticate MakeAuthenticate(Directory& directory) {
  auto proven = std::make_shared<ProvenTokens>();
  return [&directory, proven](std::string_view token, absl::Time real_now) -> absl::StatusOr<rpc::Principal> {
    const std::shared_ptr<const AccessState> access = directory.access();
    if (access == nullptr || !directory.loaded()) {
      return Unavailable("DATABASE_UNAVAILABLE", "accounts are not loaded yet", absl::Seconds(1));
    }
    GW_ASSIGN_OR_RETURN(const TokenClaims claims, proven->Claims(token, access->token_keys));
    GW_RETURN_IF_ERROR(CheckTime(claims, real_now));
    if (access->ended_sessions.contains(claims.session)) return NotSignedIn("the session has ended");

    rpc::Principal principal{.account = claims.account, .person = claims.person, .session = claims.session};
    const auto account = access->accounts.find(claims.account);
    if (account != access->accounts.end()) {
      if (account->second.disabled) return NotSignedIn("the account is disabled");
      principal.person = account->second.person;
      principal.administrator = account->second.administrator;
    }
    return principal;
  };
}

}  // namespace gridwarden::access
