#include <string>

#include "base/status.h"
#include "gtest/gtest.h"
#include "identity/account_repository.h"
#include "identity/attempt.h"
#include "identity/session_repository.h"
#include "support/shared_database.h"

namespace gridwarden::identity {
namespace {

using gridwarden::testing::SharedDatabase;

const absl::Time kNow = absl::FromUnixSeconds(1'790'000'000);

class IdentityRepository : public ::testing::Test {
 protected:
  IdentityRepository() { SharedDatabase().Clear(); }

  void Run(const std::function<absl::Status(db::Transaction&)>& body) {
    const absl::Status status = SharedDatabase()->Run(body);
    ASSERT_TRUE(status.ok()) << status;
  }
  static AccountRow MakeAccount(const std::string& login, const std::string& phone, int64_t revision) {
    return {.id = Uuid::Make(kNow),
            .login = login,
            .phone = phone,
            .display_name = "张伟",
            .person = Uuid::Make(kNow),
            .created = kNow,
            .access_revision = revision,
            .subject_seq = 1,
            .subject_leaf = std::string(32, 'x')};
  }
  static SessionRow MakeSession(const Uuid& account, char mark) {
    return {.id = Uuid::Make(kNow),
            .account = account,
            .family_digest = std::string(32, mark),
            .token_digest = std::string(32, 't'),
            .rotated = kNow,
            .client = "gridctl 0.1",
            .created = kNow,
            .idle_expires = kNow + absl::Hours(1),
            .expires = kNow + absl::Hours(2),
            .access_expires = kNow + absl::Minutes(10)};
  }
};

TEST_F(IdentityRepository, ReadsAnAccountBackAsItWasWritten) {
  const AccountRow written = MakeAccount("zhangwei", "13800000001", 7);
  Run([&](db::Transaction& tx) { return InsertAccount(tx, written); });
  Run([&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(const std::optional<AccountRow> read, FindAccount(tx, written.id));
    EXPECT_EQ(read->login, "zhangwei");
    EXPECT_EQ(read->phone, "13800000001");
    EXPECT_EQ(read->display_name, "张伟");
    EXPECT_EQ(read->person, written.person);
    EXPECT_EQ(read->created, kNow);
    EXPECT_EQ(read->access_revision, 7);
    EXPECT_EQ(read->subject_leaf, written.subject_leaf);
    EXPECT_EQ(LockAccount(tx, Uuid::Make(kNow)).status().code(), absl::StatusCode::kNotFound);
    return absl::OkStatus();
  });
}

TEST_F(IdentityRepository, AccountsWithoutPhoneStandSideBySideAndLoginsDoNot) {
  Run([&](db::Transaction& tx) { return InsertAccount(tx, MakeAccount("a1", "", 1)); });
  Run([&](db::Transaction& tx) { return InsertAccount(tx, MakeAccount("a2", "", 2)); });
  const absl::Status twice =
      SharedDatabase()->Run([&](db::Transaction& tx) { return InsertAccount(tx, MakeAccount("a1", "", 3)); });
  EXPECT_EQ(ReasonOf(twice), "ALREADY_EXISTS");
}

TEST_F(IdentityRepository, TellsChangesAfterARevisionAndFirstOnlyTheMarked) {
  AccountRow disabled = MakeAccount("a2", "", 2);
  disabled.disabled = true;
  Run([&](db::Transaction& tx) -> absl::Status {
    GW_RETURN_IF_ERROR(InsertAccount(tx, MakeAccount("a1", "", 1)));
    GW_RETURN_IF_ERROR(InsertAccount(tx, disabled));
    GW_RETURN_IF_ERROR(InsertAccount(tx, MakeAccount("a3", "", 3)));
    GW_ASSIGN_OR_RETURN(const std::vector<AccountRow> first, ListAccountsChanged(tx, 0));
    EXPECT_EQ(first.size(), 1u);
    EXPECT_EQ(first[0].login, "a2");
    GW_ASSIGN_OR_RETURN(const std::vector<AccountRow> later, ListAccountsChanged(tx, 1));
    EXPECT_EQ(later.size(), 2u);
    return absl::OkStatus();
  });
}

TEST_F(IdentityRepository, RevisionsGrowByOne) {
  Run([&](db::Transaction& tx) -> absl::Status {
    EXPECT_EQ(ReadAccessRevision(tx).value(), 0);
    EXPECT_EQ(NextAccessRevision(tx).value(), 1);
    EXPECT_EQ(NextAccessRevision(tx).value(), 2);
    return absl::OkStatus();
  });
}

TEST_F(IdentityRepository, EndsASessionOnceAndAllButOne) {
  const Uuid account = Uuid::Make(kNow);
  const SessionRow one = MakeSession(account, '1'), two = MakeSession(account, '2'),
                   three = MakeSession(account, '3');
  Run([&](db::Transaction& tx) -> absl::Status {
    for (const SessionRow& session : {one, two, three}) GW_RETURN_IF_ERROR(InsertSession(tx, session));
    EXPECT_TRUE(EndSession(tx, one.id, SessionEnd::kSignedOut, kNow, 1).value());
    EXPECT_FALSE(EndSession(tx, one.id, SessionEnd::kSignedOut, kNow, 2).value());
    GW_RETURN_IF_ERROR(EndSessionsOf(tx, account, three.id, SessionEnd::kPasswordChanged, kNow, 3));
    EXPECT_EQ(ListEndedSessions(tx, 0, kNow)->size(), 2u);
    EXPECT_EQ(*ListEndedSessions(tx, 1, kNow), std::vector<Uuid>{two.id});
    EXPECT_TRUE(ListEndedSessions(tx, 0, kNow + absl::Minutes(10))->empty());  // their access tokens are over
    GW_ASSIGN_OR_RETURN(const std::optional<SessionRow> left, LockSessionByFamily(tx, three.family_digest));
    EXPECT_FALSE(left->ended.has_value());
    return absl::OkStatus();
  });
}

TEST_F(IdentityRepository, SweepsWhatNobodyNeeds) {
  const Uuid account = Uuid::Make(kNow);
  const std::vector<AttemptKey> keys = AttemptKeys("secret", "zhangwei", "10.0.0.1");
  Run([&](db::Transaction& tx) -> absl::Status {
    GW_RETURN_IF_ERROR(InsertSession(tx, MakeSession(account, '1')));
    GW_RETURN_IF_ERROR(InsertSession(tx, MakeSession(account, '2')));
    GW_RETURN_IF_ERROR(ClaimAttempt(tx, keys, kNow));
    EXPECT_EQ(SweepIdentity(tx, kNow + absl::Hours(23), 100).value(), 0u);
    EXPECT_EQ(SweepIdentity(tx, kNow + absl::Hours(25), 100).value(), 2u);
    EXPECT_EQ(SweepIdentity(tx, kNow + absl::Hours(24 * 31), 1).value(), 1u);  // in small steps
    EXPECT_EQ(SweepIdentity(tx, kNow + absl::Hours(24 * 31), 100).value(), 1u);
    return absl::OkStatus();
  });
}

TEST_F(IdentityRepository, HotStatementsUseAKey) {
  for (int i = 0; i < 50; ++i) {
    Run([&](db::Transaction& tx) -> absl::Status {
      const AccountRow account =
          MakeAccount("user" + std::to_string(i), "1380000" + std::to_string(1000 + i), i + 1);
      GW_RETURN_IF_ERROR(InsertAccount(tx, account));
      return InsertSession(tx, MakeSession(account.id, static_cast<char>('A' + i)));
    });
  }
  const std::pair<const char*, const char*> statements[] = {
      {"SELECT account_id FROM account WHERE login = 'user7'", "account_login"},
      {"SELECT account_id FROM account WHERE phone = '13800001007'", "account_phone"},
      {"SELECT account_id, login FROM account WHERE access_revision > 49 ORDER BY access_revision",
       "account_revision"},
      {"SELECT session_id, token_digest FROM session WHERE family_digest = REPEAT('B', 32)",
       "session_family"},
      {"SELECT session_id FROM session WHERE access_revision > 5 AND access_expires_us > 5 ORDER BY "
       "access_revision",
       "session_revision"},
  };
  for (const auto& [sql, key] : statements) {
    std::string used;
    Run([&](db::Transaction& tx) {
      return tx.QueryValues(std::string("EXPLAIN ") + sql, {},
                            [&](const db::Row& row) { used = row.OptText(5).value_or("none"); });
    });
    EXPECT_EQ(used, key) << sql;
  }
}

}  // namespace
}  // namespace gridwarden::identity
