#include "absl/strings/str_format.h"
#include "base/status.h"
#include "casework/case_repository.h"
#include "casework/proof.h"
#include "casework/rules.h"
#include "casework/stop_work.h"
#include "casework/timestamps.h"
#include "domain/clock/stage_clock.h"
#include "domain/policy/escalation_rules.h"
#include "domain/workflow/conditions.h"
#include "platform/rpc/mutate.h"

namespace gridwarden::casework {
namespace {

std::vector<std::string> CodesAt(const domain::Ground& ground, const Uuid& division, absl::Time at) {
  std::vector<std::string> codes;
  for (const domain::Division* one : ground.AncestorsAt(division, at, absl::InfiniteFuture())) {
    for (const domain::DivisionCode& code : one->codes) {
      if (code.valid.Contains(at)) codes.push_back(code.code);
    }
  }
  return codes;
}

absl::StatusOr<const domain::StopWorkLadder*> LadderFor(const domain::Policy& policy,
                                                        const domain::Ground& ground, const Uuid& source,
                                                        const std::string& category, const Uuid& division,
                                                        absl::Time at) {
  const domain::StopWorkLadder* ladder =
      policy.escalation == nullptr || source.IsNil()
          ? nullptr
          : policy.escalation->LadderOf(category, CodesAt(ground, division, at));
  if (ladder != nullptr) return ladder;
  return FailedPrecondition("NO_STOP_WORK_LADDER",
                            "no ladder stops work for this category here, or the case names no source");
}

absl::Status CheckOpen(const CaseFile& file) {
  const auto state = static_cast<domain::CaseState>(file.state);
  if (domain::IsOpen(state)) return absl::OkStatus();
  return FailedPrecondition("ILLEGAL_TRANSITION", "only the site of an open case is stopped",
                            {{"state", std::string(domain::ZhOf(state))},
                             {"action", "停工整顿"},
                             {"state_name", std::string(domain::NameOf(state))},
                             {"action_name", "STOP_WORK"}});
}

absl::Status End(v1::StopWork::State to, v1::StopWork& order) {
  if (order.state() == v1::StopWork::STOPPED) {
    order.set_state(to);
    return absl::OkStatus();
  }
  return FailedPrecondition("ILLEGAL_TRANSITION", "the order has ended",
                            {{"state", order.state() == v1::StopWork::RESTARTED ? "已复工验收" : "已撤销"},
                             {"action", to == v1::StopWork::RESTARTED ? "复工验收" : "撤销停工"}});
}

}  // namespace

absl::StatusOr<v1::StopWork> OrderStopWork(const Casework& casework, const rpc::Call& call,
                                           const v1::OrderStopWorkRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = casework.directory.ground();
  const domain::Policy& policy = *casework.policy;
  GW_RETURN_IF_ERROR(CheckText("reason", request.reason(), true));
  return rpc::Mutate<v1::StopWork>(
      casework.database, call, request, [&](db::Transaction& tx) -> absl::StatusOr<v1::StopWork> {
        GW_ASSIGN_OR_RETURN(const CaseFile found, LockCase(tx, request.name()));
        GW_ASSIGN_OR_RETURN(const access::Acting acting,
                            access::AllowAt(*ground, call, found.place.division));
        GW_RETURN_IF_ERROR(CheckEtag(request.etag(), found.subject.seq, request.name()));
        GW_RETURN_IF_ERROR(CheckOpen(found));
        GW_ASSIGN_OR_RETURN(
            const domain::StopWorkLadder* ladder,
            LadderFor(policy, *ground, found.source, found.category, found.place.division, found.event_time));
        GW_ASSIGN_OR_RETURN(const int finding,
                            CountFindings(tx, found.source, found.file_time - ladder->within));
        const int days = ladder->DaysOf(finding);

        StopWorkFile file{.id = Uuid::Derive(found.id, "casework.stop_work"),
                          .case_id = found.id,
                          .source = found.source,
                          .division = found.place.division,
                          .ground_path = found.place.ground_path,
                          .start = call.now,
                          .until = call.now + absl::Hours(24 * days)};
        file.subject.id = file.id;
        v1::StopWork& order = file.order;
        order.set_state(v1::StopWork::STOPPED);
        order.set_case_(ResourceName("cases", found.id));
        order.set_source(ResourceName("sources", found.source));
        order.set_division(ResourceName("divisions", found.place.division));
        order.set_finding(finding);
        order.set_stop_days(days);
        order.set_ladder_source(ladder->source);
        *order.mutable_start_time() = ToTimestamp(file.start);
        *order.mutable_until_time() = ToTimestamp(file.until);
        *order.mutable_ordered() = ConsentIn(call, acting, "ORDERED", request.reason());
        GW_RETURN_IF_ERROR(TellStopWork(tx, call, policy, v1::StopWorkEvent::STOP, acting,
                                        request.request_id(), file, InsertStopWork));
        return View(file);
      });
}

absl::StatusOr<v1::StopWork> AcceptRestart(const Casework& casework, const rpc::Call& call,
                                           const v1::AcceptRestartRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = casework.directory.ground();
  const domain::Policy& policy = *casework.policy;
  GW_ASSIGN_OR_RETURN(const Proof proof,
                      ReadProof(policy, {request.evidence().begin(), request.evidence().end()},
                                {request.answers().begin(), request.answers().end()}, nullptr));
  return rpc::Mutate<v1::StopWork>(
      casework.database, call, request, [&](db::Transaction& tx) -> absl::StatusOr<v1::StopWork> {
        GW_ASSIGN_OR_RETURN(StopWorkFile file, LockStopWork(tx, request.name()));
        GW_ASSIGN_OR_RETURN(const access::Acting acting, access::AllowAt(*ground, call, file.division));
        GW_RETURN_IF_ERROR(CheckEtag(request.etag(), file.subject.seq, request.name()));
        GW_RETURN_IF_ERROR(End(v1::StopWork::RESTARTED, file.order));
        GW_ASSIGN_OR_RETURN(const CaseFile found, ReadCase(tx, file.order.case_()));
        const bool ordered = file.order.ordered().person() == ResourceName("persons", call.principal.person);
        if (ordered || found.fixer == call.principal.person) {
          return FailedPrecondition("ANOTHER_PERSON_NEEDED", "a restart is accepted by somebody else",
                                    {{"seat", "复工验收人"}});
        }
        if (call.now < file.until) {
          return FailedPrecondition(
              "STOP_PERIOD_RUNS", "the site still has to stand still",
              {{"until", absl::FormatTime("%Y-%m-%d %H:%M", file.until, domain::CalendarZone())}});
        }
        GW_ASSIGN_OR_RETURN(
            const domain::StopWorkLadder* ladder,
            LadderFor(policy, *ground, file.source, found.category, file.division, found.event_time));
        GW_RETURN_IF_ERROR(domain::ItemsMet(policy, ladder->restart_items, ToDomain(proof.answers)));
        *file.order.mutable_answers() = {proof.answers.begin(), proof.answers.end()};
        *file.order.mutable_evidence() = {proof.evidence.begin(), proof.evidence.end()};
        *file.order.mutable_ended() = ConsentIn(call, acting, "RESTART_ACCEPTED", "");
        GW_RETURN_IF_ERROR(TellStopWork(tx, call, policy, v1::StopWorkEvent::RESTART, acting,
                                        request.request_id(), file, SaveStopWork));
        return View(file);
      });
}

absl::StatusOr<v1::StopWork> RevokeStopWork(const Casework& casework, const rpc::Call& call,
                                            const v1::RevokeStopWorkRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = casework.directory.ground();
  const domain::Policy& policy = *casework.policy;
  GW_RETURN_IF_ERROR(CheckText("reason", request.reason(), true));
  return rpc::Mutate<v1::StopWork>(
      casework.database, call, request, [&](db::Transaction& tx) -> absl::StatusOr<v1::StopWork> {
        GW_ASSIGN_OR_RETURN(StopWorkFile file, LockStopWork(tx, request.name()));
        GW_ASSIGN_OR_RETURN(const access::Acting acting, access::AllowAt(*ground, call, file.division));
        GW_RETURN_IF_ERROR(CheckEtag(request.etag(), file.subject.seq, request.name()));
        GW_RETURN_IF_ERROR(End(v1::StopWork::REVOKED, file.order));
        *file.order.mutable_ended() = ConsentIn(call, acting, "REVOKED", request.reason());
        GW_RETURN_IF_ERROR(TellStopWork(tx, call, policy, v1::StopWorkEvent::REVOKE, acting,
                                        request.request_id(), file, SaveStopWork));
        return View(file);
      });
}

}  // namespace gridwarden::casework
