#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/id.h"

// The life of an accountability review (问责, W7) as a table with its gates: what is not listed is refused,
// and what is listed goes on only when the gates of its step are met. No way leads to HELD that skips meeting
// the person over the facts and hearing the defence (W9.4).
namespace gridwarden::domain {

enum class ReviewState : uint8_t {
  kUnspecified,
  kLead,
  kPreliminary,
  kNotOpened,
  kOpened,
  kEvidenceSealed,
  kFactsServed,
  kDefence,
  kCollectiveDecision,
  kNoFault,
  kExempt,
  kMitigated,
  kHeld,
  kServed,
  kAppeal,
  kUpheld,
  kChanged,
  kRevoked,
  kFinal,
  kArchived
};
inline constexpr uint8_t kReviewStateMax = 19;

enum class ReviewAction : uint8_t {
  kUnspecified,
  kRecordLead,
  kVerify,        // 初步核实
  kDoNotOpen,     // 了结
  kOpen,          // 立案, approved by the competent authority
  kSealEvidence,  // 固定证据
  kServeFacts,    // 事实见面
  kAddFacts,      // new facts: everything after the seal begins again
  kHearDefence,   // 陈述申辩
  kConvene,       // 集体决定
  kFindNoFault,
  kExempt,  // 尽职免责
  kMitigate,
  kHold,           // 问责
  kServe,          // 送达
  kAppeal,         // 申诉
  kLetAppealPass,  // nobody appealed in time
  kUphold,
  kChange,
  kRevoke,  // 纠正
  kMakeFinal,
  kArchive
};
inline constexpr uint8_t kReviewActionMax = 21;

// What W7 asks to be so before a step.
enum class ReviewGate : uint8_t {
  kHuman,            // (h) no automated decision
  kReason,           // ended or decided with a reason
  kApproved,         // the competent authority approved
  kPostResolved,     // (a) the responsible post is resolved as of the event
  kDutyCited,        // (b) the duty item is cited, power and means are assessed
  kCountRecomputed,  // (c) counted again from raw findings, disputed ones left out
  kExculpatory,      // (d) what speaks for the person is written down
  kSameBundle,       // (e) the person's bundle has the root hash of the reviewer's
  kDefenceOver,      // the person was heard, or the time for it has passed
  kSeparate,  // (f) drafter, reviewer and deciders are different people, none of them of the case's lineage
  kParticipants,  // (g) the decision lists who took part
  kAppealPassed   // the time for an appeal has passed
};
inline constexpr uint8_t kReviewGateMax = 11;

struct ReviewStep {
  ReviewState from;
  ReviewAction action;
  ReviewState to;
};
std::span<const ReviewStep> ReviewSteps();
// The gates of a step, in the order in which they are asked.
std::span<const ReviewGate> GatesOf(ReviewAction action);

// What the gates look at.
struct ReviewFacts {
  Uuid actor;  // who takes the step; nil: the system
  std::string reason;
  bool approved_by_authority = false;
  Uuid responsible_post;
  std::vector<std::string> duty_items;
  bool power_and_means_assessed = false;
  bool count_recomputed = false;
  int disputed_counted = 0;  // findings under dispute that are still in the count
  bool exculpatory_written = false;
  std::string reviewer_root, subject_root;
  bool defence_heard = false, defence_time_passed = false;
  Uuid drafter, reviewer;
  std::vector<Uuid> deciders;
  std::vector<Uuid> lineage;  // who fixed, checked, signed or handled in the chain of the case
  bool appeal_time_passed = false;
};

bool IsMet(ReviewGate gate, const ReviewFacts& facts);

// The state after the step. FAILED_PRECONDITION / ILLEGAL_TRANSITION when the table has none,
// REVIEW_GATE_UNMET naming the first gate that is not met.
absl::StatusOr<ReviewState> NextReview(ReviewState from, ReviewAction action, const ReviewFacts& facts);

std::string_view NameOf(ReviewState state);
std::string_view NameOf(ReviewAction action);
std::string_view NameOf(ReviewGate gate);
std::string_view ZhOf(ReviewState state);
std::string_view ZhOf(ReviewAction action);
std::string_view ZhOf(ReviewGate gate);

}  // namespace gridwarden::domain
