#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "gridwarden/journal/v1/journal_service.pb.h"
#include "report/board_scope.h"
#include "report/report_service.h"
#include "report/rollup_at.h"

namespace gridwarden::report {
namespace {

using domain::Count;
using domain::Numbers;

constexpr absl::Duration kWaitMax = absl::Seconds(2);  // D8
constexpr absl::Duration kAskAgain = absl::Milliseconds(50);
constexpr std::string_view kGetReceipt = "gridwarden.journal.v1.JournalService/GetReceipt";

absl::Status Behind(std::string_view what) {
  return Unavailable("BOARD_BEHIND", absl::StrCat("the board does not count ", std::string(what), " yet"),
                     absl::Seconds(1));
}

void SetRatio(int64_t numerator, int64_t denominator, v1::Ratio* ratio) {
  ratio->set_numerator(numerator);
  ratio->set_denominator(denominator);
}

v1::BoardRow RowOf(const Numbers& numbers) {
  v1::BoardRow row;
  row.set_signals(numbers.Get(Count::kSignals));
  row.set_signals_open(numbers.Get(Count::kSignalsOpen));
  row.set_cases(numbers.Cases());
  for (int state = 0; state < domain::kCaseStates; ++state) {
    const int64_t count = numbers.State(static_cast<domain::CaseFactState>(state));
    if (count == 0) continue;
    v1::StateCount* cell = row.add_states();
    cell->set_state(static_cast<casework::v1::Case::State>(state));
    cell->set_count(count);
  }
  row.set_open(numbers.Open());
  row.set_due_today(numbers.due_today);
  row.set_overdue(numbers.overdue);
  row.set_rework(numbers.Get(Count::kRework));
  row.set_rework_times(numbers.Get(Count::kReworkTimes));
  const int64_t closed = numbers.Get(Count::kClosed);
  row.set_closed(closed);
  row.set_closed_on_time(numbers.Get(Count::kClosedOnTime));
  row.set_forced(numbers.Get(Count::kForced));
  row.set_held(numbers.Get(Count::kHeld));
  row.set_not_held(numbers.Get(Count::kNotHeld));
  SetRatio(closed,
           numbers.Cases() - numbers.State(domain::CaseFactState::kVoided) -
               numbers.State(domain::CaseFactState::kTracked),
           row.mutable_closure_rate());
  SetRatio(row.closed_on_time(), closed, row.mutable_on_time_rate());
  SetRatio(row.held(), row.held() + row.not_held(), row.mutable_held_rate());
  return row;
}

v1::BoardRow RowOf(const domain::Division& division, const Numbers& numbers) {
  v1::BoardRow row = RowOf(numbers);
  row.set_division(ResourceName("divisions", division.id));
  row.set_display_name(division.display_name);
  return row;
}

// Those that ever stood under it: what a division counted while it stood there stays in the sum.
std::vector<const domain::Division*> ChildrenInOrder(const domain::Ground& ground, const Uuid& division) {
  std::vector<const domain::Division*> children = ground.ChildrenEver(division);
  auto code = [](const domain::Division* one) {
    return one->codes.empty() ? std::string() : one->codes.back().code;
  };
  std::sort(children.begin(), children.end(), [&](const auto* a, const auto* b) {
    return std::pair(code(a), a->id) < std::pair(code(b), b->id);
  });
  return children;
}

// Where the entry or the request stands in the log, as far as the journal can say by now: one after its last
// entry.
absl::StatusOr<uint64_t> IndexWanted(Report& report, const rpc::Call& call, const std::string& text,
                                     const Uuid& id) {
  if (const auto known = report.live.IndexOf(id)) return *known + 1;
  journal::v1::GetReceiptRequest request;
  request.set_request_id(text);
  GW_ASSIGN_OR_RETURN(const auto receipt, rpc::Send<journal::v1::Receipt>(report.context.channel("journal"),
                                                                          call, kGetReceipt, request));
  if (receipt.state() < journal::v1::Receipt::SEQUENCED) return Behind(text);
  uint64_t wanted = 0;
  for (const auto& line : receipt.lines()) wanted = std::max<uint64_t>(wanted, line.index() + 1);
  return wanted;
}

// Waits until the named entry is counted (D8).
absl::Status WaitForEntry(Report& report, const rpc::Call& call, const std::string& text) {
  const std::optional<Uuid> id = Uuid::Parse(text);
  if (!id) return InvalidField("at_least_entry", "want a UUID");
  const absl::Time until = std::min(absl::Now() + kWaitMax, call.deadline - absl::Milliseconds(100));
  while (true) {
    const absl::StatusOr<uint64_t> wanted = IndexWanted(report, call, text, *id);
    if (wanted.ok() && report.live.WaitFor(*wanted, until)) return absl::OkStatus();
    if (absl::Now() >= until) {
      if (wanted.status().code() == absl::StatusCode::kNotFound)
        return NotFound(absl::StrCat("entries/", text));
      return Behind(text);
    }
    if (!wanted.ok()) report.live.WaitFor(report.live.index() + 1, std::min(until, absl::Now() + kAskAgain));
  }
}

struct Question {
  const domain::Division* division = nullptr;
  std::vector<const domain::Division*> children;
  absl::flat_hash_set<Uuid> present;  // the children of today, shown with and without counts
  std::vector<std::string> categories;
  domain::Instant at;
};

v1::Board BoardOf(const domain::Policy* policy, const Question& question, bool by_category,
                  const domain::Rollup& rollup, uint64_t index) {
  v1::Board board;
  board.set_log_index(index);
  *board.mutable_as_of() = TimestampOf(question.at.us);
  const Numbers total = rollup.Read(question.division->id, question.categories, question.at);
  *board.mutable_total() = RowOf(*question.division, total);
  Numbers own = total;
  for (const domain::Division* child : question.children) {
    const Numbers numbers =
        rollup.ReadUnder(question.division->id, child->id, question.categories, question.at);
    own -= numbers;
    if (numbers.IsZero() && !question.present.contains(child->id)) continue;
    *board.add_children() = RowOf(*child, numbers);
  }
  *board.mutable_own() = RowOf(*question.division, own);
  if (!by_category) return board;
  for (const std::string& category : rollup.Categories()) {
    if (!question.categories.empty() && std::find(question.categories.begin(), question.categories.end(),
                                                  category) == question.categories.end()) {
      continue;
    }
    const Numbers numbers = rollup.Read(question.division->id, {category}, question.at);
    if (numbers.IsZero()) continue;
    v1::BoardRow row = RowOf(*question.division, numbers);
    row.set_category(category);
    const domain::Category* known = policy == nullptr ? nullptr : policy->FindCategory(category);
    row.set_display_name(known == nullptr ? category : known->zh);
    *board.add_categories() = std::move(row);
  }
  return board;
}

}  // namespace

absl::StatusOr<v1::Board> GetBoard(Report& report, const rpc::Call& call,
                                   const v1::GetBoardRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = report.context.directory.ground();
  const domain::Policy* policy = report.context.policy.get();
  Question question;
  GW_ASSIGN_OR_RETURN(question.division, AllowedDivision(*ground, call, request.division()));
  question.children = ChildrenInOrder(*ground, question.division->id);
  for (const domain::Division* child : question.children) {
    const auto chain = ground->AncestorsAt(child->id, call.now, absl::InfiniteFuture());
    if (chain.size() > 1 && chain[1] == question.division) question.present.insert(child->id);
  }
  question.categories = CategoriesOf(policy, request.category());
  question.at = InstantOf(policy, call, request.has_as_of(), request.as_of());
  GW_RETURN_IF_ERROR(report.live.EnsureLoaded(call.now, call.deadline));
  if (!request.at_least_entry().empty())
    GW_RETURN_IF_ERROR(WaitForEntry(report, call, request.at_least_entry()));
  v1::Board board;
  bool answered = false;
  report.live.Look([&](const domain::Rollup& rollup, int64_t, uint64_t index) {
    answered = !request.has_at_index() || request.at_index() == index;
    if (answered) board = BoardOf(policy, question, request.by_category(), rollup, index);
  });
  if (answered) return board;
  report.live.WaitFor(request.at_index(),
                      std::min(absl::Now() + kWaitMax, call.deadline - absl::Milliseconds(100)));
  absl::flat_hash_set<Uuid> divisions{question.division->id};
  for (const domain::Division* child : question.children) divisions.insert(child->id);
  GW_ASSIGN_OR_RETURN(const RollupAt past, ReadRollupAt(report.context.database, report.live, divisions,
                                                        RangesOf(*ground, question.division->id),
                                                        request.at_index(), call.deadline));
  return BoardOf(policy, question, request.by_category(), past.rollup, past.index);
}

}  // namespace gridwarden::report
