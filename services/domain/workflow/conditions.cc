#include "domain/workflow/conditions.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/civil_time.h"
#include "base/status.h"

namespace gridwarden::domain {
namespace {

// "CHECKLIST.ITEM" or "CHECKLIST.ITEM=value", as the policy writes it; ParsePolicy has checked that both
// exist.
struct Condition {
  std::string checklist, item, wanted;
  std::string Code() const { return absl::StrCat(checklist, ".", item); }
};

Condition ParseCondition(const std::string& text) {
  const size_t equals = std::min(text.find('='), text.size());
  const std::string code = text.substr(0, equals);
  const size_t dot = std::min(code.find('.'), code.size());
  return {code.substr(0, dot), dot < code.size() ? code.substr(dot + 1) : "",
          equals < text.size() ? text.substr(equals + 1) : ""};
}

absl::Status Unmet(std::string_view reason, std::string_view why, std::string_view item_zh,
                   std::string_view item_code) {
  return FailedPrecondition(reason, absl::StrCat(std::string(item_code), ": ", std::string(why)),
                            {{"item", std::string(item_zh)}, {"item_code", std::string(item_code)}});
}

absl::Status EvidenceMissing(std::string_view zh, std::string_view code) {
  return Unmet("EVIDENCE_MISSING", "not there", zh, code);
}

const ChecklistItem* FindItem(const Policy& policy, std::string_view checklist, std::string_view item) {
  const Checklist* list = policy.FindChecklist(checklist);
  return list == nullptr ? nullptr : list->Find(item);
}

const Answer* FindAnswer(std::span<const Answer> answers, std::string_view checklist, std::string_view item) {
  for (const Answer& answer : answers) {
    if (answer.checklist == checklist && answer.item == item) return &answer;
  }
  return nullptr;
}

bool IsPhoto(EvidenceKind kind) {
  return kind != EvidenceKind::kUnspecified && kind != EvidenceKind::kDocument;
}

bool Has(std::span<const Evidence> evidence, EvidenceKind kind) {
  return std::any_of(evidence.begin(), evidence.end(),
                     [kind](const Evidence& e) { return e.kind == kind && !e.media.empty(); });
}

bool HasPhoto(std::span<const Evidence> evidence) {
  return std::any_of(evidence.begin(), evidence.end(),
                     [](const Evidence& e) { return IsPhoto(e.kind) && !e.media.empty(); });
}

// Whether the item has to be shown by a photo or document; a bare number, text, date or position needs none.
bool NeedsMedium(const ChecklistItem& item) {
  return std::any_of(item.evidence.begin(), item.evidence.end(), [](const std::string& kind) {
    return kind != "text" && kind != "number" && kind != "date" && kind != "geo";
  });
}

std::optional<double> Number(const std::string& text) {
  double value = 0;
  if (!absl::SimpleAtod(text, &value)) return std::nullopt;
  return value;
}

// Whether the answer meets the item. A comparison with a plain number is judged here; a limit that needs a
// table or a condition in words is recorded and judged by the checker.
bool Passes(const ChecklistItem& item, const std::string& value) {
  if (value.empty()) return false;
  if (item.pass_when == "yes" || item.pass_when == "no") return value == item.pass_when;
  for (const std::string op : {">=", "<="}) {
    if (item.pass_when.rfind(op, 0) != 0) continue;
    const auto limit = Number(item.pass_when.substr(op.size()));
    if (!limit) return true;
    const auto got = Number(value);
    return got && (op == ">=" ? *got >= *limit : *got <= *limit);
  }
  return true;
}

absl::Status ValidateValue(const ChecklistItem& item, const std::string& value, const std::string& field) {
  constexpr size_t kValueMax = 2000;
  if (value.empty()) return InvalidField(field, absl::StrCat("got nothing, want an answer to ", item.code));
  if (value.size() > kValueMax)
    return InvalidField(field, absl::StrCat("got ", value.size(), " bytes, want at most ", kValueMax));
  if (item.answer == "yes_no" && value != "yes" && value != "no") {
    return InvalidField(field, absl::StrCat("got ", value, ", want yes or no"));
  }
  if (item.answer == "number" && !Number(value))
    return InvalidField(field, absl::StrCat("got ", value, ", want a number"));
  if (item.answer == "date") {
    absl::CivilSecond time;
    absl::CivilDay day;
    if (!absl::ParseCivilTime(value, &time) && !absl::ParseCivilTime(value, &day)) {
      return InvalidField(field, absl::StrCat("got ", value, ", want YYYY-MM-DD or YYYY-MM-DDThh:mm:ss"));
    }
  }
  if (item.answer == "choice" && !item.options.empty() &&
      std::find(item.options.begin(), item.options.end(), value) == item.options.end()) {
    return InvalidField(field,
                        absl::StrCat("got ", value, ", want one of ", absl::StrJoin(item.options, ", ")));
  }
  return absl::OkStatus();
}

// How many closing items cite each medium, so that one photo cannot stand for two of them.
std::map<std::string, std::set<std::string>> ItemsByMedium(std::span<const Answer> answers,
                                                           const std::vector<Condition>& conditions) {
  std::map<std::string, std::set<std::string>> items;
  for (const Condition& condition : conditions) {
    const Answer* answer = FindAnswer(answers, condition.checklist, condition.item);
    if (answer == nullptr) continue;
    for (const std::string& medium : answer->media) items[medium].insert(condition.Code());
  }
  return items;
}

// The closing items of the type and, beside them, the items of the same checklists that an answer makes
// necessary
// ("goods are stored on site" asks until when, and whether production could resume).
std::vector<Condition> ClosingItemsAfter(const Policy& policy, const CaseType& type, Disposition disposition,
                                         std::span<const Answer> answers) {
  std::vector<Condition> conditions;
  std::vector<std::string> lists;
  std::set<std::string> seen;
  for (const std::string& text : ClosingItems(type, disposition)) {
    conditions.push_back(ParseCondition(text));
    seen.insert(conditions.back().Code());
    if (std::find(lists.begin(), lists.end(), conditions.back().checklist) == lists.end()) {
      lists.push_back(conditions.back().checklist);
    }
  }
  for (const std::string& code : lists) {
    const Checklist* list = policy.FindChecklist(code);
    if (list == nullptr) continue;
    for (const ChecklistItem& item : list->items) {
      const size_t equals = item.required_if.find('=');
      if (equals == std::string::npos || seen.contains(absl::StrCat(code, ".", item.code))) continue;
      const Answer* trigger = FindAnswer(answers, code, item.required_if.substr(0, equals));
      if (trigger != nullptr && trigger->value == item.required_if.substr(equals + 1)) {
        conditions.push_back({code, item.code, ""});
      }
    }
  }
  return conditions;
}

absl::Status ClosingItemsMet(const Policy& policy, const CaseType& type, Disposition disposition,
                             std::span<const Answer> answers) {
  if (type.needs_disposition && disposition == Disposition::kUnspecified) {
    return FailedPrecondition("DISPOSITION_MISSING",
                              "the disposition has to be decided before the case can be closed");
  }
  const std::vector<Condition> conditions = ClosingItemsAfter(policy, type, disposition, answers);
  const auto items_by_medium = ItemsByMedium(answers, conditions);
  for (const Condition& condition : conditions) {
    const ChecklistItem* item = FindItem(policy, condition.checklist, condition.item);
    if (item == nullptr) {
      return Unmet("CHECKLIST_ITEM_UNKNOWN", "a closing item that no checklist has", condition.Code(),
                   condition.Code());
    }
    const Answer* answer = FindAnswer(answers, condition.checklist, condition.item);
    if (answer == nullptr)
      return Unmet("CLOSING_CONDITION_UNMET", "not answered", item->zh, condition.Code());
    const bool met =
        condition.wanted.empty() ? Passes(*item, answer->value) : answer->value == condition.wanted;
    if (!met) {
      return Unmet("CLOSING_CONDITION_UNMET", absl::StrCat("got ", answer->value, ", want ", item->pass_when),
                   item->zh, condition.Code());
    }
    if (!NeedsMedium(*item)) continue;
    const bool own = std::any_of(answer->media.begin(), answer->media.end(), [&](const std::string& medium) {
      return !medium.empty() && items_by_medium.at(medium).size() == 1;
    });
    if (!own) {
      return Unmet("CLOSING_CONDITION_UNMET",
                   answer->media.empty() ? "no photo or document" : "its photos also stand for another item",
                   absl::StrCat(item->zh, "（缺少本项单独的照片或文件）"), condition.Code());
    }
  }
  return absl::OkStatus();
}

size_t DistinctMedia(std::span<const Evidence> evidence) {
  std::set<std::string> media;
  for (const Evidence& e : evidence) {
    if (!e.media.empty()) media.insert(e.media);
  }
  return media.size();
}

// Two kinds are shown by two photos: one photo called both shows one of them.
bool ShownApart(std::span<const Evidence> evidence, EvidenceKind one, EvidenceKind other) {
  return std::any_of(evidence.begin(), evidence.end(), [&](const Evidence& a) {
    return a.kind == one && std::any_of(evidence.begin(), evidence.end(), [&](const Evidence& b) {
             return b.kind == other && b.media != a.media;
           });
  });
}

absl::Status NearAndFar(std::span<const Evidence> evidence) {
  if (!Has(evidence, EvidenceKind::kNear)) return EvidenceMissing("近景照片", "NEAR");
  if (!Has(evidence, EvidenceKind::kFar)) return EvidenceMissing("远景照片", "FAR");
  if (!ShownApart(evidence, EvidenceKind::kNear, EvidenceKind::kFar))
    return EvidenceMissing("另一张远景照片（不能与近景是同一张）", "FAR");
  return absl::OkStatus();
}

}  // namespace

absl::Status ItemsMet(const Policy& policy, const std::vector<std::string>& items,
                      std::span<const Answer> answers) {
  CaseType only;
  only.closing_items[""] = items;
  return ClosingItemsMet(policy, only, Disposition::kUnspecified, answers);
}

std::vector<std::string> ClosingItems(const CaseType& type, Disposition disposition) {
  std::vector<std::string> items;
  const auto any = type.closing_items.find("");
  if (any != type.closing_items.end()) items = any->second;
  if (disposition == Disposition::kUnspecified) return items;
  const auto own = type.closing_items.find(std::string(NameOf(disposition)));
  if (own != type.closing_items.end()) items.insert(items.end(), own->second.begin(), own->second.end());
  return items;
}

absl::Status ValidateAnswers(const Policy& policy, std::span<const Answer> answers, std::string_view field) {
  std::set<std::pair<std::string, std::string>> seen;
  for (size_t i = 0; i < answers.size(); ++i) {
    const Answer& answer = answers[i];
    const std::string path = absl::StrCat(std::string(field), "[", i, "]");
    const ChecklistItem* item = FindItem(policy, answer.checklist, answer.item);
    if (item == nullptr) {
      const std::string code = absl::StrCat(answer.checklist, ".", answer.item);
      return MakeError(absl::StatusCode::kInvalidArgument, absl::StrCat("no checklist has the item ", code),
                       {.reason = "CHECKLIST_ITEM_UNKNOWN",
                        .metadata = {{"item", code}, {"item_code", code}},
                        .fields = {{absl::StrCat(path, ".item"),
                                    absl::StrCat("got ", code, ", want an item of a checklist")}}});
    }
    if (!seen.insert({answer.checklist, answer.item}).second) {
      return InvalidField(absl::StrCat(path, ".item"),
                          absl::StrCat("got ", answer.item, " twice, want one answer"));
    }
    GW_RETURN_IF_ERROR(ValidateValue(*item, answer.value, absl::StrCat(path, ".value")));
  }
  return absl::OkStatus();
}

absl::Status SubmitEvidence(Channel channel, std::span<const Evidence> evidence) {
  if (channel != Channel::kPatrol || HasPhoto(evidence)) return absl::OkStatus();
  return EvidenceMissing("现场照片", "PHOTO");
}

absl::Status OnsiteEvidence(OnsiteResult result, std::span<const Evidence> evidence) {
  switch (result) {
    case OnsiteResult::kExists:
      return NearAndFar(evidence);
    case OnsiteResult::kAbsent:
      return Has(evidence, EvidenceKind::kAbsence) ? absl::OkStatus()
                                                   : EvidenceMissing("未发现问题的现场照片", "ABSENCE");
    case OnsiteResult::kUnable:
      return absl::OkStatus();
    case OnsiteResult::kUnspecified:
      break;
  }
  return InvalidField("result", "got none, want EXISTS, ABSENT or UNABLE");
}

absl::Status FilingConditions(const Policy& policy, const CaseType& type, Channel channel,
                              std::span<const Answer> answers, std::span<const Evidence> evidence) {
  for (const std::string& text : type.filing_items) {
    const Condition condition = ParseCondition(text);
    const ChecklistItem* item = FindItem(policy, condition.checklist, condition.item);
    const std::string zh = item == nullptr ? condition.Code() : item->zh;
    const Answer* answer = FindAnswer(answers, condition.checklist, condition.item);
    if (answer == nullptr || answer->value.empty()) {
      return Unmet("FILING_CONDITION_UNMET", "not answered", zh, condition.Code());
    }
    if (!condition.wanted.empty() && answer->value != condition.wanted) {
      return Unmet("FILING_CONDITION_UNMET", absl::StrCat("got ", answer->value, ", want ", condition.wanted),
                   zh, condition.Code());
    }
  }
  if (channel != Channel::kAssigned) return NearAndFar(evidence);
  return DistinctMedia(evidence) > 0 ? absl::OkStatus() : EvidenceMissing("交办函或现场照片", "DOCUMENT");
}

absl::Status ClosingConditions(const Policy& policy, const CaseType& type, Disposition disposition,
                               std::span<const Answer> answers, std::span<const Evidence> evidence) {
  GW_RETURN_IF_ERROR(ClosingItemsMet(policy, type, disposition, answers));
  if (!Has(evidence, EvidenceKind::kBefore)) return EvidenceMissing("整改前照片", "BEFORE");
  if (!Has(evidence, EvidenceKind::kAfter)) return EvidenceMissing("整改后新拍的照片", "AFTER");
  if (DistinctMedia(evidence) < static_cast<size_t>(std::max(0, type.evidence_min))) {
    return EvidenceMissing(absl::StrCat("至少 ", type.evidence_min, " 张不同的照片"), "EVIDENCE_MIN");
  }
  if (!ShownApart(evidence, EvidenceKind::kBefore, EvidenceKind::kAfter)) {
    return EvidenceMissing("另一张整改后照片（不能与整改前是同一张）", "AFTER");
  }
  return absl::OkStatus();
}

absl::Status CheckConditions(const Policy& policy, const CaseType& type, Disposition disposition,
                             CheckResult result, std::span<const Answer> answers,
                             std::span<const Evidence> evidence, std::span<const std::string> known_media) {
  const auto is_known = [&](const std::string& medium) {
    return std::find(known_media.begin(), known_media.end(), medium) != known_media.end();
  };
  const bool borrowed =
      std::any_of(evidence.begin(), evidence.end(), [&](const Evidence& e) { return is_known(e.media); }) ||
      std::any_of(answers.begin(), answers.end(),
                  [&](const Answer& a) { return std::any_of(a.media.begin(), a.media.end(), is_known); });
  if (borrowed) return EvidenceMissing("核查人本人新拍的照片（不能使用案卷已有的照片）", "OWN_PHOTO");
  switch (result) {
    case CheckResult::kPass:
      GW_RETURN_IF_ERROR(ClosingItemsMet(policy, type, disposition, answers));
      return HasPhoto(evidence) ? absl::OkStatus() : EvidenceMissing("核查人本人拍摄的照片", "OWN_PHOTO");
    case CheckResult::kFail:
      return Has(evidence, EvidenceKind::kRemains) ? absl::OkStatus()
                                                   : EvidenceMissing("遗留问题照片", "REMAINS");
    case CheckResult::kUnable:
      return absl::OkStatus();
    case CheckResult::kUnspecified:
      break;
  }
  return InvalidField("result", "got none, want PASS, FAIL or UNABLE");
}

absl::Status RecheckTime(RecheckResult result, absl::Time event_time, absl::Time planned) {
  constexpr absl::Duration kEarly = absl::Hours(24);
  if (result == RecheckResult::kRebounded || event_time >= planned - kEarly) return absl::OkStatus();
  const std::string due = absl::FormatTime("%Y-%m-%d", planned, absl::FixedTimeZone(8 * 3600));
  return FailedPrecondition("RECHECK_NOT_DUE", absl::StrCat("the recheck is planned for ", due),
                            {{"due", due}});
}

absl::Status RecheckEvidence(RecheckResult result, std::span<const Evidence> evidence, bool storage_expired) {
  switch (result) {
    case RecheckResult::kHeld:
      if (storage_expired && !Has(evidence, EvidenceKind::kAbsence))
        return EvidenceMissing("原址存放期限已过，须有存放物已清走的照片", "ABSENCE");
      [[fallthrough]];
    case RecheckResult::kRebounded:
      return HasPhoto(evidence) ? absl::OkStatus() : EvidenceMissing("回头看现场照片", "PHOTO");
    case RecheckResult::kNotObservable:
      return absl::OkStatus();
    case RecheckResult::kUnspecified:
      break;
  }
  return InvalidField("result", "got none, want HELD, REBOUNDED or NOT_OBSERVABLE");
}

absl::Status StopEvidence(std::span<const Evidence> evidence) {
  return HasPhoto(evidence) ? absl::OkStatus() : EvidenceMissing("停产现场的新照片", "PHOTO");
}

absl::Status PartEvidence(std::span<const Evidence> evidence) {
  return DistinctMedia(evidence) > 0 ? absl::OkStatus()
                                     : EvidenceMissing("本单位处置的新照片或文件", "PHOTO");
}

absl::Status ResultEvidence(std::span<const Evidence> evidence) {
  return Has(evidence, EvidenceKind::kDocument) ? absl::OkStatus()
                                                : EvidenceMissing("受移送单位的处理文书", "DOCUMENT");
}

absl::StatusOr<std::string> StoredUntil(std::span<const Answer> answers, absl::CivilDay today) {
  constexpr std::string_view kStored = "STORED_ON_SITE", kUntil = "STORED_UNTIL";
  for (const Answer& answer : answers) {
    if (answer.item != kStored || answer.value != "yes") continue;
    const Answer* until = FindAnswer(answers, answer.checklist, kUntil);
    absl::CivilDay day;
    if (until == nullptr || !absl::ParseLenientCivilTime(until->value, &day)) continue;
    if (day > today) return absl::FormatCivilTime(day);
    return Unmet("CLOSING_CONDITION_UNMET", absl::StrCat("got ", until->value, ", want a day to come"),
                 "原址存放期限（须晚于整改日期，否则应已清走）",
                 absl::StrCat(answer.checklist, ".", std::string(kUntil)));
  }
  return "";
}

}  // namespace gridwarden::domain
