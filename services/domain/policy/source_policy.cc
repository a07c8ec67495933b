#include <algorithm>
#include <initializer_list>
#include <set>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "domain/policy/policy_files.h"

// Categories of sources and the checklists that belong to them.
namespace gridwarden::domain {
namespace {

// A value out of a short list of words that the code knows.
std::string OneOf(const JsonValue& value, std::initializer_list<std::string_view> words) {
  const std::string text = value.FilledText();
  if (!value.exists() || std::find(words.begin(), words.end(), text) != words.end()) return text;
  std::string known;
  for (const std::string_view word : words)
    absl::StrAppend(&known, known.empty() ? "" : ", ", std::string(word));
  value.Report(absl::StrCat("got \"", text, "\", want one of ", known));
  return text;
}

// CONSTANT_CASE: what stands in the API, in rows and in file names.
std::string Code(const JsonValue& value) {
  const std::string code = value.FilledText();
  const bool ok = std::all_of(code.begin(), code.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
  if (!ok || code.size() > 48)
    value.Report(absl::StrCat("got \"", code, "\", want at most 48 of A-Z, 0-9 and _"));
  return code;
}

ChecklistItem ReadItem(const JsonValue& json) {
  json.OnlyKeys({"code", "zh", "en", "answer", "pass_when", "evidence", "options", "required_if",
                 "required_in", "note", "source"});
  ChecklistItem item;
  item.code = Code(json.Required("code"));
  item.zh = json.Required("zh").FilledText();
  item.en = json.Required("en").FilledText();
  item.answer =
      OneOf(json.Required("answer"), {"yes_no", "number", "choice", "text", "date", "geo", "signature"});
  item.pass_when = json.Required("pass_when").FilledText();
  const JsonValue evidence = json.Required("evidence");
  item.evidence = evidence.Texts();
  for (const JsonValue& kind : evidence.Elements()) {
    OneOf(kind, {"photo", "photo_before", "photo_after", "document", "signature", "online_data",
                 "sample_result", "number", "text", "date", "geo"});
  }
  item.options = json.Optional("options").Texts();
  if (item.answer == "choice" && item.options.empty())
    json.Report("got a choice without options, want at least one option");
  item.required_if = json.Optional("required_if").Text();
  item.required_in = json.Optional("required_in").Texts();
  json.Optional("note").FilledText();
  item.source = json.Required("source").FilledText();
  return item;
}

// "ITEM=value" names an item of the same checklist; anything else is a circumstance in words, for people.
void CheckRequiredIf(const JsonValue& json, const Checklist& list, const ChecklistItem& item) {
  const size_t equals = item.required_if.find('=');
  if (equals == std::string::npos) return;
  if (list.Find(item.required_if.substr(0, equals)) == nullptr) {
    json.Optional("required_if")
        .Report(absl::StrCat("got \"", item.required_if, "\", want an item of ", list.code));
  }
}

}  // namespace

void ReadChecklists(const JsonValue& root, Policy& policy) {
  root.OnlyKeys({"title", "note", "documents", "checklists"});
  ReadPreamble(root);
  for (const JsonValue& json : root.Required("checklists").Elements()) {
    json.OnlyKeys({"code", "zh", "en", "purpose", "pass_rule", "note", "source", "items"});
    Checklist list;
    list.code = Code(json.Required("code"));
    list.zh = json.Required("zh").FilledText();
    list.en = json.Required("en").FilledText();
    list.purpose = OneOf(json.Required("purpose"), {"survey", "routine", "event", "closure", "acceptance",
                                                    "recheck", "alert", "disclosure"});
    list.pass_rule = json.Required("pass_rule").FilledText();
    json.Optional("note").FilledText();
    json.Required("source").FilledText();
    const std::vector<JsonValue> items = json.Required("items").Elements();
    if (items.empty()) json.Report("got no items, want at least one");
    for (const JsonValue& item : items) {
      list.items.push_back(ReadItem(item));
      const std::string code = list.items.back().code;
      const auto same = [&code](const ChecklistItem& other) { return other.code == code; };
      if (std::count_if(list.items.begin(), list.items.end(), same) > 1)
        item.Report("got the item " + code + " twice, want it once");
    }
    for (size_t i = 0; i < items.size(); ++i) CheckRequiredIf(items[i], list, list.items[i]);
    const std::string code = list.code;
    if (!policy.checklists.emplace(code, std::move(list)).second)
      json.Report("got the checklist " + code + " twice, want it once");
  }
}

void ReadSourceCategories(const JsonValue& root, Policy& policy) {
  root.OnlyKeys({"title", "note", "documents", "campaigns", "categories"});
  ReadPreamble(root);
  std::set<std::string> campaigns;
  for (const JsonValue& json : root.Required("campaigns").Elements()) {
    json.OnlyKeys({"code", "zh", "en"});
    campaigns.insert(Code(json.Required("code")));
    json.Required("zh").FilledText();
    json.Required("en").FilledText();
  }
  const std::vector<JsonValue> categories = root.Required("categories").Elements();
  for (const JsonValue& json : categories) {
    json.OnlyKeys({"code", "zh", "en", "campaign", "parent", "subject_type", "checklists", "synonyms", "note",
                   "source"});
    Category category;
    category.code = Code(json.Required("code"));
    category.zh = json.Required("zh").FilledText();
    category.en = json.Required("en").FilledText();
    category.campaign = json.Required("campaign").FilledText();
    if (json.Required("campaign").exists() && !campaigns.contains(category.campaign)) {
      json.Required("campaign").Report("got \"" + category.campaign + "\", want a campaign of this file");
    }
    category.parent = json.Optional("parent").Text();
    category.subject_type =
        OneOf(json.Required("subject_type"), {"site", "event", "mobile", "area", "household", "project"});
    category.checklists = json.Required("checklists").Texts();
    for (const std::string& code : category.checklists) {
      if (policy.FindChecklist(code) == nullptr)
        json.Required("checklists").Report("got \"" + code + "\", want a known checklist");
    }
    category.synonyms = json.Optional("synonyms").Texts();
    json.Optional("note").FilledText();
    category.source = json.Required("source").FilledText();
    const std::string code = category.code;
    if (!policy.categories.emplace(code, std::move(category)).second)
      json.Report("got the category " + code + " twice, want it once");
  }
  for (const JsonValue& json : categories) {
    const JsonValue parent = json.Optional("parent");
    const std::string code = parent.Text();
    if (code.empty()) continue;
    const Category* found = policy.FindCategory(code);
    // One level is all the documents have; more would need a rule for circles.
    if (found == nullptr || !found->parent.empty()) {
      parent.Report("got \"" + code + "\", want a category of this file that has no parent itself");
    }
  }
}

}  // namespace gridwarden::domain
