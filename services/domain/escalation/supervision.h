#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "domain/policy/escalation_rules.h"

// The life of a superior's order (督办) as a table, and the limits a listed one keeps (W6 R5). Numbers equal
// those of casework.v1.
namespace gridwarden::domain {

enum class OrderKind : uint8_t { kUnspecified, kPress, kCountyLimit, kListed };
enum class OrderState : uint8_t { kUnspecified, kProposed, kDeclined, kIssued, kReplied, kAccepted, kLifted };
enum class OrderAct : uint8_t {
  kUnspecified,
  kPropose,
  kIssue,
  kDecline,
  kReply,
  kApplyExtension,
  kDecideExtension,
  kAccept,
  kRefuse,
  kLift
};

std::string_view ZhOf(OrderKind kind);

// FAILED_PRECONDITION / ILLEGAL_TRANSITION for what is not in the table.
absl::StatusOr<OrderState> Next(OrderState from, OrderAct act);

// From the issue to the lifting.
bool Stands(OrderState state);

// The same day and time so many months later or, negative, earlier; the last day of a shorter month.
absl::Time AddMonths(absl::Time time, int months);

// ORDER_LIMIT_TOO_LONG beyond what the kind may set; INVALID_FIELD "limit_time" for one that is not after the
// issue, one of a kind that has none, and none of a kind that needs one.
absl::Status CheckOrderLimit(const OrderRules& rules, OrderKind kind, absl::Time issued,
                             const std::optional<absl::Time>& limit);

// EXTENSION_TOO_LATE, EXTENSION_TOO_LONG; INVALID_FIELD "until_time" for one that is not after the limit.
absl::Status CheckExtension(const OrderRules& rules, OrderKind kind, absl::Time issued, absl::Time limit,
                            absl::Time until, absl::Time now);

}  // namespace gridwarden::domain
