#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <thread>

#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "platform/crypto/digest.h"
#include "platform/db/database.h"
#include "platform/db/errors.h"

// Schema changes commit by themselves in MariaDB, so a migration is not atomic. Each statement is therefore
// announced before and counted after; a migrator that finds one announced and not counted runs it again and
// takes "is there already" for done.
namespace gridwarden::db {
namespace {

constexpr absl::Duration kLockWaitMax = absl::Minutes(5);

constexpr std::string_view kCreateHistory = R"(
  CREATE TABLE IF NOT EXISTS schema_migration (
    number INT NOT NULL PRIMARY KEY,
    name VARCHAR(120) CHARACTER SET ascii NOT NULL,
    digest BINARY(32) NOT NULL,
    statements INT NOT NULL,
    statements_begun INT NOT NULL,
    statements_done INT NOT NULL,
    applied_us BIGINT NULL) ENGINE=InnoDB)";
// Row 0 is the lock of the migrators.
constexpr std::string_view kCreateLock =
    "INSERT IGNORE INTO schema_migration (number, name, digest, statements, statements_begun, "
    "statements_done, applied_us) "
    "VALUES (0, 'lock', REPEAT('\\0', 32), 0, 0, 0, 0)";
constexpr std::string_view kLock = "SELECT number FROM schema_migration WHERE number = 0 FOR UPDATE";
constexpr std::string_view kReadHistory =
    "SELECT number, digest, statements_begun, statements_done, applied_us FROM schema_migration WHERE number "
    "> 0";
constexpr std::string_view kBeginMigration =
    "INSERT INTO schema_migration (number, name, digest, statements, statements_begun, statements_done) "
    "VALUES (?, ?, ?, ?, 0, 0)";
constexpr std::string_view kBeginStatement =
    "UPDATE schema_migration SET statements_begun = ? WHERE number = ?";
constexpr std::string_view kEndStatement = "UPDATE schema_migration SET statements_done = ? WHERE number = ?";
constexpr std::string_view kEndMigration = "UPDATE schema_migration SET applied_us = ? WHERE number = ?";
constexpr std::string_view kHasHistory =
    "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = "
    "'schema_migration'";

struct Applied {
  std::string digest;
  int begun = 0;
  int done = 0;
  bool complete = false;
};

// Statements end with ";" at the end of a line; comment lines start with "--".
std::vector<std::string> SplitStatements(const std::string& sql) {
  std::vector<std::string> statements;
  std::string statement;
  std::istringstream lines(sql);
  for (std::string line; std::getline(lines, line);) {
    while (!line.empty() && (line.back() == ' ' || line.back() == '\r')) line.pop_back();
    const size_t first = line.find_first_not_of(' ');
    if (first == std::string::npos || line.compare(first, 2, "--") == 0) continue;
    statement += line;
    if (line.back() == ';') {
      statement.pop_back();
      statements.push_back(std::move(statement));
      statement.clear();
    } else {
      statement += '\n';
    }
  }
  if (!statement.empty()) statements.push_back(std::move(statement));
  return statements;
}

absl::StatusOr<std::map<int, Applied>> ReadHistory(Database& database) {
  std::map<int, Applied> history;
  GW_RETURN_IF_ERROR(database.Run([&](Transaction& tx) -> absl::Status {
    history.clear();
    const absl::Status read = tx.QueryValues(kReadHistory, {}, [&](const Row& row) {
      history[static_cast<int>(row.Int(0))] = {.digest = row.Text(1),
                                               .begun = static_cast<int>(row.Int(2)),
                                               .done = static_cast<int>(row.Int(3)),
                                               .complete = !row.IsNull(4)};
    });
    return read;
  }));
  return history;
}

absl::Status CheckUnchanged(const Migration& migration, const Applied& applied) {
  if (applied.digest == crypto::Sha256(migration.sql)) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrFormat(
      "migration %04d_%s was changed after it was applied; migrations are never edited, add a new one",
      migration.number, migration.name));
}

absl::Status RunStatement(Database& database, const Migration& migration, const std::string& statement,
                          int index, bool announced) {
  if (!announced) {
    GW_RETURN_IF_ERROR(database.Run(
        [&](Transaction& tx) { return tx.Exec(kBeginStatement, index + 1, migration.number).status(); }));
  }
  // A data statement and its count are one commit; a schema statement commits on its own, before the count.
  return database.Run(RunOptions{.attempts_max = 3}, [&](Transaction& tx) -> absl::Status {
    GW_RETURN_IF_ERROR(tx.Exec("SET SESSION max_statement_time = 0").status());
    const absl::Status ran = tx.Exec(statement).status();
    const absl::Status restored = tx.Exec("SET SESSION max_statement_time = 60").status();
    if (!ran.ok() && !(announced && IsAlreadyThere(ran))) return ran;
    GW_RETURN_IF_ERROR(restored);
    return tx.Exec(kEndStatement, index + 1, migration.number).status();
  });
}

absl::Status Apply(Database& database, const Migration& migration, const Applied* applied) {
  const std::vector<std::string> statements = SplitStatements(migration.sql);
  int done = 0;
  int begun = 0;
  if (applied != nullptr) {
    done = applied->done;
    begun = applied->begun;
  } else {
    GW_RETURN_IF_ERROR(database.Run([&](Transaction& tx) {
      return tx
          .Exec(kBeginMigration, migration.number, migration.name, crypto::Sha256(migration.sql),
                static_cast<int64_t>(statements.size()))
          .status();
    }));
  }
  for (int i = done; i < static_cast<int>(statements.size()); ++i) {
    if (absl::Status ran = RunStatement(database, migration, statements[i], i, i < begun); !ran.ok()) {
      return absl::Status(ran.code(), absl::StrFormat("migration %04d_%s, statement %d: %s", migration.number,
                                                      migration.name, i + 1, std::string(ran.message())));
    }
  }
  return database.Run([&](Transaction& tx) {
    return tx.Exec(kEndMigration, absl::ToUnixMicros(absl::Now()), migration.number).status();
  });
}

absl::Status ApplyAll(Database& database, const std::vector<Migration>& migrations,
                      const std::function<void(const Migration&)>& on_applied) {
  GW_ASSIGN_OR_RETURN(const auto history, ReadHistory(database));
  for (const Migration& migration : migrations) {
    const auto found = history.find(migration.number);
    if (found != history.end()) {
      GW_RETURN_IF_ERROR(CheckUnchanged(migration, found->second));
      if (found->second.complete) continue;
    }
    GW_RETURN_IF_ERROR(Apply(database, migration, found == history.end() ? nullptr : &found->second));
    if (on_applied) on_applied(migration);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<Migration>> ReadMigrations(const std::string& folder) {
  std::vector<Migration> migrations;
  std::error_code error;
  for (const auto& file : std::filesystem::directory_iterator(folder, error)) {
    const std::string name = file.path().filename().string();
    if (file.path().extension() != ".sql") continue;
    if (name.size() < 10 || name.find_first_not_of("0123456789") != 4 || name[4] != '_') {
      return absl::InvalidArgumentError(absl::StrFormat("%s: migrations are named NNNN_words.sql", name));
    }
    std::ifstream in(file.path(), std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    if (!in) return absl::InternalError(absl::StrFormat("cannot read %s", file.path().string()));
    migrations.push_back({std::stoi(name.substr(0, 4)), name.substr(5, name.size() - 9), text.str()});
  }
  if (error) return absl::NotFoundError(absl::StrFormat("cannot read the migrations in %s", folder));
  if (migrations.empty()) return absl::NotFoundError(absl::StrFormat("no migrations in %s", folder));
  std::sort(migrations.begin(), migrations.end(),
            [](const Migration& a, const Migration& b) { return a.number < b.number; });
  for (size_t i = 1; i < migrations.size(); ++i) {
    if (migrations[i].number == migrations[i - 1].number) {
      return absl::InvalidArgumentError(
          absl::StrFormat("two migrations have the number %04d", migrations[i].number));
    }
  }
  return migrations;
}

absl::Status Migrate(Database& database, const std::vector<Migration>& migrations,
                     const std::function<void(const Migration&)>& on_applied) {
  GW_RETURN_IF_ERROR(database.Run([](Transaction& tx) { return tx.Exec(kCreateHistory).status(); }));
  GW_RETURN_IF_ERROR(database.Run([](Transaction& tx) { return tx.Exec(kCreateLock).status(); }));
  const absl::Time until = absl::Now() + kLockWaitMax;
  while (true) {
    // The lock row is held by this transaction while others do the work. `body` must not run twice over its
    // own work, but doing so is harmless: the history says what is done.
    absl::Status applied;
    bool locked = false;
    const absl::Status held = database.Run([&](Transaction& tx) -> absl::Status {
      locked = false;
      GW_ASSIGN_OR_RETURN(const auto row, tx.QueryOne(kLock, [](const Row& row) { return row.Int(0); }));
      if (!row) return absl::InternalError("the migration lock row is missing");
      locked = true;
      applied = ApplyAll(database, migrations, on_applied);
      return absl::OkStatus();
    });
    if (locked) return applied;
    // Another migrator is at work.
    if (!absl::IsAborted(held) || absl::Now() > until) return held;
  }
}

absl::Status CheckSchema(Database& database, const std::vector<Migration>& migrations) {
  int64_t tables = 0;
  GW_RETURN_IF_ERROR(database.Run([&](Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(const auto count,
                        tx.QueryOne(kHasHistory, [](const Row& row) { return row.Int(0); }));
    tables = count.value_or(0);
    return absl::OkStatus();
  }));
  std::map<int, Applied> history;
  if (tables > 0) {
    GW_ASSIGN_OR_RETURN(history, ReadHistory(database));
  }
  for (const Migration& migration : migrations) {
    const auto found = history.find(migration.number);
    if (found == history.end() || !found->second.complete) {
      return absl::FailedPreconditionError(absl::StrFormat(
          "the schema is older than this program: migration %04d_%s is not applied; run `gridwarden migrate`",
          migration.number, migration.name));
    }
    GW_RETURN_IF_ERROR(CheckUnchanged(migration, found->second));
  }
  return absl::OkStatus();
}

}  // namespace gridwarden::db
