#include "domain/policy/escalation_rules.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "domain/policy/policy_files.h"

namespace gridwarden::domain {
namespace {

constexpr int kPercentMax = 10000;
constexpr int kRungsMax = 20;  // a plan of a timer has room for so many

const std::map<std::string, EscalationLevel> kLevels = {{"R1", EscalationLevel::kRemind},
                                                        {"R2", EscalationLevel::kOverdue},
                                                        {"R3", EscalationLevel::kPress},
                                                        {"R4", EscalationLevel::kCounty}};

EscalationLevel ReadLevelName(const JsonValue& json, const std::string& name) {
  const auto found = kLevels.find(name);
  if (found != kLevels.end()) return found->second;
  json.Report(absl::StrCat("got \"", name, "\", want R1, R2, R3 or R4"));
  return EscalationLevel::kRemind;
}

Recipients ReadRecipients(const JsonValue& json) {
  json.OnlyKeys({"responsible", "kinds", "from"});
  Recipients recipients;
  if (const JsonValue responsible = json.Optional("responsible"); responsible.exists()) {
    recipients.responsible = responsible.Bool();
    if (!recipients.responsible || json.Optional("kinds").exists())
      json.Report("got responsible beside kinds, want one of both");
    return recipients;
  }
  for (const JsonValue& kind : json.Required("kinds").Elements()) {
    const auto parsed = ParsePostKind(kind.FilledText());
    if (!parsed || *parsed == PostKind::kUnspecified)
      kind.Report(absl::StrCat("got \"", kind.Text(), "\", want a kind of post such as GRID_LEADER"));
    else
      recipients.kinds.push_back(*parsed);
  }
  if (recipients.kinds.empty()) json.Report("got no kinds, want at least one");
  const JsonValue from = json.Required("from");
  const auto level = ParseLevel(from.FilledText());
  if (!level || *level == Level::kUnspecified)
    from.Report(absl::StrCat("got \"", from.Text(), "\", want PROVINCE to GROUP"));
  recipients.from = level.value_or(Level::kVillage);
  return recipients;
}

void ReadLevels(const JsonValue& json, EscalationRules& rules) {
  json.OnlyKeys({"R1", "R2", "R3", "R4"});
  for (const auto& [name, level] : json.Members()) {
    level.OnlyKeys({"title", "recipients", "source"});
    level.Required("title").FilledText();
    level.Required("source").FilledText();
    std::vector<Recipients>& recipients = rules.recipients[ReadLevelName(level, name)];
    for (const JsonValue& one : level.Required("recipients").Elements())
      recipients.push_back(ReadRecipients(one));
    if (recipients.empty()) level.Report("got no recipients, want at least one");
  }
  if (rules.recipients.size() != kLevels.size()) json.Report("got not every level, want R1 to R4");
}

// Rungs rise; after the last one a clock may go on reminding.
ClockRungs ReadRungs(const JsonValue& json) {
  ClockRungs clock;
  clock.source = json.Required("source").FilledText();
  for (const JsonValue& rung : json.Required("rungs").Elements()) {
    rung.OnlyKeys({"percent", "level"});
    const JsonValue percent = rung.Required("percent");
    const RungRule rule{static_cast<int>(percent.Int(1, kPercentMax)),
                        ReadLevelName(rung, rung.Required("level").FilledText())};
    if (!clock.rungs.empty() && rule.percent <= clock.rungs.back().percent)
      percent.Report("got a rung that is not above the one before it, want them rising");
    clock.rungs.push_back(rule);
  }
  if (clock.rungs.empty()) json.Report("got no rungs, want at least one");
  if (const JsonValue repeat = json.Optional("repeat"); repeat.exists() && !clock.rungs.empty()) {
    repeat.OnlyKeys({"every_percent", "times"});
    const int every = static_cast<int>(repeat.Required("every_percent").Int(1, 1000));
    const int times = static_cast<int>(repeat.Required("times").Int(1, kRungsMax));
    for (int i = 0; i < times; ++i)
      clock.rungs.push_back({clock.rungs.back().percent + every, clock.rungs.back().level});
  }
  if (clock.rungs.size() > kRungsMax)
    json.Report(absl::StrCat("got ", clock.rungs.size(), " rungs, want at most ", kRungsMax));
  return clock;
}

Limit ReadReply(const JsonValue& json) {
  json.OnlyKeys({"working_days"});
  Limit limit;
  limit.calendar = Calendar::kWorkingDays;
  limit.span = absl::Hours(24) * json.Required("working_days").Int(1, 60);
  return limit;
}

void ReadOrders(const JsonValue& json, OrderRules& orders) {
  json.OnlyKeys({"reply", "listed_months", "extension_before_months", "extension_months", "cap_months",
                 "cases_max", "proposed_by", "source"});
  orders.source = json.Required("source").FilledText();
  orders.reply = ReadReply(json.Required("reply"));
  orders.reply.source = orders.source;
  orders.listed_months = static_cast<int>(json.Required("listed_months").Int(1, 24));
  orders.extension_before_months = static_cast<int>(json.Required("extension_before_months").Int(0, 12));
  orders.extension_months = static_cast<int>(json.Required("extension_months").Int(1, 24));
  orders.cap_months = static_cast<int>(json.Required("cap_months").Int(1, 60));
  if (orders.cap_months < orders.listed_months)
    json.Required("cap_months").Report("got less than listed_months, want at least as much");
  orders.cases_max = static_cast<int>(json.Required("cases_max").Int(1, 200));
  orders.proposed_by = json.Required("proposed_by").Texts();
}

void ReadCounts(const JsonValue& json, EscalationRules& rules) {
  json.OnlyKeys({"rework_press", "rework_county", "rebound_within_days", "overdue_in_township", "source"});
  json.Required("source").FilledText();
  rules.rework_press = static_cast<int>(json.Required("rework_press").Int(1, 20));
  const JsonValue county = json.Required("rework_county");
  rules.rework_county = static_cast<int>(county.Int(1, 20));
  if (rules.rework_county <= rules.rework_press) county.Report("got no more than rework_press, want more");
  rules.rebound_within = absl::Hours(24) * json.Required("rebound_within_days").Int(1, 365);
  rules.overdue_in_township = static_cast<int>(json.Required("overdue_in_township").Int(2, 1000));
}

StopWorkLadder ReadLadder(const JsonValue& json, const Policy& policy) {
  json.OnlyKeys({"categories", "jurisdiction", "within", "stop_days", "restart_items", "note", "source"});
  json.Optional("note").FilledText();
  StopWorkLadder ladder;
  ladder.categories = json.Required("categories").Texts();
  for (const JsonValue& category : json.Required("categories").Elements()) {
    if (policy.FindCategory(category.Text()) == nullptr)
      category.Report("got \"" + category.Text() + "\", want a known category");
  }
  if (const JsonValue jurisdiction = json.Optional("jurisdiction"); jurisdiction.exists()) {
    jurisdiction.OnlyKeys({"code_prefix", "title"});
    jurisdiction.Required("title").FilledText();
    ladder.code_prefix = jurisdiction.Required("code_prefix").FilledText();
  }
  const JsonValue within = json.Required("within");
  within.OnlyKeys({"days", "source"});
  within.Required("source").FilledText();
  ladder.within = absl::Hours(24) * within.Required("days").Int(1, 3660);
  for (const JsonValue& days : json.Required("stop_days").Elements())
    ladder.days.push_back(static_cast<int>(days.Int(1, 366)));
  if (ladder.days.empty()) json.Required("stop_days").Report("got no steps, want at least one");
  ladder.restart_items = json.Required("restart_items").Texts();
  for (const JsonValue& text : json.Required("restart_items").Elements()) {
    const size_t dot = text.Text().find('.');
    const Checklist* list =
        dot == std::string::npos ? nullptr : policy.FindChecklist(text.Text().substr(0, dot));
    if (list == nullptr || list->Find(text.Text().substr(dot + 1)) == nullptr)
      text.Report("got \"" + text.Text() + "\", want CHECKLIST.ITEM of a known checklist");
  }
  ladder.source = json.Required("source").FilledText();
  return ladder;
}

}  // namespace

int StopWorkLadder::DaysOf(int finding) const {
  const size_t step = static_cast<size_t>(std::max(1, finding)) - 1;
  return days[std::min(step, days.size() - 1)];
}

const StopWorkLadder* EscalationRules::LadderOf(std::string_view category,
                                                const std::vector<std::string>& codes) const {
  for (const StopWorkLadder& ladder : stop_work) {
    const bool named =
        std::find(ladder.categories.begin(), ladder.categories.end(), category) != ladder.categories.end();
    const bool here =
        ladder.code_prefix.empty() || std::any_of(codes.begin(), codes.end(), [&](const std::string& code) {
          return code.starts_with(ladder.code_prefix);
        });
    if (named && here) return &ladder;
  }
  return nullptr;
}

const std::vector<RungRule>& EscalationRules::RungsOf(std::string_view clock) const {
  const auto own = clocks.find(std::string(clock));
  return own == clocks.end() ? clocks.at("").rungs : own->second.rungs;
}

void ReadEscalation(const JsonValue& root, Policy& policy) {
  root.OnlyKeys({"title", "note", "documents", "levels", "clocks", "counts", "orders", "stop_work"});
  ReadPreamble(root);
  auto rules = std::make_shared<EscalationRules>();
  ReadLevels(root.Required("levels"), *rules);
  for (const JsonValue& json : root.Required("clocks").Elements()) {
    json.OnlyKeys({"clocks", "rungs", "repeat", "note", "source"});
    json.Optional("note").FilledText();
    const ClockRungs clock = ReadRungs(json);
    for (const JsonValue& name : json.Required("clocks").Elements()) {
      const std::string key = name.FilledText() == "*" ? "" : name.Text();
      if (!rules->clocks.emplace(key, clock).second)
        name.Report("got \"" + name.Text() + "\" twice, want it once");
    }
  }
  if (!rules->clocks.contains("")) root.Required("clocks").Report("got no rungs for *, want the default");
  ReadCounts(root.Required("counts"), *rules);
  ReadOrders(root.Required("orders"), rules->orders);
  for (const JsonValue& json : root.Optional("stop_work").Elements())
    rules->stop_work.push_back(ReadLadder(json, policy));
  policy.escalation = std::move(rules);
}

}  // namespace gridwarden::domain
