#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "google/protobuf/message.h"

// Speaks the public API as any client does: Connect protocol over HTTP, binary bodies, gzip. One client per
// thread.
namespace gridwarden::client {

// What ./dev up serves.
inline constexpr char kDefaultServer[] = "https://127.0.0.1:8443";

struct ClientOptions {
  std::string server = kDefaultServer;
  std::string token;  // access token; "" while signed out
  absl::Duration timeout = absl::Seconds(30);
  // For https: the only authorities that are believed, PEM; "" = those of GRIDWARDEN_CA, and without it the
  // system's and a local one where clients look (authority_file.h).
  std::string ca_file;
};

class ConnectClient {
 public:
  explicit ConnectClient(ClientOptions options);
  ~ConnectClient();
  ConnectClient(const ConnectClient&) = delete;
  ConnectClient& operator=(const ConnectClient&) = delete;

  void set_token(std::string token);
  const std::string& server() const;
  // Demo logs only: the demo clock of the calls that follow; InfinitePast ends it.
  void set_demo_now(absl::Time now);

  // Calls "gridwarden.grid.v1.GridService/GetDivision". An error of the server keeps its code, message and
  // facts (base/status.h) with the zh-CN sentence in metadata "zh"; a server that cannot be reached is
  // UNAVAILABLE without facts; one whose certificate is not to be believed is FAILED_PRECONDITION.
  template <typename Response>
  absl::StatusOr<Response> Call(std::string_view method, const google::protobuf::Message& request) {
    absl::StatusOr<std::string> bytes = CallBytes(method, request.SerializeAsString());
    if (!bytes.ok()) return bytes.status();
    Response response;
    if (!response.ParseFromString(*bytes)) return absl::InternalError("the server's answer cannot be parsed");
    return response;
  }

  absl::StatusOr<std::string> CallBytes(std::string_view method, const std::string& body);

 private:
  struct Http;
  void SetTrust();
  ClientOptions options_;
  absl::Time demo_now_ = absl::InfinitePast();
  std::unique_ptr<Http> http_;
};

// Decodes the JSON form of a Connect error.
absl::Status DecodeConnectError(int http_status, const std::string& body);

}  // namespace gridwarden::client
