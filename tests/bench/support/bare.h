#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "platform/db/connection.h"

// The bare transaction of numbers.md: what one transition costs the database and nothing else. Insert an
// event, update a task row, update a village's roll-up row, one durable commit; with a C++ client on the
// local socket.
namespace gridwarden::bench {

class Bare {
 public:
  // Makes a database of its own on the server behind `socket`, and `connections` connections.
  static absl::StatusOr<std::unique_ptr<Bare>> Open(const std::string& socket, int connections);

  absl::Status FiveStatements(int connection);  // START TRANSACTION, three prepared statements, COMMIT
  absl::Status OneCall(int connection);         // the same in a stored procedure: one round trip

 private:
  std::vector<std::unique_ptr<db::Connection>> connections_;
};

}  // namespace gridwarden::bench
