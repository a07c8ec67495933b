#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "base/status.h"
#include "common/connect_client.h"
#include "google/protobuf/message.h"
#include "gridwarden/identity/v1/identity_service.pb.h"

// The signed-in client of one gridctl run. Tokens of `gridctl login` are kept per server in
// $XDG_CONFIG_HOME/gridwarden/tokens.json, mode 0600, and refreshed when they expire.
namespace gridwarden::gridctl {

struct SessionOptions {
  std::string server;
  std::string ca_file;    // --ca; "" = where clients look
  std::string token;      // given by flag or GRIDWARDEN_TOKEN; then nothing is stored or refreshed
  std::string demo_time;  // demo logs only
};

class Session {
 public:
  explicit Session(SessionOptions options);

  // Calls an rpc; refreshes the access token once when it has expired.
  template <typename Response>
  absl::StatusOr<Response> Call(std::string_view method, const google::protobuf::Message& request) {
    GW_ASSIGN_OR_RETURN(const std::string bytes, CallBytes(method, request.SerializeAsString()));
    Response response;
    if (!response.ParseFromString(bytes)) return absl::InternalError("the server's answer cannot be parsed");
    return response;
  }
  absl::StatusOr<std::string> CallBytes(std::string_view method, const std::string& body);

  absl::StatusOr<identity::v1::Account> SignIn(const std::string& login, const std::string& password);
  absl::Status SignOut();

  // The division meant by a code, a name path, an id or a resource name: its canonical name
  // "divisions/{uuid}".
  absl::StatusOr<std::string> DivisionName(std::string_view spelling);

  // "遂平县/灈阳街道" for each resource name of a division, asked at once; a name that cannot be told is left
  // as it is.
  std::map<std::string, std::string> PlaceNames(const std::vector<std::string>& divisions);

  const std::string& server() const { return options_.server; }
  const std::string& access_token() const { return access_token_; }

 private:
  absl::Status Refresh();
  void Load();
  absl::Status Store() const;

  SessionOptions options_;
  client::ConnectClient client_;
  std::string access_token_, refresh_token_;
};

// A fresh request id.
std::string NewRequestId();

}  // namespace gridwarden::gridctl
