#include "source/source_fields.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "domain/geo/datum.h"
#include "domain/ledger/credit_code.h"

namespace gridwarden::source {
namespace {

struct DispositionName {
  v1::Source::Disposition disposition;
  std::string_view name;
  std::string_view zh;
};
constexpr DispositionName kDispositionNames[] = {
    {v1::Source::SHUT_DOWN, "SHUT_DOWN", "关停取缔"},
    {v1::Source::RELOCATE, "RELOCATE", "整合搬迁"},
    {v1::Source::UPGRADE, "UPGRADE", "升级改造"},
};

void Trim(std::string* text) { absl::StripAsciiWhitespace(text); }

void CheckText(std::string_view field, std::string_view text, int characters_max,
               std::vector<FieldViolation>& faults) {
  if (const int count = CharacterCount(text); count > characters_max) {
    faults.push_back(
        {std::string(field), absl::StrFormat("got %d characters, want at most %d", count, characters_max)});
  } else if (HasControlCharacter(text)) {
    faults.push_back({std::string(field), "got a control character or line break, want one line of text"});
  }
}

// A tenth of a metre in degrees, roughly; exports print seven decimals.
constexpr double kSamePlaceDegrees = 1e-6;

bool SamePlace(const v1::Source& a, const v1::Source& b) {
  if (a.has_position() != b.has_position()) return false;
  if (!a.has_position()) return true;
  const type::v1::Position& p = a.position();
  const type::v1::Position& q = b.position();
  return std::abs(p.longitude() - q.longitude()) < kSamePlaceDegrees &&
         std::abs(p.latitude() - q.latitude()) < kSamePlaceDegrees &&
         (q.accuracy_m() == 0 ||
          std::abs(p.accuracy_m() - q.accuracy_m()) < 0.05);  // not stated says nothing new
}

}  // namespace

int CharacterCount(std::string_view utf8) {
  return static_cast<int>(std::count_if(utf8.begin(), utf8.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

bool HasControlCharacter(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

absl::Status Normalise(v1::Source& source) {
  for (std::string* text :
       {source.mutable_source_no(), source.mutable_display_name(), source.mutable_category(),
        source.mutable_division(), source.mutable_operator_name(), source.mutable_credit_code(),
        source.mutable_trade(), source.mutable_address()}) {
    Trim(text);
  }
  if (!source.has_position()) return absl::OkStatus();
  type::v1::Position& position = *source.mutable_position();
  GW_ASSIGN_OR_RETURN(const domain::Point point,
                      domain::ToWgs84({position.longitude(), position.latitude()},
                                      static_cast<domain::Datum>(position.datum()), "source.position"));
  if (!(position.accuracy_m() >= 0 && position.accuracy_m() < 1e6)) {
    return InvalidField("source.position.accuracy_m", "want 0 to 1,000,000 metres");
  }
  position.set_given_datum(position.datum());
  position.set_datum(type::v1::Position::WGS84);
  position.set_longitude(point.longitude);
  position.set_latitude(point.latitude);
  return absl::OkStatus();
}

std::vector<FieldViolation> FaultsOf(const domain::Policy& policy, const v1::Source& source) {
  std::vector<FieldViolation> faults;
  CheckText("source_no", source.source_no(), kNumberCharactersMax, faults);
  if (source.display_name().empty()) faults.push_back({"display_name", "got nothing, want a name"});
  CheckText("display_name", source.display_name(), kNameCharactersMax, faults);
  if (policy.FindCategory(source.category()) == nullptr) {
    faults.push_back(
        {"category", absl::StrFormat("got \"%s\", want a category code of the policy", source.category())});
  }
  CheckText("operator_name", source.operator_name(), kNameCharactersMax, faults);
  if (!source.credit_code().empty() && !domain::IsCreditCode(source.credit_code())) {
    faults.push_back(
        {"credit_code", absl::StrFormat("got \"%s\", want 18 characters with a right check character",
                                        source.credit_code().substr(0, 40))});
  }
  CheckText("trade", source.trade(), kNameCharactersMax, faults);
  CheckText("address", source.address(), kAddressCharactersMax, faults);
  return faults;
}

absl::Status CheckFields(const domain::Policy& policy, const v1::Source& source) {
  std::vector<FieldViolation> faults = FaultsOf(policy, source);
  if (faults.empty()) return absl::OkStatus();
  for (FieldViolation& fault : faults) fault.field = "source." + fault.field;
  return InvalidFields(std::move(faults));
}

bool NeedsDisposition(const domain::Policy& policy, std::string_view category) {
  return policy.TypeOf(category).needs_disposition;
}

absl::StatusOr<std::string> WithCategoriesBelow(const domain::Policy& policy, std::string_view category) {
  if (category.empty()) return std::string();
  if (policy.FindCategory(category) == nullptr) {
    return InvalidField("category",
                        absl::StrFormat("got \"%s\", want a category code of the policy", category));
  }
  std::set<std::string> codes{std::string(category)};
  for (bool grown = true; grown;) {
    grown = false;
    for (const auto& [code, below] : policy.categories) {
      if (codes.contains(below.parent) && codes.insert(code).second) grown = true;
    }
  }
  return absl::StrJoin(codes, ",");
}

const std::vector<std::string>& EditableFields() {
  static const auto* fields =
      new std::vector<std::string>{"source_no",     "display_name", "category", "division", "position",
                                   "operator_name", "credit_code",  "trade",    "address"};
  return *fields;
}

bool CopyField(std::string_view path, const v1::Source& from, v1::Source& to) {
  if (std::find(EditableFields().begin(), EditableFields().end(), path) == EditableFields().end())
    return false;
  const auto* field = v1::Source::descriptor()->FindFieldByName(std::string(path));
  const auto* reflection = v1::Source::GetReflection();
  if (field->cpp_type() == google::protobuf::FieldDescriptor::CPPTYPE_STRING) {
    reflection->SetString(&to, field, reflection->GetString(from, field));
  } else if (from.has_position()) {
    *to.mutable_position() = from.position();
  } else {
    to.clear_position();
  }
  return true;
}

std::vector<std::string> ChangedFields(const v1::Source& before, const v1::Source& after) {
  std::vector<std::string> changed;
  const auto* reflection = v1::Source::GetReflection();
  for (const std::string& path : EditableFields()) {
    const auto* field = v1::Source::descriptor()->FindFieldByName(path);
    const bool same = path == "position"
                          ? SamePlace(before, after)
                          : reflection->GetString(before, field) == reflection->GetString(after, field);
    if (!same) changed.push_back(path);
  }
  return changed;
}

std::optional<v1::Source::Disposition> ParseDisposition(std::string_view name) {
  for (const DispositionName& row : kDispositionNames) {
    if (row.name == name || row.zh == name) return row.disposition;
  }
  return std::nullopt;
}

std::string_view ChineseNameOf(v1::Source::Disposition disposition) {
  for (const DispositionName& row : kDispositionNames) {
    if (row.disposition == disposition) return row.zh;
  }
  return "";
}

}  // namespace gridwarden::source
