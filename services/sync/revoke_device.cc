#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "platform/rpc/mutate.h"
#include "sync/device_journal.h"
#include "sync/device_repository.h"
#include "sync/read_devices.h"
#include "sync/sync.h"
#include "sync/timestamps.h"

namespace gridwarden::sync {
namespace {

constexpr size_t kReasonMax = 200;  // bytes: fewer than characters

}  // namespace

absl::StatusOr<v1::Device> RevokeDevice(const Sync& sync, const rpc::Call& call,
                                        const v1::RevokeDeviceRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = sync.directory.ground();
  GW_ASSIGN_OR_RETURN(const Uuid id, ParseResourceName("devices", request.name()));
  if (request.reason().size() > kReasonMax) return InvalidField("reason", "want at most 200 bytes");
  absl::Time lost = absl::InfiniteFuture();
  if (request.has_loss_time()) {
    const std::optional<absl::Time> time = ReadTime(request.loss_time());
    if (!time || *time > call.now) return InvalidField("loss_time", "want a time that is past");
    lost = *time;
  }
  return rpc::Mutate<v1::Device>(
      sync.database, call, request, [&](db::Transaction& tx) -> absl::StatusOr<v1::Device> {
        absl::StatusOr<DeviceRow> device = LockDevice(tx, id);
        GW_RETURN_IF_ERROR(AllowDevice(call, device, request.name()));
        if (!request.etag().empty() && request.etag() != absl::StrCat(device->subject.seq))
          return EtagMismatch(request.name());
        // A loss may become known after the phone was taken out of use, and to be earlier than was thought.
        const bool later_known = lost < device->lost;
        if (!device->InUse() && !later_known)
          return FailedPrecondition("DEVICE_REVOKED", "the device was taken out of use before",
                                    {{"device", request.name()}, {"reason", device->revoke_reason}});
        if (device->InUse()) device->revoked = call.now;
        device->lost = std::min(device->lost, lost);
        device->revoke_reason = request.reason();
        v1::DeviceEvent event;
        event.set_kind(v1::DeviceEvent::REVOKED);
        event.set_account(device->account.Bytes());
        event.set_seq(device->last_seq);
        if (device->lost != absl::InfiniteFuture()) event.set_loss_time_us(absl::ToUnixMicros(device->lost));
        GW_RETURN_IF_ERROR(RecordDevice(tx, call, event, request.request_id(), *device));
        GW_ASSIGN_OR_RETURN(const std::vector<domain::SeqGap> gaps, ReadGaps(tx, id));
        return ShownDevice(*ground, *device, domain::SeqLog{device->last_seq, gaps}.Missing());
      });
}

}  // namespace gridwarden::sync
