#include "base/status.h"
#include "casework/handler.h"
#include "casework/list_key.h"
#include "casework/supervision_service.h"
#include "casework/vacancy.h"
#include "casework/views.h"
#include "platform/rpc/page.h"

namespace gridwarden::casework {

absl::StatusOr<v1::ListVacancyFindingsResponse> ListVacancyFindings(
    const Casework& casework, const rpc::Call& call, const v1::ListVacancyFindingsRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = casework.directory.ground();
  GW_ASSIGN_OR_RETURN(const rpc::Page page, rpc::ReadPage(request));
  GW_ASSIGN_OR_RETURN(const std::optional<ListKey> after, ReadListKey(page));
  VacancyFilter filter{.open = request.open()};
  GW_ASSIGN_OR_RETURN(filter.grounds, ScopeWithin(*ground, call, request.division()));
  std::vector<Vacancy> vacancies;
  GW_RETURN_IF_ERROR(casework.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
    const VacancyKey key = after ? VacancyKey{after->time_us, after->id} : VacancyKey();
    GW_ASSIGN_OR_RETURN(vacancies, ListVacancies(tx, filter, after ? &key : nullptr, page.size + 1));
    return absl::OkStatus();
  }));
  v1::ListVacancyFindingsResponse response;
  for (size_t i = 0; i < vacancies.size() && i < static_cast<size_t>(page.size); ++i) {
    v1::VacancyFinding& finding = *response.add_findings();
    finding = ToProto(vacancies[i]);
    finding.set_post_display_name(DisplayName(*ground, {vacancies[i].post, false}));
    finding.set_division_display_name(ground->PathName(vacancies[i].division));
  }
  if (vacancies.size() > static_cast<size_t>(page.size)) {
    const Vacancy& last = vacancies[page.size - 1];
    response.set_next_page_token(
        rpc::NextPageToken(request, WriteListKey({absl::ToUnixMicros(last.first_seen), last.id})));
  }
  return response;
}

}  // namespace gridwarden::casework
