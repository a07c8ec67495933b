#include "platform/crypto/digest_stream.h"

#include <openssl/evp.h>

#include <cstdio>
#include <cstdlib>

namespace gridwarden::crypto {
namespace {

void Require(bool done) {
  if (done) return;
  std::fprintf(stderr, "crypto: SHA-256 does not work\n");
  std::abort();
}

}  // namespace

struct Sha256Stream::State {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  ~State() { EVP_MD_CTX_free(context); }
};

Sha256Stream::Sha256Stream() : state_(std::make_unique<State>()) {
  Require(state_->context != nullptr && EVP_DigestInit_ex(state_->context, EVP_sha256(), nullptr) == 1);
}

Sha256Stream::~Sha256Stream() = default;

void Sha256Stream::Add(std::string_view bytes) {
  Require(EVP_DigestUpdate(state_->context, bytes.data(), bytes.size()) == 1);
}

std::string Sha256Stream::Finish() {
  std::string digest(32, '\0');
  Require(EVP_DigestFinal_ex(state_->context, reinterpret_cast<unsigned char*>(digest.data()), nullptr) == 1);
  return digest;
}

}  // namespace gridwarden::crypto
