#pragma once

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "access/area.h"
#include "domain/policy/score_rules.h"
#include "gridwarden/report/v1/score_service.pb.h"

// Scores and their appeals: table of contents.
namespace gridwarden::report {

// Registers the rpcs; answers the consumer that counts, if the policy has terms.
std::vector<std::unique_ptr<Worker>> InstallScores(const AreaContext& context, rpc::Registry& registry);

absl::StatusOr<v1::Scores> GetScores(const AreaContext&, const rpc::Call&, const v1::GetScoresRequest&);
absl::StatusOr<v1::ScoreFile> ExportScores(const AreaContext&, const rpc::Call&, const v1::GetScoresRequest&);
absl::StatusOr<v1::ListScoreCasesResponse> ListScoreCases(const AreaContext&, const rpc::Call&,
                                                          const v1::ListScoreCasesRequest&);
absl::StatusOr<v1::ScoreAppeal> SubmitScoreAppeal(const AreaContext&, const rpc::Call&,
                                                  const v1::SubmitScoreAppealRequest&);
absl::StatusOr<v1::ScoreAppeal> DecideScoreAppeal(const AreaContext&, const rpc::Call&,
                                                  const v1::DecideScoreAppealRequest&);
absl::StatusOr<v1::ScoreAppeal> RaiseScoreAppeal(const AreaContext&, const rpc::Call&,
                                                 const v1::RaiseScoreAppealRequest&);
absl::StatusOr<v1::ScoreAppeal> GetScoreAppeal(const AreaContext&, const rpc::Call&,
                                               const v1::GetScoreAppealRequest&);
absl::StatusOr<v1::ListScoreAppealsResponse> ListScoreAppeals(const AreaContext&, const rpc::Call&,
                                                              const v1::ListScoreAppealsRequest&);

}  // namespace gridwarden::report
