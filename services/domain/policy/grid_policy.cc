#include <map>
#include <set>
#include <tuple>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "domain/policy/policy_files.h"

// The posts that every division gets, and the working calendar.
namespace gridwarden::domain {
namespace {

Responsibility ReadResponsibility(const JsonValue& json) {
  static const std::map<std::string, Responsibility> kNames = {
      {"NONE", Responsibility::kNone},
      {"FIRST", Responsibility::kFirst},
      {"DIRECT_LEADERSHIP", Responsibility::kDirectLeadership},
      {"LEADERSHIP", Responsibility::kLeadership},
      {"OVERALL", Responsibility::kOverall}};
  const std::string name = json.FilledText();
  const auto found = kNames.find(name);
  if (found != kNames.end()) return found->second;
  json.Report(absl::StrCat("got \"", name, "\", want NONE, FIRST, DIRECT_LEADERSHIP, LEADERSHIP or OVERALL"));
  return Responsibility::kNone;
}

// "08:30" as minutes of the day; "24:00" is its end.
int ReadMinute(const JsonValue& json) {
  const std::string text = json.FilledText();
  int hour = 0, minute = 0;
  const bool ok = text.size() == 5 && text[2] == ':' && absl::SimpleAtoi(text.substr(0, 2), &hour) &&
                  absl::SimpleAtoi(text.substr(3), &minute) && hour >= 0 && minute >= 0 && minute < 60 &&
                  hour * 60 + minute <= 24 * 60;
  if (!ok) json.Report(absl::StrCat("got \"", text, "\", want a time of day hh:mm"));
  return ok ? hour * 60 + minute : 0;
}

std::string ReadDate(const JsonValue& json) {
  const std::string text = json.FilledText();
  absl::CivilDay day;
  const bool ok = text.size() == 10 && absl::ParseCivilTime(text, &day) && absl::FormatCivilTime(day) == text;
  if (json.exists() && !ok) json.Report(absl::StrCat("got \"", text, "\", want a date YYYY-MM-DD"));
  return text;
}

}  // namespace

void ReadPostPresets(const JsonValue& root, Policy& policy) {
  root.OnlyKeys({"title", "note", "documents", "posts"});
  ReadPreamble(root);
  std::set<std::pair<PostKind, Level>> seen;
  for (const JsonValue& json : root.Required("posts").Elements()) {
    json.OnlyKeys({"kind", "levels", "responsibility", "note", "source"});
    const JsonValue kind_json = json.Required("kind");
    const auto kind = ParsePostKind(kind_json.FilledText());
    if (!kind || *kind == PostKind::kUnspecified) {
      kind_json.Report(
          absl::StrCat("got \"", kind_json.Text(), "\", want a kind of post such as GRID_LEADER"));
      continue;
    }
    const Responsibility responsibility = ReadResponsibility(json.Required("responsibility"));
    json.Optional("note").FilledText();
    const std::string source = json.Required("source").FilledText();
    const std::vector<JsonValue> levels = json.Required("levels").Elements();
    if (levels.empty()) json.Report("got no levels, want at least one");
    for (const JsonValue& level_json : levels) {
      const auto level = ParseLevel(level_json.FilledText());
      if (!level || *level == Level::kUnspecified) {
        level_json.Report(absl::StrCat("got \"", level_json.Text(),
                                       "\", want PROVINCE, CITY, COUNTY, TOWNSHIP, VILLAGE or GROUP"));
        continue;
      }
      if (!seen.insert({*kind, *level}).second)
        level_json.Report("got this kind at this level twice, want it once");
      policy.post_presets.push_back({*kind, *level, responsibility, source});
    }
  }
}

void ReadWorkCalendar(const JsonValue& root, Policy& policy) {
  root.OnlyKeys({"title", "note", "documents", "version", "time_zone", "working_hours", "covers_from",
                 "covers_to", "special_days", "source"});
  ReadPreamble(root);
  WorkCalendar& calendar = policy.calendar;
  calendar.version = root.Required("version").FilledText();
  const JsonValue zone = root.Required("time_zone");
  calendar.time_zone = zone.FilledText();
  if (calendar.time_zone != "Asia/Shanghai")
    zone.Report("got \"" + calendar.time_zone + "\", want Asia/Shanghai");
  calendar.covers_from = ReadDate(root.Required("covers_from"));
  calendar.covers_to = ReadDate(root.Required("covers_to"));
  if (calendar.covers_to < calendar.covers_from)
    root.Required("covers_to").Report("got a day before covers_from, want one after it");
  calendar.source = root.Required("source").FilledText();

  int last = -1;
  for (const JsonValue& span : root.Required("working_hours").Elements()) {
    span.OnlyKeys({"from", "to"});
    const int from = ReadMinute(span.Required("from"));
    const int to = ReadMinute(span.Required("to"));
    if (from >= to || from <= last)
      span.Report("got hours that are empty or out of order, want them rising and apart");
    last = to;
    calendar.working_minutes.emplace_back(from, to);
  }
  if (calendar.working_minutes.empty())
    root.Required("working_hours").Report("got none, want at least one span");

  for (const JsonValue& json : root.Required("special_days").Elements()) {
    json.OnlyKeys({"date", "working", "name"});
    SpecialDay day{ReadDate(json.Required("date")), json.Required("working").Bool(),
                   json.Required("name").FilledText()};
    const std::string date = day.date;
    if (date < calendar.covers_from || date > calendar.covers_to) {
      json.Report("got " + date + ", want a day that the calendar says it covers");
    }
    if (!calendar.special_days.emplace(date, std::move(day)).second)
      json.Report("got " + date + " twice, want it once");
  }
}

}  // namespace gridwarden::domain
