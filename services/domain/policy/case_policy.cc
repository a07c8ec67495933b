#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "domain/policy/policy_files.h"
#include "domain/workflow/case_workflow.h"

// The types of cases: conditions and clocks.
namespace gridwarden::domain {
namespace {

constexpr absl::Duration kLimitMax = absl::Hours(400 * 24);

// A limit says its amount in exactly one way, which also says how time is counted.
struct Way {
  const char* key;
  Calendar calendar;
  absl::Duration one;
};
constexpr Way kWays[] = {
    {"working_hours", Calendar::kWorkingHours, absl::Hours(1)},
    {"working_days", Calendar::kWorkingDays, absl::Hours(24)},
    {"minutes", Calendar::kContinuous, absl::Minutes(1)},
    {"hours", Calendar::kContinuous, absl::Hours(1)},
    {"days", Calendar::kContinuous, absl::Hours(24)},
};

Limit ReadLimit(const JsonValue& json) {
  Limit limit;
  json.OnlyKeys({"working_hours", "working_days", "minutes", "hours", "days", "source"});
  int ways = 0;
  for (const Way& way : kWays) {
    const JsonValue amount = json.Optional(way.key);
    if (!amount.exists()) continue;
    ++ways;
    limit.calendar = way.calendar;
    limit.span = way.one * amount.Int(1, kLimitMax / way.one);
  }
  if (json.exists() && ways != 1) {
    json.Report(absl::StrCat(
        "got ", ways, " amounts, want exactly one of working_hours, working_days, minutes, hours, days"));
  }
  limit.source = json.Required("source").FilledText();
  return limit;
}

StageLimits ReadLimits(const JsonValue& json) {
  json.OnlyKeys(
      {"screen", "onsite", "dispatch", "accept", "handle", "check", "sign", "total", "rework_floor"});
  StageLimits limits;
  limits.screen = ReadLimit(json.Required("screen"));
  limits.onsite = ReadLimit(json.Required("onsite"));
  limits.dispatch = ReadLimit(json.Required("dispatch"));
  limits.accept = ReadLimit(json.Required("accept"));
  limits.handle = ReadLimit(json.Required("handle"));
  limits.check = ReadLimit(json.Required("check"));
  limits.sign = ReadLimit(json.Required("sign"));
  limits.total = ReadLimit(json.Required("total"));
  const JsonValue floor_json = json.Required("rework_floor");
  const Limit floor = ReadLimit(floor_json);
  if (floor.calendar != limits.handle.calendar)
    floor_json.Report("got another way of counting than handle, want the same");
  limits.rework_floor = floor.span;
  return limits;
}

// "CHECKLIST.ITEM", or "CHECKLIST.ITEM=value" where one certain answer is asked for.
std::vector<std::string> ReadConditions(const JsonValue& json, const Policy& policy) {
  const std::vector<std::string> texts = json.Texts();
  const std::vector<JsonValue> elements = json.Elements();
  for (size_t i = 0; i < texts.size(); ++i) {
    const std::string code = texts[i].substr(0, texts[i].find('='));
    const size_t dot = code.find('.');
    const Checklist* list = dot == std::string::npos ? nullptr : policy.FindChecklist(code.substr(0, dot));
    const ChecklistItem* item = list == nullptr ? nullptr : list->Find(code.substr(dot + 1));
    if (item == nullptr) {
      elements[i].Report(absl::StrCat("got \"", texts[i], "\", want CHECKLIST.ITEM of a known checklist"));
      continue;
    }
    if (code.size() == texts[i].size()) continue;
    const std::string value = texts[i].substr(code.size() + 1);
    const bool fits = item->answer == "yes_no"   ? value == "yes" || value == "no"
                      : item->answer == "choice" ? std::find(item->options.begin(), item->options.end(),
                                                             value) != item->options.end()
                                                 : false;
    if (!fits)
      elements[i].Report(absl::StrCat("got \"", texts[i], "\", want an answer that the item allows"));
  }
  return texts;
}

std::map<std::string, std::vector<std::string>> ReadClosing(const JsonValue& json, bool needs_disposition,
                                                            const Policy& policy) {
  json.OnlyKeys({"any", "SHUT_DOWN", "RELOCATE", "UPGRADE"});
  std::map<std::string, std::vector<std::string>> closing;
  for (const auto& [key, items] : json.Members()) {
    closing[key == "any" ? "" : key] = ReadConditions(items, policy);
    if (key != "any" && !needs_disposition)
      items.Report("got conditions of a disposition, want needs_disposition to be true");
  }
  if (!needs_disposition) return closing;
  for (const Disposition disposition :
       {Disposition::kShutDown, Disposition::kRelocate, Disposition::kUpgrade}) {
    const std::string key(NameOf(disposition));
    // A disposition without conditions would close on nothing.
    if (closing[key].empty()) json.Report("got no conditions for " + key + ", want at least one");
  }
  return closing;
}

std::vector<absl::Duration> ReadRechecks(const JsonValue& json) {
  json.OnlyKeys({"days", "source"});
  json.Required("source").FilledText();
  std::vector<absl::Duration> rechecks;
  for (const JsonValue& day : json.Required("days").Elements()) {
    const absl::Duration after = absl::Hours(24) * day.Int(1, 400);
    if (!rechecks.empty() && after <= rechecks.back())
      day.Report("got a day not after the one before it, want them rising");
    rechecks.push_back(after);
  }
  if (json.exists() && rechecks.empty()) json.Report("got no days, want at least one recheck");
  return rechecks;
}

CaseType ReadType(const JsonValue& json, const std::map<std::string, StageLimits>& limit_sets,
                  const Policy& policy) {
  json.OnlyKeys({"categories", "regime", "filing_items", "needs_disposition", "closing_items", "evidence_min",
                 "limits", "rechecks", "note", "source"});
  CaseType type;
  const JsonValue regime = json.Required("regime");
  if (const auto parsed = ParseRegime(regime.FilledText()); parsed && *parsed != Regime::kUnspecified) {
    type.regime = *parsed;
  } else {
    regime.Report(absl::StrCat("got \"", regime.Text(), "\", want GENERAL, SMALL_POLLUTER, ROAD or SITE"));
  }
  type.filing_items = ReadConditions(json.Required("filing_items"), policy);
  type.needs_disposition = json.Required("needs_disposition").Bool();
  type.closing_items = ReadClosing(json.Required("closing_items"), type.needs_disposition, policy);
  type.evidence_min = static_cast<int>(json.Required("evidence_min").Int(2, 20));
  const JsonValue limits = json.Required("limits");
  if (const auto set = limit_sets.find(limits.FilledText()); set != limit_sets.end()) {
    type.limits = set->second;
  } else {
    limits.Report(absl::StrCat("got \"", limits.Text(), "\", want a name of limit_sets"));
  }
  type.rechecks = ReadRechecks(json.Required("rechecks"));
  json.Optional("note").FilledText();
  type.source = json.Required("source").FilledText();
  return type;
}

}  // namespace

void ReadCaseTypes(const JsonValue& root, Policy& policy) {
  root.OnlyKeys({"title", "note", "documents", "limit_sets", "types"});
  ReadPreamble(root);
  std::map<std::string, StageLimits> limit_sets;
  for (const auto& [name, json] : root.Required("limit_sets").Members()) limit_sets[name] = ReadLimits(json);
  for (const JsonValue& json : root.Required("types").Elements()) {
    const CaseType type = ReadType(json, limit_sets, policy);
    for (const JsonValue& category : json.Required("categories").Elements()) {
      const std::string code = category.FilledText();
      if (code != "*" && policy.FindCategory(code) == nullptr)
        category.Report("got \"" + code + "\", want a known category or *");
      CaseType own = type;
      own.category = code == "*" ? "" : code;
      const std::string key = own.category;
      if (!policy.case_types.emplace(key, std::move(own)).second)
        category.Report("got \"" + code + "\" twice, want it once");
    }
  }
  if (!policy.case_types.contains(""))
    root.Required("types").Report("got no type for *, want the default type");
}

}  // namespace gridwarden::domain
