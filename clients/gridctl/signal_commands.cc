#include <cstdio>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "base/status.h"
#include "gridctl/case_words.h"
#include "gridctl/command.h"
#include "gridctl/output.h"
#include "gridctl/words.h"
#include "gridwarden/casework/v1/casework_service.pb.h"

// gridctl signal ...
namespace gridwarden::gridctl {
namespace {

namespace v1 = casework::v1;

std::string Method(std::string_view name) {
  return "gridwarden.casework.v1.CaseworkService/" + std::string(name);
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
  request.set_etag(run.Get("--etag"));
  GW_ASSIGN_OR_RETURN(const v1::Signal signal,
                      run.session().Call<v1::Signal>(Method("RejectSignal"), request));
  PrintSignal(run, signal);
  return absl::OkStatus();
}

}  // namespace

void AddSignalCommands(std::vector<Command>& commands) {
  commands.push_back({.words = "signal list",
                      .summary = "lists signals in your scope, newest first",
                      .options = {{"--division", "DIVISION", "it and all below"},
                                  {"--state", "STATE", "NEW, ONSITE_CHECK, FILED, REJECTED ...", true},
                                  {"--category", "CODE", "only this category"},
                                  {"--mine", "", "only those you have to look at"},
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
                      .options = {{"--reason", "TEXT", "why"}, EtagOption()},
                      .examples = {"gridctl signal reject 0190... --reason 现场未发现"},
                      .run = Reject});
}

}  // namespace gridwarden::gridctl
