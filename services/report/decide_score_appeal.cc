#include <algorithm>

#include "base/status.h"
#include "domain/clock/stage_clock.h"
#include "platform/rpc/mutate.h"
#include "report/record_appeal.h"
#include "report/score_fold.h"
#include "report/score_scope.h"
#include "report/score_service.h"

namespace gridwarden::report {
namespace {

using domain::PostKind;

// The decider's post of the appeal's level. NOT_ALLOWED for who leads another level.
absl::StatusOr<access::Acting> SeatOf(const domain::Ground& ground, const rpc::Call& call,
                                      const AppealRow& appeal) {
  for (const domain::Holding& holding :
       ground.HoldingsOf(call.principal.person, call.now, absl::InfiniteFuture())) {
    const PostKind kind = holding.post->kind;
    if (kind != PostKind::kGridLeader && kind != PostKind::kFirstGridLeader &&
        kind != PostKind::kCampaignOffice)
      continue;
    const domain::Division* own = ground.FindDivision(ground.DivisionOf(*holding.post));
    if (own == nullptr || own->level != LevelOfAppeal(appeal.value.level())) continue;
    if (!ground.AnswersFor(own->id, appeal.division, call.now)) continue;
    return access::Acting{holding.post->id, holding.tenure->id, kind, own->id};
  }
  return NotAllowed("another level decides this appeal now");
}

absl::Status SomebodyElse(std::string_view seat) {
  return FailedPrecondition("ANOTHER_PERSON_NEEDED", "somebody else has to decide",
                            {{"seat", "申诉裁定人"}, {"seat_name", std::string(seat)}});
}

// Never who appealed, who decided before, or whose own work the number is about.
absl::Status CheckDecider(const domain::Ground& ground, const rpc::Call& call, const AppealRow& appeal,
                          const v1::ScoreFact& fact) {
  const v1::ScoreAppeal& value = appeal.value;
  const std::string person = ResourceName("persons", call.principal.person);
  const auto is_person = [&](const std::string& name) { return name == person; };
  if (std::any_of(value.appellants().begin(), value.appellants().end(), is_person))
    return SomebodyElse("APPELLANT");
  for (const v1::ScoreAppeal::Decision& decision : value.decisions()) {
    if (decision.person() == person) return SomebodyElse("DECIDER");
  }
  const bool judged = HoldsParty(ground, call.principal.person, value.party(), call.now) ||
                      std::any_of(fact.persons().begin(), fact.persons().end(), is_person);
  return judged ? SomebodyElse("JUDGED") : absl::OkStatus();
}

}  // namespace

absl::StatusOr<v1::ScoreAppeal> DecideScoreAppeal(const AreaContext& context, const rpc::Call& call,
                                                  const v1::DecideScoreAppealRequest& request) {
  GW_ASSIGN_OR_RETURN(const domain::ScoreRules* rules, ScoreRulesOf(context));
  const std::shared_ptr<const domain::Ground> ground = context.directory.ground();
  GW_RETURN_IF_ERROR(CheckAppealText("reason", request.reason()));
  return rpc::Mutate<v1::ScoreAppeal>(
      context.database, call, request, [&](db::Transaction& tx) -> absl::StatusOr<v1::ScoreAppeal> {
        GW_ASSIGN_OR_RETURN(HeldAppeal held, LockAppealFor(context, call, tx, request.name(), request.etag(),
                                                           v1::ScoreAppeal::SUBMITTED, "DECIDE_APPEAL"));
        GW_ASSIGN_OR_RETURN(held.acting, SeatOf(*ground, call, held.appeal));
        GW_ASSIGN_OR_RETURN(const std::optional<v1::ScoreFact> fact,
                            ReadScoreFact(tx, ScoreGeneration(*rules), held.appeal.subject));
        GW_RETURN_IF_ERROR(CheckDecider(*ground, call, held.appeal, fact.value_or(v1::ScoreFact())));
        v1::ScoreAppeal& value = held.appeal.value;
        v1::ScoreAppeal::Decision& decision = *value.add_decisions();
        decision.set_level(value.level());
        decision.set_upheld(request.upheld());
        decision.set_reason(request.reason());
        decision.set_person(ResourceName("persons", call.principal.person));
        decision.set_post(ResourceName("posts", held.acting.post));
        *decision.mutable_time() = AppealTime(call.now);
        if (request.upheld()) {
          value.set_state(v1::ScoreAppeal::UPHELD);
        } else if (NextAppealLevel(*ground, held.appeal.division, call.now, value.level())) {
          value.set_state(v1::ScoreAppeal::REJECTED);
          *value.mutable_raise_due_time() =
              AppealTime(domain::AddLimit(call.now, rules->raise, context.policy->calendar));
        } else {
          value.set_state(v1::ScoreAppeal::FINAL);
        }
        return RecordAppeal(context, call, tx,
                            {.action = v1::DECIDE_APPEAL,
                             .from = v1::ScoreAppeal::SUBMITTED,
                             .acting = held.acting,
                             .request_id = request.request_id()},
                            held.appeal);
      });
}

}  // namespace gridwarden::report
