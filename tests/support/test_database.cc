#include "support/test_database.h"

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <vector>

#include "absl/time/time.h"

namespace gridwarden::testing {
namespace {

[[noreturn]] void Fail(const std::string& what) {
  std::fprintf(stderr, "test database: %s\n", what.c_str());
  std::exit(1);
}

void Require(const absl::Status& status, const std::string& what) {
  if (!status.ok()) Fail(what + ": " + status.ToString());
}

std::string StartServer() {
  const std::string command = "'" + SourceDir() + "/tests/support/test_mariadb.sh' start";
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) Fail("cannot run test_mariadb.sh");
  std::string output;
  char part[256];
  while (std::fgets(part, sizeof(part), pipe) != nullptr) output += part;
  if (pclose(pipe) != 0) Fail("the test MariaDB did not start");
  while (!output.empty() && (output.back() == '\n' || output.back() == ' ')) output.pop_back();
  return output;
}

std::unique_ptr<db::Database> Open(const db::Options& options) {
  absl::StatusOr<std::unique_ptr<db::Database>> opened = db::Database::Open(options);
  if (!opened.ok()) Fail("cannot connect to the test MariaDB: " + opened.status().ToString());
  return *std::move(opened);
}

void ExecOn(db::Database& database, const std::string& sql) {
  Require(database.Run([&](db::Transaction& tx) { return tx.Exec(sql).status(); }), sql);
}

// Drops what test processes that were killed have left behind.
void DropOrphans(db::Database& server) {
  std::vector<std::string> orphans;
  Require(server.Run([&](db::Transaction& tx) {
    orphans.clear();
    return tx.QueryValues(
        "SELECT schema_name FROM information_schema.schemata WHERE schema_name LIKE 'gw\\_test\\_%'", {},
        [&](const db::Row& row) {
          const std::string name = row.Text(0);
          const int pid = std::atoi(name.c_str() + sizeof("gw_test_") - 1);
          if (pid > 0 && kill(pid, 0) != 0 && errno == ESRCH) orphans.push_back(name);
        });
  }),
          "cannot list databases");
  for (const std::string& name : orphans) ExecOn(server, "DROP DATABASE IF EXISTS " + name);
}

const std::vector<db::Migration>& Migrations() {
  static const std::vector<db::Migration> migrations = [] {
    auto read = db::ReadMigrations(SourceDir() + "/db/migrations");
    if (!read.ok()) Fail(read.status().ToString());
    return *std::move(read);
  }();
  return migrations;
}

}  // namespace

std::string SourceDir() {
  return std::filesystem::path(__FILE__).parent_path().parent_path().parent_path().string();
}

const std::string& TestSocket() {
  static const std::string socket = StartServer();
  return socket;
}

TestDatabase::TestDatabase(Content content, int pool_size) {
  static std::atomic<int> count{0};
  options_.unix_socket = TestSocket();
  options_.user = "root";
  options_.pool_size = 2;
  server_ = Open(options_);
  options_.pool_size = pool_size;
  options_.database = "gw_test_" + std::to_string(getpid()) + "_" + std::to_string(++count);
  static const bool dropped = (DropOrphans(*server_), true);
  (void)dropped;
  // A process of the same number may have died before it could drop its own.
  ExecOn(*server_, "DROP DATABASE IF EXISTS " + options_.database);
  ExecOn(*server_, "CREATE DATABASE " + options_.database + " CHARACTER SET utf8mb4");
  database_ = Open(options_);
  if (content == Content::kMigrated) Require(db::Migrate(*database_, Migrations()), "cannot migrate");
}

TestDatabase::~TestDatabase() {
  database_.reset();
  ExecOn(*server_, "DROP DATABASE " + options_.database);
}

void TestDatabase::Clear() {
  std::vector<std::string> tables;
  Require(database_->Run([&](db::Transaction& tx) {
    tables.clear();
    return tx.QueryValues(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name <> "
        "'schema_migration'",
        {}, [&](const db::Row& row) { tables.push_back(row.Text(0)); });
  }),
          "cannot list tables");
  for (const std::string& table : tables) ExecOn(*database_, "DELETE FROM " + table);
}

void TestDatabase::Exec(const std::string& sql) { ExecOn(*database_, sql); }

std::string TestDatabase::Ask(const std::string& sql) {
  std::string answer;
  Require(database_->Run([&](db::Transaction& tx) {
    answer.clear();
    bool first = true;
    return tx.QueryValues(sql, {}, [&](const db::Row& row) {
      if (first && !row.IsNull(0)) answer = row.Text(0);
      first = false;
    });
  }),
          sql);
  return answer;
}

}  // namespace gridwarden::testing
