#include "domain/policy/notice_rules.h"

#include <memory>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "domain/notice/text.h"
#include "domain/notice/timing.h"
#include "domain/policy/policy_files.h"

namespace gridwarden::domain {
namespace {

constexpr std::string_view kFacts[] = {"case_no", "category", "division", "due", "code", "post", "unread"};
// What a group chat may be told: no place, no post.
constexpr std::string_view kGroupFacts[] = {"case_no", "category", "due", "code"};
constexpr size_t kCodeMax = 40;  // notice.kind

int ReadDayMinute(const JsonValue& json) {
  const std::string text = json.FilledText();
  const std::optional<int> minute = ParseDayMinute(text);
  if (json.exists() && !minute) json.Report(absl::StrCat("got \"", text, "\", want a time of day hh:mm"));
  return minute.value_or(0);
}

// A text that names only facts there are.
std::string ReadText(const JsonValue& json, std::span<const std::string_view> known) {
  const std::string text = json.FilledText();
  if (const std::string unknown = UnknownName(text, known); !unknown.empty())
    json.Report(absl::StrCat("got {", unknown, "}, want a fact that there is"));
  return text;
}

Urgency ReadUrgency(const JsonValue& json) {
  const std::string name = json.FilledText();
  if (name == "INFORM") return Urgency::kInform;
  if (name == "ACT") return Urgency::kAct;
  if (name == "PRESSING") return Urgency::kPressing;
  json.Report(absl::StrCat("got \"", name, "\", want INFORM, ACT or PRESSING"));
  return Urgency::kInform;
}

NoticeKind ReadKind(const JsonValue& json) {
  json.OnlyKeys({"code", "urgency", "digest", "zh", "en", "group_zh", "source"});
  NoticeKind kind;
  kind.code = json.Required("code").FilledText();
  if (kind.code.size() > kCodeMax)
    json.Required("code").Report(
        absl::StrCat("got ", kind.code.size(), " characters, want at most ", kCodeMax));
  kind.urgency = ReadUrgency(json.Required("urgency"));
  kind.digest = json.Required("digest").Bool();
  if (kind.digest && kind.urgency == Urgency::kPressing)
    json.Required("digest").Report(
        "got true for what is pressing, want false: it does not wait for a summary");
  kind.text = {ReadText(json.Required("zh"), kFacts), ReadText(json.Required("en"), kFacts)};
  const JsonValue group = json.Optional("group_zh");
  if (group.exists()) kind.group_zh = ReadText(group, kGroupFacts);
  kind.source = json.Required("source").FilledText();
  return kind;
}

JsonValue Sourced(const JsonValue& root, std::string_view name,
                  std::initializer_list<std::string_view> keys) {
  const JsonValue rule = root.Required(name);
  rule.OnlyKeys(keys);
  rule.Required("source").FilledText();
  return rule;
}

}  // namespace

void ReadNoticeRules(const JsonValue& root, Policy& policy) {
  root.OnlyKeys({"title", "note", "documents", "quiet_hours", "digest", "retention", "recipients", "delivery",
                 "roster_empty", "words", "kinds"});
  ReadPreamble(root);
  auto rules = std::make_shared<NoticeRules>();
  const JsonValue quiet = Sourced(root, "quiet_hours", {"from", "to", "source"});
  rules->quiet = {ReadDayMinute(quiet.Required("from")), ReadDayMinute(quiet.Required("to"))};
  rules->digest_at = ReadDayMinute(Sourced(root, "digest", {"at", "source"}).Required("at"));
  rules->keep =
      absl::Hours(24) * Sourced(root, "retention", {"days", "source"}).Required("days").Int(1, 3660);
  rules->recipients_max =
      static_cast<int>(Sourced(root, "recipients", {"most", "source"}).Required("most").Int(1, 500));
  const JsonValue delivery =
      Sourced(root, "delivery", {"attempts", "first_wait_seconds", "wait_seconds_max", "source"});
  rules->attempts_max = static_cast<int>(delivery.Required("attempts").Int(1, 100));
  rules->retry_first = absl::Seconds(delivery.Required("first_wait_seconds").Int(1, 3600));
  rules->retry_max = absl::Seconds(delivery.Required("wait_seconds_max").Int(1, 86'400));
  const JsonValue empty = Sourced(root, "roster_empty", {"zh", "en", "source"});
  rules->roster_empty = {empty.Required("zh").FilledText(), empty.Required("en").FilledText()};
  for (const JsonValue& json : root.Required("words").Elements()) {
    json.OnlyKeys({"code", "zh", "en"});
    NoticeText word{json.Required("zh").FilledText(), json.Required("en").FilledText()};
    if (!rules->words.emplace(json.Required("code").FilledText(), std::move(word)).second)
      json.Report("got this code twice, want it once");
  }
  for (const JsonValue& json : root.Required("kinds").Elements()) {
    NoticeKind kind = ReadKind(json);
    std::string code = kind.code;
    if (!rules->kinds.emplace(std::move(code), std::move(kind)).second)
      json.Report("got this kind twice, want it once");
  }
  if (rules->kinds.empty()) root.Required("kinds").Report("got none, want at least one");
  policy.notices = std::move(rules);
}

}  // namespace gridwarden::domain
