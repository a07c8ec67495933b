#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/id.h"
#include "base/status.h"

// How we talk to MariaDB. The only code that sees Connector/C++ is in this folder; it knows the driver's
// traps: transaction control is SQL text (commit() swallows errors), integers are bound signed, one live
// result per statement.
//
// Conventions of our tables: ids are BINARY(16), times are BIGINT microseconds since 1970 UTC (columns end in
// _us), enums are the proto's numbers in SMALLINT, nothing is ever read with `*`.
namespace gridwarden::db {

// A value bound to `?`. There is no unsigned form on purpose.
class Value {
 public:
  Value(std::nullptr_t) {}
  Value(bool v) : v_(static_cast<int64_t>(v)) {}
  Value(int v) : v_(static_cast<int64_t>(v)) {}
  Value(int64_t v) : v_(v) {}
  Value(uint64_t v) : v_(static_cast<int64_t>(v)) {}
  Value(uint32_t v) : v_(static_cast<int64_t>(v)) {}
  Value(double v) : v_(v) {}
  Value(std::string v) : v_(std::move(v)) {}
  Value(std::string_view v) : v_(std::string(v)) {}
  Value(const char* v) : v_(std::string(v)) {}
  Value(const Uuid& id) {
    if (!id.IsNil()) v_ = id.Bytes();
  }  // the nil id is NULL
  Value(absl::Time t) {
    if (t != absl::InfiniteFuture() && t != absl::InfinitePast()) v_ = absl::ToUnixMicros(t);
  }
  template <typename T>
  Value(const std::optional<T>& v) {
    if (v) *this = Value(*v);
  }

  const std::variant<std::monostate, int64_t, double, std::string>& get() const { return v_; }

 private:
  std::variant<std::monostate, int64_t, double, std::string> v_;
};

// One row of a result, by column index from 0 in the order of the SELECT. A NULL read as a plain value is a
// programming error and stops the process; use the optional forms where NULL may stand.
class Row {
 public:
  virtual ~Row() = default;
  virtual bool IsNull(int column) const = 0;
  virtual int64_t Int(int column) const = 0;
  virtual double Double(int column) const = 0;
  virtual std::string Text(int column) const = 0;  // also BINARY and BLOB

  bool Bool(int column) const { return Int(column) != 0; }
  Uuid Id(int column) const {  // NULL is the nil id
    return IsNull(column) ? Uuid() : Uuid::FromBytes(Text(column)).value_or(Uuid());
  }
  // NULL is `if_null`: InfiniteFuture for open ends.
  absl::Time Time(int column, absl::Time if_null = absl::InfiniteFuture()) const {
    return IsNull(column) ? if_null : absl::FromUnixMicros(Int(column));
  }
  std::optional<int64_t> OptInt(int column) const {
    if (IsNull(column)) return std::nullopt;
    return Int(column);
  }
  std::optional<std::string> OptText(int column) const {
    if (IsNull(column)) return std::nullopt;
    return Text(column);
  }
};

// One open transaction. Only valid inside the function given to Database::Run.
// Statements are prepared once per connection and cached by their text, so texts are constants, never built
// from values.
class Transaction {
 public:
  virtual ~Transaction() = default;

  // Runs a statement; answers the number of rows it matched (an UPDATE that changes nothing in a matched row
  // counts it). A duplicate key is ALREADY_EXISTS (see IsDuplicateKey), a deadlock or lost lock is ABORTED
  // and makes Run start over.
  template <typename... Args>
  absl::StatusOr<uint64_t> Exec(std::string_view sql, const Args&... args) {
    const std::vector<Value> values{Value(args)...};
    return ExecValues(sql, values);
  }

  // Reads all rows; `read` turns a Row into a T.
  template <typename Read, typename... Args>
  auto Query(std::string_view sql, Read read, const Args&... args)
      -> absl::StatusOr<std::vector<std::decay_t<decltype(read(std::declval<const Row&>()))>>> {
    std::vector<std::decay_t<decltype(read(std::declval<const Row&>()))>> rows;
    const std::vector<Value> values{Value(args)...};
    GW_RETURN_IF_ERROR(QueryValues(sql, values, [&](const Row& row) { rows.push_back(read(row)); }));
    return rows;
  }

  // Reads at most one row.
  template <typename Read, typename... Args>
  auto QueryOne(std::string_view sql, Read read, const Args&... args)
      -> absl::StatusOr<std::optional<std::decay_t<decltype(read(std::declval<const Row&>()))>>> {
    std::optional<std::decay_t<decltype(read(std::declval<const Row&>()))>> found;
    const std::vector<Value> values{Value(args)...};
    GW_RETURN_IF_ERROR(QueryValues(sql, values, [&](const Row& row) {
      if (!found) found = read(row);
    }));
    return found;
  }

  // For statements whose number of values varies (a multi-row INSERT, an IN list): see RepeatedRows and
  // InList.
  virtual absl::StatusOr<uint64_t> ExecValues(std::string_view sql, std::span<const Value> values) = 0;
  virtual absl::Status QueryValues(std::string_view sql, std::span<const Value> values,
                                   const std::function<void(const Row&)>& each) = 0;

  // Runs `then` once on this thread when the transaction has committed, never when it rolled back. It must be
  // quick and may be lost with the process: for waking somebody, not for work.
  virtual void AfterCommit(std::function<void()> then) = 0;
};

// "(?,?,?),(?,?,?)" for (3 columns, 2 rows). Round row counts to a few sizes so that the statement cache
// stays small.
std::string RepeatedRows(int columns, int rows);
// "?,?,?" for 3.
std::string InList(int count);

bool IsDuplicateKey(const absl::Status& status);
// Name of the unique key that refused, "PRIMARY" for the primary key; "" when the status is no duplicate.
std::string DuplicateKeyName(const absl::Status& status);

struct Options {
  std::string unix_socket;  // either a socket
  std::string host;         // or host and port
  int port = 3306;
  std::string user;
  std::string password;  // never logged
  std::string database;
  // PEM file of the authority whose certificate the server must show, in its own name. "" = no TLS: only for
  // sockets and loopback.
  std::string tls_ca;
  int pool_size = 16;
  absl::Duration connect_timeout = absl::Seconds(5);
};

// What became of a transaction whose COMMIT got no answer is unknown until the idempotency row is read back.
struct RunOptions {
  absl::Time deadline = absl::InfiniteFuture();
  bool read_only = false;  // START TRANSACTION READ ONLY WITH CONSISTENT SNAPSHOT, REPEATABLE READ
  int attempts_max = 6;    // deadlock and lock wait retries, with jitter, inside the deadline
  // Asked when COMMIT was lost: did it happen? nullopt-like UNAVAILABLE is answered to the caller when it
  // cannot tell.
  std::function<absl::StatusOr<bool>(Transaction&)> committed;
};

class Database {
 public:
  // Connects once to prove that it can. UNAVAILABLE when the server is away.
  static absl::StatusOr<std::unique_ptr<Database>> Open(const Options& options);
  virtual ~Database() = default;

  // Runs `body` in one transaction (READ COMMITTED) and commits if it answers OK, else rolls back and answers
  // its error. `body` may run more than once, so it builds its answer inside and touches nothing outside.
  // RESOURCE_EXHAUSTED when no connection is free before the deadline; UNAVAILABLE when the database is away.
  virtual absl::Status Run(const RunOptions& options,
                           const std::function<absl::Status(Transaction&)>& body) = 0;

  absl::Status Run(const std::function<absl::Status(Transaction&)>& body) { return Run(RunOptions{}, body); }

  // Reads something in a read-only snapshot.
  absl::Status Read(absl::Time deadline, const std::function<absl::Status(Transaction&)>& body) {
    return Run(RunOptions{.deadline = deadline, .read_only = true}, body);
  }
};

// The server's variables that make durability real (guarantees.md G1, F2, F3). Names every one that is wrong.
absl::Status CheckSafe(Database& database);

// Applies db/migrations/NNNN_*.sql in order, each once, each recorded with its digest in schema_migration.
// FAILED_PRECONDITION when an applied file was changed. Two migrators at once are safe.
struct Migration {
  int number;
  std::string name;
  std::string sql;
};
absl::StatusOr<std::vector<Migration>> ReadMigrations(const std::string& folder);
// A migration that stopped half-way goes on at the statement it stopped at. Needs a pool of at least 2.
absl::Status Migrate(Database& database, const std::vector<Migration>& migrations,
                     const std::function<void(const Migration&)>& on_applied = {});
// FAILED_PRECONDITION when the schema is older than the newest of `migrations`.
absl::Status CheckSchema(Database& database, const std::vector<Migration>& migrations);

}  // namespace gridwarden::db
