#include "access/permission.h"
#include "base/status.h"
#include "grid/grid_change.h"
#include "grid/grid_proto.h"
#include "grid/grid_service.h"
#include "grid/tenure_rules.h"
#include "platform/rpc/mutate.h"

namespace gridwarden::grid {

absl::StatusOr<v1::CorrectTenureResponse> CorrectTenure(GridArea& area, const rpc::Call& call,
                                                        const v1::CorrectTenureRequest& request) {
  GW_ASSIGN_OR_RETURN(const Uuid id, ParseResourceName("tenures", request.name()));
  domain::Tenure right;
  if (request.has_replacement()) {
    GW_ASSIGN_OR_RETURN(right, ReadTenure(request.replacement(), "replacement"));
  }
  GW_ASSIGN_OR_RETURN(const auto ground, area.ground.Fresh(call.deadline));
  const domain::Tenure* known = ground->FindTenure(id);
  const domain::Post* post = known == nullptr ? nullptr : ground->FindPost(known->post);
  GW_ASSIGN_OR_RETURN(const access::Acting acting,
                      access::AllowAt(*ground, call, post == nullptr ? Uuid() : ground->DivisionOf(*post)));
  using Response = v1::CorrectTenureResponse;
  return rpc::Mutate<Response>(
      area.database, call, request, [&](db::Transaction& tx) -> absl::StatusOr<Response> {
        GW_ASSIGN_OR_RETURN(GridChange change, GridChange::Begin(tx, call, acting, request.request_id()));
        GW_ASSIGN_OR_RETURN(const std::optional<TenureRow> wrong, LockTenure(tx, id));
        if (!wrong) return NotFound(request.name());
        GW_RETURN_IF_ERROR(CheckAppointer(call, wrong->record.person,
                                          post == nullptr ? domain::PostKind::kUnspecified : post->kind));
        if (request.has_replacement())
          GW_RETURN_IF_ERROR(CheckAppointer(call, right.person,
                                            post == nullptr ? domain::PostKind::kUnspecified : post->kind));
        GW_RETURN_IF_ERROR(CheckStands(wrong->record));
        GW_RETURN_IF_ERROR(CheckEtag(request.etag(), wrong->record));
        Response response;
        GW_ASSIGN_OR_RETURN(const domain::Tenure revoked, change.Revoke(*wrong));
        *response.mutable_revoked() = ToProto(revoked);
        if (request.has_replacement()) {
          if (right.post != wrong->record.post) {
            return InvalidField("replacement.post",
                                "got another post, want the post of the tenure that is corrected");
          }
          GW_ASSIGN_OR_RETURN(const bool person_exists, PersonExists(tx, right.person));
          if (!person_exists) return NotFound(request.replacement().person());
          GW_ASSIGN_OR_RETURN(const std::optional<PostRow> post_row, LockPost(tx, right.post));
          if (!post_row) return NotFound(request.replacement().post());
          GW_RETURN_IF_ERROR(CheckPostExistsThen(right, post_row->record, *ground, "replacement"));
          GW_ASSIGN_OR_RETURN(const std::vector<TenureRow> standing,
                              LockTenuresOfPosts(tx, std::span<const Uuid>(&right.post, 1)));
          GW_RETURN_IF_ERROR(CheckOverlap(right, standing, id));
          domain::Tenure replacement = right;
          replacement.id = Uuid::Make(call.now);
          GW_ASSIGN_OR_RETURN(replacement, change.Add(replacement));
          *response.mutable_replacement() = ToProto(replacement);
        }
        GW_RETURN_IF_ERROR(change.Save());
        return response;
      });
}

}  // namespace gridwarden::grid
