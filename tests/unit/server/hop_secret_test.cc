#include "server/hop_secret.h"

#include "gtest/gtest.h"

namespace gridwarden::server {
namespace {

constexpr uid_t kUs = 65532;
constexpr uid_t kRoot = 0;

TEST(HopSecret, OfOurOwnIsReadByNobodyElse) {
  EXPECT_TRUE(KeepsSecret(kUs, 0100600, kUs));
  EXPECT_TRUE(KeepsSecret(kUs, 0100400, kUs));
  EXPECT_FALSE(KeepsSecret(kUs, 0100640, kUs));
  EXPECT_FALSE(KeepsSecret(kUs, 0100604, kUs));
}

TEST(HopSecret, MountedForUsIsOfRootAndGivenByTheGroup) {
  EXPECT_TRUE(KeepsSecret(kRoot, 0100440, kUs));
  EXPECT_TRUE(KeepsSecret(kRoot, 0100640, kUs));
  EXPECT_FALSE(KeepsSecret(kRoot, 0100660, kUs)) << "the group could replace it";
  EXPECT_FALSE(KeepsSecret(kRoot, 0100444, kUs));
}

}  // namespace
}  // namespace gridwarden::server
