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

}  // namespace

void CountVerdict(v1::Verdict verdict) {
  if (verdict != v1::VERDICT_UNSPECIFIED && v1::Verdict_IsValid(verdict)) Operations(verdict).Add();
}
void CountGrade(v1::Grade grade) {
  if (grade != v1::GRADE_UNSPECIFIED && v1::Grade_IsValid(grade)) Grades(grade).Add();
}

void ShowNumbers() {
  for (const auto verdict : {v1::ACCEPTED, v1::DUPLICATE, v1::ASSERTED, v1::REFUSED, v1::WAITING})
    Operations(verdict);
  for (const auto grade : {v1::A, v1::B, v1::C, v1::D}) Grades(grade);
}

}  // namespace gridwarden::sync
