#include "domain/workflow/case_workflow.h"

#include <array>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/status.h"

namespace gridwarden::domain {
namespace {

using S = SignalState;
using C = CaseState;
using A = Action;

// T1 to T5, T20. A merge taken back and a disputed rejection are looked at afresh.
constexpr SignalStep kSignalSteps[] = {
    {S::kUnspecified, A::kSubmit, S::kNew},
    {S::kNew, A::kMerge, S::kMerged},
    {S::kOnsiteCheck, A::kMerge, S::kMerged},
    {S::kMerged, A::kUnmerge, S::kNew},
    {S::kNew, A::kRequestOnsiteCheck, S::kOnsiteCheck},
    {S::kOnsiteCheck, A::kRequestOnsiteCheck, S::kOnsiteCheck},
    {S::kOnsiteCheck, A::kSubmitOnsiteCheck, S::kOnsiteCheck},
    {S::kNew, A::kFile, S::kFiled},
    {S::kOnsiteCheck, A::kFile, S::kFiled},
    {S::kNew, A::kProposeReject, S::kNew},
    {S::kOnsiteCheck, A::kProposeReject, S::kOnsiteCheck},
    {S::kNew, A::kReject, S::kRejected},
    {S::kOnsiteCheck, A::kReject, S::kRejected},
    {S::kRejected, A::kDispute, S::kOnsiteCheck},
    {S::kNew, A::kTransfer, S::kTransferred},
    {S::kOnsiteCheck, A::kTransfer, S::kTransferred},
    {S::kFiled, A::kTellReporter, S::kFiled},
    {S::kMerged, A::kTellReporter, S::kMerged},
    {S::kRejected, A::kTellReporter, S::kRejected},
    {S::kTransferred, A::kTellReporter, S::kTransferred},
};

// T4, T6 to T24. What may be done from every open state (T18 to T20, applications) stands with each of them.
constexpr CaseStep kCaseSteps[] = {
    {C::kUnspecified, A::kFile, C::kFiled},
    {C::kFiled, A::kDispatch, C::kDispatched},
    {C::kDispatched, A::kReturn, C::kReturned},
    {C::kReturned, A::kDispatch, C::kDispatched},
    {C::kDispatched, A::kAccept, C::kHandling},
    {C::kDispatched, A::kSilentAccept, C::kHandling},
    {C::kFiled, A::kSetDisposition, C::kFiled},
    {C::kDispatched, A::kSetDisposition, C::kDispatched},
    {C::kReturned, A::kSetDisposition, C::kReturned},
    {C::kHandling, A::kSetDisposition, C::kHandling},
    {C::kFiled, A::kStopProduction, C::kFiled},
    {C::kDispatched, A::kStopProduction, C::kDispatched},
    {C::kReturned, A::kStopProduction, C::kReturned},
    {C::kHandling, A::kStopProduction, C::kHandling},
    {C::kDispatched, A::kSubmitPart, C::kDispatched},
    {C::kHandling, A::kSubmitPart, C::kHandling},
    {C::kDispatched, A::kExcusePart, C::kDispatched},
    {C::kHandling, A::kExcusePart, C::kHandling},
    {C::kHandling, A::kPostpone, C::kHandling},
    {C::kHandling, A::kSuspend, C::kSuspended},
    {C::kSuspended, A::kReviewSuspension, C::kSuspended},
    {C::kSuspended, A::kResume, C::kHandling},
    {C::kHandling, A::kSubmitFeedback, C::kFeedback},
    {C::kFeedback, A::kWaitForChecker, C::kFeedback},
    {C::kChecking, A::kWaitForChecker, C::kChecking},
    {C::kFeedback, A::kAssignCheck, C::kChecking},
    {C::kChecking, A::kAssignCheck, C::kChecking},
    {C::kChecking, A::kPass, C::kSignOff},
    {C::kChecking, A::kRework, C::kHandling},
    {C::kChecking, A::kUnable, C::kChecking},
    {C::kSignOff, A::kCosign, C::kSignOff},
    {C::kSignOff, A::kSign, C::kClosed},
    {C::kSignOff, A::kRefuseSign, C::kChecking},
    {C::kClosed, A::kStartMonitoring, C::kMonitoring},
    {C::kClosed, A::kDispute, C::kChecking},
    {C::kMonitoring, A::kDispute, C::kChecking},
    {C::kMonitoring, A::kRecheckHeldSoFar, C::kMonitoring},
    {C::kMonitoring, A::kRecheckNotObservableSoFar, C::kMonitoring},
    {C::kMonitoring, A::kRecheckHeld, C::kArchived},
    {C::kMonitoring, A::kRecheckNotObservable, C::kArchived},
    {C::kMonitoring, A::kRecheckRebounded, C::kRebounded},
    {C::kMonitoring, A::kContradict, C::kRebounded},
    {C::kTracked, A::kSubmitResult, C::kChecking},

    {C::kFiled, A::kApply, C::kFiled},
    {C::kDispatched, A::kApply, C::kDispatched},
    {C::kReturned, A::kApply, C::kReturned},
    {C::kHandling, A::kApply, C::kHandling},
    {C::kSuspended, A::kApply, C::kSuspended},
    {C::kFeedback, A::kApply, C::kFeedback},
    {C::kChecking, A::kApply, C::kChecking},
    {C::kSignOff, A::kApply, C::kSignOff},
    {C::kTracked, A::kApply, C::kTracked},
    {C::kFiled, A::kDecide, C::kFiled},
    {C::kDispatched, A::kDecide, C::kDispatched},
    {C::kReturned, A::kDecide, C::kReturned},
    {C::kHandling, A::kDecide, C::kHandling},
    {C::kSuspended, A::kDecide, C::kSuspended},
    {C::kFeedback, A::kDecide, C::kFeedback},
    {C::kChecking, A::kDecide, C::kChecking},
    {C::kSignOff, A::kDecide, C::kSignOff},
    {C::kTracked, A::kDecide, C::kTracked},

    {C::kFiled, A::kForceClose, C::kClosed},
    {C::kDispatched, A::kForceClose, C::kClosed},
    {C::kReturned, A::kForceClose, C::kClosed},
    {C::kHandling, A::kForceClose, C::kClosed},
    {C::kSuspended, A::kForceClose, C::kClosed},
    {C::kFeedback, A::kForceClose, C::kClosed},
    {C::kChecking, A::kForceClose, C::kClosed},
    {C::kSignOff, A::kForceClose, C::kClosed},
    {C::kTracked, A::kForceClose, C::kClosed},
    {C::kFiled, A::kVoid, C::kVoided},
    {C::kDispatched, A::kVoid, C::kVoided},
    {C::kReturned, A::kVoid, C::kVoided},
    {C::kHandling, A::kVoid, C::kVoided},
    {C::kSuspended, A::kVoid, C::kVoided},
    {C::kFeedback, A::kVoid, C::kVoided},
    {C::kChecking, A::kVoid, C::kVoided},
    {C::kSignOff, A::kVoid, C::kVoided},
    {C::kTracked, A::kVoid, C::kVoided},
    {C::kFiled, A::kTransfer, C::kTracked},
    {C::kDispatched, A::kTransfer, C::kTracked},
    {C::kReturned, A::kTransfer, C::kTracked},
    {C::kHandling, A::kTransfer, C::kTracked},
    {C::kSuspended, A::kTransfer, C::kTracked},
    {C::kFeedback, A::kTransfer, C::kTracked},
    {C::kChecking, A::kTransfer, C::kTracked},
    {C::kSignOff, A::kTransfer, C::kTracked},

    {C::kFiled, A::kLink, C::kFiled},
    {C::kDispatched, A::kLink, C::kDispatched},
    {C::kReturned, A::kLink, C::kReturned},
    {C::kHandling, A::kLink, C::kHandling},
    {C::kSuspended, A::kLink, C::kSuspended},
    {C::kFeedback, A::kLink, C::kFeedback},
    {C::kChecking, A::kLink, C::kChecking},
    {C::kSignOff, A::kLink, C::kSignOff},
    {C::kClosed, A::kLink, C::kClosed},
    {C::kMonitoring, A::kLink, C::kMonitoring},
    {C::kRebounded, A::kLink, C::kRebounded},
    {C::kArchived, A::kLink, C::kArchived},
    {C::kTracked, A::kLink, C::kTracked},
};

struct Name {
  std::string_view code, zh;
};

constexpr std::array<Name, kSignalStateMax + 1> kSignalNames = {{{"STATE_UNSPECIFIED", "未登记"},
                                                                 {"NEW", "线索"},
                                                                 {"ONSITE_CHECK", "核实"},
                                                                 {"FILED", "立案"},
                                                                 {"MERGED", "合并"},
                                                                 {"REJECTED", "不予立案"},
                                                                 {"TRANSFERRED", "移送"}}};

constexpr std::array<Name, kCaseStateMax + 1> kCaseNames = {{{"STATE_UNSPECIFIED", "未立案"},
                                                             {"FILED", "立案"},
                                                             {"DISPATCHED", "派遣"},
                                                             {"RETURNED", "回退"},
                                                             {"HANDLING", "处置"},
                                                             {"SUSPENDED", "挂账"},
                                                             {"FEEDBACK", "反馈"},
                                                             {"CHECKING", "核查"},
                                                             {"SIGN_OFF", "待签字"},
                                                             {"CLOSED", "结案"},
                                                             {"MONITORING", "回头看"},
                                                             {"REBOUNDED", "反弹"},
                                                             {"ARCHIVED", "归档"},
                                                             {"TRACKED", "移送"},
                                                             {"VOIDED", "作废"}}};

constexpr std::array<Name, kActionMax + 1> kActionNames = {
    {{"ACTION_UNSPECIFIED", "未说明"},
     {"SUBMIT", "上报"},
     {"REQUEST_ONSITE_CHECK", "派人核实"},
     {"SUBMIT_ONSITE_CHECK", "提交核实结果"},
     {"REJECT", "不予立案"},
     {"FILE", "立案"},
     {"DISPATCH", "派遣"},
     {"RETURN", "回退"},
     {"ACCEPT", "受理"},
     {"SUBMIT_FEEDBACK", "反馈"},
     {"ASSIGN_CHECK", "派人核查"},
     {"PASS", "核查通过"},
     {"REWORK", "返工"},
     {"UNABLE", "无法核查"},
     {"SIGN", "签字结案"},
     {"REFUSE_SIGN", "拒绝签字"},
     {"START_MONITORING", "转入回头看"},
     {"RECHECK_HELD", "回头看未反弹"},
     {"RECHECK_REBOUNDED", "回头看反弹"},
     {"RECHECK_NOT_OBSERVABLE", "回头看无法核实"},
     {"MERGE", "合并"},
     {"POSTPONE", "延期"},
     {"SUSPEND", "挂账"},
     {"RESUME", "恢复处置"},
     {"FORCE_CLOSE", "强制结案"},
     {"VOID", "作废"},
     {"TRANSFER", "移送"},
     {"DISPUTE", "提出异议"},
     {"SET_DISPOSITION", "确定处置方式"},
     {"APPLY", "申请"},
     {"DECIDE", "审批"},
     {"UNMERGE", "撤销合并"},
     {"PROPOSE_REJECT", "提请不予立案"},
     {"SUBMIT_RESULT", "移送结果"},
     {"REVIEW_SUSPENSION", "挂账复核"},
     {"COSIGN", "会审签字"},
     {"SILENT_ACCEPT", "逾期视同受理"},
     {"RECHECK_HELD_SO_FAR", "本次回头看未反弹"},
     {"RECHECK_NOT_OBSERVABLE_SO_FAR", "本次回头看无法查看"},
     {"STOP_PRODUCTION", "先停"},
     {"CONTRADICT", "新线索证实反弹"},
     {"SUBMIT_PART", "提交配合处置结果"},
     {"EXCUSE_PART", "免除配合处置"},
     {"WAIT_FOR_CHECKER", "等待核查人"},
     {"TELL_REPORTER", "答复反映人"},
     {"LINK", "关联旧案"}}};

constexpr std::array<Name, 8> kChannelNames = {{{"CHANNEL_UNSPECIFIED", "未说明"},
                                                {"PATROL", "巡查发现"},
                                                {"ASSIGNED", "上级交办"},
                                                {"PUBLIC", "公众举报"},
                                                {"HOTLINE", "热线"},
                                                {"SATELLITE", "卫星遥感"},
                                                {"CAMERA", "视频监控"},
                                                {"MEDIA_REPORT", "媒体曝光"}}};

constexpr std::array<Name, 4> kDispositionNames = {{{"DISPOSITION_UNSPECIFIED", "未确定"},
                                                    {"SHUT_DOWN", "关停取缔"},
                                                    {"RELOCATE", "整合搬迁"},
                                                    {"UPGRADE", "升级改造"}}};

// A number from a newer version, or from a damaged row, is named rather than read past the table.
template <size_t N, typename Enum>
const Name& Look(const std::array<Name, N>& names, Enum value) {
  static constexpr Name kUnknown = {"UNKNOWN", "未知"};
  const size_t i = static_cast<size_t>(value);
  return i < N ? names[i] : kUnknown;
}

template <typename State>
absl::Status IllegalTransition(State from, Action action, std::string_view why = {}) {
  return FailedPrecondition(
      "ILLEGAL_TRANSITION",
      absl::StrCat(std::string(NameOf(action)), " is not possible from ", std::string(NameOf(from)),
                   why.empty() ? "" : ": ", std::string(why)),
      {{"state", std::string(ZhOf(from))},
       {"action", std::string(ZhOf(action))},
       {"state_name", std::string(NameOf(from))},
       {"action_name", std::string(NameOf(action))}});
}

template <typename Step, typename State>
absl::StatusOr<State> Fold(std::span<const Step> steps, State from, Action action) {
  for (const Step& step : steps) {
    if (step.from == from && step.action == action) return step.to;
  }
  return IllegalTransition(from, action);
}

}  // namespace

std::span<const SignalStep> SignalSteps() { return kSignalSteps; }
std::span<const CaseStep> CaseSteps() { return kCaseSteps; }

absl::StatusOr<SignalState> Next(SignalState from, Action action) {
  return Fold<SignalStep, SignalState>(kSignalSteps, from, action);
}

absl::StatusOr<CaseState> Next(CaseState from, Action action) {
  return Fold<CaseStep, CaseState>(kCaseSteps, from, action);
}

bool NeedsOnsiteCheck(Channel channel) {
  return channel != Channel::kPatrol && channel != Channel::kAssigned;
}

absl::StatusOr<SignalState> NextSignal(const SignalFacts& signal, Action action) {
  GW_ASSIGN_OR_RETURN(const SignalState to, Next(signal.state, action));
  const bool checking = signal.state == S::kOnsiteCheck;
  switch (action) {
    case A::kFile:
      // A staff-found signal that was sent to a check all the same is bound by what the check found.
      if ((checking || NeedsOnsiteCheck(signal.channel) ||
           signal.onsite_result != OnsiteResult::kUnspecified) &&
          signal.onsite_result != OnsiteResult::kExists) {
        return FailedPrecondition("FILING_CONDITION_UNMET",
                                  "an outside lead is filed only after an on-site check found it",
                                  {{"item", "现场核实结果为“属实”"}, {"item_code", "ONSITE_CHECK.EXISTS"}});
      }
      return to;
    case A::kProposeReject:
    case A::kReject:
      // What the last check says counts: earlier *unable* ones do not outvote a check that found it, or one
      // under way; so do they after a merge was taken back.
      if ((checking || signal.onsite_result != OnsiteResult::kUnspecified) &&
          signal.onsite_result != OnsiteResult::kAbsent &&
          !(signal.onsite_result == OnsiteResult::kUnable && signal.unable_count >= 2)) {
        return IllegalTransition(signal.state, action,
                                 "the check must say absent, or two people were unable to check");
      }
      return to;
    case A::kRequestOnsiteCheck:
      if (checking && signal.check_asked && signal.onsite_result != OnsiteResult::kUnable) {
        return IllegalTransition(signal.state, action, "a check is under way or already has its result");
      }
      return to;
    case A::kSubmitOnsiteCheck:
      if (!signal.check_asked) return IllegalTransition(signal.state, action, "nobody was asked to look yet");
      if (signal.onsite_result != OnsiteResult::kUnspecified) {
        return IllegalTransition(signal.state, action, "this check already has its result");
      }
      return to;
    default:
      return to;
  }
}

Action ActionOf(CheckResult result) {
  switch (result) {
    case CheckResult::kPass:
      return A::kPass;
    case CheckResult::kFail:
      return A::kRework;
    case CheckResult::kUnable:
      return A::kUnable;
    case CheckResult::kUnspecified:
      break;
  }
  return A::kUnspecified;
}

Action ActionOf(RecheckResult result) {
  switch (result) {
    case RecheckResult::kHeld:
      return A::kRecheckHeld;
    case RecheckResult::kRebounded:
      return A::kRecheckRebounded;
    case RecheckResult::kNotObservable:
      return A::kRecheckNotObservable;
    case RecheckResult::kUnspecified:
      break;
  }
  return A::kUnspecified;
}

bool IsOpen(CaseState state) {
  switch (state) {
    case C::kFiled:
    case C::kDispatched:
    case C::kReturned:
    case C::kHandling:
    case C::kSuspended:
    case C::kFeedback:
    case C::kChecking:
    case C::kSignOff:
    case C::kTracked:
      return true;
    case C::kUnspecified:
    case C::kClosed:
    case C::kMonitoring:
    case C::kRebounded:
    case C::kArchived:
    case C::kVoided:
      return false;
  }
  return false;
}

bool IsOpen(SignalState state) { return state == S::kNew || state == S::kOnsiteCheck; }

bool NeedsCounty(int return_count, int unable_count) { return return_count >= 2 || unable_count >= 2; }

std::string_view NameOf(SignalState state) { return Look(kSignalNames, state).code; }
std::string_view NameOf(CaseState state) { return Look(kCaseNames, state).code; }
std::string_view NameOf(Action action) { return Look(kActionNames, action).code; }
std::string_view NameOf(Channel channel) { return Look(kChannelNames, channel).code; }
std::string_view NameOf(Disposition disposition) { return Look(kDispositionNames, disposition).code; }
std::string_view ZhOf(SignalState state) { return Look(kSignalNames, state).zh; }
std::string_view ZhOf(CaseState state) { return Look(kCaseNames, state).zh; }
std::string_view ZhOf(Action action) { return Look(kActionNames, action).zh; }
std::string_view ZhOf(Channel channel) { return Look(kChannelNames, channel).zh; }
std::string_view ZhOf(Disposition disposition) { return Look(kDispositionNames, disposition).zh; }

std::optional<Disposition> ParseDisposition(std::string_view name) {
  for (size_t i = 1; i < kDispositionNames.size(); ++i) {
    if (kDispositionNames[i].code == name) return static_cast<Disposition>(i);
  }
  return std::nullopt;
}

}  // namespace gridwarden::domain
