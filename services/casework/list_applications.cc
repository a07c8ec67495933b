#include "base/status.h"
#include "casework/application.h"
#include "casework/application_service.h"
#include "casework/case_repository.h"
#include "casework/list_key.h"
#include "casework/timestamps.h"
#include "casework/views.h"
#include "platform/rpc/page.h"

namespace gridwarden::casework {
namespace {

absl::StatusOr<ApplicationFilter> ReadFilter(db::Transaction& tx, const domain::Ground& ground,
                                             const rpc::Call& call,
                                             const v1::ListApplicationsRequest& request) {
  ApplicationFilter filter;
  GW_ASSIGN_OR_RETURN(filter.states,
                      ReadStates<v1::Application::State>(request.states(), v1::Application::State_IsValid));
  GW_ASSIGN_OR_RETURN(filter.kinds,
                      ReadStates<v1::Application::Kind>(request.kinds(), v1::Application::Kind_IsValid));
  if (request.waiting_for_me()) filter.states = {v1::Application::PENDING};
  if (!request.case_().empty()) {
    GW_ASSIGN_OR_RETURN(const CaseFile file, ReadCase(tx, request.case_()));
    GW_RETURN_IF_ERROR(AllowView(ground, call, file));
    filter.case_id = file.id;
    return filter;
  }
  GW_ASSIGN_OR_RETURN(filter.grounds, ScopeWithin(ground, call, request.division()));
  return filter;
}

// As DecideApplication judges it.
bool WaitsFor(const domain::Ground& ground, const rpc::Call& call, const ListedApplication& one) {
  const v1::Application& application = one.file.application;
  const absl::StatusOr<Uuid> applicant = ParseResourceName("persons", application.applicant().person());
  return applicant.ok() && domain::TakeSeat(SeatsIn(application), TakenIn(application), *applicant,
                                            ApplicantDesk(ground, application), call.principal.person,
                                            DesksOf(ground, call, one.case_division))
                               .ok();
}

}  // namespace

absl::StatusOr<v1::ListApplicationsResponse> ListApplications(const Casework& casework, const rpc::Call& call,
                                                              const v1::ListApplicationsRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = casework.directory.ground();
  GW_ASSIGN_OR_RETURN(const rpc::Page page, rpc::ReadPage(request));
  GW_ASSIGN_OR_RETURN(const std::optional<ListKey> after, ReadListKey(page));
  std::vector<ListedApplication> found;
  GW_RETURN_IF_ERROR(casework.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(const ApplicationFilter filter, ReadFilter(tx, *ground, call, request));
    const ApplicationKey key = after ? ApplicationKey{after->time_us, after->id} : ApplicationKey();
    GW_ASSIGN_OR_RETURN(found, ListApplicationFiles(tx, filter, after ? &key : nullptr, page.size + 1));
    return absl::OkStatus();
  }));
  v1::ListApplicationsResponse response;
  for (size_t i = 0; i < found.size() && i < static_cast<size_t>(page.size); ++i) {
    if (request.waiting_for_me() && !WaitsFor(*ground, call, found[i])) continue;
    v1::Application& one = *response.add_applications();
    one = found[i].file.application;
    one.set_etag(std::to_string(found[i].case_seq));
  }
  if (found.size() > static_cast<size_t>(page.size)) {
    const ApplicationFile& last = found[page.size - 1].file;
    const int64_t time_us = absl::ToUnixMicros(FromTimestamp(last.application.create_time()));
    response.set_next_page_token(rpc::NextPageToken(request, WriteListKey({time_us, last.id})));
  }
  return response;
}

absl::StatusOr<v1::Application> GetApplication(const Casework& casework, const rpc::Call& call,
                                               const v1::GetApplicationRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = casework.directory.ground();
  v1::Application found;
  GW_RETURN_IF_ERROR(casework.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(const ApplicationFile made, ReadApplication(tx, request.name()));
    GW_ASSIGN_OR_RETURN(const CaseFile file, ReadCase(tx, made.application.case_()));
    GW_RETURN_IF_ERROR(AllowView(*ground, call, file));
    found = made.application;
    found.set_etag(std::to_string(file.subject.seq));
    return absl::OkStatus();
  }));
  return found;
}

}  // namespace gridwarden::casework
