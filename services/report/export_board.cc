#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "platform/csv/csv.h"
#include "report/report_service.h"

namespace gridwarden::report {
namespace {

const std::vector<std::string>& Header() {
  static const std::vector<std::string> header = {
      "区划",       "线索",       "待核实线索", "立案",       "在办",     "今日到期", "超期",
      "返工案卷",   "返工次数",   "结案",       "按期结案",   "强制结案", "未反弹",   "反弹",
      "立案待派",   "已派遣",     "回退",       "处置中",     "挂账",     "已反馈",   "核查中",
      "待签字",     "已结案",     "回头看",     "已反弹",     "归档",     "移送",     "作废",
      "结案率分子", "结案率分母", "结案率",     "按期结案率", "巩固率"};
  return header;
}

std::string Percent(const v1::Ratio& ratio) {
  if (ratio.denominator() == 0) return "—";
  return absl::StrFormat(
      "%.2f%%", 100.0 * static_cast<double>(ratio.numerator()) / static_cast<double>(ratio.denominator()));
}

void WriteLine(const std::string& label, const v1::BoardRow& row, std::string& out) {
  std::vector<std::string> cells{csv::GuardFormula(label)};
  auto add = [&](int64_t n) { cells.push_back(absl::StrCat(n)); };
  for (int64_t n : {row.signals(), row.signals_open(), row.cases(), row.open(), row.due_today(),
                    row.overdue(), row.rework(), row.rework_times(), row.closed(), row.closed_on_time(),
                    row.forced(), row.held(), row.not_held()}) {
    add(n);
  }
  for (int state = casework::v1::Case::FILED; state <= casework::v1::Case::VOIDED; ++state) {
    int64_t count = 0;
    for (const v1::StateCount& cell : row.states()) {
      if (cell.state() == state) count = cell.count();
    }
    add(count);
  }
  add(row.closure_rate().numerator());
  add(row.closure_rate().denominator());
  cells.push_back(Percent(row.closure_rate()));
  cells.push_back(Percent(row.on_time_rate()));
  cells.push_back(Percent(row.held_rate()));
  csv::WriteRow(cells, out);
}

}  // namespace

absl::StatusOr<v1::BoardFile> ExportBoard(Report& report, const rpc::Call& call,
                                          const v1::GetBoardRequest& request) {
  GW_ASSIGN_OR_RETURN(const v1::Board board, GetBoard(report, call, request));
  const absl::Time as_of = absl::FromUnixSeconds(board.as_of().seconds());
  const absl::TimeZone zone = absl::FixedTimeZone(8 * 3600);
  std::string text(csv::kByteOrderMark);
  csv::WriteRow({"截至时间", absl::FormatTime("%Y-%m-%d %H:%M:%S", as_of, zone), "日志序号",
                 absl::StrCat(board.log_index()), "类别",
                 request.category().empty() ? "全部" : csv::GuardFormula(request.category())},
                text);
  csv::WriteRow(Header(), text);
  for (const v1::BoardRow& row : board.children()) WriteLine(row.display_name(), row, text);
  WriteLine(absl::StrCat(board.own().display_name(), "（本级）"), board.own(), text);
  WriteLine("合计", board.total(), text);
  for (const v1::BoardRow& row : board.categories())
    WriteLine(absl::StrCat("类别：", row.display_name()), row, text);
  v1::BoardFile file;
  file.set_file_name(absl::StrCat("看板_", board.total().display_name(), "_",
                                  absl::FormatTime("%Y%m%d", as_of, zone), ".csv"));
  file.set_content_type("text/csv; charset=utf-8");
  file.set_content(std::move(text));
  file.set_log_index(board.log_index());
  return file;
}

}  // namespace gridwarden::report
