#include "domain/accountability/review_life.h"

#include <algorithm>
#include <array>

#include "absl/strings/str_cat.h"
#include "base/status.h"

namespace gridwarden::domain {
namespace {

using A = ReviewAction;
using G = ReviewGate;
using S = ReviewState;

constexpr ReviewStep kSteps[] = {
    {S::kUnspecified, A::kRecordLead, S::kLead},
    {S::kLead, A::kVerify, S::kPreliminary},
    {S::kPreliminary, A::kDoNotOpen, S::kNotOpened},
    {S::kPreliminary, A::kOpen, S::kOpened},
    {S::kOpened, A::kSealEvidence, S::kEvidenceSealed},
    {S::kEvidenceSealed, A::kServeFacts, S::kFactsServed},
    {S::kFactsServed, A::kAddFacts, S::kEvidenceSealed},
    {S::kFactsServed, A::kHearDefence, S::kDefence},
    {S::kDefence, A::kAddFacts, S::kEvidenceSealed},
    {S::kDefence, A::kConvene, S::kCollectiveDecision},
    {S::kCollectiveDecision, A::kFindNoFault, S::kNoFault},
    {S::kCollectiveDecision, A::kExempt, S::kExempt},
    {S::kCollectiveDecision, A::kMitigate, S::kMitigated},
    {S::kCollectiveDecision, A::kHold, S::kHeld},
    {S::kNoFault, A::kServe, S::kServed},
    {S::kExempt, A::kServe, S::kServed},
    {S::kMitigated, A::kServe, S::kServed},
    {S::kHeld, A::kServe, S::kServed},
    {S::kServed, A::kAppeal, S::kAppeal},
    {S::kServed, A::kLetAppealPass, S::kFinal},
    {S::kAppeal, A::kUphold, S::kUpheld},
    {S::kAppeal, A::kChange, S::kChanged},
    {S::kAppeal, A::kRevoke, S::kRevoked},
    {S::kUpheld, A::kMakeFinal, S::kFinal},
    {S::kChanged, A::kMakeFinal, S::kFinal},
    {S::kRevoked, A::kMakeFinal, S::kFinal},
    {S::kFinal, A::kArchive, S::kArchived},
};

constexpr G kByAPerson[] = {G::kHuman};
constexpr G kWithReason[] = {G::kHuman, G::kReason};
constexpr G kApproved[] = {G::kHuman, G::kReason, G::kApproved};
constexpr G kSealing[] = {G::kHuman, G::kPostResolved, G::kDutyCited, G::kCountRecomputed, G::kExculpatory};
constexpr G kServing[] = {G::kHuman, G::kSameBundle};
constexpr G kConvening[] = {G::kHuman, G::kSameBundle, G::kDefenceOver, G::kSeparate};
constexpr G kDeciding[] = {G::kHuman,           G::kReason,      G::kPostResolved, G::kDutyCited,
                           G::kCountRecomputed, G::kExculpatory, G::kSeparate,     G::kParticipants,
                           G::kSameBundle,      G::kDefenceOver};
constexpr G kPassing[] = {G::kAppealPassed};

struct Name {
  std::string_view code, zh;
};
constexpr std::array<Name, kReviewStateMax + 1> kStates = {{{"STATE_UNSPECIFIED", "未登记"},
                                                            {"LEAD", "问题线索"},
                                                            {"PRELIMINARY", "初步核实"},
                                                            {"NOT_OPENED", "了结"},
                                                            {"OPENED", "立案"},
                                                            {"EVIDENCE_SEALED", "证据固定"},
                                                            {"FACTS_SERVED", "事实见面"},
                                                            {"DEFENCE", "陈述申辩"},
                                                            {"COLLECTIVE_DECISION", "集体决定"},
                                                            {"NO_FAULT", "无责"},
                                                            {"EXEMPT", "尽职免责"},
                                                            {"MITIGATED", "减轻"},
                                                            {"HELD", "问责"},
                                                            {"SERVED", "送达"},
                                                            {"APPEAL", "申诉"},
                                                            {"UPHELD", "维持"},
                                                            {"CHANGED", "变更"},
                                                            {"REVOKED", "纠正"},
                                                            {"FINAL", "生效"},
                                                            {"ARCHIVED", "归档"}}};
constexpr std::array<Name, kReviewActionMax + 1> kActions = {{{"ACTION_UNSPECIFIED", "未说明"},
                                                              {"RECORD_LEAD", "登记线索"},
                                                              {"VERIFY", "初步核实"},
                                                              {"DO_NOT_OPEN", "了结"},
                                                              {"OPEN", "立案"},
                                                              {"SEAL_EVIDENCE", "固定证据"},
                                                              {"SERVE_FACTS", "事实见面"},
                                                              {"ADD_FACTS", "补充事实"},
                                                              {"HEAR_DEFENCE", "听取陈述申辩"},
                                                              {"CONVENE", "提请集体决定"},
                                                              {"FIND_NO_FAULT", "认定无责"},
                                                              {"EXEMPT", "尽职免责"},
                                                              {"MITIGATE", "减轻处理"},
                                                              {"HOLD", "问责"},
                                                              {"SERVE", "送达"},
                                                              {"APPEAL", "申诉"},
                                                              {"LET_APPEAL_PASS", "逾期未申诉"},
                                                              {"UPHOLD", "维持"},
                                                              {"CHANGE", "变更"},
                                                              {"REVOKE", "纠正"},
                                                              {"MAKE_FINAL", "生效"},
                                                              {"ARCHIVE", "归档"}}};
constexpr std::array<Name, kReviewGateMax + 1> kGates = {
    {{"HUMAN", "须由人作出，不得自动决定"},
     {"REASON", "须写明理由"},
     {"APPROVED", "须经有权机关批准"},
     {"POST_RESOLVED", "须按事发时间认定责任岗位"},
     {"DUTY_CITED", "须引用职责条目并评估职权与条件"},
     {"COUNT_RECOMPUTED", "须剔除有异议的发现并重新计数"},
     {"EXCULPATORY", "须写明有利于当事人的情况"},
     {"SAME_BUNDLE", "当事人与审查人的卷宗须一致"},
     {"DEFENCE_OVER", "须听取陈述申辩或期限届满"},
     {"SEPARATE", "拟稿、审核、决定须为不同的人且未参与本案"},
     {"PARTICIPANTS", "须列明参加集体决定的人员"},
     {"APPEAL_PASSED", "申诉期限尚未届满"}}};

template <size_t N, typename Enum>
const Name& Look(const std::array<Name, N>& names, Enum value) {
  static constexpr Name kUnknown = {"UNKNOWN", "未知"};
  const auto i = static_cast<size_t>(value);
  return i < N ? names[i] : kUnknown;
}

bool Has(const std::vector<Uuid>& ids, const Uuid& id) {
  return std::find(ids.begin(), ids.end(), id) != ids.end();
}

// Everybody is named, nobody twice, and nobody had part in what is judged.
bool AreSeparate(const ReviewFacts& facts) {
  std::vector<Uuid> people = facts.deciders;
  people.push_back(facts.drafter);
  people.push_back(facts.reviewer);
  for (size_t i = 0; i < people.size(); ++i) {
    if (people[i].IsNil() || Has(facts.lineage, people[i])) return false;
    if (std::count(people.begin(), people.end(), people[i]) != 1) return false;
  }
  return true;
}

}  // namespace

std::span<const ReviewStep> ReviewSteps() { return kSteps; }

std::span<const ReviewGate> GatesOf(ReviewAction action) {
  switch (action) {
    case A::kUnspecified:
      return {};
    case A::kRecordLead:
    case A::kVerify:
    case A::kHearDefence:
    case A::kServe:
    case A::kAppeal:
    case A::kMakeFinal:
    case A::kArchive:
      return kByAPerson;
    case A::kDoNotOpen:
    case A::kAddFacts:
      return kWithReason;
    case A::kOpen:
      return kApproved;
    case A::kSealEvidence:
      return kSealing;
    case A::kServeFacts:
      return kServing;
    case A::kConvene:
      return kConvening;
    case A::kFindNoFault:
    case A::kExempt:
    case A::kMitigate:
    case A::kHold:
      return kDeciding;
    case A::kUphold:
    case A::kChange:
    case A::kRevoke:
      return kWithReason;
    case A::kLetAppealPass:
      return kPassing;
  }
  return {};
}

bool IsMet(ReviewGate gate, const ReviewFacts& facts) {
  switch (gate) {
    case G::kHuman:
      return !facts.actor.IsNil();
    case G::kReason:
      return facts.reason.find_first_not_of(" \t\r\n") != std::string::npos;
    case G::kApproved:
      return facts.approved_by_authority;
    case G::kPostResolved:
      return !facts.responsible_post.IsNil();
    case G::kDutyCited:
      return !facts.duty_items.empty() && facts.power_and_means_assessed;
    case G::kCountRecomputed:
      return facts.count_recomputed && facts.disputed_counted == 0;
    case G::kExculpatory:
      return facts.exculpatory_written;
    case G::kSameBundle:
      return !facts.reviewer_root.empty() && facts.reviewer_root == facts.subject_root;
    case G::kDefenceOver:
      return facts.defence_heard || facts.defence_time_passed;
    case G::kSeparate:
      return AreSeparate(facts);
    case G::kParticipants:
      // 集体决定: one person alone is no collective.
      return facts.deciders.size() >= 2 && Has(facts.deciders, facts.actor);
    case G::kAppealPassed:
      return facts.appeal_time_passed;
  }
  return false;
}

absl::StatusOr<ReviewState> NextReview(ReviewState from, ReviewAction action, const ReviewFacts& facts) {
  const auto step = std::find_if(std::begin(kSteps), std::end(kSteps), [&](const ReviewStep& candidate) {
    return candidate.from == from && candidate.action == action;
  });
  if (step == std::end(kSteps)) {
    return FailedPrecondition(
        "ILLEGAL_TRANSITION",
        absl::StrCat(std::string(NameOf(action)), " is not possible from ", std::string(NameOf(from))),
        {{"state", std::string(ZhOf(from))},
         {"action", std::string(ZhOf(action))},
         {"state_name", std::string(NameOf(from))},
         {"action_name", std::string(NameOf(action))}});
  }
  for (const ReviewGate gate : GatesOf(action)) {
    if (IsMet(gate, facts)) continue;
    return FailedPrecondition("REVIEW_GATE_UNMET",
                              absl::StrCat(std::string(NameOf(action)), " needs ", std::string(NameOf(gate))),
                              {{"gate", std::string(ZhOf(gate))}, {"gate_name", std::string(NameOf(gate))}});
  }
  return step->to;
}

std::string_view NameOf(ReviewState state) { return Look(kStates, state).code; }
std::string_view NameOf(ReviewAction action) { return Look(kActions, action).code; }
std::string_view NameOf(ReviewGate gate) { return Look(kGates, gate).code; }
std::string_view ZhOf(ReviewState state) { return Look(kStates, state).zh; }
std::string_view ZhOf(ReviewAction action) { return Look(kActions, action).zh; }
std::string_view ZhOf(ReviewGate gate) { return Look(kGates, gate).zh; }

}  // namespace gridwarden::domain
