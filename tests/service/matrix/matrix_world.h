#pragma once

#include <memory>
#include <string>
#include <vector>

#include "google/protobuf/message.h"
#include "google/protobuf/text_format.h"
#include "server/modules.h"
#include "support/test_city.h"
#include "support/test_database.h"
#include "support/test_policy.h"
#include "support/test_server.h"

// Every area of the product in one process, on the test city: for what must hold of each rpc alike.
namespace gridwarden::testing {

class MatrixWorld {
 public:
  MatrixWorld() : server_(database_.database(), City().MakeDirectory(), TestPolicy(), ::testing::TempDir()) {
    for (const server::Module& module : server::Modules()) server_.Install(module.install);
    Reset();
  }

  // Empties the tables and stores the city again.
  void Reset() {
    database_.Clear();
    const absl::Status status = City().Store(database_.database());
    if (!status.ok()) ADD_FAILURE() << status;
  }

  TestDatabase& database() { return database_; }
  rpc::Registry& registry() { return server_.registry(); }
  FakeClock& clock() { return server_.clock(); }
  absl::Time Now() { return clock().Now(); }
  std::string NewId() { return Uuid::Make(Now()).ToString(); }

  // Sends raw bytes as an outside caller.
  absl::StatusOr<std::string> Send(const std::string& token, const std::string& method, const std::string& body) {
    rpc::Envelope envelope;
    envelope.method = method;
    envelope.body = body;
    envelope.token = token;
    envelope.deadline = absl::Now() + absl::Seconds(10);
    return server_.channel().Send(envelope);
  }

  // An empty request of a method.
  std::unique_ptr<google::protobuf::Message> NewRequest(const std::string& method) {
    return registry().Find(method)->new_request();
  }

 private:
  TestDatabase database_;
  TestServer server_;
};

// One world per test binary.
inline MatrixWorld& World() {
  static auto* world = new MatrixWorld;
  static const int at_exit = std::atexit([] { delete world; });
  (void)at_exit;
  return *world;
}

}  // namespace gridwarden::testing
