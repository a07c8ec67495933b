#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "access/directory.h"
#include "domain/policy/score_rules.h"
#include "domain/score/score.h"
#include "gridwarden/report/v1/score_service.pb.h"
#include "platform/journal/consumer.h"

// From entries of the feed to what cases count. The counters are always the sum of what the facts count: each
// entry takes out what its subject counted before and adds what it counts now.
namespace gridwarden::report {

// Which way of counting the rows belong to, and the consumer that folds it.
int64_t ScoreGeneration(const domain::ScoreRules& rules);
std::string ScoreConsumer(const domain::ScoreRules& rules);

domain::score::Fact ScoreFactOf(const v1::ScoreFact& fact);

// Folds one entry of kind signal.transition, case.transition or score.appeal.
absl::Status FoldScore(const domain::ScoreRules& rules, const domain::Ground& ground, db::Transaction& tx,
                       const journal::FeedEntry& entry);

}  // namespace gridwarden::report
