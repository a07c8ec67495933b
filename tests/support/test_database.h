#pragma once

#include <memory>
#include <string>

#include "platform/db/database.h"

namespace gridwarden::testing {

// A fresh database on the test MariaDB (test_mariadb.sh), migrated by our own migrator from db/migrations,
// dropped at the end. Starts the server if it is not running. Stops the process with the reason when it
// cannot: a database test never skips.
class TestDatabase {
 public:
  enum class Content { kMigrated, kEmpty };
  explicit TestDatabase(Content content = Content::kMigrated, int pool_size = 16);
  ~TestDatabase();
  TestDatabase(const TestDatabase&) = delete;
  TestDatabase& operator=(const TestDatabase&) = delete;

  db::Database& operator*() { return *database_; }
  db::Database* operator->() { return database_.get(); }
  db::Database& database() { return *database_; }

  // How to reach it, for a second pool or another process.
  const db::Options& options() const { return options_; }

  // Empties every table that holds rows (schema_migration stays): between tests that share a TestDatabase.
  void Clear();

  // Runs a statement as the test itself; stops the process when it fails.
  void Exec(const std::string& sql);
  // The first column of the first row as text; "" when there is none.
  std::string Ask(const std::string& sql);

 private:
  db::Options options_;
  std::unique_ptr<db::Database> server_;  // not inside any database: creates and drops ours
  std::unique_ptr<db::Database> database_;
};

// The repository's root folder.
std::string SourceDir();

// The socket of the test MariaDB; starts it when needed.
const std::string& TestSocket();

}  // namespace gridwarden::testing
