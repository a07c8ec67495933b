#include <cstdio>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gridctl/case_words.h"
#include "gridctl/command.h"
#include "gridctl/output.h"
#include "gridctl/words.h"
#include "gridwarden/sync/v1/device_service.pb.h"
#include "gridwarden/sync/v1/sync_service.pb.h"

// gridctl device ... and gridctl observation ...
namespace gridwarden::gridctl {
namespace {

namespace v1 = sync::v1;

std::string DeviceMethod(std::string_view name) {
  return "gridwarden.sync.v1.DeviceService/" + std::string(name);
}
std::string SyncMethod(std::string_view name) {
  return "gridwarden.sync.v1.SyncService/" + std::string(name);
}

std::string StateOf(Invocation& run, const v1::Device& device) {
  if (device.has_loss_time()) return Say(run, "lost", "已挂失");
  if (device.has_revoke_time()) return Say(run, "out of use", "已停用");
  return Say(run, "in use", "使用中");
}

std::string FlagWords(Invocation& run, const google::protobuf::RepeatedField<int>& flags) {
  std::vector<std::string> words;
  for (const int flag : flags) words.push_back(Word(run, static_cast<v1::Flag>(flag)));
  return absl::StrJoin(words, run.chinese ? "、" : ", ");
}

absl::Status List(Invocation& run) {
  v1::ListDevicesRequest request;
  if (run.Has("--account")) request.set_account(NameIn("accounts", run.Get("--account")));
  request.set_page_token(run.Get("--page"));
  GW_ASSIGN_OR_RETURN(const auto page,
                      run.session().Call<v1::ListDevicesResponse>(DeviceMethod("ListDevices"), request));
  if (run.json) {
    PrintJson(page);
    return absl::OkStatus();
  }
  Table table =
      MakeTable(run, {"PERSON", "LABEL", "STATE", "SYNCED", "PENDING", "PHOTOS", "MISSING", "DEVICE"});
  for (const v1::Device& device : page.devices()) {
    table.Add({device.person_display_name(), device.label(), StateOf(run, device),
               LocalTime(device.sync_time()), absl::StrCat(device.pending_operations()),
               absl::StrCat(device.pending_photos()), absl::StrCat(device.missing_operations()),
               device.name()});
  }
  std::fputs(table.ToString().c_str(), stdout);
  PrintMore(run, page.next_page_token());
  return absl::OkStatus();
}

void PrintDevice(Invocation& run, const v1::Device& device) {
  if (run.json) return PrintJson(device);
  std::printf(run.chinese ? "%s\n使用人 %s，%s，%s\n登记 %s，最近同步 %s\n"
                          : "%s\nof %s, %s, %s\nregistered %s, last synced %s\n",
              device.name().c_str(), device.person_display_name().c_str(), device.label().c_str(),
              StateOf(run, device).c_str(), LocalTime(device.create_time()).c_str(),
              LocalTime(device.sync_time()).c_str());
  std::printf(run.chinese
                  ? "已收 %lld 条，缺 %d 条；手机上还有 %d 条记录、%d 张照片未送达\n"
                  : "%lld operations came, %d of them never; %d operations and %d photos are still on it\n",
              static_cast<long long>(device.last_seq()), device.missing_operations(),
              device.pending_operations(), device.pending_photos());
  if (device.has_loss_time())
    std::printf(run.chinese ? "挂失时间 %s\n" : "lost since %s\n", LocalTime(device.loss_time()).c_str());
  if (!device.revoke_reason().empty())
    std::printf(run.chinese ? "停用原因 %s\n" : "because: %s\n", device.revoke_reason().c_str());
}

absl::Status Show(Invocation& run) {
  v1::GetDeviceRequest request;
  request.set_name(NameIn("devices", run.positionals[0]));
  GW_ASSIGN_OR_RETURN(const auto device, run.session().Call<v1::Device>(DeviceMethod("GetDevice"), request));
  PrintDevice(run, device);
  return absl::OkStatus();
}

absl::Status Revoke(Invocation& run) {
  v1::RevokeDeviceRequest request;
  request.set_request_id(NewRequestId());
  request.set_name(NameIn("devices", run.positionals[0]));
  request.set_reason(run.Get("--reason"));
  request.set_etag(run.Get("--etag"));
  if (run.Has("--lost-since")) {
    GW_ASSIGN_OR_RETURN(const absl::Time lost, run.GetTime("--lost-since", absl::Now()));
    *request.mutable_loss_time() = ToProto(lost);
  }
  GW_ASSIGN_OR_RETURN(const auto device,
                      run.session().Call<v1::Device>(DeviceMethod("RevokeDevice"), request));
  PrintDevice(run, device);
  return absl::OkStatus();
}

absl::Status Operations(Invocation& run) {
  v1::ListOperationsRequest request;
  if (run.Has("--subject"))
    request.set_subject(run.Get("--subject"));
  else if (!run.positionals.empty())
    request.set_device(NameIn("devices", run.positionals[0]));
  for (const std::string& word : run.All("--verdict")) {
    v1::Verdict verdict;
    if (!v1::Verdict_Parse(absl::AsciiStrToUpper(word), &verdict))
      return absl::InvalidArgumentError(
          absl::StrCat("--verdict: got ", word, ", want ACCEPTED, ASSERTED, REFUSED or WAITING"));
    request.add_verdicts(verdict);
  }
  request.set_page_token(run.Get("--page"));
  GW_ASSIGN_OR_RETURN(const auto page, run.session().Call<v1::ListOperationsResponse>(
                                           DeviceMethod("ListOperations"), request));
  if (run.json) {
    PrintJson(page);
    return absl::OkStatus();
  }
  Table table =
      MakeTable(run, {"SEQ", "RECEIVED", "HAPPENED", "GRADE", "VERDICT", "REASON", "RPC", "ABOUT", "FLAGS"});
  for (const v1::Operation& operation : page.operations()) {
    table.Add({absl::StrCat(operation.seq()), LocalTime(operation.time().receive_time()),
               LocalTime(operation.time().estimated_time()), Word(run, operation.time().grade()),
               Word(run, operation.verdict()), operation.reason(), RpcWord(run, operation.rpc()),
               operation.subject(), FlagWords(run, operation.flags())});
  }
  std::fputs(table.ToString().c_str(), stdout);
  PrintMore(run, page.next_page_token());
  return absl::OkStatus();
}

absl::Status Operation(Invocation& run) {
  v1::GetOperationRequest request;
  request.set_op_id(run.positionals[0]);
  GW_ASSIGN_OR_RETURN(const auto operation,
                      run.session().Call<v1::Operation>(DeviceMethod("GetOperation"), request));
  PrintJson(operation);
  return absl::OkStatus();
}

// What a board of that time may not know yet.
absl::Status CountSilent(Invocation& run) {
  v1::CountDevicesRequest request;
  GW_ASSIGN_OR_RETURN(*request.mutable_division(), run.session().DivisionName(run.positionals[0]));
  if (run.Has("--since")) {
    GW_ASSIGN_OR_RETURN(const absl::Time since, run.GetTime("--since", absl::Now()));
    *request.mutable_since() = ToProto(since);
  }
  GW_ASSIGN_OR_RETURN(const auto counts,
                      run.session().Call<v1::DeviceCounts>(DeviceMethod("CountDevices"), request));
  if (run.json) {
    PrintJson(counts);
    return absl::OkStatus();
  }
  std::printf(
      run.chinese ? "在用手机 %d 部；自 %s 起未同步 %d 部，其中 %d 部有未送达的记录或照片\n"
                  : "%d phones in use; since %s, %d have not synced, %d of them with something on them\n",
      counts.devices(), LocalTime(counts.since()).c_str(), counts.not_synced(), counts.with_pending());
  if (counts.devices() > 0)
    std::printf(run.chinese ? "最久未同步的一部：%s\n" : "the longest silence began %s\n",
                LocalTime(counts.oldest_sync_time()).c_str());
  return absl::OkStatus();
}

absl::Status Key(Invocation& run) {
  GW_ASSIGN_OR_RETURN(const auto key,
                      run.session().Call<v1::SyncKey>(DeviceMethod("GetSyncKey"), v1::GetSyncKeyRequest()));
  if (run.json)
    PrintJson(key);
  else
    std::puts(key.verifier_key().c_str());
  return absl::OkStatus();
}

absl::Status Observations(Invocation& run) {
  v1::ListObservationsRequest request;
  request.set_subject(run.positionals[0]);
  request.set_page_token(run.Get("--page"));
  GW_ASSIGN_OR_RETURN(const auto page, run.session().Call<v1::ListObservationsResponse>(
                                           SyncMethod("ListObservations"), request));
  if (run.json) {
    PrintJson(page);
    return absl::OkStatus();
  }
  Table table = MakeTable(run, {"HAPPENED", "GRADE", "KIND", "PERSON", "RESULT", "REASON", "NOTE", "PHOTOS"});
  for (const v1::Observation& one : page.observations()) {
    table.Add({LocalTime(one.time().estimated_time()), Word(run, one.time().grade()), Word(run, one.kind()),
               one.person_display_name(), one.result(), one.reason(), one.note(),
               absl::StrCat(one.evidence_size())});
  }
  std::fputs(table.ToString().c_str(), stdout);
  PrintMore(run, page.next_page_token());
  return absl::OkStatus();
}

absl::Status Observe(Invocation& run) {
  v1::RecordObservationRequest request;
  request.set_request_id(NewRequestId());
  request.set_subject(run.positionals[0]);
  request.set_kind(run.Has("--photo") ? v1::Observation::EVIDENCE : v1::Observation::EXPLANATION);
  request.set_note(run.Get("--note"));
  for (const std::string& photo : run.All("--photo")) {
    type::v1::Evidence& evidence = *request.add_evidence();
    evidence.set_media(NameIn("media", photo));
    evidence.set_kind(type::v1::Evidence::DOCUMENT);
  }
  GW_ASSIGN_OR_RETURN(const auto kept,
                      run.session().Call<v1::Observation>(SyncMethod("RecordObservation"), request));
  if (run.json)
    PrintJson(kept);
  else
    std::puts(kept.name().c_str());
  return absl::OkStatus();
}

}  // namespace

void AddDeviceCommands(std::vector<Command>& commands) {
  commands.push_back({.words = "device list",
                      .summary = "lists your phones; administrators see everybody's",
                      .options = {{"--account", "ACCOUNT", "only those of an account (administrators)"},
                                  {"--page", "TOKEN", "go on after a page"}},
                      .examples = {"gridctl device list"},
                      .run = List});
  commands.push_back({.words = "device show",
                      .arguments = "DEVICE",
                      .summary = "shows a phone: when it synced, what is still only on it, what never came",
                      .examples = {"gridctl device show 0190..."},
                      .run = Show});
  commands.push_back(
      {.words = "device revoke",
       .arguments = "DEVICE",
       .summary =
           "takes a phone out of use; with a loss time, what it made before is still taken and flagged",
       .options = {{"--reason", "TEXT", "why"},
                   {"--lost-since", "TIME", "since when it is lost"},
                   {"--etag", "ETAG", "only if it is still the one you saw"}},
       .examples = {"gridctl device revoke 0190... --reason 手机丢失 --lost-since \"2026-11-22 14:00\""},
       .run = Revoke});
  commands.push_back({.words = "device operations",
                      .arguments = "[DEVICE]",
                      .summary = "lists what a phone sent and what became of it, or all about a subject",
                      .options = {{"--subject", "NAME", "cases/..., signals/..., patrolTasks/..."},
                                  {"--verdict", "VERDICT", "ACCEPTED, ASSERTED, REFUSED, WAITING", true},
                                  {"--page", "TOKEN", "go on after a page"}},
                      .examples = {"gridctl device operations 0190... --verdict refused",
                                   "gridctl device operations --subject cases/0190..."},
                      .run = Operations});
  commands.push_back({.words = "device operation",
                      .arguments = "OP_ID",
                      .summary = "reads one operation with its signed bytes, as JSON",
                      .examples = {"gridctl device operation 0190..."},
                      .run = Operation});
  commands.push_back(
      {.words = "device count",
       .arguments = "DIVISION",
       .summary = "counts the phones of a division and below that have not synced since a time",
       .options = {{"--since", "TIME", "an hour ago by default"}},
       .examples = {"gridctl device count 411702",
                    "gridctl device count 411702 --since \"2026-11-22 08:00\""},
       .run = CountSilent});
  commands.push_back({.words = "device key",
                      .summary = "prints the key that verifies time tokens and receipts",
                      .examples = {"gridctl device key"},
                      .run = Key});
  commands.push_back(
      {.words = "observation list",
       .arguments = "SUBJECT",
       .summary = "lists what was seen or said of a case, signal, task or source and changed no state",
       .options = {{"--page", "TOKEN", "go on after a page"}},
       .examples = {"gridctl observation list cases/0190..."},
       .run = Observations});
  commands.push_back(
      {.words = "observation record",
       .arguments = "SUBJECT",
       .summary = "adds an explanation, or evidence that was uploaded before",
       .options = {{"--note", "TEXT", "in words"}, {"--photo", "SHA256", "a photo or document", true}},
       .examples = {"gridctl observation record patrolTasks/0190... --note 当时手机没有信号"},
       .run = Observe});
}

}  // namespace gridwarden::gridctl
