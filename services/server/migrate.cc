#include "server/migrate.h"

#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "base/status.h"
#include "platform/db/accounts.h"
#include "platform/db/database.h"
#include "server/password_file.h"
#include "server/policy_store.h"
#include "server/serve.h"

namespace gridwarden::server {
namespace {

constexpr Flag kMigrateFlags[] = {
    {"--migrations-dir", "PATH", "db/migrations", "the numbered SQL files"},
    {"--policy-dir", "PATH", "db/policy", "the rules, JSON files"},
    {"--grants", "PATH", "MIGRATIONS-DIR/../grants/grants.csv", "what each database account is allowed"},
    {"--accounts-dir", "PATH", "",
     "makes a database account for each area and the other users of --grants, and gives it exactly its "
     "rights; its password "
     "is in PATH/<account>.password, made when missing. None: accounts are left alone"},
    {"--accounts-prefix", "NAME", "gw", "what the names of the accounts begin with: gw_casework"},
    {"--accounts-host", "HOST", "",
     "whence they may connect; none: localhost for a socket, 127.0.0.1 for a loopback address, % otherwise, "
     "only with TLS"},
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

bool IsPlain(const std::string& text, std::string_view besides, size_t size_max) {
  return !text.empty() && text.size() <= size_max && std::all_of(text.begin(), text.end(), [&](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || besides.find(c) != besides.npos;
  });
}

absl::StatusOr<db::Accounts> ReadAccounts(const Flags& flags, const db::Options& database,
                                          const std::map<std::string, db::Rights>& grants) {
  db::Accounts accounts{.database = database.database,
                        .prefix = flags.Text("--accounts-prefix"),
                        .host = flags.Text("--accounts-host"),
                        .require_tls = !database.tls_ca.empty()};
  if (accounts.host.empty())
    accounts.host = !database.unix_socket.empty() ? "localhost" : accounts.require_tls ? "%" : "127.0.0.1";
  if (!IsPlain(accounts.prefix, "_", 50))
    return InvalidField("--accounts-prefix", "want letters, digits and _ only, 50 at most");
  if (!IsPlain(accounts.host, ".:%-_", 60))
    return InvalidField("--accounts-host", "want a host name, an address or %");
  for (const auto& [account, rights] : grants) {
    const std::string path = absl::StrCat(flags.Text("--accounts-dir"), "/", account, ".password");
    GW_ASSIGN_OR_RETURN(accounts.passwords[account], ReadOrMakePassword(path));
  }
  return accounts;
}

absl::Status MakeAccounts(const Flags& flags, db::Options options) {
  if (flags.Text("--accounts-dir").empty()) {
    std::printf("accounts: left alone (no --accounts-dir)\n");
    return absl::OkStatus();
  }
  GW_ASSIGN_OR_RETURN(const auto grants, db::ReadGrants(GrantsPath(flags)));
  GW_ASSIGN_OR_RETURN(const db::Accounts accounts, ReadAccounts(flags, options, grants));
  // Not from inside our database: the binary log then names none, and a restore that replays it for ours
  // leaves accounts out.
  options.database.clear();
  GW_ASSIGN_OR_RETURN(const std::unique_ptr<db::Database> server, db::Database::Open(options));
  int changes = 0;
  GW_RETURN_IF_ERROR(db::SyncAccounts(*server, grants, accounts, [&](const std::string&) { ++changes; }));
  std::printf("accounts: %zu, %s_<account>@%s%s, %d rights changed\n", grants.size(), accounts.prefix.c_str(),
              accounts.host.c_str(), accounts.require_tls ? " with TLS" : "", changes);
  return absl::OkStatus();
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
  return MakeAccounts(flags, options);
}

}  // namespace gridwarden::server
