#include "domain/policy/duty_list.h"

#include <algorithm>
#include <memory>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "domain/policy/policy.h"
#include "domain/policy/policy_files.h"

namespace gridwarden::domain {
namespace {

constexpr std::pair<std::string_view, DutyItem::Kind> kKinds[] = {
    {"BASIC", DutyItem::Kind::kBasic},
    {"COOPERATING", DutyItem::Kind::kCooperating},
    {"TAKEN_BACK", DutyItem::Kind::kTakenBack}};

DutyBearer ReadBearer(const JsonValue& json, const DutyList& list) {
  json.OnlyKeys({"posts", "levels", "units"});
  DutyBearer bearer;
  for (const JsonValue& post : json.Optional("posts").Elements()) {
    const auto kind = ParsePostKind(post.FilledText());
    if (!kind || *kind == PostKind::kUnspecified || *kind == PostKind::kSupervisionOfficer ||
        *kind == PostKind::kDiscipline) {
      post.Report(absl::StrCat("got \"", post.Text(), "\", want a kind of post that may fix"));
      continue;
    }
    bearer.posts.push_back(*kind);
  }
  for (const JsonValue& level : json.Optional("levels").Elements()) {
    const auto parsed = ParseLevel(level.FilledText());
    if (!parsed || *parsed == Level::kUnspecified) {
      level.Report(absl::StrCat("got \"", level.Text(), "\", want a level such as TOWNSHIP"));
      continue;
    }
    bearer.levels.push_back(*parsed);
  }
  for (const JsonValue& unit : json.Optional("units").Elements()) {
    const auto known = list.canonical.find(unit.FilledText());
    if (known == list.canonical.end()) {
      unit.Report(absl::StrCat("got \"", unit.Text(), "\", want a name of unit_names"));
      continue;
    }
    bearer.units.push_back(known->second);
  }
  const bool by_post = !bearer.posts.empty() && !bearer.levels.empty() && bearer.units.empty();
  const bool by_unit = bearer.posts.empty() && bearer.levels.empty() && !bearer.units.empty();
  if (json.exists() && by_post == by_unit)
    json.Report("got no clear bearer, want posts and levels, or units");
  return bearer;
}

std::string ReadDay(const JsonValue& json) {
  if (!json.exists()) return "";
  const std::string text = json.FilledText();
  absl::CivilDay day;
  if (!absl::ParseCivilTime(text, &day) || absl::FormatCivilTime(day) != text)
    json.Report(absl::StrCat("got \"", text, "\", want a date YYYY-MM-DD"));
  return text;
}

DutyItem ReadItem(const JsonValue& json, const DutyList& list, const Policy& policy) {
  json.OnlyKeys({"id", "zh", "en", "list", "categories", "jurisdiction", "lead", "cooperate", "valid_from",
                 "valid_to", "source"});
  DutyItem item;
  item.id = json.Required("id").FilledText();
  item.zh = json.Required("zh").FilledText();
  item.en = json.Required("en").FilledText();
  const JsonValue kind = json.Required("list");
  const auto* found = std::find_if(std::begin(kKinds), std::end(kKinds),
                                   [&](const auto& one) { return one.first == kind.Text(); });
  if (found == std::end(kKinds)) {
    kind.Report(absl::StrCat("got \"", kind.Text(), "\", want BASIC, COOPERATING or TAKEN_BACK"));
  } else {
    item.kind = found->second;
  }
  item.categories = json.Required("categories").Texts();
  for (const JsonValue& category : json.Required("categories").Elements()) {
    if (category.Text() != "*" && policy.FindCategory(category.Text()) == nullptr)
      category.Report(absl::StrCat("got \"", category.Text(), "\", want a known category or *"));
  }
  if (const JsonValue jurisdiction = json.Optional("jurisdiction"); jurisdiction.exists()) {
    jurisdiction.OnlyKeys({"code_prefix", "title"});
    jurisdiction.Required("title").FilledText();
    item.code_prefix = jurisdiction.Required("code_prefix").FilledText();
  }
  item.lead = ReadBearer(json.Required("lead"), list);
  for (const JsonValue& bearer : json.Required("cooperate").Elements())
    item.cooperate.push_back(ReadBearer(bearer, list));
  item.valid_from = ReadDay(json.Required("valid_from"));
  item.valid_to = ReadDay(json.Optional("valid_to"));
  item.source = json.Required("source").FilledText();
  return item;
}

}  // namespace

std::string_view NameOf(DutyItem::Kind kind) {
  for (const auto& [name, value] : kKinds) {
    if (value == kind) return name;
  }
  return "UNKNOWN";
}

std::string_view ZhOf(DutyItem::Kind kind) {
  switch (kind) {
    case DutyItem::Kind::kBasic:
      return "基本履职";
    case DutyItem::Kind::kCooperating:
      return "配合履职";
    case DutyItem::Kind::kTakenBack:
      return "上收";
  }
  return "未知";
}

const DutyItem* DutyList::Find(std::string_view id) const {
  const auto found =
      std::find_if(items.begin(), items.end(), [&](const DutyItem& item) { return item.id == id; });
  return found == items.end() ? nullptr : &*found;
}

bool DutyList::IsCalled(std::string_view display_name, std::string_view body) const {
  return std::any_of(canonical.begin(), canonical.end(), [&](const auto& name) {
    return name.second == body && display_name.ends_with(name.first);
  });
}

void ReadDutyItems(const JsonValue& root, Policy& policy) {
  root.OnlyKeys({"title", "note", "documents", "unit_names", "items"});
  ReadPreamble(root);
  auto list = std::make_shared<DutyList>();
  for (const JsonValue& names : root.Required("unit_names").Elements()) {
    const std::vector<std::string> texts = names.Texts();
    for (const std::string& name : texts) {
      if (!list->canonical.emplace(name, texts.front()).second)
        names.Report("got \"" + name + "\" as the name of two bodies, want it once");
    }
  }
  std::set<std::string> ids;
  for (const JsonValue& json : root.Required("items").Elements()) {
    list->items.push_back(ReadItem(json, *list, policy));
    if (!ids.insert(list->items.back().id).second)
      json.Report("got \"" + list->items.back().id + "\" twice, want it once");
  }
  policy.duty_list = std::move(list);
}

}  // namespace gridwarden::domain
