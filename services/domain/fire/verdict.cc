#include "domain/fire/verdict.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "domain/clock/stage_clock.h"

namespace gridwarden::domain {
namespace {

struct Name {
  std::string_view code, zh;
};

constexpr Name kVerdicts[] = {{"VERDICT_UNSPECIFIED", "未认定"},    {"STRAW", "秸秆焚烧"},
                              {"GARBAGE_LEAVES", "垃圾、落叶焚烧"}, {"FOREST", "林草火情"},
                              {"INDUSTRIAL_FIXED", "固定工业热源"}, {"OTHER_HEAT", "其他热源"},
                              {"NOT_FOUND", "到场未发现"},          {"NOT_OBSERVABLE", "无法查看"}};
constexpr Name kStates[] = {
    {"STATE_UNSPECIFIED", "未认定"}, {"ADJUDICATED", "已认定"}, {"APPEALED", "申诉中"}, {"FINAL", "终局"}};
constexpr Name kActions[] = {
    {"ACTION_UNSPECIFIED", "未说明"}, {"ADJUDICATE", "认定"}, {"APPEAL", "申诉"}, {"DECIDE", "申诉裁定"}};

struct Step {
  VerdictState from;
  VerdictAction action;
  VerdictState to;
};
constexpr Step kSteps[] = {
    {VerdictState::kUnspecified, VerdictAction::kAdjudicate, VerdictState::kAdjudicated},
    {VerdictState::kAdjudicated, VerdictAction::kAdjudicate, VerdictState::kAdjudicated},
    {VerdictState::kAdjudicated, VerdictAction::kAppeal, VerdictState::kAppealed},
    {VerdictState::kAppealed, VerdictAction::kDecide, VerdictState::kFinal},
};

bool HasKind(std::span<const Evidence> evidence, EvidenceKind kind) {
  return std::any_of(evidence.begin(), evidence.end(), [&](const Evidence& one) { return one.kind == kind; });
}

absl::Status Missing(const char* item, const char* code) {
  return FailedPrecondition("EVIDENCE_MISSING", absl::StrCat("a verdict needs ", code),
                            {{"item", item}, {"item_code", code}});
}

}  // namespace

std::string_view NameOf(FireVerdict verdict) { return kVerdicts[static_cast<int>(verdict)].code; }
std::string_view ZhOf(FireVerdict verdict) { return kVerdicts[static_cast<int>(verdict)].zh; }
std::string_view NameOf(VerdictState state) { return kStates[static_cast<int>(state)].code; }
std::string_view ZhOf(VerdictState state) { return kStates[static_cast<int>(state)].zh; }
std::string_view NameOf(VerdictAction action) { return kActions[static_cast<int>(action)].code; }
std::string_view ZhOf(VerdictAction action) { return kActions[static_cast<int>(action)].zh; }

absl::StatusOr<VerdictState> Next(VerdictState from, VerdictAction action) {
  for (const Step& step : kSteps) {
    if (step.from == from && step.action == action) return step.to;
  }
  return FailedPrecondition(
      "ILLEGAL_TRANSITION",
      absl::StrCat(std::string(NameOf(action)), " is not possible from ", std::string(NameOf(from))),
      {{"state", std::string(ZhOf(from))},
       {"action", std::string(ZhOf(action))},
       {"state_name", std::string(NameOf(from))},
       {"action_name", std::string(NameOf(action))}});
}

bool Counts(FireVerdict verdict, VerdictState state) {
  return verdict == FireVerdict::kStraw && state != VerdictState::kAppealed;
}

absl::Status VerdictEvidence(FireVerdict verdict, std::span<const Evidence> evidence) {
  switch (verdict) {
    case FireVerdict::kUnspecified:
    case FireVerdict::kNotObservable:
      return absl::OkStatus();
    case FireVerdict::kNotFound:
      if (!HasKind(evidence, EvidenceKind::kAbsence)) return Missing("现场未发现火点的照片", "ABSENCE");
      return absl::OkStatus();
    case FireVerdict::kStraw:
    case FireVerdict::kGarbageLeaves:
    case FireVerdict::kForest:
    case FireVerdict::kIndustrialFixed:
    case FireVerdict::kOtherHeat:
      if (!HasKind(evidence, EvidenceKind::kNear)) return Missing("近景照片", "NEAR");
      if (!HasKind(evidence, EvidenceKind::kFar)) return Missing("远景照片", "FAR");
      return absl::OkStatus();
  }
  return absl::OkStatus();
}

absl::Status AppealTime(absl::Time decided, absl::Time now) {
  const absl::Time due = decided + kVerdictAppealPeriod;
  if (now <= due) return absl::OkStatus();
  return FailedPrecondition("APPEAL_PERIOD_OVER", "the verdict can no longer be appealed",
                            {{"due", absl::FormatTime("%Y-%m-%d %H:%M", due, CalendarZone())}});
}

std::vector<FireShare> SharesOf(std::span<const LocatedIn> located) {
  std::vector<FireShare> shares;
  double sum = 0;
  for (const LocatedIn& one : located) {
    if (one.level != located.front().level || one.confidence <= 0) continue;
    const double share = std::min(one.confidence, 1 - sum);
    if (share <= 0) break;
    sum += share;
    shares.push_back({one.division, share});
  }
  return shares;
}

}  // namespace gridwarden::domain
