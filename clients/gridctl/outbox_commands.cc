#include <algorithm>
#include <cstdio>
#include <map>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "base/status.h"
#include "gridctl/command.h"
#include "gridctl/outbox_delivery.h"
#include "gridctl/outbox_file.h"
#include "gridctl/output.h"
#include "gridctl/words.h"
#include "nlohmann/json.hpp"

// gridctl device outbox ...
namespace gridwarden::gridctl {
namespace {

using nlohmann::ordered_json;

std::string Shown(const Invocation& run, const OutboxProblem& problem) {
  const std::string& words = run.chinese ? problem.chinese : problem.english;
  return problem.where.empty() ? words : absl::StrCat(problem.where, run.chinese ? "：" : ": ", words);
}

absl::Time MadeAt(const OutboxOperation& one) {
  if (!one.made.time().has_wall_time()) return absl::InfinitePast();
  return absl::FromUnixSeconds(one.made.time().wall_time().seconds());
}

// "2 巡查，1 核查": what was done, by kind.
std::string ByKind(const Invocation& run, const Outbox& outbox) {
  std::map<std::string, int> counts;
  for (const OutboxOperation& one : outbox.operations) ++counts[RpcWord(run, one.made.rpc())];
  std::vector<std::string> parts;
  for (const auto& [word, count] : counts) parts.push_back(absl::StrCat(count, " ", word));
  return absl::StrJoin(parts, run.chinese ? "，" : ", ");
}

struct PhotoCounts {
  int whole = 0, without_bytes = 0, of_drafts = 0;
};
PhotoCounts CountPhotos(const Outbox& outbox) {
  PhotoCounts counts;
  for (const OutboxPhoto& photo : outbox.photos) {
    if (photo.state == "draft")
      ++counts.of_drafts;
    else
      ++(photo.whole ? counts.whole : counts.without_bytes);
  }
  return counts;
}

std::string PhotosOf(const Outbox& outbox, const OutboxOperation& one) {
  if (one.made.photos_size() == 0) return "-";
  int whole = 0;
  for (const sync::v1::PhotoClaim& claim : one.made.photos()) {
    whole += std::any_of(outbox.photos.begin(), outbox.photos.end(), [&](const OutboxPhoto& photo) {
      return photo.sha256 == claim.sha256() && photo.whole;
    });
  }
  return absl::StrCat(whole, "/", one.made.photos_size());
}

void PrintGaps(const Invocation& run, const Outbox& outbox) {
  for (const OutboxGap& gap : GapsOf(outbox)) {
    const std::string numbers =
        gap.from == gap.to ? absl::StrCat(gap.from) : absl::StrCat(gap.from, "-", gap.to);
    std::printf(run.chinese ? "编号 %s 不在文件中：此前已送达，或已丢失\n"
                            : "numbers %s are not in the file: delivered before, or lost\n",
                numbers.c_str());
  }
}

void PrintOutbox(const Invocation& run, const Outbox& outbox, const DeviceKeys& asked) {
  const int64_t refused = std::count_if(outbox.operations.begin(), outbox.operations.end(),
                                        [](const OutboxOperation& one) { return one.refused_before(); });
  const int64_t intact = std::count_if(outbox.operations.begin(), outbox.operations.end(),
                                       [](const OutboxOperation& one) { return one.intact; });
  const PhotoCounts photos = CountPhotos(outbox);
  const int64_t operations = static_cast<int64_t>(outbox.operations.size());
  std::printf(run.chinese ? "使用人 %s（%s），%s，导出于 %s\n" : "of %s (%s), %s, handed out %s\n",
              outbox.display_name.c_str(), outbox.login.c_str(), outbox.device.c_str(),
              LocalTime(outbox.exported).c_str());
  std::printf(
      run.chinese ? "记录 %lld 条（%lld 条曾被退回）：%s\n" : "%lld operations (%lld refused before): %s\n",
      static_cast<long long>(operations), static_cast<long long>(refused), ByKind(run, outbox).c_str());
  std::printf(run.chinese ? "照片：%d 张完整，%d 张没有图像内容，%d 张属于草稿\n"
                          : "photos: %d whole, %d without their bytes, %d of drafts\n",
              photos.whole, photos.without_bytes, photos.of_drafts);
  std::printf(run.chinese ? "签名：%lld/%lld 条无误，" : "signatures: %lld of %lld are right, ",
              static_cast<long long>(intact), static_cast<long long>(operations));
  if (asked.registered)
    std::printf("%s\n", Say(run, "by the key the server holds", "按服务器登记的公钥核对").c_str());
  else
    std::printf("%s (%s)\n",
                Say(run, "by the key in the file itself; the server's could not be asked",
                    "按文件自带的公钥核对，未能取得服务器登记的公钥")
                    .c_str(),
                std::string(asked.why.message()).c_str());
  PrintGaps(run, outbox);
  if (!outbox.operations.empty()) {
    Table table =
        MakeTable(run, {"NUMBER", "HAPPENED", "RPC", "ABOUT", "PHOTOS", "STATE", "SIGNATURE", "OP_ID"});
    for (const OutboxOperation& one : outbox.operations) {
      table.Add({absl::StrCat(one.made.seq()), LocalTime(MadeAt(one)), RpcWord(run, one.made.rpc()),
                 one.made.subject(), PhotosOf(outbox, one),
                 one.refused_before() ? Say(run, "refused", "被退回") : Say(run, "not delivered", "未送达"),
                 one.intact ? Say(run, "right", "无误") : Say(run, "WRONG", "不符"), one.made.op_id()});
    }
    std::fputs(table.ToString().c_str(), stdout);
  }
  for (const OutboxDraft& draft : outbox.drafts) {
    std::printf(run.chinese ? "草稿（未提交，不能送达）：%s %s %s\n"
                            : "draft (never submitted, cannot be sent): %s %s %s\n",
                draft.form.c_str(), draft.subject.c_str(), LocalTime(draft.updated).c_str());
  }
  for (const OutboxProblem& problem : outbox.problems)
    std::printf("%s %s\n", Say(run, "WRONG:", "有误：").c_str(), Shown(run, problem).c_str());
}

ordered_json JsonOf(const Outbox& outbox, const DeviceKeys& asked) {
  ordered_json out = {
      {"account", outbox.account},
      {"login", outbox.login},
      {"displayName", outbox.display_name},
      {"device", outbox.device},
      {"exportTime", absl::FormatTime(absl::RFC3339_full, outbox.exported, absl::UTCTimeZone())},
      {"keyOfServer", asked.registered},
      {"cutOff", outbox.cut_off},
      {"operations", ordered_json::array()},
      {"gaps", ordered_json::array()},
      {"photos", ordered_json::array()},
      {"drafts", ordered_json::array()},
      {"problems", ordered_json::array()}};
  for (const OutboxOperation& one : outbox.operations) {
    out["operations"].push_back(
        {{"opId", one.made.op_id()},
         {"device", one.made.device()},
         {"seq", one.made.seq()},
         {"rpc", one.made.rpc()},
         {"subject", one.made.subject()},
         {"time", absl::FormatTime(absl::RFC3339_full, MadeAt(one), absl::UTCTimeZone())},
         {"state", one.state},
         {"photos", one.photos},
         {"intact", one.intact}});
  }
  for (const OutboxGap& gap : GapsOf(outbox))
    out["gaps"].push_back({{"device", gap.device}, {"from", gap.from}, {"to", gap.to}});
  for (const OutboxPhoto& photo : outbox.photos) {
    out["photos"].push_back({{"sha256", photo.sha256},
                             {"size", photo.size},
                             {"contentType", photo.content_type},
                             {"state", photo.state},
                             {"opIds", photo.op_ids},
                             {"whole", photo.whole}});
  }
  for (const OutboxDraft& draft : outbox.drafts) {
    out["drafts"].push_back(
        {{"form", draft.form},
         {"subject", draft.subject},
         {"updateTime", absl::FormatTime(absl::RFC3339_full, draft.updated, absl::UTCTimeZone())}});
  }
  for (const OutboxProblem& problem : outbox.problems)
    out["problems"].push_back(
        {{"where", problem.where}, {"message", problem.english}, {"messageZh", problem.chinese}});
  return out;
}

void Print(const ordered_json& out) {
  std::printf("%s\n", out.dump(1, ' ', false, ordered_json::error_handler_t::replace).c_str());
}

absl::Status Show(Invocation& run) {
  GW_ASSIGN_OR_RETURN(Outbox outbox, ReadOutbox(run.positionals[0]));
  const DeviceKeys asked = AskDeviceKeys(run.session(), outbox);
  ProveOutbox(asked.keys, outbox);
  if (run.json)
    Print(JsonOf(outbox, asked));
  else
    PrintOutbox(run, outbox, asked);
  if (outbox.problems.empty()) return absl::OkStatus();
  return ExitWith(outbox.cut_off ? kIncomplete : kAltered,
                  absl::StrFormat(run.chinese ? "%s：%d 处有误" : "%s: %d things are wrong with it",
                                  run.positionals[0], static_cast<int>(outbox.problems.size())));
}

absl::Status ForPeople(absl::StatusCode code, const std::string& english, const std::string& chinese) {
  return MakeError(code, english, {.metadata = {{"zh", chinese}}});
}

// The server takes what a phone made from the phone's own account only; that is said before anything is sent.
absl::Status CheckAccount(Invocation& run, const Outbox& outbox) {
  GW_ASSIGN_OR_RETURN(
      const auto me, run.session().Call<identity::v1::Account>("gridwarden.identity.v1.IdentityService/GetMe",
                                                               identity::v1::GetMeRequest()));
  if (me.name() == outbox.account) return absl::OkStatus();
  return ForPeople(
      absl::StatusCode::kFailedPrecondition,
      absl::StrCat("the file is of ", outbox.display_name, " (", outbox.login, "), and you are signed in as ",
                   me.login(), "; only its own account may send it: gridctl login ", outbox.login),
      absl::StrCat("文件属于 ", outbox.display_name, "（", outbox.login, "），当前登录的是 ", me.login(),
                   "；只能由本人账号送达：gridctl login ", outbox.login));
}

absl::Status CheckDevices(Invocation& run, const Outbox& outbox, const DeviceKeys& asked) {
  if (asked.registered) return absl::OkStatus();
  if (asked.unknown.empty()) return asked.why;
  const bool ours = asked.unknown.size() == 1 && asked.unknown[0] == outbox.device;
  if (!ours || outbox.registration.empty())
    return ForPeople(
        absl::StatusCode::kFailedPrecondition,
        absl::StrCat("the server does not know ", asked.unknown[0],
                     ", and the file has no proof to register it by: hand it out again on the phone"),
        absl::StrCat("服务器没有登记 ", asked.unknown[0], "，文件中也没有登记凭据：请在手机上重新导出"));
  if (run.Has("--dry-run")) return absl::OkStatus();
  return RegisterFromOutbox(run.session(), outbox);
}

// One operation that did not simply go through: why, with what to do where the server says it.
struct Left {
  const OutboxOperation* one;
  std::string word, why;
};

std::vector<Left> LeftOf(const Invocation& run, const Outbox& outbox, const Delivered& delivered) {
  std::vector<Left> left;
  for (const OutboxOperation& one : outbox.operations) {
    if (!one.intact) {
      left.push_back({&one, Say(run, "not sent", "未发送"), Say(run, "its signature is wrong", "签名不符")});
      continue;
    }
    if (const auto refused = delivered.refused_devices.find(one.made.device());
        refused != delivered.refused_devices.end()) {
      left.push_back({&one, Say(run, "not sent", "未发送"),
                      absl::StrCat(ReasonOf(refused->second), " ", std::string(refused->second.message()))});
      continue;
    }
    const auto found = delivered.results.find(one.made.op_id());
    if (found == delivered.results.end()) {
      left.push_back({&one, Say(run, "not sent", "未发送"), ""});
      continue;
    }
    const sync::v1::PushResult& result = found->second;
    if (result.verdict() == sync::v1::ACCEPTED || result.verdict() == sync::v1::DUPLICATE) continue;
    left.push_back(
        {&one, Word(run, result.verdict()),
         absl::StrCat(result.reason(), " ", run.chinese ? result.message_zh() : result.message_en())});
  }
  return left;
}

bool IsDelivered(const Delivered& delivered, const OutboxOperation& one) {
  const auto found = delivered.results.find(one.made.op_id());
  return found != delivered.results.end() && found->second.verdict() != sync::v1::REFUSED &&
         found->second.verdict() != sync::v1::WAITING;
}

void PrintDelivered(const Invocation& run, const Outbox& outbox, const Delivered& delivered) {
  std::map<sync::v1::Verdict, int> verdicts;
  for (const auto& [op_id, result] : delivered.results) ++verdicts[result.verdict()];
  for (const auto& [verdict, count] : verdicts) std::printf("%s: %d\n", Word(run, verdict).c_str(), count);
  for (const Left& left : LeftOf(run, outbox, delivered)) {
    std::printf(run.chinese ? "编号 %lld %s（%s）%s：%s\n" : "number %lld %s (%s) %s: %s\n",
                static_cast<long long>(left.one->made.seq()), RpcWord(run, left.one->made.rpc()).c_str(),
                left.one->made.op_id().c_str(), left.word.c_str(), left.why.c_str());
  }
  const int64_t verified = std::count_if(delivered.photos.begin(), delivered.photos.end(),
                                         [](const DeliveredPhoto& photo) { return photo.status.ok(); });
  std::printf(run.chinese ? "照片已存证：%lld\n" : "photos verified: %lld\n",
              static_cast<long long>(verified));
  for (const DeliveredPhoto& photo : delivered.photos) {
    if (!photo.status.ok())
      std::printf(run.chinese ? "照片 %s 未送达：%s %s\n" : "photo %s not delivered: %s %s\n",
                  photo.photo->sha256.c_str(), ReasonOf(photo.status).c_str(),
                  std::string(photo.status.message()).c_str());
  }
  for (const auto& [device, digests] : delivered.missing_photos) {
    for (const std::string& digest : digests)
      std::printf(run.chinese ? "服务器仍缺照片 %s，文件中没有它\n"
                              : "the server still misses photo %s, and the file has not got it\n",
                  digest.c_str());
  }
}

ordered_json JsonOf(const Outbox& outbox, const Delivered& delivered) {
  ordered_json out = {{"operations", ordered_json::array()},
                      {"photos", ordered_json::array()},
                      {"missingPhotos", ordered_json::array()}};
  for (const OutboxOperation& one : outbox.operations) {
    const auto found = delivered.results.find(one.made.op_id());
    const sync::v1::PushResult result =
        found == delivered.results.end() ? sync::v1::PushResult() : found->second;
    out["operations"].push_back({{"opId", one.made.op_id()},
                                 {"seq", one.made.seq()},
                                 {"rpc", one.made.rpc()},
                                 {"intact", one.intact},
                                 {"verdict", sync::v1::Verdict_Name(result.verdict())},
                                 {"reason", result.reason()},
                                 {"messageZh", result.message_zh()},
                                 {"messageEn", result.message_en()}});
  }
  for (const DeliveredPhoto& photo : delivered.photos)
    out["photos"].push_back({{"sha256", photo.photo->sha256},
                             {"verified", photo.status.ok()},
                             {"reason", ReasonOf(photo.status)}});
  for (const auto& [device, digests] : delivered.missing_photos)
    for (const std::string& digest : digests) out["missingPhotos"].push_back(digest);
  return out;
}

absl::Status Send(Invocation& run) {
  const std::string& path = run.positionals[0];
  GW_ASSIGN_OR_RETURN(Outbox outbox, ReadOutbox(path));
  GW_RETURN_IF_ERROR(CheckAccount(run, outbox));
  const DeviceKeys asked = AskDeviceKeys(run.session(), outbox);
  GW_RETURN_IF_ERROR(CheckDevices(run, outbox, asked));
  ProveOutbox(asked.keys, outbox);
  for (const OutboxProblem& problem : outbox.problems)
    std::fprintf(stderr, "%s: %s\n", path.c_str(), Shown(run, problem).c_str());
  if (run.Has("--dry-run")) {
    if (run.json)
      Print(JsonOf(outbox, asked));
    else
      PrintOutbox(run, outbox, asked);
    std::fprintf(stderr, "%s\n", Say(run, "nothing was sent", "没有发送任何内容").c_str());
    return absl::OkStatus();
  }
  Delivered delivered;
  absl::Status line;
  {
    const int photos = CountPhotos(outbox).whole;
    Progress operations(Say(run, "operations", "记录"), static_cast<int64_t>(outbox.operations.size()));
    std::optional<Progress> pictures;
    line = Deliver(
        run.session(), path, outbox,
        [&](int settled, int sent) {
          operations.Set(settled);
          if (sent > 0 && !pictures) pictures.emplace(Say(run, "photos", "照片"), photos);
          if (pictures) pictures->Set(std::min(sent, photos));
        },
        delivered);
  }
  if (run.json)
    Print(JsonOf(outbox, delivered));
  else
    PrintDelivered(run, outbox, delivered);
  if (!line.ok()) {
    std::fprintf(
        stderr, "%s\n",
        Say(run, "nothing is lost: run the same command again", "没有丢失任何内容：请再次执行同一命令")
            .c_str());
    return line;
  }
  const bool all = std::all_of(outbox.operations.begin(), outbox.operations.end(),
                               [&](const OutboxOperation& one) { return IsDelivered(delivered, one); });
  const bool photos = std::all_of(delivered.photos.begin(), delivered.photos.end(),
                                  [](const DeliveredPhoto& photo) { return photo.status.ok(); });
  if (all && photos && !outbox.cut_off) return absl::OkStatus();
  return ForPeople(absl::StatusCode::kFailedPrecondition, "not everything was delivered; keep the file",
                   "没有全部送达，请保留该文件");
}

}  // namespace

void AddOutboxCommands(std::vector<Command>& commands) {
  commands.push_back(
      {.words = "device outbox show",
       .arguments = "FILE",
       .summary = "says what a file that a phone handed out holds, and whether anything in it was changed",
       .examples = {"gridctl device outbox show gridwarden-g004-2026-11-22.json",
                    "gridctl device outbox show gridwarden-g004-2026-11-22.json --lang zh"},
       .run = Show});
  commands.push_back(
      {.words = "device outbox send",
       .arguments = "FILE",
       .summary =
           "delivers such a file from the account it belongs to; may be run again, nothing comes twice",
       .options = {{"--dry-run", "", "check everything and send nothing"}},
       .examples = {"gridctl device outbox send gridwarden-g004-2026-11-22.json --dry-run",
                    "gridctl device outbox send gridwarden-g004-2026-11-22.json"},
       .run = Send});
}

}  // namespace gridwarden::gridctl
