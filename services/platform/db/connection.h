#pragma once

#include <cppconn/connection.h>
#include <cppconn/prepared_statement.h>
#include <cppconn/statement.h>

#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "platform/db/database.h"
#include "platform/db/errors.h"

// One connection to MariaDB with its prepared statements. Belongs to one thread at a time. Only this header
// and its .cc see Connector/C++ 1.1.12; toolchain.md section 4 lists what it does wrong.
namespace gridwarden::db {

class Connection {
 public:
  static absl::StatusOr<std::unique_ptr<Connection>> Open(const Options& options);
  ~Connection();

  // Transaction control and other fixed texts, never prepared. The driver's own commit() and rollback()
  // swallow errors.
  absl::Status Execute(const std::string& sql);
  absl::StatusOr<uint64_t> Exec(std::string_view sql, std::span<const Value> values);
  absl::Status Query(std::string_view sql, std::span<const Value> values,
                     const std::function<void(const Row&)>& each);

  // True while the server still answers.
  bool Ping();

  // The worst the driver said since ClearFault, if anything.
  std::optional<Fault> fault() const { return fault_; }
  void ClearFault() { fault_.reset(); }
  // Must not be used again.
  bool broken() const { return broken_; }
  void MarkBroken() { broken_ = true; }

  absl::Time opened() const { return opened_; }
  absl::Time last_used() const { return last_used_; }
  void MarkUsed(absl::Time now) { last_used_ = now; }
  size_t cached_statements() const { return cache_.size(); }

 private:
  struct Cached {
    std::string sql;
    std::unique_ptr<sql::PreparedStatement> statement;
  };
  using Recent = std::list<Cached>;

  explicit Connection(std::unique_ptr<sql::Connection> connection);

  sql::PreparedStatement& Prepare(std::string_view sql);
  void Forget(std::string_view sql);
  void ForgetAll();
  // Runs `work` with the statement; once more when the server asks for it to be prepared again.
  template <typename Work>
  absl::Status WithStatement(std::string_view sql, std::span<const Value> values, Work work);
  absl::Status Failed(int code, const char* message, std::string_view sql);

  // Declared in this order so that statements go before the connection.
  std::unique_ptr<sql::Connection> connection_;
  std::unique_ptr<sql::Statement> plain_;
  Recent recent_;                                                 // most recently used first
  std::unordered_map<std::string_view, Recent::iterator> cache_;  // keys are views into recent_
  std::optional<Fault> fault_;
  bool broken_ = false;
  absl::Time opened_;
  absl::Time last_used_;
};

}  // namespace gridwarden::db
