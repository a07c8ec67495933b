#include <cstdio>
#include <fstream>
#include <iterator>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "base/csv.h"
#include "base/status.h"
#include "gridctl/command.h"
#include "gridctl/output.h"
#include "gridctl/words.h"
#include "gridwarden/grid/v1/grid_service.pb.h"

// gridctl division reorganise, correct, proposals, decide, history; hand-over: ground that changes and posts
// that pass on.
namespace gridwarden::gridctl {
namespace {

namespace v1 = grid::v1;

std::string Method(std::string_view name) { return "gridwarden.grid.v1.GridService/" + std::string(name); }

std::string OrDash(const std::string& text) { return text.empty() ? "-" : text; }

template <typename Message>
std::string TimeOrDash(bool has, const Message& time) {
  return has ? LocalTime(time) : "-";
}

void PrintOpenWork(Invocation& run, const v1::OpenWork& work) {
  const auto number = [&](bool has, int64_t value) {
    return has ? std::to_string(value) : Say(run, "unknown", "未知");
  };
  std::printf(
      run.chinese ? "在办案卷 %s，未完成巡查任务 %s，污染源 %s%s\n"
                  : "open cases %s, inspections to make %s, sources %s%s\n",
      number(work.has_cases_open(), work.cases_open()).c_str(),
      number(work.has_patrol_tasks_open(), work.patrol_tasks_open()).c_str(),
      number(work.has_sources(), work.sources()).c_str(),
      work.log_index() > 0
          ? absl::StrFormat(run.chinese ? "（日志序号 %d）" : " (as of journal index %d)", work.log_index())
                .c_str()
          : "");
  for (const std::string& case_no : work.case_nos()) std::printf("  %s\n", case_no.c_str());
}

void PrintReorganisation(Invocation& run, const v1::Reorganisation& answer) {
  if (answer.dry_run())
    std::printf("%s\n", Say(run, "(dry run: nothing was stored)", "（试算，没有写入任何数据）").c_str());
  Table divisions = MakeTable(run, {"OLD CODE", "BEFORE", "CODE", "AFTER"});
  for (const v1::Reorganisation::ChangedDivision& division : answer.divisions()) {
    divisions.Add({OrDash(division.old_code()),
                   division.old_path().empty() ? Say(run, "(new)", "（新设）") : division.old_path(),
                   OrDash(division.code()),
                   division.path().empty() ? Say(run, "(ends)", "（撤销）") : division.path()});
  }
  std::fputs(divisions.ToString().c_str(), stdout);
  Table posts = MakeTable(run, {"WHAT", "DIVISION", "POST", "HOLDER", "UNTIL"});
  for (const v1::Reorganisation::AffectedPost& post : answer.posts()) {
    posts.Add({post.ends()         ? Say(run, "ends", "随区划撤销")
               : post.has_tenure() ? Say(run, "goes on", "恢复")
                                   : Say(run, "new", "新设"),
               post.division_display_name(), Word(run, post.post().kind()),
               post.has_tenure() ? post.person_display_name() : Vacant(run),
               TimeOrDash(post.tenure().has_valid_to(), post.tenure().valid_to())});
  }
  if (!posts.empty()) std::fputs(posts.ToString().c_str(), stdout);
  Table links = MakeTable(run, {"WHAT", "SINCE", "DOCUMENT", "LINEAGE"});
  for (const v1::Lineage& lineage : answer.lineages())
    links.Add({Word(run, lineage.kind()), LocalTime(lineage.effective_time()), lineage.document_no(),
               lineage.name()});
  if (!answer.dry_run()) std::fputs(links.ToString().c_str(), stdout);
  if (answer.has_open_work()) PrintOpenWork(run, answer.open_work());
}

absl::Status Bad(std::string_view option, const std::string& got, std::string_view want) {
  return absl::InvalidArgumentError(
      absl::StrCat(std::string(option), ": got \"", got, "\", want ", std::string(want)));
}

// "FROM=TO", both sides something.
absl::StatusOr<std::pair<std::string, std::string>> Pair(std::string_view option, const std::string& text) {
  const size_t sign = text.find('=');
  if (sign == std::string::npos || sign == 0 || sign + 1 == text.size())
    return Bad(option, text, "DIVISION=...");
  return std::pair(text.substr(0, sign), text.substr(sign + 1));
}

// Rows "kind,division,to,share,name,code", the kind as MERGE or 合并.
absl::Status ReadOperations(const std::string& path, v1::ReorganiseDivisionsRequest& request) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return absl::InvalidArgumentError(path + ": cannot be read");
  const std::string content(std::istreambuf_iterator<char>(in), {});
  GW_ASSIGN_OR_RETURN(const CsvTable table, ParseCsv(content, 200));
  const CsvColumn columns[] = {{{"kind", "事项"}, true}, {{"division", "区划"}, true},
                               {{"to", "去向", "划入"}}, {{"share", "份额"}},
                               {{"name", "新名称"}},     {{"code", "新代码"}}};
  GW_ASSIGN_OR_RETURN(const std::vector<int> places, FindColumns(table, columns));
  for (const CsvRow& row : table.rows) {
    const auto cell = [&](int column) {
      return places[column] >= 0 && places[column] < static_cast<int>(row.cells.size())
                 ? row.cells[places[column]]
                 : std::string();
    };
    v1::DivisionOperation& operation = *request.add_operations();
    v1::Lineage::Kind kind = v1::Lineage::KIND_UNSPECIFIED;
    for (int k = v1::Lineage::MERGE; k <= v1::Lineage::ABOLISH; ++k) {
      const auto& type = *google::protobuf::GetEnumDescriptor<v1::Lineage::Kind>();
      if (cell(0) == EnumWord(type, k, true) || cell(0) == EnumWord(type, k, false))
        kind = static_cast<v1::Lineage::Kind>(k);
    }
    if (kind == v1::Lineage::KIND_UNSPECIFIED)
      return Bad(absl::StrCat(path, ":", row.line), cell(0), "MERGE, SPLIT, RENAME, MOVE, RECODE or ABOLISH");
    operation.set_kind(kind);
    operation.set_division(cell(1));
    operation.set_to(cell(2));
    double share = 0;
    if (!cell(3).empty() && !absl::SimpleAtod(cell(3), &share))
      return Bad(absl::StrCat(path, ":", row.line), cell(3), "a share from 0 to 1");
    operation.set_share(share);
    operation.set_display_name(cell(4));
    operation.set_code(cell(5));
  }
  return absl::OkStatus();
}

absl::Status Reorganise(Invocation& run) {
  v1::ReorganiseDivisionsRequest request;
  request.set_request_id(NewRequestId());
  request.set_document_no(run.Get("--document"));
  request.set_dry_run(run.Has("--dry-run"));
  GW_ASSIGN_OR_RETURN(const absl::Time effective, run.GetTime("--since", absl::Now()));
  *request.mutable_effective_time() = ToProto(effective);
  if (!run.positionals.empty()) GW_RETURN_IF_ERROR(ReadOperations(run.positionals[0], request));
  const auto add = [&](v1::Lineage::Kind kind, const std::string& division) -> v1::DivisionOperation& {
    v1::DivisionOperation& operation = *request.add_operations();
    operation.set_kind(kind);
    operation.set_division(division);
    return operation;
  };
  for (const std::string& text : run.All("--merge")) {
    GW_ASSIGN_OR_RETURN(const auto pair, Pair("--merge", text));
    add(v1::Lineage::MERGE, pair.first).set_to(pair.second);
  }
  for (const std::string& text : run.All("--split")) {
    GW_ASSIGN_OR_RETURN(const auto pair, Pair("--split", text));
    v1::DivisionOperation& operation = add(v1::Lineage::SPLIT, pair.first);
    const size_t colon = pair.second.rfind(':');
    double share = 0;
    const bool shared = colon != std::string::npos && pair.second.find('.', colon) != std::string::npos;
    if (shared && !absl::SimpleAtod(pair.second.substr(colon + 1), &share))
      return Bad("--split", text, "FROM=TO or FROM=TO:0.4");
    operation.set_to(shared ? pair.second.substr(0, colon) : pair.second);
    operation.set_share(share);
  }
  for (const std::string& text : run.All("--rename")) {
    GW_ASSIGN_OR_RETURN(const auto pair, Pair("--rename", text));
    add(v1::Lineage::RENAME, pair.first).set_display_name(pair.second);
  }
  for (const std::string& text : run.All("--move")) {
    GW_ASSIGN_OR_RETURN(const auto pair, Pair("--move", text));
    add(v1::Lineage::MOVE, pair.first).set_to(pair.second);
  }
  for (const std::string& text : run.All("--recode")) {
    GW_ASSIGN_OR_RETURN(const auto pair, Pair("--recode", text));
    add(v1::Lineage::RECODE, pair.first).set_code(pair.second);
  }
  for (const std::string& text : run.All("--abolish")) add(v1::Lineage::ABOLISH, text);
  GW_ASSIGN_OR_RETURN(const v1::Reorganisation answer,
                      run.session().Call<v1::Reorganisation>(Method("ReorganiseDivisions"), request));
  if (run.json) {
    PrintJson(answer);
  } else {
    PrintReorganisation(run, answer);
  }
  return absl::OkStatus();
}

absl::Status Correct(Invocation& run) {
  v1::CorrectReorganisationRequest request;
  request.set_request_id(NewRequestId());
  for (const std::string& name : run.positionals)
    request.add_lineages(name.starts_with("lineages/") ? name : "lineages/" + name);
  request.set_dry_run(run.Has("--dry-run"));
  GW_ASSIGN_OR_RETURN(const v1::Reorganisation answer,
                      run.session().Call<v1::Reorganisation>(Method("CorrectReorganisation"), request));
  if (run.json) {
    PrintJson(answer);
  } else {
    PrintReorganisation(run, answer);
  }
  return absl::OkStatus();
}

std::string CandidateText(Invocation& run, const v1::DivisionProposal& proposal,
                          const v1::DivisionProposal::Candidate& candidate) {
  const bool appeared = proposal.kind() == v1::DivisionProposal::APPEARED;
  switch (candidate.kind()) {
    case v1::Lineage::MERGE:
      return absl::StrCat(appeared ? Say(run, "took over ", "承接 ") : Say(run, "merged into ", "并入 "),
                          candidate.other_display_name());
    case v1::Lineage::SPLIT:
      return absl::StrCat(Say(run, "split off from ", "析自 "), candidate.other_display_name());
    case v1::Lineage::RENAME:
      return absl::StrCat(Say(run, "renamed ", "更名为 "), proposal.listed_display_name());
    case v1::Lineage::ABOLISH:
      return proposal.kind() == v1::DivisionProposal::RENAMED_OR_REPLACED
                 ? absl::StrCat(Say(run, "ended; its code is now another's: ", "撤销，代码改用于 "),
                                proposal.listed_display_name())
                 : Say(run, "ended", "撤销");
    default:
      return Say(run, "new ground, nothing else changes", "新设，与他处无关");
  }
}

absl::Status Proposals(Invocation& run) {
  v1::ListDivisionProposalsRequest request;
  if (!run.positionals.empty()) request.set_division(run.positionals[0]);
  const std::string state = run.Get("--state", "OPEN");
  v1::DivisionProposal::State wanted;
  if (!v1::DivisionProposal::State_Parse(state, &wanted))
    return Bad("--state", state, "OPEN, ACCEPTED or DISMISSED");
  request.set_state(wanted);
  request.set_page_size(500);
  v1::ListDivisionProposalsResponse all;
  do {
    GW_ASSIGN_OR_RETURN(
        const v1::ListDivisionProposalsResponse page,
        run.session().Call<v1::ListDivisionProposalsResponse>(Method("ListDivisionProposals"), request));
    all.mutable_proposals()->MergeFrom(page.proposals());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  if (run.json) {
    PrintJson(all);
    return absl::OkStatus();
  }
  for (const v1::DivisionProposal& proposal : all.proposals()) {
    std::printf(
        "%s  %s %s  %s  %s\n", Word(run, proposal.kind()).c_str(), proposal.code().c_str(),
        proposal.path().c_str(),
        proposal.listed_display_name().empty() ? "" : ("-> " + proposal.listed_display_name()).c_str(),
        proposal.document_no().c_str());
    std::printf("  %s\n", proposal.name().c_str());
    int number = 0;
    for (const v1::DivisionProposal::Candidate& candidate : proposal.candidates()) {
      std::vector<std::string> reasons;
      for (const int reason : candidate.reasons())
        reasons.push_back(Word(run, static_cast<v1::DivisionProposal::Reason>(reason)));
      ++number;
      std::printf("  %c%d  %2.0f%%  %s  (%s)\n", number == proposal.accepted_candidate() ? '*' : ' ', number,
                  100 * candidate.confidence(), CandidateText(run, proposal, candidate).c_str(),
                  absl::StrJoin(reasons, ", ").c_str());
    }
  }
  std::printf(run.chinese ? "共 %d 项\n" : "%d in all\n", all.proposals_size());
  return absl::OkStatus();
}

absl::Status Decide(Invocation& run) {
  v1::DecideDivisionProposalRequest request;
  int candidate = 0;
  if (run.Has("--dismiss") == run.Has("--candidate"))
    return absl::InvalidArgumentError("want either --candidate NUMBER or --dismiss");
  if (run.Has("--candidate") && (!absl::SimpleAtoi(run.Get("--candidate"), &candidate) || candidate < 1))
    return Bad("--candidate", run.Get("--candidate"), "the number of a candidate, from 1");
  for (const std::string& name : run.positionals) {
    request.set_request_id(NewRequestId());
    request.set_name(name.starts_with("divisionProposals/") ? name : "divisionProposals/" + name);
    request.set_candidate(candidate);
    request.set_document_no(run.Get("--document"));
    request.set_dry_run(run.Has("--dry-run"));
    GW_ASSIGN_OR_RETURN(
        const v1::DecideDivisionProposalResponse answer,
        run.session().Call<v1::DecideDivisionProposalResponse>(Method("DecideDivisionProposal"), request));
    if (run.json) {
      PrintJson(answer);
      continue;
    }
    std::printf("%s %s\n", answer.proposal().path().c_str(), Word(run, answer.proposal().state()).c_str());
    if (answer.has_reorganisation()) PrintReorganisation(run, answer.reorganisation());
  }
  return absl::OkStatus();
}

absl::Status History(Invocation& run) {
  v1::ListLineagesRequest request;
  request.set_division(run.positionals[0]);
  request.set_include_revoked(run.Has("--withdrawn"));
  GW_ASSIGN_OR_RETURN(const v1::ListLineagesResponse answer,
                      run.session().Call<v1::ListLineagesResponse>(Method("ListLineages"), request));
  if (run.json) {
    PrintJson(answer);
    return absl::OkStatus();
  }
  const v1::Division& division = answer.division();
  std::printf("%s  %s - %s\n", division.path().c_str(),
              TimeOrDash(division.has_valid_from(), division.valid_from()).c_str(),
              TimeOrDash(division.has_valid_to(), division.valid_to()).c_str());
  Table borne = MakeTable(run, {"WHAT", "NAME", "SINCE", "UNTIL"});
  for (const v1::Division::Code& code : division.codes())
    borne.Add({Say(run, "code", "代码"), code.code(), TimeOrDash(code.has_valid_from(), code.valid_from()),
               TimeOrDash(code.has_valid_to(), code.valid_to())});
  for (const v1::Division::FormerName& name : division.former_names())
    borne.Add({Say(run, "former name", "曾用名"), name.display_name(),
               TimeOrDash(name.has_valid_from(), name.valid_from()),
               TimeOrDash(name.has_valid_to(), name.valid_to())});
  std::fputs(borne.ToString().c_str(), stdout);
  Table links =
      MakeTable(run, {"SINCE", "WHAT", "BEFORE", "AFTER", "SHARE", "DOCUMENT", "WITHDRAWN", "LINEAGE"});
  for (const v1::ListLineagesResponse::LineageWithNames& line : answer.lineages()) {
    const v1::Lineage& lineage = line.lineage();
    links.Add({LocalTime(lineage.effective_time()), Word(run, lineage.kind()), line.from_display_name(),
               OrDash(line.to_display_name()),
               lineage.share() == 0 ? "-" : absl::StrFormat("%.3g", lineage.share()), lineage.document_no(),
               TimeOrDash(lineage.has_revoked_time(), lineage.revoked_time()), lineage.name()});
  }
  if (!links.empty()) std::fputs(links.ToString().c_str(), stdout);
  return absl::OkStatus();
}

absl::Status HandOver(Invocation& run) {
  v1::HandOverRequest request;
  request.set_request_id(NewRequestId());
  const auto person = [](const std::string& name) {
    return name.empty() || name.starts_with("persons/") ? name : "persons/" + name;
  };
  request.set_from_person(person(run.positionals[0]));
  if (run.positionals.size() > 1) request.set_to_person(person(run.positionals[1]));
  for (const std::string& post : run.All("--post"))
    request.add_posts(post.starts_with("posts/") ? post : "posts/" + post);
  GW_ASSIGN_OR_RETURN(const absl::Time effective, run.GetTime("--since", absl::Now()));
  *request.mutable_effective_time() = ToProto(effective);
  request.set_document_no(run.Get("--document"));
  if (run.Has("--acting")) request.set_kind(v1::Tenure::ACTING);
  request.set_dry_run(run.Has("--dry-run"));
  GW_ASSIGN_OR_RETURN(const v1::HandOverReceipt receipt,
                      run.session().Call<v1::HandOverReceipt>(Method("HandOver"), request));
  if (run.json) {
    PrintJson(receipt);
    return absl::OkStatus();
  }
  if (receipt.dry_run())
    std::printf("%s\n", Say(run, "(dry run: nothing was stored)", "（试算，没有写入任何数据）").c_str());
  Table posts = MakeTable(run, {"DIVISION", "POST", "HOLDER", "UNTIL", "SUCCESSOR", "HOW"});
  for (const v1::HandOverReceipt::HandedPost& post : receipt.posts()) {
    posts.Add({post.division_display_name(), Word(run, post.post().kind()),
               receipt.from_person_display_name(), LocalTime(post.ended().valid_to()),
               post.has_begun() ? receipt.to_person_display_name() : Vacant(run),
               post.has_begun() ? Word(run, post.begun().kind()) : "-"});
  }
  std::fputs(posts.ToString().c_str(), stdout);
  PrintOpenWork(run, receipt.open_work());
  return absl::OkStatus();
}

}  // namespace

void AddDivisionCommands(std::vector<Command>& commands) {
  const Option dry_run = {"--dry-run", "", "say what would move, store nothing"};
  const Option since = {"--since", "TIME", "when it takes effect; default now, in the past allowed"};
  const Option document = {"--document", "NO", "number of the document it rests on"};
  commands.push_back(
      {.words = "division reorganise",
       .arguments = "[FILE]",
       .summary = "merges, splits, renames, moves, re-codes, abolishes: all of it or nothing",
       .options = {{"--merge", "DIVISION=INTO", "its ground belongs to the other one afterwards", true},
                   {"--split", "DIVISION=OFF[:0.4]", "part of its ground passes to the other one", true},
                   {"--rename", "DIVISION=NAME", "bears another name", true},
                   {"--move", "DIVISION=PARENT", "stands under another division", true},
                   {"--recode", "DIVISION=CODE", "bears another code; codes below follow", true},
                   {"--abolish", "DIVISION", "ends without a known successor", true},
                   since,
                   document,
                   dry_run},
       .examples = {"gridctl division reorganise --merge 411723107=411723004 --since 2023-06-30 --document "
                    "豫民〔2023〕9号 --dry-run",
                    "gridctl division reorganise plan.csv --document 豫民〔2023〕9号   # "
                    "kind,division,to,share,name,code"},
       .run = Reorganise});
  commands.push_back({.words = "division correct",
                      .arguments = "LINEAGE...",
                      .summary = "withdraws what a reorganisation recorded wrongly",
                      .options = {dry_run},
                      .examples = {"gridctl division correct lineages/0190... --dry-run"},
                      .run = Correct});
  commands.push_back({.words = "division proposals",
                      .arguments = "[DIVISION]",
                      .summary = "lists what later lists were not sure of, with numbered candidates",
                      .options = {{"--state", "OPEN|ACCEPTED|DISMISSED", "default OPEN"}},
                      .examples = {"gridctl division proposals 411723"},
                      .run = Proposals});
  commands.push_back(
      {.words = "division decide",
       .arguments = "PROPOSAL...",
       .summary = "accepts a candidate of a proposal, or dismisses it",
       .options = {{"--candidate", "NUMBER", "the one that is right"},
                   {"--dismiss", "", "none: what is stored stays as it is"},
                   document,
                   dry_run},
       .examples =
           {"gridctl division decide divisionProposals/0190... --candidate 1 --document 豫民〔2023〕9号"},
       .run = Decide});
  commands.push_back({.words = "division history",
                      .arguments = "DIVISION",
                      .summary = "shows former codes and names of a division and what became of its ground",
                      .options = {{"--withdrawn", "", "links that were withdrawn as well"}},
                      .examples = {"gridctl division history 411723107"},
                      .run = History});
  commands.push_back(
      {.words = "hand-over",
       .arguments = "FROM_PERSON [TO_PERSON]",
       .summary = "hands posts over from one person to another and says which open work passes on",
       .options = {{"--post", "POST", "only this post; default every one the person holds", true},
                   since,
                   document,
                   {"--acting", "", "the successor acts for the time being"},
                   dry_run},
       .examples = {"gridctl hand-over persons/0190... persons/0191... --since 2026-06-01 --document "
                    "测政任〔2026〕3号 --dry-run"},
       .run = HandOver});
}

}  // namespace gridwarden::gridctl
