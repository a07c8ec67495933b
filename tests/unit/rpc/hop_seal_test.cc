#include "platform/rpc/hop_seal.h"

#include <string>

#include "gtest/gtest.h"

namespace gridwarden::rpc {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'790'000'000);
constexpr char kSecret[] = "0123456789abcdef0123456789abcdef";

Envelope SystemCall() {
  Envelope envelope{.method = "a.B/C", .body = "body", .deadline = kNow + absl::Seconds(5), .system = true};
  envelope.peer = "10.0.0.7:1234";
  return envelope;
}

TEST(HopSeal, ProvesWhatTheSenderClaims) {
  const auto hop = OpenHop(kSecret, SealHop(kSecret, SystemCall()), "a.B/C", "body", kNow);
  ASSERT_TRUE(hop.has_value());
  EXPECT_TRUE(hop->system);
  EXPECT_EQ(hop->peer, "10.0.0.7:1234");
}

TEST(HopSeal, ProvesNothingForAnotherMethodBodySecretOrTime) {
  const std::string value = SealHop(kSecret, SystemCall());
  EXPECT_FALSE(OpenHop(kSecret, value, "a.B/D", "body", kNow));
  EXPECT_FALSE(OpenHop(kSecret, value, "a.B/C", "other", kNow));
  EXPECT_FALSE(OpenHop("another secret", value, "a.B/C", "body", kNow));
  EXPECT_FALSE(OpenHop(kSecret, value, "a.B/C", "body", kNow + absl::Seconds(6)));
  EXPECT_FALSE(OpenHop(kSecret, value, "a.B/C", "body", kNow - absl::Hours(2)));
}

TEST(HopSeal, CannotBeTurnedFromAUserIntoTheSystem) {
  Envelope user = SystemCall();
  user.system = false;
  std::string value = SealHop(kSecret, user);
  EXPECT_FALSE(OpenHop(kSecret, value, "a.B/C", "body", kNow)->system);
  value[value.find(".u.") + 1] = 's';
  EXPECT_FALSE(OpenHop(kSecret, value, "a.B/C", "body", kNow));
}

TEST(HopSeal, WithoutASecretNobodyIsProven) {
  EXPECT_EQ(SealHop("", SystemCall()), "");
  EXPECT_FALSE(OpenHop("", SealHop(kSecret, SystemCall()), "a.B/C", "body", kNow));
  EXPECT_FALSE(OpenHop(kSecret, "", "a.B/C", "body", kNow));
  EXPECT_FALSE(OpenHop(kSecret, "x.y.z", "a.B/C", "body", kNow));
  EXPECT_FALSE(OpenHop(kSecret, "....", "a.B/C", "body", kNow));
}

}  // namespace
}  // namespace gridwarden::rpc
