#include "access/permission.h"
#include "base/status.h"
#include "grid/grid_change.h"
#include "grid/grid_proto.h"
#include "grid/grid_service.h"
#include "grid/tenure_rules.h"
#include "platform/rpc/mutate.h"

namespace gridwarden::grid {

absl::StatusOr<v1::Tenure> RecordTenure(GridArea& area, const rpc::Call& call,
                                        const v1::RecordTenureRequest& request) {
  GW_ASSIGN_OR_RETURN(const domain::Tenure wanted, ReadTenure(request.tenure(), "tenure"));
  GW_ASSIGN_OR_RETURN(const auto ground, area.ground.Fresh(call.deadline));
  // Allowed before anything is said about the post: an unknown post stands nowhere, which nobody but an
  // administrator may change.
  const domain::Post* known = ground->FindPost(wanted.post);
  GW_ASSIGN_OR_RETURN(const access::Acting acting,
                      access::AllowAt(*ground, call, known == nullptr ? Uuid() : ground->DivisionOf(*known)));
  return rpc::Mutate<v1::Tenure>(
      area.database, call, request, [&](db::Transaction& tx) -> absl::StatusOr<v1::Tenure> {
        GW_ASSIGN_OR_RETURN(GridChange change, GridChange::Begin(tx, call, acting, request.request_id()));
        GW_ASSIGN_OR_RETURN(const std::optional<PostRow> post, LockPost(tx, wanted.post));
        if (!post) return NotFound(request.tenure().post());
        GW_RETURN_IF_ERROR(CheckAppointer(call, wanted.person, post->record.kind));
        GW_ASSIGN_OR_RETURN(const bool person_exists, PersonExists(tx, wanted.person));
        if (!person_exists) return NotFound(request.tenure().person());
        GW_RETURN_IF_ERROR(CheckPostExistsThen(wanted, post->record, *ground, "tenure"));
        GW_ASSIGN_OR_RETURN(const std::vector<TenureRow> standing,
                            LockTenuresOfPosts(tx, std::span<const Uuid>(&wanted.post, 1)));
        GW_RETURN_IF_ERROR(CheckOverlap(wanted, standing));
        domain::Tenure tenure = wanted;
        tenure.id = Uuid::Make(call.now);
        GW_ASSIGN_OR_RETURN(tenure, change.Add(tenure));
        GW_RETURN_IF_ERROR(change.Save());
        return ToProto(tenure);
      });
}

}  // namespace gridwarden::grid
