#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "base/status.h"
#include "domain/policy/policy.h"
#include "gridwarden/source/v1/source.pb.h"

// What the fields of a source may hold, for rpcs and imports alike.
namespace gridwarden::source {

inline constexpr int kNumberCharactersMax = 40;
inline constexpr int kNameCharactersMax = 100;
inline constexpr int kAddressCharactersMax = 200;
inline constexpr int kReasonCharactersMax = 500;
inline constexpr int kQueryCharactersMax = 100;

// Characters, not bytes.
int CharacterCount(std::string_view utf8);
// True when there is a control character (a line break in a name is a broken file).
bool HasControlCharacter(std::string_view text);

// Trims the texts and turns the position into WGS-84, keeping the datum it was given in.
// DATUM_MISSING when a position declares none; INVALID_FIELD when it is out of range.
absl::Status Normalise(v1::Source& source);

// Every fault of the fields a person fills in, as paths of Source; the division is not looked at.
std::vector<FieldViolation> FaultsOf(const domain::Policy& policy, const v1::Source& source);

// INVALID_FIELD naming every fault as "source.<field>".
absl::Status CheckFields(const domain::Policy& policy, const v1::Source& source);

// Whether a disposition belongs to this category.
bool NeedsDisposition(const domain::Policy& policy, std::string_view category);

// The code and the codes of all categories below it, joined by commas; "" for "". INVALID_FIELD for an
// unknown code.
absl::StatusOr<std::string> WithCategoriesBelow(const domain::Policy& policy, std::string_view category);

// Names of the fields a person fills in, in the order of Source.
const std::vector<std::string>& EditableFields();
// Copies one editable field; false when the path is none.
bool CopyField(std::string_view path, const v1::Source& from, v1::Source& to);
// Editable fields in which they differ. Positions within a tenth of a metre are the same place.
std::vector<std::string> ChangedFields(const v1::Source& before, const v1::Source& after);

// "SHUT_DOWN" or "关停取缔".
std::optional<v1::Source::Disposition> ParseDisposition(std::string_view name);
std::string_view ChineseNameOf(v1::Source::Disposition disposition);

}  // namespace gridwarden::source
