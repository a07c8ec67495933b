#include "domain/escalation/supervision.h"

#include <algorithm>
#include <array>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "base/status.h"
#include "domain/clock/stage_clock.h"

namespace gridwarden::domain {
namespace {

using S = OrderState;
using A = OrderAct;

struct OrderStep {
  S from;
  A act;
  S to;
};

// The whole life of an order. Anything not listed here is refused.
constexpr OrderStep kSteps[] = {
    {S::kUnspecified, A::kPropose, S::kProposed},
    {S::kUnspecified, A::kIssue, S::kIssued},
    {S::kProposed, A::kIssue, S::kIssued},
    {S::kProposed, A::kDecline, S::kDeclined},
    {S::kIssued, A::kReply, S::kReplied},
    {S::kIssued, A::kApplyExtension, S::kIssued},
    {S::kIssued, A::kDecideExtension, S::kIssued},
    {S::kReplied, A::kApplyExtension, S::kReplied},
    {S::kReplied, A::kDecideExtension, S::kReplied},
    {S::kReplied, A::kAccept, S::kAccepted},
    {S::kReplied, A::kRefuse, S::kIssued},
    {S::kAccepted, A::kLift, S::kLifted},
};

constexpr std::array<std::string_view, 7> kStateNames = {
    "STATE_UNSPECIFIED", "PROPOSED", "DECLINED", "ISSUED", "REPLIED", "ACCEPTED", "LIFTED"};
constexpr std::array<std::string_view, 7> kStateZh = {"未建立", "待签发", "不予签发", "已签发",
                                                      "已答复", "已验收", "已解除"};
constexpr std::array<std::string_view, 10> kActNames = {
    "ACT_UNSPECIFIED", "PROPOSE",          "ISSUE",  "DECLINE", "REPLY",
    "APPLY_EXTENSION", "DECIDE_EXTENSION", "ACCEPT", "REFUSE",  "LIFT"};
constexpr std::array<std::string_view, 10> kActZh = {"未说明",   "提出督办建议", "签发", "不予签发", "答复",
                                                     "申请延期", "审批延期",     "验收", "退回",     "解除"};

std::string Day(absl::Time time) { return absl::FormatTime("%Y-%m-%d %H:%M", time, CalendarZone()); }

}  // namespace

std::string_view ZhOf(OrderKind kind) {
  switch (kind) {
    case OrderKind::kUnspecified:
      return "督办";
    case OrderKind::kPress:
      return "督办单";
    case OrderKind::kCountyLimit:
      return "县级限期督办";
    case OrderKind::kListed:
      return "挂牌督办";
  }
  return "督办";
}

absl::StatusOr<OrderState> Next(OrderState from, OrderAct act) {
  for (const OrderStep& step : kSteps) {
    if (step.from == from && step.act == act) return step.to;
  }
  const auto state = static_cast<size_t>(from);
  const auto action = static_cast<size_t>(act);
  return FailedPrecondition(
      "ILLEGAL_TRANSITION",
      absl::StrCat(std::string(kActNames[action]), " is not possible from ", std::string(kStateNames[state])),
      {{"action", std::string(kActZh[action])}, {"state", std::string(kStateZh[state])}});
}

bool Stands(OrderState state) { return state == S::kIssued || state == S::kReplied || state == S::kAccepted; }

absl::Time AddMonths(absl::Time time, int months) {
  const absl::CivilSecond from = absl::ToCivilSecond(time, CalendarZone());
  const absl::CivilMonth month = absl::CivilMonth(from) + months;
  const int last = (absl::CivilDay(month + 1) - 1).day();
  const absl::CivilSecond to(month.year(), month.month(), std::min(from.day(), last), from.hour(),
                             from.minute(), from.second());
  return absl::FromCivil(to, CalendarZone()) + (time - absl::FromCivil(from, CalendarZone()));
}

absl::Status CheckOrderLimit(const OrderRules& rules, OrderKind kind, absl::Time issued,
                             const std::optional<absl::Time>& limit) {
  if (kind == OrderKind::kPress) {
    if (!limit) return absl::OkStatus();
    return InvalidField("limit_time", "got a time, want none: this order is answered and sets no limit");
  }
  if (!limit) return InvalidField("limit_time", "got none, want until when it has to be solved");
  if (*limit <= issued) return InvalidField("limit_time", "got a time that has passed, want one after now");
  const absl::Time latest = AddMonths(issued, rules.listed_months);
  if (*limit <= latest) return absl::OkStatus();
  return FailedPrecondition(
      "ORDER_LIMIT_TOO_LONG",
      absl::StrCat("the limit is ", Day(*limit), ", the latest allowed is ", Day(latest)),
      {{"until", Day(*limit)}, {"latest", Day(latest)}});
}

absl::Status CheckExtension(const OrderRules& rules, OrderKind kind, absl::Time issued, absl::Time limit,
                            absl::Time until, absl::Time now) {
  if (until <= limit) return InvalidField("until_time", "got a time before the limit, want one after it");
  const absl::Time apply_by =
      kind == OrderKind::kListed ? AddMonths(limit, -rules.extension_before_months) : limit;
  if (now > apply_by) {
    return FailedPrecondition("EXTENSION_TOO_LATE",
                              absl::StrCat("an extension is applied for by ", Day(apply_by)),
                              {{"latest", Day(apply_by)}});
  }
  const absl::Time latest =
      std::min(AddMonths(limit, rules.extension_months), AddMonths(issued, rules.cap_months));
  if (until <= latest) return absl::OkStatus();
  return FailedPrecondition("EXTENSION_TOO_LONG",
                            absl::StrCat("asked for until ", Day(until), ", the latest is ", Day(latest)),
                            {{"until", Day(until)}, {"latest", Day(latest)}});
}

}  // namespace gridwarden::domain
