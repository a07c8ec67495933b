#include "grid/open_work.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/status.h"
#include "gridwarden/casework/v1/casework_service.pb.h"
#include "gridwarden/patrol/v1/patrol_service.pb.h"
#include "gridwarden/report/v1/report_service.pb.h"
#include "gridwarden/source/v1/source_service.pb.h"
#include "platform/rpc/channel.h"

namespace gridwarden::grid {
namespace {

constexpr std::string_view kGetBoard = "gridwarden.report.v1.ReportService/GetBoard";
constexpr int kPageSize = 500;
constexpr int kPagesMax = 40;
constexpr int kCaseNosMax = 1000;

// Goes through the pages of a list; nothing when one cannot be had.
template <typename Response, typename Request, typename Each>
bool EachPage(rpc::Channel& channel, const rpc::Call& call, std::string_view method, Request request,
              Each each) {
  request.set_page_size(kPageSize);
  for (int page = 0; page < kPagesMax; ++page) {
    const absl::StatusOr<Response> response = rpc::Send<Response>(channel, call, method, request);
    if (!response.ok()) return false;
    each(*response);
    if (response->next_page_token().empty()) return true;
    request.set_page_token(response->next_page_token());
  }
  return true;
}

template <typename Request>
void AskForOpenCases(Request& request) {
  using Case = casework::v1::Case;
  for (const Case::State state : {Case::FILED, Case::DISPATCHED, Case::RETURNED, Case::HANDLING,
                                  Case::SUSPENDED, Case::FEEDBACK, Case::CHECKING, Case::SIGN_OFF})
    request.add_states(state);
}

patrol::v1::ListPatrolTasksRequest OpenTasksOn(const Uuid& division) {
  patrol::v1::ListPatrolTasksRequest request;
  request.set_division(ResourceName("divisions", division));
  for (const auto state :
       {patrol::v1::PatrolTask::PLANNED, patrol::v1::PatrolTask::ISSUED, patrol::v1::PatrolTask::STARTED})
    request.add_states(state);
  return request;
}

std::vector<Uuid> Outermost(const domain::Ground& ground, std::span<const Uuid> divisions) {
  std::vector<Uuid> outermost;
  for (const Uuid& id : divisions) {
    if (ground.FindDivision(id) == nullptr ||
        std::find(outermost.begin(), outermost.end(), id) != outermost.end())
      continue;
    const bool inner = std::any_of(divisions.begin(), divisions.end(), [&](const Uuid& other) {
      return other != id && ground.IsWithin(id, other);
    });
    if (!inner) outermost.push_back(id);
  }
  return outermost;
}

// The numbers of the board, all as of the index the first answer had.
void CountCases(GridArea& area, const rpc::Call& call, const std::vector<Uuid>& divisions,
                v1::OpenWork& work) {
  int64_t open = 0;
  std::optional<uint64_t> index;
  for (const Uuid& division : divisions) {
    report::v1::GetBoardRequest request;
    request.set_division(ResourceName("divisions", division));
    if (index) request.set_at_index(*index);
    const auto board = rpc::Send<report::v1::Board>(area.channel("report"), call, kGetBoard, request);
    if (!board.ok()) return;
    index = board->log_index();
    open += board->total().open();
  }
  work.set_cases_open(open);
  work.set_log_index(index.value_or(0));
}

void ListCaseNos(GridArea& area, const rpc::Call& call, const std::vector<Uuid>& divisions,
                 v1::OpenWork& work) {
  for (const Uuid& division : divisions) {
    casework::v1::ListCasesRequest request;
    request.set_division(ResourceName("divisions", division));
    AskForOpenCases(request);
    EachPage<casework::v1::ListCasesResponse>(area.channel("casework"), call,
                                              "gridwarden.casework.v1.CaseworkService/ListCases", request,
                                              [&](const casework::v1::ListCasesResponse& page) {
                                                for (const casework::v1::Case& c : page.cases()) {
                                                  if (work.case_nos_size() < kCaseNosMax)
                                                    work.add_case_nos(c.case_no());
                                                }
                                              });
  }
}

}  // namespace

v1::OpenWork OpenWorkOn(GridArea& area, const rpc::Call& call, const domain::Ground& ground,
                        std::span<const Uuid> divisions) {
  v1::OpenWork work;
  const std::vector<Uuid> outermost = Outermost(ground, divisions);
  CountCases(area, call, outermost, work);
  if (work.cases_open() > 0) ListCaseNos(area, call, outermost, work);
  int64_t tasks = 0, sources = 0;
  bool tasks_known = true, sources_known = true;
  for (const Uuid& division : outermost) {
    tasks_known = tasks_known &&
                  EachPage<patrol::v1::ListPatrolTasksResponse>(
                      area.channel("patrol"), call, "gridwarden.patrol.v1.PatrolService/ListPatrolTasks",
                      OpenTasksOn(division), [&](const auto& page) { tasks += page.patrol_tasks_size(); });
    source::v1::ListSourcesRequest request;
    request.set_division(ResourceName("divisions", division));
    sources_known =
        sources_known && EachPage<source::v1::ListSourcesResponse>(
                             area.channel("source"), call, "gridwarden.source.v1.SourceService/ListSources",
                             request, [&](const auto& page) { sources += page.sources_size(); });
  }
  if (tasks_known) work.set_patrol_tasks_open(tasks);
  if (sources_known) work.set_sources(sources);
  return work;
}

v1::OpenWork OpenWorkOf(GridArea& area, const rpc::Call& call, const domain::Ground& ground,
                        std::span<const Uuid> posts) {
  v1::OpenWork work;
  std::set<std::string> holders;  // posts/... and units/... that work is assigned to
  std::vector<Uuid> grounds;
  for (const Uuid& id : posts) {
    const domain::Post* post = ground.FindPost(id);
    if (post == nullptr) continue;
    holders.insert(ResourceName("posts", id));
    if (!post->unit.IsNil()) holders.insert(ResourceName("units", post->unit));
    grounds.push_back(ground.DivisionOf(*post));
  }
  // The entry up to which the list below is at least complete.
  report::v1::GetBoardRequest board_request;
  if (!grounds.empty()) board_request.set_division(ResourceName("divisions", grounds.front()));
  const auto board = rpc::Send<report::v1::Board>(area.channel("report"), call, kGetBoard, board_request);
  if (board.ok()) work.set_log_index(board->log_index());
  std::set<std::string> cases, tasks;  // each once, wherever it is listed
  bool cases_known = true, tasks_known = true;
  for (const Uuid& division : Outermost(ground, grounds)) {
    casework::v1::ListCasesRequest request;
    request.set_division(ResourceName("divisions", division));
    AskForOpenCases(request);
    cases_known =
        cases_known && EachPage<casework::v1::ListCasesResponse>(
                           area.channel("casework"), call, "gridwarden.casework.v1.CaseworkService/ListCases",
                           request, [&](const casework::v1::ListCasesResponse& page) {
                             for (const casework::v1::Case& c : page.cases()) {
                               if (holders.contains(c.handler()) || holders.contains(c.check_post()))
                                 cases.insert(c.case_no());
                             }
                           });
    tasks_known =
        tasks_known && EachPage<patrol::v1::ListPatrolTasksResponse>(
                           area.channel("patrol"), call, "gridwarden.patrol.v1.PatrolService/ListPatrolTasks",
                           OpenTasksOn(division), [&](const patrol::v1::ListPatrolTasksResponse& page) {
                             for (const patrol::v1::PatrolTask& task : page.patrol_tasks()) {
                               if (holders.contains(task.post())) tasks.insert(task.name());
                             }
                           });
  }
  if (cases_known) {
    work.set_cases_open(static_cast<int64_t>(cases.size()));
    for (const std::string& case_no : cases) {
      if (work.case_nos_size() < kCaseNosMax) work.add_case_nos(case_no);
    }
  }
  if (tasks_known) work.set_patrol_tasks_open(static_cast<int64_t>(tasks.size()));
  return work;
}

}  // namespace gridwarden::grid
