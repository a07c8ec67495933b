#include "domain/policy/patrol_rules.h"

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <tuple>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "domain/policy/policy_files.h"

namespace gridwarden::domain {
namespace {

constexpr std::string_view kQuotaKindNames[kQuotaKinds] = {
    "INSPECTION_RATE", "SAMPLING_RATE", "COVERAGE", "FREQUENCY", "COUNT",
    "TIME_LIMIT",      "PERFORMANCE",   "PROGRESS", "INDICATOR", "RETENTION"};

template <typename T>
using Words = std::vector<std::pair<std::string_view, T>>;

// A value out of a short list of words that the code knows; the first when it is none of them.
template <typename T>
T OneOf(const JsonValue& json, const Words<T>& words) {
  const std::string text = json.FilledText();
  std::string known;
  for (const auto& [word, value] : words) {
    if (word == text) return value;
    absl::StrAppend(&known, known.empty() ? "" : ", ", std::string(word));
  }
  if (json.exists()) json.Report(absl::StrCat("got \"", text, "\", want one of ", known));
  return words.front().second;
}

const Words<PatrolPeriod>& Periods() {
  static const auto* words =
      new Words<PatrolPeriod>{{"DAY", PatrolPeriod::kDay},         {"TWO_DAYS", PatrolPeriod::kTwoDays},
                              {"WEEK", PatrolPeriod::kWeek},       {"MONTH", PatrolPeriod::kMonth},
                              {"QUARTER", PatrolPeriod::kQuarter}, {"HALF_YEAR", PatrolPeriod::kHalfYear},
                              {"YEAR", PatrolPeriod::kYear},       {"ONCE", PatrolPeriod::kOnce}};
  return *words;
}

// What stands in rows and in the API: the codes of the documents have hyphens.
std::string Code(const JsonValue& json) {
  const std::string code = json.FilledText();
  const bool ok = code.size() <= 40 && std::all_of(code.begin(), code.end(), [](char c) {
                    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
                  });
  if (!ok) json.Report(absl::StrCat("got \"", code, "\", want at most 40 of A-Z, 0-9, _ and -"));
  return code;
}

Level ReadLevel(const JsonValue& json) {
  const std::optional<Level> level = ParseLevel(json.FilledText());
  if (level && *level != Level::kUnspecified) return *level;
  if (json.exists()) json.Report(absl::StrCat("got \"", json.Text(), "\", want a level such as TOWNSHIP"));
  return Level::kTownship;
}

std::vector<PostKind> ReadPosts(const JsonValue& json) {
  std::vector<PostKind> kinds;
  for (const JsonValue& one : json.Elements()) {
    const std::optional<PostKind> kind = ParsePostKind(one.FilledText());
    if (kind && *kind != PostKind::kUnspecified)
      kinds.push_back(*kind);
    else
      one.Report(absl::StrCat("got \"", one.Text(), "\", want a kind of post such as PATROL_OFFICER"));
  }
  if (json.exists() && kinds.empty()) json.Report("got no posts, want at least one kind");
  return kinds;
}

// The categories named, and those below them.
std::vector<std::string> ReadCategories(const JsonValue& json, const Policy& policy) {
  std::vector<std::string> codes = json.Texts();
  for (const std::string& code : json.Texts()) {
    if (policy.FindCategory(code) == nullptr)
      json.Report(absl::StrCat("got \"", code, "\", want a known category"));
    for (const auto& [below, category] : policy.categories) {
      if (category.parent == code) codes.push_back(below);
    }
  }
  std::sort(codes.begin(), codes.end());
  codes.erase(std::unique(codes.begin(), codes.end()), codes.end());
  return codes;
}

// "18:00" as minutes of the day.
int ReadMinute(const JsonValue& json) {
  const std::string text = json.FilledText();
  int hour = 0, minute = 0;
  const bool ok = text.size() == 5 && text[2] == ':' && absl::SimpleAtoi(text.substr(0, 2), &hour) &&
                  absl::SimpleAtoi(text.substr(3), &minute) && hour >= 0 && hour < 24 && minute >= 0 &&
                  minute < 60;
  if (json.exists() && !ok) json.Report(absl::StrCat("got \"", text, "\", want a time of day hh:mm"));
  return ok ? hour * 60 + minute : 0;
}

std::optional<absl::CivilDay> ReadDay(const JsonValue& json) {
  if (!json.exists()) return std::nullopt;
  const std::string text = json.FilledText();
  absl::CivilDay day;
  if (text.size() == 10 && absl::ParseCivilTime(text, &day) && absl::FormatCivilTime(day) == text) return day;
  json.Report(absl::StrCat("got \"", text, "\", want a date YYYY-MM-DD"));
  return std::nullopt;
}

// "11-15" as month and day.
std::pair<int, int> ReadMonthDay(const JsonValue& json) {
  const std::string text = json.FilledText();
  absl::CivilDay day;
  if (text.size() == 5 && absl::ParseCivilTime("2024-" + text, &day)) return {day.month(), day.day()};
  if (json.exists()) json.Report(absl::StrCat("got \"", text, "\", want a day of the year MM-DD"));
  return {1, 1};
}

// The keys that cadences and quotas share. A quota that makes no tasks has none of them.
PatrolRule ReadRule(const JsonValue& json, const Policy& policy) {
  PatrolRule rule;
  rule.code = Code(json.Required("code"));
  rule.zh = json.Required("zh").FilledText();
  rule.en = json.Required("en").FilledText();
  rule.categories = ReadCategories(json.Optional("categories"), policy);
  if (const JsonValue level = json.Optional("level"); level.exists()) rule.level = ReadLevel(level);
  if (const JsonValue period = json.Optional("period"); period.exists())
    rule.period = OneOf<PatrolPeriod>(period, Periods());
  if (const JsonValue days = json.Optional("days"); days.exists())
    rule.days = static_cast<int>(days.Int(1, 31));
  rule.posts = ReadPosts(json.Optional("posts"));
  if (const JsonValue holidays = json.Optional("holidays"); holidays.exists())
    rule.holidays = holidays.Bool();
  rule.checklist = json.Optional("checklist").Text();
  if (!rule.checklist.empty() && policy.FindChecklist(rule.checklist) == nullptr) {
    json.Optional("checklist").Report(absl::StrCat("got \"", rule.checklist, "\", want a known checklist"));
  }
  json.Optional("note").FilledText();
  rule.source = json.Required("source").FilledText();
  return rule;
}

void CheckOnce(const JsonValue& json, std::set<std::string>& codes, const std::string& code) {
  if (!codes.insert(code).second) json.Report("got the rule " + code + " twice, want it once");
}

Cadence ReadCadence(const JsonValue& json, const Policy& policy, const PatrolRules& rules) {
  json.OnlyKeys({"code", "zh", "en", "level", "risk", "categories", "target", "period", "times", "days",
                 "posts", "night", "holidays", "season", "checklist", "note", "source"});
  Cadence cadence;
  cadence.rule = ReadRule(json, policy);
  PatrolRule& rule = cadence.rule;
  rule.level = ReadLevel(json.Required("level"));
  rule.target = OneOf<PatrolTarget>(
      json.Required("target"), {{"SOURCE", PatrolTarget::kSource}, {"DIVISION", PatrolTarget::kDivision}});
  rule.period = OneOf<PatrolPeriod>(json.Required("period"), Periods());
  if (rule.period == PatrolPeriod::kOnce)
    json.Required("period").Report("got ONCE, want a period that comes again");
  rule.times = static_cast<int>(json.Required("times").Int(1, 31));
  rule.posts = ReadPosts(json.Required("posts"));
  if (const JsonValue night = json.Optional("night"); night.exists()) rule.night = night.Bool();
  if (const JsonValue risk = json.Optional("risk"); risk.exists()) {
    cadence.risk = OneOf<Risk>(risk, {{"KEY", Risk::kKey}, {"OTHER", Risk::kOther}});
    if (rule.target == PatrolTarget::kDivision) risk.Report("got a risk for a division, want none");
  }
  cadence.season = json.Optional("season").Text();
  if (!cadence.season.empty() && rules.FindSeason(cadence.season) == nullptr) {
    json.Optional("season").Report(absl::StrCat("got \"", cadence.season, "\", want a season of this file"));
  }
  return cadence;
}

Quota ReadQuota(const JsonValue& json, const Policy& policy, const Words<QuotaKind>& kinds) {
  json.OnlyKeys({"code",        "zh",        "en",     "kind",        "operator",     "value",
                 "unit",        "per",       "period", "categories",  "jurisdiction", "scope",
                 "responsible", "start",     "end",    "denominator", "why_unknown",  "why_unknown_zh",
                 "unit_zh",     "per_zh",    "task",   "level",       "posts",        "days",
                 "holidays",    "checklist", "note",   "source"});
  Quota quota;
  quota.rule = ReadRule(json, policy);
  PatrolRule& rule = quota.rule;
  quota.kind = OneOf<QuotaKind>(json.Required("kind"), kinds);
  quota.comparison =
      OneOf<std::string>(json.Required("operator"), {{">=", ">="}, {"=", "="}, {"<=", "<="}, {"<", "<"}});
  quota.value = json.Required("value").Int(0, int64_t{1} << 50);
  quota.unit = json.Required("unit").FilledText();
  quota.per = json.Required("per").FilledText();
  quota.unit_zh = json.Required("unit_zh").FilledText();
  quota.per_zh = json.Required("per_zh").FilledText();
  quota.scope = json.Required("scope").FilledText();
  quota.responsible = json.Required("responsible").FilledText();
  const JsonValue where = json.Required("jurisdiction");
  where.OnlyKeys({"name", "code", "document"});
  quota.jurisdiction = where.Required("name").FilledText();
  quota.jurisdiction_code = where.Required("code").FilledText();
  where.Optional("document").FilledText();
  quota.start = ReadDay(json.Optional("start"));
  quota.end = ReadDay(json.Optional("end"));
  quota.denominator =
      OneOf<Denominator>(json.Required("denominator"), {{"UNKNOWN", Denominator::kUnknown},
                                                        {"LEDGER", Denominator::kLedger},
                                                        {"DIVISIONS", Denominator::kDivisions}});
  if (quota.denominator == Denominator::kUnknown) {
    quota.why_unknown = json.Required("why_unknown").FilledText();
    quota.why_unknown_zh = json.Required("why_unknown_zh").FilledText();
    return quota;
  }
  rule.kind = OneOf<PatrolKind>(json.Required("task"),
                                {{"PATROL", PatrolKind::kPatrol}, {"TEST", PatrolKind::kTest}});
  rule.level = ReadLevel(json.Required("level"));
  rule.posts = ReadPosts(json.Required("posts"));
  rule.target = quota.denominator == Denominator::kLedger ? PatrolTarget::kSource : PatrolTarget::kDivision;
  if (rule.period == PatrolPeriod::kNone) json.Required("period");
  if (rule.period == PatrolPeriod::kOnce && !quota.end) json.Required("end");
  if (quota.kind == QuotaKind::kFrequency) {
    rule.times = static_cast<int>(json.Required("value").Int(1, 31));
  } else if (rule.target == PatrolTarget::kDivision) {
    json.Required("denominator").Report("got DIVISIONS, want it with a frequency only");
  }
  const bool rate = quota.kind == QuotaKind::kInspectionRate || quota.kind == QuotaKind::kSamplingRate;
  if (rate) json.Required("value").Int(0, 100);
  if (rate && quota.unit != "%") json.Required("unit").Report("got \"" + quota.unit + "\", want %");
  return quota;
}

std::shared_ptr<PatrolRules> Begun(const Policy& policy) {
  return policy.patrol ? std::make_shared<PatrolRules>(*policy.patrol) : std::make_shared<PatrolRules>();
}

}  // namespace

std::string_view NameOf(QuotaKind kind) { return kQuotaKindNames[static_cast<int>(kind)]; }

bool PatrolSeason::Contains(absl::CivilDay day) const {
  const std::pair<int, int> at{day.month(), day.day()}, from{from_month, from_day}, to{to_month, to_day};
  return from <= to ? from <= at && at <= to : from <= at || at <= to;
}

bool PatrolRule::Means(std::string_view category) const {
  return categories.empty() || std::binary_search(categories.begin(), categories.end(), category);
}

bool Quota::InForce(absl::CivilDay day) const { return (!start || *start <= day) && (!end || day <= *end); }

const PatrolSeason* PatrolRules::FindSeason(std::string_view code) const {
  const auto found = std::find_if(seasons.begin(), seasons.end(),
                                  [&](const PatrolSeason& season) { return season.code == code; });
  return found == seasons.end() ? nullptr : &*found;
}

bool PatrolRules::MakesTasks(const Quota& quota) const {
  return makes_tasks[static_cast<int>(quota.kind)] && quota.denominator != Denominator::kUnknown;
}

void ReadPatrolCadences(const JsonValue& root, Policy& policy) {
  root.OnlyKeys({"title", "note", "documents", "planning", "key_categories", "seasons", "cadences"});
  ReadPreamble(root);
  const std::shared_ptr<PatrolRules> rules = Begun(policy);
  const JsonValue planning = root.Required("planning");
  planning.OnlyKeys({"ahead_days", "reserve_percent", "problem_days", "night_from", "night_to", "source"});
  rules->ahead_days = static_cast<int>(planning.Required("ahead_days").Int(1, 30));
  rules->reserve_percent = static_cast<int>(planning.Required("reserve_percent").Int(0, 100));
  rules->problem_days = static_cast<int>(planning.Required("problem_days").Int(0, 366));
  rules->night_from = ReadMinute(planning.Required("night_from"));
  rules->night_to = ReadMinute(planning.Required("night_to"));
  if (rules->night_to >= rules->night_from)
    planning.Required("night_to").Report("want an hour of the next morning, before night_from");
  planning.Required("source").FilledText();
  rules->key_categories = ReadCategories(root.Required("key_categories"), policy);
  for (const JsonValue& json : root.Required("seasons").Elements()) {
    json.OnlyKeys({"code", "zh", "en", "from", "to", "source"});
    PatrolSeason season;
    season.code = Code(json.Required("code"));
    season.zh = json.Required("zh").FilledText();
    season.en = json.Required("en").FilledText();
    std::tie(season.from_month, season.from_day) = ReadMonthDay(json.Required("from"));
    std::tie(season.to_month, season.to_day) = ReadMonthDay(json.Required("to"));
    season.source = json.Required("source").FilledText();
    rules->seasons.push_back(season);
  }
  std::set<std::string> codes;
  for (const JsonValue& json : root.Required("cadences").Elements()) {
    rules->cadences.push_back(ReadCadence(json, policy, *rules));
    CheckOnce(json, codes, rules->cadences.back().rule.code);
  }
  policy.patrol = rules;
}

void ReadQuotas(const JsonValue& root, Policy& policy) {
  root.OnlyKeys({"title", "note", "documents", "kinds", "quotas"});
  ReadPreamble(root);
  const std::shared_ptr<PatrolRules> rules = Begun(policy);
  Words<QuotaKind> words;
  for (int i = 0; i < kQuotaKinds; ++i) words.push_back({kQuotaKindNames[i], static_cast<QuotaKind>(i)});
  for (const JsonValue& json : root.Required("kinds").Elements()) {
    json.OnlyKeys({"code", "zh", "en", "makes_tasks"});
    const QuotaKind kind = OneOf<QuotaKind>(json.Required("code"), words);
    json.Required("zh").FilledText();
    json.Required("en").FilledText();
    rules->makes_tasks[static_cast<int>(kind)] = json.Required("makes_tasks").Bool();
  }
  std::set<std::string> codes;
  for (const Cadence& cadence : rules->cadences) codes.insert(cadence.rule.code);
  for (const JsonValue& json : root.Required("quotas").Elements()) {
    rules->quotas.push_back(ReadQuota(json, policy, words));
    CheckOnce(json, codes, rules->quotas.back().rule.code);
  }
  policy.patrol = rules;
}

}  // namespace gridwarden::domain
