#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
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
  absl::StatusOr<std::string> Send(const std::string& token, const std::string& method,
                                   const std::string& body) {
    rpc::Envelope envelope;
    envelope.method = method;
    envelope.body = body;
    envelope.token = token;
    envelope.deadline = absl::Now() + absl::Seconds(10);
    return server_.channel().Send(envelope);
  }

  // A request of a method from its text form; with a fresh request_id where it has one.
  std::unique_ptr<google::protobuf::Message> Request(const std::string& method, const std::string& text) {
    std::unique_ptr<google::protobuf::Message> request = registry().Find(method)->new_request();
    if (!google::protobuf::TextFormat::ParseFromString(text, request.get()))
      ADD_FAILURE() << method << ": " << text;
    if (const auto* id = request->GetDescriptor()->FindFieldByName("request_id")) {
      request->GetReflection()->SetString(request.get(), id, NewId());
    }
    return request;
  }

  // Does something that must succeed, and answers the name of what came of it; "" for an answer without one.
  std::string Do(const std::string& token, const std::string& method, const std::string& text) {
    const absl::StatusOr<std::string> answer =
        Send(token, method, Request(method, text)->SerializeAsString());
    if (!answer.ok()) {
      ADD_FAILURE() << method << " " << text << ": " << answer.status();
      return "";
    }
    const auto* type = registry().Find(method)->descriptor->output_type();
    std::unique_ptr<google::protobuf::Message> message(
        google::protobuf::MessageFactory::generated_factory()->GetPrototype(type)->New());
    if (!message->ParseFromString(*answer)) ADD_FAILURE() << method << " answered no " << type->full_name();
    const auto* name = type->FindFieldByName("name");
    return name == nullptr ? "" : message->GetReflection()->GetString(*message, name);
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
