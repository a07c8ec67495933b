#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "access/permission.h"
#include "casework/casework.h"
#include "casework/handler.h"
#include "casework/supervision_repository.h"
#include "domain/escalation/supervision.h"
#include "domain/policy/escalation_rules.h"
#include "platform/rpc/call.h"

// What the commands on a superior's order share.
namespace gridwarden::casework {

// What a command knows of the step it makes.
struct OrderStep {
  v1::SupervisionEvent::Act act = v1::SupervisionEvent::ACT_UNSPECIFIED;
  access::Acting acting;   // empty for the system
  std::string request_id;  // "" for the system
  int from_state = 0;      // filled by Advance
};

// Moves the order by its table. FAILED_PRECONDITION / ILLEGAL_TRANSITION; the order is then unchanged.
absl::Status Advance(OrderFile& file, OrderStep& step);
// Saves the order, its timers and its entry in the journal. Answers it as the client sees it.
absl::StatusOr<v1::SupervisionOrder> Record(db::Transaction& tx, const rpc::Call& call,
                                            const domain::Policy& policy, OrderFile& file,
                                            const OrderStep& step);

// The rules of orders; the defaults under a policy without escalation rules.
const domain::OrderRules& OrderRulesOf(const domain::Policy& policy);
domain::OrderKind KindOf(const OrderFile& file);

// Whoever may issue, accept and lift an order of this kind over that ground: for a 督办单 the leaders and the
// office of the township or above, for the others the office of the county or above.
absl::StatusOr<access::Acting> AllowIssuer(const domain::Ground& ground, const rpc::Call& call,
                                           domain::OrderKind kind, const Uuid& division);
absl::Status AllowView(const domain::Ground& ground, const rpc::Call& call, const OrderFile& file);

v1::Consent ConsentOf(const rpc::Call& call, const access::Acting& acting, std::string_view seat, bool agrees,
                      std::string_view reason);

// An answer is due within the rules' limit from now on; never under a calendar without working hours.
void SetReplyDue(const domain::Policy& policy, absl::Time now, OrderFile& file);

// Sets or clears the mark of a listed order on each of its cases, whose rows are locked here.
absl::Status MarkListed(db::Transaction& tx, const OrderFile& file, bool listed);

// The order with the names that views add.
v1::SupervisionOrder View(const domain::Ground& ground, const OrderFile& file);

// The division all these paths lie in, by its path key; "" when there is none.
std::string CommonPath(const std::vector<std::string>& paths);

// A proposal of the system, without effect until somebody issues it. Nothing when an order of the kind waits
// or stands over the case.
absl::Status ProposeOrder(const Casework& casework, const rpc::Call& call, db::Transaction& tx,
                          const Uuid& case_id, v1::SupervisionOrder::Kind kind, std::string_view rung);

}  // namespace gridwarden::casework
