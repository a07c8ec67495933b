#include "sync/read_devices.h"

#include "base/status.h"
#include "platform/rpc/page.h"
#include "sync/sync.h"

namespace gridwarden::sync {
namespace {

absl::StatusOr<v1::Device> Shown(db::Transaction& tx, const domain::Ground& ground, const DeviceRow& device) {
  GW_ASSIGN_OR_RETURN(const std::vector<domain::SeqGap> gaps, ReadGaps(tx, device.id));
  return ShownDevice(ground, device, domain::SeqLog{device.last_seq, gaps}.Missing());
}

}  // namespace

absl::Status AllowDevice(const rpc::Call& call, const absl::StatusOr<DeviceRow>& device,
                         std::string_view name) {
  if (!device.ok() && !absl::IsNotFound(device.status())) return device.status();
  const bool own =
      device.ok() && device->account == call.principal.account && !call.principal.account.IsNil();
  if (own || (device.ok() && call.principal.administrator)) return absl::OkStatus();
  return NotFound(name);
}

absl::StatusOr<v1::Device> GetDevice(const Sync& sync, const rpc::Call& call,
                                     const v1::GetDeviceRequest& request) {
  GW_ASSIGN_OR_RETURN(const Uuid id, ParseResourceName("devices", request.name()));
  v1::Device shown;
  GW_RETURN_IF_ERROR(sync.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
    const absl::StatusOr<DeviceRow> device = ReadDevice(tx, id);
    GW_RETURN_IF_ERROR(AllowDevice(call, device, request.name()));
    GW_ASSIGN_OR_RETURN(shown, Shown(tx, *sync.directory.ground(), *device));
    return absl::OkStatus();
  }));
  return shown;
}

absl::StatusOr<v1::ListDevicesResponse> ListDevices(const Sync& sync, const rpc::Call& call,
                                                    const v1::ListDevicesRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = sync.directory.ground();
  GW_ASSIGN_OR_RETURN(Uuid account, ParseResourceName("accounts", request.account(), "account"));
  if (!call.principal.administrator) {
    if (!account.IsNil() && account != call.principal.account)
      return NotAllowed("only administrators see the devices of others");
    account = call.principal.account;
  }
  GW_ASSIGN_OR_RETURN(const rpc::Page page, rpc::ReadPage(request));
  Uuid after;
  if (!page.after.empty()) {
    const std::optional<Uuid> id = Uuid::Parse(page.after[0]);
    if (!id) return InvalidField("page_token", "got no token of ours");
    after = *id;
  }
  v1::ListDevicesResponse response;
  GW_RETURN_IF_ERROR(sync.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
    response.Clear();
    GW_ASSIGN_OR_RETURN(std::vector<DeviceRow> rows, account.IsNil()
                                                         ? ListAllDevices(tx, after, page.size + 1)
                                                         : ListDevicesOf(tx, account, after, page.size + 1));
    if (rows.size() > static_cast<size_t>(page.size)) {
      rows.resize(page.size);
      response.set_next_page_token(rpc::NextPageToken(request, {rows.back().id.ToString()}));
    }
    for (const DeviceRow& row : rows) {
      GW_ASSIGN_OR_RETURN(*response.add_devices(), Shown(tx, *ground, row));
    }
    return absl::OkStatus();
  }));
  return response;
}

}  // namespace gridwarden::sync
