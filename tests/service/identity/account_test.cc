#include <sys/stat.h>

#include <algorithm>
#include <thread>

#include "base/status.h"
#include "identity/bootstrap.h"
#include "platform/rpc/mutate.h"
#include "service/identity/identity_fixture.h"

namespace gridwarden::identity {
namespace {

class CreateAccountTest : public IdentityFixture {
 protected:
  absl::StatusOr<v1::Account> Create(const v1::CreateAccountRequest& request) {
    return server_.Call<v1::Account>(AdminToken(), kCreateAccount, request);
  }
};

TEST_F(CreateAccountTest, MakesOneThatCanSignIn) {
  v1::CreateAccountRequest request = NewAccount("LiSi");
  request.mutable_account()->set_phone("+86 139-0000-0002");
  request.mutable_account()->set_person(ResourceName(
      "persons", gridwarden::testing::City().PersonIn(domain::PostKind::kPatrolOfficer,
                                                      gridwarden::testing::City().villages[0][0][1])));
  const int staged = Staged();
  const auto account = Create(request);
  ASSERT_TRUE(account.ok()) << account.status();
  EXPECT_EQ(account->login(), "lisi");
  EXPECT_EQ(account->phone(), "13900000002");
  EXPECT_EQ(account->person(), request.account().person());
  EXPECT_FALSE(account->administrator());
  EXPECT_EQ(account->etag(), "1");
  EXPECT_EQ(Staged(), staged + 1);
  EXPECT_TRUE(SignInAs("13900000002", kPassword).ok());
  EXPECT_EQ(SharedDatabase().Ask(
                "SELECT demo_cost FROM credential c JOIN account a USING (account_id) WHERE login = 'lisi'"),
            "0");
}

TEST_F(CreateAccountTest, IsForAdministratorsOnly) {
  EXPECT_EQ(ReasonOf(server_.Call<v1::Account>(OfficerToken(), kCreateAccount, NewAccount("lisi")).status()),
            "NOT_ALLOWED");
  EXPECT_EQ(ReasonOf(server_.Call<v1::Account>("", kCreateAccount, NewAccount("lisi")).status()),
            "NOT_SIGNED_IN");
  // The token says administrator, the database does not: the database decides.
  EXPECT_EQ(
      ReasonOf(
          server_.Call<v1::Account>(TokenOf(officer_, true), kCreateAccount, NewAccount("lisi")).status()),
      "NOT_ALLOWED");
}

TEST_F(CreateAccountTest, TwiceWithTheSameRequestIsOne) {
  const v1::CreateAccountRequest request = NewAccount("lisi");
  const auto first = Create(request);
  const auto second = Create(request);
  ASSERT_TRUE(first.ok() && second.ok()) << second.status();
  EXPECT_EQ(first->name(), second->name());
}

TEST_F(CreateAccountTest, WithTheSameIdAndAnotherPasswordIsRefused) {
  v1::CreateAccountRequest request = NewAccount("lisi");
  ASSERT_TRUE(Create(request).ok());
  request.set_password(kNewPassword);
  EXPECT_EQ(ReasonOf(Create(request).status()), "REQUEST_ID_REUSED");
}

TEST_F(CreateAccountTest, KeepsTheDigestOfTheRequestUselessForGuessing) {
  const v1::CreateAccountRequest request = NewAccount("lisi");
  ASSERT_TRUE(Create(request).ok());
  const std::string stored =
      SharedDatabase().Ask("SELECT HEX(digest) FROM op_receipt WHERE method LIKE '%CreateAccount'");
  // What somebody who has the table and guesses the password would compute.
  SharedDatabase().Exec("DELETE FROM op_receipt");
  const absl::StatusOr<std::string> guessed = rpc::MutateBytes(
      Shared(),
      [] {
        rpc::Call call = rpc::Call::System(kCreateAccount, absl::Now());
        return call;
      }(),
      Uuid::Make(absl::Now()), request,
      [](db::Transaction&) -> absl::StatusOr<std::string> { return std::string("x"); });
  ASSERT_TRUE(guessed.ok());
  EXPECT_NE(SharedDatabase().Ask("SELECT HEX(digest) FROM op_receipt"), stored);
}

TEST_F(CreateAccountTest, RefusesALoginOrPhoneThatIsTaken) {
  EXPECT_EQ(ReasonOf(Create(NewAccount("ZHANGWEI")).status()), "ALREADY_EXISTS");
  v1::CreateAccountRequest request = NewAccount("lisi");
  request.mutable_account()->set_phone("138 0000 0001");
  EXPECT_EQ(ReasonOf(Create(request).status()), "ALREADY_EXISTS");
}

TEST_F(CreateAccountTest, NamesTheFieldThatIsWrong) {
  v1::CreateAccountRequest request = NewAccount("13900000009");
  EXPECT_EQ(FactsOf(Create(request).status())->fields.at(0).field, "account.login");
  request = NewAccount("li si");
  EXPECT_EQ(FactsOf(Create(request).status())->fields.at(0).field, "account.login");
  request = NewAccount("lisi");
  request.mutable_account()->clear_display_name();
  EXPECT_EQ(FactsOf(Create(request).status())->fields.at(0).field, "account.display_name");
  request = NewAccount("lisi");
  request.mutable_account()->set_phone("phone");
  EXPECT_EQ(FactsOf(Create(request).status())->fields.at(0).field, "account.phone");
  request = NewAccount("lisi");
  request.mutable_account()->set_person("cases/1");
  EXPECT_EQ(FactsOf(Create(request).status())->fields.at(0).field, "account.person");
  request = NewAccount("lisi");
  request.clear_password();
  EXPECT_EQ(ReasonOf(Create(request).status()), "REQUIRED_FIELD_MISSING");
  request = NewAccount("lisi");
  request.set_request_id("1");
  EXPECT_EQ(Create(request).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(CreateAccountTest, RefusesAWeakPasswordByItsRule) {
  v1::CreateAccountRequest request = NewAccount("lisi");
  request.set_password("short");
  const absl::Status weak = Create(request).status();
  EXPECT_EQ(ReasonOf(weak), "PASSWORD_TOO_WEAK");
  EXPECT_EQ(FactsOf(weak)->metadata.at("rule"), "至少 12 个字符");
}

TEST_F(CreateAccountTest, PutsNoPersonalValueIntoTheJournal) {
  v1::CreateAccountRequest request = NewAccount("canary-login-9127");
  request.mutable_account()->set_phone("13987654321");
  request.mutable_account()->set_display_name("名字金丝雀");
  ASSERT_TRUE(Create(request).ok());
  for (const char* canary : {"canary-login-9127", "13987654321", "名字金丝雀", kPassword}) {
    EXPECT_EQ(SharedDatabase().Ask(
                  absl::StrCat("SELECT COUNT(*) FROM journal_stage WHERE INSTR(body, '", canary, "') > 0")),
              "0")
        << canary;
  }
}

class DisableAccountTest : public IdentityFixture {
 protected:
  absl::StatusOr<v1::Account> Disable(const std::string& token, const Uuid& account,
                                      std::string request_id = "") {
    v1::DisableAccountRequest request;
    request.set_request_id(request_id.empty() ? NewRequestId() : request_id);
    request.set_name(NameOf(account));
    return server_.Call<v1::Account>(token, kDisableAccount, request);
  }
  absl::StatusOr<v1::Account> Enable(const std::string& token, const Uuid& account) {
    v1::EnableAccountRequest request;
    request.set_request_id(NewRequestId());
    request.set_name(NameOf(account));
    return server_.Call<v1::Account>(token, kEnableAccount, request);
  }
};

TEST_F(DisableAccountTest, EndsSigningInUntilEnabledAgain) {
  const auto disabled = Disable(AdminToken(), officer_);
  ASSERT_TRUE(disabled.ok()) << disabled.status();
  EXPECT_TRUE(disabled->disabled());
  EXPECT_EQ(disabled->etag(), "2");
  EXPECT_EQ(ReasonOf(SignInAs("zhangwei", kPassword).status()), "SIGN_IN_REFUSED");
  ASSERT_TRUE(Enable(AdminToken(), officer_).ok());
  EXPECT_TRUE(SignInAs("zhangwei", kPassword).ok());
}

TEST_F(DisableAccountTest, IsRefusedForOneselfForOthersAndInTheWrongState) {
  EXPECT_EQ(ReasonOf(Disable(AdminToken(), admin_).status()), "NOT_ALLOWED");
  EXPECT_EQ(ReasonOf(Disable(OfficerToken(), admin_).status()), "NOT_ALLOWED");
  EXPECT_EQ(ReasonOf(Enable(AdminToken(), officer_).status()), "ILLEGAL_TRANSITION");
  ASSERT_TRUE(Disable(AdminToken(), officer_).ok());
  EXPECT_EQ(ReasonOf(Disable(AdminToken(), officer_).status()), "ILLEGAL_TRANSITION");
  EXPECT_EQ(ReasonOf(Disable(AdminToken(), Uuid::Make(absl::Now())).status()), "NOT_FOUND");
  EXPECT_EQ(ReasonOf(Disable(AdminToken(), Uuid()).status()), "REQUIRED_FIELD_MISSING");
}

TEST_F(DisableAccountTest, EnablingTwiceWithTheSameRequestIsOnceAndWithAnotherPayloadRefused) {
  ASSERT_TRUE(Disable(AdminToken(), officer_).ok());
  const std::string id = NewRequestId();
  v1::EnableAccountRequest request;
  request.set_request_id(id);
  request.set_name(ResourceName("accounts", officer_));
  ASSERT_TRUE(server_.Call<v1::Account>(AdminToken(), kEnableAccount, request).ok());
  EXPECT_TRUE(server_.Call<v1::Account>(AdminToken(), kEnableAccount, request).ok());
  request.set_name(ResourceName("accounts", AddAccount("wangwu", "", Uuid(), false)));
  EXPECT_EQ(ReasonOf(server_.Call<v1::Account>(AdminToken(), kEnableAccount, request).status()),
            "REQUEST_ID_REUSED");
}

TEST_F(DisableAccountTest, APasswordResetWithTheSameIdAndAnotherPasswordIsRefused) {
  v1::ResetPasswordRequest request;
  request.set_request_id(NewRequestId());
  request.set_name(ResourceName("accounts", officer_));
  request.set_password(kNewPassword);
  ASSERT_TRUE(server_.Call<v1::Account>(AdminToken(), kResetPassword, request).ok());
  EXPECT_TRUE(server_.Call<v1::Account>(AdminToken(), kResetPassword, request).ok());
  request.set_password("another-stone-52-heron");
  EXPECT_EQ(ReasonOf(server_.Call<v1::Account>(AdminToken(), kResetPassword, request).status()),
            "REQUEST_ID_REUSED");
}

TEST_F(DisableAccountTest, AChangeOfPasswordWithTheSameIdAndAnotherPasswordIsRefused) {
  v1::ChangePasswordRequest request;
  request.set_request_id(NewRequestId());
  request.set_old_password(kPassword);
  request.set_new_password(kNewPassword);
  const std::string token = OfficerToken();
  ASSERT_TRUE(server_.Call<v1::Account>(token, kChangePassword, request).ok());
  EXPECT_TRUE(server_.Call<v1::Account>(token, kChangePassword, request).ok());
  request.set_new_password("another-stone-52-heron");
  EXPECT_EQ(ReasonOf(server_.Call<v1::Account>(token, kChangePassword, request).status()),
            "REQUEST_ID_REUSED");
}

TEST_F(DisableAccountTest, TwiceWithTheSameRequestIsOnceAndWithAnotherPayloadRefused) {
  const std::string id = NewRequestId();
  ASSERT_TRUE(Disable(AdminToken(), officer_, id).ok());
  EXPECT_TRUE(Disable(AdminToken(), officer_, id).ok());
  const Uuid other = AddAccount("wangwu", "", Uuid(), false);
  EXPECT_EQ(ReasonOf(Disable(AdminToken(), other, id).status()), "REQUEST_ID_REUSED");
}

TEST_F(DisableAccountTest, OfTwoAdministratorsWhoDisableEachOtherAtOnceLeavesOne) {
  const Uuid second = AddAccount("admin2", "", Uuid(), true);
  absl::StatusOr<v1::Account> one = absl::UnknownError(""), two = absl::UnknownError("");
  std::thread thread([&] { one = Disable(TokenOf(admin_, true), second); });
  two = Disable(TokenOf(second, true), admin_);
  thread.join();
  EXPECT_NE(one.ok(), two.ok()) << one.status() << two.status();
  EXPECT_EQ(SharedDatabase().Ask("SELECT COUNT(*) FROM account WHERE administrator = 1 AND disabled = 0"),
            "1");
}

class PasswordTest : public IdentityFixture {
 protected:
  v1::ChangePasswordRequest Change(const std::string& old_password, const std::string& new_password) {
    v1::ChangePasswordRequest request;
    request.set_request_id(NewRequestId());
    request.set_old_password(old_password);
    request.set_new_password(new_password);
    return request;
  }
  absl::StatusOr<v1::Account> Send(const v1::ChangePasswordRequest& request) {
    return server_.Call<v1::Account>(OfficerToken(), kChangePassword, request);
  }
  v1::ResetPasswordRequest Reset(const Uuid& account) {
    v1::ResetPasswordRequest request;
    request.set_request_id(NewRequestId());
    request.set_name(NameOf(account));
    request.set_password(kNewPassword);
    return request;
  }
};

TEST_F(PasswordTest, ChangedEndsTheOtherSessions) {
  const v1::Tokens other = *SignInAs("zhangwei", kPassword);
  const auto changed = Send(Change(kPassword, kNewPassword));
  ASSERT_TRUE(changed.ok()) << changed.status();
  EXPECT_EQ(changed->etag(), "2");
  EXPECT_EQ(ReasonOf(Refresh(other.refresh_token()).status()), "NOT_SIGNED_IN");
  EXPECT_EQ(ReasonOf(SignInAs("zhangwei", kPassword).status()), "SIGN_IN_REFUSED");
  EXPECT_TRUE(SignInAs("zhangwei", kNewPassword).ok());
}

TEST_F(PasswordTest, ChangedTwiceWithTheSameRequestIsChangedOnceThoughTheOldOneIsWrongByNow) {
  const v1::ChangePasswordRequest request = Change(kPassword, kNewPassword);
  ASSERT_TRUE(Send(request).ok());
  const auto again = Send(request);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->etag(), "2");
  EXPECT_EQ(SharedDatabase().Ask("SELECT COUNT(*) FROM login_attempt"), "0");
}

TEST_F(PasswordTest, IsNotChangedWithoutTheOldOneAndGuessingLocks) {
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(ReasonOf(Send(Change("wrong-wrong-wrong", kNewPassword)).status()), "SIGN_IN_REFUSED");
  }
  EXPECT_EQ(ReasonOf(Send(Change(kPassword, kNewPassword)).status()), "ACCOUNT_LOCKED");
  EXPECT_EQ(ReasonOf(SignInAs("zhangwei", kPassword).status()), "ACCOUNT_LOCKED");
}

TEST_F(PasswordTest, IsNotChangedToAWeakOneOrByNobody) {
  EXPECT_EQ(ReasonOf(Send(Change(kPassword, "password1234")).status()), "PASSWORD_TOO_WEAK");
  EXPECT_EQ(ReasonOf(Send(Change(kPassword, "")).status()), "REQUIRED_FIELD_MISSING");
  EXPECT_EQ(
      ReasonOf(server_.Call<v1::Account>("", kChangePassword, Change(kPassword, kNewPassword)).status()),
      "NOT_SIGNED_IN");
}

TEST_F(PasswordTest, ResetByAnAdministratorEndsAllSessionsAndTheLock) {
  const v1::Tokens tokens = *SignInAs("zhangwei", kPassword);
  for (int i = 0; i < 5; ++i) SignInAs("zhangwei", "wrong-wrong-wrong").IgnoreError();
  ASSERT_EQ(ReasonOf(SignInAs("zhangwei", kPassword).status()), "ACCOUNT_LOCKED");
  const v1::ResetPasswordRequest request = Reset(officer_);
  const auto reset = server_.Call<v1::Account>(AdminToken(), kResetPassword, request);
  ASSERT_TRUE(reset.ok()) << reset.status();
  EXPECT_TRUE(server_.Call<v1::Account>(AdminToken(), kResetPassword, request).ok());
  EXPECT_EQ(ReasonOf(Refresh(tokens.refresh_token()).status()), "NOT_SIGNED_IN");
  EXPECT_TRUE(SignInAs("zhangwei", kNewPassword).ok());
}

TEST_F(PasswordTest, IsResetByAdministratorsOnlyAndNotTheirOwn) {
  EXPECT_EQ(ReasonOf(server_.Call<v1::Account>(OfficerToken(), kResetPassword, Reset(admin_)).status()),
            "NOT_ALLOWED");
  EXPECT_EQ(ReasonOf(server_.Call<v1::Account>(AdminToken(), kResetPassword, Reset(admin_)).status()),
            "NOT_ALLOWED");
  EXPECT_EQ(
      ReasonOf(
          server_.Call<v1::Account>(AdminToken(), kResetPassword, Reset(Uuid::Make(absl::Now()))).status()),
      "NOT_FOUND");
}

class ReadAccountsTest : public IdentityFixture {};

TEST_F(ReadAccountsTest, GetMeSaysWhoCalls) {
  const auto me = server_.Call<v1::Account>(OfficerToken(), kGetMe, v1::GetMeRequest());
  ASSERT_TRUE(me.ok()) << me.status();
  EXPECT_EQ(me->login(), "zhangwei");
  EXPECT_EQ(ReasonOf(server_.Call<v1::Account>("", kGetMe, v1::GetMeRequest()).status()), "NOT_SIGNED_IN");
}

TEST_F(ReadAccountsTest, ListGoesThroughAllPageByPage) {
  for (int i = 0; i < 3; ++i) AddAccount(absl::StrCat("user", i), "", Uuid(), false);
  std::vector<std::string> logins;
  v1::ListAccountsRequest request;
  request.set_page_size(2);
  for (int page = 0; page < 3; ++page) {
    const auto response = server_.Call<v1::ListAccountsResponse>(AdminToken(), kListAccounts, request);
    ASSERT_TRUE(response.ok()) << response.status();
    for (const v1::Account& account : response->accounts()) logins.push_back(account.login());
    request.set_page_token(response->next_page_token());
  }
  std::sort(logins.begin(), logins.end());
  EXPECT_EQ(logins, (std::vector<std::string>{"admin", "user0", "user1", "user2", "zhangwei"}));
  EXPECT_EQ(request.page_token(), "");
  EXPECT_EQ(ReasonOf(server_.Call<v1::ListAccountsResponse>(OfficerToken(), kListAccounts, request).status()),
            "NOT_ALLOWED");
  request.set_page_token("rubbish");
  EXPECT_EQ(ReasonOf(server_.Call<v1::ListAccountsResponse>(AdminToken(), kListAccounts, request).status()),
            "PAGE_TOKEN_MISMATCH");
}

TEST_F(ReadAccountsTest, GetAccessIsForOurOwnProcessesAndTellsOnlyWhatChanged) {
  EXPECT_FALSE(server_.Call<v1::GetAccessResponse>(AdminToken(), kGetAccess, v1::GetAccessRequest()).ok());
  const auto all = server_.CallAsSystem<v1::GetAccessResponse>(kGetAccess, v1::GetAccessRequest());
  ASSERT_TRUE(all.ok()) << all.status();
  ASSERT_EQ(all->accounts_size(),
            1);  // the administrator; ordinary accounts are what nobody has to be told of
  EXPECT_EQ(all->accounts(0).name(), NameOf(admin_));
  EXPECT_EQ(all->accounts(0).login(), "");
  EXPECT_EQ(all->token_keys_size(), 1);

  v1::GetAccessRequest later;
  later.set_after_revision(all->revision());
  EXPECT_EQ(server_.CallAsSystem<v1::GetAccessResponse>(kGetAccess, later)->accounts_size(), 0);
  const Uuid added = AddAccount("wangwu", "", Uuid(), false);
  const auto changed = server_.CallAsSystem<v1::GetAccessResponse>(kGetAccess, later);
  ASSERT_EQ(changed->accounts_size(), 1);
  EXPECT_EQ(changed->accounts(0).name(), NameOf(added));
  EXPECT_GT(changed->revision(), all->revision());
}

class BootstrapTest : public IdentityFixture {};

TEST_F(BootstrapTest, MakesTheFirstAdministratorOnceWithARandomPassword) {
  SharedDatabase().Clear();
  const auto first = BootstrapAdministrator(Shared(), "Admin", server_.clock().Now());
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->login, "admin");
  EXPECT_EQ(first->password.size(), 20u);
  const auto tokens = SignInAs("admin", first->password);
  ASSERT_TRUE(tokens.ok()) << tokens.status();
  EXPECT_TRUE(tokens->account().administrator());
  EXPECT_EQ(SharedDatabase().Ask("SELECT SUBSTR(phc, 1, 31) FROM credential"),
            "$argon2id$v=19$m=65536,t=3,p=1$");
  EXPECT_EQ(Staged(), 1);
  EXPECT_EQ(ReasonOf(BootstrapAdministrator(Shared(), "other", server_.clock().Now()).status()),
            "ALREADY_EXISTS");
}

TEST_F(BootstrapTest, OfTwoAtOnceMakesOne) {
  SharedDatabase().Clear();
  absl::StatusOr<FirstAdministrator> one = absl::UnknownError(""), two = absl::UnknownError("");
  std::thread thread([&] { one = BootstrapAdministrator(Shared(), "admin1", server_.clock().Now()); });
  two = BootstrapAdministrator(Shared(), "admin2", server_.clock().Now());
  thread.join();
  EXPECT_NE(one.ok(), two.ok()) << one.status() << two.status();
}

TEST_F(BootstrapTest, SecretsAreReadableByTheOwnerOnly) {
  ASSERT_TRUE(SignInAs("zhangwei", kPassword).ok());
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(data_dir_ + "/identity")) {
    struct stat status;
    ASSERT_EQ(stat(entry.path().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600u) << entry.path();
    ++files;
  }
  EXPECT_EQ(files, 2);  // the server secret and one signing key
}

}  // namespace
}  // namespace gridwarden::identity
