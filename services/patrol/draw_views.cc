#include <iterator>
#include <optional>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "access/standing.h"
#include "base/status.h"
#include "domain/draw/bundle.h"
#include "patrol/draw_service.h"
#include "patrol/record_draw.h"
#include "platform/rpc/page.h"

// What draws show, to staff above the ground.
namespace gridwarden::patrol {
namespace {

absl::StatusOr<DrawRow> ReadForCaller(const AreaContext& context, const rpc::Call& call,
                                      const std::string& name) {
  const std::shared_ptr<const domain::Ground> ground = context.directory.ground();
  GW_ASSIGN_OR_RETURN(const Uuid id, ParseResourceName("draws", name));
  DrawRow row;
  const absl::Status read = context.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(row, ReadDraw(tx, id));
    return absl::OkStatus();
  });
  if (absl::IsNotFound(read)) return access::Absent(*ground, call, name);
  GW_RETURN_IF_ERROR(read);
  GW_RETURN_IF_ERROR(access::AllowToSee(*ground, call, row.division, row.ground_path));
  return row;
}

absl::StatusOr<DrawKey> ParseKey(const std::vector<std::string>& parts) {
  DrawKey key;
  if (parts.empty()) return key;
  const std::optional<Uuid> id = parts.size() == 3 ? Uuid::FromBytes(parts[2]) : std::nullopt;
  if (!id || !absl::SimpleAtoi(parts[1], &key.commit_us))
    return InvalidField("page_token", "want a token that this rpc gave");
  key.ground_path = parts[0];
  key.id = *id;
  return key;
}

}  // namespace

absl::StatusOr<v1::Draw> GetDraw(const AreaContext& context, const rpc::Call& call,
                                 const v1::GetDrawRequest& request) {
  GW_ASSIGN_OR_RETURN(const DrawRow row, ReadForCaller(context, call, request.name()));
  return WithObjects(row);
}

absl::StatusOr<v1::ListDrawsResponse> ListDraws(const AreaContext& context, const rpc::Call& call,
                                                const v1::ListDrawsRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = context.directory.ground();
  GW_ASSIGN_OR_RETURN(const rpc::Page page, rpc::ReadPage(request));
  GW_ASSIGN_OR_RETURN(const DrawKey after, ParseKey(page.after));
  GW_ASSIGN_OR_RETURN(const std::vector<std::string> within,
                      access::PathKeysOf(*ground, request.division(), call.now, "division"));
  GW_ASSIGN_OR_RETURN(const std::vector<std::string> grounds, access::ListScope(*ground, call, within));
  std::vector<DrawRow> found;
  GW_RETURN_IF_ERROR(context.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
    found.clear();
    for (const std::string& below : grounds) {
      if (access::EndOfSubtree(below) <= after.ground_path) continue;
      const int wanted = page.size + 1 - static_cast<int>(found.size());
      if (wanted <= 0) break;
      GW_ASSIGN_OR_RETURN(std::vector<DrawRow> part, ListDrawsBelow(tx, below, after, wanted));
      std::move(part.begin(), part.end(), std::back_inserter(found));
    }
    return absl::OkStatus();
  }));
  v1::ListDrawsResponse response;
  for (int i = 0; i < page.size && i < static_cast<int>(found.size()); ++i)
    *response.add_draws() = found[i].value;
  if (static_cast<int>(found.size()) > page.size) {
    const DrawRow& last = found[page.size - 1];
    response.set_next_page_token(rpc::NextPageToken(
        request, {last.ground_path, absl::StrCat(absl::ToUnixMicros(last.committed)), last.id.Bytes()}));
  }
  return response;
}

absl::StatusOr<v1::ExportDrawResponse> ExportDraw(const AreaContext& context, const rpc::Call& call,
                                                  const v1::ExportDrawRequest& request) {
  GW_ASSIGN_OR_RETURN(const DrawRow row, ReadForCaller(context, call, request.name()));
  domain::draw::Bundle bundle{v1::Draw::State_Name(row.value.state()), row.commitment, row.outcome,
                              row.value.cancel_reason()};
  if (row.value.cancelled_after_seed()) bundle.cancel_reason += "（取消时种子已经公布）";
  v1::ExportDrawResponse response;
  response.set_bundle(domain::draw::WriteBundle(DrawHashes(), bundle));
  response.set_page(domain::draw::WritePage(DrawHashes(), bundle));
  return response;
}

}  // namespace gridwarden::patrol
