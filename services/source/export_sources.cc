#include <algorithm>

#include "absl/strings/str_format.h"
#include "platform/rpc/page.h"
#include "source/source_file.h"
#include "source/source_service.h"
#include "source/source_views.h"

namespace gridwarden::source {
namespace {

// About 3 MB: below the 4 MiB that gRPC takes by default.
constexpr int kRowsMax = 10'000;

}  // namespace

absl::StatusOr<v1::ExportSourcesResponse> ExportSources(const AreaContext& context, const rpc::Call& call,
                                                        const v1::ExportSourcesRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = context.directory.ground();
  GW_ASSIGN_OR_RETURN(const rpc::Page page, rpc::ReadPage(request));
  GW_ASSIGN_OR_RETURN(const SourceKey after, ParseKey(page.after));
  if (request.max_rows() < 0)
    return InvalidField("max_rows", absl::StrFormat("got %d, want >= 0", request.max_rows()));
  const int limit = request.max_rows() == 0 ? kRowsMax : std::min(request.max_rows(), kRowsMax);
  GW_ASSIGN_OR_RETURN(
      const Listing listing,
      PlanListing(context, call, request.division(), request.category(), request.states(), request.query()));
  std::vector<LedgerSource> found;
  GW_RETURN_IF_ERROR(context.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(found, ReadListing(tx, listing, after, limit + 1));
    return absl::OkStatus();
  }));
  v1::ExportSourcesResponse response;
  response.set_rows(std::min(limit, static_cast<int>(found.size())));
  if (page.after.empty()) WriteSourceHeader(*response.mutable_content());
  for (int i = 0; i < response.rows(); ++i) {
    WriteSourceRow(*ground, call.now, found[i].value, *response.mutable_content());
  }
  if (static_cast<int>(found.size()) > limit) {
    response.set_next_page_token(rpc::NextPageToken(request, KeyParts(found[limit - 1])));
  }
  return response;
}

}  // namespace gridwarden::source
