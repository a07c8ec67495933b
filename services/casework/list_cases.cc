#include "access/permission.h"
#include "base/status.h"
#include "casework/case_repository.h"
#include "casework/casework.h"
#include "casework/closing.h"
#include "casework/list_key.h"
#include "casework/timestamps.h"
#include "casework/views.h"
#include "platform/rpc/page.h"

namespace gridwarden::casework {
namespace {

// What the caller could sign, as SignOff judges it: the subtrees of the leader posts held now, and for small
// polluters to be shut down those of the county's campaign offices.
void AddSignGrounds(const domain::Ground& ground, const rpc::Call& call, CaseFilter& filter) {
  for (const domain::Holding& holding :
       ground.HoldingsOf(call.principal.person, call.now, absl::InfiniteFuture())) {
    const access::PostKinds kind = access::Kinds({holding.post->kind});
    const domain::Division* division = ground.FindDivision(ground.DivisionOf(*holding.post));
    if (division == nullptr) continue;
    const bool signs = (kind & access::kGridLeaders) != 0;
    const bool shuts_down = (kind & access::kDispatchers) != 0 && division->level <= domain::Level::kCounty;
    if (!signs && !shuts_down) continue;
    std::vector<std::string>& grounds = signs ? filter.sign_grounds : filter.shut_down_grounds;
    for (std::string& key : ground.PathKeysHeldBy(division->id, call.now)) grounds.push_back(std::move(key));
  }
}

// The ranges hold also what stood on ground before it moved away: that is looked back on, but signed
// elsewhere.
bool WaitsFor(const domain::Policy& policy, const domain::Ground& ground, const rpc::Call& call,
              const CaseFile& file) {
  if (file.state != v1::Case::SIGN_OFF) return true;
  const domain::CaseType& type = TypeOf(policy, ground, file);
  const Uuid signs_at = SigningDivision(ground, SigningOf(type, file), file, call.now);
  const access::PostKinds signers =
      SigningOf(type, file).county_centre ? access::kDispatchers : access::kGridLeaders;
  for (const domain::Holding& holding :
       ground.HoldingsOf(call.principal.person, call.now, absl::InfiniteFuture())) {
    const access::PostKinds kind = access::Kinds({holding.post->kind});
    const Uuid stands = ground.DivisionOf(*holding.post);
    if ((kind & signers) != 0 && ground.AnswersFor(stands, signs_at, call.now)) return true;
  }
  return false;
}

absl::StatusOr<CaseFilter> ReadFilter(const domain::Ground& ground, const rpc::Call& call,
                                      const v1::ListCasesRequest& request) {
  CaseFilter filter;
  filter.category = request.category();
  GW_ASSIGN_OR_RETURN(filter.states, ReadStates<v1::Case::State>(request.states(), v1::Case::State_IsValid));
  if (request.overdue()) filter.due_before = request.has_as_of() ? FromTimestamp(request.as_of()) : call.now;
  if (request.assigned_to_me()) {
    // What waits for the caller is seen wherever it stands.
    filter.assignees = access::AssigneesOf(ground, call);
    AddSignGrounds(ground, call, filter);
    if (request.division().empty()) return filter;
  }
  GW_ASSIGN_OR_RETURN(filter.grounds, ScopeWithin(ground, call, request.division()));
  return filter;
}

absl::StatusOr<std::vector<CaseFile>> ReadList(db::Transaction& tx, const v1::ListCasesRequest& request,
                                               const CaseFilter& filter, const CaseKey* after, int limit) {
  if (request.assigned_to_me()) return ListAssignedCases(tx, filter, after, limit);
  if (request.overdue()) return ListOverdueCases(tx, filter, after, limit);
  return ListNewestCases(tx, filter, after, limit);
}

int64_t OrderTime(const v1::ListCasesRequest& request, const CaseFile& file) {
  const bool by_due = request.overdue() && !request.assigned_to_me();
  return absl::ToUnixMicros(by_due ? file.due_time.value_or(file.file_time) : file.file_time);
}

}  // namespace

absl::StatusOr<v1::ListCasesResponse> ListCases(const Casework& casework, const rpc::Call& call,
                                                const v1::ListCasesRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = casework.directory.ground();
  GW_ASSIGN_OR_RETURN(const rpc::Page page, rpc::ReadPage(request));
  GW_RETURN_IF_ERROR(CheckCategoryFilter(*casework.policy, request.category()));
  GW_ASSIGN_OR_RETURN(const std::optional<ListKey> after, ReadListKey(page));
  GW_ASSIGN_OR_RETURN(const CaseFilter filter, ReadFilter(*ground, call, request));
  std::vector<CaseFile> files;
  GW_RETURN_IF_ERROR(casework.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
    const CaseKey key = after ? CaseKey{after->time_us, after->id} : CaseKey();
    GW_ASSIGN_OR_RETURN(files, ReadList(tx, request, filter, after ? &key : nullptr, page.size + 1));
    return absl::OkStatus();
  }));
  v1::ListCasesResponse response;
  for (size_t i = 0; i < files.size() && i < static_cast<size_t>(page.size); ++i) {
    if (request.assigned_to_me() && !WaitsFor(*casework.policy, *ground, call, files[i])) continue;
    *response.add_cases() = ToProto(files[i]);
  }
  if (files.size() > static_cast<size_t>(page.size)) {
    const CaseFile& last = files[page.size - 1];
    response.set_next_page_token(
        rpc::NextPageToken(request, WriteListKey({OrderTime(request, last), last.id})));
  }
  return response;
}

}  // namespace gridwarden::casework
