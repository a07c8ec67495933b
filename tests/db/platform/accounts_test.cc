#include "platform/db/accounts.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "support/test_database.h"

// The accounts of db/grants/grants.csv, each connected as itself to a real server.
namespace gridwarden::db {
namespace {

using testing::SourceDir;
using testing::TestDatabase;

const std::vector<std::string>& Verbs() {
  static const std::vector<std::string> verbs = {"SELECT", "INSERT", "UPDATE", "DELETE"};
  return verbs;
}

class AccountsTest : public ::testing::Test {
 protected:
  AccountsTest() : grants_(ReadGrants(SourceDir() + "/db/grants/grants.csv").value()) {
    accounts_.database = test_.options().database;
    // Accounts are the server's: another run must not meet ours.
    static int count = 0;
    accounts_.prefix = absl::StrCat("gwt", getpid(), "_", ++count);
    for (const auto& [account, rights] : grants_)
      accounts_.passwords[account] = absl::StrCat(account, "-0123456789abcdef");
  }
  ~AccountsTest() override {
    for (const auto& [account, rights] : grants_)
      test_.Exec(absl::StrCat("DROP USER IF EXISTS '", accounts_.prefix, "_", account, "'@'localhost'"));
  }

  std::vector<std::string> Sync() {
    std::vector<std::string> changes;
    const absl::Status synced =
        SyncAccounts(*test_, grants_, accounts_, [&](const std::string& one) { changes.push_back(one); });
    EXPECT_TRUE(synced.ok()) << synced;
    return changes;
  }

  std::string NameOf(const std::string& account) {
    return absl::StrCat("'", accounts_.prefix, "_", account, "'@'localhost'");
  }

  absl::StatusOr<std::unique_ptr<Database>> OpenAs(const std::string& account) {
    Options options = test_.options();
    options.user = absl::StrCat(accounts_.prefix, "_", account);
    options.password = accounts_.passwords[account];
    options.pool_size = 1;
    return Database::Open(options);
  }

  // Whether the server lets the account do it: what fails for another reason was allowed.
  static bool Refused(Database& database, const std::string& sql) {
    const absl::Status status = database.Run([&](Transaction& tx) -> absl::Status {
      GW_RETURN_IF_ERROR(sql.starts_with("SELECT") ? tx.QueryValues(sql, {}, [](const Row&) {})
                                                   : tx.ExecValues(sql, {}).status());
      return absl::CancelledError("rolled back");
    });
    for (const char* code :
         {"error 1142", "error 1227", "(1044)", "error 1410", "error 1143", "error 1419"}) {
      if (absl::StrContains(status.message(), code)) return true;
    }
    return false;
  }

  std::vector<std::string> Tables() {
    const std::string all = test_.Ask(
        "SELECT GROUP_CONCAT(table_name ORDER BY table_name) FROM information_schema.tables WHERE "
        "table_schema = "
        "DATABASE()");
    std::vector<std::string> tables;
    for (size_t at = 0; at <= all.size();) {
      const size_t end = std::min(all.find(',', at), all.size());
      tables.push_back(all.substr(at, end - at));
      at = end + 1;
    }
    return tables;
  }

  std::string FirstColumn(const std::string& table) {
    return test_.Ask(
        absl::StrCat("SELECT column_name FROM information_schema.columns WHERE table_schema = DATABASE() AND "
                     "table_name = '",
                     table, "' AND ordinal_position = 1"));
  }

  // A statement of that verb which touches no row.
  static std::string Try(const std::string& verb, const std::string& table, const std::string& column) {
    if (verb == "SELECT") return absl::StrCat("SELECT `", column, "` FROM `", table, "` LIMIT 0");
    if (verb == "INSERT") return absl::StrCat("INSERT INTO `", table, "` () VALUES ()");
    if (verb == "UPDATE") return absl::StrCat("UPDATE `", table, "` SET `", column, "` = 1 LIMIT 0");
    return absl::StrCat("DELETE FROM `", table, "` LIMIT 0");
  }

  TestDatabase test_;
  std::map<std::string, Rights> grants_;
  Accounts accounts_;
};

TEST_F(AccountsTest, EachAccountMayDoToEachTableExactlyWhatTheListSays) {
  Sync();
  const std::vector<std::string> tables = Tables();
  ASSERT_GT(tables.size(), 30u);
  int tried = 0;
  for (const auto& [account, rights] : grants_) {
    const auto database = OpenAs(account);
    ASSERT_TRUE(database.ok()) << account << ": " << database.status();
    const Rights wanted = rights;
    for (const std::string& table : tables) {
      const std::string column = FirstColumn(table);
      for (const std::string& verb : Verbs()) {
        const auto in = [&](const std::string& where) {
          const auto found = wanted.find(where);
          return found != wanted.end() && found->second.contains(verb);
        };
        const bool may = in(table) || in(std::string(kWholeDatabase));
        EXPECT_EQ(Refused(**database, Try(verb, table, column)), !may)
            << account << ": " << verb << " " << table;
        ++tried;
      }
    }
  }
  EXPECT_EQ(tried, static_cast<int>(grants_.size() * tables.size() * Verbs().size()));
}

TEST_F(AccountsTest, NobodyChangesOrDeletesAnEntryAndAreasOnlyAddToTheStage) {
  for (const auto& [account, rights] : grants_) {
    for (const std::string evidence : {"journal_entry", "journal_node", "journal_checkpoint", "*"}) {
      const auto held = rights.find(evidence);
      if (held == rights.end()) continue;
      EXPECT_FALSE(held->second.contains("UPDATE")) << account << " " << evidence;
      EXPECT_FALSE(held->second.contains("DELETE")) << account << " " << evidence;
    }
    const auto stage = rights.find("journal_stage");
    if (stage == rights.end() || account == "journal" || account == "all") continue;
    EXPECT_EQ(stage->second, std::set<std::string>{"INSERT"}) << account;
  }
  EXPECT_EQ(grants_["journal"]["journal_stage"], (std::set<std::string>{"SELECT", "DELETE"}));
  EXPECT_EQ(grants_["journal"]["journal_entry"], (std::set<std::string>{"SELECT", "INSERT"}));
}

TEST_F(AccountsTest, EveryTableHasOneAreaThatWritesIt) {
  // What all areas add to, and the head that only the journal moves.
  const std::set<std::string> shared = {"op_receipt", "journal_stage", "feed_cursor"};
  for (const std::string& table : Tables()) {
    std::vector<std::string> writers;
    for (const auto& [account, rights] : grants_) {
      if (account == "all" || account == "migrate") continue;
      const auto held = rights.find(table);
      if (held != rights.end() && held->second != std::set<std::string>{"SELECT"}) writers.push_back(account);
    }
    if (shared.contains(table)) continue;
    if (table == "schema_migration" || table == "policy_document") {
      EXPECT_TRUE(writers.empty()) << table << ": " << absl::StrJoin(writers, " ");
    } else {
      EXPECT_EQ(writers.size(), 1u) << table << ": " << absl::StrJoin(writers, " ");
    }
  }
}

TEST_F(AccountsTest, OnlyTheAccountOfMigrationsMayChangeTheSchemaAndNoneTheServer) {
  Sync();
  for (const auto& [account, rights] : grants_) {
    const auto database = OpenAs(account);
    ASSERT_TRUE(database.ok()) << account;
    const bool schema = account == "migrate";
    EXPECT_EQ(Refused(**database, "CREATE TABLE intruder (a INT)"), !schema) << account;
    EXPECT_EQ(Refused(**database, "ALTER TABLE case_number ADD COLUMN intruder INT"), !schema) << account;
    EXPECT_EQ(Refused(**database, "TRUNCATE TABLE login_attempt"), !schema) << account;
    EXPECT_EQ(Refused(**database, "DROP TABLE IF EXISTS intruder"), !schema) << account;
    for (const std::string sql :
         {"CREATE USER gw_intruder", "SET GLOBAL sync_binlog = 0", "SELECT User FROM mysql.user",
          "CREATE DATABASE gw_intruder", "GRANT SELECT ON journal_entry TO gw_intruder",
          "CREATE TRIGGER intruder BEFORE INSERT ON journal_entry FOR EACH ROW SET NEW.kind = 'x'"}) {
      EXPECT_TRUE(Refused(**database, sql)) << account << ": " << sql;
    }
  }
}

TEST_F(AccountsTest, ASecondRunChangesNothingAndWhatIsNotListedIsTakenAway) {
  EXPECT_GT(Sync().size(), 100u);
  EXPECT_TRUE(Sync().empty());
  test_.Exec(absl::StrCat("GRANT UPDATE, DELETE ON journal_entry TO ", NameOf("casework")));
  test_.Exec(absl::StrCat("GRANT SELECT (login) ON account TO ", NameOf("casework")));
  test_.Exec(absl::StrCat("GRANT ALTER ON ", accounts_.database, ".* TO ", NameOf("casework"),
                          " WITH GRANT OPTION"));
  test_.Exec(absl::StrCat("GRANT PROCESS ON *.* TO ", NameOf("report")));
  const std::vector<std::string> changes = Sync();
  EXPECT_EQ(changes.size(), 4u) << absl::StrJoin(changes, "\n");
  EXPECT_TRUE(Sync().empty());
  const auto casework = OpenAs("casework");
  ASSERT_TRUE(casework.ok());
  EXPECT_TRUE(Refused(**casework, "DELETE FROM journal_entry LIMIT 0"));
  EXPECT_TRUE(Refused(**casework, "SELECT login FROM account LIMIT 0"));
  EXPECT_TRUE(Refused(**casework, "ALTER TABLE case_number ADD COLUMN intruder INT"));
}

TEST_F(AccountsTest, APasswordThatWasChangedInItsFileIsTheNewOne) {
  Sync();
  const auto old = accounts_.passwords["report"];
  accounts_.passwords["report"] = "another-0123456789abcdef";
  Sync();
  EXPECT_TRUE(OpenAs("report").ok());
  accounts_.passwords["report"] = old;
  EXPECT_FALSE(OpenAs("report").ok());
}

TEST_F(AccountsTest, AnAccountOfAnotherInstallationIsLeftAlone) {
  TestDatabase other(TestDatabase::Content::kMigrated, 2);
  Sync();
  Accounts theirs = accounts_;
  theirs.database = other.options().database;
  const absl::Status refused = SyncAccounts(*other, grants_, theirs, [](const std::string&) {});
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(absl::StrContains(refused.message(), "is of another installation")) << refused;
  EXPECT_TRUE(Sync().empty());
}

TEST_F(AccountsTest, WhoMayNotManageAccountsIsToldSo) {
  Sync();
  const auto migrate = OpenAs("migrate");
  ASSERT_TRUE(migrate.ok());
  const absl::Status refused = SyncAccounts(**migrate, grants_, accounts_, [](const std::string&) {});
  EXPECT_TRUE(absl::StrContains(refused.message(), "may not manage accounts")) << refused;
}

TEST_F(AccountsTest, SaysWhatTheConnectedAccountLacksAndWhatItHasBesides) {
  Sync();
  const auto casework = OpenAs("casework");
  ASSERT_TRUE(casework.ok());
  auto found = CompareRights(**casework, RightsOf(grants_, {"casework"}));
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_TRUE(found->missing.empty()) << found->missing[0];
  EXPECT_TRUE(found->surplus.empty()) << found->surplus[0];
  found = CompareRights(**casework, RightsOf(grants_, {"casework", "source"}));
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(found->missing.size(), 4u);  // source, source_change, zone and zone_division
  EXPECT_TRUE(absl::StrContains(found->missing[0], "may not INSERT, SELECT, UPDATE source"))
      << found->missing[0];
  const auto all = OpenAs("all");
  ASSERT_TRUE(all.ok());
  found = CompareRights(**all, RightsOf(grants_, {"casework"}));
  ASSERT_TRUE(found.ok());
  EXPECT_TRUE(found->missing.empty());
  EXPECT_FALSE(found->surplus.empty());
  found = CompareRights(*test_, RightsOf(grants_, {"casework"}));  // the owner of the server
  ASSERT_TRUE(found.ok());
  EXPECT_TRUE(found->missing.empty()) << found->missing[0];
  EXPECT_FALSE(found->surplus.empty());
}

TEST(Grants, RefuseWhatCannotBeMeant) {
  const std::string header = "account,table,rights,why\n";
  EXPECT_TRUE(ParseGrants(header + "a,b,SELECT,why\n").ok());
  for (const std::string bad : {"a,b,SELEKT,why", "A,b,SELECT,why", "a,b c,SELECT,why", "all,b,SELECT,why",
                                "a,b,SELECT", "a,b,,why", "a,b,SELECT,x\na,b,INSERT,x"}) {
    EXPECT_EQ(ParseGrants(header + bad + "\n").status().code(), absl::StatusCode::kInvalidArgument) << bad;
  }
  EXPECT_FALSE(ParseGrants("account,rights\na,SELECT\n").ok());
}

}  // namespace
}  // namespace gridwarden::db
