#include "casework/supervision.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "access/standing.h"
#include "base/status.h"
#include "casework/case_repository.h"
#include "casework/place.h"
#include "casework/rules.h"
#include "casework/timer.h"
#include "casework/timestamps.h"
#include "domain/clock/stage_clock.h"

namespace gridwarden::casework {
namespace {

using domain::Level;
using domain::OrderKind;
using domain::PostKind;

constexpr size_t kIdSize = 16;  // of one division in a path key

constexpr access::PostKinds kPressers =
    access::kGridLeaders | access::kDispatchers | access::Kinds({PostKind::kTownshipHead});

// What people wrote stays in the row.
void LeaveOutWords(v1::SupervisionOrder& order) {
  order.clear_demand();
  if (order.has_reply()) order.mutable_reply()->clear_statement();
  for (v1::Consent* consent : {order.has_issuer() ? order.mutable_issuer() : nullptr,
                               order.has_acceptance() ? order.mutable_acceptance() : nullptr,
                               order.has_lifting() ? order.mutable_lifting() : nullptr}) {
    if (consent != nullptr) consent->clear_reason();
  }
  for (v1::SupervisionOrder::Extension& extension : *order.mutable_extensions()) {
    extension.mutable_applicant()->clear_reason();
    if (extension.has_decision()) extension.mutable_decision()->clear_reason();
  }
}

// The reply's clock runs while an answer is awaited, the limit's until the problem is said to be solved and
// somebody agrees.
google::protobuf::RepeatedPtrField<v1::RunningClock> ClocksOf(const OrderFile& file, absl::Time now) {
  google::protobuf::RepeatedPtrField<v1::RunningClock> clocks;
  const v1::SupervisionOrder& order = file.order;
  const bool issued = order.state() == v1::SupervisionOrder::ISSUED;
  if (issued && order.has_reply_due_time()) {
    const auto known = std::find_if(order.clocks().begin(), order.clocks().end(),
                                    [](const v1::RunningClock& clock) { return clock.clock() == "REPLY"; });
    *clocks.Add() = known != order.clocks().end()
                        ? *known
                        : ClockOf("REPLY", order.refusals(), now, FromTimestamp(order.reply_due_time()));
  }
  if ((issued || order.state() == v1::SupervisionOrder::REPLIED) && order.has_limit_time()) {
    *clocks.Add() =
        ClockOf("LIMIT", 0, FromTimestamp(order.issuer().time()), FromTimestamp(order.limit_time()));
  }
  return clocks;
}

absl::Status SaveTimers(db::Transaction& tx, const rpc::Call& call, const domain::Policy& policy,
                        OrderFile& file) {
  if (policy.escalation == nullptr) return absl::OkStatus();
  const auto after = ClocksOf(file, call.now);
  const auto before = std::exchange(*file.order.mutable_clocks(), after);
  return SaveClocks(
      tx, policy, file.id, TimerSubject::kOrder, call.now, before, after, [&](std::string_view clock) {
        return clock == "REPLY" ? OrderRulesOf(policy).reply.calendar : domain::Calendar::kContinuous;
      });
}

// The township the division lies in, or the division itself above that.
Uuid TownshipOf(const domain::Ground& ground, const Uuid& division, absl::Time now) {
  for (const domain::Division* level : ground.AncestorsAt(division, now, absl::InfiniteFuture())) {
    if (level->level <= Level::kTownship) return level->id;
  }
  return division;
}

v1::SupervisionOrder ToProto(const OrderFile& file) {
  v1::SupervisionOrder order = file.order;
  order.set_name(ResourceName("supervisionOrders", file.id));
  order.set_etag(absl::StrCat(file.subject.seq));
  return order;
}

}  // namespace

absl::Status Advance(OrderFile& file, OrderStep& step) {
  GW_ASSIGN_OR_RETURN(const domain::OrderState to,
                      domain::Next(static_cast<domain::OrderState>(file.order.state()),
                                   static_cast<domain::OrderAct>(step.act)));
  step.from_state = file.order.state();
  file.order.set_state(static_cast<v1::SupervisionOrder::State>(to));
  return absl::OkStatus();
}

absl::StatusOr<v1::SupervisionOrder> Record(db::Transaction& tx, const rpc::Call& call,
                                            const domain::Policy& policy, OrderFile& file,
                                            const OrderStep& step) {
  const bool born = file.subject.seq == 0;
  file.subject.id = file.id;
  GW_RETURN_IF_ERROR(SaveTimers(tx, call, policy, file));
  v1::SupervisionEvent event;
  event.set_act(step.act);
  event.set_from(static_cast<v1::SupervisionOrder::State>(step.from_state));
  *event.mutable_after() = ToProto(file);
  event.mutable_after()->clear_etag();
  LeaveOutWords(*event.mutable_after());
  event.set_ground_path(file.ground_path);
  GW_ASSIGN_OR_RETURN(const journal::Sealed sealed, journal::Seal(call, {.kind = "supervision.transition",
                                                                         .before = file.subject,
                                                                         .event = &event,
                                                                         .post = step.acting.post,
                                                                         .tenure = step.acting.tenure,
                                                                         .rule_version = policy.version,
                                                                         .request_id = step.request_id}));
  file.subject = sealed.after;
  GW_RETURN_IF_ERROR(born ? InsertOrder(tx, file) : SaveOrder(tx, file));
  GW_RETURN_IF_ERROR(journal::Stage(tx, sealed));
  return ToProto(file);
}

const domain::OrderRules& OrderRulesOf(const domain::Policy& policy) {
  static const domain::OrderRules kDefaults;
  return policy.escalation == nullptr ? kDefaults : policy.escalation->orders;
}

domain::OrderKind KindOf(const OrderFile& file) { return static_cast<OrderKind>(file.order.kind()); }

absl::StatusOr<access::Acting> AllowIssuer(const domain::Ground& ground, const rpc::Call& call,
                                           domain::OrderKind kind, const Uuid& division) {
  if (kind == OrderKind::kPress)
    return AllowAs(ground, call, TownshipOf(ground, division, call.now), kPressers);
  return AllowAs(ground, call, CountyOf(ground, division, call.now), access::kDispatchers);
}

absl::Status AllowView(const domain::Ground& ground, const rpc::Call& call, const OrderFile& file) {
  const absl::Status in_scope = access::AllowToSee(ground, call, file.division, file.ground_path);
  if (in_scope.ok() || access::AllowAssigned(ground, call, file.addressee).ok()) return absl::OkStatus();
  return in_scope;
}

v1::Consent ConsentOf(const rpc::Call& call, const access::Acting& acting, std::string_view seat, bool agrees,
                      std::string_view reason) {
  v1::Consent consent;
  consent.set_seat(std::string(seat));
  consent.set_person(ResourceName("persons", call.principal.person));
  consent.set_post(ResourceName("posts", acting.post));
  consent.set_agrees(agrees);
  consent.set_reason(std::string(reason));
  *consent.mutable_time() = ToTimestamp(call.now);
  return consent;
}

void SetReplyDue(const domain::Policy& policy, absl::Time now, OrderFile& file) {
  const absl::Time due = domain::AddLimit(now, OrderRulesOf(policy).reply, policy.calendar);
  file.order.clear_reply_due_time();
  if (due != absl::InfiniteFuture()) *file.order.mutable_reply_due_time() = ToTimestamp(due);
}

absl::Status MarkListed(db::Transaction& tx, const OrderFile& file, bool listed) {
  std::vector<Uuid> cases = file.cases;
  std::sort(cases.begin(), cases.end());  // in one order everywhere
  for (const Uuid& id : cases) {
    GW_ASSIGN_OR_RETURN(CaseFile one, LockCase(tx, id));
    one.details.set_listed(listed);
    GW_RETURN_IF_ERROR(SaveListed(tx, one));
  }
  return absl::OkStatus();
}

v1::SupervisionOrder View(const domain::Ground& ground, const OrderFile& file) {
  v1::SupervisionOrder order = ToProto(file);
  order.set_division_display_name(ground.PathName(file.division));
  order.set_addressee_display_name(DisplayName(ground, {file.addressee, file.addressee_is_unit}));
  return order;
}

std::string CommonPath(const std::vector<std::string>& paths) {
  if (paths.empty()) return "";
  std::string common = paths.front();
  for (const std::string& path : paths) {
    size_t same = 0;
    while (same + kIdSize <= std::min(common.size(), path.size()) &&
           common.compare(same, kIdSize, path, same, kIdSize) == 0)
      same += kIdSize;
    common.resize(same);
  }
  return common;
}

absl::Status ProposeOrder(const Casework& casework, const rpc::Call& call, db::Transaction& tx,
                          const Uuid& case_id, v1::SupervisionOrder::Kind kind, std::string_view rung) {
  GW_ASSIGN_OR_RETURN(const bool open, HasOpenOrder(tx, case_id, kind));
  if (open) return absl::OkStatus();
  GW_ASSIGN_OR_RETURN(const CaseFile one, ReadCase(tx, ResourceName("cases", case_id)));
  if (domain::StageOf(static_cast<domain::CaseState>(one.state)) == domain::Stage::kNone ||
      one.state == v1::Case::MONITORING)
    return absl::OkStatus();  // it was closed meanwhile
  OrderFile file;
  GW_ASSIGN_OR_RETURN(const Uuid rung_id, ParseResourceName("rungs", rung, "rung"));
  file.id = Uuid::Derive(rung_id, "order");
  file.division = one.place.division;
  file.ground_path = one.place.ground_path;
  file.addressee = one.handler.id;
  file.addressee_is_unit = one.handler.is_unit;
  file.cases = {case_id};
  file.recorded = call.now;
  file.order.set_kind(kind);
  file.order.add_cases(ResourceName("cases", case_id));
  file.order.set_division(ResourceName("divisions", file.division));
  file.order.set_addressee(ResourceName(file.addressee_is_unit ? "units" : "posts", file.addressee));
  file.order.set_rung(std::string(rung));
  *file.order.mutable_propose_time() = ToTimestamp(call.now);
  OrderStep step{.act = v1::SupervisionEvent::PROPOSE};
  GW_RETURN_IF_ERROR(Advance(file, step));
  return Record(tx, call, *casework.policy, file, step).status();
}

}  // namespace gridwarden::casework
