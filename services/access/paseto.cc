#include "access/paseto.h"

#include <sodium.h>

#include <cstdint>
#include <cstdlib>
#include <initializer_list>

namespace gridwarden::access {
namespace {

constexpr std::string_view kHeader = "v4.public.";
constexpr size_t kSignatureSize = crypto_sign_BYTES;

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

void NeedSodium() {
  static const bool ready = sodium_init() >= 0;
  if (!ready) std::abort();
}

void AppendLittleEndian64(std::string& out, uint64_t value) {
  for (int i = 0; i < 8; ++i) out += static_cast<char>((value >> (8 * i)) & 0xff);
}

// Pre-authentication encoding: the pieces with their count and lengths, so that no two lists give the same
// bytes.
std::string Encode(std::initializer_list<std::string_view> pieces) {
  std::string out;
  AppendLittleEndian64(out, pieces.size());
  for (std::string_view piece : pieces) {
    AppendLittleEndian64(out, piece.size() & 0x7fffffffffffffffULL);
    out += piece;
  }
  return out;
}

std::string ToBase64(std::string_view bytes) {
  constexpr int kVariant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;
  std::string text(sodium_base64_encoded_len(bytes.size(), kVariant), '\0');
  sodium_bin2base64(text.data(), text.size(), Bytes(bytes), bytes.size(), kVariant);
  text.pop_back();  // its terminating NUL
  return text;
}

std::optional<std::string> FromBase64(std::string_view text) {
  std::string bytes(text.size(), '\0');
  size_t size = 0;
  const char* end = nullptr;
  if (sodium_base642bin(reinterpret_cast<unsigned char*>(bytes.data()), bytes.size(), text.data(),
                        text.size(), nullptr, &size, &end, sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 ||
      end != text.data() + text.size()) {
    return std::nullopt;
  }
  bytes.resize(size);
  return bytes;
}

}  // namespace

std::string SignPaseto(std::string_view seed, std::string_view message, std::string_view footer,
                       std::string_view assertion) {
  NeedSodium();
  if (seed.size() != crypto_sign_SEEDBYTES) std::abort();
  unsigned char public_key[crypto_sign_PUBLICKEYBYTES];
  unsigned char secret_key[crypto_sign_SECRETKEYBYTES];
  crypto_sign_seed_keypair(public_key, secret_key, Bytes(seed));
  const std::string signed_bytes = Encode({kHeader, message, footer, assertion});
  std::string signature(kSignatureSize, '\0');
  crypto_sign_detached(reinterpret_cast<unsigned char*>(signature.data()), nullptr, Bytes(signed_bytes),
                       signed_bytes.size(), secret_key);
  sodium_memzero(secret_key, sizeof(secret_key));

  std::string token(kHeader);
  token += ToBase64(std::string(message) + signature);
  if (!footer.empty()) token += "." + ToBase64(footer);
  return token;
}

std::optional<PasetoParts> SplitPaseto(std::string_view token) {
  NeedSodium();
  if (token.substr(0, kHeader.size()) != kHeader) return std::nullopt;
  token.remove_prefix(kHeader.size());

  PasetoParts parts;
  const size_t dot = token.find('.');
  if (dot != std::string_view::npos) {
    std::optional<std::string> footer = FromBase64(token.substr(dot + 1));
    if (!footer || footer->empty()) return std::nullopt;
    parts.footer = *std::move(footer);
  }
  std::optional<std::string> body = FromBase64(token.substr(0, dot));
  if (!body || body->size() < kSignatureSize) return std::nullopt;
  parts.signature = body->substr(body->size() - kSignatureSize);
  body->resize(body->size() - kSignatureSize);
  parts.message = *std::move(body);
  return parts;
}

bool VerifyPaseto(const PasetoParts& parts, std::string_view public_key, std::string_view assertion) {
  NeedSodium();
  if (public_key.size() != crypto_sign_PUBLICKEYBYTES || parts.signature.size() != kSignatureSize)
    return false;
  const std::string signed_bytes = Encode({kHeader, parts.message, parts.footer, assertion});
  return crypto_sign_verify_detached(Bytes(parts.signature), Bytes(signed_bytes), signed_bytes.size(),
                                     Bytes(public_key)) == 0;
}

}  // namespace gridwarden::access
