#include <termios.h>
#include <unistd.h>

#include <cstdio>
#include <iostream>

#include "absl/strings/str_format.h"
#include "base/status.h"
#include "gridctl/command.h"
#include "gridctl/output.h"
#include "gridctl/words.h"
#include "gridwarden/identity/v1/identity_service.pb.h"

// gridctl login, logout, whoami, account ...
namespace gridwarden::gridctl {
namespace {

namespace v1 = identity::v1;
constexpr std::string_view kService = "gridwarden.identity.v1.IdentityService/";

std::string Method(std::string_view name) { return std::string(kService) + std::string(name); }

// Reads one line of standard input without showing it when it is typed.
std::string ReadPassword(const char* prompt) {
  termios before{};
  const bool typed = isatty(0) != 0 && tcgetattr(0, &before) == 0;
  if (typed) {
    std::fputs(prompt, stderr);
    termios silent = before;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    tcsetattr(0, TCSAFLUSH, &silent);
  }
  std::string password;
  std::getline(std::cin, password);
  if (typed) {
    tcsetattr(0, TCSAFLUSH, &before);
    std::fputc('\n', stderr);
  }
  return password;
}

absl::Status Login(Invocation& run) {
  const std::string password = ReadPassword(run.chinese ? "密码：" : "password: ");
  if (password.empty())
    return absl::InvalidArgumentError(
        Say(run, "no password was given on standard input", "标准输入没有给出密码"));
  GW_ASSIGN_OR_RETURN(const v1::Account account, run.session().SignIn(run.positionals[0], password));
  const std::string& name = account.display_name().empty() ? account.login() : account.display_name();
  if (run.Has("--print-token")) {
    std::printf("%s\n", run.session().access_token().c_str());
  } else if (run.json) {
    PrintJson(account);  // without the tokens: a log is no place for them
  } else if (run.chinese) {
    std::printf("已登录 %s：%s\n", run.session().server().c_str(), name.c_str());
  } else {
    std::printf("signed in to %s as %s\n", run.session().server().c_str(), name.c_str());
  }
  return absl::OkStatus();
}

absl::Status Logout(Invocation& run) {
  GW_RETURN_IF_ERROR(run.session().SignOut());
  if (run.json) {
    std::printf("{}\n");
  } else {
    std::printf("%s %s\n", Say(run, "signed out of", "已退出").c_str(), run.session().server().c_str());
  }
  return absl::OkStatus();
}

void PrintAccounts(const Invocation& run, const google::protobuf::RepeatedPtrField<v1::Account>& accounts) {
  Table table = MakeTable(run, {"LOGIN", "NAME", "PHONE", "ADMIN", "STATE", "CREATED", "ACCOUNT"});
  for (const v1::Account& account : accounts) {
    table.Add({account.login(), account.display_name(), account.phone(),
               account.administrator() ? Say(run, "yes", "是") : "",
               account.disabled() ? Say(run, "disabled", "已停用") : Say(run, "active", "正常"),
               LocalTime(account.create_time()), account.name()});
  }
  std::fputs(table.ToString().c_str(), stdout);
}

void PrintAccount(Invocation& run, const v1::Account& account) {
  if (run.json) return PrintJson(account);
  v1::ListAccountsResponse one;
  *one.add_accounts() = account;
  PrintAccounts(run, one.accounts());
}

absl::Status WhoAmI(Invocation& run) {
  GW_ASSIGN_OR_RETURN(const v1::Account account,
                      run.session().Call<v1::Account>(Method("GetMe"), v1::GetMeRequest()));
  PrintAccount(run, account);
  return absl::OkStatus();
}

absl::Status Create(Invocation& run) {
  v1::CreateAccountRequest request;
  request.set_request_id(NewRequestId());
  request.mutable_account()->set_login(run.positionals[0]);
  request.mutable_account()->set_phone(run.Get("--phone"));
  request.mutable_account()->set_display_name(run.Get("--name"));
  request.mutable_account()->set_person(run.Get("--person"));
  request.mutable_account()->set_administrator(run.Has("--administrator"));
  request.set_password(ReadPassword("password of the new account (at least 12 characters): "));
  GW_ASSIGN_OR_RETURN(const v1::Account account,
                      run.session().Call<v1::Account>(Method("CreateAccount"), request));
  PrintAccount(run, account);
  return absl::OkStatus();
}

absl::StatusOr<v1::ListAccountsResponse> ListAll(Session& session) {
  v1::ListAccountsResponse all;
  v1::ListAccountsRequest request;
  request.set_page_size(500);
  do {
    GW_ASSIGN_OR_RETURN(const v1::ListAccountsResponse page,
                        session.Call<v1::ListAccountsResponse>(Method("ListAccounts"), request));
    all.mutable_accounts()->MergeFrom(page.accounts());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return all;
}

absl::Status List(Invocation& run) {
  GW_ASSIGN_OR_RETURN(const v1::ListAccountsResponse all, ListAll(run.session()));
  if (run.json) {
    PrintJson(all);
  } else {
    PrintAccounts(run, all.accounts());
  }
  return absl::OkStatus();
}

// An account may be named by its login.
absl::StatusOr<std::string> AccountName(Session& session, const std::string& text) {
  if (text.starts_with("accounts/")) return text;
  GW_ASSIGN_OR_RETURN(const v1::ListAccountsResponse all, ListAll(session));
  for (const v1::Account& account : all.accounts()) {
    if (account.login() == text) return account.name();
  }
  return NotFound(text);
}

absl::Status Disable(Invocation& run) {
  v1::DisableAccountRequest request;
  request.set_request_id(NewRequestId());
  GW_ASSIGN_OR_RETURN(*request.mutable_name(), AccountName(run.session(), run.positionals[0]));
  request.set_reason(run.Get("--reason"));
  GW_ASSIGN_OR_RETURN(const v1::Account account,
                      run.session().Call<v1::Account>(Method("DisableAccount"), request));
  PrintAccount(run, account);
  return absl::OkStatus();
}

absl::Status Enable(Invocation& run) {
  v1::EnableAccountRequest request;
  request.set_request_id(NewRequestId());
  GW_ASSIGN_OR_RETURN(*request.mutable_name(), AccountName(run.session(), run.positionals[0]));
  GW_ASSIGN_OR_RETURN(const v1::Account account,
                      run.session().Call<v1::Account>(Method("EnableAccount"), request));
  PrintAccount(run, account);
  return absl::OkStatus();
}

absl::Status ChangeOwnPassword(Invocation& run) {
  v1::ChangePasswordRequest request;
  request.set_request_id(NewRequestId());
  request.set_old_password(ReadPassword("old password: "));
  request.set_new_password(ReadPassword("new password (at least 12 characters): "));
  GW_ASSIGN_OR_RETURN(const v1::Account account,
                      run.session().Call<v1::Account>(Method("ChangePassword"), request));
  if (run.json) {
    PrintJson(account);
  } else if (run.chinese) {
    std::printf("%s 的密码已修改，其他会话已结束\n", account.login().c_str());
  } else {
    std::printf("the password of %s is changed; other sessions have ended\n", account.login().c_str());
  }
  return absl::OkStatus();
}

absl::Status Reset(Invocation& run) {
  v1::ResetPasswordRequest request;
  request.set_request_id(NewRequestId());
  GW_ASSIGN_OR_RETURN(*request.mutable_name(), AccountName(run.session(), run.positionals[0]));
  request.set_password(ReadPassword("new password (at least 12 characters): "));
  GW_ASSIGN_OR_RETURN(const v1::Account account,
                      run.session().Call<v1::Account>(Method("ResetPassword"), request));
  PrintAccount(run, account);
  return absl::OkStatus();
}

}  // namespace

void AddAccountCommands(std::vector<Command>& commands) {
  commands.push_back(
      {.words = "login",
       .arguments = "LOGIN",
       .summary = "signs in by login name or phone number; the password is read from standard input",
       .options = {{"--print-token", "", "print the access token instead of a sentence"}},
       .examples = {"gridctl login admin", "gridctl login 13800000001 < password-file",
                    "export GRIDWARDEN_TOKEN=$(gridctl login admin --print-token < password-file)"},
       .run = Login});
  commands.push_back({.words = "logout",
                      .summary = "ends the session and forgets its tokens",
                      .examples = {"gridctl logout"},
                      .run = Logout});
  commands.push_back({.words = "whoami",
                      .summary = "says who is signed in",
                      .examples = {"gridctl whoami --json"},
                      .run = WhoAmI});
  commands.push_back(
      {.words = "account create",
       .arguments = "LOGIN",
       .summary = "creates an account; its password is read from standard input",
       .options = {{"--name", "NAME", "name shown on screen"},
                   {"--phone", "PHONE", "phone number, also usable to sign in"},
                   {"--person", "persons/ID", "the natural person behind it; posts follow from the person"},
                   {"--administrator", "", "may manage accounts, imports and settings"}},
       .examples = {"gridctl account create zhang.wei --name 张伟 --person persons/0190..."},
       .run = Create});
  commands.push_back(
      {.words = "account password",
       .summary = "changes your own password: the old and the new one, a line each, from standard input",
       .examples = {"gridctl account password", "gridctl account password < two-lines"},
       .run = ChangeOwnPassword});
  commands.push_back({.words = "account reset",
                      .arguments = "LOGIN|accounts/ID",
                      .summary = "gives somebody a new password, read from standard input",
                      .examples = {"gridctl account reset zhang.wei"},
                      .run = Reset});
  commands.push_back({.words = "account list",
                      .summary = "lists accounts",
                      .examples = {"gridctl account list"},
                      .run = List});
  commands.push_back({.words = "account disable",
                      .arguments = "LOGIN|accounts/ID",
                      .summary = "disables an account; its sessions end within seconds",
                      .options = {{"--reason", "TEXT", "why, for the record"}},
                      .examples = {"gridctl account disable zhang.wei --reason 调离"},
                      .run = Disable});
  commands.push_back({.words = "account enable",
                      .arguments = "LOGIN|accounts/ID",
                      .summary = "lets a disabled account sign in again",
                      .examples = {"gridctl account enable zhang.wei"},
                      .run = Enable});
}

}  // namespace gridwarden::gridctl
