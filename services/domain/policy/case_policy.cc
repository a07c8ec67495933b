#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
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

std::string ReadMonthDay(const JsonValue& json) {
  absl::CivilDay day;
  if (!absl::ParseCivilTime("2024-" + json.FilledText(), &day))
    json.Report("got \"" + json.Text() + "\", want MM-DD");
  return json.Text();
}

// The rechecks of what comes back as long as its season lasts.
void ReadSeasons(const JsonValue& json, CaseType& type) {
  if (!json.exists()) return;
  json.OnlyKeys({"every_days", "seasons", "source"});
  json.Required("source").FilledText();
  type.recheck_every = absl::Hours(24) * json.Required("every_days").Int(1, 90);
  for (const JsonValue& season : json.Required("seasons").Elements()) {
    season.OnlyKeys({"from", "to"});
    type.seasons.push_back({ReadMonthDay(season.Required("from")), ReadMonthDay(season.Required("to"))});
  }
  if (type.seasons.empty()) json.Report("got no seasons, want at least one");
}

std::vector<absl::Duration> ReadRechecks(const JsonValue& json) {
  json.OnlyKeys({"days", "until_season_end", "source"});
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

PostponementRule ReadPostponement(const JsonValue& json) {
  json.OnlyKeys({"allowed", "cap", "ratio_max", "ratio_from", "source"});
  PostponementRule rule;
  rule.allowed = json.Required("allowed").Bool();
  if (rule.allowed) {
    rule.cap = ReadLimit(json.Required("cap"));
    rule.ratio_max = static_cast<int>(json.Required("ratio_max").Int(0, 100));
    rule.ratio_from = static_cast<int>(json.Required("ratio_from").Int(1, 100000));
  }
  rule.source = json.Required("source").FilledText();
  return rule;
}

struct SuspensionRule {
  bool allowed = true;
  Limit review;
};

SuspensionRule ReadSuspension(const JsonValue& json) {
  json.OnlyKeys({"allowed", "review", "source"});
  SuspensionRule rule;
  rule.allowed = json.Required("allowed").Bool();
  if (rule.allowed) rule.review = ReadLimit(json.Required("review"));
  json.Required("source").FilledText();
  return rule;
}

struct SameProblem {
  double merge_radius_m = 0;
  Limit merge_within;
  double rebound_radius_m = 0;
};

SameProblem ReadSameProblem(const JsonValue& json) {
  json.OnlyKeys({"merge_radius_m", "merge_within", "rebound_radius_m", "source"});
  constexpr int kRadiusMax = 5000;
  SameProblem same;
  same.merge_radius_m = static_cast<double>(json.Required("merge_radius_m").Int(1, kRadiusMax));
  const JsonValue within = json.Required("merge_within");
  same.merge_within = ReadLimit(within);
  if (same.merge_within.calendar != Calendar::kContinuous)
    within.Report("got working time, want minutes, hours or days");
  same.rebound_radius_m = static_cast<double>(json.Required("rebound_radius_m").Int(1, kRadiusMax));
  json.Required("source").FilledText();
  return same;
}

// Rules that several types share, by name.
struct RuleSets {
  std::map<std::string, StageLimits> limits;
  std::map<std::string, PostponementRule> postponements;
  std::map<std::string, SuspensionRule> suspensions;
  std::map<std::string, SameProblem> same_problems;
};

template <typename Rule>
Rule FromSet(const std::map<std::string, Rule>& sets, const JsonValue& name, std::string_view set_name) {
  if (const auto set = sets.find(name.FilledText()); set != sets.end()) return set->second;
  name.Report(absl::StrCat("got \"", name.Text(), "\", want a name of ", std::string(set_name)));
  return {};
}

std::map<std::string, std::vector<std::string>> ReadCosigners(const JsonValue& json) {
  json.OnlyKeys({"any", "SHUT_DOWN", "RELOCATE", "UPGRADE"});
  std::map<std::string, std::vector<std::string>> cosigners;
  for (const auto& [key, seats] : json.Members()) {
    for (const JsonValue& seat : seats.Elements()) {
      const std::string name = seat.FilledText();
      if (name != "COOPERATING_UNITS" && name != "COUNTY_CENTRE" && name != "COUNTY_LEADER")
        seat.Report("got \"" + name + "\", want COOPERATING_UNITS, COUNTY_CENTRE or COUNTY_LEADER");
    }
    cosigners[key == "any" ? "" : key] = seats.Texts();
  }
  return cosigners;
}

// "@410183" for a type that only holds where divisions have codes of that beginning.
std::string ReadJurisdiction(const JsonValue& json) {
  if (!json.exists()) return "";
  json.OnlyKeys({"code_prefix", "title"});
  json.Required("title").FilledText();
  return "@" + json.Required("code_prefix").FilledText();
}

CaseType ReadType(const JsonValue& json, const RuleSets& sets, const Policy& policy) {
  json.OnlyKeys({"categories", "jurisdiction", "regime", "filing_items", "needs_disposition", "closing_items",
                 "evidence_min", "limits", "rechecks", "stop_first", "check_same_hours", "cosigners",
                 "postponement", "suspension", "same_problem", "note", "source"});
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
  type.limits = FromSet(sets.limits, json.Required("limits"), "limit_sets");
  type.rechecks = ReadRechecks(json.Required("rechecks"));
  ReadSeasons(json.Required("rechecks").Optional("until_season_end"), type);
  type.postponement = FromSet(sets.postponements, json.Required("postponement"), "postponement_sets");
  const JsonValue cap = json.Required("postponement");
  if (type.postponement.allowed && type.postponement.cap.calendar != type.limits.handle.calendar)
    cap.Report("got a cap counted another way than handle, want the same");
  const auto suspension = FromSet(sets.suspensions, json.Required("suspension"), "suspension_sets");
  type.may_suspend = suspension.allowed;
  if (suspension.allowed) type.suspension_review = suspension.review;
  const auto same = FromSet(sets.same_problems, json.Required("same_problem"), "same_problem_sets");
  type.merge_radius_m = same.merge_radius_m;
  type.merge_window = same.merge_within.span;
  type.rebound_radius_m = same.rebound_radius_m;
  if (const JsonValue stop = json.Optional("stop_first"); stop.exists()) type.stop_first = ReadLimit(stop);
  if (const JsonValue same_hours = json.Optional("check_same_hours"); same_hours.exists())
    type.check_same_hours = same_hours.Bool();
  if (const JsonValue cosigners = json.Optional("cosigners"); cosigners.exists())
    type.cosigners = ReadCosigners(cosigners);
  json.Optional("note").FilledText();
  type.source = json.Required("source").FilledText();
  return type;
}

}  // namespace

void ReadCaseTypes(const JsonValue& root, Policy& policy) {
  root.OnlyKeys({"title", "note", "documents", "limit_sets", "postponement_sets", "suspension_sets",
                 "same_problem_sets", "types"});
  ReadPreamble(root);
  RuleSets sets;
  for (const auto& [name, json] : root.Required("limit_sets").Members()) sets.limits[name] = ReadLimits(json);
  for (const auto& [name, json] : root.Required("postponement_sets").Members())
    sets.postponements[name] = ReadPostponement(json);
  for (const auto& [name, json] : root.Required("suspension_sets").Members())
    sets.suspensions[name] = ReadSuspension(json);
  for (const auto& [name, json] : root.Required("same_problem_sets").Members())
    sets.same_problems[name] = ReadSameProblem(json);
  for (const JsonValue& json : root.Required("types").Elements()) {
    const CaseType type = ReadType(json, sets, policy);
    const std::string jurisdiction = ReadJurisdiction(json.Optional("jurisdiction"));
    for (const JsonValue& category : json.Required("categories").Elements()) {
      const std::string code = category.FilledText();
      if (code != "*" && policy.FindCategory(code) == nullptr)
        category.Report("got \"" + code + "\", want a known category or *");
      CaseType own = type;
      own.category = code == "*" ? "" : code;
      const std::string key = own.category + jurisdiction;
      if (!policy.case_types.emplace(key, std::move(own)).second)
        category.Report("got \"" + code + "\" twice, want it once");
    }
  }
  if (!policy.case_types.contains(""))
    root.Required("types").Report("got no type for *, want the default type");
}

void ReadReasons(const JsonValue& root, Policy& policy) {
  root.OnlyKeys({"title", "note", "documents", "reasons"});
  ReadPreamble(root);
  for (const auto& [kind, list] : root.Required("reasons").Members()) {
    std::vector<Reason>& reasons = policy.reasons[kind];
    for (const JsonValue& json : list.Elements()) {
      json.OnlyKeys({"code", "zh", "en", "source"});
      Reason reason{.code = json.Required("code").FilledText(),
                    .zh = json.Required("zh").FilledText(),
                    .en = json.Required("en").FilledText(),
                    .source = json.Required("source").FilledText()};
      if (policy.FindReason(kind, reason.code) != nullptr)
        json.Report("got \"" + reason.code + "\" twice, want it once");
      reasons.push_back(std::move(reason));
    }
    if (reasons.empty()) list.Report("got no reasons, want at least one");
  }
}

}  // namespace gridwarden::domain
