#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "absl/status/statusor.h"

// The life of a signal and of a case as tables: what is not listed is refused. Numbers and names equal those
// of gridwarden.casework.v1; the transitions are T1 to T24 of the workflow.
namespace gridwarden::domain {

enum class SignalState : uint8_t {
  kUnspecified,
  kNew,
  kOnsiteCheck,
  kFiled,
  kMerged,
  kRejected,
  kTransferred
};

enum class CaseState : uint8_t {
  kUnspecified,
  kFiled,
  kDispatched,
  kReturned,
  kHandling,
  kSuspended,
  kFeedback,
  kChecking,
  kSignOff,
  kClosed,
  kMonitoring,
  kRebounded,
  kArchived,
  kTracked,
  kVoided
};

enum class Action : uint8_t {
  kUnspecified,
  kSubmit,
  kRequestOnsiteCheck,
  kSubmitOnsiteCheck,
  kReject,
  kFile,
  kDispatch,
  kReturn,
  kAccept,
  kSubmitFeedback,
  kAssignCheck,
  kPass,
  kRework,
  kUnable,
  kSign,
  kRefuseSign,
  kStartMonitoring,
  kRecheckHeld,
  kRecheckRebounded,
  kRecheckNotObservable,
  kMerge,
  kPostpone,
  kSuspend,
  kResume,
  kForceClose,
  kVoid,
  kTransfer,
  kDispute,
  kSetDisposition,
  kApply,
  kDecide,
  kUnmerge,
  kProposeReject,
  kSubmitResult,
  kReviewSuspension,
  kCosign,
  kSilentAccept,
  kRecheckHeldSoFar,
  kRecheckNotObservableSoFar,
  kStopProduction,
  kContradict,
  kSubmitPart,
  kExcusePart,
  kWaitForChecker,
  kTellReporter,
  kLink
};

enum class Channel : uint8_t {
  kUnspecified,
  kPatrol,
  kAssigned,
  kPublic,
  kHotline,
  kSatellite,
  kCamera,
  kMediaReport
};
enum class OnsiteResult : uint8_t { kUnspecified, kExists, kAbsent, kUnable };
enum class CheckResult : uint8_t { kUnspecified, kPass, kFail, kUnable };
enum class RecheckResult : uint8_t { kUnspecified, kHeld, kRebounded, kNotObservable };
enum class Disposition : uint8_t { kUnspecified, kShutDown, kRelocate, kUpgrade };

inline constexpr uint8_t kSignalStateMax = 6, kCaseStateMax = 14, kActionMax = 45;

struct SignalStep {
  SignalState from;
  Action action;
  SignalState to;
};

struct CaseStep {
  CaseState from;
  Action action;
  CaseState to;
};

// The tables themselves. kUnspecified as `from` is birth: the state is the fold of Next over the actions from
// there.
std::span<const SignalStep> SignalSteps();
std::span<const CaseStep> CaseSteps();

// The state after the action. FAILED_PRECONDITION / ILLEGAL_TRANSITION with metadata state and action
// (Chinese, for people) and state_name and action_name (as in the proto, for programs).
absl::StatusOr<SignalState> Next(SignalState from, Action action);
absl::StatusOr<CaseState> Next(CaseState from, Action action);

// What decides a signal's next step besides its state.
struct SignalFacts {
  SignalState state = SignalState::kUnspecified;
  Channel channel = Channel::kUnspecified;
  // Result of the on-site check now assigned; kUnspecified while nobody has answered yet.
  OnsiteResult onsite_result = OnsiteResult::kUnspecified;
  // How many different people came back with *unable*.
  int unable_count = 0;
  // Somebody was asked to look; false after a disputed rejection, until the county asks.
  bool check_asked = true;
};

// The same with the guards of T3 to T5: an outside lead is filed only on the result *exists*
// (FILING_CONDITION_UNMET); a checked signal is rejected only when *absent* or *unable* by two people, asked
// again only after *unable*, and answered only once per assignment (ILLEGAL_TRANSITION).
absl::StatusOr<SignalState> NextSignal(const SignalFacts& signal, Action action);

// Staff-found and assigned (交办) signals need no on-site check; all others must pass one.
bool NeedsOnsiteCheck(Channel channel);

// The action a result means: pass -> PASS, fail -> REWORK, unable -> UNABLE, and so on. kUnspecified for no
// result.
Action ActionOf(CheckResult result);
Action ActionOf(RecheckResult result);

// Work is open from FILED until CLOSED; a closed case that is being watched is not open.
bool IsOpen(CaseState state);
bool IsOpen(SignalState state);

// From the second return on, and from the second *unable* on, the county's campaign office or one above
// decides (T8, T16).
bool NeedsCounty(int return_count, int unable_count);

// The names of the proto's values: "HANDLING", "SUBMIT_FEEDBACK", "SHUT_DOWN".
std::string_view NameOf(SignalState state);
std::string_view NameOf(CaseState state);
std::string_view NameOf(Action action);
std::string_view NameOf(Channel channel);
std::string_view NameOf(Disposition disposition);
std::optional<Disposition> ParseDisposition(std::string_view name);
// What users see: "处置", "反馈".
std::string_view ZhOf(SignalState state);
std::string_view ZhOf(CaseState state);
std::string_view ZhOf(Action action);
std::string_view ZhOf(Channel channel);
std::string_view ZhOf(Disposition disposition);

}  // namespace gridwarden::domain
