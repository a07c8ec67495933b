#include "sync/gap_worker.h"

#include <chrono>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "base/status.h"
#include "platform/rpc/call.h"
#include "platform/runtime/instruments.h"
#include "platform/runtime/log.h"
#include "sync/device_journal.h"
#include "sync/device_repository.h"

namespace gridwarden::sync {
namespace {

constexpr char kPart[] = "sync.gaps";
constexpr std::chrono::seconds kPoll{60};
constexpr absl::Duration kStepTimeout = absl::Seconds(30);
constexpr absl::Duration kPatience = absl::Hours(72);
constexpr int kAtOnce = 100;

struct Due {
  Uuid device;
  int64_t from_seq;
};

absl::Status Enter(const Sync& sync, const rpc::Call& call, const Due& due) {
  constexpr std::string_view kRead =
      "SELECT to_seq FROM device_gap WHERE device = ? AND from_seq = ? AND entered_us IS NULL";
  // Unlocked: the device's row is (LockDevice).
  constexpr std::string_view kSave =
      "UPDATE device_gap SET entered_us = ? WHERE device = ? AND from_seq = ? AND entered_us IS NULL";
  return sync.database.Run({.deadline = call.deadline}, [&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(DeviceRow device, LockDevice(tx, due.device));
    // It may have come meanwhile, or another worker was faster.
    GW_ASSIGN_OR_RETURN(const auto to_seq,
                        tx.QueryOne(
                            kRead, [](const db::Row& row) { return row.Int(0); }, due.device, due.from_seq));
    if (!to_seq) return absl::OkStatus();
    GW_RETURN_IF_ERROR(tx.Exec(kSave, call.now, due.device, due.from_seq).status());
    v1::DeviceEvent event;
    event.set_kind(v1::DeviceEvent::GAP);
    event.set_account(device.account.Bytes());
    event.set_seq(due.from_seq);
    event.set_to_seq(*to_seq);
    return RecordDevice(tx, call, event, "", device);
  });
}

}  // namespace

GapWorker::~GapWorker() { Stop(); }

void GapWorker::Start() {
  const std::lock_guard lock(mutex_);
  if (thread_.joinable()) return;
  stopping_ = false;
  thread_ = std::thread([this] { Loop(); });
}

void GapWorker::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    wake_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

void GapWorker::Loop() {
  absl::Status before;
  while (true) {
    const absl::StatusOr<int> entered = RunOnce(sync_->clock.Now(), absl::Now() + kStepTimeout);
    if (entered.status() != before) {
      if (!entered.ok()) Log(LogLevel::kWarning, "gaps_wait", {{"error", entered.status().ToString()}});
      NoteHealth(kPart, entered.status());
      before = entered.status();
    }
    std::unique_lock lock(mutex_);
    if (stopping_) return;
    if (entered.ok() && *entered == kAtOnce) continue;
    wake_.wait_for(lock, kPoll, [&] { return stopping_; });
    if (stopping_) return;
  }
}

absl::StatusOr<int> GapWorker::RunOnce(absl::Time now, absl::Time deadline) {
  constexpr std::string_view kDue =
      "SELECT device, from_seq FROM device_gap WHERE entered_us IS NULL AND noticed_us <= ? ORDER BY "
      "noticed_us, "
      "device, from_seq LIMIT ?";
  std::vector<Due> due;
  GW_RETURN_IF_ERROR(sync_->database.Read(deadline, [&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(due, tx.Query(
                                 kDue,
                                 [](const db::Row& row) {
                                   return Due{row.Id(0), row.Int(1)};
                                 },
                                 now - kPatience, kAtOnce));
    return absl::OkStatus();
  }));
  rpc::Call call = rpc::Call::System(kPart, now);
  call.deadline = deadline;
  for (const Due& gap : due) GW_RETURN_IF_ERROR(Enter(*sync_, call, gap));
  return static_cast<int>(due.size());
}

}  // namespace gridwarden::sync
