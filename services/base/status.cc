#include "base/status.h"

#include <cstdint>
#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"

namespace gridwarden {
namespace {

constexpr char kPayloadUrl[] = "gridwarden/error-facts";

// Facts travel inside the status as netstrings ("5:hello"), so that base needs no protobuf.
void Put(std::string& out, std::string_view text) {
  out += std::to_string(text.size());
  out += ':';
  out += text;
}

class Reader {
 public:
  explicit Reader(std::string_view in) : in_(in) {}
  std::string Take() {
    const size_t colon = in_.find(':');
    if (colon == std::string_view::npos) return "";
    const size_t size = std::stoul(std::string(in_.substr(0, colon)));
    std::string text(in_.substr(colon + 1, size));
    in_.remove_prefix(colon + 1 + size);
    return text;
  }
  size_t TakeCount() { return std::stoul(Take()); }

 private:
  std::string_view in_;
};

std::string Encode(const ErrorFacts& facts) {
  std::string out;
  Put(out, facts.reason);
  Put(out, std::to_string(facts.metadata.size()));
  for (const auto& [key, value] : facts.metadata) {
    Put(out, key);
    Put(out, value);
  }
  Put(out, std::to_string(facts.fields.size()));
  for (const FieldViolation& violation : facts.fields) {
    Put(out, violation.field);
    Put(out, violation.description);
  }
  Put(out, facts.retry_after ? std::to_string(absl::ToInt64Milliseconds(*facts.retry_after)) : "");
  return out;
}

}  // namespace

absl::Status MakeError(absl::StatusCode code, std::string_view message, const ErrorFacts& facts) {
  absl::Status status(code, absl::string_view(message.data(), message.size()));
  status.SetPayload(kPayloadUrl, absl::Cord(Encode(facts)));
  return status;
}

std::optional<ErrorFacts> FactsOf(const absl::Status& status) {
  const auto payload = status.GetPayload(kPayloadUrl);
  if (!payload) return std::nullopt;
  const std::string bytes(*payload);
  Reader reader(bytes);
  ErrorFacts facts;
  facts.reason = reader.Take();
  for (size_t n = reader.TakeCount(); n > 0; --n) {
    std::string key = reader.Take();
    facts.metadata[std::move(key)] = reader.Take();
  }
  for (size_t n = reader.TakeCount(); n > 0; --n) {
    std::string field = reader.Take();
    facts.fields.push_back({std::move(field), reader.Take()});
  }
  if (const std::string retry = reader.Take(); !retry.empty()) {
    facts.retry_after = absl::Milliseconds(std::stoll(retry));
  }
  return facts;
}

std::string ReasonOf(const absl::Status& status) {
  const std::optional<ErrorFacts> facts = FactsOf(status);
  return facts ? facts->reason : "";
}

absl::Status InvalidField(std::string_view field, std::string_view got_and_want) {
  return InvalidFields({{std::string(field), std::string(got_and_want)}});
}

absl::Status InvalidFields(std::vector<FieldViolation> fields) {
  const std::string message = absl::StrFormat("%s: %s", fields.front().field, fields.front().description);
  ErrorFacts facts{.reason = "INVALID_FIELD", .metadata = {{"field", message}}};
  facts.fields = std::move(fields);
  return MakeError(absl::StatusCode::kInvalidArgument, message, facts);
}

absl::Status NotFound(std::string_view resource) {
  return MakeError(absl::StatusCode::kNotFound, absl::StrFormat("no such resource: %s", resource),
                   {.reason = "NOT_FOUND", .metadata = {{"resource", std::string(resource)}}});
}

absl::Status AlreadyExists(std::string_view resource) {
  return MakeError(absl::StatusCode::kAlreadyExists, absl::StrFormat("exists already: %s", resource),
                   {.reason = "ALREADY_EXISTS", .metadata = {{"resource", std::string(resource)}}});
}

absl::Status NotAllowed(std::string_view why) {
  return MakeError(absl::StatusCode::kPermissionDenied, why, {.reason = "NOT_ALLOWED"});
}

absl::Status EtagMismatch(std::string_view resource) {
  return MakeError(absl::StatusCode::kAborted, absl::StrFormat("changed meanwhile: %s", resource),
                   {.reason = "ETAG_MISMATCH", .metadata = {{"resource", std::string(resource)}}});
}

absl::Status FailedPrecondition(std::string_view reason, std::string_view message,
                                std::map<std::string, std::string> metadata) {
  return MakeError(absl::StatusCode::kFailedPrecondition, message,
                   {.reason = std::string(reason), .metadata = std::move(metadata)});
}

absl::Status Overloaded(std::string_view what, absl::Duration retry_after) {
  return MakeError(absl::StatusCode::kResourceExhausted, absl::StrFormat("overloaded: %s", what),
                   {.reason = "OVERLOADED", .retry_after = retry_after});
}

absl::Status Unavailable(std::string_view reason, std::string_view message, absl::Duration retry_after) {
  return MakeError(absl::StatusCode::kUnavailable, message,
                   {.reason = std::string(reason), .retry_after = retry_after});
}

absl::Status Internal(std::string_view message) {
  return MakeError(absl::StatusCode::kInternal, message, {.reason = "INTERNAL_FAULT"});
}

}  // namespace gridwarden
