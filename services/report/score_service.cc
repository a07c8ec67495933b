#include "report/score_service.h"

#include <string>

#include "base/status.h"
#include "platform/journal/consumer.h"
#include "report/score_fold.h"

namespace gridwarden::report {
namespace {

template <typename Request, typename Response>
void Add(rpc::Registry& registry, const AreaContext& context, const char* method,
         absl::StatusOr<Response> (*body)(const AreaContext&, const rpc::Call&, const Request&)) {
  registry.Add<Request, Response>(std::string("gridwarden.report.v1.ScoreService/") + method,
                                  [context, body](const rpc::Call& call, const Request& request) {
                                    return body(context, call, request);
                                  });
}

std::unique_ptr<Worker> Follow(const AreaContext& context) {
  const std::shared_ptr<const domain::ScoreRules> rules = context.policy->scores;
  return journal::Consumer::InTransaction(
      context.database, context.channel("journal"), context.clock,
      {.name = ScoreConsumer(*rules),
       .kinds = {"signal.transition", "case.transition", "score.appeal"},
       .demo = context.demo},
      [rules, &directory = context.directory](const rpc::Call&, db::Transaction& tx,
                                              const journal::FeedEntry& entry) -> absl::Status {
        if (!directory.loaded())
          return Unavailable("DATABASE_UNAVAILABLE", "the ground is not loaded yet", absl::Seconds(1));
        return FoldScore(*rules, *directory.ground(), tx, entry);
      });
}

}  // namespace

std::vector<std::unique_ptr<Worker>> InstallScores(const AreaContext& context, rpc::Registry& registry) {
  Add(registry, context, "GetScores", GetScores);
  Add(registry, context, "ExportScores", ExportScores);
  Add(registry, context, "ListScoreCases", ListScoreCases);
  Add(registry, context, "SubmitScoreAppeal", SubmitScoreAppeal);
  Add(registry, context, "DecideScoreAppeal", DecideScoreAppeal);
  Add(registry, context, "RaiseScoreAppeal", RaiseScoreAppeal);
  Add(registry, context, "GetScoreAppeal", GetScoreAppeal);
  Add(registry, context, "ListScoreAppeals", ListScoreAppeals);
  std::vector<std::unique_ptr<Worker>> workers;
  if (context.policy != nullptr && context.policy->scores != nullptr) workers.push_back(Follow(context));
  return workers;
}

}  // namespace gridwarden::report
