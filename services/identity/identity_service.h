#pragma once

#include <memory>
#include <vector>

#include "access/area.h"
#include "gridwarden/identity/v1/identity_service.pb.h"
#include "identity/identity.h"
#include "platform/rpc/registry.h"

// The identity area: accounts, credentials, sessions, signing keys. Who is calling; never what they may do.
namespace gridwarden::identity {

// One function per rpc, in the file of its name; what each promises stands in identity_service.proto.
absl::StatusOr<v1::Tokens> SignIn(Identity& identity, const rpc::Call& call,
                                  const v1::SignInRequest& request);
absl::StatusOr<v1::Tokens> RefreshTokens(Identity& identity, const rpc::Call& call,
                                         const v1::RefreshTokensRequest& request);
absl::StatusOr<v1::SignOutResponse> SignOut(Identity& identity, const rpc::Call& call);
absl::StatusOr<v1::Account> ChangePassword(Identity& identity, const rpc::Call& call,
                                           const v1::ChangePasswordRequest& request);
absl::StatusOr<v1::Account> ResetPassword(Identity& identity, const rpc::Call& call,
                                          const v1::ResetPasswordRequest& request);
absl::StatusOr<v1::Account> CreateAccount(Identity& identity, const rpc::Call& call,
                                          const v1::CreateAccountRequest& request);
absl::StatusOr<v1::Account> DisableAccount(Identity& identity, const rpc::Call& call,
                                           const v1::DisableAccountRequest& request);
absl::StatusOr<v1::Account> EnableAccount(Identity& identity, const rpc::Call& call,
                                          const v1::EnableAccountRequest& request);
// Reads (read_accounts.cc).
absl::StatusOr<v1::Account> GetMe(Identity& identity, const rpc::Call& call);
absl::StatusOr<v1::ListAccountsResponse> ListAccounts(Identity& identity, const rpc::Call& call,
                                                      const v1::ListAccountsRequest& request);
absl::StatusOr<v1::GetAccessResponse> GetAccess(Identity& identity, const rpc::Call& call,
                                                const v1::GetAccessRequest& request);

// Stops the process when the server secret in data_dir can be neither read nor made.
std::vector<std::unique_ptr<Worker>> Install(const AreaContext& context, rpc::Registry& registry);

}  // namespace gridwarden::identity
