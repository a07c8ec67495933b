#include "server/vitals.h"

#include <sys/statvfs.h>

#include <algorithm>
#include <cmath>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "base/status.h"
#include "gridwarden/type/v1/options.pb.h"
#include "platform/runtime/log.h"
#include "server/backup/backup_files.h"

namespace gridwarden::server {
namespace {

constexpr absl::Duration kClockAlarm = absl::Seconds(2);
constexpr absl::Duration kClockRefuse = absl::Seconds(60);
constexpr double kDiskAlarm = 0.10;
constexpr double kDiskRefuse = 0.03;
constexpr absl::Duration kBackupAlarm = absl::Hours(26);
constexpr absl::Duration kTimeout = absl::Seconds(5);
constexpr std::string_view kUpload = "gridwarden.media.v1.MediaService/UploadMedia";

constexpr std::string_view kDatabaseClock = "SELECT CAST(UNIX_TIMESTAMP(NOW(6)) * 1000000 AS SIGNED)";
constexpr std::string_view kDatabaseDir = "SELECT @@GLOBAL.datadir";

// Ours minus the database's, as good as half a round trip.
std::optional<absl::Duration> MeasureClock(db::Database& database) {
  absl::Time asked;
  absl::Time answered;
  int64_t theirs = 0;
  const absl::Status read =
      database.Run({.deadline = absl::Now() + kTimeout}, [&](db::Transaction& tx) -> absl::Status {
        asked = absl::Now();
        GW_ASSIGN_OR_RETURN(const auto now,
                            tx.QueryOne(kDatabaseClock, [](const db::Row& row) { return row.Int(0); }));
        answered = absl::Now();
        theirs = now.value_or(0);
        return absl::OkStatus();
      });
  if (!read.ok()) return std::nullopt;
  const absl::Duration trip = answered - asked;
  // Within the trip both may be right.
  const absl::Duration offset = asked + trip / 2 - absl::FromUnixMicros(theirs);
  return absl::AbsDuration(offset) <= trip / 2 ? absl::ZeroDuration() : offset;
}

std::string ReadDatabaseDir(db::Database& database) {
  std::string path;
  (void)database.Run({.deadline = absl::Now() + kTimeout}, [&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(const auto found,
                        tx.QueryOne(kDatabaseDir, [](const db::Row& row) { return row.Text(0); }));
    path = found.value_or("");
    return absl::OkStatus();
  });
  return path;
}

std::string ClockWords(absl::Duration offset) {
  const double seconds = absl::ToDoubleSeconds(offset);
  return absl::StrFormat(
      "clock: this machine's clock is %.1f s %s the database's, want less than 2 s; set both by time servers "
      "(本机时钟比数据库%s %.1f 秒，请校时)",
      std::abs(seconds), seconds > 0 ? "ahead of" : "behind", seconds > 0 ? "快" : "慢", std::abs(seconds));
}

std::string DiskWords(const std::string& path, const DiskSpace& space, Grade grade) {
  const char* what = grade == Grade::kRefuse
                         ? "uploads, imports and decisions are refused, field work is taken in "
                           "(磁盘将满：暂停接收照片、导入和处理意见，巡查上报照常)"
                         : "want 10 % or more (磁盘空间不足，请清理或扩容)";
  return absl::StrFormat("disk: %s has %.1f %% free, %d MB; %s", path, 100 * space.ratio(),
                         space.free_bytes >> 20, what);
}

}  // namespace

std::optional<DiskSpace> SpaceOf(const std::string& path) {
  struct statvfs space {};
  if (statvfs(path.c_str(), &space) != 0 || space.f_blocks == 0) return std::nullopt;
  return DiskSpace{static_cast<uint64_t>(space.f_bavail) * space.f_frsize,
                   static_cast<uint64_t>(space.f_blocks) * space.f_frsize};
}

Grade GradeClock(absl::Duration offset) {
  const absl::Duration off = absl::AbsDuration(offset);
  if (off > kClockRefuse) return Grade::kRefuse;
  return off > kClockAlarm ? Grade::kAlarm : Grade::kFine;
}

Grade GradeDisk(const DiskSpace& space, uint64_t reserve) {
  if (space.ratio() < kDiskRefuse || space.free_bytes < reserve) return Grade::kRefuse;
  return space.ratio() < kDiskAlarm ? Grade::kAlarm : Grade::kFine;
}

Grade GradeBackup(std::optional<absl::Duration> age) {
  return !age || *age > kBackupAlarm ? Grade::kAlarm : Grade::kFine;
}

void Vitals::Look(db::Database* database) {
  const absl::Time now = absl::Now();
  std::optional<absl::Duration> offset;
  if (database != nullptr) offset = MeasureClock(*database);
  std::string database_dir;
  bool slow = false;
  {
    const std::lock_guard lock(mutex_);
    // A clock that cannot be asked now is as it was.
    if (offset) clock_offset_ = offset;
    slow = now - slow_look_ >= options_.slow_look;
    if (slow) slow_look_ = now;
    if (!slow) return;
    database_dir = database_dir_;
  }
  if (database != nullptr && database_dir.empty()) database_dir = ReadDatabaseDir(*database);
  std::vector<Disk> disks;
  for (const std::string& path : {options_.data_dir, database_dir}) {
    if (path.empty()) continue;
    if (const auto space = options_.space_of(path)) disks.push_back({path, *space});
  }
  std::optional<absl::Time> last_backup;
  if (!options_.backup_dir.empty()) last_backup = LastBackedUp(options_.backup_dir);
  const std::lock_guard lock(mutex_);
  database_dir_ = database_dir;
  disks_ = std::move(disks);
  last_backup_ = last_backup;
}

std::vector<std::string> Vitals::NotReady() const {
  const std::lock_guard lock(mutex_);
  if (!clock_offset_ || GradeClock(*clock_offset_) != Grade::kRefuse) return {};
  return {ClockWords(*clock_offset_)};
}

std::vector<std::string> Vitals::Notes() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> notes;
  if (clock_offset_ && GradeClock(*clock_offset_) == Grade::kAlarm)
    notes.push_back(ClockWords(*clock_offset_));
  for (const Disk& disk : disks_) {
    const Grade grade = GradeDisk(disk.space, options_.disk_reserve);
    if (grade != Grade::kFine) notes.push_back(DiskWords(disk.path, disk.space, grade));
  }
  if (!options_.backup_dir.empty()) {
    std::optional<absl::Duration> age;
    if (last_backup_) age = absl::Now() - *last_backup_;
    if (GradeBackup(age) != Grade::kFine) {
      notes.push_back(absl::StrCat(
          "backup: ",
          age ? absl::StrFormat("the newest is %.0f hours old", absl::ToDoubleHours(*age)) : "there is none",
          " in ", options_.backup_dir, ", want one a day (备份过旧或没有备份)"));
    }
  }
  return notes;
}

absl::Status Vitals::Allow(const rpc::Method& method) const {
  const bool fills = method.call_class == type::v1::DECISION || method.name == kUpload ||
                     absl::StrContains(method.name, "/Import");
  if (!fills) return absl::OkStatus();
  const std::lock_guard lock(mutex_);
  const bool full = std::any_of(disks_.begin(), disks_.end(), [&](const Disk& disk) {
    return GradeDisk(disk.space, options_.disk_reserve) == Grade::kRefuse;
  });
  if (!full) return absl::OkStatus();
  return Unavailable("DISK_FULL", "the server's disk is nearly full: only field work is taken in",
                     absl::Seconds(60));
}

void Vitals::AddTo(Metrics& metrics) const {
  metrics.AddGauge("gridwarden_clock_offset_seconds", "This machine's clock minus the database's.", [this] {
    const std::lock_guard lock(mutex_);
    return clock_offset_ ? absl::ToDoubleSeconds(*clock_offset_) : 0;
  });
  metrics.AddGauge("gridwarden_disk_free_ratio",
                   "Free part of the fullest disk: data folder, database if local.", [this] {
                     const std::lock_guard lock(mutex_);
                     double least = 1;
                     for (const Disk& disk : disks_) least = std::min(least, disk.space.ratio());
                     return least;
                   });
  if (options_.backup_dir.empty()) return;
  metrics.AddGauge("gridwarden_backup_age_seconds", "Since the newest backup; infinite when there is none.",
                   [this] {
                     const std::lock_guard lock(mutex_);
                     return last_backup_ ? absl::ToDoubleSeconds(absl::Now() - *last_backup_) : HUGE_VAL;
                   });
}

}  // namespace gridwarden::server
