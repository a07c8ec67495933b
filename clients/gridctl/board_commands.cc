#include <cstdio>
#include <fstream>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "base/status.h"
#include "gridctl/command.h"
#include "gridctl/output.h"
#include "gridctl/words.h"
#include "gridwarden/report/v1/report_service.pb.h"

// gridctl board ...
namespace gridwarden::gridctl {
namespace {

namespace v1 = report::v1;

std::string Method(std::string_view name) {
  return "gridwarden.report.v1.ReportService/" + std::string(name);
}

std::string Percent(const v1::Ratio& ratio) {
  if (ratio.denominator() == 0) return "-";
  return absl::StrFormat(
      "%.1f%%", 100.0 * static_cast<double>(ratio.numerator()) / static_cast<double>(ratio.denominator()));
}

std::vector<std::string> Cells(const std::string& label, const v1::BoardRow& row) {
  std::vector<std::string> cells = {label};
  for (int64_t number : {row.signals(), row.cases(), row.open(), row.due_today(), row.overdue(), row.rework(),
                         row.closed(), row.closed_on_time(), row.held(), row.not_held()}) {
    cells.push_back(std::to_string(number));
  }
  cells.push_back(Percent(row.closure_rate()));
  cells.push_back(Percent(row.on_time_rate()));
  return cells;
}

Table BoardTable(const Invocation& run, const char* english, const char* chinese) {
  return run.chinese ? Table({chinese, "线索", "立案", "在办", "今日到期", "超期", "返工", "结案", "按期",
                              "未反弹", "反弹", "结案率", "按期率"})
                     : Table({english, "SIGNALS", "CASES", "OPEN", "DUE TODAY", "OVERDUE", "REWORK", "CLOSED",
                              "ON TIME", "HELD", "REBOUND", "CLOSURE", "ON-TIME"});
}

absl::StatusOr<v1::GetBoardRequest> Request(Invocation& run) {
  v1::GetBoardRequest request;
  GW_ASSIGN_OR_RETURN(*request.mutable_division(), run.session().DivisionName(run.positionals[0]));
  request.set_category(run.Get("--category"));
  request.set_by_category(run.Has("--by-category"));
  request.set_at_least_entry(run.Get("--at-least"));
  if (run.Has("--at-index")) {
    uint64_t index = 0;
    if (!absl::SimpleAtoi(run.Get("--at-index"), &index)) {
      return absl::InvalidArgumentError(
          absl::StrFormat("--at-index: got \"%s\", want a number", run.Get("--at-index")));
    }
    request.set_at_index(index);
  }
  if (run.Has("--as-of")) {
    GW_ASSIGN_OR_RETURN(const absl::Time as_of, run.GetTime("--as-of", absl::Now()));
    *request.mutable_as_of() = ToProto(as_of);
  }
  return request;
}

absl::Status Board(Invocation& run) {
  GW_ASSIGN_OR_RETURN(const v1::GetBoardRequest request, Request(run));
  if (run.Has("--csv")) {
    GW_ASSIGN_OR_RETURN(const v1::BoardFile file,
                        run.session().Call<v1::BoardFile>(Method("ExportBoard"), request));
    std::ofstream out(run.Get("--csv"), std::ios::binary);
    out << file.content();
    if (!out.flush()) return absl::InvalidArgumentError(run.Get("--csv") + ": cannot be written");
    if (run.json) {
      v1::BoardFile told = file;
      told.clear_content();
      PrintJson(told);
      return absl::OkStatus();
    }
    std::printf(run.chinese ? "%s：已写出，日志序号 %llu\n" : "%s: written, as of log index %llu\n",
                run.Get("--csv").c_str(), static_cast<unsigned long long>(file.log_index()));
    return absl::OkStatus();
  }
  GW_ASSIGN_OR_RETURN(const v1::Board board, run.session().Call<v1::Board>(Method("GetBoard"), request));
  if (run.json) {
    PrintJson(board);
    return absl::OkStatus();
  }
  std::printf(run.chinese ? "%s  截至 %s，日志序号 %llu\n" : "%s  as of %s, log index %llu\n",
              board.total().display_name().c_str(), LocalTime(board.as_of()).c_str(),
              static_cast<unsigned long long>(board.log_index()));
  Table table = BoardTable(run, "DIVISION", "区划");
  for (const v1::BoardRow& row : board.children()) table.Add(Cells(row.display_name(), row));
  if (board.own().signals() + board.own().cases() > 0)
    table.Add(Cells(run.chinese ? "（本级）" : "(itself)", board.own()));
  table.Add(Cells(run.chinese ? "合计" : "TOTAL", board.total()));
  std::fputs(table.ToString().c_str(), stdout);
  if (!board.categories().empty()) {
    Table categories = BoardTable(run, "CATEGORY", "类别");
    for (const v1::BoardRow& row : board.categories())
      categories.Add(Cells(CategoryWord(run, row.category()), row));
    std::printf("\n%s", categories.ToString().c_str());
  }
  return absl::OkStatus();
}

absl::Status Cases(Invocation& run) {
  v1::ListBoardCasesRequest request;
  GW_ASSIGN_OR_RETURN(*request.mutable_division(), run.session().DivisionName(run.positionals[0]));
  v1::Measure measure;
  if (!v1::Measure_Parse(absl::AsciiStrToUpper(run.positionals[1]), &measure)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("got \"%s\", want signals, cases, open, due_today, overdue, rework, closed, held ...",
                        run.positionals[1]));
  }
  request.set_measure(measure);
  request.set_category(run.Get("--category"));
  request.set_page_token(run.Get("--page"));
  if (run.Has("--as-of")) {
    GW_ASSIGN_OR_RETURN(const absl::Time as_of, run.GetTime("--as-of", absl::Now()));
    *request.mutable_as_of() = ToProto(as_of);
  }
  GW_ASSIGN_OR_RETURN(const v1::ListBoardCasesResponse page,
                      run.session().Call<v1::ListBoardCasesResponse>(Method("ListBoardCases"), request));
  if (run.json) {
    PrintJson(page);
    return absl::OkStatus();
  }
  Table table = MakeTable(run, {"NUMBER", "STATE", "CATEGORY", "WHERE", "FOUND", "DUE", "CLOSED", "NAME"});
  for (const v1::BoardCase& one : page.cases()) {
    table.Add({one.case_no(), StateWord(run, one.state()), CategoryWord(run, one.category()),
               one.division_path(), LocalTime(one.event_time()), LocalTime(one.due_time()),
               LocalTime(one.close_time()), one.name()});
  }
  std::fputs(table.empty() ? Say(run, "no cases\n", "没有案卷\n").c_str() : table.ToString().c_str(), stdout);
  PrintMore(run, page.next_page_token());
  return absl::OkStatus();
}

void PrintDifferences(Invocation& run,
                      const google::protobuf::RepeatedPtrField<v1::Difference>& differences) {
  Table table = MakeTable(run, {"DIVISION", "CATEGORY", "COUNTED", "BOARD", "RECOUNT"});
  for (const v1::Difference& one : differences) {
    table.Add({one.division(), CategoryWord(run, one.category()), one.measure(), std::to_string(one.board()),
               std::to_string(one.recount())});
  }
  if (!table.empty()) std::fputs(table.ToString().c_str(), stdout);
}

absl::Status Audit(Invocation& run) {
  v1::AuditRollupRequest request;
  GW_ASSIGN_OR_RETURN(*request.mutable_division(), run.session().DivisionName(run.positionals[0]));
  GW_ASSIGN_OR_RETURN(const v1::Audit audit, run.session().Call<v1::Audit>(Method("AuditRollup"), request));
  if (run.json) {
    PrintJson(audit);
  } else {
    std::printf(run.chinese ? "复核 %lld 条，日志序号 %llu，差异 %lld 处\n"
                            : "%lld facts recounted at log index %llu, %lld differences\n",
                static_cast<long long>(audit.facts_counted()),
                static_cast<unsigned long long>(audit.log_index()),
                static_cast<long long>(audit.differences()));
    PrintDifferences(run, audit.first());
  }
  return audit.differences() == 0 ? absl::OkStatus()
                                  : ExitWith(kRefused, "the board differs from the recount");
}

absl::Status Rebuild(Invocation& run) {
  v1::RebuildRollupRequest request;
  request.set_request_id(NewRequestId());
  GW_ASSIGN_OR_RETURN(const v1::Rebuild rebuild,
                      run.session().Call<v1::Rebuild>(Method("RebuildRollup"), request));
  if (run.json) {
    PrintJson(rebuild);
  } else {
    std::printf(run.chinese ? "%s：已折叠 %llu / %llu 条，差异 %lld 处\n"
                            : "%s: %llu of %llu entries folded, %lld differences\n",
                Word(run, rebuild.state()).c_str(), static_cast<unsigned long long>(rebuild.folded_index()),
                static_cast<unsigned long long>(rebuild.target_index()),
                static_cast<long long>(rebuild.differences()));
    PrintDifferences(run, rebuild.first());
  }
  return absl::OkStatus();
}

}  // namespace

void AddBoardCommands(std::vector<Command>& commands) {
  const Option as_of = {"--as-of", "TIME",
                        "the instant at which overdue and due today are meant; default now"};
  const Option category = {"--category", "CODE", "only this category and those below it"};
  commands.push_back(
      {.words = "board",
       .arguments = "DIVISION",
       .summary = "shows the closure board of a division and its children",
       .options = {category,
                   {"--at-index", "N", "the state after entries 0..N-1 of the log"},
                   as_of,
                   {"--by-category", "", "also a line per category"},
                   {"--at-least", "REQUEST_ID", "wait until this request is counted"},
                   {"--csv", "FILE", "write it for a spreadsheet instead"}},
       .examples = {"gridctl board 4117", "gridctl board 驻马店市/遂平县 --category STRAW_BURNING"},
       .run = Board});
  commands.push_back({.words = "board cases",
                      .arguments = "DIVISION MEASURE",
                      .summary = "lists the cases behind a number of the board",
                      .options = {category, as_of, {"--page", "TOKEN", "go on after a page"}},
                      .examples = {"gridctl board cases 411702 overdue"},
                      .run = Cases});
  commands.push_back({.words = "board audit",
                      .arguments = "DIVISION",
                      .summary = "recounts a division from its cases and compares with the board",
                      .examples = {"gridctl board audit 4117"},
                      .run = Audit});
  commands.push_back({.words = "board rebuild",
                      .summary = "folds the whole journal again and compares",
                      .examples = {"gridctl board rebuild"},
                      .run = Rebuild});
}

}  // namespace gridwarden::gridctl
