#include "platform/crypto/ecdsa.h"

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/param_build.h>

#include "platform/crypto/openssl.h"

namespace gridwarden::crypto {
namespace {

using KeyContext = std::unique_ptr<EVP_PKEY_CTX, Freed<EVP_PKEY_CTX_free>>;
using Signature = std::unique_ptr<ECDSA_SIG, Freed<ECDSA_SIG_free>>;
using Builder = std::unique_ptr<OSSL_PARAM_BLD, Freed<OSSL_PARAM_BLD_free>>;
using Params = std::unique_ptr<OSSL_PARAM, Freed<OSSL_PARAM_free>>;

constexpr int kNumberSize = 32;

// Null when the bytes are no point of the curve.
Key ReadKey(std::string_view public_key, std::string_view private_key) {
  if (public_key.size() != kEcdsaPublicKeySize || public_key[0] != 4) return nullptr;
  const Builder builder(OSSL_PARAM_BLD_new());
  const Number number(private_key.empty()
                          ? nullptr
                          : BN_bin2bn(Bytes(private_key), static_cast<int>(private_key.size()), nullptr));
  Require(builder != nullptr &&
              OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, kP256, 0) == 1 &&
              OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, public_key.data(),
                                               public_key.size()) == 1 &&
              (number == nullptr ||
               OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_PRIV_KEY, number.get()) == 1),
          "describing a key");
  const Params params(OSSL_PARAM_BLD_to_param(builder.get()));
  const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
  Require(params != nullptr && context != nullptr && EVP_PKEY_fromdata_init(context.get()) == 1,
          "making a key context");
  EVP_PKEY* key = nullptr;
  const int selection = private_key.empty() ? EVP_PKEY_PUBLIC_KEY : EVP_PKEY_KEYPAIR;
  if (EVP_PKEY_fromdata(context.get(), &key, selection, params.get()) != 1) return nullptr;
  return Key(key);
}

}  // namespace

bool IsEcdsaPublicKey(std::string_view public_key) { return ReadKey(public_key, "") != nullptr; }

bool EcdsaVerify(std::string_view public_key, std::string_view message, std::string_view signature) {
  if (signature.size() != kEcdsaSignatureSize) return false;
  const Key key = ReadKey(public_key, "");
  if (key == nullptr) return false;
  Number r(BN_bin2bn(Bytes(signature), kNumberSize, nullptr));
  Number s(BN_bin2bn(Bytes(signature.substr(kNumberSize)), kNumberSize, nullptr));
  const Signature pair(ECDSA_SIG_new());
  Require(r != nullptr && s != nullptr && pair != nullptr, "reading a signature");
  Require(ECDSA_SIG_set0(pair.get(), r.release(), s.release()) == 1, "reading a signature");
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(pair.get(), &der);
  Require(size > 0, "writing a signature");
  const DigestContext context(EVP_MD_CTX_new());
  Require(context != nullptr, "making a verifying context");
  const bool good =
      EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) == 1 &&
      EVP_DigestVerify(context.get(), der, static_cast<size_t>(size), Bytes(message), message.size()) == 1;
  OPENSSL_free(der);
  return good;
}

EcdsaKeyPair MakeEcdsaKeyPair() {
  const Key key = NewP256Key();
  Require(key != nullptr, "making a key");
  EcdsaKeyPair pair;
  pair.public_key.resize(kEcdsaPublicKeySize);
  size_t size = 0;
  Require(EVP_PKEY_get_octet_string_param(key.get(), OSSL_PKEY_PARAM_PUB_KEY,
                                          reinterpret_cast<unsigned char*>(pair.public_key.data()),
                                          pair.public_key.size(), &size) == 1 &&
              size == kEcdsaPublicKeySize,
          "reading a public key");
  BIGNUM* number = nullptr;
  Require(EVP_PKEY_get_bn_param(key.get(), OSSL_PKEY_PARAM_PRIV_KEY, &number) == 1, "reading a private key");
  const Number owned(number);
  pair.private_key.resize(kNumberSize);
  Require(BN_bn2binpad(number, reinterpret_cast<unsigned char*>(pair.private_key.data()), kNumberSize) ==
              kNumberSize,
          "writing a private key");
  return pair;
}

std::string EcdsaSign(const EcdsaKeyPair& pair, std::string_view message) {
  const Key key = ReadKey(pair.public_key, pair.private_key);
  Require(key != nullptr, "reading a private key");
  const DigestContext context(EVP_MD_CTX_new());
  size_t size = 0;
  Require(context != nullptr &&
              EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) == 1 &&
              EVP_DigestSign(context.get(), nullptr, &size, Bytes(message), message.size()) == 1,
          "starting a signature");
  std::string der(size, '\0');
  Require(EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(der.data()), &size, Bytes(message),
                         message.size()) == 1,
          "signing");
  const unsigned char* at = Bytes(der);
  const Signature read(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(size)));
  Require(read != nullptr, "reading a signature");
  std::string signature(kEcdsaSignatureSize, '\0');
  auto* out = reinterpret_cast<unsigned char*>(signature.data());
  Require(BN_bn2binpad(ECDSA_SIG_get0_r(read.get()), out, kNumberSize) == kNumberSize &&
              BN_bn2binpad(ECDSA_SIG_get0_s(read.get()), out + kNumberSize, kNumberSize) == kNumberSize,
          "writing a signature");
  return signature;
}

}  // namespace gridwarden::crypto
