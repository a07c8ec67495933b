// The closure board and the list of overdue cases at 10^5 and 10^6 cases, through the API, against a recount
// by GROUP BY in the same run (numbers.md goals 4, 6 and 7); how fast entries are put in order and folded.
//   board_bench PLAN --cases=100000 --whole=10000 [--million] [--depth=2]
// --depth: how deep the board's division stands in the tree; a city below its province 2.
#include <atomic>
#include <cstdio>
#include <thread>

#include "gridwarden/casework/v1/casework_service.pb.h"
#include "gridwarden/report/v1/report_service.pb.h"
#include "support/arguments.h"
#include "support/bench_city.h"
#include "support/bulk_load.h"
#include "support/journal_state.h"
#include "support/load.h"

namespace gridwarden::bench {
namespace {

constexpr int kReads = 200;

// Looks every 100 ms how far the log and the board are, and keeps the time during which each had enough to
// do.
class Watch {
 public:
  explicit Watch(JournalState& journal) : journal_(journal), thread_([this] { Look(); }) {}
  ~Watch() { End(); }

  void End() {
    ending_ = true;
    if (thread_.joinable()) thread_.join();
  }
  // Entries a second while there was a backlog; 0 when there never was one.
  double sequencing() const { return ordered_seconds_ > 0 ? ordered_ / ordered_seconds_ : 0; }
  double folding() const { return folded_seconds_ > 0 ? folded_ / folded_seconds_ : 0; }

 private:
  void Look() {
    JournalState::Backlog before;
    absl::Time then = absl::InfinitePast();
    while (!ending_) {
      const auto now = journal_.Read();
      const absl::Time at = absl::Now();
      if (now.ok()) {
        const double seconds = absl::ToDoubleSeconds(at - then);
        if (then != absl::InfinitePast() && before.staged >= 2000 && now->staged >= 500) {
          ordered_ += static_cast<double>(now->size - before.size);
          ordered_seconds_ += seconds;
        }
        if (then != absl::InfinitePast() && before.unfolded >= 3000 && now->unfolded >= 1000) {
          folded_ += static_cast<double>((now->size - now->unfolded) - (before.size - before.unfolded));
          folded_seconds_ += seconds;
        }
        before = *now;
        then = at;
      }
      absl::SleepFor(absl::Milliseconds(100));
    }
  }

  JournalState& journal_;
  std::atomic<bool> ending_{false};
  double ordered_ = 0, ordered_seconds_ = 0, folded_ = 0, folded_seconds_ = 0;
  std::thread thread_;
};

template <typename Response, typename Request>
absl::Status Time(Caller& caller, const Worker& who, const char* measure, const char* method,
                  const Request& request, int64_t cases, Response* last) {
  Sample sample;
  for (int i = 0; i < kReads; ++i) {
    const absl::Time begin = absl::Now();
    GW_ASSIGN_OR_RETURN(*last, caller.Call<Response>(who, method, request));
    sample.latencies_ms.push_back(static_cast<float>(absl::ToDoubleMilliseconds(absl::Now() - begin)));
  }
  Print({{"measure", measure},
         {"cases", cases},
         {"p50_ms", sample.Percentile(0.5)},
         {"p95_ms", sample.Percentile(0.95)}});
  return absl::OkStatus();
}

// Counts again in SQL, per child of the board's division (the id after it in the path) and state, and
// compares with every row of the board.
absl::Status Recount(JournalState& journal, const report::v1::Board& board, absl::Time as_of, int64_t cases,
                     int64_t depth) {
  struct Cell {
    int64_t cases = 0, open = 0, overdue = 0;
  };
  std::map<std::string, Cell> counted;
  const absl::Time begin = absl::Now();
  GW_RETURN_IF_ERROR(journal.database().Run([&](db::Transaction& tx) -> absl::Status {
    const db::Value values[] = {16 * depth + 1, as_of};
    return tx.QueryValues(
        "SELECT SUBSTRING(ground_path, ?, 16) AS child, state, COUNT(*), CAST(SUM(due_us < ?) AS SIGNED) "
        "FROM case_file GROUP BY child, state",
        values, [&](const db::Row& row) {
          Cell& cell = counted[ResourceName("divisions", row.Id(0))];
          const int64_t n = row.Int(2);
          const bool open =
              row.Int(1) >= casework::v1::Case::FILED && row.Int(1) <= casework::v1::Case::SIGN_OFF;
          cell.cases += n;
          if (open) {
            cell.open += n;
            cell.overdue += row.OptInt(3).value_or(0);
          }
        });
  }));
  const double ms = absl::ToDoubleMilliseconds(absl::Now() - begin);
  int64_t differences = 0;
  Cell total;
  for (const report::v1::BoardRow& row : board.children()) {
    const Cell cell = counted[row.division()];
    differences += (cell.cases != row.cases()) + (cell.open != row.open()) + (cell.overdue != row.overdue());
    total.cases += cell.cases;
    total.open += cell.open;
    total.overdue += cell.overdue;
  }
  differences += (total.cases != board.total().cases()) + (total.open != board.total().open()) +
                 (total.overdue != board.total().overdue());
  Print({{"measure", "recount"},
         {"cases", cases},
         {"ms", ms},
         {"differences", differences},
         {"counted", total.cases},
         {"open", total.open},
         {"overdue", total.overdue}});
  return absl::OkStatus();
}

absl::Status Measure(const City& city, JournalState& journal, int64_t cases, int64_t depth) {
  Caller caller(city);
  const absl::Time as_of = absl::Now();
  report::v1::GetBoardRequest get;
  get.set_division(city.city);
  get.mutable_as_of()->set_seconds(absl::ToUnixSeconds(as_of));
  report::v1::Board board;
  GW_RETURN_IF_ERROR(Time(caller, city.office, "get_board", "gridwarden.report.v1.ReportService/GetBoard",
                          get, cases, &board));
  GW_RETURN_IF_ERROR(
      Recount(journal, board, absl::FromUnixSeconds(absl::ToUnixSeconds(as_of)), cases, depth));

  report::v1::ListBoardCasesRequest open;
  open.set_division(city.city);
  open.set_measure(report::v1::OVERDUE);
  open.set_page_size(50);
  report::v1::ListBoardCasesResponse behind;
  GW_RETURN_IF_ERROR(Time(caller, city.office, "board_cases",
                          "gridwarden.report.v1.ReportService/ListBoardCases", open, cases, &behind));

  casework::v1::ListCasesRequest late;
  late.set_division(city.townships.front().division);
  late.set_overdue(true);
  late.set_page_size(50);
  casework::v1::ListCasesResponse page;
  return Time(caller, city.office, "list_cases", "gridwarden.casework.v1.CaseworkService/ListCases", late,
              cases, &page);
}

absl::Status LoadAndWait(const City& city, JournalState& journal, const BulkPlan& plan,
                         int64_t cases_in_all) {
  Watch watch(journal);
  const absl::Time begin = absl::Now();
  GW_ASSIGN_OR_RETURN(const BulkResult loaded, LoadCases(city, plan));
  const absl::Duration loading = absl::Now() - begin;
  GW_RETURN_IF_ERROR(journal.WaitUntilDone(absl::Hours(1)).status());
  const double seconds = absl::ToDoubleSeconds(absl::Now() - begin);
  watch.End();
  // Without a backlog the load itself was the slower part: then the whole time counts.
  const double all = static_cast<double>(loaded.entries) / seconds;
  Print({{"measure", "loading"},
         {"cases", cases_in_all},
         {"rate", static_cast<double>(loaded.cases) / absl::ToDoubleSeconds(loading)},
         {"entries", loaded.entries},
         {"seconds", seconds}});
  Print({{"measure", "sequencing"}, {"cases", cases_in_all}, {"rate", std::max(all, watch.sequencing())}});
  Print({{"measure", "folding"}, {"cases", cases_in_all}, {"rate", std::max(all, watch.folding())}});
  return absl::OkStatus();
}

absl::Status Run(const Arguments& arguments) {
  const auto cases = static_cast<int64_t>(arguments.Number("cases", 100'000));
  const auto whole = std::min(cases, static_cast<int64_t>(arguments.Number("whole", 10'000)));
  const auto depth = static_cast<int64_t>(arguments.Number("depth", 2));
  const int64_t million = 10 * cases;
  GW_ASSIGN_OR_RETURN(City city, OpenCity(arguments.plan));
  GW_ASSIGN_OR_RETURN(const std::unique_ptr<JournalState> journal, JournalState::Open(city));
  if (whole < cases) {
    GW_RETURN_IF_ERROR(LoadCases(city, {.first = 0, .cases = cases - whole, .whole_lives = false}).status());
    GW_RETURN_IF_ERROR(journal->WaitUntilDone(absl::Minutes(20)).status());
  }
  GW_RETURN_IF_ERROR(
      LoadAndWait(city, *journal, {.first = cases - whole, .cases = whole, .whole_lives = true}, cases));
  GW_ASSIGN_OR_RETURN(city, OpenCity(arguments.plan));  // an access token lives ten minutes
  GW_RETURN_IF_ERROR(Measure(city, *journal, cases, depth));
  if (!arguments.Has("million")) return absl::OkStatus();
  GW_RETURN_IF_ERROR(
      LoadAndWait(city, *journal, {.first = cases, .cases = million - cases, .whole_lives = false}, million));
  GW_ASSIGN_OR_RETURN(city, OpenCity(arguments.plan));
  return Measure(city, *journal, million, depth);
}

}  // namespace
}  // namespace gridwarden::bench

int main(int argc, char** argv) {
  const absl::Status status = gridwarden::bench::Run(gridwarden::bench::Arguments::Of(argc, argv));
  if (!status.ok()) std::fprintf(stderr, "board_bench: %s\n", status.ToString().c_str());
  return status.ok() ? 0 : 1;
}
