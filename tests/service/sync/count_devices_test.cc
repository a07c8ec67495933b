#include "google/protobuf/util/time_util.h"
#include "service/sync/pull_world.h"

// What a board of some time may not know yet.
namespace gridwarden::sync {
namespace {

using domain::PostKind;

class CountDevicesTest : public ::testing::Test {
 protected:
  CountDevicesTest() {
    testing::SharedDatabase().Clear();
    world.clock().Set(absl::FromUnixSeconds(1'780'000'000));
  }
  absl::StatusOr<v1::DeviceCounts> Count(const std::string& token, const std::string& division,
                                         std::optional<absl::Time> since = std::nullopt) {
    v1::CountDevicesRequest request;
    request.set_division(division);
    if (since) {
      *request.mutable_since() =
          google::protobuf::util::TimeUtil::MicrosecondsToTimestamp(absl::ToUnixMicros(*since));
    }
    return world.server().Call<v1::DeviceCounts>(token, "gridwarden.sync.v1.DeviceService/CountDevices",
                                                 request);
  }
  static std::string Token(PostKind kind, const Uuid& division) { return City().TokenOf(kind, division); }

  PullWorld world;
  const Uuid village = City().villages[0][0][0];
  const std::string township = ResourceName("divisions", City().townships[0][0]);
  const std::string leader = Token(PostKind::kGridLeader, City().townships[0][0]);
};

TEST_F(CountDevicesTest, PhonesOfWhoeverHoldsAPostThereAreCountedByWhenTheySynced) {
  ModelPhone first(world, Token(PostKind::kGridOfficer, village));
  ModelPhone second(world, Token(PostKind::kPatrolOfficer, village));
  ModelPhone of_leader(world, leader);
  ModelPhone elsewhere(world, Token(PostKind::kGridOfficer, City().villages[1][0][0]));
  ModelPhone retired(world, Token(PostKind::kGridLeader, village));
  testing::SharedDatabase().Exec(
      absl::StrCat("UPDATE device SET revoked_us = 1 WHERE device_id = UNHEX(REPLACE('",
                   retired.device().substr(8), "', '-', ''))"));
  ASSERT_TRUE(first.Pull().ok());
  ASSERT_TRUE(elsewhere.Pull().ok());
  const absl::Time synced = world.clock().Now();
  testing::SharedDatabase().Exec("UPDATE device SET pending_operations = 3 WHERE synced_us IS NULL");

  world.clock().Advance(absl::Minutes(30));
  const auto now = Count(leader, township);
  ASSERT_TRUE(now.ok()) << now.status();
  EXPECT_EQ(now->devices(), 3);
  EXPECT_EQ(now->not_synced(), 2);  // never
  EXPECT_EQ(now->with_pending(), 2);
  EXPECT_EQ(google::protobuf::util::TimeUtil::TimestampToMicroseconds(now->since()),
            absl::ToUnixMicros(world.clock().Now() - absl::Hours(1)));
  EXPECT_EQ(google::protobuf::util::TimeUtil::TimestampToMicroseconds(now->oldest_sync_time()),
            absl::ToUnixMicros(synced));
  EXPECT_EQ(Count(leader, township, synced + absl::Seconds(1))->not_synced(), 3);
  EXPECT_EQ(
      Count(Token(PostKind::kCampaignOffice, City().city), ResourceName("divisions", City().city))->devices(),
      4);
  EXPECT_EQ(Count(leader, ResourceName("divisions", City().villages[0][0][2]))->devices(), 0);
}

TEST_F(CountDevicesTest, OnlyStaffInScopeMayAsk) {
  EXPECT_EQ(ReasonOf(Count(leader, "").status()), "REQUIRED_FIELD_MISSING");
  EXPECT_EQ(ReasonOf(Count(leader, "divisions/nowhere").status()), "DIVISION_CODE_UNKNOWN");
  EXPECT_EQ(Count("", township).status().code(), absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(Count(leader, ResourceName("divisions", City().counties[0])).status().code(),
            absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(Count(Token(PostKind::kGridLeader, City().townships[0][1]), township).status().code(),
            absl::StatusCode::kPermissionDenied);
  EXPECT_TRUE(Count(City().AdministratorToken(), township).ok());
  EXPECT_TRUE(Count(Token(PostKind::kDiscipline, City().city), township).ok());
}

}  // namespace
}  // namespace gridwarden::sync
