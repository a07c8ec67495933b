#include "identity/identity.h"

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_format.h"
#include "base/status.h"
#include "platform/crypto/hmac.h"

namespace gridwarden::identity {

std::string NormaliseLogin(std::string_view text) {
  const auto is_space = [](char c) { return absl::ascii_isspace(static_cast<unsigned char>(c)); };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  std::string login(text);
  for (char& c : login) c = absl::ascii_tolower(static_cast<unsigned char>(c));
  return login;
}

std::optional<std::string> NormalisePhone(std::string_view text) {
  constexpr size_t kDigitsMin = 5, kDigitsMax = 18;
  std::string phone;
  for (char c : text) {
    if (c == ' ' || c == '-' || c == '(' || c == ')') continue;
    if (!absl::ascii_isdigit(static_cast<unsigned char>(c)) && !(c == '+' && phone.empty()))
      return std::nullopt;
    phone += c;
  }
  for (const std::string prefix : {"+86", "0086", "86"}) {
    if (phone.size() == prefix.size() + 11 && phone.compare(0, prefix.size() + 1, prefix + "1") == 0)
      phone.erase(0, prefix.size());
  }
  const size_t digits = phone.size() - (phone.empty() || phone[0] != '+' ? 0 : 1);
  if (digits < kDigitsMin || digits > kDigitsMax) return std::nullopt;
  return phone;
}

std::string NormaliseLoginOrPhone(std::string_view text) {
  return NormalisePhone(text).value_or(NormaliseLogin(text));
}

absl::StatusOr<Credential> MakeCredential(Identity& identity, const Uuid& account, std::string_view password,
                                          absl::Time now) {
  Credential credential{.account = account, .changed = now};
  if (identity.demo) {
    GW_RETURN_IF_ERROR(
        identity.database.Read(absl::InfiniteFuture(), [&](db::Transaction& tx) -> absl::Status {
          GW_ASSIGN_OR_RETURN(const int64_t count, CountDemoCredentials(tx));
          credential.demo_cost = count < kDemoCostAccountsMax;
          return absl::OkStatus();
        }));
  }
  GW_ASSIGN_OR_RETURN(const HashGate::Pass pass, identity.gate.Enter());
  GW_ASSIGN_OR_RETURN(credential.phc,
                      HashPassword(password, credential.demo_cost ? HashCost::kDemo : HashCost::kFull));
  return credential;
}

std::string PasswordStandIn(const Identity& identity, std::string_view request_id,
                            std::string_view password) {
  const std::string digest =
      crypto::HmacSha256(identity.secret, absl::StrFormat("request:%s:%s", request_id, password));
  return absl::BytesToHexString(digest);
}

absl::StatusOr<journal::Sealed> SealAccount(const rpc::Call& call, AccountRow& account,
                                            v1::AccountEvent::Action action, std::string_view request_id) {
  v1::AccountEvent event;
  event.set_action(action);
  if (!account.person.IsNil()) event.set_person(account.person.Bytes());
  event.set_administrator(account.administrator);
  event.set_disabled(account.disabled);
  journal::Draft draft;
  draft.kind = "account";
  draft.before = {.id = account.id, .seq = account.subject_seq, .leaf = account.subject_leaf};
  draft.event = &event;
  draft.request_id = std::string(request_id);
  GW_ASSIGN_OR_RETURN(journal::Sealed sealed, journal::Seal(call, draft));
  account.subject_seq = sealed.after.seq;
  account.subject_leaf = sealed.after.leaf;
  return sealed;
}

absl::Status CheckAdministrator(db::Transaction& tx, const rpc::Call& call) {
  if (call.principal.system) return absl::OkStatus();
  GW_ASSIGN_OR_RETURN(const std::optional<AccountRow> caller, FindAccount(tx, call.principal.account));
  if (!caller || !caller->administrator || caller->disabled)
    return NotAllowed("only administrators manage accounts");
  return absl::OkStatus();
}

}  // namespace gridwarden::identity
