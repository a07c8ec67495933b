#include <optional>

#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "platform/crypto/digest.h"
#include "platform/crypto/ecdsa.h"
#include "platform/rpc/mutate.h"
#include "sync/device_journal.h"
#include "sync/device_repository.h"
#include "sync/sync.h"

namespace gridwarden::sync {
namespace {

constexpr int kInUseMax = 10;
constexpr size_t kLabelMax = 100;  // characters

// Characters of valid UTF-8, which protobuf strings are.
size_t Characters(std::string_view text) {
  size_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  return count;
}

absl::Status CheckKey(const rpc::Call& call, const v1::RegisterDeviceRequest& request) {
  if (!crypto::IsEcdsaPublicKey(request.public_key()))
    return MakeError(absl::StatusCode::kInvalidArgument, "public_key: want a point of P-256 in 65 bytes",
                     {.reason = "DEVICE_KEY_INVALID", .fields = {{"public_key", "want 65 bytes"}}});
  const std::string message = absl::StrCat("gridwarden/device/v1\n", request.device_id(), "\n",
                                           ResourceName("accounts", call.principal.account));
  if (!crypto::EcdsaVerify(request.public_key(), message, request.signature()))
    return MakeError(absl::StatusCode::kInvalidArgument, "signature: not of this key over this registration",
                     {.reason = "SIGNATURE_INVALID", .fields = {{"signature", "want one of public_key"}}});
  return absl::OkStatus();
}

// The installation that the new one takes the place of: its use ends, and the log says how far it had come.
absl::Status Replace(db::Transaction& tx, const rpc::Call& call, const v1::RegisterDeviceRequest& request,
                     const Uuid& former_id) {
  absl::StatusOr<DeviceRow> former = LockDevice(tx, former_id);
  if (absl::IsNotFound(former.status()) || (former.ok() && former->account != call.principal.account))
    return FailedPrecondition("DEVICE_UNKNOWN", "replaces: the caller's account has no such device",
                              {{"device", request.replaces()}});
  GW_RETURN_IF_ERROR(former.status());
  if (!former->InUse()) return absl::OkStatus();
  former->revoked = call.now;
  former->revoke_reason = "REPLACED";
  v1::DeviceEvent event;
  event.set_kind(v1::DeviceEvent::REVOKED);
  event.set_account(call.principal.account.Bytes());
  event.set_seq(former->last_seq);
  return RecordDevice(tx, call, event, request.request_id(), *former);
}

}  // namespace

absl::StatusOr<v1::Device> RegisterDevice(const Sync& sync, const rpc::Call& call,
                                          const v1::RegisterDeviceRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = sync.directory.ground();
  const std::optional<Uuid> id = Uuid::Parse(request.device_id());
  if (!id || id->IsNil()) return InvalidField("device_id", "want a UUID");
  if (Characters(request.label()) > kLabelMax) return InvalidField("label", "want at most 100 characters");
  GW_ASSIGN_OR_RETURN(const Uuid former, ParseResourceName("devices", request.replaces(), "replaces"));
  if (former == *id) return InvalidField("replaces", "want another device");
  GW_RETURN_IF_ERROR(CheckKey(call, request));
  return rpc::Mutate<v1::Device>(
      sync.database, call, request, [&](db::Transaction& tx) -> absl::StatusOr<v1::Device> {
        absl::StatusOr<DeviceRow> known = LockDevice(tx, *id);
        if (known.ok()) {
          if (known->account != call.principal.account || known->public_key != request.public_key())
            return MakeError(absl::StatusCode::kAlreadyExists, "another key or account has this id",
                             {.reason = "DEVICE_ID_TAKEN", .metadata = {{"device", request.device_id()}}});
          if (!known->InUse())
            return FailedPrecondition(
                "DEVICE_REVOKED", "the device was taken out of use",
                {{"device", ResourceName("devices", *id)}, {"reason", known->revoke_reason}});
          return ShownDevice(*ground, *known, 0);
        }
        if (!absl::IsNotFound(known.status())) return known.status();
        v1::DeviceEvent event;
        event.set_kind(v1::DeviceEvent::REGISTERED);
        if (!former.IsNil()) {
          GW_RETURN_IF_ERROR(Replace(tx, call, request, former));
          GW_ASSIGN_OR_RETURN(const DeviceRow replaced, ReadDevice(tx, former));
          event.set_kind(v1::DeviceEvent::REPLACED);
          event.set_replaces(former.Bytes());
          event.set_seq(replaced.last_seq);
        }
        GW_ASSIGN_OR_RETURN(const int in_use, CountInUse(tx, call.principal.account));
        if (in_use >= kInUseMax)
          return FailedPrecondition("TOO_MANY_DEVICES", "the account has ten devices in use",
                                    {{"limit", absl::StrCat(kInUseMax)}});
        DeviceRow device{.id = *id,
                         .account = call.principal.account,
                         .person = call.principal.person,
                         .public_key = request.public_key(),
                         .label = request.label(),
                         .created = call.now,
                         .subject = {.id = *id}};
        event.set_public_key(device.public_key);
        event.set_account(device.account.Bytes());
        GW_RETURN_IF_ERROR(RecordDevice(tx, call, event, request.request_id(), device));
        return ShownDevice(*ground, device, 0);
      });
}

}  // namespace gridwarden::sync
