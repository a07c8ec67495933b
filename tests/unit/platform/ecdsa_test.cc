#include "platform/crypto/ecdsa.h"

#include <gtest/gtest.h>

#include "absl/strings/escaping.h"

namespace gridwarden::crypto {
namespace {

TEST(Ecdsa, VerifiesWhatItsKeySigned) {
  const EcdsaKeyPair key = MakeEcdsaKeyPair();
  EXPECT_TRUE(IsEcdsaPublicKey(key.public_key));
  const std::string signature = EcdsaSign(key, "message");
  EXPECT_EQ(signature.size(), kEcdsaSignatureSize);
  EXPECT_TRUE(EcdsaVerify(key.public_key, "message", signature));
  EXPECT_FALSE(EcdsaVerify(key.public_key, "massage", signature));
  EXPECT_FALSE(EcdsaVerify(MakeEcdsaKeyPair().public_key, "message", signature));
  for (size_t i = 0; i < signature.size(); ++i) {
    std::string changed = signature;
    changed[i] ^= 1;
    EXPECT_FALSE(EcdsaVerify(key.public_key, "message", changed)) << i;
  }
}

// RFC 6979, A.2.5: P-256 with SHA-256, message "sample".
TEST(Ecdsa, VerifiesThePublishedVector) {
  const std::string key = absl::HexStringToBytes(
      "0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
      "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299");
  const std::string signature = absl::HexStringToBytes(
      "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
      "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8");
  EXPECT_TRUE(EcdsaVerify(key, "sample", signature));
  EXPECT_FALSE(EcdsaVerify(key, "test", signature));
}

TEST(Ecdsa, RefusesWhatIsNoKeyOrSignature) {
  const EcdsaKeyPair key = MakeEcdsaKeyPair();
  EXPECT_FALSE(IsEcdsaPublicKey(""));
  EXPECT_FALSE(IsEcdsaPublicKey(std::string(65, '\x04')));
  EXPECT_FALSE(IsEcdsaPublicKey(key.public_key.substr(0, 64)));
  std::string compressed = key.public_key;
  compressed[0] = 2;
  EXPECT_FALSE(IsEcdsaPublicKey(compressed));
  EXPECT_FALSE(EcdsaVerify(key.public_key, "message", ""));
  EXPECT_FALSE(EcdsaVerify(key.public_key, "message", std::string(64, '\0')));
  EXPECT_FALSE(EcdsaVerify(key.public_key, "message", std::string(64, '\xff')));
}

}  // namespace
}  // namespace gridwarden::crypto
