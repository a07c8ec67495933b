#include "gateway/connect_codec.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "google/protobuf/util/json_util.h"
#include "google/protobuf/util/type_resolver.h"
#include "google/protobuf/util/type_resolver_util.h"
#include "google/rpc/status.pb.h"
#include "nlohmann/json.hpp"
#include "platform/rpc/server.h"

namespace gridwarden::gateway {
namespace {

constexpr char kTypePrefix[] = "type.googleapis.com";

google::protobuf::util::TypeResolver& Types() {
  static google::protobuf::util::TypeResolver* const types =
      google::protobuf::util::NewTypeResolverForDescriptorPool(
          kTypePrefix, google::protobuf::DescriptorPool::generated_pool());
  return *types;
}

std::string TypeUrl(const google::protobuf::Descriptor& type) {
  return absl::StrCat(kTypePrefix, "/", type.full_name());
}

// Unpadded, as the Connect protocol writes it.
std::string Base64(const std::string& bytes) {
  std::string text = absl::Base64Escape(bytes);
  while (!text.empty() && text.back() == '=') text.pop_back();
  return text;
}

}  // namespace

absl::StatusOr<std::string> JsonToBytes(const google::protobuf::Descriptor& type, const std::string& json) {
  const auto malformed = [](const std::string& why) {
    return MakeError(absl::StatusCode::kInvalidArgument, absl::StrCat("JSON body: ", why),
                     {.reason = "MALFORMED_REQUEST"});
  };
  if (json.empty()) return malformed("empty, want an object");
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  std::string bytes;
  const auto status =
      google::protobuf::util::JsonToBinaryString(&Types(), TypeUrl(type), json, &bytes, options);
  if (!status.ok())
    return malformed(std::string(status.message().data(), status.message().size()).substr(0, 400));
  return bytes;
}

absl::StatusOr<std::string> BytesToJson(const google::protobuf::Descriptor& type, const std::string& bytes) {
  std::string json;
  const auto status = google::protobuf::util::BinaryToJsonString(&Types(), TypeUrl(type), bytes, &json);
  if (!status.ok()) return Internal("answer cannot be written as JSON");
  return json;
}

std::string_view ConnectCode(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kCancelled:
      return "canceled";
    case absl::StatusCode::kInvalidArgument:
      return "invalid_argument";
    case absl::StatusCode::kDeadlineExceeded:
      return "deadline_exceeded";
    case absl::StatusCode::kNotFound:
      return "not_found";
    case absl::StatusCode::kAlreadyExists:
      return "already_exists";
    case absl::StatusCode::kPermissionDenied:
      return "permission_denied";
    case absl::StatusCode::kResourceExhausted:
      return "resource_exhausted";
    case absl::StatusCode::kFailedPrecondition:
      return "failed_precondition";
    case absl::StatusCode::kAborted:
      return "aborted";
    case absl::StatusCode::kOutOfRange:
      return "out_of_range";
    case absl::StatusCode::kUnimplemented:
      return "unimplemented";
    case absl::StatusCode::kInternal:
      return "internal";
    case absl::StatusCode::kUnavailable:
      return "unavailable";
    case absl::StatusCode::kDataLoss:
      return "data_loss";
    case absl::StatusCode::kUnauthenticated:
      return "unauthenticated";
    default:
      return "unknown";
  }
}

int HttpStatusOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return 200;
    case absl::StatusCode::kCancelled:
      return 499;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kOutOfRange:
      return 400;
    case absl::StatusCode::kUnauthenticated:
      return 401;
    case absl::StatusCode::kPermissionDenied:
      return 403;
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kUnimplemented:
      return 404;
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kAborted:
      return 409;
    case absl::StatusCode::kResourceExhausted:
      return 429;
    case absl::StatusCode::kUnavailable:
      return 503;
    case absl::StatusCode::kDeadlineExceeded:
      return 504;
    default:
      return 500;
  }
}

std::string ErrorJson(const absl::Status& status) {
  nlohmann::json details = nlohmann::json::array();
  google::rpc::Status with_details;
  with_details.ParseFromString(rpc::EncodeStatusDetails(status));
  for (const google::protobuf::Any& detail : with_details.details()) {
    const std::string type = detail.type_url().substr(detail.type_url().rfind('/') + 1);
    nlohmann::json entry = {{"type", type}, {"value", Base64(detail.value())}};
    const auto* descriptor = google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName(type);
    if (descriptor != nullptr) {
      if (const auto debug = BytesToJson(*descriptor, detail.value()); debug.ok()) {
        entry["debug"] = nlohmann::json::parse(*debug, nullptr, false);
      }
    }
    details.push_back(std::move(entry));
  }
  const nlohmann::json error = {{"code", std::string(ConnectCode(status.code()))},
                                {"message", std::string(status.message())},
                                {"details", std::move(details)}};
  return error.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace gridwarden::gateway
