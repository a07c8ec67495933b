#include "base/status.h"
#include "identity/identity_service.h"
#include "identity/session_repository.h"
#include "platform/rpc/page.h"

namespace gridwarden::identity {

absl::StatusOr<v1::Account> GetMe(Identity& identity, const rpc::Call& call) {
  v1::Account answer;
  GW_RETURN_IF_ERROR(identity.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(const std::optional<AccountRow> account, FindAccount(tx, call.principal.account));
    if (!account) return NotFound(ResourceName("accounts", call.principal.account));
    answer = AccountMessage(*account);
    return absl::OkStatus();
  }));
  return answer;
}

absl::StatusOr<v1::ListAccountsResponse> ListAccounts(Identity& identity, const rpc::Call& call,
                                                      const v1::ListAccountsRequest& request) {
  GW_ASSIGN_OR_RETURN(const rpc::Page page, rpc::ReadPage(request));
  Uuid after;
  if (!page.after.empty()) after = Uuid::FromBytes(page.after[0]).value_or(Uuid());
  std::vector<AccountRow> rows;
  GW_RETURN_IF_ERROR(identity.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(rows, ListAccountRows(tx, after, page.size + 1));
    return absl::OkStatus();
  }));
  const bool more = static_cast<int>(rows.size()) > page.size;
  if (more) rows.resize(page.size);
  v1::ListAccountsResponse response;
  for (const AccountRow& row : rows) *response.add_accounts() = AccountMessage(row);
  if (more) response.set_next_page_token(rpc::NextPageToken(request, {rows.back().id.Bytes()}));
  return response;
}

absl::StatusOr<v1::GetAccessResponse> GetAccess(Identity& identity, const rpc::Call& call,
                                                const v1::GetAccessRequest& request) {
  const absl::Time now = identity.clock.Now();
  // The first process to ask makes the first key, so that everybody knows it before it signs.
  GW_RETURN_IF_ERROR(identity.keys.Current(identity.database, now).status());
  v1::GetAccessResponse response;
  GW_RETURN_IF_ERROR(identity.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
    response.Clear();
    GW_ASSIGN_OR_RETURN(const int64_t revision, ReadAccessRevision(tx));
    response.set_revision(revision);
    GW_ASSIGN_OR_RETURN(const std::vector<AccountRow> accounts,
                        ListAccountsChanged(tx, request.after_revision()));
    for (const AccountRow& account : accounts) {
      v1::Account& message = *response.add_accounts();
      message.set_name(ResourceName("accounts", account.id));
      message.set_person(ResourceName("persons", account.person));
      message.set_administrator(account.administrator);
      message.set_disabled(account.disabled);
    }
    GW_ASSIGN_OR_RETURN(const std::vector<Uuid> ended, ListEndedSessions(tx, request.after_revision(), now));
    for (const Uuid& session : ended) response.add_ended_sessions(session.ToString());
    GW_ASSIGN_OR_RETURN(const std::vector<SigningKeyRow> keys, ListSigningKeys(tx, now));
    for (const SigningKeyRow& key : keys) (*response.mutable_token_keys())[key.id] = key.public_key;
    return absl::OkStatus();
  }));
  return response;
}

}  // namespace gridwarden::identity
