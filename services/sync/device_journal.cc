#include "sync/device_journal.h"

namespace gridwarden::sync {

absl::Status RecordDevice(db::Transaction& tx, const rpc::Call& call, const v1::DeviceEvent& event,
                          const std::string& request_id, DeviceRow& device) {
  const bool fresh = device.subject.seq == 0;
  GW_ASSIGN_OR_RETURN(
      const journal::Sealed sealed,
      journal::Seal(call,
                    {.kind = "device", .before = device.subject, .event = &event, .request_id = request_id}));
  device.subject = sealed.after;
  GW_RETURN_IF_ERROR(fresh ? InsertDevice(tx, device) : SaveDevice(tx, device));
  return journal::Stage(tx, sealed);
}

absl::Status RecordIncident(db::Transaction& tx, const rpc::Call& call, const v1::DeviceEvent& event,
                            const std::string& digest, DeviceRow& device) {
  constexpr std::string_view kCount = "SELECT COUNT(*) FROM device_incident WHERE device = ?";
  constexpr std::string_view kInsert =
      "INSERT IGNORE INTO device_incident (device, kind, digest, noticed_us) VALUES (?, ?, ?, ?)";
  GW_ASSIGN_OR_RETURN(const auto count,
                      tx.QueryOne(
                          kCount, [](const db::Row& row) { return row.Int(0); }, device.id));
  if (count.value_or(0) >= kIncidentsMax) return absl::OkStatus();
  GW_ASSIGN_OR_RETURN(const uint64_t inserted,
                      tx.Exec(kInsert, device.id, static_cast<int>(event.kind()), digest, call.now));
  if (inserted == 0) return absl::OkStatus();
  return RecordDevice(tx, call, event, "", device);
}

}  // namespace gridwarden::sync
