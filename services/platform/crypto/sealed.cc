#include "platform/crypto/sealed.h"

#include <sodium.h>

#include <cstdio>
#include <cstdlib>

namespace gridwarden::crypto {
namespace {

constexpr std::string_view kMagic = "gridwarden sealed 1\n";
constexpr size_t kSalt = crypto_pwhash_SALTBYTES;
constexpr size_t kNonce = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr size_t kTag = crypto_aead_xchacha20poly1305_ietf_ABYTES;

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* Bytes(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

void Start() {
  if (sodium_init() >= 0) return;
  std::fprintf(stderr, "crypto: libsodium does not start\n");
  std::abort();
}

absl::StatusOr<std::string> KeyOf(std::string_view passphrase, std::string_view salt) {
  Start();
  std::string key(crypto_aead_xchacha20poly1305_ietf_KEYBYTES, '\0');
  if (crypto_pwhash(Bytes(key), key.size(), passphrase.data(), passphrase.size(), Bytes(salt),
                    crypto_pwhash_OPSLIMIT_MODERATE, crypto_pwhash_MEMLIMIT_MODERATE,
                    crypto_pwhash_ALG_ARGON2ID13) != 0)
    return absl::ResourceExhaustedError("256 MiB of memory are needed for the passphrase");
  return key;
}

}  // namespace

absl::StatusOr<std::string> SealByPassphrase(std::string_view passphrase, std::string_view bytes) {
  Start();
  std::string salt(kSalt, '\0');
  std::string nonce(kNonce, '\0');
  randombytes_buf(salt.data(), salt.size());
  randombytes_buf(nonce.data(), nonce.size());
  absl::StatusOr<std::string> key = KeyOf(passphrase, salt);
  if (!key.ok()) return key.status();
  std::string body(bytes.size() + kTag, '\0');
  unsigned long long size = 0;
  crypto_aead_xchacha20poly1305_ietf_encrypt(Bytes(body), &size, Bytes(bytes), bytes.size(), Bytes(kMagic),
                                             kMagic.size(), nullptr, Bytes(nonce), Bytes(*key));
  sodium_memzero(key->data(), key->size());
  return std::string(kMagic) + salt + nonce + body;
}

absl::StatusOr<std::string> OpenByPassphrase(std::string_view passphrase, std::string_view sealed) {
  const absl::Status wrong = absl::DataLossError("the passphrase is another, or the file was changed");
  if (sealed.size() < kMagic.size() + kSalt + kNonce + kTag || sealed.substr(0, kMagic.size()) != kMagic)
    return absl::DataLossError("this is no sealed file");
  const std::string_view salt = sealed.substr(kMagic.size(), kSalt);
  const std::string_view nonce = sealed.substr(kMagic.size() + kSalt, kNonce);
  const std::string_view body = sealed.substr(kMagic.size() + kSalt + kNonce);
  absl::StatusOr<std::string> key = KeyOf(passphrase, salt);
  if (!key.ok()) return key.status();
  std::string bytes(body.size() - kTag, '\0');
  unsigned long long size = 0;
  const int opened =
      crypto_aead_xchacha20poly1305_ietf_decrypt(Bytes(bytes), &size, nullptr, Bytes(body), body.size(),
                                                 Bytes(kMagic), kMagic.size(), Bytes(nonce), Bytes(*key));
  sodium_memzero(key->data(), key->size());
  if (opened != 0) return wrong;
  return bytes;
}

}  // namespace gridwarden::crypto
