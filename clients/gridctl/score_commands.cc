#include <cstdio>
#include <fstream>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status.h"
#include "gridctl/case_words.h"
#include "gridctl/command.h"
#include "gridctl/output.h"
#include "gridctl/words.h"
#include "gridwarden/report/v1/score_service.pb.h"

// gridctl score ...
namespace gridwarden::gridctl {
namespace {

namespace v1 = report::v1;

std::string Method(std::string_view name) { return "gridwarden.report.v1.ScoreService/" + std::string(name); }

// "2026", "2026-11" or "2026-Q4".
absl::Status ReadPeriod(const std::string& given, v1::ScorePeriod* period) {
  // This month, where none is named.
  const std::string text =
      given.empty() ? absl::FormatTime("%Y-%m", absl::Now(), absl::FixedTimeZone(8 * 3600)) : given;
  int year = 0, part = 0;
  const bool quarter = text.size() == 7 && (text[5] == 'Q' || text[5] == 'q');
  const bool month = !quarter && text.size() == 7;
  bool ok = text.size() >= 4 && absl::SimpleAtoi(text.substr(0, 4), &year);
  if (quarter || month) ok = ok && text[4] == '-' && absl::SimpleAtoi(text.substr(quarter ? 6 : 5), &part);
  if (!ok || (!quarter && !month && text.size() != 4)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("--period: got \"%s\", want 2026, 2026-11 or 2026-Q4", text));
  }
  period->set_year(year);
  if (quarter) period->set_quarter(part);
  if (month) period->set_month(part);
  return absl::OkStatus();
}

std::string PartyOf(const Invocation& run) {
  const std::string text = run.Get("--party");
  return text.empty() || text.find('/') != std::string::npos ? text : NameIn("posts", text);
}

absl::StatusOr<v1::GetScoresRequest> Wanted(Invocation& run) {
  v1::GetScoresRequest request;
  GW_ASSIGN_OR_RETURN(*request.mutable_division(), run.session().DivisionName(run.positionals[0]));
  GW_RETURN_IF_ERROR(ReadPeriod(run.Get("--period"), request.mutable_period()));
  request.set_party(PartyOf(run));
  request.set_by_party(run.Has("--by-party"));
  return request;
}

void AddRow(const Invocation& run, const std::string& name, const v1::ScoreRow& row, Table& table) {
  for (const v1::ScoreTerm& term : row.terms()) {
    if (!run.Has("--all") && term.numerator() + term.denominator() + term.uncertain() + term.adjusted() == 0)
      continue;
    const std::string rate = term.is_count() || term.denominator() == 0
                                 ? "-"
                                 : absl::StrFormat("%.2f%%", 100.0 * static_cast<double>(term.numerator()) /
                                                                 static_cast<double>(term.denominator()));
    table.Add({name, run.chinese ? term.zh() : term.code(), absl::StrCat(term.numerator()),
               term.is_count() ? "-" : absl::StrCat(term.denominator()), rate, absl::StrCat(term.uncertain()),
               absl::StrCat(term.adjusted()), run.chinese ? term.formula_zh() : term.formula_en()});
  }
}

absl::Status Show(Invocation& run) {
  GW_ASSIGN_OR_RETURN(const v1::GetScoresRequest request, Wanted(run));
  GW_ASSIGN_OR_RETURN(const v1::Scores scores, run.session().Call<v1::Scores>(Method("GetScores"), request));
  if (run.json) {
    PrintJson(scores);
    return absl::OkStatus();
  }
  Table table = MakeTable(
      run, {"PLACE", "TERM", "NUMERATOR", "DENOMINATOR", "RATE", "UNCERTAIN", "ADJUSTED", "FORMULA"});
  AddRow(run, scores.total().display_name(), scores.total(), table);
  if (run.Has("--children")) {
    for (const v1::ScoreRow& row : scores.children()) AddRow(run, row.display_name(), row, table);
  }
  for (const v1::ScoreRow& row : scores.parties())
    AddRow(run, row.name().empty() ? "-" : row.display_name(), row, table);
  std::fputs(
      table.empty() ? Say(run, "nothing is counted\n", "没有计入的案卷\n").c_str() : table.ToString().c_str(),
      stdout);
  return absl::OkStatus();
}

absl::Status Export(Invocation& run) {
  GW_ASSIGN_OR_RETURN(const v1::GetScoresRequest request, Wanted(run));
  GW_ASSIGN_OR_RETURN(const v1::ScoreFile file,
                      run.session().Call<v1::ScoreFile>(Method("ExportScores"), request));
  if (!run.Has("--output")) {
    std::fwrite(file.content().data(), 1, file.content().size(), stdout);
    return absl::OkStatus();
  }
  std::ofstream out(run.Get("--output"), std::ios::binary);
  out << file.content();
  out.close();
  if (!out) return absl::UnavailableError("cannot write " + run.Get("--output"));
  return absl::OkStatus();
}

absl::Status Cases(Invocation& run) {
  v1::ListScoreCasesRequest request;
  GW_ASSIGN_OR_RETURN(*request.mutable_division(), run.session().DivisionName(run.positionals[0]));
  request.set_term(absl::AsciiStrToUpper(run.positionals[1]));
  GW_RETURN_IF_ERROR(ReadPeriod(run.Get("--period"), request.mutable_period()));
  request.set_party(PartyOf(run));
  request.set_page_token(run.Get("--page"));
  GW_ASSIGN_OR_RETURN(const v1::ListScoreCasesResponse page,
                      run.session().Call<v1::ListScoreCasesResponse>(Method("ListScoreCases"), request));
  if (run.json) {
    PrintJson(page);
    return absl::OkStatus();
  }
  Table table = MakeTable(run, {"MONTH", "NUMBER", "NUMERATOR", "DENOMINATOR", "LEFT OUT", "CASE"});
  for (const v1::ScoreCase& one : page.cases()) {
    table.Add({absl::StrCat(one.month()), one.case_no(), absl::StrCat(one.numerator()),
               absl::StrCat(one.denominator()),
               one.adjusted()    ? Say(run, "appeal upheld", "申诉剔除")
               : one.uncertain() ? Say(run, "time uncertain", "时间不确定")
                                 : "",
               one.name()});
  }
  std::fputs(table.empty() ? Say(run, "no cases\n", "没有案卷\n").c_str() : table.ToString().c_str(), stdout);
  PrintMore(run, page.next_page_token());
  return absl::OkStatus();
}

std::string StateOf(const Invocation& run, v1::ScoreAppeal::State state) {
  switch (state) {
    case v1::ScoreAppeal::SUBMITTED:
      return Say(run, "SUBMITTED", "待裁定");
    case v1::ScoreAppeal::UPHELD:
      return Say(run, "UPHELD", "支持");
    case v1::ScoreAppeal::REJECTED:
      return Say(run, "REJECTED", "驳回");
    case v1::ScoreAppeal::FINAL:
      return Say(run, "FINAL", "终局驳回");
    default:
      return "-";
  }
}

void PrintAppeals(Invocation& run, const google::protobuf::RepeatedPtrField<v1::ScoreAppeal>& appeals) {
  Table table = MakeTable(run, {"STATE", "LEVEL", "TERM", "SUBMITTED", "FURTHER UNTIL", "CASE", "APPEAL"});
  for (const v1::ScoreAppeal& one : appeals) {
    table.Add({StateOf(run, one.state()), absl::StrCat(one.level()), one.term(), LocalTime(one.submit_time()),
               LocalTime(one.raise_due_time()), one.case_(), one.name()});
  }
  std::fputs(table.empty() ? Say(run, "no appeals\n", "没有申诉\n").c_str() : table.ToString().c_str(),
             stdout);
}

absl::Status Answer(Invocation& run, const absl::StatusOr<v1::ScoreAppeal>& appeal) {
  GW_RETURN_IF_ERROR(appeal.status());
  if (run.json) {
    PrintJson(*appeal);
    return absl::OkStatus();
  }
  google::protobuf::RepeatedPtrField<v1::ScoreAppeal> one;
  *one.Add() = *appeal;
  PrintAppeals(run, one);
  return absl::OkStatus();
}

absl::Status Appeal(Invocation& run) {
  v1::SubmitScoreAppealRequest request;
  request.set_request_id(NewRequestId());
  request.set_case_(run.positionals[0].starts_with("signals/") ? run.positionals[0]
                                                               : CaseName(run.positionals[0]));
  request.set_term(absl::AsciiStrToUpper(run.positionals[1]));
  request.set_statement(run.Get("--statement"));
  GW_RETURN_IF_ERROR(AddPhotos(run, request.mutable_evidence()));
  return Answer(run, run.session().Call<v1::ScoreAppeal>(Method("SubmitScoreAppeal"), request));
}

absl::Status Decide(Invocation& run) {
  v1::DecideScoreAppealRequest request;
  request.set_request_id(NewRequestId());
  request.set_name(NameIn("scoreAppeals", run.positionals[0]));
  const std::string verdict = absl::AsciiStrToLower(run.positionals[1]);
  if (verdict != "uphold" && verdict != "reject")
    return absl::InvalidArgumentError(absl::StrFormat("got \"%s\", want uphold or reject", verdict));
  request.set_upheld(verdict == "uphold");
  request.set_reason(run.Get("--reason"));
  request.set_etag(run.Get("--etag"));
  return Answer(run, run.session().Call<v1::ScoreAppeal>(Method("DecideScoreAppeal"), request));
}

absl::Status Further(Invocation& run) {
  v1::RaiseScoreAppealRequest request;
  request.set_request_id(NewRequestId());
  request.set_name(NameIn("scoreAppeals", run.positionals[0]));
  request.set_etag(run.Get("--etag"));
  return Answer(run, run.session().Call<v1::ScoreAppeal>(Method("RaiseScoreAppeal"), request));
}

absl::Status ShowAppeal(Invocation& run) {
  v1::GetScoreAppealRequest request;
  request.set_name(NameIn("scoreAppeals", run.positionals[0]));
  return Answer(run, run.session().Call<v1::ScoreAppeal>(Method("GetScoreAppeal"), request));
}

absl::Status Appeals(Invocation& run) {
  v1::ListScoreAppealsRequest request;
  if (run.Has("--division")) {
    GW_ASSIGN_OR_RETURN(*request.mutable_division(), run.session().DivisionName(run.Get("--division")));
  }
  for (const std::string& text : run.All("--state")) {
    v1::ScoreAppeal::State state;
    if (!v1::ScoreAppeal::State_Parse(absl::AsciiStrToUpper(text), &state)) {
      return absl::InvalidArgumentError(
          absl::StrFormat("--state: got \"%s\", want SUBMITTED, UPHELD, REJECTED or FINAL", text));
    }
    request.add_states(state);
  }
  request.set_page_token(run.Get("--page"));
  GW_ASSIGN_OR_RETURN(const v1::ListScoreAppealsResponse page,
                      run.session().Call<v1::ListScoreAppealsResponse>(Method("ListScoreAppeals"), request));
  if (run.json) {
    PrintJson(page);
    return absl::OkStatus();
  }
  PrintAppeals(run, page.appeals());
  PrintMore(run, page.next_page_token());
  return absl::OkStatus();
}

const Option kPeriod = {"--period", "PERIOD", "2026, 2026-11 or 2026-Q4; this month by default"};
const Option kParty = {"--party", "UNIT|POST", "only what counts for this unit or post"};

}  // namespace

void AddScoreCommands(std::vector<Command>& commands) {
  commands.push_back({.words = "score show",
                      .arguments = "DIVISION",
                      .summary = "shows the evaluation terms with their formulas",
                      .options = {kPeriod,
                                  kParty,
                                  {"--by-party", "", "also by unit and post"},
                                  {"--children", "", "also by the divisions below"},
                                  {"--all", "", "also terms that count nothing"}},
                      .examples = {"gridctl score show 411702 --period 2026-11 --children"},
                      .run = Show});
  commands.push_back({.words = "score export",
                      .arguments = "DIVISION",
                      .summary = "writes the evaluation terms as CSV",
                      .options = {kPeriod,
                                  kParty,
                                  {"--by-party", "", "also by unit and post"},
                                  {"--output", "FILE", "where to; else standard output"}},
                      .examples = {"gridctl score export 411702 --period 2026-Q4 --output scores.csv"},
                      .run = Export});
  commands.push_back({.words = "score cases",
                      .arguments = "DIVISION TERM",
                      .summary = "lists the cases that a number is made of",
                      .options = {kPeriod, kParty, {"--page", "TOKEN", "go on after a page"}},
                      .examples = {"gridctl score cases 411702 ON_TIME_RATE --period 2026-11"},
                      .run = Cases});
  commands.push_back({.words = "score appeal",
                      .arguments = "CASE TERM",
                      .summary = "appeals against one case in one term",
                      .options = {{"--statement", "TEXT", "why it should not count"}, PhotoOption()},
                      .examples = {"gridctl score appeal 0190... ON_TIME_RATE --statement 已按期整改"},
                      .run = Appeal});
  commands.push_back({.words = "score decide",
                      .arguments = "APPEAL uphold|reject",
                      .summary = "decides an appeal at the level it stands at",
                      .options = {{"--reason", "TEXT", "why"}, EtagOption()},
                      .examples = {"gridctl score decide 0190... uphold --reason 经核实"},
                      .run = Decide});
  commands.push_back({.words = "score further",
                      .arguments = "APPEAL",
                      .summary = "takes a rejected appeal to the next level",
                      .options = {EtagOption()},
                      .examples = {"gridctl score further 0190..."},
                      .run = Further});
  commands.push_back({.words = "score appeal-show",
                      .arguments = "APPEAL",
                      .summary = "shows an appeal",
                      .examples = {"gridctl score appeal-show 0190..."},
                      .run = ShowAppeal});
  commands.push_back({.words = "score appeals",
                      .summary = "lists the appeals in your scope",
                      .options = {{"--division", "DIVISION", "it and all below"},
                                  {"--state", "STATE", "SUBMITTED, UPHELD, REJECTED, FINAL", true},
                                  {"--page", "TOKEN", "go on after a page"}},
                      .examples = {"gridctl score appeals --state SUBMITTED"},
                      .run = Appeals});
}

}  // namespace gridwarden::gridctl
