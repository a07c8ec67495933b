#include <cstdio>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "base/status.h"
#include "gridctl/case_words.h"
#include "gridctl/command.h"
#include "gridctl/output.h"
#include "gridctl/words.h"
#include "gridwarden/intake/v1/fire_service.pb.h"

// What hotspots turned out to be, and how many fire points each division has.
namespace gridwarden::gridctl {
namespace {

namespace v1 = gridwarden::intake::v1;

std::string Method(const char* name) { return std::string("gridwarden.intake.v1.FireService/") + name; }

absl::StatusOr<v1::HotspotVerdict::Verdict> ReadVerdict(const std::string& word) {
  v1::HotspotVerdict::Verdict verdict;
  if (v1::HotspotVerdict::Verdict_Parse(absl::AsciiStrToUpper(word), &verdict)) return verdict;
  return absl::InvalidArgumentError(
      absl::StrFormat("got \"%s\", want straw, garbage_leaves, forest, industrial_fixed, other_heat, "
                      "not_found or not_observable",
                      word));
}

absl::Status PrintVerdict(Invocation& run, const absl::StatusOr<v1::HotspotVerdict>& answer) {
  if (!answer.ok()) return answer.status();
  if (run.json) {
    PrintJson(*answer);
    return absl::OkStatus();
  }
  Table table = MakeTable(run, {"VERDICT", "STATE", "COUNTED", "DIVISION", "SHARE"});
  for (const auto& share : answer->shares()) {
    table.Add({Word(run, answer->verdict()), Word(run, answer->state()),
               answer->counted() ? Say(run, "yes", "是") : Say(run, "no", "否"), share.display_name(),
               absl::StrFormat("%.2f", share.share())});
  }
  std::fputs(table.ToString().c_str(), stdout);
  return absl::OkStatus();
}

absl::Status Judge(Invocation& run) {
  v1::AdjudicateHotspotRequest request;
  request.set_request_id(NewRequestId());
  request.set_name(NameIn("hotspots", run.positionals[0]));
  GW_ASSIGN_OR_RETURN(const auto verdict, ReadVerdict(run.positionals[1]));
  request.set_verdict(verdict);
  GW_ASSIGN_OR_RETURN(const absl::Time at, run.GetTime("--arrived", absl::Now()));
  *request.mutable_arrive_time() = ToProto(at);
  GW_RETURN_IF_ERROR(AddPhotos(run, request.mutable_evidence()));
  double area = 0;
  if (const std::string text = run.Get("--burnt-area"); !text.empty() && !absl::SimpleAtod(text, &area))
    return absl::InvalidArgumentError("--burnt-area: got no number, want square metres");
  request.set_burnt_area_m2(area);
  request.set_note(run.Get("--note"));
  request.set_etag(run.Get("--etag"));
  return PrintVerdict(run, run.session().Call<v1::HotspotVerdict>(Method("AdjudicateHotspot"), request));
}

absl::Status Show(Invocation& run) {
  v1::GetHotspotVerdictRequest request;
  request.set_name(NameIn("hotspots", run.positionals[0]));
  return PrintVerdict(run, run.session().Call<v1::HotspotVerdict>(Method("GetHotspotVerdict"), request));
}

absl::Status Appeal(Invocation& run) {
  v1::AppealVerdictRequest request;
  request.set_request_id(NewRequestId());
  request.set_name(NameIn("hotspots", run.positionals[0]));
  request.set_division(run.positionals[1]);
  request.set_statement(run.Get("--statement"));
  GW_RETURN_IF_ERROR(AddPhotos(run, request.mutable_evidence()));
  request.set_etag(run.Get("--etag"));
  return PrintVerdict(run, run.session().Call<v1::HotspotVerdict>(Method("AppealVerdict"), request));
}

absl::Status Decide(Invocation& run) {
  v1::DecideVerdictAppealRequest request;
  request.set_request_id(NewRequestId());
  request.set_name(NameIn("hotspots", run.positionals[0]));
  GW_ASSIGN_OR_RETURN(const auto verdict, ReadVerdict(run.positionals[1]));
  request.set_verdict(verdict);
  request.set_reason(run.Get("--reason"));
  request.set_etag(run.Get("--etag"));
  return PrintVerdict(run, run.session().Call<v1::HotspotVerdict>(Method("DecideVerdictAppeal"), request));
}

absl::Status Count(Invocation& run) {
  v1::CountFirePointsRequest request;
  request.set_division(run.positionals[0]);
  GW_ASSIGN_OR_RETURN(const absl::Time to, run.GetTime("--to", absl::Now()));
  GW_ASSIGN_OR_RETURN(const absl::Time from, run.GetTime("--from", to - absl::Hours(24 * 30)));
  *request.mutable_from_time() = ToProto(from);
  *request.mutable_to_time() = ToProto(to);
  GW_ASSIGN_OR_RETURN(const auto answer,
                      run.session().Call<v1::CountFirePointsResponse>(Method("CountFirePoints"), request));
  if (run.json) {
    PrintJson(answer);
    return absl::OkStatus();
  }
  Table table = MakeTable(run, {"DIVISION", "STRAW FIRES", "UNDER APPEAL"});
  const auto add = [&](const v1::FirePoints& points) {
    table.Add({points.display_name(), absl::StrFormat("%.2f", points.straw()),
               absl::StrFormat("%.2f", points.straw_appealed())});
  };
  add(answer.total());
  for (const v1::FirePoints& child : answer.children()) add(child);
  std::fputs(table.ToString().c_str(), stdout);
  std::fputs((Say(run, absl::StrFormat("%d hotspots wait for a verdict", answer.awaiting()),
                  absl::StrFormat("待认定热点 %d 个", answer.awaiting())) +
              "\n")
                 .c_str(),
             stdout);
  return absl::OkStatus();
}

}  // namespace

void AddFireCommands(std::vector<Command>& commands) {
  const Option photo = PhotoOption();
  commands.push_back({.words = "fire judge",
                      .arguments = "HOTSPOT VERDICT",
                      .summary = "says what a hotspot was 火点认定",
                      .options = {{"--arrived", "TIME", "when somebody was there; now by default"},
                                  photo,
                                  {"--burnt-area", "M2", "square metres"},
                                  {"--note", "TEXT", "what was seen"},
                                  EtagOption()},
                      .examples = {"gridctl fire judge 0190... straw --photo near:a.jpg --photo far:b.jpg"},
                      .run = Judge});
  commands.push_back({.words = "fire verdict",
                      .arguments = "HOTSPOT",
                      .summary = "shows what a hotspot was found to be, and whose share it is",
                      .examples = {"gridctl fire verdict 0190..."},
                      .run = Show});
  commands.push_back({.words = "fire appeal",
                      .arguments = "HOTSPOT DIVISION",
                      .summary = "appeals a verdict for a division that bears a share",
                      .options = {{"--statement", "TEXT", "why"}, photo, EtagOption()},
                      .examples = {"gridctl fire appeal 0190... 411702 --statement 火点在邻村"},
                      .run = Appeal});
  commands.push_back({.words = "fire decide",
                      .arguments = "HOTSPOT VERDICT",
                      .summary = "decides an appeal: the same verdict refuses it, another one upholds it",
                      .options = {{"--reason", "TEXT", "why"}, EtagOption()},
                      .examples = {"gridctl fire decide 0190... other_heat --reason 经现场复核"},
                      .run = Decide});
  commands.push_back(
      {.words = "fire count",
       .arguments = "DIVISION",
       .summary = "counts straw fire points by shares, a division and those right below it",
       .options = {{"--from", "TIME", "30 days before --to by default"}, {"--to", "TIME", "now by default"}},
       .examples = {"gridctl fire count 4117 --from 2026-06-01"},
       .run = Count});
}

}  // namespace gridwarden::gridctl
