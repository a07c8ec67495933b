#include "casework/routing.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/status.h"
#include "casework/handler.h"

namespace gridwarden::casework {
namespace {

// What the list says instead, for the words of the refusal.
std::string ListedInstead(const domain::Policy& policy, const domain::Ground& ground, const CaseFile& file) {
  constexpr size_t kItemsMax = 3;
  std::string titles;
  size_t told = 0;
  for (const domain::DutyItem* item : domain::ItemsFor(policy, ground, QuestionOf(file))) {
    if (told++ == kItemsMax) break;
    absl::StrAppend(&titles, titles.empty() ? "" : "；", item->zh);
  }
  return titles.empty() ? "清单未列" : titles;
}

}  // namespace

absl::StatusOr<std::vector<Uuid>> ReadCooperators(
    const domain::Ground& ground, const google::protobuf::RepeatedPtrField<std::string>& cooperators) {
  if (cooperators.size() > kCooperatorsMax) {
    return InvalidField("cooperators",
                        absl::StrFormat("got %d, want at most %d", cooperators.size(), kCooperatorsMax));
  }
  std::vector<Uuid> units;
  for (int i = 0; i < cooperators.size(); ++i) {
    const std::string field = absl::StrCat("cooperators[", i, "]");
    GW_ASSIGN_OR_RETURN(const Uuid unit, ParseResourceName("units", cooperators.Get(i), field));
    if (ground.FindUnit(unit) == nullptr)
      return InvalidField(field, "got an unknown unit, want one of the ground");
    if (std::find(units.begin(), units.end(), unit) != units.end())
      return InvalidField(field, "got a unit twice, want each once");
    units.push_back(unit);
  }
  return units;
}

domain::RoutingQuestion QuestionOf(const CaseFile& file) {
  return {.category = file.category, .division = file.place.division, .at = file.event_time};
}

absl::StatusOr<std::string> DutyItemFor(const domain::Policy& policy, const domain::Ground& ground,
                                        const CaseFile& file, const Handler& handler,
                                        std::string_view asked) {
  if (policy.duty_list == nullptr) return std::string(asked);
  if (!asked.empty() && policy.duty_list->Find(asked) == nullptr) {
    return InvalidField("duty_item", absl::StrCat("got \"", std::string(asked.substr(0, 80)),
                                                  "\", want the id of an item of the duty list"));
  }
  const domain::DutyItem* item =
      domain::ItemOfLead(policy, ground, QuestionOf(file), handler.id, handler.is_unit);
  if (item == nullptr ||
      (!asked.empty() && asked != item->id &&
       !domain::LeadsBy(policy, ground, QuestionOf(file), asked, handler.id, handler.is_unit))) {
    return FailedPrecondition(
        "NOT_ON_DUTY_LIST", "the duty list does not give the handler this duty",
        {{"handler", DisplayName(ground, handler)},
         {"item", asked.empty() ? ListedInstead(policy, ground, file) : policy.duty_list->Find(asked)->zh}});
  }
  return asked.empty() ? item->id : std::string(asked);
}

void Entrust(const domain::Ground&, const Handler& handler, const std::vector<Uuid>& cooperators,
             const std::string& duty_item, CaseFile& file) {
  file.handler = handler;
  file.cooperators = cooperators;
  file.duty_item = duty_item;
  file.details.clear_outside_list();
  file.details.clear_disposals();
  for (const Uuid& unit : cooperators) {
    v1::DisposalTask& part = *file.details.add_disposals();
    part.set_unit(ResourceName("units", unit));
    part.set_state(v1::DisposalTask::OPEN);
    part.set_duty_item(duty_item);
  }
}

v1::DutyItem ToProto(const domain::DutyItem& item) {
  v1::DutyItem out;
  out.set_id(item.id);
  out.set_kind(static_cast<v1::DutyItem::Kind>(static_cast<int>(item.kind) + 1));
  out.set_title(item.zh);
  out.set_title_en(item.en);
  *out.mutable_categories() = {item.categories.begin(), item.categories.end()};
  out.set_code_prefix(item.code_prefix);
  out.set_valid_from_date(item.valid_from);
  out.set_valid_to_date(item.valid_to);
  out.set_source(item.source);
  return out;
}

}  // namespace gridwarden::casework
