#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

// Errors a caller can branch on. A status made here carries a reason (a value name of errors.v1.ErrorReason)
// and facts; platform/rpc turns them into google.rpc details and the zh-CN sentence.
namespace gridwarden {

struct FieldViolation {
  std::string field;        // path, e.g. "signal.evidence[0].media"
  std::string description;  // "got -4, want >= 0"
};

struct ErrorFacts {
  std::string reason;
  std::map<std::string, std::string> metadata;
  std::vector<FieldViolation> fields;
  std::optional<absl::Duration> retry_after;
};

// `message` is English, for developers.
absl::Status MakeError(absl::StatusCode code, std::string_view message, const ErrorFacts& facts);

// The facts a status carries; none for a status that was not made by MakeError.
std::optional<ErrorFacts> FactsOf(const absl::Status& status);

// The reason, or "" when the status carries none.
std::string ReasonOf(const absl::Status& status);

// The errors that every area needs.
absl::Status InvalidField(std::string_view field, std::string_view got_and_want);
absl::Status InvalidFields(std::vector<FieldViolation> fields);
absl::Status NotFound(std::string_view resource);  // "cases/0190..."
absl::Status AlreadyExists(std::string_view resource);
absl::Status NotAllowed(std::string_view why);
absl::Status EtagMismatch(std::string_view resource);
absl::Status FailedPrecondition(std::string_view reason, std::string_view message,
                                std::map<std::string, std::string> metadata = {});
absl::Status Overloaded(std::string_view what, absl::Duration retry_after);
absl::Status Unavailable(std::string_view reason, std::string_view message, absl::Duration retry_after);
absl::Status Internal(std::string_view message);

}  // namespace gridwarden

#define GW_CONCAT_INNER(a, b) a##b
#define GW_CONCAT(a, b) GW_CONCAT_INNER(a, b)

#define GW_RETURN_IF_ERROR(expr)                                            \
  do {                                                                      \
    if (absl::Status gw_status = (expr); !gw_status.ok()) return gw_status; \
  } while (false)

#define GW_ASSIGN_OR_RETURN(lhs, expr) GW_ASSIGN_OR_RETURN_INNER(GW_CONCAT(gw_result_, __LINE__), lhs, expr)
#define GW_ASSIGN_OR_RETURN_INNER(result, lhs, expr) \
  auto result = (expr);                              \
  if (!result.ok()) return result.status();          \
  lhs = std::move(result).value()
