#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "platform/db/database.h"

// The database accounts of an installation, one for each target, and what each may do: db/grants/grants.csv.
// An area writes its own tables and adds to journal_stage; nobody may change or delete an entry of the
// journal (architecture.md D4, guarantees.md 4.3).
namespace gridwarden::db {

// By table; kWholeDatabase and kWholeServer stand for what their names say.
using Rights = std::map<std::string, std::set<std::string>>;
inline constexpr std::string_view kWholeDatabase = "*";
inline constexpr std::string_view kWholeServer = "*.*";

// Of every account that the file names ("casework"), and of "all", which may what the areas may together.
// INVALID_ARGUMENT naming the line that cannot be meant.
absl::StatusOr<std::map<std::string, Rights>> ReadGrants(const std::string& path);
// The same, from the text of the file.
absl::StatusOr<std::map<std::string, Rights>> ParseGrants(std::string_view text);
// What the areas of one process need together.
Rights RightsOf(const std::map<std::string, Rights>& grants, const std::vector<std::string>& areas);

struct Accounts {
  std::string database;
  std::string prefix = "gw";                     // gw_casework
  std::string host = "localhost";                // whence they may connect; "localhost" is the socket
  bool require_tls = false;                      // refused without
  std::map<std::string, std::string> passwords;  // by account, all of them
};

// Makes the accounts what the grants say: those missing are created, each gets its password and exactly its
// rights, so that one no longer listed is taken from it. Idempotent. `database` is opened by an account that
// may do that. FAILED_PRECONDITION when it may not, or an account holds rights on another database: it is of
// another installation. Tells what it changed.
absl::Status SyncAccounts(Database& database, const std::map<std::string, Rights>& grants,
                          const Accounts& accounts,
                          const std::function<void(const std::string& sentence)>& changed);

// What the connected account lacks of `wanted`, and what it has besides; a sentence for each table.
struct RightsFound {
  std::vector<std::string> missing;
  std::vector<std::string> surplus;
};
absl::StatusOr<RightsFound> CompareRights(Database& database, const Rights& wanted);

}  // namespace gridwarden::db
