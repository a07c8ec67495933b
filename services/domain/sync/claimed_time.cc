#include "domain/sync/claimed_time.h"

#include <algorithm>

namespace gridwarden::domain {
namespace {

bool Differ(absl::Time a, absl::Time b) { return a - b > kClocksAgree || b - a > kClocksAgree; }
bool Differ(absl::Duration a, absl::Duration b) { return a - b > kClocksAgree || b - a > kClocksAgree; }

// Time that the clock which does not step saw pass between two readings: at least so much passed.
std::optional<absl::Duration> PassedAtLeast(const ClockReading& from, const ClockReading& to) {
  if (from.boot.empty() || from.boot != to.boot) return std::nullopt;
  return absl::Milliseconds(to.mono_ms) - absl::Milliseconds(from.mono_ms);
}

// Whether the wall clock was put back between two readings, or time ran backwards.
bool PutBack(const ClockReading& from, const ClockReading& to) {
  const std::optional<absl::Duration> passed = PassedAtLeast(from, to);
  if (!passed || !from.wall || !to.wall) return false;
  return *passed < absl::ZeroDuration() || *to.wall - *from.wall < *passed - kClocksAgree;
}

}  // namespace

TimeJudgement JudgeTime(const TimeClaim& claim, const TimeEvidence& evidence) {
  TimeJudgement judgement;
  judgement.latest = evidence.received;
  judgement.earliest =
      std::min(std::max(evidence.anchor, evidence.token.value_or(evidence.anchor)), evidence.received);
  const auto raise = [&](OperationFlag flag) { judgement.flags |= Bit(flag); };

  // How far the phone's clock stood from ours, when its token came and when it sent this.
  std::optional<absl::Duration> skew, skew_now;
  if (evidence.token && claim.at_token.wall) skew = *evidence.token - *claim.at_token.wall;
  if (evidence.at_push.wall) skew_now = evidence.received - *evidence.at_push.wall;
  if (!evidence.token) raise(OperationFlag::kNoToken);
  if (evidence.chain_gap) raise(OperationFlag::kChainGap);
  if (evidence.chain_fork) raise(OperationFlag::kChainFork);
  if ((skew && skew_now && Differ(*skew, *skew_now)) ||
      (evidence.token && PutBack(claim.at_token, claim.made)) || PutBack(claim.made, evidence.at_push))
    raise(OperationFlag::kClockMoved);

  const absl::Time claimed =
      claim.made.wall.value_or(evidence.received) + skew.value_or(skew_now.value_or(absl::ZeroDuration()));
  if (!claim.made.wall || claimed < judgement.earliest - kClocksAgree ||
      claimed > judgement.latest + kClocksAgree)
    raise(OperationFlag::kOutsideBounds);
  judgement.estimate = std::clamp(claimed, judgement.earliest, judgement.latest);
  const bool fix_agrees = claim.fix && !Differ(*claim.fix, claimed);
  if (claim.fix && !fix_agrees) raise(OperationFlag::kFixTimeDiffers);

  constexpr OperationFlags kBroken = Bit(OperationFlag::kClockMoved) | Bit(OperationFlag::kOutsideBounds) |
                                     Bit(OperationFlag::kChainGap) | Bit(OperationFlag::kChainFork);
  if ((judgement.flags & kBroken) != 0)
    judgement.grade = TimeGrade::kD;
  else if (evidence.token && skew_now && judgement.latest - judgement.estimate <= kOnline)
    judgement.grade = TimeGrade::kA;
  else if (evidence.token && fix_agrees)
    judgement.grade = TimeGrade::kB;
  else
    judgement.grade = TimeGrade::kC;

  const CountedTime counted = Counted(judgement);
  if (counted.latest - counted.earliest > kWideTime) raise(OperationFlag::kWideInterval);
  return judgement;
}

CountedTime Counted(const TimeJudgement& judgement) {
  switch (judgement.grade) {
    case TimeGrade::kA:
    case TimeGrade::kB:
      return {std::max(judgement.estimate - kClocksAgree, judgement.earliest),
              std::min(judgement.estimate + kClocksAgree, judgement.latest)};
    case TimeGrade::kUnspecified:
    case TimeGrade::kC:
      return {judgement.earliest, judgement.latest};
    case TimeGrade::kD:
      break;
  }
  return {judgement.latest, judgement.latest};
}

}  // namespace gridwarden::domain
