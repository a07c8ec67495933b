#include "platform/rpc/grpc_status.h"

#include "platform/rpc/server.h"

namespace gridwarden::rpc {

grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), std::string(status.message()),
                      EncodeStatusDetails(status));
}

absl::Status FromGrpc(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  return DecodeStatusDetails(static_cast<absl::StatusCode>(status.error_code()), status.error_message(),
                             status.error_details());
}

}  // namespace gridwarden::rpc
