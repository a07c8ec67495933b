#include "platform/db/accounts.h"

#include <algorithm>
#include <fstream>
#include <iterator>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "base/csv.h"

namespace gridwarden::db {
namespace {

constexpr int kRowsMax = 10'000;
constexpr std::string_view kKnownRights[] = {
    "SELECT",        "INSERT", "UPDATE", "DELETE",     "CREATE",
    "ALTER",         "DROP",   "INDEX",  "REFERENCES", "REPLICATION SLAVE",
    "BINLOG MONITOR"};
// Accounts that are no areas: "all" is not what these may.
constexpr std::string_view kNotAreas[] = {"migrate", "backup"};

constexpr std::string_view kUserRights =
    "SELECT PRIVILEGE_TYPE, IS_GRANTABLE FROM information_schema.USER_PRIVILEGES WHERE GRANTEE = ?";
constexpr std::string_view kSchemaRights =
    "SELECT PRIVILEGE_TYPE, IS_GRANTABLE, TABLE_SCHEMA FROM information_schema.SCHEMA_PRIVILEGES WHERE "
    "GRANTEE = ?";
constexpr std::string_view kTableRights =
    "SELECT PRIVILEGE_TYPE, IS_GRANTABLE, TABLE_SCHEMA, TABLE_NAME FROM information_schema.TABLE_PRIVILEGES "
    "WHERE GRANTEE = ?";
constexpr std::string_view kColumnRights =
    "SELECT DISTINCT TABLE_SCHEMA, TABLE_NAME FROM information_schema.COLUMN_PRIVILEGES WHERE GRANTEE = ?";

bool IsName(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '_';
  });
}

bool IsArea(std::string_view account) {
  return std::find(std::begin(kNotAreas), std::end(kNotAreas), account) == std::end(kNotAreas);
}

void AddTo(Rights& sum, const Rights& more) {
  for (const auto& [table, rights] : more) sum[table].insert(rights.begin(), rights.end());
}

absl::Status BadRow(int line, std::string_view why) {
  return absl::InvalidArgumentError(absl::StrFormat("grants.csv, line %d: %s", line, std::string(why)));
}

// A name that may stand in a statement, where values cannot be bound. What it is made of was checked before.
std::string NameOf(const Accounts& accounts, std::string_view account) {
  return absl::StrCat("'", accounts.prefix, "_", std::string(account), "'@'", accounts.host, "'");
}

// In a grant on a whole database an underscore stands for any character.
std::string Pattern(const std::string& database) { return absl::StrReplaceAll(database, {{"_", "\\_"}}); }

std::string ScopeOf(const std::string& database, const std::string& table) {
  if (table == kWholeServer) return "*.*";
  if (table == kWholeDatabase) return absl::StrCat("`", Pattern(database), "`.*");
  return absl::StrCat("`", database, "`.`", table, "`");
}

// The rights an account holds, as the server knows them.
struct Held {
  Rights rights;
  std::set<std::string> loose;         // on every database whose name our underscores would match, too
  std::set<std::string> columns;       // tables of which it holds rights to single columns
  std::set<std::string> other_schema;  // databases that are not ours
};

absl::StatusOr<Held> ReadHeld(Transaction& tx, const std::string& grantee, const std::string& database) {
  Held held;
  const auto note = [&](const std::string& table, const Row& row) {
    if (row.Text(0) != "USAGE") held.rights[table].insert(row.Text(0));
    if (row.Text(1) == "YES") held.rights[table].insert("GRANT OPTION");
  };
  const std::vector<Value> who{Value(grantee)};
  GW_RETURN_IF_ERROR(
      tx.QueryValues(kUserRights, who, [&](const Row& row) { note(std::string(kWholeServer), row); }));
  GW_RETURN_IF_ERROR(tx.QueryValues(kSchemaRights, who, [&](const Row& row) {
    if (row.Text(2) == Pattern(database)) {
      note(std::string(kWholeDatabase), row);
    } else if (row.Text(2) == database) {
      held.loose.insert(row.Text(0));
      if (row.Text(1) == "YES") held.loose.insert("GRANT OPTION");
    } else {
      held.other_schema.insert(row.Text(2));
    }
  }));
  GW_RETURN_IF_ERROR(tx.QueryValues(kTableRights, who, [&](const Row& row) {
    if (row.Text(2) == database) {
      note(row.Text(3), row);
    } else {
      held.other_schema.insert(row.Text(2));
    }
  }));
  GW_RETURN_IF_ERROR(tx.QueryValues(kColumnRights, who, [&](const Row& row) {
    (row.Text(0) == database ? held.columns : held.other_schema).insert(row.Text(row.Text(0) == database));
  }));
  return held;
}

std::set<std::string> Minus(const std::set<std::string>& from, const std::set<std::string>& what) {
  std::set<std::string> rest;
  std::set_difference(from.begin(), from.end(), what.begin(), what.end(), std::inserter(rest, rest.end()));
  return rest;
}

const std::set<std::string>& At(const Rights& rights, const std::string& table) {
  static const std::set<std::string> none;
  const auto found = rights.find(table);
  return found == rights.end() ? none : found->second;
}

// Account statements commit by themselves; each of ours may be repeated.
absl::Status Execute(Database& database, const std::string& sql) {
  return database.Run([&](Transaction& tx) { return tx.ExecValues(sql, {}).status(); });
}

absl::Status MayNot(std::string_view what, const absl::Status& why) {
  return absl::FailedPreconditionError(
      absl::StrCat(std::string(what), ": this account may not manage accounts (", std::string(why.message()),
                   "); run it as the owner of the database server, or without --accounts-dir"));
}

// The password as the server keeps it, so that the password itself stands in no statement and no log.
absl::StatusOr<std::string> HashOf(Database& database, const std::string& password) {
  std::string hash;
  GW_RETURN_IF_ERROR(database.Run([&](Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(const auto answer,
                        tx.QueryOne(
                            "SELECT PASSWORD(?)", [](const Row& row) { return row.Text(0); }, password));
    hash = answer.value_or("");
    return absl::OkStatus();
  }));
  const bool plain =
      hash.size() == 41 && hash[0] == '*' &&
      std::all_of(hash.begin() + 1, hash.end(), [](char c) { return absl::ascii_isxdigit(c); });
  if (!plain) return absl::InternalError("the server does not hash passwords as expected");
  return hash;
}

absl::StatusOr<Held> ReadHeld(Database& database, const std::string& grantee, const std::string& schema) {
  Held held;
  GW_RETURN_IF_ERROR(database.Run([&](Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(held, ReadHeld(tx, grantee, schema));
    return absl::OkStatus();
  }));
  return held;
}

absl::Status MakeAccount(Database& database, const Accounts& accounts, const std::string& account,
                         const std::string& name) {
  const auto password = accounts.passwords.find(account);
  if (password == accounts.passwords.end() || password->second.empty())
    return absl::InvalidArgumentError(absl::StrCat("no password for the account ", name));
  GW_ASSIGN_OR_RETURN(const std::string hash, HashOf(database, password->second));
  const std::string options = absl::StrCat(name, " IDENTIFIED BY PASSWORD '", hash, "' REQUIRE ",
                                           accounts.require_tls ? "SSL" : "NONE");
  // Created with its password, or given it: an account without one never stands there.
  if (absl::Status made = Execute(database, absl::StrCat("CREATE USER IF NOT EXISTS ", options)); !made.ok())
    return MayNot(name, made);
  if (absl::Status set = Execute(database, absl::StrCat("ALTER USER ", options)); !set.ok())
    return MayNot(name, set);
  return absl::OkStatus();
}

absl::Status SyncRights(Database& database, const Accounts& accounts, const std::string& name,
                        const Rights& wanted, const std::function<void(const std::string&)>& changed) {
  GW_ASSIGN_OR_RETURN(Held held, ReadHeld(database, name, accounts.database));
  if (!held.other_schema.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat("the account ", name, " holds rights on the database ", *held.other_schema.begin(),
                     ": it is of another installation; choose another --accounts-prefix"));
  }
  for (const std::string& table : held.columns) {
    GW_RETURN_IF_ERROR(Execute(database, absl::StrCat("REVOKE ALL PRIVILEGES ON ",
                                                      ScopeOf(accounts.database, table), " FROM ", name)));
    held.rights.erase(table);
    changed(absl::StrCat(name, " lost its rights to single columns of ", table));
  }
  if (!held.loose.empty()) {
    const std::string list = absl::StrJoin(held.loose, ", ");
    GW_RETURN_IF_ERROR(
        Execute(database, absl::StrCat("REVOKE ", list, " ON `", accounts.database, "`.* FROM ", name)));
    changed(absl::StrCat(name, " may no longer ", list, " everywhere"));
  }
  // Given before taken, so that a release that runs meanwhile lacks nothing it still may.
  for (const auto& [table, rights] : wanted) {
    const std::set<std::string> missing = Minus(rights, At(held.rights, table));
    if (missing.empty()) continue;
    const std::string list = absl::StrJoin(missing, ", ");
    if (absl::Status given = Execute(
            database, absl::StrCat("GRANT ", list, " ON ", ScopeOf(accounts.database, table), " TO ", name));
        !given.ok())
      return MayNot(absl::StrCat("GRANT ", list, " ON ", table, " TO ", name), given);
    changed(absl::StrCat(name, " may now ", list, " ", table));
  }
  for (const auto& [table, rights] : held.rights) {
    const std::set<std::string> surplus = Minus(rights, At(wanted, table));
    if (surplus.empty()) continue;
    const std::string list = absl::StrJoin(surplus, ", ");
    GW_RETURN_IF_ERROR(Execute(
        database, absl::StrCat("REVOKE ", list, " ON ", ScopeOf(accounts.database, table), " FROM ", name)));
    changed(absl::StrCat(name, " may no longer ", list, " ", table));
  }
  // One that cannot read the server's list of rights would have seen none to take away.
  GW_ASSIGN_OR_RETURN(held, ReadHeld(database, name, accounts.database));
  if (held.rights != wanted || !held.loose.empty())
    return absl::FailedPreconditionError(absl::StrCat(
        "the rights of ", name, " are not what was granted; is this account allowed to read mysql.*?"));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::map<std::string, Rights>> ParseGrants(std::string_view text) {
  GW_ASSIGN_OR_RETURN(const CsvTable table, ParseCsv(text, kRowsMax));
  if (table.header != std::vector<std::string>{"account", "table", "rights", "why"})
    return absl::InvalidArgumentError("grants.csv: want the columns account,table,rights,why");
  std::map<std::string, Rights> grants;
  for (const CsvRow& row : table.rows) {
    if (row.cells.size() != 4)
      return BadRow(row.line, absl::StrCat("got ", row.cells.size(), " cells, want 4"));
    const std::string& account = row.cells[0];
    const std::string& where = row.cells[1];
    if (!IsName(account) || account == "all") return BadRow(row.line, absl::StrCat("no account: ", account));
    if (!IsName(where) && where != kWholeDatabase && where != kWholeServer)
      return BadRow(row.line, absl::StrCat("no table: ", where));
    std::set<std::string>& rights = grants[account][where];
    if (!rights.empty()) return BadRow(row.line, absl::StrCat(where, " stands there twice for ", account));
    for (const std::string& right : std::vector<std::string>(absl::StrSplit(row.cells[2], ", "))) {
      if (std::find(std::begin(kKnownRights), std::end(kKnownRights), right) == std::end(kKnownRights))
        return BadRow(row.line, absl::StrCat("no right: ", right));
      rights.insert(right);
    }
  }
  Rights all;
  for (const auto& [account, rights] : grants) {
    if (IsArea(account)) AddTo(all, rights);
  }
  grants["all"] = std::move(all);
  return grants;
}

absl::StatusOr<std::map<std::string, Rights>> ReadGrants(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  if (!in || text.empty()) return absl::NotFoundError(absl::StrCat("cannot read the grants in ", path));
  return ParseGrants(text);
}

Rights RightsOf(const std::map<std::string, Rights>& grants, const std::vector<std::string>& areas) {
  Rights sum;
  for (const std::string& area : areas) {
    if (const auto found = grants.find(area); found != grants.end()) AddTo(sum, found->second);
  }
  return sum;
}

absl::Status SyncAccounts(Database& database, const std::map<std::string, Rights>& grants,
                          const Accounts& accounts,
                          const std::function<void(const std::string& sentence)>& changed) {
  for (const auto& [account, wanted] : grants) {
    const std::string name = NameOf(accounts, account);
    GW_RETURN_IF_ERROR(MakeAccount(database, accounts, account, name));
    GW_RETURN_IF_ERROR(SyncRights(database, accounts, name, wanted, changed));
  }
  return absl::OkStatus();
}

absl::StatusOr<RightsFound> CompareRights(Database& database, const Rights& wanted) {
  std::string account;
  Held held;
  GW_RETURN_IF_ERROR(database.Run([&](Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(const auto who, tx.QueryOne("SELECT CURRENT_USER(), DATABASE()", [](const Row& row) {
      return std::pair(row.Text(0), row.OptText(1).value_or(""));
    }));
    account = who->first;
    const std::string grantee = absl::StrCat("'", absl::StrReplaceAll(account, {{"@", "'@'"}}), "'");
    GW_ASSIGN_OR_RETURN(held, ReadHeld(tx, grantee, who->second));
    return absl::OkStatus();
  }));
  std::set<std::string> everywhere = At(held.rights, std::string(kWholeServer));
  everywhere.insert(held.loose.begin(), held.loose.end());
  const std::set<std::string>& database_wide = At(held.rights, std::string(kWholeDatabase));
  everywhere.insert(database_wide.begin(), database_wide.end());
  RightsFound found;
  for (const auto& [table, rights] : wanted) {
    const std::set<std::string> missing = Minus(Minus(rights, At(held.rights, table)), everywhere);
    if (!missing.empty())
      found.missing.push_back(absl::StrCat("the database account ", account, " may not ",
                                           absl::StrJoin(missing, ", "), " ", table));
  }
  for (const auto& [table, rights] : held.rights) {
    const std::set<std::string> surplus = Minus(rights, At(wanted, table));
    if (!surplus.empty())
      found.surplus.push_back(absl::StrCat(account, " may also ", absl::StrJoin(surplus, ", "), " ", table));
  }
  return found;
}

}  // namespace gridwarden::db
