#include <cctype>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "platform/db/database.h"
#include "platform/db/safety.h"

namespace gridwarden::db {
namespace {

constexpr std::string_view kReadVariables = R"(
  SELECT VARIABLE_NAME, VARIABLE_VALUE FROM information_schema.GLOBAL_VARIABLES
  WHERE VARIABLE_NAME IN ('INNODB_FLUSH_LOG_AT_TRX_COMMIT', 'SYNC_BINLOG', 'INNODB_DOUBLEWRITE', 'INNODB_SNAPSHOT_ISOLATION',
                          'RPL_SEMI_SYNC_MASTER_ENABLED', 'RPL_SEMI_SYNC_MASTER_WAIT_POINT', 'RPL_SEMI_SYNC_MASTER_TIMEOUT',
                          'MAX_ALLOWED_PACKET', 'INNODB_FORCE_RECOVERY'))";

// "Unlimited" for a semi-sync timeout in milliseconds: a day or more never falls back to asynchronous
// unnoticed.
constexpr int64_t kSemiSyncTimeoutMin = 86'400'000;
constexpr int64_t kPacketMin = 16 * 1024 * 1024;

}  // namespace

std::vector<std::string> UnsafeVariables(const std::map<std::string, std::string>& variables) {
  std::vector<std::string> wrong;
  const auto get = [&](const std::string& name) {
    const auto found = variables.find(name);
    return found == variables.end() ? std::string() : found->second;
  };
  const auto number = [&](const std::string& name) {
    int64_t value = 0;
    return absl::SimpleAtoi(get(name), &value) ? value : 0;
  };
  const auto want = [&](const std::string& name, const std::string& value) {
    if (get(name) != value) wrong.push_back(absl::StrFormat("%s is %s, want %s", name, get(name), value));
  };
  want("innodb_flush_log_at_trx_commit", "1");
  want("sync_binlog", "1");
  want("innodb_doublewrite", "ON");
  // Newer than 10.6.18 and 10.11.8; a server without it relies on our row locks alone (F2: 0 updates lost
  // with them).
  if (variables.contains("innodb_snapshot_isolation")) want("innodb_snapshot_isolation", "ON");
  if (variables.contains("innodb_force_recovery")) want("innodb_force_recovery", "0");
  if (number("max_allowed_packet") < kPacketMin) {
    wrong.push_back(
        absl::StrFormat("max_allowed_packet is %s, want %d or more", get("max_allowed_packet"), kPacketMin));
  }
  if (get("rpl_semi_sync_master_enabled") == "ON") {
    want("rpl_semi_sync_master_wait_point", "AFTER_SYNC");
    if (number("rpl_semi_sync_master_timeout") < kSemiSyncTimeoutMin) {
      wrong.push_back(absl::StrFormat("rpl_semi_sync_master_timeout is %s, want %d or more",
                                      get("rpl_semi_sync_master_timeout"), kSemiSyncTimeoutMin));
    }
  }
  return wrong;
}

absl::Status CheckSafe(Database& database) {
  std::map<std::string, std::string> variables;
  GW_RETURN_IF_ERROR(database.Run([&](Transaction& tx) {
    variables.clear();
    return tx.QueryValues(kReadVariables, {}, [&](const Row& row) {
      std::string name = row.Text(0);
      for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      variables[name] = row.Text(1);
    });
  }));
  const std::vector<std::string> wrong = UnsafeVariables(variables);
  if (wrong.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError("the database server could lose acknowledged work: " +
                                       absl::StrJoin(wrong, "; "));
}

}  // namespace gridwarden::db
