#include <set>

#include "absl/strings/str_cat.h"
#include "platform/rpc/page.h"
#include "source/source_fields.h"
#include "source/source_service.h"

// The policy's words: categories and checklists. They are the same for everybody who is signed in.
namespace gridwarden::source {
namespace {

std::string NameOf(domain::Calendar calendar) {
  switch (calendar) {
    case domain::Calendar::kWorkingHours:
      return "WORKING_HOURS";
    case domain::Calendar::kWorkingDays:
      return "WORKING_DAYS";
    case domain::Calendar::kContinuous:
      return "CONTINUOUS";
  }
  return "";
}

v1::CaseNeeds NeedsOf(const domain::CaseType& type, const std::string& code_prefix) {
  v1::CaseNeeds needs;
  needs.set_code_prefix(code_prefix);
  needs.mutable_filing_items()->Assign(type.filing_items.begin(), type.filing_items.end());
  for (const auto& [disposition, items] : type.closing_items) {
    v1::CaseNeeds::Closing& closing = *needs.add_closing();
    v1::Source::Disposition named = v1::Source::DISPOSITION_UNSPECIFIED;
    v1::Source::Disposition_Parse(disposition, &named);
    closing.set_disposition(named);
    closing.mutable_items()->Assign(items.begin(), items.end());
  }
  needs.set_evidence_min(type.evidence_min);
  needs.set_stop_first(type.stop_first.span > absl::ZeroDuration());
  needs.set_may_postpone(type.postponement.allowed);
  needs.set_handle_calendar(NameOf(type.limits.handle.calendar));
  return needs;
}

// Beginnings of codes that have definitions of their own ("CATEGORY@prefix").
std::set<std::string> PrefixesOf(const domain::Policy& policy) {
  std::set<std::string> prefixes;
  for (const auto& [key, type] : policy.case_types) {
    const size_t at = key.find('@');
    if (at != std::string::npos) prefixes.insert(key.substr(at + 1));
  }
  return prefixes;
}

void AddNeeds(const domain::Policy& policy, v1::Category& category) {
  const domain::CaseType& general = policy.TypeOf(category.code());
  *category.add_needs() = NeedsOf(general, "");
  for (const std::string& prefix : PrefixesOf(policy)) {
    const domain::CaseType& local = policy.TypeOf(category.code(), prefix);
    if (&local != &general) *category.add_needs() = NeedsOf(local, prefix);
  }
}

v1::Category CategoryOf(const domain::Policy& policy, const domain::Category& category) {
  v1::Category answer;
  answer.set_name(absl::StrCat("categories/", category.code));
  answer.set_code(category.code);
  answer.set_zh(category.zh);
  answer.set_en(category.en);
  answer.set_campaign(category.campaign);
  answer.set_parent(category.parent);
  answer.set_subject_type(category.subject_type);
  answer.mutable_checklists()->Assign(category.checklists.begin(), category.checklists.end());
  answer.set_needs_disposition(NeedsDisposition(policy, category.code));
  answer.set_source(category.source);
  AddNeeds(policy, answer);
  return answer;
}

v1::ReasonList ReasonsOf(const std::string& kind, const std::vector<domain::Reason>& reasons) {
  v1::ReasonList answer;
  answer.set_kind(kind);
  for (const domain::Reason& reason : reasons) {
    v1::Reason& one = *answer.add_reasons();
    one.set_code(reason.code);
    one.set_zh(reason.zh);
    one.set_en(reason.en);
  }
  return answer;
}

v1::ChecklistItem ItemOf(const domain::ChecklistItem& item) {
  v1::ChecklistItem answer;
  answer.set_code(item.code);
  answer.set_zh(item.zh);
  answer.set_en(item.en);
  answer.set_answer(item.answer);
  answer.set_pass_when(item.pass_when);
  answer.mutable_evidence()->Assign(item.evidence.begin(), item.evidence.end());
  answer.mutable_options()->Assign(item.options.begin(), item.options.end());
  answer.set_source(item.source);
  answer.set_required_if(item.required_if);
  return answer;
}

// The code in "categories/{code}"; a bare code is taken too.
std::string CodeIn(const std::string& collection, const std::string& name) {
  return name.compare(0, collection.size(), collection) == 0 ? name.substr(collection.size()) : name;
}

}  // namespace

absl::StatusOr<v1::ListCategoriesResponse> ListCategories(const AreaContext& context, const rpc::Call&,
                                                          const v1::ListCategoriesRequest& request) {
  GW_ASSIGN_OR_RETURN(const rpc::Page page, rpc::ReadPage(request));
  v1::ListCategoriesResponse response;
  const auto& categories = context.policy->categories;
  if (page.after.empty()) {
    for (const auto& [kind, reasons] : context.policy->reasons)
      *response.add_reasons() = ReasonsOf(kind, reasons);
  }
  for (auto at = page.after.empty() ? categories.begin() : categories.upper_bound(page.after[0]);
       at != categories.end(); ++at) {
    if (!request.campaign().empty() && at->second.campaign != request.campaign()) continue;
    if (response.categories_size() == page.size) {
      const std::string& last = response.categories(page.size - 1).code();
      response.set_next_page_token(rpc::NextPageToken(request, {last}));
      break;
    }
    *response.add_categories() = CategoryOf(*context.policy, at->second);
  }
  return response;
}

absl::StatusOr<v1::Category> GetCategory(const AreaContext& context, const rpc::Call&,
                                         const v1::GetCategoryRequest& request) {
  const domain::Category* category = context.policy->FindCategory(CodeIn("categories/", request.name()));
  if (category == nullptr) return NotFound(request.name());
  return CategoryOf(*context.policy, *category);
}

absl::StatusOr<v1::Checklist> GetChecklist(const AreaContext& context, const rpc::Call&,
                                           const v1::GetChecklistRequest& request) {
  const domain::Checklist* checklist = context.policy->FindChecklist(CodeIn("checklists/", request.name()));
  if (checklist == nullptr) return NotFound(request.name());
  v1::Checklist answer;
  answer.set_name(absl::StrCat("checklists/", checklist->code));
  answer.set_code(checklist->code);
  answer.set_zh(checklist->zh);
  answer.set_en(checklist->en);
  answer.set_purpose(checklist->purpose);
  answer.set_pass_rule(checklist->pass_rule);
  for (const domain::ChecklistItem& item : checklist->items) *answer.add_items() = ItemOf(item);
  answer.set_rule_version(context.policy->version);
  return answer;
}

}  // namespace gridwarden::source
