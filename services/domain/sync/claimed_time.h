#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/time/time.h"

// When something happened, as far as the server can defend it (B12, guarantees.md 6.3, clients.md 7.7).
// Bounds that hold whatever the phone does: not before the newest token it carries, not after receipt.
// Everything the phone says by itself only chooses inside them.
namespace gridwarden::domain {

// How well the time is known; as sync.v1.Grade.
enum class TimeGrade : uint8_t { kUnspecified = 0, kA = 1, kB = 2, kC = 3, kD = 4 };

// Why a person should look; numbered as sync.v1.Flag.
enum class OperationFlag : uint8_t {
  kClockMoved = 1,
  kOutsideBounds = 2,
  kChainGap = 3,
  kChainFork = 4,
  kNoToken = 5,
  kSameCoordinates = 6,
  kImpossibleSpeed = 7,
  kBaseChanged = 8,
  kLostDevice = 9,
  kWideInterval = 10,
  kFixTimeDiffers = 11,
  kPostEnded = 12,
};
using OperationFlags = uint32_t;  // bit 1 << OperationFlag
constexpr OperationFlags Bit(OperationFlag flag) { return 1u << static_cast<int>(flag); }
constexpr bool Has(OperationFlags flags, OperationFlag flag) { return (flags & Bit(flag)) != 0; }

// A reading of the clocks of a phone at one moment.
struct ClockReading {
  std::optional<absl::Time> wall;
  int64_t mono_ms = 0;  // since `boot` began; does not step, may stop in sleep
  std::string boot;     // mono_ms compare within one only; "" = none
};

// What a phone says of an operation's time.
struct TimeClaim {
  ClockReading made;
  ClockReading at_token;  // when the token came
  std::optional<absl::Time> fix;
};

// What the server knows by itself.
struct TimeEvidence {
  absl::Time received;
  std::optional<absl::Time> token;  // of a token that it signed for this phone
  absl::Time anchor;     // not before: the token, those of the operations before, the phone's registration
  ClockReading at_push;  // the phone's clocks when it sent this
  bool chain_gap = false;
  bool chain_fork = false;
};

struct TimeJudgement {
  absl::Time earliest, latest;  // hold whatever the phone does
  absl::Time estimate;          // inside them
  TimeGrade grade = TimeGrade::kUnspecified;
  OperationFlags flags = 0;
};

inline constexpr absl::Duration kClocksAgree = absl::Minutes(2);
inline constexpr absl::Duration kOnline = absl::Minutes(5);
inline constexpr absl::Duration kWideTime = absl::Minutes(30);

TimeJudgement JudgeTime(const TimeClaim& claim, const TimeEvidence& evidence);

// What counts against time limits. A and B: the estimate, give or take what clocks may differ, inside the
// bounds. C: the bounds, of which the favourable one decides. D: the receipt.
struct CountedTime {
  absl::Time earliest, latest;
};
CountedTime Counted(const TimeJudgement& judgement);

}  // namespace gridwarden::domain
