#include "server/migrate.h"

#include <cstdio>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "base/status.h"
#include "platform/db/database.h"
#include "server/policy_store.h"
#include "server/serve.h"

namespace gridwarden::server {
namespace {

constexpr Flag kMigrateFlags[] = {
    {"--migrations-dir", "PATH", "db/migrations", "the numbered SQL files"},
    {"--policy-dir", "PATH", "db/policy", "the rules, JSON files"},
};

// Opens the database; makes it first when the account may and it is not there.
absl::StatusOr<std::unique_ptr<db::Database>> OpenOrCreate(db::Options options) {
  absl::StatusOr<std::unique_ptr<db::Database>> database = db::Database::Open(options);
  if (database.ok()) return database;
  const std::string name = std::exchange(options.database, "");
  GW_ASSIGN_OR_RETURN(const std::unique_ptr<db::Database> server, db::Database::Open(options));
  // The name was checked to be letters, digits and _ only; a statement cannot bind it.
  const std::string create = absl::StrCat("CREATE DATABASE IF NOT EXISTS `", name, "` CHARACTER SET utf8mb4");
  const absl::Status created =
      server->Run([&](db::Transaction& tx) { return tx.ExecValues(create, {}).status(); });
  if (!created.ok()) return database.status();
  std::printf("database %s is there\n", name.c_str());
  options.database = name;
  return db::Database::Open(options);
}

}  // namespace

std::span<const Flag> MigrateFlags() { return kMigrateFlags; }

absl::Status RunMigrate(const Flags& flags) {
  GW_ASSIGN_OR_RETURN(db::Options options, ReadDatabaseFlags(flags));
  options.pool_size = 2;
  GW_ASSIGN_OR_RETURN(const std::vector<db::Migration> migrations,
                      db::ReadMigrations(flags.Text("--migrations-dir")));
  GW_ASSIGN_OR_RETURN(const auto policy, ReadPolicyFolder(flags.Text("--policy-dir")));
  GW_ASSIGN_OR_RETURN(const std::unique_ptr<db::Database> database, OpenOrCreate(options));
  int applied = 0;
  GW_RETURN_IF_ERROR(db::Migrate(*database, migrations, [&](const db::Migration& migration) {
    ++applied;
    std::printf("applied %s\n", migration.name.c_str());
    std::fflush(stdout);
  }));
  GW_ASSIGN_OR_RETURN(const std::vector<std::string> changed, StorePolicy(*database, policy, absl::Now()));
  std::printf("schema: %d of %zu migrations applied now; policy: %s\n", applied, migrations.size(),
              changed.empty() ? "unchanged" : absl::StrCat("stored ", absl::StrJoin(changed, ", ")).c_str());
  return absl::OkStatus();
}

}  // namespace gridwarden::server
