#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "domain/rollup/rollup.h"
#include "platform/rpc/page.h"
#include "report/board_scope.h"
#include "report/report_service.h"
#include "report/rollup_repository.h"

namespace gridwarden::report {
namespace {

using domain::Fact;
using domain::FactKind;

void SetTime(const std::optional<int64_t>& us, google::protobuf::Timestamp* time) {
  if (us) *time = TimestampOf(*us);
}

// Where it counts, in the names of its day.
std::string PathNameOf(const Fact& fact, const domain::Ground& ground) {
  const absl::Time at = fact.event_us ? absl::FromUnixMicros(*fact.event_us) : absl::InfiniteFuture();
  std::string path;
  for (const Uuid& id : domain::IdsOfPath(fact.path)) {
    const domain::Division* division = ground.FindDivision(id);
    if (!path.empty()) path += '/';
    if (division != nullptr) path += domain::NameAt(*division, at);
  }
  return path;
}

v1::BoardCase CaseOf(const Fact& fact, const domain::Ground& ground) {
  v1::BoardCase one;
  const bool is_case = fact.kind == FactKind::kCase;
  one.set_name(ResourceName(is_case ? "cases" : "signals", fact.subject));
  one.set_case_no(fact.case_no);
  one.set_division(ResourceName("divisions", fact.division));
  one.set_division_path(PathNameOf(fact, ground));
  one.set_category(fact.category);
  one.set_state(
      std::string(is_case ? domain::CaseStateName(fact.state) : domain::SignalStateName(fact.state)));
  if (fact.event_us) SetTime(fact.event_us, one.mutable_event_time());
  if (fact.due_us) SetTime(fact.due_us, one.mutable_due_time());
  if (fact.total_due_us) SetTime(fact.total_due_us, one.mutable_total_due_time());
  if (fact.close_us) SetTime(fact.close_us, one.mutable_close_time());
  one.set_rework_count(fact.rework);
  one.set_closed_on_time(fact.closed_on_time);
  one.set_forced(fact.forced);
  one.set_held(static_cast<casework::v1::Case::Held>(fact.held));
  return one;
}

// What is looked for, and in which states.
struct Cell {
  domain::Measure measure = domain::Measure::kUnspecified;
  FactKind kind = FactKind::kCase;
  std::vector<int> states;
  std::vector<std::string> categories;
  domain::Instant at;

  bool Holds(const Fact& fact) const {
    if (!categories.empty() &&
        std::find(categories.begin(), categories.end(), fact.category) == categories.end())
      return false;
    return domain::CountsIn(fact, measure, at);
  }
};

absl::StatusOr<Cell> CellOf(const v1::ListBoardCasesRequest& request, const rpc::Call& call,
                            const domain::Policy* policy) {
  Cell cell;
  if (!v1::Measure_IsValid(request.measure())) return InvalidField("measure", "want a measure of the board");
  cell.measure = static_cast<domain::Measure>(request.measure());
  if (request.measure() == v1::SIGNALS || request.measure() == v1::SIGNALS_OPEN)
    cell.kind = FactKind::kSignal;
  cell.states = domain::StatesOf(cell.measure);
  if (request.state() != casework::v1::Case::STATE_UNSPECIFIED) {
    if (cell.kind == FactKind::kSignal) return InvalidField("state", "want none with a measure of signals");
    std::erase_if(cell.states, [&](int state) { return state != request.state(); });
  }
  cell.categories = CategoriesOf(policy, request.category());
  cell.at = InstantOf(policy, call, request.has_as_of(), request.as_of());
  return cell;
}

constexpr int kReadAtOnce = 500;

}  // namespace

absl::StatusOr<v1::ListBoardCasesResponse> ListBoardCases(Report& report, const rpc::Call& call,
                                                          const v1::ListBoardCasesRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = report.context.directory.ground();
  GW_ASSIGN_OR_RETURN(const domain::Division* division, AllowedDivision(*ground, call, request.division()));
  const std::vector<GroundRange> ranges = RangesOf(*ground, division->id);
  GW_ASSIGN_OR_RETURN(const Cell cell, CellOf(request, call, report.context.policy.get()));
  GW_ASSIGN_OR_RETURN(const rpc::Page page, rpc::ReadPage(request));
  if (!page.after.empty() && page.after.size() != 3)
    return InvalidField("page_token", "not a token of this list");
  v1::ListBoardCasesResponse response;
  GW_RETURN_IF_ERROR(report.context.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
    response.Clear();
    GW_ASSIGN_OR_RETURN(const auto active, ReadGeneration(tx, GenerationState::kActive));
    if (!active) return absl::OkStatus();
    response.set_log_index(active->next_index);
    FactPage next;
    next.kind = cell.kind;
    next.limit = kReadAtOnce;
    int from_state = -1;
    if (!page.after.empty()) {
      from_state = page.after[0].empty() ? 0 : static_cast<unsigned char>(page.after[0][0]);
      next.after_path = page.after[1];
      next.after_subject = page.after[2];
    }
    // State by state, each in the order of ground and id.
    bool reached = from_state < 0;
    for (int state : cell.states) {
      reached = reached || state == from_state;
      if (!reached) continue;
      if (state != from_state) {
        next.after_path.clear();
        next.after_subject.clear();
      }
      next.state = state;
      for (const GroundRange& range : ranges) {
        next.range = range;
        while (next.after_path < range.upper) {
          GW_ASSIGN_OR_RETURN(const std::vector<Fact> facts, ReadFactPage(tx, active->generation, next));
          for (const Fact& fact : facts) {
            if (cell.Holds(fact)) {
              if (response.cases_size() == page.size) {
                response.set_next_page_token(rpc::NextPageToken(
                    request,
                    {std::string(1, static_cast<char>(next.state)), next.after_path, next.after_subject}));
                return absl::OkStatus();
              }
              *response.add_cases() = CaseOf(fact, *ground);
            }
            next.after_path = fact.path;
            next.after_subject = fact.subject.Bytes();
          }
          if (static_cast<int>(facts.size()) < next.limit) break;
        }
      }
    }
    return absl::OkStatus();
  }));
  return response;
}

}  // namespace gridwarden::report
