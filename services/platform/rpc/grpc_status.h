#pragma once

#include "absl/status/status.h"
#include "grpcpp/support/status.h"

// The two forms of a status. Codes are the same numbers; details travel as google.rpc.Status.
namespace gridwarden::rpc {

grpc::Status ToGrpc(const absl::Status& status);
absl::Status FromGrpc(const grpc::Status& status);

}  // namespace gridwarden::rpc
