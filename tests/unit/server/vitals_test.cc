#include "server/vitals.h"

#include <filesystem>
#include <fstream>

#include "base/status.h"
#include "gmock/gmock.h"
#include "gridwarden/type/v1/options.pb.h"
#include "gtest/gtest.h"

namespace gridwarden::server {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr uint64_t kGb = 1ull << 30;

TEST(Grade, AClockMayBeTwoSecondsOffAndIsRefusedFromAMinute) {
  EXPECT_EQ(GradeClock(absl::ZeroDuration()), Grade::kFine);
  EXPECT_EQ(GradeClock(absl::Seconds(2)), Grade::kFine);
  EXPECT_EQ(GradeClock(-absl::Milliseconds(2001)), Grade::kAlarm);
  EXPECT_EQ(GradeClock(absl::Seconds(60)), Grade::kAlarm);
  EXPECT_EQ(GradeClock(absl::Seconds(61)), Grade::kRefuse);
  EXPECT_EQ(GradeClock(-absl::Minutes(5)), Grade::kRefuse);
}

TEST(Grade, ADiskAlarmsBelowTenPercentAndRefusesBelowThreeOrItsReserve) {
  EXPECT_EQ(GradeDisk({50 * kGb, 100 * kGb}, kGb), Grade::kFine);
  EXPECT_EQ(GradeDisk({9 * kGb, 100 * kGb}, kGb), Grade::kAlarm);
  EXPECT_EQ(GradeDisk({2 * kGb, 100 * kGb}, kGb), Grade::kRefuse);
  EXPECT_EQ(GradeDisk({kGb - 1, 2 * kGb}, kGb), Grade::kRefuse);
  EXPECT_EQ(GradeDisk({kGb - 1, 2 * kGb}, 0), Grade::kFine);
}

TEST(Grade, ABackupOlderThanADayAndABitOrNoneAlarms) {
  EXPECT_EQ(GradeBackup(absl::Hours(25)), Grade::kFine);
  EXPECT_EQ(GradeBackup(absl::Hours(27)), Grade::kAlarm);
  EXPECT_EQ(GradeBackup(std::nullopt), Grade::kAlarm);
}

rpc::Method MethodOf(const std::string& name, int call_class) {
  rpc::Method method;
  method.name = name;
  method.call_class = call_class;
  return method;
}

// What is refused for want of room, by the reason.
std::string ReasonFor(const Vitals& vitals, const std::string& name, int call_class) {
  return ReasonOf(vitals.Allow(MethodOf(name, call_class)));
}

TEST(Vitals, AFullDiskTakesInFieldWorkOnly) {
  Vitals vitals({.data_dir = "/data", .space_of = [](const std::string&) {
                   return DiskSpace{kGb / 2, 100 * kGb};
                 }});
  EXPECT_EQ(ReasonFor(vitals, "x/FileCase", type::v1::DECISION), "");  // not yet looked at
  vitals.Look(nullptr);
  EXPECT_EQ(ReasonFor(vitals, "x/FileCase", type::v1::DECISION), "DISK_FULL");
  EXPECT_EQ(ReasonFor(vitals, "gridwarden.media.v1.MediaService/UploadMedia", type::v1::EVIDENCE),
            "DISK_FULL");
  EXPECT_EQ(ReasonFor(vitals, "gridwarden.grid.v1.GridService/ImportDivisions", type::v1::EXPORT),
            "DISK_FULL");
  EXPECT_EQ(ReasonFor(vitals, "x/SubmitVisit", type::v1::EVIDENCE), "");
  EXPECT_EQ(ReasonFor(vitals, "x/SignIn", type::v1::READ), "");
  EXPECT_EQ(ReasonFor(vitals, "x/ExportBoard", type::v1::EXPORT), "");
  EXPECT_THAT(vitals.NotReady(), IsEmpty());
  EXPECT_THAT(vitals.Notes(), ElementsAre(HasSubstr("disk: /data has 0.5 % free, 512 MB")));
}

TEST(Vitals, ADiskThatWasClearedIsFullNoLonger) {
  uint64_t free = kGb / 2;
  Vitals vitals({.data_dir = "/data", .slow_look = absl::ZeroDuration(), .space_of = [&](const std::string&) {
                   return DiskSpace{free, 100 * kGb};
                 }});
  vitals.Look(nullptr);
  EXPECT_EQ(ReasonFor(vitals, "x/FileCase", type::v1::DECISION), "DISK_FULL");
  free = 50 * kGb;
  vitals.Look(nullptr);
  EXPECT_EQ(ReasonFor(vitals, "x/FileCase", type::v1::DECISION), "");
  EXPECT_THAT(vitals.Notes(), IsEmpty());
}

TEST(Vitals, AFolderWithoutBackupsIsTold) {
  const std::string folder = ::testing::TempDir() + "/no-backups-here";
  std::filesystem::create_directories(folder);
  Vitals vitals({.backup_dir = folder});
  vitals.Look(nullptr);
  EXPECT_THAT(vitals.Notes(), ElementsAre(HasSubstr("backup: there is none in " + folder)));
}

TEST(SpaceOf, SaysNothingOfAFolderThatIsNotThere) {
  EXPECT_FALSE(SpaceOf("/no/such/folder").has_value());
  const auto space = SpaceOf(::testing::TempDir());
  ASSERT_TRUE(space.has_value());
  EXPECT_GT(space->total_bytes, space->free_bytes);
}

}  // namespace
}  // namespace gridwarden::server
