#pragma once

#include <optional>
#include <string>
#include <string_view>

// PASETO v4.public (https://github.com/paseto-standard/paseto-spec): an Ed25519 signature over a message, a
// footer that anyone may read and an assertion that is not sent but must be the same on both sides. One
// algorithm, nothing to negotiate.
namespace gridwarden::access {

// The token for `message`. `seed` is the 32-byte private key of RFC 8032.
std::string SignPaseto(std::string_view seed, std::string_view message, std::string_view footer,
                       std::string_view assertion);

struct PasetoParts {
  std::string message;
  std::string signature;  // 64 bytes
  std::string footer;
};

// Takes a token apart without proving anything: only the footer may be used, to choose the key. None for
// anything malformed.
std::optional<PasetoParts> SplitPaseto(std::string_view token);

// True when the parts were signed by the owner of `public_key` (32 bytes) under this assertion.
bool VerifyPaseto(const PasetoParts& parts, std::string_view public_key, std::string_view assertion);

}  // namespace gridwarden::access
