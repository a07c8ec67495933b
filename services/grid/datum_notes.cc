#include "grid/datum_notes.h"

#include <cmath>

#include "absl/strings/str_format.h"
#include "base/status.h"

namespace gridwarden::grid {
namespace {

using type::v1::DatumCheck;

constexpr size_t kReasonBytesMax = 600;

std::string Sideways(const DatumFinding& finding) {
  return absl::StrFormat("%.0f m %s and %.0f m %s", std::abs(finding.east_m),
                         finding.east_m < 0 ? "west" : "east", std::abs(finding.north_m),
                         finding.north_m < 0 ? "south" : "north");
}

DatumCheck::Verdict VerdictOf(DatumFinding::Verdict verdict) {
  switch (verdict) {
    case DatumFinding::Verdict::kNothingToCompare:
      return DatumCheck::NOTHING_TO_COMPARE;
    case DatumFinding::Verdict::kFits:
      return DatumCheck::FITS;
    case DatumFinding::Verdict::kShifted:
      return DatumCheck::SHIFTED;
  }
  return DatumCheck::VERDICT_UNSPECIFIED;
}

}  // namespace

absl::StatusOr<domain::Datum> DeclaredDatum(const v1::ImportRequest& request) {
  if (request.datum() == type::v1::Position::DATUM_UNSPECIFIED ||
      !type::v1::Position::Datum_IsValid(request.datum())) {
    return MakeError(
        absl::StatusCode::kInvalidArgument,
        "datum: got nothing, want the datum of the file: WGS84, CGCS2000, GCJ02 or BD09",
        {.reason = "DATUM_MISSING", .fields = {{"datum", "want WGS84, CGCS2000, GCJ02 or BD09"}}});
  }
  if (request.shift_accepted_reason().size() > kReasonBytesMax)
    return InvalidField("shift_accepted_reason", "want at most 200 characters");
  return static_cast<domain::Datum>(request.datum());
}

void TellDatum(const DatumFinding& finding, domain::Datum declared, std::string_view accepted_reason,
               ImportNotes& notes) {
  DatumCheck& check = *notes.report().mutable_datum_check();
  check.set_verdict(VerdictOf(finding.verdict));
  check.set_declared(static_cast<type::v1::Position::Datum>(declared));
  check.set_would_fit(static_cast<type::v1::Position::Datum>(finding.would_fit));
  check.set_east_m(finding.east_m);
  check.set_north_m(finding.north_m);
  check.set_features(finding.features);
  check.set_measurements(finding.measurements);
  check.set_distance_m(finding.distance_m);
  check.set_distance_after_m(finding.distance_after_m);
  const std::string name(domain::NameOf(declared));
  switch (finding.verdict) {
    case DatumFinding::Verdict::kFits:
      return;
    case DatumFinding::Verdict::kNothingToCompare:
      return notes.Remark(absl::StrFormat(
          "too little that is known lies near to compare with: the datum %s is taken as declared, unchecked",
          name));
    case DatumFinding::Verdict::kShifted:
      break;
  }
  if (!accepted_reason.empty()) {
    return notes.Remark(absl::StrFormat("%s: the file lies %s of what is known; taken all the same: %s", name,
                                        Sideways(finding), std::string(accepted_reason)));
  }
  const std::string fits = finding.would_fit == domain::Datum::kUnspecified
                               ? "the datum it is in (none that is known explains the shift)"
                               : absl::StrFormat("%s, under which it lies where it belongs",
                                                 std::string(domain::NameOf(finding.would_fit)));
  notes.Refuse(1, "datum",
               absl::StrFormat("%s: %d features lie %s of what is known (median of %d)", name,
                               finding.features, Sideways(finding), finding.measurements),
               fits + "; or, if what is stored is wrong, a reason to take the file (shift_accepted_reason)");
}

std::string_view ReasonToKeep(const DatumFinding& finding, const v1::ImportRequest& request) {
  return finding.verdict == DatumFinding::Verdict::kShifted
             ? std::string_view(request.shift_accepted_reason())
             : std::string_view();
}

}  // namespace gridwarden::grid
