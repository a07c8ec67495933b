#include <cstdio>
#include <fstream>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "base/status.h"
#include "gridctl/case_words.h"
#include "gridctl/command.h"
#include "gridctl/output.h"
#include "gridctl/words.h"
#include "gridwarden/source/v1/source_service.pb.h"

// gridctl source ...
namespace gridwarden::gridctl {
namespace {

namespace v1 = source::v1;

std::string Method(std::string_view name) {
  return "gridwarden.source.v1.SourceService/" + std::string(name);
}

void PrintSources(Invocation& run, const google::protobuf::RepeatedPtrField<v1::Source>& sources) {
  Table table = MakeTable(run, {"NUMBER", "NAME", "CATEGORY", "STATE", "DISPOSITION", "SOURCE"});
  for (const v1::Source& source : sources) {
    table.Add({source.source_no(), source.display_name(), CategoryWord(run, source.category()),
               Word(run, source.state()), Word(run, source.disposition()), source.name()});
  }
  std::fputs(table.ToString().c_str(), stdout);
}

absl::Status List(Invocation& run) {
  v1::ListSourcesRequest request;
  if (run.Has("--division")) {
    GW_ASSIGN_OR_RETURN(*request.mutable_division(), run.session().DivisionName(run.Get("--division")));
  }
  for (const std::string& text : run.All("--state")) {
    v1::Source::State state;
    if (!v1::Source::State_Parse(absl::AsciiStrToUpper(text), &state)) {
      return absl::InvalidArgumentError(
          absl::StrFormat("--state: got \"%s\", want ACTIVE, STOPPED, CLOSED or GONE", text));
    }
    request.add_states(state);
  }
  request.set_category(run.Get("--category"));
  request.set_query(run.Get("--query"));
  request.set_page_token(run.Get("--page"));
  GW_ASSIGN_OR_RETURN(const v1::ListSourcesResponse page,
                      run.session().Call<v1::ListSourcesResponse>(Method("ListSources"), request));
  if (run.json) {
    PrintJson(page);
    return absl::OkStatus();
  }
  if (page.sources().empty())
    std::puts(Say(run, "no sources", "没有污染源").c_str());
  else
    PrintSources(run, page.sources());
  PrintMore(run, page.next_page_token());
  return absl::OkStatus();
}

absl::Status Show(Invocation& run) {
  v1::GetSourceRequest request;
  request.set_name(NameIn("sources", run.positionals[0]));
  GW_ASSIGN_OR_RETURN(const v1::Source source, run.session().Call<v1::Source>(Method("GetSource"), request));
  if (run.json) {
    PrintJson(source);
    return absl::OkStatus();
  }
  google::protobuf::RepeatedPtrField<v1::Source> one;
  *one.Add() = source;
  PrintSources(run, one);
  return absl::OkStatus();
}

absl::Status Export(Invocation& run) {
  v1::ExportSourcesRequest request;
  if (run.Has("--division")) {
    GW_ASSIGN_OR_RETURN(*request.mutable_division(), run.session().DivisionName(run.Get("--division")));
  }
  request.set_category(run.Get("--category"));
  std::ofstream out(run.positionals[0], std::ios::binary);
  if (!out) return absl::InvalidArgumentError(run.positionals[0] + ": cannot be written");
  int64_t rows = 0;
  bool first = true;
  do {
    GW_ASSIGN_OR_RETURN(const v1::ExportSourcesResponse page,
                        run.session().Call<v1::ExportSourcesResponse>(Method("ExportSources"), request));
    std::string_view content = page.content();
    if (!first) content.remove_prefix(std::min(content.size(), content.find('\n') + 1));  // the header once
    out << content;
    first = false;
    rows += page.rows();
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  if (!out.flush()) return absl::InvalidArgumentError(run.positionals[0] + ": cannot be written");
  if (run.json) {
    v1::ExportSourcesResponse told;
    told.set_rows(static_cast<int32_t>(rows));
    PrintJson(told);
    return absl::OkStatus();
  }
  std::printf(run.chinese ? "%s：%lld 个污染源\n" : "%s: %lld sources\n", run.positionals[0].c_str(),
              static_cast<long long>(rows));
  return absl::OkStatus();
}

}  // namespace

void AddSourceCommands(std::vector<Command>& commands) {
  const Option division = {"--division", "DIVISION", "it and all below"};
  const Option category = {"--category", "CODE", "only this category"};
  commands.push_back({.words = "source list",
                      .summary = "lists the ledger of sources in your scope 台账",
                      .options = {division,
                                  category,
                                  {"--state", "STATE", "ACTIVE, STOPPED, CLOSED, GONE", true},
                                  {"--query", "TEXT", "names or numbers beginning so"},
                                  {"--page", "TOKEN", "go on after a page"}},
                      .examples = {"gridctl source list --division 411702 --category SMALL_POLLUTER"},
                      .run = List});
  commands.push_back({.words = "source show",
                      .arguments = "SOURCE",
                      .summary = "shows one source",
                      .examples = {"gridctl source show 0190..."},
                      .run = Show});
  commands.push_back({.words = "source export",
                      .arguments = "FILE",
                      .summary = "writes the ledger as CSV that can be imported again",
                      .options = {division, category},
                      .examples = {"gridctl source export ledger.csv --division 411702"},
                      .run = Export});
}

}  // namespace gridwarden::gridctl
