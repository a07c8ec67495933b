#include <algorithm>
#include <iterator>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "access/standing.h"
#include "base/status.h"
#include "platform/rpc/page.h"
#include "report/record_appeal.h"
#include "report/score_service.h"

namespace gridwarden::report {
namespace {

absl::StatusOr<AppealKey> ParseKey(const std::vector<std::string>& parts) {
  AppealKey key;
  if (parts.empty()) return key;
  const std::optional<Uuid> id = parts.size() == 3 ? Uuid::FromBytes(parts[2]) : std::nullopt;
  if (!id || !absl::SimpleAtoi(parts[1], &key.submit_us))
    return InvalidField("page_token", "want a token that this rpc gave");
  key.ground_path = parts[0];
  key.id = *id;
  return key;
}

}  // namespace

absl::StatusOr<v1::ScoreAppeal> GetScoreAppeal(const AreaContext& context, const rpc::Call& call,
                                               const v1::GetScoreAppealRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = context.directory.ground();
  GW_ASSIGN_OR_RETURN(const Uuid id, ParseResourceName("scoreAppeals", request.name()));
  AppealRow appeal;
  const absl::Status read = context.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(appeal, ReadAppeal(tx, id));
    return absl::OkStatus();
  });
  if (absl::IsNotFound(read)) return access::Absent(*ground, call, request.name());
  GW_RETURN_IF_ERROR(read);
  GW_RETURN_IF_ERROR(access::AllowToSee(*ground, call, appeal.division, appeal.ground_path));
  return appeal.value;
}

absl::StatusOr<v1::ListScoreAppealsResponse> ListScoreAppeals(const AreaContext& context,
                                                              const rpc::Call& call,
                                                              const v1::ListScoreAppealsRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = context.directory.ground();
  GW_ASSIGN_OR_RETURN(const rpc::Page page, rpc::ReadPage(request));
  GW_ASSIGN_OR_RETURN(const AppealKey after, ParseKey(page.after));
  GW_ASSIGN_OR_RETURN(const std::vector<std::string> within,
                      access::PathKeysOf(*ground, request.division(), call.now, "division"));
  GW_ASSIGN_OR_RETURN(const std::vector<std::string> grounds, access::ListScope(*ground, call, within));
  const std::string states = absl::StrJoin(request.states(), ",");
  std::vector<AppealRow> found;
  GW_RETURN_IF_ERROR(context.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
    found.clear();
    for (const std::string& below : grounds) {
      if (access::EndOfSubtree(below) <= after.ground_path) continue;
      const int wanted = page.size + 1 - static_cast<int>(found.size());
      if (wanted <= 0) break;
      GW_ASSIGN_OR_RETURN(std::vector<AppealRow> part, ListAppeals(tx, below, states, after, wanted));
      std::move(part.begin(), part.end(), std::back_inserter(found));
    }
    return absl::OkStatus();
  }));
  v1::ListScoreAppealsResponse response;
  for (int i = 0; i < page.size && i < static_cast<int>(found.size()); ++i)
    *response.add_appeals() = found[i].value;
  if (static_cast<int>(found.size()) > page.size) {
    const AppealRow& last = found[page.size - 1];
    response.set_next_page_token(
        rpc::NextPageToken(request, {last.ground_path, absl::StrCat(last.submit_us), last.id.Bytes()}));
  }
  return response;
}

}  // namespace gridwarden::report
