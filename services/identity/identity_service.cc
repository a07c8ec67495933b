#include "identity/identity_service.h"

#include <cstdlib>

#include "identity/sweeper.h"
#include "platform/runtime/log.h"

namespace gridwarden::identity {
namespace {

std::string SecretOrStop(const std::string& data_dir) {
  absl::StatusOr<std::string> secret = LoadServerSecret(data_dir);
  if (secret.ok()) return *std::move(secret);
  Log(LogLevel::kError, "identity_secret_unreadable", {{"error", secret.status().ToString()}});
  std::exit(1);
}

}  // namespace

std::vector<std::unique_ptr<Worker>> Install(const AreaContext& context, rpc::Registry& registry) {
  auto identity = std::shared_ptr<Identity>(new Identity{.database = context.database,
                                                         .directory = context.directory,
                                                         .clock = context.clock,
                                                         .demo = context.demo,
                                                         .secret = SecretOrStop(context.data_dir),
                                                         .keys = KeyRing(context.data_dir)});
  if (context.demo) {
    Log(LogLevel::kWarning, "demo_password_cost",
        {{"accounts_max", std::to_string(kDemoCostAccountsMax)},
         {"meaning",
          "demo log: passwords of simulated accounts are hashed at a lower cost than in real use"}});
  }
  PhcOfNobody(identity->CostOfNobody());

  const std::string service = "gridwarden.identity.v1.IdentityService/";
  registry.Add<v1::SignInRequest, v1::Tokens>(
      service + "SignIn", [identity](const rpc::Call& call, const v1::SignInRequest& request) {
        return SignIn(*identity, call, request);
      });
  registry.Add<v1::RefreshTokensRequest, v1::Tokens>(
      service + "RefreshTokens", [identity](const rpc::Call& call, const v1::RefreshTokensRequest& request) {
        return RefreshTokens(*identity, call, request);
      });
  registry.Add<v1::SignOutRequest, v1::SignOutResponse>(
      service + "SignOut",
      [identity](const rpc::Call& call, const v1::SignOutRequest&) { return SignOut(*identity, call); });
  registry.Add<v1::GetMeRequest, v1::Account>(
      service + "GetMe",
      [identity](const rpc::Call& call, const v1::GetMeRequest&) { return GetMe(*identity, call); });
  registry.Add<v1::ChangePasswordRequest, v1::Account>(
      service + "ChangePassword",
      [identity](const rpc::Call& call, const v1::ChangePasswordRequest& request) {
        return ChangePassword(*identity, call, request);
      });
  registry.Add<v1::ResetPasswordRequest, v1::Account>(
      service + "ResetPassword", [identity](const rpc::Call& call, const v1::ResetPasswordRequest& request) {
        return ResetPassword(*identity, call, request);
      });
  registry.Add<v1::CreateAccountRequest, v1::Account>(
      service + "CreateAccount", [identity](const rpc::Call& call, const v1::CreateAccountRequest& request) {
        return CreateAccount(*identity, call, request);
      });
  registry.Add<v1::ListAccountsRequest, v1::ListAccountsResponse>(
      service + "ListAccounts", [identity](const rpc::Call& call, const v1::ListAccountsRequest& request) {
        return ListAccounts(*identity, call, request);
      });
  registry.Add<v1::DisableAccountRequest, v1::Account>(
      service + "DisableAccount",
      [identity](const rpc::Call& call, const v1::DisableAccountRequest& request) {
        return DisableAccount(*identity, call, request);
      });
  registry.Add<v1::EnableAccountRequest, v1::Account>(
      service + "EnableAccount", [identity](const rpc::Call& call, const v1::EnableAccountRequest& request) {
        return EnableAccount(*identity, call, request);
      });
  registry.Add<v1::GetAccessRequest, v1::GetAccessResponse>(
      "gridwarden.identity.v1.IdentityInternalService/GetAccess",
      [identity](const rpc::Call& call, const v1::GetAccessRequest& request) {
        return GetAccess(*identity, call, request);
      });

  std::vector<std::unique_ptr<Worker>> workers;
  workers.push_back(std::make_unique<Sweeper>(context.database, context.clock));
  return workers;
}

}  // namespace gridwarden::identity
