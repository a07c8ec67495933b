#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "base/id.h"
#include "domain/ground/ground.h"
#include "domain/policy/policy.h"
#include "domain/workflow/case_workflow.h"

// The rules of applications: who has to agree to what (T10, T11, T18, T19), and how far one may go.
namespace gridwarden::domain {

// The numbers are those of the proto.
enum class ApplicationKind : uint8_t {
  kUnspecified,
  kPostponement,
  kSuspension,
  kForcedClosing,
  kVoiding,
  kDispatchOutsideList
};
std::string_view NameOf(ApplicationKind kind);  // also the name of its list of reasons
std::string_view ZhOf(ApplicationKind kind);

// What the last agreement does.
Action ActOf(ApplicationKind kind);
// Whether an application of the kind can wait while the case is in this state.
bool Admits(CaseState state, ApplicationKind kind);

enum class Seat : uint8_t {
  kShiftLeader,   // 值班长: a campaign office at the township or above
  kDispatchHead,  // 派遣负责人: a campaign office
  kCentreLeader,  // 中心负责人: the county's campaign office or grid leader
  kCountyCentre,  // 县级攻坚办: the county's campaign office or one above
  kCountyLeader,  // 县级领导: the county's grid leader, or first grid leader
  kOtherUnit  // 另一单位: a campaign office of another division, the county's or one above the applicant's
};
std::string_view NameOf(Seat seat);
std::string_view ZhOf(Seat seat);
std::optional<Seat> ParseSeat(std::string_view name);

// A postponement goes up a level when the case has been postponed before, or when it is asked for because of
// engineering works.
bool NeedsForm(int postponed_before, std::string_view reason_code);
// Who has to agree, in order.
std::vector<Seat> SeatsOf(ApplicationKind kind, int postponed_before, std::string_view reason_code);

// A post that somebody holds and that answers for the case's division.
struct Desk {
  Uuid post, division;
  PostKind kind = PostKind::kUnspecified;
  Level level = Level::kUnspecified;
};
bool Fits(Seat seat, const Desk& desk, const Desk& applicant);

struct Taken {
  Seat seat;
  Uuid person;
};
struct Sitting {
  Seat seat;
  Desk desk;
};
// The seat that a person with these desks takes: of the open ones that fit, the last, because that is the
// highest. NOT_ALLOWED when none of the desks fits any seat; ANOTHER_PERSON_NEEDED for the applicant, for
// whoever has a seat already, and when only seats that others have taken would fit.
absl::StatusOr<Sitting> TakeSeat(std::span<const Seat> seats, std::span<const Taken> taken,
                                 const Uuid& applicant_person, const Desk& applicant_desk, const Uuid& person,
                                 std::span<const Desk> desks);
// Whether every seat is taken.
bool IsFull(std::span<const Seat> seats, std::span<const Taken> taken);

// INVALID_FIELD `extend` unless it is a positive amount counted as the type counts its handling;
// POSTPONEMENT_NOT_ALLOWED, POSTPONEMENT_TOO_LONG with what `used` of the cap is gone.
absl::Status CheckPostponement(const CaseType& type, const Limit& asked, absl::Duration used);

// "3 个工作日", "36 工时", "48 小时".
std::string ZhOf(const Limit& limit);

// Whether `count` of `cases` (this one included) keeps a ratio in percent that only binds from `from` cases
// on.
bool WithinRatio(int64_t count, int64_t cases, int ratio_max, int from);

}  // namespace gridwarden::domain
