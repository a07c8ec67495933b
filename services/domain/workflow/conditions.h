#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/civil_time.h"
#include "domain/policy/policy.h"
#include "domain/workflow/case_workflow.h"

// What has to be there before a case may be filed, fed back, passed or sent back. Each function answers OK or
// the first condition that is not met, in the order of the policy, with metadata `item` in Chinese and
// `item_code`.
namespace gridwarden::domain {

// Numbers of gridwarden.type.v1.Evidence.Kind.
enum class EvidenceKind : uint8_t {
  kUnspecified,
  kNear,
  kFar,
  kBefore,
  kAfter,
  kRemains,
  kAbsence,
  kDocument
};

struct Evidence {
  std::string media;  // any spelling, as long as one medium is always spelled alike
  EvidenceKind kind = EvidenceKind::kUnspecified;
};

struct Answer {
  std::string checklist, item, value;
  std::vector<std::string> media;
};

// Every answer names an item of a checklist (CHECKLIST_ITEM_UNKNOWN), no item twice, and its value fits the
// item's kind of answer: yes/no, a number, one of the options, a date YYYY-MM-DD (INVALID_FIELD
// "<field>[i].value").
absl::Status ValidateAnswers(const Policy& policy, std::span<const Answer> answers,
                             std::string_view field = "answers");

// T1: a staff find has at least one photo (not a document). EVIDENCE_MISSING.
absl::Status SubmitEvidence(Channel channel, std::span<const Evidence> evidence);

// T4, T5: what an on-site check has to bring. EXISTS: a near and a far photo. ABSENT: a photo of absence.
// UNABLE: nothing.
absl::Status OnsiteEvidence(OnsiteResult result, std::span<const Evidence> evidence);

// T4: may the signal be filed as this type? `answers` and `evidence` are those of the signal and of its
// on-site check together. FILING_CONDITION_UNMET for an item of the type that is not answered;
// EVIDENCE_MISSING without a near and a far photo. An assigned (交办) signal may instead bring any photo or
// the letter itself.
absl::Status FilingConditions(const Policy& policy, const CaseType& type, Channel channel,
                              std::span<const Answer> answers, std::span<const Evidence> evidence);

// T12: may the handler report it put right? DISPOSITION_MISSING for a type that needs one;
// CLOSING_CONDITION_UNMET for the first closing item that is not answered so that it passes or whose medium
// is missing or shared (each item needs a photo or document of its own: 两断三清 is five of them);
// EVIDENCE_MISSING without a before and an after photo, which are two photos, or with fewer than the type's
// number.
absl::Status ClosingConditions(const Policy& policy, const CaseType& type, Disposition disposition,
                               std::span<const Answer> answers, std::span<const Evidence> evidence);

// T14, T15: what the checker has to bring. PASS: every closing item observed by the checker
// (CLOSING_CONDITION_UNMET), with at least one own photo. FAIL: a photo of what remains. UNABLE: nothing.
// `known_media` is what the chain of cases was shown before, by whomever: a checker's medium among it is not
// of this check (EVIDENCE_MISSING).
absl::Status CheckConditions(const Policy& policy, const CaseType& type, Disposition disposition,
                             CheckResult result, std::span<const Answer> answers,
                             std::span<const Evidence> evidence, std::span<const std::string> known_media);

// T22: HELD and REBOUNDED need a photo; NOT_OBSERVABLE needs none (the caller asks for the reason). Goods
// that could stay until a day that is over: HELD is shown by a photo of their absence.
absl::Status RecheckEvidence(RecheckResult result, std::span<const Evidence> evidence,
                             bool storage_expired = false);

// 先停后治: that production stands still is shown by a photo. EVIDENCE_MISSING.
absl::Status StopEvidence(std::span<const Evidence> evidence);
// A cooperating unit's part is shown by a photo or a document, a receiver's result by a document.
// EVIDENCE_MISSING.
absl::Status PartEvidence(std::span<const Evidence> evidence);
absl::Status ResultEvidence(std::span<const Evidence> evidence);

// Until when goods stay on site by exception, YYYY-MM-DD; "" when none do. CLOSING_CONDITION_UNMET for a day
// that is not after `today`: what may not stay any more has to be gone.
absl::StatusOr<std::string> StoredUntil(std::span<const Answer> answers, absl::CivilDay today);

// That a closure held cannot be said before the planned recheck; a day early counts as that day's (our own
// default). That it did not hold may be said at any time. FAILED_PRECONDITION / RECHECK_NOT_DUE with metadata
// due.
absl::Status RecheckTime(RecheckResult result, absl::Time event_time, absl::Time planned);

// Whether each of these items ("CHECKLIST.ITEM") is answered so that it passes, with its own evidence.
// CLOSING_CONDITION_UNMET for the first that is not.
absl::Status ItemsMet(const Policy& policy, const std::vector<std::string>& items,
                      std::span<const Answer> answers);

// The closing items of a type under a disposition: those for any ("") and those of the disposition.
std::vector<std::string> ClosingItems(const CaseType& type, Disposition disposition);

}  // namespace gridwarden::domain
