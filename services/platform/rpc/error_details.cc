#include <algorithm>
#include <string>

#include "absl/status/status.h"
#include "base/status.h"
#include "google/protobuf/stubs/common.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "gridwarden/errors/v1/errors.pb.h"
#include "platform/rpc/server.h"

namespace gridwarden::rpc {
namespace {

constexpr char kDomain[] = "gridwarden";

// The reason of a status that names none itself: its code in our words. A code with no such word is our own
// fault.
const char* ReasonOfCode(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kOutOfRange:
      return "INVALID_FIELD";
    case absl::StatusCode::kNotFound:
      return "NOT_FOUND";
    case absl::StatusCode::kAlreadyExists:
      return "ALREADY_EXISTS";
    case absl::StatusCode::kPermissionDenied:
      return "NOT_ALLOWED";
    case absl::StatusCode::kUnauthenticated:
      return "NOT_SIGNED_IN";
    case absl::StatusCode::kAborted:
      return "LOST_RACE";
    case absl::StatusCode::kResourceExhausted:
      return "OVERLOADED";
    case absl::StatusCode::kUnavailable:
      return "DATABASE_UNAVAILABLE";
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kCancelled:
      return "DEADLINE_PASSED";
    case absl::StatusCode::kUnimplemented:
      return "METHOD_UNKNOWN";
    default:
      return "INTERNAL_FAULT";
  }
}

// The sentence of a reason with {name} replaced by the metadata of that name. "" for a reason that the protos
// do not know.
std::string SentenceOf(const ErrorFacts& facts) {
  const auto* value = errors::v1::ErrorReason_descriptor()->FindValueByName(facts.reason);
  if (value == nullptr) return "";
  const std::string pattern = value->options().GetExtension(errors::v1::zh_cn);
  std::string sentence;
  for (size_t at = 0; at < pattern.size();) {
    const size_t open = std::min(pattern.find('{', at), pattern.size());
    sentence.append(pattern, at, open - at);
    const size_t close = pattern.find('}', open);
    if (close == std::string::npos) {
      sentence.append(pattern, open);
      break;
    }
    const auto fact = facts.metadata.find(pattern.substr(open + 1, close - open - 1));
    if (fact != facts.metadata.end()) sentence += fact->second;
    at = close + 1;
  }
  return sentence;
}

// A message may quote what a caller sent, and that may be no UTF-8, which protobuf strings must be.
std::string Utf8(std::string_view text) {
  std::string valid;
  for (size_t at = 0; at < text.size();) {
    const auto byte = static_cast<unsigned char>(text[at]);
    const size_t size = byte < 0x80   ? 1
                        : byte < 0xc2 ? 0
                        : byte < 0xe0 ? 2
                        : byte < 0xf0 ? 3
                        : byte < 0xf5 ? 4
                                      : 0;
    if (size > 0 && at + size <= text.size() &&
        google::protobuf::internal::IsStructurallyValidUTF8(text.data() + at, static_cast<int>(size))) {
      valid.append(text, at, size);
      at += size;
    } else {
      valid += '?';
      ++at;
    }
  }
  return valid;
}

google::rpc::ResourceInfo ResourceOf(const std::string& resource) {
  google::rpc::ResourceInfo info;
  info.set_resource_type(Utf8(resource.substr(0, resource.find('/'))));
  info.set_resource_name(Utf8(resource));
  return info;
}

void PutDuration(absl::Duration duration, google::protobuf::Duration& out) {
  const int64_t seconds = absl::IDivDuration(duration, absl::Seconds(1), &duration);
  out.set_seconds(seconds);
  out.set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(duration)));
}

}  // namespace

std::string EncodeStatusDetails(const absl::Status& status) {
  ErrorFacts facts = FactsOf(status).value_or(ErrorFacts{});
  if (facts.reason.empty()) facts.reason = ReasonOfCode(status.code());

  google::rpc::Status out;
  out.set_code(static_cast<int32_t>(status.code()));
  out.set_message(Utf8({status.message().data(), status.message().size()}));
  google::rpc::ErrorInfo info;
  info.set_reason(facts.reason);
  info.set_domain(kDomain);
  for (const auto& [key, value] : facts.metadata) (*info.mutable_metadata())[key] = Utf8(value);
  out.add_details()->PackFrom(info);
  if (!facts.fields.empty()) {
    google::rpc::BadRequest bad_request;
    for (const FieldViolation& field : facts.fields) {
      auto* violation = bad_request.add_field_violations();
      violation->set_field(Utf8(field.field));
      violation->set_description(Utf8(field.description));
    }
    out.add_details()->PackFrom(bad_request);
  }
  const auto resource = facts.metadata.find("resource");
  if (status.code() == absl::StatusCode::kNotFound && resource != facts.metadata.end()) {
    out.add_details()->PackFrom(ResourceOf(resource->second));
  }
  if (facts.retry_after) {
    google::rpc::RetryInfo retry;
    PutDuration(*facts.retry_after, *retry.mutable_retry_delay());
    out.add_details()->PackFrom(retry);
  }
  if (const std::string sentence = SentenceOf(facts); !sentence.empty()) {
    google::rpc::LocalizedMessage localized;
    localized.set_locale("zh-CN");
    localized.set_message(Utf8(sentence));
    out.add_details()->PackFrom(localized);
  }
  return out.SerializeAsString();
}

absl::Status DecodeStatusDetails(absl::StatusCode code, const std::string& message,
                                 const std::string& details) {
  google::rpc::Status in;
  ErrorFacts facts;
  if (!details.empty() && in.ParseFromString(details)) {
    for (const google::protobuf::Any& detail : in.details()) {
      google::rpc::ErrorInfo info;
      google::rpc::BadRequest bad_request;
      google::rpc::RetryInfo retry;
      if (detail.UnpackTo(&info) && info.domain() == kDomain) {
        facts.reason = info.reason();
        facts.metadata.insert(info.metadata().begin(), info.metadata().end());
      } else if (detail.UnpackTo(&bad_request)) {
        for (const auto& violation : bad_request.field_violations()) {
          facts.fields.push_back({violation.field(), violation.description()});
        }
      } else if (detail.UnpackTo(&retry)) {
        facts.retry_after =
            absl::Seconds(retry.retry_delay().seconds()) + absl::Nanoseconds(retry.retry_delay().nanos());
      }
    }
  }
  if (facts.reason.empty()) facts.reason = ReasonOfCode(code);
  return MakeError(code, message, facts);
}

}  // namespace gridwarden::rpc
