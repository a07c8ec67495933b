#include "platform/crypto/sealed.h"

#include "gtest/gtest.h"

namespace gridwarden::crypto {
namespace {

TEST(Sealed, OnlyThePassphraseOpensItAndNoByteMayChange) {
  const std::string secret = std::string("key\0bytes", 9);
  const auto sealed = SealByPassphrase("correct horse battery", secret);
  ASSERT_TRUE(sealed.ok()) << sealed.status();
  EXPECT_EQ(sealed->find("key"), std::string::npos);
  EXPECT_EQ(*OpenByPassphrase("correct horse battery", *sealed), secret);
  EXPECT_EQ(OpenByPassphrase("correct horse batterx", *sealed).status().code(), absl::StatusCode::kDataLoss);
  for (const size_t at : {size_t{3}, size_t{25}, size_t{40}, sealed->size() - 1}) {
    std::string changed = *sealed;
    changed[at] ^= 1;
    EXPECT_FALSE(OpenByPassphrase("correct horse battery", changed).ok()) << at;
  }
  EXPECT_FALSE(OpenByPassphrase("correct horse battery", "short").ok());
  // Twice the same gives two files.
  EXPECT_NE(*SealByPassphrase("correct horse battery", secret), *sealed);
}

}  // namespace
}  // namespace gridwarden::crypto
