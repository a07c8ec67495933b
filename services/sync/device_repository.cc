#include "sync/device_repository.h"

#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "sync/timestamps.h"

namespace gridwarden::sync {
namespace {

#define GW_DEVICE_COLUMNS                                                                                   \
  "device_id, account, person, public_key, label, created_us, synced_us, last_seq, last_hash, "             \
  "pending_operations, pending_photos, revoked_us, lost_us, revoke_reason, subject_seq, subject_leaf FROM " \
  "device "

DeviceRow DeviceOf(const db::Row& row) {
  return {.id = row.Id(0),
          .account = row.Id(1),
          .person = row.Id(2),
          .public_key = row.Text(3),
          .label = row.Text(4),
          .created = row.Time(5),
          .synced = row.Time(6, absl::InfinitePast()),
          .last_seq = row.Int(7),
          .last_hash = row.OptText(8).value_or(""),
          .pending_operations = static_cast<int>(row.Int(9)),
          .pending_photos = static_cast<int>(row.Int(10)),
          .revoked = row.Time(11),
          .lost = row.Time(12),
          .revoke_reason = row.Text(13),
          .subject = {row.Id(0), static_cast<uint64_t>(row.Int(14)), row.Text(15)}};
}

absl::Status Unknown(std::string_view name) {
  return FailedPrecondition("DEVICE_UNKNOWN", "the caller's account has no such device",
                            {{"device", std::string(name.substr(0, 60))}});
}

absl::StatusOr<DeviceRow> OwnDevice(absl::StatusOr<DeviceRow> device, const rpc::Call& call,
                                    std::string_view name) {
  if (absl::IsNotFound(device.status())) return Unknown(name);
  if (!device.ok()) return device;
  if (device->account != call.principal.account || call.principal.account.IsNil()) return Unknown(name);
  if (!device->InUse() && device->lost == absl::InfiniteFuture())
    return FailedPrecondition("DEVICE_REVOKED", "the device was taken out of use",
                              {{"device", std::string(name)}, {"reason", device->revoke_reason}});
  return device;
}

absl::StatusOr<DeviceRow> Found(absl::StatusOr<std::optional<DeviceRow>> found, const Uuid& id) {
  if (!found.ok()) return found.status();
  if (!*found) return NotFound(ResourceName("devices", id));
  return **std::move(found);
}

std::optional<std::string> OrNull(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional(text);
}

}  // namespace

absl::StatusOr<DeviceRow> ReadDevice(db::Transaction& tx, const Uuid& id) {
  constexpr std::string_view kSql = "SELECT " GW_DEVICE_COLUMNS "WHERE device_id = ?";
  return Found(tx.QueryOne(kSql, DeviceOf, id), id);
}

absl::StatusOr<DeviceRow> LockDevice(db::Transaction& tx, const Uuid& id) {
  constexpr std::string_view kSql = "SELECT " GW_DEVICE_COLUMNS "WHERE device_id = ? FOR UPDATE";
  return Found(tx.QueryOne(kSql, DeviceOf, id), id);
}

absl::StatusOr<DeviceRow> ReadOwnDevice(db::Transaction& tx, const rpc::Call& call, std::string_view name) {
  GW_ASSIGN_OR_RETURN(const Uuid id, ParseResourceName("devices", name, "device"));
  return OwnDevice(ReadDevice(tx, id), call, name);
}

absl::StatusOr<DeviceRow> LockOwnDevice(db::Transaction& tx, const rpc::Call& call, std::string_view name) {
  GW_ASSIGN_OR_RETURN(const Uuid id, ParseResourceName("devices", name, "device"));
  return OwnDevice(LockDevice(tx, id), call, name);
}

absl::StatusOr<std::vector<DeviceRow>> ListDevicesOf(db::Transaction& tx, const Uuid& account,
                                                     const Uuid& after, int limit) {
  constexpr std::string_view kSql =
      "SELECT " GW_DEVICE_COLUMNS "WHERE account = ? AND device_id > ? ORDER BY device_id LIMIT ?";
  return tx.Query(kSql, DeviceOf, account, after.Bytes(), limit);
}

absl::StatusOr<std::vector<DeviceRow>> ListAllDevices(db::Transaction& tx, const Uuid& after, int limit) {
  constexpr std::string_view kSql =
      "SELECT " GW_DEVICE_COLUMNS "WHERE device_id > ? ORDER BY device_id LIMIT ?";
  return tx.Query(kSql, DeviceOf, after.Bytes(), limit);
}

absl::StatusOr<int> CountInUse(db::Transaction& tx, const Uuid& account) {
  constexpr std::string_view kSql = "SELECT COUNT(*) FROM device WHERE account = ? AND revoked_us IS NULL";
  GW_ASSIGN_OR_RETURN(const auto count, tx.QueryOne(
                                            kSql, [](const db::Row& row) { return row.Int(0); }, account));
  return static_cast<int>(count.value_or(0));
}

absl::Status InsertDevice(db::Transaction& tx, const DeviceRow& device) {
  constexpr std::string_view kSql = R"(
    INSERT INTO device (device_id, account, person, public_key, label, created_us, last_seq, pending_operations, pending_photos,
                        revoke_reason, subject_seq, subject_leaf)
    VALUES (?, ?, ?, ?, ?, ?, 0, 0, 0, '', ?, ?))";
  return tx
      .Exec(kSql, device.id, device.account, device.person, device.public_key, device.label, device.created,
            device.subject.seq, device.subject.leaf)
      .status();
}

absl::Status SaveDevice(db::Transaction& tx, const DeviceRow& device) {
  constexpr std::string_view kSql = R"(
    UPDATE device SET revoked_us = ?, lost_us = ?, revoke_reason = ?, subject_seq = ?, subject_leaf = ?
    WHERE device_id = ? AND subject_seq < ?)";
  GW_ASSIGN_OR_RETURN(const uint64_t changed,
                      tx.Exec(kSql, device.revoked, device.lost, device.revoke_reason, device.subject.seq,
                              device.subject.leaf, device.id, device.subject.seq));
  if (changed != 1) return Internal("a device changed under its lock");
  return absl::OkStatus();
}

absl::Status SaveLog(db::Transaction& tx, const DeviceRow& device) {
  // Unlocked: whoever takes operations in holds the device's row (LockOwnDevice).
  constexpr std::string_view kSql = "UPDATE device SET last_seq = ?, last_hash = ? WHERE device_id = ?";
  return tx.Exec(kSql, device.last_seq, OrNull(device.last_hash), device.id).status();
}

absl::Status NoteSync(db::Transaction& tx, const Uuid& device, absl::Time now) {
  // Unlocked: the later of two calls at once is as good.
  constexpr std::string_view kSql = "UPDATE device SET synced_us = ? WHERE device_id = ?";
  return tx.Exec(kSql, now, device).status();
}

absl::Status NotePending(db::Transaction& tx, const Uuid& device, int operations, int photos) {
  // Unlocked: what the phone said last.
  constexpr std::string_view kSql =
      "UPDATE device SET pending_operations = ?, pending_photos = ? WHERE device_id = ?";
  return tx.Exec(kSql, operations, photos, device).status();
}

absl::StatusOr<std::vector<domain::SeqGap>> ReadGaps(db::Transaction& tx, const Uuid& device) {
  constexpr std::string_view kSql =
      "SELECT from_seq, to_seq FROM device_gap WHERE device = ? ORDER BY from_seq LIMIT ?";
  return tx.Query(
      kSql,
      [](const db::Row& row) {
        return domain::SeqGap{row.Int(0), row.Int(1)};
      },
      device, static_cast<int64_t>(domain::kGapsMax));
}

absl::Status SaveGaps(db::Transaction& tx, const Uuid& device, const std::vector<domain::SeqGap>& before,
                      const std::vector<domain::SeqGap>& after, absl::Time now) {
  constexpr std::string_view kWhen =
      "SELECT noticed_us, entered_us FROM device_gap WHERE device = ? AND from_seq = ?";
  constexpr std::string_view kDelete = "DELETE FROM device_gap WHERE device = ? AND from_seq = ?";
  constexpr std::string_view kInsert =
      "INSERT INTO device_gap (device, from_seq, to_seq, noticed_us, entered_us) VALUES (?, ?, ?, ?, ?)";
  struct When {
    int64_t noticed_us;
    std::optional<int64_t> entered_us;
  };
  for (const domain::SeqGap& old : before) {
    if (std::find(after.begin(), after.end(), old) != after.end()) continue;
    GW_ASSIGN_OR_RETURN(const auto when, tx.QueryOne(
                                             kWhen,
                                             [](const db::Row& row) {
                                               return When{row.Int(0), row.OptInt(1)};
                                             },
                                             device, old.from));
    GW_RETURN_IF_ERROR(tx.Exec(kDelete, device, old.from).status());
    for (const domain::SeqGap& part : after) {
      if (part.from < old.from || part.to > old.to || !when) continue;
      GW_RETURN_IF_ERROR(
          tx.Exec(kInsert, device, part.from, part.to, when->noticed_us, when->entered_us).status());
    }
  }
  for (const domain::SeqGap& gap : after) {
    const bool known = std::any_of(before.begin(), before.end(), [&](const domain::SeqGap& old) {
      return old.from <= gap.from && gap.to <= old.to;
    });
    if (known) continue;
    GW_RETURN_IF_ERROR(tx.Exec(kInsert, device, gap.from, gap.to, now, std::optional<int64_t>()).status());
  }
  return absl::OkStatus();
}

v1::Device ShownDevice(const domain::Ground& ground, const DeviceRow& row, int64_t missing) {
  v1::Device device;
  device.set_name(ResourceName("devices", row.id));
  device.set_account(ResourceName("accounts", row.account));
  device.set_person(ResourceName("persons", row.person));
  if (const domain::Person* person = ground.FindPerson(row.person); person != nullptr)
    device.set_person_display_name(person->display_name);
  device.set_label(row.label);
  SetTime(row.created, device.mutable_create_time());
  if (row.synced != absl::InfinitePast()) SetTime(row.synced, device.mutable_sync_time());
  device.set_last_seq(row.last_seq);
  device.set_last_hash(absl::BytesToHexString(row.last_hash));
  device.set_pending_operations(row.pending_operations);
  device.set_pending_photos(row.pending_photos);
  if (!row.InUse()) SetTime(row.revoked, device.mutable_revoke_time());
  if (row.lost != absl::InfiniteFuture()) SetTime(row.lost, device.mutable_loss_time());
  device.set_revoke_reason(row.revoke_reason);
  device.set_missing_operations(static_cast<int32_t>(std::min<int64_t>(missing, 1'000'000)));
  device.set_etag(absl::StrCat(row.subject.seq));
  device.set_public_key(row.public_key);
  return device;
}

}  // namespace gridwarden::sync
