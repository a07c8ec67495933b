#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "base/id.h"
#include "base/status.h"
#include "common/connect_client.h"

// The city that tests/bench/run.py imported, as a load generator needs it: who works where, under which
// names. Every benchmark reads it through the public API, as a client would.
namespace gridwarden::bench {

// One account that is signed in.
struct Worker {
  std::string login, token;
};

// A township whose posts are held by people with accounts.
struct Township {
  std::string division;               // divisions/{uuid}
  std::vector<std::string> villages;  // divisions/{uuid}
  Worker dispatcher, leader, officer, supervisor;
  std::string officer_post;      // posts/{uuid}: puts things right
  std::string supervision_post;  // posts/{uuid}: checks those of other townships
};

struct City {
  std::string server;
  std::string city_code, city;  // code and divisions/{uuid}
  Worker office;                // the campaign office of the city
  std::vector<Township> townships;
  std::string database_socket, database;
  std::vector<int> server_pids;
  int database_pid = 0;
  std::map<std::string, Worker> supervisor_by_post;  // supervision_post -> who holds it
};

// Reads the plan run.py wrote (JSON), signs everybody in and resolves the names.
absl::StatusOr<City> OpenCity(const std::string& plan_file);

// A connection of its own for every client, as a phone or browser has; the token is that of who acts.
class Caller {
 public:
  explicit Caller(const City& city) : client_({.server = city.server}) {}

  template <typename Response>
  absl::StatusOr<Response> Call(const Worker& who, std::string_view method,
                                const google::protobuf::Message& request) {
    client_.set_token(who.token);
    return client_.Call<Response>(method, request);
  }

 private:
  client::ConnectClient client_;
};

inline std::string NewId() { return Uuid::Make(absl::Now()).ToString(); }

}  // namespace gridwarden::bench
