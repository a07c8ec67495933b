#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/descriptor.h"

// The Connect protocol's forms of messages and errors, for any message of the linked protos.
namespace gridwarden::gateway {

// JSON -> protobuf bytes. Unknown fields are ignored, so that old servers take new phones and the reverse.
// INVALID_ARGUMENT / MALFORMED_REQUEST naming where.
absl::StatusOr<std::string> JsonToBytes(const google::protobuf::Descriptor& type, const std::string& json);
// Protobuf bytes -> JSON: int64 as strings, enums by name, times as RFC 3339.
absl::StatusOr<std::string> BytesToJson(const google::protobuf::Descriptor& type, const std::string& bytes);

// "invalid_argument" for INVALID_ARGUMENT.
std::string_view ConnectCode(absl::StatusCode code);
// 404 for what we do not serve at all; else by code as the Connect protocol says.
int HttpStatusOf(const absl::Status& status);
// {"code":...,"message":...,"details":[{"type":"google.rpc.ErrorInfo","value":"<base64>","debug":{...}}]}
std::string ErrorJson(const absl::Status& status);

}  // namespace gridwarden::gateway
