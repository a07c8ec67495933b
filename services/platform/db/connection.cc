#include "platform/db/connection.h"

#include <cppconn/exception.h>
#include <cppconn/resultset.h>
#include <mysql_driver.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <mutex>

#include "absl/time/clock.h"
#include "platform/runtime/log.h"

namespace gridwarden::db {
namespace {

// Enough to know a statement by; one that inserts hundreds of rows would fill the log.
constexpr size_t kSqlLoggedMax = 1000;

// The server allows 16,382 prepared statements over all connections.
constexpr size_t kStatementsMax = 128;

// Every session gets these, whatever the server's defaults are. max_statement_time is a net under statements
// that forgot their LIMIT; migrations lift it.
constexpr char kPostInit[] =
    "SET time_zone='+00:00', tx_isolation='READ-COMMITTED', innodb_lock_wait_timeout=3, "
    "max_statement_time=60, "
    "sql_mode='STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION', "
    "NAMES utf8mb4 COLLATE utf8mb4_general_ci";

// The first call of get_driver_instance is not thread-safe, and each thread announces itself once.
sql::mysql::MySQL_Driver* Driver() {
  static std::once_flag once;
  static sql::mysql::MySQL_Driver* driver = nullptr;
  std::call_once(once, [] { driver = sql::mysql::get_driver_instance(); });
  struct Thread {
    Thread() { driver->threadInit(); }
    ~Thread() { driver->threadEnd(); }
  };
  thread_local const Thread thread;
  return driver;
}

[[noreturn]] void ReadOfNull(int column) {
  std::fprintf(stderr, "db: column %d is NULL and was read as a plain value\n", column);
  std::abort();
}

class DriverRow final : public Row {
 public:
  explicit DriverRow(sql::ResultSet& result) : result_(result) {}

  bool IsNull(int column) const override { return result_.isNull(At(column)); }
  int64_t Int(int column) const override {
    if (IsNull(column)) ReadOfNull(column);
    return result_.getInt64(At(column));
  }
  double Double(int column) const override {
    if (IsNull(column)) ReadOfNull(column);
    return static_cast<double>(result_.getDouble(At(column)));
  }
  std::string Text(int column) const override {
    if (IsNull(column)) ReadOfNull(column);
    return result_.getString(At(column)).asStdString();
  }

 private:
  static uint32_t At(int column) { return static_cast<uint32_t>(column) + 1; }
  sql::ResultSet& result_;
};

// Integers are always bound signed: after setUInt64 a later setInt64 of -1 would be sent unsigned.
void Bind(sql::PreparedStatement& statement, std::span<const Value> values) {
  unsigned int index = 0;
  for (const Value& value : values) {
    ++index;
    if (const auto* number = std::get_if<int64_t>(&value.get())) {
      statement.setInt64(index, *number);
    } else if (const auto* real = std::get_if<double>(&value.get())) {
      statement.setDouble(index, *real);
    } else if (const auto* text = std::get_if<std::string>(&value.get())) {
      statement.setString(index, sql::SQLString(*text));
    } else {
      statement.setNull(index, 0);
    }
  }
}

// These messages quote the value, which may be a person's.
bool QuotesValue(int code) { return code == 1062 || code == 1292 || code == 1366 || code == 1411; }

}  // namespace

Connection::Connection(std::unique_ptr<sql::Connection> connection)
    : connection_(std::move(connection)), opened_(absl::Now()), last_used_(opened_) {
  plain_.reset(connection_->createStatement());
}

Connection::~Connection() {
  try {
    ForgetAll();
    plain_.reset();
    connection_.reset();
  } catch (const std::exception&) {
    // Closing a dead connection may throw; it is gone either way.
  }
}

absl::StatusOr<std::unique_ptr<Connection>> Connection::Open(const Options& options) {
  sql::ConnectOptionsMap map;
  if (!options.unix_socket.empty()) {
    map["hostName"] = sql::SQLString("unix://" + options.unix_socket);
  } else {
    map["hostName"] = sql::SQLString("tcp://" + options.host + ":" + std::to_string(options.port));
  }
  map["userName"] = sql::SQLString(options.user);
  map["password"] = sql::SQLString(options.password);
  if (!options.tls_ca.empty()) {
    // All three: sslCA alone does not check the name, sslEnforce alone checks nothing, and an unknown option
    // is ignored without a word (toolchain.md 4, trap 11).
    map["sslCA"] = sql::SQLString(options.tls_ca);
    map["sslVerify"] = true;
    map["sslEnforce"] = true;
  }
  if (!options.database.empty()) map["schema"] = sql::SQLString(options.database);
  map["OPT_CONNECT_TIMEOUT"] =
      static_cast<int>(std::max<int64_t>(1, absl::ToInt64Seconds(options.connect_timeout)));
  map["postInit"] = sql::SQLString(kPostInit);
  map["CLIENT_FOUND_ROWS"] = true;
  map["CLIENT_MULTI_STATEMENTS"] = false;
  try {
    std::unique_ptr<sql::Connection> connection(Driver()->connect(map));
    return std::unique_ptr<Connection>(new Connection(std::move(connection)));
  } catch (const sql::SQLException& e) {
    const Fault fault = FaultOf(e.getErrorCode());
    Log(LogLevel::kWarning, "db_connect_failed",
        {{"code", std::to_string(e.getErrorCode())}, {"error", e.what()}});
    if (fault == Fault::kUnavailable || fault == Fault::kLost) return StatusOf(e.getErrorCode(), "");
    return Unavailable("DATABASE_UNAVAILABLE", "cannot connect to the database", absl::Seconds(1));
  }
}

absl::Status Connection::Failed(int code, const char* message, std::string_view sql) {
  const Fault fault = FaultOf(code);
  fault_ = fault;
  if (BreaksConnection(fault)) broken_ = true;
  if (fault != Fault::kConflict && fault != Fault::kDuplicate) {
    Log(fault == Fault::kBug || fault == Fault::kConstraint ? LogLevel::kError : LogLevel::kWarning,
        "db_error",
        {{"code", std::to_string(code)},
         {"error", QuotesValue(code) ? "" : message},
         {"sql", std::string(sql.substr(0, kSqlLoggedMax))}});
  }
  return StatusOf(code, message);
}

absl::Status Connection::Execute(const std::string& sql) {
  try {
    plain_->execute(sql::SQLString(sql));
    return absl::OkStatus();
  } catch (const sql::SQLException& e) {
    return Failed(e.getErrorCode(), e.what(), sql);
  }
}

bool Connection::Ping() {
  try {
    return connection_->isValid();
  } catch (const sql::SQLException&) {
    return false;
  }
}

sql::PreparedStatement& Connection::Prepare(std::string_view sql) {
  if (const auto found = cache_.find(sql); found != cache_.end()) {
    recent_.splice(recent_.begin(), recent_, found->second);
    return *recent_.front().statement;
  }
  std::string text(sql);
  std::unique_ptr<sql::PreparedStatement> statement(connection_->prepareStatement(sql::SQLString(text)));
  while (cache_.size() >= kStatementsMax) {
    cache_.erase(recent_.back().sql);
    recent_.pop_back();
  }
  recent_.push_front({std::move(text), std::move(statement)});
  cache_.emplace(recent_.front().sql, recent_.begin());
  return *recent_.front().statement;
}

void Connection::Forget(std::string_view sql) {
  const auto found = cache_.find(sql);
  if (found == cache_.end()) return;
  const Recent::iterator cached = found->second;
  cache_.erase(found);
  recent_.erase(cached);
}

void Connection::ForgetAll() {
  cache_.clear();
  recent_.clear();
}

template <typename Work>
absl::Status Connection::WithStatement(std::string_view sql, std::span<const Value> values, Work work) {
  for (int attempt = 0;; ++attempt) {
    try {
      sql::PreparedStatement& statement = Prepare(sql);
      Bind(statement, values);
      work(statement);
      return absl::OkStatus();
    } catch (const sql::SQLException& e) {
      // Both refusals come before the statement has run, so running it again is safe.
      const Fault fault = FaultOf(e.getErrorCode());
      if (attempt == 0 && fault == Fault::kStale) {
        Forget(sql);
        continue;
      }
      if (attempt == 0 && fault == Fault::kStatementCap) {
        ForgetAll();
        continue;
      }
      Forget(sql);
      return Failed(e.getErrorCode(), e.what(), sql);
    }
  }
}

absl::StatusOr<uint64_t> Connection::Exec(std::string_view sql, std::span<const Value> values) {
  uint64_t rows = 0;
  GW_RETURN_IF_ERROR(WithStatement(sql, values, [&](sql::PreparedStatement& statement) {
    rows = static_cast<uint64_t>(std::max(0, statement.executeUpdate()));
  }));
  return rows;
}

absl::Status Connection::Query(std::string_view sql, std::span<const Value> values,
                               const std::function<void(const Row&)>& each) {
  return WithStatement(sql, values, [&](sql::PreparedStatement& statement) {
    // Closed before the statement can run again: a second execution would overwrite the rows of an open
    // result.
    const std::unique_ptr<sql::ResultSet> result(statement.executeQuery());
    const DriverRow row(*result);
    while (result->next()) each(row);
  });
}

}  // namespace gridwarden::db
