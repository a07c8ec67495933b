#include "absl/strings/ascii.h"
#include "base/status.h"
#include "identity/identity_service.h"
#include "platform/rpc/mutate.h"

namespace gridwarden::identity {
namespace {

constexpr size_t kLoginBytesMin = 2;

// No spaces or control characters, and not a phone number: SignIn must know which of the two it was given.
absl::Status CheckLogin(const std::string& login) {
  if (login.size() < kLoginBytesMin || login.size() > kLoginBytesMax)
    return InvalidField("account.login", "want 2 to 64 bytes");
  for (unsigned char c : login) {
    if (c <= ' ' || c == 0x7f) return InvalidField("account.login", "want no spaces or control characters");
  }
  if (NormalisePhone(login))
    return InvalidField("account.login", "got a phone number, want a name; the number goes to account.phone");
  return absl::OkStatus();
}

absl::Status CheckDisplayName(const std::string& name) {
  if (name.empty() || name.size() > kDisplayNameBytesMax)
    return InvalidField("account.display_name", "want 1 to 64 bytes");
  for (unsigned char c : name) {
    if (absl::ascii_iscntrl(c)) return InvalidField("account.display_name", "want no control characters");
  }
  return absl::OkStatus();
}

// A person recorded a moment ago may not be in the snapshot yet.
absl::Status CheckPerson(access::Directory& directory, const Uuid& person) {
  if (person.IsNil() || directory.ground()->FindPerson(person) != nullptr) return absl::OkStatus();
  GW_RETURN_IF_ERROR(directory.Refresh());
  if (directory.ground()->FindPerson(person) != nullptr) return absl::OkStatus();
  return NotFound(ResourceName("persons", person));
}

absl::StatusOr<AccountRow> AccountOf(Identity& identity, const rpc::Call& call, const v1::Account& wanted) {
  AccountRow account{.id = Uuid::Make(call.now),
                     .login = NormaliseLogin(wanted.login()),
                     .display_name = wanted.display_name(),
                     .administrator = wanted.administrator(),
                     .created = call.now};
  GW_RETURN_IF_ERROR(CheckLogin(account.login));
  GW_RETURN_IF_ERROR(CheckDisplayName(account.display_name));
  if (!wanted.phone().empty()) {
    const std::optional<std::string> phone = NormalisePhone(wanted.phone());
    if (!phone)
      return InvalidField("account.phone", "want 5 to 18 digits, with + in front for other countries");
    account.phone = *phone;
  }
  GW_ASSIGN_OR_RETURN(account.person, ParseResourceName("persons", wanted.person(), "account.person"));
  GW_RETURN_IF_ERROR(CheckPerson(identity.directory, account.person));
  return account;
}

}  // namespace

absl::StatusOr<v1::Account> CreateAccount(Identity& identity, const rpc::Call& call,
                                          const v1::CreateAccountRequest& request) {
  GW_ASSIGN_OR_RETURN(const AccountRow wanted, AccountOf(identity, call, request.account()));
  GW_RETURN_IF_ERROR(CheckPassword(request.password(), wanted.login, wanted.phone));
  GW_ASSIGN_OR_RETURN(const Credential credential,
                      MakeCredential(identity, wanted.id, request.password(), call.now));

  v1::CreateAccountRequest kept = request;
  kept.set_password(PasswordStandIn(identity, request.request_id(), request.password()));
  return rpc::Mutate<v1::Account>(
      identity.database, call, kept, [&](db::Transaction& tx) -> absl::StatusOr<v1::Account> {
        AccountRow account = wanted;
        GW_ASSIGN_OR_RETURN(account.access_revision, NextAccessRevision(tx));
        GW_RETURN_IF_ERROR(CheckAdministrator(tx, call));
        GW_ASSIGN_OR_RETURN(const journal::Sealed sealed,
                            SealAccount(call, account, v1::AccountEvent::CREATED, request.request_id()));
        GW_RETURN_IF_ERROR(InsertAccount(tx, account));
        GW_RETURN_IF_ERROR(InsertCredential(tx, credential));
        GW_RETURN_IF_ERROR(journal::Stage(tx, sealed));
        return AccountMessage(account);
      });
}

}  // namespace gridwarden::identity
