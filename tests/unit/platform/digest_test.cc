#include "platform/crypto/digest.h"

#include <gtest/gtest.h>

#include "absl/strings/escaping.h"

namespace gridwarden::crypto {
namespace {

std::string Hex(const std::string& bytes) { return absl::BytesToHexString(bytes); }
std::string Bytes(const char* hex) { return absl::HexStringToBytes(hex); }

TEST(Sha256, MatchesTheStandardsVectors) {
  EXPECT_EQ(Hex(Sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(Hex(Sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

// RFC 8032, 7.1, TEST 1 and TEST 3.
TEST(Ed25519, MatchesTheStandardsVectors) {
  const std::string key = Bytes("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
  EXPECT_EQ(Hex(PublicKeyOf(key)), "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
  EXPECT_EQ(Hex(Sign(key, "")),
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
            "d25bf5f0595bbe24655141438e7a100b");
  const std::string third = Bytes("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7");
  EXPECT_EQ(Hex(Sign(third, Bytes("af82"))),
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659"
            "4a7c15e9716ed28dc027beceea1ec40a");
}

TEST(Ed25519, RefusesAnyChangedBit) {
  const KeyPair pair = MakeKeyPair();
  const std::string message = "size 7";
  const std::string signature = Sign(pair.private_key, message);
  EXPECT_TRUE(Verify(pair.public_key, message, signature));
  EXPECT_FALSE(Verify(pair.public_key, "size 8", signature));
  for (size_t i = 0; i < signature.size(); ++i) {
    std::string changed = signature;
    changed[i] ^= 1;
    EXPECT_FALSE(Verify(pair.public_key, message, changed));
  }
  EXPECT_FALSE(Verify(MakeKeyPair().public_key, message, signature));
  EXPECT_FALSE(Verify("short", message, signature));
  EXPECT_FALSE(Verify(pair.public_key, message, "short"));
}

TEST(RandomBytes, AreNotTheSameTwice) {
  EXPECT_EQ(RandomBytes(32).size(), 32u);
  EXPECT_NE(RandomBytes(32), RandomBytes(32));
}

}  // namespace
}  // namespace gridwarden::crypto
