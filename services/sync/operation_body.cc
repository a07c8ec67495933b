#include "sync/operation_body.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "domain/geo/datum.h"
#include "google/protobuf/util/json_util.h"
#include "platform/crypto/digest.h"
#include "platform/crypto/ecdsa.h"
#include "sync/timestamps.h"

namespace gridwarden::sync {
namespace {

constexpr char kSigned[] = "gridwarden/op/v1\n";
constexpr int64_t kSeqMax = int64_t{1} << 53;  // as far as JavaScript counts
constexpr size_t kMethodMax = 120;
constexpr size_t kNameMax = 60;

absl::Status Malformed(std::string_view field, std::string_view want) {
  return MakeError(absl::StatusCode::kInvalidArgument,
                   absl::StrCat(std::string(field), ": ", std::string(want)),
                   {.reason = "OPERATION_MALFORMED",
                    .metadata = {{"field", std::string(field)}},
                    .fields = {{std::string(field), std::string(want)}}});
}

bool IsPlain(std::string_view text, size_t max) {
  return text.size() <= max &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

domain::ClockReading Reading(bool has_wall, const google::protobuf::Timestamp& wall, int64_t mono_ms,
                             const std::string& boot) {
  // Longer than a century since a boot is no reading.
  constexpr int64_t kMonoMax = int64_t{100} * 366 * 24 * 3600 * 1000;
  domain::ClockReading reading;
  if (has_wall) reading.wall = ReadTime(wall);
  if (mono_ms < 0 || mono_ms > kMonoMax) return reading;
  reading.mono_ms = mono_ms;
  reading.boot = boot;
  return reading;
}

std::optional<domain::Fix> ReadFix(const v1::ClaimedTime& time) {
  if (!time.has_fix()) return std::nullopt;
  const absl::StatusOr<domain::Point> point =
      domain::ToWgs84({time.fix().longitude(), time.fix().latitude()},
                      static_cast<domain::Datum>(time.fix().datum()), "time.fix");
  if (!point.ok()) return std::nullopt;
  return domain::Fix{.longitude = point->longitude, .latitude = point->latitude, .at = {}};
}

absl::Status ReadLinks(SignedBody& read) {
  const v1::OperationBody& body = read.body;
  if (body.after_size() > kAfterMax) return Malformed("after", "want at most 20");
  std::vector<std::string> names(body.after().begin(), body.after().end());
  if (!body.corrects().empty()) names.push_back(body.corrects());
  for (const std::string& name : names) {
    const std::optional<Uuid> id = Uuid::Parse(name);
    if (!id || id->IsNil() || *id == read.op_id) return Malformed("after", "want op_ids of others");
    read.after.push_back(*id);
  }
  if (body.photos_size() > kPhotosMax) return Malformed("photos", "want at most 30");
  for (const v1::PhotoClaim& photo : body.photos()) {
    const std::optional<std::string> digest = ParseDigest(photo.sha256());
    if (!digest) return Malformed("photos", "want SHA-256 in 64 hex digits");
    if (std::find(read.photos.begin(), read.photos.end(), *digest) == read.photos.end())
      read.photos.push_back(*digest);
  }
  return absl::OkStatus();
}

}  // namespace

std::optional<std::string> ParseDigest(std::string_view hex) {
  if (hex.size() != 64 ||
      !std::all_of(hex.begin(), hex.end(), [](unsigned char c) { return absl::ascii_isxdigit(c); }))
    return std::nullopt;
  return absl::HexStringToBytes(std::string(hex));
}

absl::Status FromJson(const std::string& json, google::protobuf::Message& message) {
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  const auto status = google::protobuf::util::JsonStringToMessage(json, &message, options);
  if (status.ok()) return absl::OkStatus();
  const std::string why(status.message().data(), status.message().size());
  return MakeError(absl::StatusCode::kInvalidArgument, absl::StrCat("JSON: ", why.substr(0, 300)),
                   {.reason = "MALFORMED_REQUEST"});
}

absl::StatusOr<std::string> ToJson(const google::protobuf::Message& message) {
  std::string json;
  if (!google::protobuf::util::MessageToJsonString(message, &json).ok())
    return Internal("a message cannot be written as JSON");
  return json;
}

absl::StatusOr<SignedBody> ReadOperation(const DeviceRow& device, const v1::SignedOperation& operation) {
  if (operation.body().size() > kBodyMax)
    return MakeError(absl::StatusCode::kInvalidArgument, "an operation has at most 60 KB",
                     {.reason = "OPERATION_TOO_LARGE", .metadata = {{"limit", "60 KB"}}});
  if (!crypto::EcdsaVerify(device.public_key, kSigned + operation.body(), operation.signature()))
    return MakeError(absl::StatusCode::kInvalidArgument, "the device did not sign these bytes",
                     {.reason = "SIGNATURE_INVALID"});
  SignedBody read{.hash = crypto::Sha256(operation.body()),
                  .bytes = operation.body(),
                  .signature = operation.signature()};
  v1::OperationBody& body = read.body;
  if (!FromJson(operation.body(), body).ok()) return Malformed("body", "want JSON of an OperationBody");
  const std::optional<Uuid> id = Uuid::Parse(body.op_id());
  if (!id || id->IsNil()) return Malformed("op_id", "want a UUID");
  read.op_id = *id;
  if (body.device() != ResourceName("devices", device.id))
    return Malformed("device", "want the device itself");
  if (body.seq() < 1 || body.seq() > kSeqMax) return Malformed("seq", "want 1, 2, 3 ...");
  read.seq = body.seq();
  if (!body.prev_hash().empty()) {
    const std::optional<std::string> hash = ParseDigest(body.prev_hash());
    if (!hash) return Malformed("prev_hash", "want SHA-256 in 64 hex digits");
    read.prev_hash = *hash;
  }
  if (body.rpc().empty() || !IsPlain(body.rpc(), kMethodMax))
    return Malformed("rpc", "want the name of an rpc");
  if (body.subject().empty() || !IsPlain(body.subject(), kNameMax))
    return Malformed("subject", "want the name of a resource");
  if (!IsPlain(body.base_etag(), kNameMax)) return Malformed("base_etag", "want an etag");
  GW_RETURN_IF_ERROR(ReadLinks(read));
  const v1::ClaimedTime& time = body.time();
  read.time.made = Reading(time.has_wall_time(), time.wall_time(), time.mono_ms(), time.boot_id());
  read.time.at_token =
      Reading(time.has_token_wall_time(), time.token_wall_time(), time.token_mono_ms(), time.token_boot_id());
  if (time.has_fix_time()) read.time.fix = ReadTime(time.fix_time());
  read.fix = ReadFix(time);
  return read;
}

domain::ClockReading ReadPushClock(const v1::PushRequest& request) {
  return Reading(request.has_device_time(), request.device_time(), request.mono_ms(), request.boot_id());
}

}  // namespace gridwarden::sync
