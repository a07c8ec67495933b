#include "identity/attempt.h"

#include "gtest/gtest.h"

namespace gridwarden::identity {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'790'000'000);

absl::Duration WaitAfter(int failures, const AttemptLimits& limits) {
  Attempts attempts;
  for (int i = 0; i < failures; ++i) attempts = CountFailure(attempts, limits, kNow);
  return attempts.locked_until == absl::InfinitePast() ? absl::ZeroDuration() : attempts.locked_until - kNow;
}

TEST(Attempts, OfALoginAreFreeFourTimesThenWaitLongerAndLonger) {
  EXPECT_EQ(WaitAfter(4, kLoginLimits), absl::ZeroDuration());
  EXPECT_EQ(WaitAfter(5, kLoginLimits), absl::Minutes(1));
  EXPECT_EQ(WaitAfter(6, kLoginLimits), absl::Minutes(2));
  EXPECT_EQ(WaitAfter(7, kLoginLimits), absl::Minutes(4));
  EXPECT_EQ(WaitAfter(9, kLoginLimits), absl::Minutes(15));
  EXPECT_EQ(WaitAfter(5000, kLoginLimits), absl::Minutes(15));
}

TEST(Attempts, OfAnAddressAreFreeForAWholeOffice) {
  EXPECT_EQ(WaitAfter(49, kPeerLimits), absl::ZeroDuration());
  EXPECT_EQ(WaitAfter(50, kPeerLimits), absl::Seconds(30));
}

TEST(Attempts, AreForgottenAfterADay) {
  Attempts attempts;
  for (int i = 0; i < 8; ++i) attempts = CountFailure(attempts, kLoginLimits, kNow);
  EXPECT_EQ(CountFailure(attempts, kLoginLimits, kNow + absl::Hours(23)).failures, 9);
  attempts = CountFailure(attempts, kLoginLimits, kNow + absl::Hours(25));
  EXPECT_EQ(attempts.failures, 1);
  EXPECT_EQ(attempts.locked_until, absl::InfinitePast());
}

TEST(Attempts, AreKeptUnderADigestThatOnlyTheSecretGives) {
  const std::vector<AttemptKey> keys = AttemptKeys("secret", "zhangwei", "ipv4:10.0.0.7:5000");
  ASSERT_EQ(keys.size(), 2u);
  EXPECT_EQ(keys[0].digest.size(), 32u);
  EXPECT_NE(keys[0].digest, AttemptKeys("other", "zhangwei", "")[0].digest);
  EXPECT_EQ(keys[1].digest, AttemptKeys("secret", "lisi", "ipv4:10.0.0.7:6000")[1].digest);
  EXPECT_EQ(AttemptKeys("secret", "zhangwei", "unix:").size(), 1u);
}

TEST(AddressOf, DropsThePortAndKeepsTheNetworkOfIpv6) {
  EXPECT_EQ(AddressOf("ipv4:10.0.0.7:5000"), "10.0.0.7");
  EXPECT_EQ(AddressOf("10.0.0.7"), "10.0.0.7");
  EXPECT_EQ(AddressOf("10.0.0.7:80"), "10.0.0.7");
  EXPECT_EQ(AddressOf("ipv6:[2001:db8:1:2:3:4:5:6]:5000"), "20010db800010002::/64");
  EXPECT_EQ(AddressOf("2001:db8:1:2::9"), "20010db800010002::/64");
  EXPECT_EQ(AddressOf("[::ffff:10.0.0.7]:80"), "10.0.0.7");
  EXPECT_EQ(AddressOf("unix:/run/x"), "");
  EXPECT_EQ(AddressOf(""), "");
}

}  // namespace
}  // namespace gridwarden::identity
