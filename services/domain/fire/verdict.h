#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/id.h"
#include "domain/ground/ground.h"
#include "domain/workflow/conditions.h"

// What a hotspot turned out to be, on whose evidence, and whose share it is (workflow.md W8, beyond.md B6). A
// satellite's pixel is wider than a field: it counts in every division it may lie in, by the share of its
// possible places there, and only what was found to be straw counts as straw.
namespace gridwarden::domain {

// Numbers of gridwarden.intake.v1.HotspotVerdict.Verdict.
enum class FireVerdict : uint8_t {
  kUnspecified,
  kStraw,
  kGarbageLeaves,
  kForest,
  kIndustrialFixed,
  kOtherHeat,
  kNotFound,
  kNotObservable
};
enum class VerdictState : uint8_t { kUnspecified, kAdjudicated, kAppealed, kFinal };
enum class VerdictAction : uint8_t { kUnspecified, kAdjudicate, kAppeal, kDecide };
inline constexpr uint8_t kFireVerdictMax = 7, kVerdictStateMax = 3, kVerdictActionMax = 3;

std::string_view NameOf(FireVerdict verdict);
std::string_view ZhOf(FireVerdict verdict);
std::string_view NameOf(VerdictState state);
std::string_view ZhOf(VerdictState state);
std::string_view NameOf(VerdictAction action);
std::string_view ZhOf(VerdictAction action);

// ADJUDICATED may be corrected until somebody appeals; an appeal is decided once. FAILED_PRECONDITION /
// ILLEGAL_TRANSITION for everything else.
absl::StatusOr<VerdictState> Next(VerdictState from, VerdictAction action);

// Counts as a straw fire point: found to be straw, and not under appeal.
bool Counts(FireVerdict verdict, VerdictState state);

// EVIDENCE_MISSING unless a near and a far photo show what was found, or one of absence that nothing was.
// *Not observable* needs none (the caller asks for the reason).
absl::Status VerdictEvidence(FireVerdict verdict, std::span<const Evidence> evidence);

// A verdict is appealed within ten days of it (own default). APPEAL_PERIOD_OVER with metadata due.
inline constexpr absl::Duration kVerdictAppealPeriod = absl::Hours(10 * 24);
absl::Status AppealTime(absl::Time decided, absl::Time now);

// One division that the pixel may lie in.
struct FireShare {
  Uuid division;
  double share = 0;  // of the possible places of the fire, above 0 to 1
};
struct LocatedIn {
  Uuid division;
  Level level = Level::kUnspecified;
  double confidence = 0;
};
// Of the divisions a point was located in, deepest level first: those of the deepest level. One level alone,
// so that the shares of children sum to their parent's. Together at most 1: the rest lies outside.
std::vector<FireShare> SharesOf(std::span<const LocatedIn> located);

}  // namespace gridwarden::domain
