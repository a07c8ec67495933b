#include <cstdio>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "base/status.h"
#include "gridctl/case_words.h"
#include "gridctl/command.h"
#include "gridctl/output.h"
#include "gridctl/words.h"
#include "gridwarden/casework/v1/casework_service.pb.h"
#include "gridwarden/casework/v1/signal_service.pb.h"

// gridctl signal ...
namespace gridwarden::gridctl {
namespace {

namespace v1 = casework::v1;

std::string Method(std::string_view name) {
  return "gridwarden.casework.v1.CaseworkService/" + std::string(name);
}

std::string SignalMethod(std::string_view name) {
  return "gridwarden.casework.v1.SignalService/" + std::string(name);
}

void PrintSignals(Invocation& run, const google::protobuf::RepeatedPtrField<v1::Signal>& signals) {
  std::vector<std::string> divisions;
  for (const v1::Signal& signal : signals) divisions.push_back(signal.division());
  const std::map<std::string, std::string> places = run.session().PlaceNames(divisions);
  Table table =
      MakeTable(run, {"STATE", "CHANNEL", "CATEGORY", "WHERE", "SURE", "FOUND", "DUE", "SIGNAL", "CASE"});
  for (const v1::Signal& signal : signals) {
    table.Add(
        {Word(run, signal.state()), Word(run, signal.channel()), CategoryWord(run, signal.category()),
         signal.division().empty() ? "-" : places.at(signal.division()),
         signal.place_confidence() > 0 ? absl::StrFormat("%.0f%%", 100 * signal.place_confidence()) : "-",
         LocalTime(signal.event_time()), LocalTime(signal.due_time()), signal.name(), signal.case_()});
  }
  std::fputs(table.ToString().c_str(), stdout);
}

void PrintSignal(Invocation& run, const v1::Signal& signal) {
  if (run.json) return PrintJson(signal);
  google::protobuf::RepeatedPtrField<v1::Signal> one;
  *one.Add() = signal;
  PrintSignals(run, one);
}

absl::Status List(Invocation& run) {
  v1::ListSignalsRequest request;
  if (run.Has("--division")) {
    GW_ASSIGN_OR_RETURN(*request.mutable_division(), run.session().DivisionName(run.Get("--division")));
  }
  for (const std::string& text : run.All("--state")) {
    v1::Signal::State state;
    if (!v1::Signal::State_Parse(absl::AsciiStrToUpper(text), &state)) {
      return absl::InvalidArgumentError(
          absl::StrFormat("--state: got \"%s\", want NEW, ONSITE_CHECK, FILED, REJECTED ...", text));
    }
    request.add_states(state);
  }
  request.set_category(run.Get("--category"));
  request.set_assigned_to_me(run.Has("--mine"));
  request.set_reporter_to_tell(run.Has("--to-tell") || run.Has("--tell-overdue"));
  if (run.Has("--of-case")) {
    v1::GetCaseRequest which;
    which.set_name(CaseName(run.Get("--of-case")));
    GW_ASSIGN_OR_RETURN(const v1::Case file, run.session().Call<v1::Case>(Method("GetCase"), which));
    request.set_merged_into(file.name());
  }
  if (run.Has("--tell-overdue")) *request.mutable_as_of() = ToProto(absl::Now());
  request.set_page_size(50);
  request.set_page_token(run.Get("--page"));
  GW_ASSIGN_OR_RETURN(const v1::ListSignalsResponse page,
                      run.session().Call<v1::ListSignalsResponse>(Method("ListSignals"), request));
  if (run.json) {
    PrintJson(page);
    return absl::OkStatus();
  }
  if (page.signals().empty())
    std::puts(Say(run, "no signals", "没有线索").c_str());
  else
    PrintSignals(run, page.signals());
  PrintMore(run, page.next_page_token());
  return absl::OkStatus();
}

absl::Status Show(Invocation& run) {
  v1::GetSignalRequest request;
  request.set_name(NameIn("signals", run.positionals[0]));
  GW_ASSIGN_OR_RETURN(const v1::Signal signal, run.session().Call<v1::Signal>(Method("GetSignal"), request));
  PrintSignal(run, signal);
  return absl::OkStatus();
}

absl::Status Submit(Invocation& run) {
  v1::SubmitSignalRequest request;
  request.set_request_id(NewRequestId());
  v1::Signal& signal = *request.mutable_signal();
  v1::Signal::Channel channel;
  if (!v1::Signal::Channel_Parse(absl::AsciiStrToUpper(run.Get("--channel", "PATROL")), &channel)) {
    return absl::InvalidArgumentError(
        "--channel: want PATROL, ASSIGNED, PUBLIC, HOTLINE, CAMERA or MEDIA_REPORT");
  }
  signal.set_channel(channel);
  signal.set_category(run.positionals[0]);
  if (run.Has("--division")) {
    GW_ASSIGN_OR_RETURN(*signal.mutable_division(), run.session().DivisionName(run.Get("--division")));
  }
  if (run.Has("--position")) GW_RETURN_IF_ERROR(ReadPosition(run, signal.mutable_position()));
  signal.set_source(run.Get("--source"));
  signal.set_description(run.Get("--note"));
  signal.set_channel_key(run.Get("--key"));
  signal.set_reporter_identified(run.Has("--reporter-known"));
  if (run.Has("--accused")) signal.set_accused_unit(NameIn("units", run.Get("--accused")));
  GW_RETURN_IF_ERROR(AddPhotos(run, signal.mutable_evidence()));
  GW_RETURN_IF_ERROR(AddAnswers(run, signal.mutable_answers()));
  GW_ASSIGN_OR_RETURN(const absl::Time at, run.GetTime("--event-time", absl::Now()));
  *signal.mutable_event_time() = ToProto(at);
  GW_ASSIGN_OR_RETURN(const v1::Signal made, run.session().Call<v1::Signal>(Method("SubmitSignal"), request));
  PrintSignal(run, made);
  return absl::OkStatus();
}

absl::Status SendCheck(Invocation& run) {
  v1::RequestOnsiteCheckRequest request;
  request.set_request_id(NewRequestId());
  request.set_name(NameIn("signals", run.positionals[0]));
  request.set_post(NameIn("posts", run.positionals[1]));
  request.set_etag(run.Get("--etag"));
  GW_ASSIGN_OR_RETURN(const v1::Signal signal,
                      run.session().Call<v1::Signal>(Method("RequestOnsiteCheck"), request));
  PrintSignal(run, signal);
  return absl::OkStatus();
}

absl::Status SubmitCheck(Invocation& run) {
  v1::SubmitOnsiteCheckRequest request;
  request.set_request_id(NewRequestId());
  request.set_name(NameIn("signals", run.positionals[0]));
  v1::Signal::OnsiteCheck::Result result;
  if (!v1::Signal::OnsiteCheck::Result_Parse(absl::AsciiStrToUpper(run.positionals[1]), &result)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("got \"%s\", want exists, absent or unable", run.positionals[1]));
  }
  request.set_result(result);
  request.set_note(run.Get("--note"));
  request.set_etag(run.Get("--etag"));
  GW_RETURN_IF_ERROR(AddPhotos(run, request.mutable_evidence()));
  GW_RETURN_IF_ERROR(AddAnswers(run, request.mutable_answers()));
  if (run.Has("--position")) GW_RETURN_IF_ERROR(ReadPosition(run, request.mutable_position()));
  GW_ASSIGN_OR_RETURN(const absl::Time at, run.GetTime("--event-time", absl::Now()));
  *request.mutable_event_time() = ToProto(at);
  GW_ASSIGN_OR_RETURN(const v1::Signal signal,
                      run.session().Call<v1::Signal>(Method("SubmitOnsiteCheck"), request));
  PrintSignal(run, signal);
  return absl::OkStatus();
}

absl::Status Reject(Invocation& run) {
  v1::RejectSignalRequest request;
  request.set_request_id(NewRequestId());
  request.set_name(NameIn("signals", run.positionals[0]));
  request.set_reason(run.Get("--reason"));
  request.set_statement(run.Get("--statement"));
  request.set_etag(run.Get("--etag"));
  GW_ASSIGN_OR_RETURN(const v1::Signal signal,
                      run.session().Call<v1::Signal>(Method("RejectSignal"), request));
  PrintSignal(run, signal);
  if (!run.json && signal.state() != v1::Signal::REJECTED) {
    std::puts(
        Say(run, "proposed: another person has to reject it too", "已提请：须由另一人再次办理").c_str());
  }
  return absl::OkStatus();
}

// What a request of SignalService needs, and its answer.
template <typename Request>
Request AboutSignal(Invocation& run) {
  Request request;
  request.set_request_id(NewRequestId());
  request.set_name(NameIn("signals", run.positionals[0]));
  request.set_etag(run.Get("--etag"));
  return request;
}

template <typename Request>
absl::Status SendAndPrint(Invocation& run, std::string_view rpc, const Request& request) {
  GW_ASSIGN_OR_RETURN(const v1::Signal signal, run.session().Call<v1::Signal>(SignalMethod(rpc), request));
  PrintSignal(run, signal);
  return absl::OkStatus();
}

std::string KindWord(const Invocation& run, v1::MergeCandidate::Kind kind) {
  switch (kind) {
    case v1::MergeCandidate::SAME_SOURCE:
      return Say(run, "SAME_SOURCE", "同一污染源");
    case v1::MergeCandidate::SAME_PLACE:
      return Say(run, "SAME_PLACE", "同一地点");
    case v1::MergeCandidate::REBOUND:
      return Say(run, "REBOUND", "反弹");
    case v1::MergeCandidate::RELOCATION:
      return Say(run, "RELOCATION", "疑似异地转移");
    default:
      return "-";
  }
}

absl::Status Candidates(Invocation& run) {
  v1::ListMergeCandidatesRequest request;
  request.set_name(NameIn("signals", run.positionals[0]));
  GW_ASSIGN_OR_RETURN(
      const v1::ListMergeCandidatesResponse found,
      run.session().Call<v1::ListMergeCandidatesResponse>(SignalMethod("ListMergeCandidates"), request));
  if (run.json) {
    PrintJson(found);
    return absl::OkStatus();
  }
  if (found.candidates().empty()) {
    std::puts(Say(run, "nothing it could be the same as", "没有可合并的线索或案卷").c_str());
    return absl::OkStatus();
  }
  Table table = MakeTable(run, {"KIND", "METRES", "HOURS", "STATE", "CATEGORY", "WHICH", "WHY"});
  for (const v1::MergeCandidate& one : found.candidates()) {
    table.Add({KindWord(run, one.kind()),
               one.has_distance_m() ? absl::StrFormat("%.0f", one.distance_m()) : "-",
               absl::StrFormat("%.1f", one.hours_apart()), one.state(), CategoryWord(run, one.category()),
               one.case_no().empty() ? one.name() : one.case_no(), one.why()});
  }
  std::fputs(table.ToString().c_str(), stdout);
  return absl::OkStatus();
}

absl::Status Merge(Invocation& run) {
  auto request = AboutSignal<v1::MergeSignalRequest>(run);
  // A printed case number is asked for first: a merge names ids only.
  const std::string& into = run.positionals[1];
  if (into.starts_with("signals/")) {
    request.set_into(into);
  } else {
    v1::GetCaseRequest which;
    which.set_name(CaseName(into));
    GW_ASSIGN_OR_RETURN(const v1::Case file, run.session().Call<v1::Case>(Method("GetCase"), which));
    request.set_into(file.name());
  }
  request.set_reason(run.Get("--reason"));
  return SendAndPrint(run, "MergeSignal", request);
}

absl::Status Unmerge(Invocation& run) {
  auto request = AboutSignal<v1::UnmergeSignalRequest>(run);
  request.set_reason(run.Get("--reason"));
  return SendAndPrint(run, "UnmergeSignal", request);
}

absl::Status Dispute(Invocation& run) {
  auto request = AboutSignal<v1::DisputeRejectionRequest>(run);
  request.set_statement(run.Get("--statement"));
  GW_RETURN_IF_ERROR(AddPhotos(run, request.mutable_evidence()));
  return SendAndPrint(run, "DisputeRejection", request);
}

absl::Status HandOver(Invocation& run) {
  auto request = AboutSignal<v1::TransferSignalRequest>(run);
  v1::Transfer::Kind kind;
  if (!v1::Transfer::Kind_Parse(absl::AsciiStrToUpper(run.positionals[1]), &kind)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("got \"%s\", want unit, enforcement or police", run.positionals[1]));
  }
  request.set_kind(kind);
  request.set_receiver(run.Get("--receiver"));
  request.set_receiver_display_name(run.Get("--receiver-name"));
  request.set_document_no(run.Get("--document"));
  request.set_reason(run.Get("--reason"));
  return SendAndPrint(run, "TransferSignal", request);
}

absl::Status Tell(Invocation& run) {
  auto request = AboutSignal<v1::TellReporterRequest>(run);
  request.set_note(run.Get("--note"));
  if (run.Has("--event-time")) {
    GW_ASSIGN_OR_RETURN(const absl::Time at, run.GetTime("--event-time", absl::Now()));
    *request.mutable_event_time() = ToProto(at);
  }
  return SendAndPrint(run, "TellReporter", request);
}

std::string StateWord(const Invocation& run, v1::RelocationProposal::State state) {
  switch (state) {
    case v1::RelocationProposal::PROPOSED:
      return Say(run, "PROPOSED", "待研判");
    case v1::RelocationProposal::CONFIRMED:
      return Say(run, "CONFIRMED", "属异地转移");
    case v1::RelocationProposal::REFUSED:
      return Say(run, "REFUSED", "不属异地转移");
    default:
      return "-";
  }
}

std::string LikenessWord(const Invocation& run, const v1::RelocationProposal& proposal) {
  if (proposal.same_owner() && proposal.same_trade())
    return Say(run, "same operator and trade", "同一经营者、同一行业");
  return proposal.same_owner() ? Say(run, "same operator", "同一经营者") : Say(run, "same trade", "同一行业");
}

void PrintProposals(Invocation& run,
                    const google::protobuf::RepeatedPtrField<v1::RelocationProposal>& proposals) {
  Table table = MakeTable(run, {"STATE", "WHY", "METRES", "DAYS APART", "CASE", "OLD CASE", "PROPOSAL"});
  for (const v1::RelocationProposal& one : proposals) {
    table.Add({StateWord(run, one.state()), LikenessWord(run, one), absl::StrFormat("%.0f", one.distance_m()),
               absl::StrFormat("%d", one.days_between()), one.case_(), one.old_case(), one.name()});
  }
  std::fputs(table.ToString().c_str(), stdout);
}

absl::Status ListRelocations(Invocation& run) {
  v1::ListRelocationProposalsRequest request;
  if (run.Has("--division")) {
    GW_ASSIGN_OR_RETURN(*request.mutable_division(), run.session().DivisionName(run.Get("--division")));
  }
  if (!run.Has("--all")) request.add_states(v1::RelocationProposal::PROPOSED);
  request.set_page_size(50);
  request.set_page_token(run.Get("--page"));
  GW_ASSIGN_OR_RETURN(const v1::ListRelocationProposalsResponse page,
                      run.session().Call<v1::ListRelocationProposalsResponse>(
                          SignalMethod("ListRelocationProposals"), request));
  if (run.json) {
    PrintJson(page);
    return absl::OkStatus();
  }
  if (page.proposals().empty())
    std::puts(Say(run, "no proposals", "没有待研判的异地转移").c_str());
  else
    PrintProposals(run, page.proposals());
  PrintMore(run, page.next_page_token());
  return absl::OkStatus();
}

absl::Status DecideRelocation(Invocation& run) {
  v1::DecideRelocationProposalRequest request;
  request.set_request_id(NewRequestId());
  request.set_name(NameIn("relocationProposals", run.positionals[0]));
  const std::string decision = absl::AsciiStrToLower(run.positionals[1]);
  if (decision != "confirm" && decision != "refuse") {
    return absl::InvalidArgumentError(
        absl::StrFormat("got \"%s\", want confirm or refuse", run.positionals[1]));
  }
  request.set_confirm(decision == "confirm");
  request.set_reason(run.Get("--reason"));
  request.set_etag(run.Get("--etag"));
  GW_ASSIGN_OR_RETURN(
      const v1::RelocationProposal decided,
      run.session().Call<v1::RelocationProposal>(SignalMethod("DecideRelocationProposal"), request));
  if (run.json) {
    PrintJson(decided);
    return absl::OkStatus();
  }
  google::protobuf::RepeatedPtrField<v1::RelocationProposal> one;
  *one.Add() = decided;
  PrintProposals(run, one);
  return absl::OkStatus();
}

}  // namespace

void AddSignalCommands(std::vector<Command>& commands) {
  commands.push_back(
      {.words = "signal list",
       .summary = "lists signals in your scope, newest first",
       .options = {{"--division", "DIVISION", "it and all below"},
                   {"--state", "STATE", "NEW, ONSITE_CHECK, FILED, REJECTED ...", true},
                   {"--category", "CODE", "only this category"},
                   {"--mine", "", "only those you have to look at"},
                   {"--of-case", "CASE", "only those merged into this case"},
                   {"--to-tell", "", "only those whose reporter waits for an answer"},
                   {"--tell-overdue", "", "only those whose reporter should have been told by now"},
                   {"--page", "TOKEN", "go on after a page"}},
       .examples = {"gridctl signal list --division 411702 --state new"},
       .run = List});
  commands.push_back({.words = "signal show",
                      .arguments = "SIGNAL",
                      .summary = "shows one signal",
                      .examples = {"gridctl signal show 0190..."},
                      .run = Show});
  commands.push_back(
      {.words = "signal submit",
       .arguments = "CATEGORY",
       .summary = "hands in a find or an outside lead",
       .options = {{"--channel", "CHANNEL",
                    "PATROL (default), ASSIGNED, PUBLIC, HOTLINE, CAMERA, MEDIA_REPORT"},
                   {"--key", "TEXT", "the channel's own key; the same key never makes a second signal"},
                   {"--division", "DIVISION", "where, when there is no position"},
                   {"--source", "sources/ID", "the source of the ledger it is about"},
                   {"--note", "TEXT", "what was seen"},
                   {"--reporter-known", "", "PUBLIC, HOTLINE: the channel knows who reported it"},
                   {"--accused", "UNIT", "PUBLIC, HOTLINE: the unit it complains about"},
                   PositionOption(),
                   PhotoOption(),
                   AnswerOption(),
                   EventTimeOption()},
       .examples = {"gridctl signal submit STRAW_BURNING --position 114.02,32.98,20 --photo near:fire.jpg"},
       .run = Submit});
  commands.push_back({.words = "signal send-check",
                      .arguments = "SIGNAL POST",
                      .summary = "sends somebody to look at an outside lead",
                      .options = {EtagOption()},
                      .examples = {"gridctl signal send-check 0190... posts/0190..."},
                      .run = SendCheck});
  commands.push_back(
      {.words = "signal check",
       .arguments = "SIGNAL exists|absent|unable",
       .summary = "says what the on-site check found",
       .options = {{"--note", "TEXT", "what was seen"},
                   PositionOption(),
                   PhotoOption(),
                   AnswerOption(),
                   EventTimeOption(),
                   EtagOption()},
       .examples = {"gridctl signal check 0190... exists --photo near:a.jpg --photo far:b.jpg"},
       .run = SubmitCheck});
  commands.push_back({.words = "signal reject",
                      .arguments = "SIGNAL",
                      .summary = "rejects a signal that did not hold",
                      .options = {{"--reason", "CODE",
                                   "why, as the policy lists it: ABSENT, UNABLE_TWICE, NOT_POLLUTION ..."},
                                  {"--statement", "TEXT", "in words, beside the code"},
                                  EtagOption()},
                      .examples = {"gridctl signal reject 0190... --reason ABSENT --statement 现场未发现"},
                      .run = Reject});
  commands.push_back({.words = "signal candidates",
                      .arguments = "SIGNAL",
                      .summary = "proposes what a signal may be the same as, nearest first",
                      .examples = {"gridctl signal candidates 0190..."},
                      .run = Candidates});
  commands.push_back({.words = "signal merge",
                      .arguments = "SIGNAL INTO",
                      .summary = "says that a signal is about a case or signal that is known already",
                      .options = {{"--reason", "TEXT", "why it is the same"}, EtagOption()},
                      .examples = {"gridctl signal merge 0190... 411702-2026-00017 --reason 同一处",
                                   "gridctl signal merge 0190... signals/0190... --reason 同一处"},
                      .run = Merge});
  commands.push_back({.words = "signal unmerge",
                      .arguments = "SIGNAL",
                      .summary = "takes a merge back, within seven days",
                      .options = {{"--reason", "TEXT", "why it is not the same"}, EtagOption()},
                      .examples = {"gridctl signal unmerge 0190... --reason 不是同一处"},
                      .run = Unmerge});
  commands.push_back(
      {.words = "signal dispute",
       .arguments = "SIGNAL",
       .summary = "hands in that the reporter disputes a rejection; the county decides",
       .options = {{"--statement", "TEXT", "what the reporter says"}, PhotoOption(), EtagOption()},
       .examples = {"gridctl signal dispute 0190... --statement 昨夜仍在冒烟"},
       .run = Dispute});
  commands.push_back(
      {.words = "signal transfer",
       .arguments = "SIGNAL unit|enforcement|police",
       .summary = "hands a signal over to whoever has the duty",
       .options = {{"--receiver", "units/ID", "who gets it, when the ground has it"},
                   {"--receiver-name", "TEXT", "what the receiver is called otherwise"},
                   {"--document", "NUMBER", "number of the transfer letter"},
                   {"--reason", "TEXT", "why"},
                   EtagOption()},
       .examples =
           {"gridctl signal transfer 0190... police --receiver-name 县公安局 --document 移〔2026〕7号"},
       .run = HandOver});
  commands.push_back(
      {.words = "signal tell",
       .arguments = "SIGNAL",
       .summary = "records that the reporter was told what became of it",
       .options = {{"--note", "TEXT", "how, and what was said"}, EventTimeOption(), EtagOption()},
       .examples = {"gridctl signal tell 0190... --note 电话答复"},
       .run = Tell});
  commands.push_back({.words = "relocation list",
                      .summary = "lists cases that a closed source may have moved to 异地转移",
                      .options = {{"--division", "DIVISION", "it and all below"},
                                  {"--all", "", "those that are decided too"},
                                  {"--page", "TOKEN", "go on after a page"}},
                      .examples = {"gridctl relocation list --division 411702"},
                      .run = ListRelocations});
  commands.push_back({.words = "relocation decide",
                      .arguments = "PROPOSAL confirm|refuse",
                      .summary = "says whether a closed source has moved; confirmed links the cases",
                      .options = {{"--reason", "TEXT", "why"}, EtagOption()},
                      .examples = {"gridctl relocation decide 0190... confirm --reason 同一业主，设备相同"},
                      .run = DecideRelocation});
}

}  // namespace gridwarden::gridctl
