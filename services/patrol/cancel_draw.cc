#include "base/status.h"
#include "patrol/draw_service.h"
#include "patrol/record_draw.h"
#include "patrol/record_task.h"
#include "platform/rpc/mutate.h"

namespace gridwarden::patrol {

absl::StatusOr<v1::Draw> CancelDraw(const AreaContext& context, const rpc::Call& call,
                                    const v1::CancelDrawRequest& request) {
  GW_RETURN_IF_ERROR(CheckText("reason", request.reason(), kNoteCharactersMax));
  return rpc::Mutate<v1::Draw>(
      context.database, call, request, [&](db::Transaction& tx) -> absl::StatusOr<v1::Draw> {
        GW_ASSIGN_OR_RETURN(OpenDraw open,
                            LockOpenDraw(context, call, tx, request.name(), request.etag(), "CANCEL_DRAW"));
        open.draw.value.set_state(v1::Draw::CANCELLED);
        // From then on the outcome can be computed: giving the draw up may be a choice, and must look like
        // one.
        for (const v1::Draw::SeedSource& source : open.draw.value.seed_sources()) {
          GW_ASSIGN_OR_RETURN(const absl::Time available, ToTime(source.available_time(), "available_time"));
          if (call.now >= available) open.draw.value.set_cancelled_after_seed(true);
        }
        open.draw.value.set_cancel_reason(request.reason());
        *open.draw.value.mutable_cancel_time() = ToTimestamp(call.now);
        return RecordDraw(context, call, tx,
                          {.action = v1::CANCEL_DRAW,
                           .from = v1::Draw::COMMITTED,
                           .acting = open.acting,
                           .request_id = request.request_id()},
                          open.draw);
      });
}

}  // namespace gridwarden::patrol
