#include "base/status.h"
#include "casework/application_service.h"
#include "casework/case_repository.h"
#include "casework/list_key.h"
#include "casework/timestamps.h"
#include "casework/views.h"
#include "platform/rpc/page.h"

namespace gridwarden::casework {
namespace {

// What everybody may see of a case that rests: no words, no people.
v1::SuspendedCase LineOf(const rpc::Call& call, const CaseFile& file) {
  const v1::Suspension& suspension = file.details.suspension();
  v1::SuspendedCase line;
  line.set_case_(ResourceName("cases", file.id));
  line.set_case_no(file.case_no);
  line.set_category(file.category);
  line.set_division(ResourceName("divisions", file.place.division));
  line.set_reason_code(suspension.reason_code());
  *line.mutable_start_time() = suspension.start_time();
  if (file.due_time) *line.mutable_review_due_time() = ToTimestamp(*file.due_time);
  line.set_review_overdue(file.due_time && *file.due_time < call.now);
  line.set_review_count(suspension.review_count());
  return line;
}

}  // namespace

absl::StatusOr<v1::ListSuspendedCasesResponse> ListSuspendedCases(
    const Casework& casework, const rpc::Call& call, const v1::ListSuspendedCasesRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = casework.directory.ground();
  GW_ASSIGN_OR_RETURN(const rpc::Page page, rpc::ReadPage(request));
  GW_ASSIGN_OR_RETURN(const std::optional<ListKey> after, ReadListKey(page));
  CaseFilter filter{.states = {v1::Case::SUSPENDED}};
  GW_ASSIGN_OR_RETURN(filter.grounds, ScopeWithin(*ground, call, request.division()));
  std::vector<CaseFile> files;
  GW_RETURN_IF_ERROR(casework.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
    const CaseKey key = after ? CaseKey{after->time_us, after->id} : CaseKey();
    GW_ASSIGN_OR_RETURN(files, ListNewestCases(tx, filter, after ? &key : nullptr, page.size + 1));
    return absl::OkStatus();
  }));
  v1::ListSuspendedCasesResponse response;
  for (size_t i = 0; i < files.size() && i < static_cast<size_t>(page.size); ++i)
    *response.add_cases() = LineOf(call, files[i]);
  if (files.size() > static_cast<size_t>(page.size)) {
    const CaseFile& last = files[page.size - 1];
    response.set_next_page_token(
        rpc::NextPageToken(request, WriteListKey({absl::ToUnixMicros(last.file_time), last.id})));
  }
  return response;
}

}  // namespace gridwarden::casework
