#include <array>
#include <cstdio>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/status.h"
#include "google/protobuf/timestamp.pb.h"
#include "google/protobuf/util/time_util.h"
#include "gridctl/case_words.h"
#include "gridctl/command.h"
#include "gridctl/output.h"
#include "gridctl/words.h"
#include "gridwarden/patrol/v1/patrol.pb.h"
#include "gridwarden/source/v1/source.pb.h"
#include "gridwarden/sync/v1/device_service.pb.h"
#include "gridwarden/sync/v1/sync_service.pb.h"
#include "nlohmann/json.hpp"

// gridctl device pull: what a phone of the signed-in person holds, in words.
namespace gridwarden::gridctl {
namespace {

namespace v1 = sync::v1;
using nlohmann::json;

constexpr int kPageSize = 500;
constexpr int kPagesMax = 100;  // a phone holds 5,000 records

// The phone that was named, or the caller's newest one in use.
absl::StatusOr<std::string> DeviceOf(Invocation& run) {
  if (!run.positionals.empty()) return NameIn("devices", run.positionals[0]);
  v1::ListDevicesRequest request;
  GW_ASSIGN_OR_RETURN(
      const auto me, run.session().Call<identity::v1::Account>("gridwarden.identity.v1.IdentityService/GetMe",
                                                               identity::v1::GetMeRequest()));
  request.set_account(me.name());
  GW_ASSIGN_OR_RETURN(const auto page, run.session().Call<v1::ListDevicesResponse>(
                                           "gridwarden.sync.v1.DeviceService/ListDevices", request));
  std::string newest;
  for (const v1::Device& device : page.devices()) {
    if (!device.has_revoke_time()) newest = device.name();
  }
  if (!newest.empty()) return newest;
  return MakeError(absl::StatusCode::kFailedPrecondition,
                   "you have no phone in use: sign in on one first, it registers itself",
                   {.metadata = {{"zh", "您没有在用的手机：请先在手机上登录，手机会自行登记"}}});
}

// Everything from the beginning, as a phone that holds nothing.
absl::StatusOr<v1::PullResponse> PullAll(Invocation& run, const std::string& device) {
  v1::PullResponse all;
  for (int page = 0; page < kPagesMax; ++page) {
    v1::PullRequest request;
    request.set_device(device);
    request.set_cursor(all.next_cursor());
    request.set_page_size(kPageSize);
    GW_ASSIGN_OR_RETURN(const auto more,
                        run.session().Call<v1::PullResponse>("gridwarden.sync.v1.SyncService/Pull", request));
    if (more.reset()) {  // the ground changed meanwhile: from the beginning
      all.Clear();
      continue;
    }
    all.clear_more();
    all.MergeFrom(more);
    if (!more.more()) return all;
  }
  return absl::AbortedError("the ground changes faster than it can be read: run the same command again");
}

struct Count {
  int open = 0, assigned = 0, over = 0;
};

std::string DueOf(const json& record) {
  google::protobuf::Timestamp due;
  const std::string text = record.value("dueTime", "");
  if (text.empty() || !google::protobuf::util::TimeUtil::FromString(text, &due)) return "-";
  return LocalTime(due);
}

// What people call it: a case by its number, a task by its title, a signal by its category.
std::string TitleOf(const json& record) {
  for (const char* field : {"title", "caseNo", "displayName", "category"}) {
    if (const auto found = record.find(field);
        found != record.end() && found->is_string() && !found->get<std::string>().empty())
      return *found;
  }
  return "-";
}

// States of tasks and sources have names that those of cases have too.
std::string StateOf(const Invocation& run, v1::Record::Kind kind, const std::string& name) {
  patrol::v1::PatrolTask::State task;
  if (kind == v1::Record::PATROL_TASK && patrol::v1::PatrolTask::State_Parse(name, &task))
    return Word(run, task);
  source::v1::Source::State source;
  if (kind == v1::Record::SOURCE && source::v1::Source::State_Parse(name, &source)) return Word(run, source);
  return StateWord(run, name);
}

void PrintHeld(Invocation& run, const v1::PullResponse& held) {
  const auto named = [&](const std::string& name) {
    const auto found = held.display_names().find(name);
    return found == held.display_names().end() ? name : found->second;
  };
  std::vector<std::string> posts;
  for (const v1::ScopePost& post : held.posts())
    posts.push_back(PostWord(run, absl::StrCat(post.kind(), " ", post.division_display_name())));
  std::printf("%s%s\n", Say(run, "posts: ", "岗位：").c_str(),
              absl::StrJoin(posts, run.chinese ? "，" : ", ").c_str());
  std::array<Count, v1::Record::Kind_ARRAYSIZE> counts;
  for (const v1::Record& record : held.records()) {
    if (!v1::Record::Kind_IsValid(record.kind())) continue;
    Count& count = counts[record.kind()];
    ++(record.open() ? count.open : count.over);
    count.assigned += record.assigned() ? 1 : 0;
  }
  Table kinds = MakeTable(run, {"KIND", "OPEN", "WAITING FOR YOU", "OVER"});
  for (int kind = v1::Record::CASE; kind <= v1::Record::SOURCE; ++kind) {
    const Count& count = counts[kind];
    kinds.Add({Word(run, static_cast<v1::Record::Kind>(kind)), absl::StrCat(count.open),
               absl::StrCat(count.assigned), absl::StrCat(count.over)});
  }
  std::fputs(kinds.ToString().c_str(), stdout);
  Table work = MakeTable(run, {"KIND", "STATE", "TITLE", "DIVISION", "DUE", "SUBJECT"});
  for (const v1::Record& record : held.records()) {
    if (!record.open() || (!record.assigned() && !run.Has("--all"))) continue;
    const json resource = json::parse(record.json(), nullptr, false);
    if (!resource.is_object()) continue;
    work.Add({Word(run, record.kind()), StateOf(run, record.kind(), resource.value("state", "")),
              TitleOf(resource), named(resource.value("division", "")), DueOf(resource), record.name()});
  }
  if (!work.empty()) std::fputs(work.ToString().c_str(), stdout);
  if (held.left_out() > 0)
    std::printf(run.chinese ? "另有 %d 条装不下（手机最多保留 5000 条）\n"
                            : "%d more do not fit: a phone holds 5,000\n",
                held.left_out());
  std::printf(run.chinese ? "完整至日志序号 %llu\n" : "whole up to index %llu of the journal\n",
              static_cast<unsigned long long>(held.as_of_index()));
}

absl::Status Pull(Invocation& run) {
  GW_ASSIGN_OR_RETURN(const std::string device, DeviceOf(run));
  GW_ASSIGN_OR_RETURN(const v1::PullResponse held, PullAll(run, device));
  if (run.json)
    PrintJson(held);
  else
    PrintHeld(run, held);
  return absl::OkStatus();
}

}  // namespace

void AddPullCommand(std::vector<Command>& commands) {
  commands.push_back(
      {.words = "device pull",
       .arguments = "[DEVICE]",
       .summary = "shows what your phone holds when it fetches everything; counts as a sync of that phone",
       .options = {{"--all", "", "list all that is open, not only what waits for you"}},
       .examples = {"gridctl device pull", "gridctl device pull 0190... --all --lang zh"},
       .run = Pull});
}

}  // namespace gridwarden::gridctl
