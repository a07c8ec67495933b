#include "source/list_plan_sources.h"

#include <algorithm>

#include "access/standing.h"
#include "base/status.h"
#include "platform/rpc/page.h"

namespace gridwarden::source {
namespace {

constexpr int kPageMax = 5'000;

// ACTIVE and STOPPED: what stands still is looked at too, for it may begin again.
constexpr std::string_view kListPlanSources =
    "SELECT source_id, category, division, ground_path FROM source FORCE INDEX (source_ground)"
    " WHERE ground_path >= ? AND ground_path < ? AND (ground_path > ? OR source_id > ?) AND state IN (1, 2)"
    " ORDER BY ground_path, source_id LIMIT ?";

struct Row {
  Uuid id;
  std::string category;
  Uuid division;
  std::string ground_path;
};

}  // namespace

std::string_view ListPlanSourcesSql() { return kListPlanSources; }

absl::StatusOr<v1::ListPlanSourcesResponse> ListPlanSources(const AreaContext& context, const rpc::Call& call,
                                                            const v1::ListPlanSourcesRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = context.directory.ground();
  GW_ASSIGN_OR_RETURN(const rpc::Page page, rpc::ReadPage(request));
  std::string after_path;
  Uuid after_id;
  if (!page.after.empty()) {
    const std::optional<Uuid> id = page.after.size() == 2 ? Uuid::FromBytes(page.after[1]) : std::nullopt;
    if (!id) return InvalidField("page_token", "want a token that this rpc gave");
    after_path = page.after[0];
    after_id = *id;
  }
  GW_ASSIGN_OR_RETURN(const std::vector<std::string> within,
                      access::PathKeysOf(*ground, request.division(), call.now, "division"));
  std::vector<Row> rows;
  GW_RETURN_IF_ERROR(context.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
    for (const std::string& path : within) {
      if (access::EndOfSubtree(path) <= after_path) continue;
      GW_ASSIGN_OR_RETURN(const std::vector<Row> part,
                          tx.Query(
                              kListPlanSources,
                              [](const db::Row& row) {
                                return Row{row.Id(0), row.Text(1), row.Id(2), row.Text(3)};
                              },
                              std::max(path, after_path), access::EndOfSubtree(path), after_path,
                              after_id.Bytes(), kPageMax + 1 - static_cast<int>(rows.size())));
      rows.insert(rows.end(), part.begin(), part.end());
      if (static_cast<int>(rows.size()) > kPageMax) break;
    }
    return absl::OkStatus();
  }));
  v1::ListPlanSourcesResponse response;
  for (const Row& row : rows) {
    if (response.sources_size() == kPageMax) {
      const Row& last = rows[kPageMax - 1];
      response.set_next_page_token(rpc::NextPageToken(request, {last.ground_path, last.id.Bytes()}));
      break;
    }
    v1::PlanSource& source = *response.add_sources();
    source.set_name(ResourceName("sources", row.id));
    source.set_category(row.category);
    source.set_division(ResourceName("divisions", row.division));
  }
  return response;
}

}  // namespace gridwarden::source
