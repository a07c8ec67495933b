#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "access/area.h"
#include "access/standing.h"
#include "domain/patrol/plan.h"

// What a plan goes by, read from the ground, the ledger and our own tables.
namespace gridwarden::patrol {

// A division that is planned, with what stands on it.
struct PlanGround {
  std::shared_ptr<const domain::Ground> ground;
  const domain::PatrolRules* rules = nullptr;
  access::Standing standing;       // of the planned division
  std::vector<std::string> paths;  // of the rows that concern it
  domain::PlanInput input;         // divisions, categories, sources and posts filled in
  absl::Time now;
};

// FAILED_PRECONDITION / NO_PATROL_RULES when the policy has none.
absl::StatusOr<const domain::PatrolRules*> RulesOf(const AreaContext& context);

// "2026-11-22". INVALID_FIELD otherwise.
absl::StatusOr<absl::CivilDay> ParseDay(std::string_view text, std::string_view field);
absl::CivilDay Today(absl::Time now);

// Reads divisions and posts from the ground, sources from the ledger (pages of 5,000). For the system itself:
// the caller asks for permission first. Touches no database of ours.
absl::StatusOr<PlanGround> ReadPlanGround(const AreaContext& context, const rpc::Call& call,
                                          const access::Standing& standing);

// Fills in what was seen, planned and done that matters for the days, inside `tx`.
absl::Status ReadPlanPast(db::Transaction& tx, absl::CivilDay from, absl::CivilDay to, PlanGround& plan);

}  // namespace gridwarden::patrol
