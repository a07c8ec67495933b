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
  std::string changed = *sealed;
  changed.back() ^= 1;
  EXPECT_EQ(OpenByPassphrase("correct horse battery", changed).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_FALSE(OpenByPassphrase("correct horse battery", "short").ok());
}

}  // namespace
}  // namespace gridwarden::crypto
