#include <algorithm>

#include "base/status.h"
#include "domain/clock/stage_clock.h"
#include "google/protobuf/util/time_util.h"
#include "platform/rpc/mutate.h"
#include "report/record_appeal.h"
#include "report/score_service.h"

namespace gridwarden::report {

absl::StatusOr<v1::ScoreAppeal> RaiseScoreAppeal(const AreaContext& context, const rpc::Call& call,
                                                 const v1::RaiseScoreAppealRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = context.directory.ground();
  return rpc::Mutate<v1::ScoreAppeal>(
      context.database, call, request, [&](db::Transaction& tx) -> absl::StatusOr<v1::ScoreAppeal> {
        GW_ASSIGN_OR_RETURN(HeldAppeal held, LockAppealFor(context, call, tx, request.name(), request.etag(),
                                                           v1::ScoreAppeal::REJECTED, "RAISE_APPEAL"));
        v1::ScoreAppeal& value = held.appeal.value;
        const Uuid& person = call.principal.person;
        if (!HoldsParty(*ground, person, value.party(), call.now) &&
            !LeadsGround(*ground, person, held.appeal.division, call.now)) {
          return MakeError(absl::StatusCode::kPermissionDenied, "only who is judged by it appeals",
                           {.reason = "NOT_YOUR_SCORE"});
        }
        const absl::Time due = absl::FromUnixMicros(
            google::protobuf::util::TimeUtil::TimestampToMicroseconds(value.raise_due_time()));
        if (call.now > due) {
          return FailedPrecondition(
              "APPEAL_PERIOD_OVER", "a rejected appeal is taken further in time or not",
              {{"due", absl::FormatTime("%Y-%m-%d %H:%M", due, domain::CalendarZone())}});
        }
        const std::optional<int> level =
            NextAppealLevel(*ground, held.appeal.division, call.now, value.level());
        if (!level) return Internal("a rejected appeal has no next level");
        value.set_state(v1::ScoreAppeal::SUBMITTED);
        value.set_level(*level);
        value.clear_raise_due_time();
        const std::string name = ResourceName("persons", person);
        if (std::find(value.appellants().begin(), value.appellants().end(), name) == value.appellants().end())
          value.add_appellants(name);
        return RecordAppeal(context, call, tx,
                            {.action = v1::RAISE_APPEAL,
                             .from = v1::ScoreAppeal::REJECTED,
                             .acting = held.acting,
                             .request_id = request.request_id()},
                            held.appeal);
      });
}

}  // namespace gridwarden::report
