#include "support/bare.h"

#include <random>

#include "base/status.h"

namespace gridwarden::bench {
namespace {

constexpr int kTasks = 100'000, kVillages = 2'800;

constexpr const char* kSchema[] = {
    "DROP DATABASE IF EXISTS gw_bench_bare",
    "CREATE DATABASE gw_bench_bare",
    "CREATE TABLE gw_bench_bare.event (event_id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, task_id BIGINT "
    "NOT NULL, at_us BIGINT NOT NULL, "
    "body VARBINARY(400) NOT NULL, KEY event_task (task_id)) ENGINE=InnoDB",
    "CREATE TABLE gw_bench_bare.task (task_id BIGINT NOT NULL PRIMARY KEY, village INT NOT NULL, status "
    "SMALLINT NOT NULL, due_us BIGINT NOT "
    "NULL, note VARCHAR(200) NOT NULL, KEY task_due (village, status, due_us)) ENGINE=InnoDB",
    "CREATE TABLE gw_bench_bare.rollup (village INT NOT NULL PRIMARY KEY, n BIGINT NOT NULL) ENGINE=InnoDB",
    "INSERT INTO gw_bench_bare.task SELECT seq, seq % 2800, seq % 8, seq, REPEAT('x', 100) FROM "
    "gw_bench_bare_seq",
    "CREATE PROCEDURE gw_bench_bare.transition(t BIGINT, v INT, s SMALLINT, at_us BIGINT, b VARBINARY(400)) "
    "BEGIN START TRANSACTION; "
    "INSERT INTO event (task_id, at_us, body) VALUES (t, at_us, b); UPDATE task SET status = s, due_us = "
    "at_us WHERE task_id = t; "
    "UPDATE rollup SET n = n + 1 WHERE village = v; COMMIT; END",
};

constexpr char kEvent[] = "INSERT INTO event (task_id, at_us, body) VALUES (?, ?, ?)";
constexpr char kTask[] = "UPDATE task SET status = ?, due_us = ? WHERE task_id = ?";
constexpr char kRollup[] = "UPDATE rollup SET n = n + 1 WHERE village = ?";
constexpr char kCall[] = "CALL transition(?, ?, ?, ?, ?)";

struct Draw {
  int64_t task, village, status, at_us;
};

Draw DrawOne() {
  thread_local std::mt19937_64 random(std::random_device{}());
  return {static_cast<int64_t>(random() % kTasks), static_cast<int64_t>(random() % kVillages),
          static_cast<int64_t>(random() % 8), static_cast<int64_t>(random() % 1'000'000'000)};
}

const std::string& Body() {
  static const std::string body(200, 'e');
  return body;
}

absl::Status MakeSchema(db::Connection& connection) {
  for (const std::string statement : kSchema) {
    std::string sql = statement;
    // Numbered rows without a table of their own: the sequence engine.
    if (const size_t at = sql.find("gw_bench_bare_seq"); at != std::string::npos) {
      sql.replace(at, 17, "gw_bench_bare.rows_to_fill");
      GW_RETURN_IF_ERROR(
          connection.Execute("CREATE TABLE gw_bench_bare.rows_to_fill AS WITH RECURSIVE r AS (SELECT 0 AS d "
                             "UNION ALL SELECT d + 1 FROM r WHERE d < 9) "
                             "SELECT a.d + 10 * b.d + 100 * c.d + 1000 * e.d + 10000 * f.d AS seq FROM r a, "
                             "r b, r c, r e, r f"));
    }
    GW_RETURN_IF_ERROR(connection.Execute(sql));
  }
  return connection.Execute(
      "INSERT INTO gw_bench_bare.rollup SELECT seq, 0 FROM gw_bench_bare.rows_to_fill WHERE seq < 2800");
}

}  // namespace

absl::StatusOr<std::unique_ptr<Bare>> Bare::Open(const std::string& socket, int connections) {
  db::Options options;
  options.unix_socket = socket;
  options.user = "root";
  {
    GW_ASSIGN_OR_RETURN(const std::unique_ptr<db::Connection> maker, db::Connection::Open(options));
    GW_RETURN_IF_ERROR(MakeSchema(*maker));
  }
  options.database = "gw_bench_bare";
  auto bare = std::make_unique<Bare>();
  for (int i = 0; i < connections; ++i) {
    GW_ASSIGN_OR_RETURN(std::unique_ptr<db::Connection> connection, db::Connection::Open(options));
    bare->connections_.push_back(std::move(connection));
  }
  return bare;
}

absl::Status Bare::FiveStatements(int connection) {
  db::Connection& c = *connections_[static_cast<size_t>(connection)];
  const Draw draw = DrawOne();
  GW_RETURN_IF_ERROR(c.Execute("START TRANSACTION"));
  const db::Value event[] = {draw.task, draw.at_us, Body()};
  GW_RETURN_IF_ERROR(c.Exec(kEvent, event).status());
  const db::Value task[] = {draw.status, draw.at_us, draw.task};
  GW_RETURN_IF_ERROR(c.Exec(kTask, task).status());
  const db::Value rollup[] = {draw.village};
  GW_RETURN_IF_ERROR(c.Exec(kRollup, rollup).status());
  return c.Execute("COMMIT");
}

absl::Status Bare::OneCall(int connection) {
  const Draw draw = DrawOne();
  const db::Value values[] = {draw.task, draw.village, draw.status, draw.at_us, Body()};
  return connections_[static_cast<size_t>(connection)]->Exec(kCall, values).status();
}

}  // namespace gridwarden::bench
