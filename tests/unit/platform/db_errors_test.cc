#include "platform/db/errors.h"

#include <gtest/gtest.h>

#include "platform/db/database.h"
#include "platform/db/safety.h"

namespace gridwarden::db {
namespace {

TEST(DatabaseErrors, SayAReasonAndNeverTheStatement) {
  const absl::Status status =
      StatusOf(1213, "Deadlock found when trying to get lock; UPDATE secret SET a = 1");
  EXPECT_EQ(status.code(), absl::StatusCode::kAborted);
  EXPECT_EQ(ReasonOf(status), "LOST_RACE");
  EXPECT_EQ(std::string(status.ToString()).find("secret"), std::string::npos);
  for (const int code : {1054, 1064, 1146, 1264, 1366, 1406, 2013, 2002, 9999}) {
    const absl::Status other = StatusOf(code, "near 'SELECT secret'");
    EXPECT_FALSE(other.ok());
    EXPECT_EQ(std::string(other.ToString()).find("secret"), std::string::npos) << code;
    EXPECT_NE(ReasonOf(other), "") << code;
  }
}

TEST(DatabaseErrors, NameTheKeyOfADuplicateButNotItsValue) {
  const absl::Status status =
      StatusOf(1062, "Duplicate entry '13800001111' for key 'x'' for key 'account_phone'");
  EXPECT_TRUE(IsDuplicateKey(status));
  EXPECT_EQ(DuplicateKeyName(status), "account_phone");
  EXPECT_EQ(status.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(std::string(status.message()).find("138"), std::string::npos);
  EXPECT_FALSE(IsDuplicateKey(AlreadyExists("cases/1")));
  EXPECT_EQ(DuplicateKeyName(AlreadyExists("cases/1")), "");
}

TEST(DatabaseErrors, LostAndRefusedConnectionsAreNotUsedAgain) {
  for (const int code : {2006, 2013, 1927, 1180, 1047, 2002, 1040})
    EXPECT_TRUE(BreaksConnection(FaultOf(code))) << code;
  for (const int code : {1213, 1205, 1020, 1062, 1406, 1969, 1615, 1064}) {
    EXPECT_FALSE(BreaksConnection(FaultOf(code))) << code;
  }
}

TEST(DatabaseErrors, TellTheCallerWhenToComeAgain) {
  const absl::Status status = StatusOf(2002, "");
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ReasonOf(status), "DATABASE_UNAVAILABLE");
  EXPECT_TRUE(FactsOf(status)->retry_after.has_value());
}

TEST(SqlTexts, RepeatRowsAndLists) {
  EXPECT_EQ(InList(1), "?");
  EXPECT_EQ(InList(3), "?,?,?");
  EXPECT_EQ(RepeatedRows(2, 3), "(?,?),(?,?),(?,?)");
}

std::map<std::string, std::string> DurableSet() {
  return {{"innodb_flush_log_at_trx_commit", "1"},
          {"log_bin", "ON"},
          {"sync_binlog", "1"},
          {"binlog_format", "ROW"},
          {"innodb_doublewrite", "ON"},
          {"innodb_snapshot_isolation", "ON"},
          {"innodb_flush_method", "O_DIRECT"},
          {"innodb_checksum_algorithm", "full_crc32"},
          {"innodb_read_only", "OFF"},
          {"read_only", "0"},
          {"max_allowed_packet", "67108864"},
          {"innodb_force_recovery", "0"}};
}

TEST(SafeDatabase, AcceptsTheDurableSet) {
  EXPECT_TRUE(UnsafeVariables(DurableSet()).empty());
  auto older = DurableSet();
  older.erase("innodb_snapshot_isolation");
  EXPECT_TRUE(UnsafeVariables(older).empty());
}

TEST(SafeDatabase, NamesEveryWrongVariable) {
  for (const auto& [name, bad] : std::map<std::string, std::string>{{"innodb_flush_log_at_trx_commit", "2"},
                                                                    {"sync_binlog", "0"},
                                                                    {"innodb_doublewrite", "OFF"},
                                                                    {"innodb_snapshot_isolation", "OFF"},
                                                                    {"binlog_format", "STATEMENT"},
                                                                    {"innodb_flush_method", "nosync"},
                                                                    {"innodb_checksum_algorithm", "none"},
                                                                    {"innodb_force_recovery", "3"},
                                                                    {"innodb_read_only", "ON"},
                                                                    {"read_only", "ON"},
                                                                    {"max_allowed_packet", "1024"}}) {
    auto variables = DurableSet();
    variables[name] = bad;
    const auto wrong = UnsafeVariables(variables);
    ASSERT_EQ(wrong.size(), 1u) << name;
    EXPECT_EQ(wrong[0].find(name + " is " + bad + ", want "), 0u) << wrong[0];
  }
  EXPECT_GE(UnsafeVariables({}).size(), 4u);
}

TEST(SafeDatabase, WantsSemiSyncBeforeTheAnswerAndWithoutFallingBack) {
  auto variables = DurableSet();
  variables["rpl_semi_sync_master_enabled"] = "ON";
  variables["rpl_semi_sync_master_wait_point"] = "AFTER_COMMIT";
  variables["rpl_semi_sync_master_timeout"] = "10000";
  EXPECT_EQ(UnsafeVariables(variables).size(), 2u);
  variables["rpl_semi_sync_master_wait_point"] = "AFTER_SYNC";
  variables["rpl_semi_sync_master_timeout"] = "18446744073709551615";
  EXPECT_TRUE(UnsafeVariables(variables).empty());
  variables["rpl_semi_sync_master_wait_no_slave"] = "OFF";
  EXPECT_EQ(UnsafeVariables(variables),
            std::vector<std::string>{"rpl_semi_sync_master_wait_no_slave is OFF, want ON"});
}

TEST(SafeDatabase, ABinaryLogThatIsNotKeptNeedNotBeSynced) {
  auto variables = DurableSet();
  variables["log_bin"] = "OFF";
  variables["sync_binlog"] = "0";
  variables["binlog_format"] = "MIXED";
  EXPECT_TRUE(UnsafeVariables(variables).empty());
}

TEST(SafeDatabase, ANodeOfAClusterReadsWhatOthersWroteAndBelongsToTheMajority) {
  auto variables = DurableSet();
  variables["wsrep_on"] = "ON";
  variables["wsrep_sync_wait"] = "0";
  variables["innodb_autoinc_lock_mode"] = "1";
  variables["wsrep_ready"] = "OFF";
  variables["wsrep_cluster_status"] = "non-Primary";
  EXPECT_EQ(UnsafeVariables(variables).size(), 4u);
  variables["wsrep_sync_wait"] = "7";
  variables["innodb_autoinc_lock_mode"] = "2";
  variables["wsrep_ready"] = "ON";
  variables["wsrep_cluster_status"] = "Primary";
  EXPECT_TRUE(UnsafeVariables(variables).empty());
  // The cluster's own advice to relax flushing lost acknowledged rows (F4).
  variables["innodb_flush_log_at_trx_commit"] = "0";
  EXPECT_EQ(UnsafeVariables(variables).size(), 1u);
}

}  // namespace
}  // namespace gridwarden::db
