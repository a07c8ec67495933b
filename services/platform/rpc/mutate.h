#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "google/protobuf/message.h"
#include "platform/db/database.h"
#include "platform/rpc/call.h"

// Exactly once for every state-changing rpc (D6): the request id, the digest of its payload and its answer
// are stored in the transaction of the change, in op_receipt.
namespace gridwarden::rpc {

// What op_receipt remembers of a request.
struct OpReceipt {
  Uuid request_id;
  std::string digest;  // SHA-256 of method and payload
  std::string answer;  // serialised response
};

// The idempotency step without types. Runs `body` in one transaction; `body` writes the serialised answer.
// Same id, same payload: the stored answer. Same id, other payload: ALREADY_EXISTS / REQUEST_ID_REUSED.
absl::StatusOr<std::string> MutateBytes(
    db::Database& database, const Call& call, const Uuid& request_id,
    const google::protobuf::Message& request,
    const std::function<absl::StatusOr<std::string>(db::Transaction&)>& body);

absl::StatusOr<Uuid> RequestId(std::string_view text);  // INVALID_ARGUMENT on request_id unless a UUID

// Runs a state-changing rpc: `Mutate<Case>(database, call, request, [&](db::Transaction& tx) ->
// absl::StatusOr<Case> {...})`.
template <typename Response, typename Request, typename Body>
absl::StatusOr<Response> Mutate(db::Database& database, const Call& call, const Request& request, Body body) {
  GW_ASSIGN_OR_RETURN(const Uuid request_id, RequestId(request.request_id()));
  GW_ASSIGN_OR_RETURN(const std::string answer,
                      MutateBytes(database, call, request_id, request,
                                  [&](db::Transaction& tx) -> absl::StatusOr<std::string> {
                                    absl::StatusOr<Response> response = body(tx);
                                    if (!response.ok()) return response.status();
                                    return response->SerializeAsString();
                                  }));
  Response response;
  if (!response.ParseFromString(answer)) return Internal("stored answer cannot be parsed");
  return response;
}

}  // namespace gridwarden::rpc
