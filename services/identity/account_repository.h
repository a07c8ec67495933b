#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/id.h"
#include "gridwarden/identity/v1/identity_service.pb.h"
#include "platform/db/database.h"

// Accounts and their credentials in the database.
namespace gridwarden::identity {

struct AccountRow {
  Uuid id;
  std::string login;  // as NormaliseLogin gives it
  std::string phone;  // as NormalisePhone gives it, "" for none
  std::string display_name;
  Uuid person;
  bool administrator = false;
  bool disabled = false;
  absl::Time created;
  int64_t access_revision = 0;
  uint64_t subject_seq = 0;
  std::string subject_leaf;  // 32 bytes
};

v1::Account AccountMessage(const AccountRow& account);

// The number of a change that other processes must hear of. Locks the counter until commit: take it before
// any account.
absl::StatusOr<int64_t> NextAccessRevision(db::Transaction& tx);
absl::StatusOr<int64_t> ReadAccessRevision(db::Transaction& tx);

// ALREADY_EXISTS naming login or phone when another account has it.
absl::Status InsertAccount(db::Transaction& tx, const AccountRow& account);
absl::StatusOr<std::optional<AccountRow>> FindAccount(db::Transaction& tx, const Uuid& id);
// Reads and locks one account for the rest of `tx`. NOT_FOUND.
absl::StatusOr<AccountRow> LockAccount(db::Transaction& tx, const Uuid& id);
// Saves what may change: administrator, disabled, the end of its chain and the access revision.
absl::Status SaveAccount(db::Transaction& tx, const AccountRow& account);
absl::StatusOr<std::vector<AccountRow>> ListAccountRows(db::Transaction& tx, const Uuid& after, int limit);
// Accounts changed after `revision`; for revision 0 only those that are disabled or administrators.
absl::StatusOr<std::vector<AccountRow>> ListAccountsChanged(db::Transaction& tx, int64_t revision);
absl::StatusOr<bool> AnyAdministrator(db::Transaction& tx);

struct Credential {
  Uuid account;
  std::string phc;
  bool demo_cost = false;
  absl::Time changed;
};

struct AccountCredential {
  AccountRow account;
  std::string phc;
};

// By login name or phone number.
absl::StatusOr<std::optional<AccountCredential>> FindByLogin(db::Transaction& tx, std::string_view login);
absl::StatusOr<std::optional<std::string>> FindPhc(db::Transaction& tx, const Uuid& account);
absl::Status InsertCredential(db::Transaction& tx, const Credential& credential);
absl::Status SaveCredential(db::Transaction& tx, const Credential& credential);
absl::StatusOr<int64_t> CountDemoCredentials(db::Transaction& tx);

}  // namespace gridwarden::identity
