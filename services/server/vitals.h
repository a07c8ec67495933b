#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "platform/db/database.h"
#include "platform/rpc/registry.h"
#include "platform/runtime/metrics.h"

// What an operator may have set wrongly or let run out, and no client can help: the clock, the disk, the
// backup.
namespace gridwarden::server {

struct DiskSpace {
  uint64_t free_bytes = 0;
  uint64_t total_bytes = 0;
  double ratio() const {
    return total_bytes == 0 ? 0 : static_cast<double>(free_bytes) / static_cast<double>(total_bytes);
  }
};

// None when it cannot be looked at: another machine's, or not ours to see.
std::optional<DiskSpace> SpaceOf(const std::string& path);

enum class Grade { kFine, kAlarm, kRefuse };

// Our clock against the database's, by which leases run and which other processes share: an alarm from 2 s,
// not ready from 60 s.
Grade GradeClock(absl::Duration offset);
// An alarm below 10 %; below 3 % or `reserve` bytes only field work is still taken in.
Grade GradeDisk(const DiskSpace& space, uint64_t reserve);
// An alarm when the newest backup is older than a day and a bit, or there is none.
Grade GradeBackup(std::optional<absl::Duration> age);

struct VitalsOptions {
  std::string data_dir;
  std::string backup_dir;  // "" = nobody told us where backups are
  uint64_t disk_reserve = 1ull << 30;
  absl::Duration slow_look = absl::Seconds(5);  // disks and backups change slowly; looking is not free
  std::function<std::optional<DiskSpace>(const std::string&)> space_of = SpaceOf;
};

class Vitals {
 public:
  explicit Vitals(VitalsOptions options) : options_(std::move(options)) {}

  // Looks again; a process without a database looks at its disk and backups only. Called about once a second.
  void Look(db::Database* database);

  // Why this process must not serve; English and Chinese, for operators.
  std::vector<std::string> NotReady() const;
  // What should be put right soon.
  std::vector<std::string> Notes() const;

  // UNAVAILABLE / DISK_FULL for what would fill the disk's last part, by class of call (options.proto):
  // uploads, imports and decisions. Field work, sign-in and reads go on.
  absl::Status Allow(const rpc::Method& method) const;

  void AddTo(Metrics& metrics) const;

 private:
  struct Disk {
    std::string path;
    DiskSpace space;
  };

  const VitalsOptions options_;
  mutable std::mutex mutex_;  // guards what follows
  std::optional<absl::Duration> clock_offset_;
  std::string database_dir_;
  std::vector<Disk> disks_;
  std::optional<absl::Time> last_backup_;
  absl::Time slow_look_ = absl::InfinitePast();
};

}  // namespace gridwarden::server
