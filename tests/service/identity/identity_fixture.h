#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "identity/account_repository.h"
#include "identity/identity.h"
#include "identity/identity_service.h"
#include "platform/journal/stage.h"
#include "support/shared_database.h"
#include "support/test_city.h"
#include "support/test_server.h"

namespace gridwarden::identity {

using gridwarden::testing::SharedDatabase;

inline constexpr char kSignIn[] = "gridwarden.identity.v1.IdentityService/SignIn";
inline constexpr char kRefresh[] = "gridwarden.identity.v1.IdentityService/RefreshTokens";
inline constexpr char kSignOut[] = "gridwarden.identity.v1.IdentityService/SignOut";
inline constexpr char kGetMe[] = "gridwarden.identity.v1.IdentityService/GetMe";
inline constexpr char kChangePassword[] = "gridwarden.identity.v1.IdentityService/ChangePassword";
inline constexpr char kResetPassword[] = "gridwarden.identity.v1.IdentityService/ResetPassword";
inline constexpr char kCreateAccount[] = "gridwarden.identity.v1.IdentityService/CreateAccount";
inline constexpr char kListAccounts[] = "gridwarden.identity.v1.IdentityService/ListAccounts";
inline constexpr char kDisableAccount[] = "gridwarden.identity.v1.IdentityService/DisableAccount";
inline constexpr char kEnableAccount[] = "gridwarden.identity.v1.IdentityService/EnableAccount";
inline constexpr char kGetAccess[] = "gridwarden.identity.v1.IdentityInternalService/GetAccess";

inline constexpr char kPassword[] = "river-lamp-77-otter";
inline constexpr char kNewPassword[] = "stone-bread-41-heron";

// The identity area behind the real pipeline, with an administrator "admin" and an officer "zhangwei".
class IdentityFixture : public ::testing::Test {
 protected:
  IdentityFixture()
      : data_dir_(absl::StrCat(::testing::TempDir(), "identity_", getpid())),
        server_(Shared(), gridwarden::testing::City().MakeDirectory(), nullptr, data_dir_) {
    SharedDatabase().Clear();
    server_.Install(Install);
    admin_ = AddAccount("admin", "", Uuid(), true);
    officer_ = AddAccount("zhangwei", "13800000001",
                          gridwarden::testing::City().PersonIn(domain::PostKind::kGridOfficer,
                                                               gridwarden::testing::City().villages[0][0][0]),
                          false);
  }
  ~IdentityFixture() override { std::filesystem::remove_all(data_dir_); }

  static db::Database& Shared() { return *SharedDatabase(); }

  // Straight into the tables, hashed at the demo's cost to keep the tests quick.
  Uuid AddAccount(const std::string& login, const std::string& phone, const Uuid& person,
                  bool administrator) {
    AccountRow account{.id = Uuid::Make(server_.clock().Now()),
                       .login = login,
                       .phone = phone,
                       .display_name = login,
                       .person = person,
                       .administrator = administrator,
                       .created = server_.clock().Now()};
    const rpc::Call call = rpc::Call::System("test", server_.clock().Now());
    const absl::Status status = Shared().Run([&](db::Transaction& tx) -> absl::Status {
      AccountRow row = account;
      GW_ASSIGN_OR_RETURN(row.access_revision, NextAccessRevision(tx));
      GW_ASSIGN_OR_RETURN(const journal::Sealed sealed,
                          SealAccount(call, row, v1::AccountEvent::CREATED, ""));
      GW_RETURN_IF_ERROR(InsertAccount(tx, row));
      GW_ASSIGN_OR_RETURN(const std::string phc, HashPassword(kPassword, HashCost::kDemo));
      GW_RETURN_IF_ERROR(InsertCredential(tx, {.account = row.id, .phc = phc, .changed = row.created}));
      return journal::Stage(tx, sealed);
    });
    EXPECT_TRUE(status.ok()) << status;
    return account.id;
  }

  static std::string TokenOf(const Uuid& account, bool administrator = false) {
    return absl::StrCat("account:", account.ToString(), ":person:", administrator ? ":admin" : "");
  }
  std::string AdminToken() const { return TokenOf(admin_, true); }
  std::string OfficerToken() const { return TokenOf(officer_); }
  std::string NewRequestId() { return Uuid::Make(server_.clock().Now()).ToString(); }

  absl::StatusOr<v1::Tokens> SignInAs(const std::string& login, const std::string& password,
                                      const std::string& client = "", const std::string& peer = "") {
    v1::SignInRequest request;
    request.set_login(login);
    request.set_password(password);
    request.set_client(client);
    rpc::Call call;
    call.deadline = absl::Now() + absl::Seconds(30);
    call.peer = peer;
    return rpc::Send<v1::Tokens>(server_.channel(), call, kSignIn, request);
  }
  absl::StatusOr<v1::Tokens> Refresh(const std::string& token) {
    v1::RefreshTokensRequest request;
    request.set_refresh_token(token);
    return server_.Call<v1::Tokens>("", kRefresh, request);
  }
  v1::CreateAccountRequest NewAccount(const std::string& login) {
    v1::CreateAccountRequest request;
    request.set_request_id(NewRequestId());
    request.mutable_account()->set_login(login);
    request.mutable_account()->set_display_name("李四");
    request.set_password(kPassword);
    return request;
  }
  std::string NameOf(const Uuid& account) const { return ResourceName("accounts", account); }
  int Staged() { return std::atoi(SharedDatabase().Ask("SELECT COUNT(*) FROM journal_stage").c_str()); }

  const std::string data_dir_;
  gridwarden::testing::TestServer server_;
  Uuid admin_;
  Uuid officer_;
};

}  // namespace gridwarden::identity
