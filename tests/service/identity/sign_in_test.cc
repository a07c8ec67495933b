#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/escaping.h"
#include "access/token.h"
#include "base/status.h"
#include "gridwarden/grid/v1/grid_service.pb.h"
#include "identity/attempt.h"
#include "identity/session_tokens.h"
#include "service/identity/identity_fixture.h"

namespace gridwarden::identity {
namespace {

class SignInTest : public IdentityFixture {
 protected:
  void FailTimes(int times, const std::string& login, const std::string& peer = "") {
    for (int i = 0; i < times; ++i)
      ASSERT_EQ(ReasonOf(SignInAs(login, "wrong-wrong-wrong", "", peer).status()), "SIGN_IN_REFUSED") << i;
  }
};

TEST_F(SignInTest, AnswersTokensThatSayWhoCalls) {
  const auto tokens = SignInAs("zhangwei", kPassword, "gridctl 0.1");
  ASSERT_TRUE(tokens.ok()) << tokens.status();
  EXPECT_EQ(tokens->account().name(), NameOf(officer_));
  EXPECT_EQ(tokens->account().login(), "zhangwei");
  EXPECT_EQ(tokens->access_expire_time().seconds(),
            absl::ToUnixSeconds(server_.clock().Now() + absl::Minutes(10)));
  EXPECT_EQ(tokens->refresh_expire_time().seconds(),
            absl::ToUnixSeconds(server_.clock().Now() + absl::Hours(24 * 45)));

  const auto access = server_.CallAsSystem<v1::GetAccessResponse>(kGetAccess, v1::GetAccessRequest());
  ASSERT_TRUE(access.ok()) << access.status();
  absl::flat_hash_map<std::string, std::string> keys(access->token_keys().begin(),
                                                     access->token_keys().end());
  const auto claims = access::VerifyToken(tokens->access_token(), keys, server_.clock().Now());
  ASSERT_TRUE(claims.ok()) << claims.status();
  EXPECT_EQ(claims->account, officer_);
  EXPECT_EQ(claims->person,
            gridwarden::testing::City().PersonIn(domain::PostKind::kGridOfficer,
                                                 gridwarden::testing::City().villages[0][0][0]));
}

TEST_F(SignInTest, TakesThePhoneNumberAndAnySpellingOfTheLogin) {
  for (const char* login : {"13800000001", "+86 138-0000-0001", " ZhangWei "}) {
    const auto tokens = SignInAs(login, kPassword);
    ASSERT_TRUE(tokens.ok()) << login << tokens.status();
    EXPECT_EQ(tokens->account().name(), NameOf(officer_));
  }
}

TEST_F(SignInTest, SaysTheSameForAWrongPasswordAnUnknownAndADisabledAccount) {
  SharedDatabase().Exec("UPDATE account SET disabled = 1 WHERE login = 'admin'");
  const absl::Status wrong = SignInAs("zhangwei", "wrong-wrong-wrong").status();
  const absl::Status unknown = SignInAs("nobody", kPassword).status();
  const absl::Status disabled = SignInAs("admin", kPassword).status();
  EXPECT_EQ(wrong.code(), absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(ReasonOf(wrong), "SIGN_IN_REFUSED");
  EXPECT_EQ(wrong.ToString(), unknown.ToString());
  EXPECT_EQ(wrong.ToString(), disabled.ToString());
  EXPECT_EQ(wrong.ToString(), SignInAs("没有此人", kPassword).status().ToString());
}

TEST_F(SignInTest, LocksAKnownAndAnUnknownLoginAlike) {
  for (const char* login : {"zhangwei", "nobody"}) {
    FailTimes(5, login);
    const absl::Status locked = SignInAs(login, kPassword).status();
    EXPECT_EQ(ReasonOf(locked), "ACCOUNT_LOCKED") << login;
    EXPECT_EQ(locked.code(), absl::StatusCode::kResourceExhausted);
    EXPECT_EQ(FactsOf(locked)->retry_after, absl::Minutes(1));
    EXPECT_EQ(FactsOf(locked)->metadata.at("retry_after"), "1 分钟");
  }
}

TEST_F(SignInTest, LetsALockedAccountInAgainWhenItsTimeIsOverAndWaitsLongerTheNextTime) {
  FailTimes(5, "zhangwei");
  server_.clock().Advance(absl::Seconds(61));
  FailTimes(1, "zhangwei");
  EXPECT_EQ(FactsOf(SignInAs("zhangwei", kPassword).status())->retry_after, absl::Minutes(2));
  server_.clock().Advance(absl::Seconds(121));
  EXPECT_TRUE(SignInAs("zhangwei", kPassword).ok());
  FailTimes(4, "zhangwei");  // forgotten by the success
  EXPECT_TRUE(SignInAs("zhangwei", kPassword).ok());
}

TEST_F(SignInTest, CountsLoginAndPhoneOfOneAccountTogether) {
  FailTimes(3, "zhangwei");
  FailTimes(2, "13800000001");
  EXPECT_EQ(ReasonOf(SignInAs("zhangwei", kPassword).status()), "ACCOUNT_LOCKED");
}

TEST_F(SignInTest, LocksAnAddressThatTriesManyLoginsButNotTheOthers) {
  SharedDatabase().Exec("UPDATE credential SET phc = phc");
  const absl::Time now = server_.clock().Now();
  // 48 failures before, as the fiftieth attempt would take a while.
  const std::string key = AttemptKeys(LoadServerSecret(data_dir_).value(), "x", "ipv4:10.0.0.7:1")[1].digest;
  ASSERT_TRUE(Shared()
                  .Run([&](db::Transaction& tx) {
                    return tx
                        .Exec(
                            "INSERT INTO login_attempt (attempt_key, failures, last_us, locked_until_us) "
                            "VALUES (?, 48, ?, 0)",
                            key, now)
                        .status();
                  })
                  .ok());
  EXPECT_TRUE(SignInAs("zhangwei", kPassword, "", "ipv4:10.0.0.7:5001").ok());  // does not count
  FailTimes(1, "nobody1", "ipv4:10.0.0.7:5002");
  EXPECT_TRUE(SignInAs("zhangwei", kPassword, "", "ipv4:10.0.0.7:5003").ok());
  FailTimes(1, "nobody2", "ipv4:10.0.0.7:5004");
  EXPECT_EQ(ReasonOf(SignInAs("zhangwei", kPassword, "", "ipv4:10.0.0.7:5005").status()), "ACCOUNT_LOCKED");
  EXPECT_TRUE(SignInAs("zhangwei", kPassword, "", "ipv4:10.0.0.8:5005").ok());
}

TEST_F(SignInTest, NamesWhatIsMissingOrTooLong) {
  EXPECT_EQ(ReasonOf(SignInAs("", kPassword).status()), "REQUIRED_FIELD_MISSING");
  EXPECT_EQ(ReasonOf(SignInAs("zhangwei", "").status()), "REQUIRED_FIELD_MISSING");
  EXPECT_EQ(ReasonOf(SignInAs(std::string(200, 'x'), kPassword).status()), "INVALID_FIELD");
  EXPECT_EQ(ReasonOf(SignInAs("zhangwei", std::string(2000, 'x')).status()), "INVALID_FIELD");
}

TEST_F(SignInTest, StoresNoTokenAndNoLoginInClear) {
  const auto tokens = SignInAs("zhangwei", kPassword);
  ASSERT_TRUE(tokens.ok());
  FailTimes(1, "zhangwei");
  const std::optional<std::string> stored =
      SharedDatabase().Ask("SELECT CONCAT(HEX(family_digest), HEX(token_digest), client) FROM session");
  EXPECT_EQ(stored->find(tokens->refresh_token()), std::string::npos);
  EXPECT_EQ(SharedDatabase().Ask("SELECT COUNT(*) FROM login_attempt WHERE LENGTH(attempt_key) = 32"), "1");
}

class RefreshTest : public IdentityFixture {
 protected:
  v1::Tokens SignedIn(const std::string& client = "") {
    auto tokens = SignInAs("zhangwei", kPassword, client);
    EXPECT_TRUE(tokens.ok()) << tokens.status();
    return *tokens;
  }
};

TEST_F(RefreshTest, ChangesTheTokenEachTime) {
  const v1::Tokens first = SignedIn();
  server_.clock().Advance(absl::Minutes(9));
  const auto second = Refresh(first.refresh_token());
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_NE(second->refresh_token(), first.refresh_token());
  EXPECT_EQ(second->access_expire_time().seconds(),
            absl::ToUnixSeconds(server_.clock().Now() + absl::Minutes(10)));
  server_.clock().Advance(absl::Hours(24 * 44));
  EXPECT_TRUE(Refresh(second->refresh_token()).ok());
}

TEST_F(RefreshTest, WithATokenWhoseSuccessorWasUsedEndsTheWholeFamily) {
  const v1::Tokens first = SignedIn();
  const auto second = Refresh(first.refresh_token());
  ASSERT_TRUE(second.ok());
  const auto third = Refresh(second->refresh_token());
  ASSERT_TRUE(third.ok());
  const absl::Status reused = Refresh(first.refresh_token()).status();
  EXPECT_EQ(reused.code(), absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(ReasonOf(reused), "REFRESH_TOKEN_REUSED");
  EXPECT_EQ(ReasonOf(Refresh(third->refresh_token()).status()), "NOT_SIGNED_IN");
  const auto access = server_.CallAsSystem<v1::GetAccessResponse>(kGetAccess, v1::GetAccessRequest());
  ASSERT_TRUE(access.ok());
  EXPECT_EQ(access->ended_sessions_size(), 1);
}

TEST_F(RefreshTest, AfterALostAnswerWorksAgainHoweverLateAndHoweverOften) {
  const v1::Tokens first = SignedIn();
  for (const absl::Duration later : {absl::Seconds(1), absl::Hours(1), absl::Hours(24 * 30)}) {
    ASSERT_TRUE(Refresh(first.refresh_token()).ok());  // this answer is lost
    server_.clock().Advance(later);
  }
  const auto again = Refresh(first.refresh_token());
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->access_expire_time().seconds(),
            absl::ToUnixSeconds(server_.clock().Now() + absl::Minutes(10)));
  EXPECT_TRUE(Refresh(again->refresh_token()).ok());
}

TEST_F(RefreshTest, AfterALostAnswerAndItsRepeatTheTokenIsOverOnceTheNewOneWasUsed) {
  const v1::Tokens first = SignedIn();
  ASSERT_TRUE(Refresh(first.refresh_token()).ok());
  const auto again = Refresh(first.refresh_token());
  ASSERT_TRUE(again.ok());
  ASSERT_TRUE(Refresh(again->refresh_token()).ok());
  EXPECT_EQ(ReasonOf(Refresh(first.refresh_token()).status()), "REFRESH_TOKEN_REUSED");
}

// A thief with the old token is found out as soon as the phone comes with the new one, which it had got.
TEST_F(RefreshTest, WithTheSuccessorThatWasReplacedUnusedEndsTheFamily) {
  const v1::Tokens first = SignedIn();
  const auto lost = Refresh(first.refresh_token());
  const auto again = Refresh(first.refresh_token());
  ASSERT_TRUE(lost.ok() && again.ok());
  EXPECT_NE(lost->refresh_token(), again->refresh_token());
  EXPECT_EQ(ReasonOf(Refresh(lost->refresh_token()).status()), "REFRESH_TOKEN_REUSED");
  EXPECT_EQ(ReasonOf(Refresh(again->refresh_token()).status()), "NOT_SIGNED_IN");
}

TEST_F(RefreshTest, ByManyAtOnceGivesEachATokenOfItsOwnAndKeepsOneInForce) {
  const v1::Tokens first = SignedIn();
  std::vector<absl::StatusOr<v1::Tokens>> answers(6, absl::UnknownError("none"));
  std::vector<std::thread> threads;
  for (auto& answer : answers) threads.emplace_back([&] { answer = Refresh(first.refresh_token()); });
  for (std::thread& thread : threads) thread.join();
  std::set<std::string> digests;
  for (const auto& answer : answers) {
    ASSERT_TRUE(answer.ok()) << answer.status();
    digests.insert(absl::BytesToHexString(ParseRefreshToken(answer->refresh_token())->TokenDigest()));
  }
  EXPECT_EQ(digests.size(), answers.size());
  const std::optional<std::string> in_force =
      SharedDatabase().Ask("SELECT LOWER(HEX(token_digest)) FROM session WHERE ended_us IS NULL");
  EXPECT_EQ(digests.count(in_force.value_or("")), 1u);
}

TEST_F(RefreshTest, ExpiresWhenIdleAndAfterTheWholeLife) {
  const v1::Tokens idle = SignedIn();
  server_.clock().Advance(absl::Hours(24 * 45) + absl::Seconds(1));
  EXPECT_EQ(ReasonOf(Refresh(idle.refresh_token()).status()), "TOKEN_EXPIRED");

  v1::Tokens used = SignedIn();
  for (int i = 0; i < 2; ++i) {
    server_.clock().Advance(absl::Hours(24 * 40));
    auto next = Refresh(used.refresh_token());
    ASSERT_TRUE(next.ok()) << next.status();
    used = *next;
  }
  server_.clock().Advance(absl::Hours(24 * 10));
  EXPECT_EQ(ReasonOf(Refresh(used.refresh_token()).status()), "TOKEN_EXPIRED");
}

TEST_F(RefreshTest, OfAConsoleExpiresAfterHalfAnHour) {
  const v1::Tokens tokens = SignedIn("console 1.0");
  server_.clock().Advance(absl::Minutes(31));
  EXPECT_EQ(ReasonOf(Refresh(tokens.refresh_token()).status()), "TOKEN_EXPIRED");
}

TEST_F(RefreshTest, RefusesRubbishAndUnknownTokens) {
  EXPECT_EQ(ReasonOf(Refresh("rubbish").status()), "NOT_SIGNED_IN");
  EXPECT_EQ(ReasonOf(Refresh(std::string(64, 'A')).status()), "NOT_SIGNED_IN");
  EXPECT_EQ(ReasonOf(Refresh("").status()), "REQUIRED_FIELD_MISSING");
}

TEST_F(RefreshTest, AfterSigningOutIsRefused) {
  const v1::Tokens tokens = SignedIn();
  SharedDatabase().Exec("UPDATE session SET session_id = UNHEX('" + [&] {
    std::string hex;
    for (unsigned char c : Uuid::Derive(officer_, "session").Bytes())
      hex += absl::StrCat(absl::Hex(c, absl::kZeroPad2));
    return hex;
  }() + "')");  // the session that the test token names
  ASSERT_TRUE(server_.Call<v1::SignOutResponse>(OfficerToken(), kSignOut, v1::SignOutRequest()).ok());
  EXPECT_EQ(ReasonOf(Refresh(tokens.refresh_token()).status()), "NOT_SIGNED_IN");
  EXPECT_TRUE(server_.Call<v1::SignOutResponse>(OfficerToken(), kSignOut, v1::SignOutRequest()).ok());
  EXPECT_EQ(ReasonOf(server_.Call<v1::SignOutResponse>("", kSignOut, v1::SignOutRequest()).status()),
            "NOT_SIGNED_IN");
}

// The directory that every process keeps, fed by this area, and the verification by token: what a disabling
// comes to.
class DirectoryTest : public IdentityFixture {
 protected:
  DirectoryTest() : directory_(server_.channel(), server_.channel()) {
    server_.registry().Add<grid::v1::GetGroundRequest, grid::v1::GetGroundResponse>(
        "gridwarden.grid.v1.GridInternalService/GetGround",
        [](const rpc::Call&,
           const grid::v1::GetGroundRequest&) -> absl::StatusOr<grid::v1::GetGroundResponse> {
          grid::v1::GetGroundResponse response;
          response.set_complete(true);
          return response;
        });
  }

  absl::StatusOr<rpc::Principal> Prove(const std::string& token) {
    const absl::Status refreshed = directory_.Refresh();
    EXPECT_TRUE(refreshed.ok()) << refreshed;
    return access::MakeAuthenticate(directory_)(token, server_.clock().Now());
  }

  access::Directory directory_;
};

TEST_F(DirectoryTest, KnowsAdministratorsAndLetsOthersCall) {
  const auto admin = Prove(SignInAs("admin", kPassword)->access_token());
  ASSERT_TRUE(admin.ok()) << admin.status();
  EXPECT_TRUE(admin->administrator);
  const auto officer = Prove(SignInAs("zhangwei", kPassword)->access_token());
  ASSERT_TRUE(officer.ok()) << officer.status();
  EXPECT_FALSE(officer->administrator);
  EXPECT_FALSE(officer->person.IsNil());
}

TEST_F(DirectoryTest, RefusesADisabledAccountAtTheNextRefreshAndItsOldSessionsAlsoWhenEnabledAgain) {
  const v1::Tokens tokens = *SignInAs("zhangwei", kPassword);
  ASSERT_TRUE(Prove(tokens.access_token()).ok());
  v1::DisableAccountRequest disable;
  disable.set_request_id(NewRequestId());
  disable.set_name(NameOf(officer_));
  ASSERT_TRUE(server_.Call<v1::Account>(AdminToken(), kDisableAccount, disable).ok());
  EXPECT_EQ(ReasonOf(Prove(tokens.access_token()).status()), "NOT_SIGNED_IN");
  EXPECT_EQ(ReasonOf(Refresh(tokens.refresh_token()).status()), "NOT_SIGNED_IN");

  v1::EnableAccountRequest enable;
  enable.set_request_id(NewRequestId());
  enable.set_name(NameOf(officer_));
  ASSERT_TRUE(server_.Call<v1::Account>(AdminToken(), kEnableAccount, enable).ok());
  EXPECT_EQ(ReasonOf(Prove(tokens.access_token()).status()), "NOT_SIGNED_IN");
  EXPECT_TRUE(Prove(SignInAs("zhangwei", kPassword)->access_token()).ok());
}

TEST_F(DirectoryTest, HonoursTheOldKeyWhileANewOneTakesOver) {
  const v1::Tokens old_tokens = *SignInAs("zhangwei", kPassword);
  server_.clock().Advance(KeyRing::kKeyLife + absl::Seconds(1));
  const v1::Tokens published =
      *SignInAs("zhangwei", kPassword);  // makes the successor, still signs with the old key
  EXPECT_EQ(SharedDatabase().Ask("SELECT COUNT(*) FROM signing_key"), "2");
  ASSERT_TRUE(Prove(published.access_token()).ok());
  server_.clock().Advance(absl::Minutes(2));
  const v1::Tokens fresh = *SignInAs("zhangwei", kPassword);
  EXPECT_TRUE(Prove(fresh.access_token()).ok());
  EXPECT_TRUE(Prove(published.access_token()).ok());
  server_.clock().Advance(absl::Hours(1));
  const auto access = server_.CallAsSystem<v1::GetAccessResponse>(kGetAccess, v1::GetAccessRequest());
  EXPECT_EQ(access->token_keys_size(), 1);
}

}  // namespace
}  // namespace gridwarden::identity
