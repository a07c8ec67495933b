#include "base/status.h"
#include "casework/case_repository.h"
#include "casework/casework.h"
#include "casework/handler.h"
#include "casework/independence.h"
#include "domain/workflow/case_workflow.h"

namespace gridwarden::casework {
namespace {

v1::ExplainCheckersResponse Explain(const domain::Ground& ground, const domain::Pool& pool) {
  v1::ExplainCheckersResponse out;
  for (const domain::RingCount& count : pool.rings) {
    auto* ring = out.add_rings();
    ring->set_ring(std::string(domain::NameOf(count.ring)));
    ring->set_ring_display_name(std::string(domain::ZhOf(count.ring)));
    ring->set_eligible_count(count.eligible);
    ring->set_vacant_count(count.vacant);
    int held = count.eligible;
    for (const auto& [rule, number] : count.refused) {
      auto* refused = ring->add_refused();
      refused->set_rule(rule);
      refused->set_words(std::string(domain::WordsOf(rule)));
      refused->set_count(number);
      held += number;
    }
    ring->set_held_count(held);
  }
  for (const domain::EligibleChecker& eligible : pool.eligible) {
    auto* candidate = out.add_candidates();
    candidate->set_post(ResourceName("posts", eligible.post));
    candidate->set_post_display_name(DisplayName(ground, {eligible.post, false}));
  }
  out.set_alternation_relaxed(pool.alternation_relaxed);
  if (pool.eligible.empty()) out.set_waiting_reason(domain::WaitingReason(pool));
  return out;
}

}  // namespace

absl::StatusOr<v1::ExplainCheckersResponse> ExplainCheckers(const Casework& casework, const rpc::Call& call,
                                                            const v1::ExplainCheckersRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = casework.directory.ground();
  v1::ExplainCheckersResponse response;
  GW_RETURN_IF_ERROR(casework.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(const CaseFile file, ReadCase(tx, request.name()));
    GW_RETURN_IF_ERROR(access::AllowAt(*ground, call, file.place.division).status());
    GW_RETURN_IF_ERROR(
        domain::Next(static_cast<domain::CaseState>(file.state), domain::Action::kAssignCheck).status());
    GW_ASSIGN_OR_RETURN(const domain::CheckerQuestion question,
                        AskForChecker(*ground, *casework.policy, tx, file, call.now));
    response = Explain(*ground, domain::PoolOf(*ground, question));
    return absl::OkStatus();
  }));
  return response;
}

}  // namespace gridwarden::casework
