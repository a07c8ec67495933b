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

TEST(HopSeal, ProvesTheOperationThatIsReplayedAndNoOther) {
  Envelope envelope = SystemCall();
  envelope.system = false;
  envelope.operation = DeviceOperation{
      .device = Uuid::Make(kNow), .digest = std::string(32, 'd'), .signature = std::string(64, 's')};
  const std::string value = SealHop(kSecret, envelope);
  const auto hop = OpenHop(kSecret, value, "a.B/C", "body", kNow);
  ASSERT_TRUE(hop && hop->operation);
  EXPECT_EQ(hop->operation->device, envelope.operation->device);
  EXPECT_EQ(hop->operation->digest, envelope.operation->digest);
  EXPECT_EQ(hop->operation->signature, envelope.operation->signature);

  DeviceOperation other = *envelope.operation;
  other.digest[0] = 'x';
  std::string forged = value;
  forged.replace(forged.find(envelope.operation->Encode()), other.Encode().size(), other.Encode());
  EXPECT_FALSE(OpenHop(kSecret, forged, "a.B/C", "body", kNow));
}

TEST(HopSeal, ProvesWhenItWasDoneWhereThatDecidesAndNoOtherTime) {
  Envelope envelope = SystemCall();
  envelope.operation = DeviceOperation{
      .device = Uuid::Make(kNow), .digest = std::string(32, 'd'), .signature = std::string(64, 's')};
  const std::string without = envelope.operation->Encode();
  EXPECT_FALSE(DeviceOperation::Decode(without)->done);
  envelope.operation->done = {kNow - absl::Hours(3), kNow - absl::Microseconds(1)};
  const std::string value = SealHop(kSecret, envelope);
  const auto hop = OpenHop(kSecret, value, "a.B/C", "body", kNow);
  ASSERT_TRUE(hop && hop->operation && hop->operation->done);
  EXPECT_EQ(hop->operation->done->earliest, kNow - absl::Hours(3));
  EXPECT_EQ(hop->operation->done->latest, kNow - absl::Microseconds(1));
  EXPECT_EQ(hop->operation->signature, envelope.operation->signature);

  std::string forged = value;
  forged.replace(forged.find(envelope.operation->Encode()), envelope.operation->Encode().size(), without);
  EXPECT_FALSE(OpenHop(kSecret, forged, "a.B/C", "body", kNow));
}

TEST(HopSeal, AnOperationInAnotherFormIsNone) {
  EXPECT_FALSE(DeviceOperation::Decode(""));
  const DeviceOperation cut{
      .device = Uuid::Make(kNow), .digest = std::string(32, 'd'), .signature = std::string(64 + 8, 's')};
  EXPECT_FALSE(DeviceOperation::Decode(cut.Encode())) << "half an interval";
  EXPECT_FALSE(DeviceOperation::Decode("AAAA"));
  EXPECT_FALSE(DeviceOperation::Decode("not base64 !"));
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
