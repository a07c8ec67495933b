#include <cstdio>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "base/status.h"
#include "gridctl/case_words.h"
#include "gridctl/command.h"
#include "gridctl/output.h"
#include "gridctl/words.h"
#include "gridwarden/casework/v1/closing_service.pb.h"

// gridctl case stop|part|excuse|transfer|result|cosign|dispute|chain: the end of a case.
namespace gridwarden::gridctl {
namespace {

namespace v1 = casework::v1;

std::string Method(std::string_view name) {
  return "gridwarden.casework.v1.ClosingService/" + std::string(name);
}

// Fills what every command here has and sends it.
template <typename Request>
absl::Status SendClosing(Invocation& run, std::string_view rpc, Request request) {
  request.set_request_id(NewRequestId());
  request.set_name(CaseName(run.positionals[0]));
  request.set_etag(run.Get("--etag"));
  return PrintCase(run, run.session().Call<v1::Case>(Method(rpc), request));
}

template <typename Request>
absl::Status ReadEventTime(Invocation& run, Request& request) {
  GW_ASSIGN_OR_RETURN(const absl::Time at, run.GetTime("--event-time", absl::Now()));
  *request.mutable_event_time() = ToProto(at);
  return absl::OkStatus();
}

absl::Status Stop(Invocation& run) {
  v1::StopProductionRequest request;
  request.set_note(run.Get("--note"));
  GW_RETURN_IF_ERROR(AddPhotos(run, request.mutable_evidence()));
  if (run.Has("--position")) GW_RETURN_IF_ERROR(ReadPosition(run, request.mutable_position()));
  GW_RETURN_IF_ERROR(ReadEventTime(run, request));
  return SendClosing(run, "StopProduction", request);
}

absl::Status Part(Invocation& run) {
  v1::SubmitPartRequest request;
  request.set_unit(NameIn("units", run.positionals[1]));
  request.set_note(run.Get("--note"));
  GW_RETURN_IF_ERROR(AddPhotos(run, request.mutable_evidence()));
  if (run.Has("--position")) GW_RETURN_IF_ERROR(ReadPosition(run, request.mutable_position()));
  GW_RETURN_IF_ERROR(ReadEventTime(run, request));
  return SendClosing(run, "SubmitPart", request);
}

absl::Status Excuse(Invocation& run) {
  v1::ExcusePartRequest request;
  request.set_unit(NameIn("units", run.positionals[1]));
  request.set_reason(run.Get("--reason"));
  return SendClosing(run, "ExcusePart", request);
}

absl::Status Transfer(Invocation& run) {
  v1::TransferCaseRequest request;
  v1::Transfer::Kind kind;
  if (!v1::Transfer::Kind_Parse(absl::AsciiStrToUpper(run.positionals[1]), &kind)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("got \"%s\", want enforcement, police or unit", run.positionals[1]));
  }
  request.set_kind(kind);
  request.set_receiver(run.Get("--receiver"));
  request.set_receiver_display_name(run.Get("--receiver-name"));
  request.set_document_no(run.Get("--document"));
  request.set_reason(run.Get("--reason"));
  GW_RETURN_IF_ERROR(AddPhotos(run, request.mutable_evidence()));
  return SendClosing(run, "TransferCase", request);
}

absl::Status Result(Invocation& run) {
  v1::SubmitTransferResultRequest request;
  request.set_document_no(run.Get("--document"));
  request.set_note(run.Get("--note"));
  GW_RETURN_IF_ERROR(AddPhotos(run, request.mutable_evidence()));
  GW_RETURN_IF_ERROR(ReadEventTime(run, request));
  return SendClosing(run, "SubmitTransferResult", request);
}

absl::Status Cosign(Invocation& run) {
  v1::CosignCaseRequest request;
  request.set_seat(run.positionals[1]);
  request.set_agrees(!run.Has("--disagree"));
  request.set_reason(run.Get("--reason"));
  return SendClosing(run, "CosignCase", request);
}

absl::Status Dispute(Invocation& run) {
  v1::DisputeClosingRequest request;
  request.set_for_reporter(run.Has("--for-reporter"));
  request.set_statement(run.Get("--statement"));
  GW_RETURN_IF_ERROR(AddPhotos(run, request.mutable_evidence()));
  return SendClosing(run, "DisputeClosing", request);
}

absl::Status Chain(Invocation& run) {
  v1::ListChainRequest request;
  request.set_name(CaseName(run.positionals[0]));
  GW_ASSIGN_OR_RETURN(const v1::ListChainResponse answer,
                      run.session().Call<v1::ListChainResponse>(Method("ListChain"), request));
  if (run.json) {
    PrintJson(answer);
    return absl::OkStatus();
  }
  Table table = MakeTable(
      run, {"NUMBER", "STATE", "FOUND", "CLOSED", "HELD", "FIXED BY", "CHECKED BY", "SIGNED BY", "CASE"});
  const auto or_dash = [](const std::string& text) { return text.empty() ? "-" : text; };
  for (const v1::ChainLink& link : answer.links()) {
    const v1::Case& one = link.case_();
    table.Add({one.case_no(), Word(run, one.state()), LocalTime(one.event_time()),
               LocalTime(one.close_time()), Word(run, one.held()), or_dash(link.fixer_display_name()),
               or_dash(link.checker_display_name()), or_dash(link.signer_display_name()), one.name()});
  }
  std::fputs(table.ToString().c_str(), stdout);
  return absl::OkStatus();
}

}  // namespace

void AddClosingCommands(std::vector<Command>& commands) {
  const Option note = {"--note", "TEXT", "what was done or seen"};
  const Option reason = {"--reason", "TEXT", "why"};
  const Option document = {"--document", "NUMBER", "number of the letter or decision"};
  commands.push_back({.words = "case stop",
                      .arguments = "CASE",
                      .summary = "says that production stands still, before anything is put right 先停后治",
                      .options = {note, PhotoOption(), PositionOption(), EventTimeOption(), EtagOption()},
                      .examples = {"gridctl case stop 411702-2026-00012 --photo near:switch.jpg"},
                      .run = Stop});
  commands.push_back(
      {.words = "case part",
       .arguments = "CASE units/ID",
       .summary = "reports the part of a cooperating unit",
       .options = {note, PhotoOption(), PositionOption(), EventTimeOption(), EtagOption()},
       .examples = {"gridctl case part 411702-2026-00012 units/0190... --photo after:cover.jpg"},
       .run = Part});
  commands.push_back(
      {.words = "case excuse",
       .arguments = "CASE units/ID",
       .summary = "excuses a cooperating unit from its part",
       .options = {reason, EtagOption()},
       .examples = {"gridctl case excuse 411702-2026-00012 units/0190... --reason 不涉及在建工地"},
       .run = Excuse});
  commands.push_back(
      {.words = "case transfer",
       .arguments = "CASE enforcement|police|unit",
       .summary = "hands the case over 移送; the county's campaign office",
       .options = {{"--receiver", "units/ID|posts/ID", "to whom, where the ground has it"},
                   {"--receiver-name", "NAME", "what the police office is called"},
                   document,
                   reason,
                   PhotoOption(),
                   EtagOption()},
       .examples = {"gridctl case transfer 411702-2026-00012 police --receiver-name 县公安局 --document "
                    "移〔2026〕3号 --reason 涉嫌污染环境罪"},
       .run = Transfer});
  commands.push_back(
      {.words = "case result",
       .arguments = "CASE",
       .summary = "says what the receiver of a transferred case did; it is checked on site then",
       .options = {document, note, PhotoOption(), EventTimeOption(), EtagOption()},
       .examples =
           {"gridctl case result 411702-2026-00012 --document 公环决字〔2026〕1号 --photo document:a.jpg"},
       .run = Result});
  commands.push_back(
      {.words = "case cosign",
       .arguments = "CASE SEAT",
       .summary = "one signature of a joint review 会审签字; SEAT is units/ID, COUNTY_LEADER or "
                  "COUNTY_CENTRE",
       .options = {{"--disagree", "", "it must not be signed yet, with a reason"}, reason, EtagOption()},
       .examples = {"gridctl case cosign 411702-2026-00012 COUNTY_LEADER"},
       .run = Cosign});
  commands.push_back(
      {.words = "case dispute",
       .arguments = "CASE",
       .summary = "doubts a closing: it is checked again by somebody else",
       .options = {{"--for-reporter", "",
                    "an office hands in what the reporter says; otherwise a superior's own"},
                   {"--statement", "TEXT", "what is said"},
                   PhotoOption(),
                   EtagOption()},
       .examples = {"gridctl case dispute 411702-2026-00012 --for-reporter --statement 设备仍在运转"},
       .run = Dispute});
  commands.push_back({.words = "case chain",
                      .arguments = "CASE",
                      .summary = "lists every case of its chain: who closed it, and whether it held",
                      .examples = {"gridctl case chain 411702-2026-00012"},
                      .run = Chain});
}

}  // namespace gridwarden::gridctl
