#include "domain/policy/policy.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status.h"
#include "domain/policy/duty_list.h"
#include "domain/policy/policy_files.h"

namespace gridwarden::domain {
namespace {

// Longer than any chain of parents; also what ends the walk should two categories name each other.
constexpr int kParentsMax = 8;

using Read = void (*)(const JsonValue&, Policy&);

// In the order in which they refer to each other.
constexpr std::pair<const char*, Read> kFiles[] = {
    {"checklists.json", ReadChecklists},          {"source_categories.json", ReadSourceCategories},
    {"case_types.json", ReadCaseTypes},           {"post_presets.json", ReadPostPresets},
    {"work_calendar.json", ReadWorkCalendar},     {"reasons.json", ReadReasons},
    {"duty_items.json", ReadDutyItems},           {"check_rules.json", ReadCheckRules},
    {"signal_rules.json", ReadSignalRules},       {"application_rules.json", ReadApplicationRules},
    {"draw_rules.json", ReadDrawRules},           {"score_terms.json", ReadScoreRules},
    {"notice_rules.json", ReadNoticeRules},       {"escalation.json", ReadEscalation},
    {"patrol_cadences.json", ReadPatrolCadences}, {"quotas.json", ReadQuotas},
};

// FNV-1a over names and texts, each closed by a byte that UTF-8 never has.
std::string VersionOf(const std::map<std::string, std::string>& files) {
  uint64_t hash = 14695981039346656037ULL;
  const auto add = [&hash](const std::string& text) {
    for (const char c : text) hash = (hash ^ static_cast<uint8_t>(c)) * 1099511628211ULL;
    hash = (hash ^ 0xFF) * 1099511628211ULL;
  };
  for (const auto& [name, text] : files) {
    add(name);
    add(text);
  }
  return absl::StrFormat("%016x", hash);
}

}  // namespace

const ChecklistItem* Checklist::Find(std::string_view item) const {
  for (const ChecklistItem& candidate : items) {
    if (candidate.code == item) return &candidate;
  }
  return nullptr;
}

const Category* Policy::FindCategory(std::string_view code) const {
  const auto found = categories.find(std::string(code));
  return found == categories.end() ? nullptr : &found->second;
}

const Checklist* Policy::FindChecklist(std::string_view code) const {
  const auto found = checklists.find(std::string(code));
  return found == checklists.end() ? nullptr : &found->second;
}

const CaseType& Policy::TypeOf(std::string_view category) const {
  std::string code(category);
  for (int i = 0; i < kParentsMax && !code.empty(); ++i) {
    const auto own = case_types.find(code);
    if (own != case_types.end()) return own->second;
    const Category* found = FindCategory(code);
    if (found == nullptr) break;
    code = found->parent;
  }
  return case_types.at("");
}

const CaseType& Policy::TypeOf(std::string_view category, std::string_view division_code) const {
  const CaseType& general = TypeOf(category);
  for (size_t length = division_code.size(); length > 0; --length) {
    const auto own =
        case_types.find(absl::StrCat(general.category, "@", std::string(division_code.substr(0, length))));
    if (own != case_types.end()) return own->second;
  }
  return general;
}

const Reason* Policy::FindReason(std::string_view kind, std::string_view code) const {
  const auto list = reasons.find(std::string(kind));
  if (list == reasons.end()) return nullptr;
  for (const Reason& reason : list->second) {
    if (reason.code == code) return &reason;
  }
  return nullptr;
}

absl::Status CheckReason(const Policy& policy, std::string_view kind, std::string_view code,
                         std::string_view field) {
  const auto list = policy.reasons.find(std::string(kind));
  if (list == policy.reasons.end() || policy.FindReason(kind, code) != nullptr) return absl::OkStatus();
  std::string known;
  for (const Reason& reason : list->second) absl::StrAppend(&known, known.empty() ? "" : ", ", reason.code);
  return FailedPrecondition("REASON_NOT_LISTED",
                            absl::StrCat(std::string(field), ": got \"", std::string(code.substr(0, 80)),
                                         "\", want one of ", known),
                            {{"reason", std::string(code.substr(0, 80))}, {"field", std::string(field)}});
}

std::vector<std::string> PolicyFileNames() {
  std::vector<std::string> names;
  for (const auto& [name, read] : kFiles) names.emplace_back(name);
  std::sort(names.begin(), names.end());
  return names;
}

void ReadPreamble(const JsonValue& root) {
  root.Required("title").FilledText();
  root.Optional("note").FilledText();
  for (const JsonValue& document : root.Optional("documents").Elements()) {
    document.OnlyKeys({"cite", "title"});
    document.Required("cite").FilledText();
    document.Required("title").FilledText();
  }
}

absl::StatusOr<Policy> ParsePolicy(const std::map<std::string, std::string>& files) {
  const std::vector<std::string> names = PolicyFileNames();
  for (const auto& [name, text] : files) {
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      return InvalidField(name, "got a file that no rule is read from, want only those of the policy");
    }
  }
  Policy policy;
  policy.version = VersionOf(files);
  for (const auto& [name, read] : kFiles) {
    const auto file = files.find(name);
    if (file == files.end()) return InvalidField(name, "got no such file, want it");
    GW_ASSIGN_OR_RETURN(const nlohmann::json json, ParseJson(name, file->second));
    Problem problem;
    read(JsonValue(&json, std::string(name) + "#", &problem), policy);
    GW_RETURN_IF_ERROR(problem.ToStatus());
  }
  return policy;
}

}  // namespace gridwarden::domain
