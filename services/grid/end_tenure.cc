#include "access/permission.h"
#include "base/status.h"
#include "grid/grid_change.h"
#include "grid/grid_proto.h"
#include "grid/grid_service.h"
#include "grid/tenure_rules.h"
#include "platform/rpc/mutate.h"

namespace gridwarden::grid {

absl::StatusOr<v1::Tenure> EndTenure(GridArea& area, const rpc::Call& call,
                                     const v1::EndTenureRequest& request) {
  GW_ASSIGN_OR_RETURN(const Uuid id, ParseResourceName("tenures", request.name()));
  GW_ASSIGN_OR_RETURN(const absl::Time valid_to, ReadTime(request.valid_to(), "valid_to"));
  if (request.document_no().size() > 80) return InvalidField("document_no", "want at most 80 bytes");
  GW_ASSIGN_OR_RETURN(const auto ground, area.ground.Fresh(call.deadline));
  const domain::Tenure* known = ground->FindTenure(id);
  const domain::Post* post = known == nullptr ? nullptr : ground->FindPost(known->post);
  GW_ASSIGN_OR_RETURN(const access::Acting acting,
                      access::AllowAt(*ground, call, post == nullptr ? Uuid() : ground->DivisionOf(*post)));
  return rpc::Mutate<v1::Tenure>(
      area.database, call, request, [&](db::Transaction& tx) -> absl::StatusOr<v1::Tenure> {
        GW_ASSIGN_OR_RETURN(GridChange change, GridChange::Begin(tx, call, acting, request.request_id()));
        GW_ASSIGN_OR_RETURN(const std::optional<TenureRow> tenure, LockTenure(tx, id));
        if (!tenure) return NotFound(request.name());
        GW_RETURN_IF_ERROR(CheckAppointer(call, tenure->record.person,
                                          post == nullptr ? domain::PostKind::kUnspecified : post->kind));
        GW_RETURN_IF_ERROR(CheckStands(tenure->record));
        GW_RETURN_IF_ERROR(CheckEtag(request.etag(), tenure->record));
        if (valid_to <= tenure->record.valid.from)
          return InvalidField("valid_to", "want a time after valid_from");
        domain::Tenure ended = tenure->record;
        ended.id = Uuid::Make(call.now);
        ended.valid.to = valid_to;
        if (!request.document_no().empty()) ended.document_no = request.document_no();
        // The end may also move later, into somebody else's time.
        GW_ASSIGN_OR_RETURN(const std::vector<TenureRow> standing,
                            LockTenuresOfPosts(tx, std::span<const Uuid>(&tenure->record.post, 1)));
        GW_RETURN_IF_ERROR(CheckOverlap(ended, standing, id));
        GW_RETURN_IF_ERROR(change.Revoke(*tenure).status());
        GW_ASSIGN_OR_RETURN(ended, change.Add(ended));
        GW_RETURN_IF_ERROR(change.Save());
        return ToProto(ended);
      });
}

}  // namespace gridwarden::grid
