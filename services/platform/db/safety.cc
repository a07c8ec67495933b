#include <algorithm>
#include <cctype>
#include <cstdint>
#include <initializer_list>
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
  WHERE VARIABLE_NAME IN ('INNODB_FLUSH_LOG_AT_TRX_COMMIT', 'LOG_BIN', 'SYNC_BINLOG', 'BINLOG_FORMAT', 'INNODB_DOUBLEWRITE',
                          'INNODB_SNAPSHOT_ISOLATION', 'INNODB_FLUSH_METHOD', 'INNODB_CHECKSUM_ALGORITHM', 'INNODB_FORCE_RECOVERY',
                          'INNODB_READ_ONLY', 'READ_ONLY', 'MAX_ALLOWED_PACKET', 'RPL_SEMI_SYNC_MASTER_ENABLED',
                          'RPL_SEMI_SYNC_MASTER_WAIT_POINT', 'RPL_SEMI_SYNC_MASTER_TIMEOUT', 'RPL_SEMI_SYNC_MASTER_WAIT_NO_SLAVE',
                          'WSREP_ON', 'WSREP_SYNC_WAIT', 'INNODB_AUTOINC_LOCK_MODE'))";
// Only a cluster has these.
constexpr std::string_view kReadCluster = R"(
  SELECT VARIABLE_NAME, VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS
  WHERE VARIABLE_NAME IN ('WSREP_READY', 'WSREP_CLUSTER_STATUS'))";

// "Unlimited" for a semi-sync timeout in milliseconds: a day or more never falls back to asynchronous
// unnoticed.
constexpr uint64_t kSemiSyncTimeoutMin = 86'400'000;
constexpr uint64_t kPacketMin = 16 * 1024 * 1024;
// The bit of wsrep_sync_wait that makes a read wait for what other nodes committed before.
constexpr uint64_t kSyncWaitReads = 1;

// Collects what is wrong, in words that say variable, got and want.
class Wants {
 public:
  explicit Wants(const std::map<std::string, std::string>& variables) : variables_(variables) {}

  bool Has(const std::string& name) const { return variables_.contains(name); }
  bool IsOn(const std::string& name) const { return Get(name) == "ON" || Get(name) == "1"; }
  std::string Get(const std::string& name) const {
    const auto found = variables_.find(name);
    return found == variables_.end() ? "not there" : found->second;
  }
  uint64_t Number(const std::string& name) const {
    uint64_t value = 0;
    return absl::SimpleAtoi(Get(name), &value) ? value : 0;
  }
  void Exactly(const std::string& name, const std::string& value) {
    if (Get(name) != value) Wrong(name, value);
  }
  void AtLeast(const std::string& name, uint64_t least) {
    if (Number(name) < least) Wrong(name, absl::StrFormat("%d or more", least));
  }
  void NotOneOf(const std::string& name, std::initializer_list<std::string_view> bad, const char* want) {
    if (std::find(bad.begin(), bad.end(), Get(name)) != bad.end()) Wrong(name, want);
  }
  void Wrong(const std::string& name, const std::string& want) {
    wrong_.push_back(absl::StrFormat("%s is %s, want %s", name, Get(name), want));
  }
  std::vector<std::string> Take() { return std::move(wrong_); }

 private:
  const std::map<std::string, std::string>& variables_;
  std::vector<std::string> wrong_;
};

// A transaction that was answered is on this disk.
void WantDurable(Wants& wants) {
  wants.Exactly("innodb_flush_log_at_trx_commit", "1");
  wants.Exactly("innodb_doublewrite", "ON");
  wants.NotOneOf("innodb_flush_method", {"nosync", "littlesync"}, "fsync or O_DIRECT");
  wants.NotOneOf("innodb_checksum_algorithm", {"none", "strict_none"}, "full_crc32");
  if (wants.Has("innodb_force_recovery")) wants.Exactly("innodb_force_recovery", "0");
  // Newer than 10.6.18 and 10.11.8; a server without it relies on our row locks alone (F2: 0 updates lost
  // with them).
  if (wants.Has("innodb_snapshot_isolation")) wants.Exactly("innodb_snapshot_isolation", "ON");
  wants.AtLeast("max_allowed_packet", kPacketMin);
  // Without a binary log there is none to lose; it is what backups of the last minutes are made of.
  if (!wants.Has("log_bin") || wants.IsOn("log_bin")) {
    wants.Exactly("sync_binlog", "1");
    if (wants.Has("binlog_format")) wants.Exactly("binlog_format", "ROW");
  }
}

// ... and on a replica's before it is answered (F3).
void WantSemiSync(Wants& wants) {
  if (!wants.IsOn("rpl_semi_sync_master_enabled")) return;
  wants.Exactly("rpl_semi_sync_master_wait_point", "AFTER_SYNC");
  wants.AtLeast("rpl_semi_sync_master_timeout", kSemiSyncTimeoutMin);
  if (wants.Has("rpl_semi_sync_master_wait_no_slave"))
    wants.Exactly("rpl_semi_sync_master_wait_no_slave", "ON");
}

// A node of a cluster (F4). That all processes write to one and the same node is for whoever gives the
// address.
void WantCluster(Wants& wants) {
  if (!wants.IsOn("wsrep_on")) return;
  if ((wants.Number("wsrep_sync_wait") & kSyncWaitReads) == 0)
    wants.Wrong("wsrep_sync_wait", "1: reads wait for what other nodes committed");
  wants.Exactly("innodb_autoinc_lock_mode", "2");
  if (wants.Has("wsrep_ready")) wants.Exactly("wsrep_ready", "ON");
  if (wants.Has("wsrep_cluster_status")) wants.Exactly("wsrep_cluster_status", "Primary");
}

absl::Status ReadInto(Transaction& tx, std::string_view sql, std::map<std::string, std::string>& variables) {
  return tx.QueryValues(sql, {}, [&](const Row& row) {
    std::string name = row.Text(0);
    for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    variables[name] = row.Text(1);
  });
}

}  // namespace

std::vector<std::string> UnsafeVariables(const std::map<std::string, std::string>& variables) {
  Wants wants(variables);
  WantDurable(wants);
  WantSemiSync(wants);
  WantCluster(wants);
  if (wants.IsOn("read_only")) wants.Wrong("read_only", "OFF: this is a replica, connect to the primary");
  if (wants.IsOn("innodb_read_only")) wants.Wrong("innodb_read_only", "OFF");
  return wants.Take();
}

absl::Status CheckSafe(Database& database) {
  std::map<std::string, std::string> variables;
  GW_RETURN_IF_ERROR(database.Run([&](Transaction& tx) -> absl::Status {
    variables.clear();
    GW_RETURN_IF_ERROR(ReadInto(tx, kReadVariables, variables));
    if (const auto cluster = variables.find("wsrep_on");
        cluster == variables.end() || cluster->second != "ON")
      return absl::OkStatus();
    return ReadInto(tx, kReadCluster, variables);
  }));
  const std::vector<std::string> wrong = UnsafeVariables(variables);
  if (wrong.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError("the database server could lose acknowledged work: " +
                                       absl::StrJoin(wrong, "; "));
}

}  // namespace gridwarden::db
