#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "google/api/field_behavior.pb.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "platform/rpc/server.h"

namespace gridwarden::rpc {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

constexpr size_t kStringBytesMax = 64 * 1024;
constexpr int kListItemsMax = 10'000;
constexpr size_t kViolationsMax = 100;  // an answer names at most so many

struct Findings {
  std::vector<FieldViolation> missing;
  std::vector<FieldViolation> wrong;
  bool Full() const { return missing.size() + wrong.size() >= kViolationsMax; }
};

bool IsRequired(const FieldDescriptor& field) {
  const auto& options = field.options();
  for (int i = 0; i < options.ExtensionSize(google::api::field_behavior); ++i) {
    if (options.GetExtension(google::api::field_behavior, i) == google::api::REQUIRED) return true;
  }
  return false;
}

// Whether a field that must be there is not. Numbers and bools without presence are always there.
bool IsMissing(const Message& message, const FieldDescriptor& field) {
  const Reflection& reflection = *message.GetReflection();
  if (field.is_repeated()) return reflection.FieldSize(message, &field) == 0;
  if (field.has_presence() || field.cpp_type() == FieldDescriptor::CPPTYPE_STRING ||
      field.cpp_type() == FieldDescriptor::CPPTYPE_ENUM) {
    return !reflection.HasField(message, &field);
  }
  return false;
}

void CheckString(const std::string& value, const std::string& path, Findings& findings) {
  if (value.size() <= kStringBytesMax) return;
  findings.wrong.push_back({path, absl::StrCat("got ", value.size(), " bytes, want <= ", kStringBytesMax)});
}

void CheckEnum(const FieldDescriptor& field, int number, const std::string& path, Findings& findings) {
  if (field.enum_type()->FindValueByNumber(number) != nullptr) return;
  findings.wrong.push_back(
      {path, absl::StrCat("got ", number, ", want a value of ", field.enum_type()->name())});
}

void Check(const Message& message, const std::string& prefix, Findings& findings);

void CheckList(const Message& message, const FieldDescriptor& field, const std::string& path,
               Findings& findings) {
  const Reflection& reflection = *message.GetReflection();
  const int count = reflection.FieldSize(message, &field);
  if (count > kListItemsMax) {
    findings.wrong.push_back({path, absl::StrCat("got ", count, " items, want <= ", kListItemsMax)});
    return;
  }
  for (int i = 0; i < count && !findings.Full(); ++i) {
    const auto item = [&] { return absl::StrCat(path, "[", i, "]"); };
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      Check(reflection.GetRepeatedMessage(message, &field, i), item() + ".", findings);
    } else if (field.cpp_type() == FieldDescriptor::CPPTYPE_ENUM) {
      CheckEnum(field, reflection.GetRepeatedEnumValue(message, &field, i), item(), findings);
    } else if (field.type() == FieldDescriptor::TYPE_STRING) {
      std::string scratch;
      CheckString(reflection.GetRepeatedStringReference(message, &field, i, &scratch), item(), findings);
    } else {
      return;  // numbers and bytes: bounded by the size of the request
    }
  }
}

void Check(const Message& message, const std::string& prefix, Findings& findings) {
  const Reflection& reflection = *message.GetReflection();
  const google::protobuf::Descriptor& type = *message.GetDescriptor();
  for (int i = 0; i < type.field_count() && !findings.Full(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    const std::string path = prefix + field.name();
    if (IsRequired(field) && IsMissing(message, field)) {
      findings.missing.push_back({path, "missing"});
    } else if (field.is_repeated()) {
      CheckList(message, field, path, findings);
    } else if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      if (reflection.HasField(message, &field))
        Check(reflection.GetMessage(message, &field), path + ".", findings);
    } else if (field.cpp_type() == FieldDescriptor::CPPTYPE_ENUM) {
      CheckEnum(field, reflection.GetEnumValue(message, &field), path, findings);
    } else if (field.type() == FieldDescriptor::TYPE_STRING) {
      std::string scratch;
      CheckString(reflection.GetStringReference(message, &field, &scratch), path, findings);
    }
  }
}

}  // namespace

absl::Status Validate(const Message& request) {
  Findings findings;
  Check(request, "", findings);
  if (findings.missing.empty() && findings.wrong.empty()) return absl::OkStatus();
  if (findings.missing.empty()) return InvalidFields(std::move(findings.wrong));
  std::string names;
  for (const FieldViolation& violation : findings.missing) {
    absl::StrAppend(&names, names.empty() ? "" : ", ", violation.field);
  }
  ErrorFacts facts{.reason = "REQUIRED_FIELD_MISSING", .metadata = {{"field", names}}};
  facts.fields = std::move(findings.missing);
  facts.fields.insert(facts.fields.end(), findings.wrong.begin(), findings.wrong.end());
  return MakeError(absl::StatusCode::kInvalidArgument, absl::StrCat("required fields are missing: ", names),
                   facts);
}

}  // namespace gridwarden::rpc
