#include "sync/numbers.h"

#include "absl/strings/ascii.h"
#include "platform/runtime/instruments.h"

namespace gridwarden::sync {
namespace {

Counter Operations(v1::Verdict verdict) {
  return Counter("gridwarden_sync_operations_total", "Operations of phones that were answered, by verdict.",
                 {{"verdict", absl::AsciiStrToLower(v1::Verdict_Name(verdict))}});
}

Counter Grades(v1::Grade grade) {
  return Counter("gridwarden_sync_operation_grades_total",
                 "Operations of phones that came for the first time, by how well their time is known.",
                 {{"grade", v1::Grade_Name(grade)}});
}

Counter Resets(v1::ResetReason reason) {
  return Counter("gridwarden_sync_resets_total", "Phones that were told to fetch everything anew, by reason.",
                 {{"reason", absl::AsciiStrToLower(v1::ResetReason_Name(reason))}});
}

struct Phones {
  Gauge operations{"gridwarden_sync_pending_operations",
                   "Operations still only on phones in use, as they said when they last pushed."};
  Gauge photos{"gridwarden_sync_pending_photos",
               "Photos still only on phones in use, as they said when they last pushed."};
  Gauge silent{"gridwarden_sync_pending_silent_seconds",
               "How long the phone that has been silent longest has had something on it."};
  Gauge missing{"gridwarden_sync_missing_operations",
                "Numbers of operations that never came while later ones did."};
};
Phones& PhoneNumbers() {
  static auto* const numbers = new Phones();
  return *numbers;
}

}  // namespace

void CountVerdict(v1::Verdict verdict) {
  if (verdict != v1::VERDICT_UNSPECIFIED && v1::Verdict_IsValid(verdict)) Operations(verdict).Add();
}
void CountGrade(v1::Grade grade) {
  if (grade != v1::GRADE_UNSPECIFIED && v1::Grade_IsValid(grade)) Grades(grade).Add();
}

void CountReset(v1::ResetReason reason) {
  if (reason != v1::RESET_REASON_UNSPECIFIED && v1::ResetReason_IsValid(reason)) Resets(reason).Add();
}
void Show(const OnPhones& seen) {
  Phones& numbers = PhoneNumbers();
  numbers.operations.Set(static_cast<double>(seen.operations));
  numbers.photos.Set(static_cast<double>(seen.photos));
  numbers.silent.Set(absl::ToDoubleSeconds(seen.silent));
  numbers.missing.Set(static_cast<double>(seen.missing));
}

void ShowNumbers() {
  PhoneNumbers();
  for (const auto reason : {v1::SCOPE_CHANGED, v1::CURSOR_OLD, v1::OTHER_LOG, v1::DRIFT, v1::CURSOR_INVALID})
    Resets(reason);
  for (const auto verdict : {v1::ACCEPTED, v1::DUPLICATE, v1::ASSERTED, v1::REFUSED, v1::WAITING})
    Operations(verdict);
  for (const auto grade : {v1::A, v1::B, v1::C, v1::D}) Grades(grade);
}

}  // namespace gridwarden::sync
