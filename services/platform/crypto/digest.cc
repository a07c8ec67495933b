#include "platform/crypto/digest.h"

#include <openssl/rand.h>

#include "platform/crypto/openssl.h"

namespace gridwarden::crypto {
namespace {

constexpr size_t kKeySize = 32;
constexpr size_t kSignatureSize = 64;

unsigned char* Room(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

Key PrivateKey(std::string_view private_key) {
  Require(private_key.size() == kKeySize, "reading a private key that is not 32 bytes");
  Key key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, Bytes(private_key), private_key.size()));
  Require(key != nullptr, "reading an Ed25519 private key");
  return key;
}

}  // namespace

std::string Sha256(std::string_view bytes) {
  std::string digest(32, '\0');
  unsigned int size = 0;
  Require(EVP_Digest(bytes.data(), bytes.size(), Room(digest), &size, EVP_sha256(), nullptr) == 1, "SHA-256");
  return digest;
}

std::string RandomBytes(int count) {
  std::string bytes(count, '\0');
  Require(RAND_bytes(Room(bytes), count) == 1, "reading random bytes");
  return bytes;
}

KeyPair MakeKeyPair() {
  KeyPair pair;
  pair.private_key = RandomBytes(kKeySize);
  pair.public_key = PublicKeyOf(pair.private_key);
  return pair;
}

std::string PublicKeyOf(std::string_view private_key) {
  const Key key = PrivateKey(private_key);
  std::string public_key(kKeySize, '\0');
  size_t size = public_key.size();
  Require(EVP_PKEY_get_raw_public_key(key.get(), Room(public_key), &size) == 1, "deriving a public key");
  return public_key;
}

std::string Sign(std::string_view private_key, std::string_view message) {
  const Key key = PrivateKey(private_key);
  const DigestContext context(EVP_MD_CTX_new());
  Require(context != nullptr, "making a signing context");
  Require(EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1,
          "starting a signature");
  std::string signature(kSignatureSize, '\0');
  size_t size = signature.size();
  Require(EVP_DigestSign(context.get(), Room(signature), &size, Bytes(message), message.size()) == 1,
          "signing");
  return signature;
}

bool Verify(std::string_view public_key, std::string_view message, std::string_view signature) {
  if (public_key.size() != kKeySize || signature.size() != kSignatureSize) return false;
  const Key key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, Bytes(public_key), public_key.size()));
  if (key == nullptr) return false;
  const DigestContext context(EVP_MD_CTX_new());
  Require(context != nullptr, "making a verifying context");
  if (EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key.get()) != 1) return false;
  return EVP_DigestVerify(context.get(), Bytes(signature), signature.size(), Bytes(message),
                          message.size()) == 1;
}

}  // namespace gridwarden::crypto
