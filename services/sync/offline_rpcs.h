#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "google/protobuf/message.h"
#include "gridwarden/sync/v1/sync.pb.h"
#include "sync/operation_body.h"
#include "sync/operation_repository.h"

// What may be done without the server (workflow.md W10), in one table.
namespace gridwarden::sync {

struct OfflineRpc {
  std::string_view method;
  std::string_view area;  // of its channel; "sync" for our own
  const google::protobuf::Message* (*request)();
  const google::protobuf::Message* (*response)();
  // A fact that the state no longer allows is kept as an observation of its subject; a command is refused.
  bool fact = false;
  // What somebody will do, and not what he saw or did: only the posts of now allow it.
  bool command = false;
  std::string_view subject_field;   // names what it is about; "" when it makes something new
  std::string_view new_collection;  // of the new thing, e.g. "signals"
  std::string_view new_id_field;
  std::string_view seen_field;  // the message in the request that says what was seen; "" = the request itself
};

std::span<const OfflineRpc> OfflineRpcs();
// Nothing for an rpc that needs the server.
const OfflineRpc* FindOfflineRpc(std::string_view method);

// The request as the phone made it. MALFORMED_REQUEST; OPERATION_MALFORMED when it is about something else
// than the operation says.
absl::StatusOr<std::unique_ptr<google::protobuf::Message>> ReadRequest(const OfflineRpc& rpc,
                                                                       const v1::OperationBody& body);
// Sets what the server sets: request_id and the time that counts.
void CompleteRequest(const OfflineRpc& rpc, const OperationRow& row, google::protobuf::Message& request);

// What the request says was seen, as an observation: its words, photos, answers, place and result.
v1::Observation ObservationOf(const OfflineRpc& rpc, const google::protobuf::Message& request);

}  // namespace gridwarden::sync
