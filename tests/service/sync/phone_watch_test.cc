#include "sync/phone_watch.h"
#include "platform/runtime/instruments.h"
#include "service/sync/sync_world.h"

// What operators see of phones.
namespace gridwarden::sync {
namespace {

using domain::PostKind;
using testing::City;
using testing::Phone;

class PhoneWatchTest : public testing::SyncTest {
 protected:
  Phone NewPhone() { return Phone(server, City().PersonIn(PostKind::kPatrolOfficer, village)); }
  static double Shown(const char* number) { return Gauge(number, "").value(); }
};

TEST_F(PhoneWatchTest, ShowsWhatIsStillOnPhonesAndWhatNeverCame) {
  PhoneWatch watch(*testing::SharedDatabase(), server.clock());
  ASSERT_TRUE(watch.Look().ok());
  EXPECT_EQ(Shown("gridwarden_sync_pending_operations"), 0);
  EXPECT_EQ(Shown("gridwarden_sync_pending_silent_seconds"), 0);

  Phone phone = NewPhone(), lost = NewPhone();
  phone.Begin();
  lost.Begin();
  phone.seq = 2;
  phone.last_hash = std::string(64, 'a');
  ASSERT_EQ(phone.PushOne(phone.Visit(VisitOf(NewTask()))).verdict(), v1::ACCEPTED);
  for (const Phone* each : {&phone, &lost}) {
    v1::PushRequest request;
    request.set_device(each->name);
    request.set_pending_operations(7);
    request.set_pending_photos(3);
    ASSERT_TRUE(Call<v1::PushResponse>(each->token, "sync.v1.SyncService/Push", request).ok());
  }
  Ask("UPDATE device SET revoked_us = 1 WHERE device_id = UNHEX('" + absl::BytesToHexString(lost.id.Bytes()) +
      "')");
  server.clock().Advance(absl::Hours(5));
  ASSERT_TRUE(watch.Look().ok());
  EXPECT_EQ(Shown("gridwarden_sync_pending_operations"), 7) << "of phones in use";
  EXPECT_EQ(Shown("gridwarden_sync_pending_photos"), 3);
  EXPECT_EQ(Shown("gridwarden_sync_pending_silent_seconds"), 5 * 3600);
  EXPECT_EQ(Shown("gridwarden_sync_missing_operations"), 2);
}

}  // namespace
}  // namespace gridwarden::sync
