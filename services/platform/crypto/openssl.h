#pragma once

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string_view>

// OpenSSL's objects with the functions that free them, for .cc files of services/platform.
namespace gridwarden::crypto {

template <auto Free>
struct Freed {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, Freed<EVP_MD_CTX_free>>;
using Number = std::unique_ptr<BIGNUM, Freed<BN_free>>;

inline constexpr char kP256[] = "prime256v1";

// A new key pair on P-256, of devices and certificates; null when OpenSSL could not make one.
inline Key NewP256Key() { return Key(EVP_EC_gen(kP256)); }

// For calls that OpenSSL refuses only when it is out of memory or broken; going on would sign or hash
// nothing.
inline void Require(bool ok, const char* what) {
  if (ok) return;
  std::fprintf(stderr, "crypto: %s failed\n", what);
  std::abort();
}

inline const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace gridwarden::crypto
