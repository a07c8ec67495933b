#pragma once

#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "google/protobuf/message.h"
#include "platform/rpc/call.h"
#include "sync/sync.h"

// What operations and observations are about: cases, signals, patrol tasks and sources, of other areas.
namespace gridwarden::sync {

struct Subject {
  std::string name;
  std::string etag;
  Uuid division;
  std::string json;
};

// The subject as it stands, asked for with the caller's token. NOT_FOUND or PERMISSION_DENIED when he may not
// see it; INVALID_FIELD for what is no name of any of these.
absl::StatusOr<Subject> ReadSubject(const Sync& sync, const rpc::Call& call, const std::string& name,
                                    std::string_view field = "subject");

}  // namespace gridwarden::sync
