#include "report/report_service.h"

#include <iterator>
#include <utility>

#include "report/score_service.h"

namespace gridwarden::report {
namespace {

// The worker as the server sees it; keeps what the rpcs share alive with it.
class ReportWorker final : public Worker {
 public:
  explicit ReportWorker(std::shared_ptr<Report> report) : report_(std::move(report)) {}
  void Start() override { report_->worker.Start(); }
  void Stop() override { report_->worker.Stop(); }

 private:
  std::shared_ptr<Report> report_;
};

}  // namespace

std::vector<std::unique_ptr<Worker>> Install(const AreaContext& context, rpc::Registry& registry) {
  auto report = std::make_shared<Report>(context);
  auto add = [&]<typename Request, typename Response>(
                 std::string_view method,
                 absl::StatusOr<Response> (*body)(Report&, const rpc::Call&, const Request&)) {
    registry.Add<Request, Response>(std::string("gridwarden.report.v1.ReportService/") + std::string(method),
                                    [report, body](const rpc::Call& call, const Request& request) {
                                      return body(*report, call, request);
                                    });
  };
  add("GetBoard", &GetBoard);
  add("ExportBoard", &ExportBoard);
  add("ListBoardCases", &ListBoardCases);
  add("RebuildRollup", &RebuildRollup);
  add("GetRebuild", &GetRebuild);
  add("AuditRollup", &AuditRollup);
  std::vector<std::unique_ptr<Worker>> workers;
  workers.push_back(std::make_unique<ReportWorker>(report));
  std::vector<std::unique_ptr<Worker>> scores = InstallScores(context, registry);
  std::move(scores.begin(), scores.end(), std::back_inserter(workers));
  return workers;
}

}  // namespace gridwarden::report
