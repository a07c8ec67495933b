#include "identity/account_repository.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/status.h"

namespace gridwarden::identity {
namespace {

constexpr std::string_view kBumpRevision = R"(
  INSERT INTO access_head (head_id, revision) VALUES (1, 1) ON DUPLICATE KEY UPDATE revision = revision + 1)";
constexpr std::string_view kReadRevision = R"(SELECT revision FROM access_head WHERE head_id = 1)";

constexpr std::string_view kInsertAccount = R"(
  INSERT INTO account (account_id, login, phone, display_name, person, administrator, disabled, created_us, access_revision,
                       subject_seq, subject_leaf)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?))";

#define GW_ACCOUNT_COLUMNS                                                                                \
  "a.account_id, a.login, a.phone, a.display_name, a.person, a.administrator, a.disabled, a.created_us, " \
  "a.access_revision, a.subject_seq, a.subject_leaf"

constexpr std::string_view kFindAccount =
    "SELECT " GW_ACCOUNT_COLUMNS " FROM account a WHERE a.account_id = ?";
constexpr std::string_view kLockAccount =
    "SELECT " GW_ACCOUNT_COLUMNS " FROM account a WHERE a.account_id = ? FOR UPDATE";
constexpr std::string_view kSaveAccount = R"(
  UPDATE account SET administrator = ?, disabled = ?, access_revision = ?, subject_seq = ?, subject_leaf = ?
  WHERE account_id = ?)";
constexpr std::string_view kListAccounts =
    "SELECT " GW_ACCOUNT_COLUMNS " FROM account a WHERE a.account_id > ? ORDER BY a.account_id LIMIT ?";
constexpr std::string_view kListChanged =
    "SELECT " GW_ACCOUNT_COLUMNS " FROM account a WHERE a.access_revision > ? ORDER BY a.access_revision";
constexpr std::string_view kListMarked =
    "SELECT " GW_ACCOUNT_COLUMNS " FROM account a WHERE a.disabled = 1 OR a.administrator = 1";
constexpr std::string_view kAnyAdministrator = R"(SELECT 1 FROM account WHERE administrator = 1 LIMIT 1)";
constexpr std::string_view kFindByLogin =
    "SELECT " GW_ACCOUNT_COLUMNS
    ", c.phc FROM account a JOIN credential c ON c.account_id = a.account_id WHERE a.login = ?";
constexpr std::string_view kFindByPhone =
    "SELECT " GW_ACCOUNT_COLUMNS
    ", c.phc FROM account a JOIN credential c ON c.account_id = a.account_id WHERE a.phone = ?";

constexpr std::string_view kFindPhc = R"(SELECT phc FROM credential WHERE account_id = ?)";
constexpr std::string_view kInsertCredential = R"(
  INSERT INTO credential (account_id, phc, demo_cost, changed_us) VALUES (?, ?, ?, ?))";
// Unlocked: whoever changes a credential holds its account's row (LockAccount).
constexpr std::string_view kSaveCredential = R"(
  UPDATE credential SET phc = ?, demo_cost = ?, changed_us = ? WHERE account_id = ?)";
constexpr std::string_view kCountDemo = R"(SELECT COUNT(*) FROM credential WHERE demo_cost = 1)";

AccountRow ReadAccount(const db::Row& row) {
  return {.id = row.Id(0),
          .login = row.Text(1),
          .phone = row.OptText(2).value_or(""),
          .display_name = row.Text(3),
          .person = row.Id(4),
          .administrator = row.Bool(5),
          .disabled = row.Bool(6),
          .created = row.Time(7),
          .access_revision = row.Int(8),
          .subject_seq = static_cast<uint64_t>(row.Int(9)),
          .subject_leaf = row.Text(10)};
}

AccountCredential ReadAccountCredential(const db::Row& row) {
  return {.account = ReadAccount(row), .phc = row.Text(11)};
}

}  // namespace

v1::Account AccountMessage(const AccountRow& account) {
  v1::Account message;
  message.set_name(ResourceName("accounts", account.id));
  message.set_login(account.login);
  message.set_phone(account.phone);
  message.set_display_name(account.display_name);
  message.set_person(ResourceName("persons", account.person));
  message.set_administrator(account.administrator);
  message.set_disabled(account.disabled);
  const int64_t us = absl::ToUnixMicros(account.created);
  message.mutable_create_time()->set_seconds(us / 1'000'000);
  message.mutable_create_time()->set_nanos(static_cast<int32_t>(us % 1'000'000 * 1000));
  message.set_etag(absl::StrCat(account.subject_seq));
  return message;
}

absl::StatusOr<int64_t> NextAccessRevision(db::Transaction& tx) {
  GW_RETURN_IF_ERROR(tx.Exec(kBumpRevision).status());
  return ReadAccessRevision(tx);
}

absl::StatusOr<int64_t> ReadAccessRevision(db::Transaction& tx) {
  GW_ASSIGN_OR_RETURN(const std::optional<int64_t> revision,
                      tx.QueryOne(kReadRevision, [](const db::Row& row) { return row.Int(0); }));
  return revision.value_or(0);
}

absl::Status InsertAccount(db::Transaction& tx, const AccountRow& account) {
  const db::Value phone = account.phone.empty() ? db::Value(nullptr) : db::Value(account.phone);
  const absl::Status status =
      tx.Exec(kInsertAccount, account.id, account.login, phone, account.display_name, account.person,
              account.administrator, account.disabled, account.created, account.access_revision,
              account.subject_seq, account.subject_leaf)
          .status();
  if (!db::IsDuplicateKey(status)) return status;
  const std::string key = db::DuplicateKeyName(status);
  if (key == "account_login") return AlreadyExists(absl::StrCat("login ", account.login));
  if (key == "account_phone") return AlreadyExists(absl::StrCat("phone ", account.phone));
  return status;
}

absl::StatusOr<std::optional<AccountRow>> FindAccount(db::Transaction& tx, const Uuid& id) {
  return tx.QueryOne(kFindAccount, ReadAccount, id);
}

absl::StatusOr<AccountRow> LockAccount(db::Transaction& tx, const Uuid& id) {
  GW_ASSIGN_OR_RETURN(std::optional<AccountRow> account, tx.QueryOne(kLockAccount, ReadAccount, id));
  if (!account) return NotFound(ResourceName("accounts", id));
  return *std::move(account);
}

absl::Status SaveAccount(db::Transaction& tx, const AccountRow& account) {
  GW_ASSIGN_OR_RETURN(const uint64_t matched,
                      tx.Exec(kSaveAccount, account.administrator, account.disabled, account.access_revision,
                              account.subject_seq, account.subject_leaf, account.id));
  if (matched != 1) return Internal("an account vanished while it was locked");
  return absl::OkStatus();
}

absl::StatusOr<std::vector<AccountRow>> ListAccountRows(db::Transaction& tx, const Uuid& after, int limit) {
  return tx.Query(kListAccounts, ReadAccount, after.Bytes(), limit);
}

absl::StatusOr<std::vector<AccountRow>> ListAccountsChanged(db::Transaction& tx, int64_t revision) {
  if (revision <= 0) return tx.Query(kListMarked, ReadAccount);
  return tx.Query(kListChanged, ReadAccount, revision);
}

absl::StatusOr<bool> AnyAdministrator(db::Transaction& tx) {
  GW_ASSIGN_OR_RETURN(const std::optional<int64_t> found,
                      tx.QueryOne(kAnyAdministrator, [](const db::Row& row) { return row.Int(0); }));
  return found.has_value();
}

absl::StatusOr<std::optional<AccountCredential>> FindByLogin(db::Transaction& tx, std::string_view login) {
  GW_ASSIGN_OR_RETURN(std::optional<AccountCredential> found,
                      tx.QueryOne(kFindByLogin, ReadAccountCredential, login));
  // Phone numbers are ASCII, and the database refuses to compare them with anything else.
  const bool may_be_phone = std::all_of(login.begin(), login.end(), [](unsigned char c) { return c < 0x80; });
  if (found || !may_be_phone) return found;
  return tx.QueryOne(kFindByPhone, ReadAccountCredential, login);
}

absl::StatusOr<std::optional<std::string>> FindPhc(db::Transaction& tx, const Uuid& account) {
  return tx.QueryOne(
      kFindPhc, [](const db::Row& row) { return row.Text(0); }, account);
}

absl::Status InsertCredential(db::Transaction& tx, const Credential& credential) {
  return tx
      .Exec(kInsertCredential, credential.account, credential.phc, credential.demo_cost, credential.changed)
      .status();
}

absl::Status SaveCredential(db::Transaction& tx, const Credential& credential) {
  GW_ASSIGN_OR_RETURN(const uint64_t matched, tx.Exec(kSaveCredential, credential.phc, credential.demo_cost,
                                                      credential.changed, credential.account));
  if (matched != 1) return Internal("an account has no credential");
  return absl::OkStatus();
}

absl::StatusOr<int64_t> CountDemoCredentials(db::Transaction& tx) {
  GW_ASSIGN_OR_RETURN(const std::optional<int64_t> count,
                      tx.QueryOne(kCountDemo, [](const db::Row& row) { return row.Int(0); }));
  return count.value_or(0);
}

}  // namespace gridwarden::identity
