#include "identity/bootstrap.h"

#include "base/status.h"
#include "identity/identity.h"
#include "platform/crypto/digest.h"

namespace gridwarden::identity {
namespace {

// 32 characters that nobody mistakes for one another on paper: 5 bits each.
constexpr std::string_view kAlphabet = "abcdefghijkmnpqrstuvwxyz23456789";
constexpr int kPasswordLength = 20;

std::string RandomPassword() {
  static_assert(kAlphabet.size() == 32);
  std::string password = crypto::RandomBytes(kPasswordLength);
  for (char& c : password) c = kAlphabet[static_cast<unsigned char>(c) & 31];
  return password;
}

absl::Status ExistsAlready() {
  return FailedPrecondition("ALREADY_EXISTS", "there is an administrator already", {{"resource", "管理员"}});
}

}  // namespace

absl::StatusOr<FirstAdministrator> BootstrapAdministrator(db::Database& database, std::string_view login,
                                                          absl::Time now) {
  const FirstAdministrator first{.login = NormaliseLogin(login), .password = RandomPassword()};
  const Uuid id = Uuid::Make(now);
  GW_ASSIGN_OR_RETURN(const std::string phc, HashPassword(first.password, HashCost::kFull));
  const rpc::Call call = rpc::Call::System("gridwarden bootstrap-admin", now);
  GW_RETURN_IF_ERROR(database.Run([&](db::Transaction& tx) -> absl::Status {
    AccountRow account{
        .id = id, .login = first.login, .display_name = "管理员", .administrator = true, .created = now};
    GW_ASSIGN_OR_RETURN(account.access_revision, NextAccessRevision(tx));
    GW_ASSIGN_OR_RETURN(const bool any, AnyAdministrator(tx));
    if (any) return ExistsAlready();
    GW_ASSIGN_OR_RETURN(const journal::Sealed sealed,
                        SealAccount(call, account, v1::AccountEvent::BOOTSTRAPPED, ""));
    GW_RETURN_IF_ERROR(InsertAccount(tx, account));
    GW_RETURN_IF_ERROR(InsertCredential(tx, {.account = id, .phc = phc, .demo_cost = false, .changed = now}));
    return journal::Stage(tx, sealed);
  }));
  return first;
}

}  // namespace gridwarden::identity
