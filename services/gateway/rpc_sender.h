#pragma once

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "google/protobuf/message.h"

namespace gridwarden::gateway {

// Calls an rpc ("gridwarden.media.v1.UploadService/GetUpload") in the name of whoever sent the HTTP request
// at hand. Answers once, on any thread.
using SendRpc = std::function<void(const std::string& method, const google::protobuf::Message& message,
                                   std::function<void(absl::StatusOr<std::string>)> done)>;

// The answer as its message.
template <typename Message>
absl::StatusOr<Message> Parsed(const absl::StatusOr<std::string>& bytes) {
  if (!bytes.ok()) return bytes.status();
  Message message;
  if (!message.ParseFromString(*bytes)) return absl::InternalError("answer cannot be parsed");
  return message;
}

}  // namespace gridwarden::gateway
