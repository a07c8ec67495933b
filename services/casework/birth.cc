#include "casework/birth.h"

#include "absl/time/civil_time.h"
#include "base/status.h"
#include "casework/case_repository.h"
#include "casework/place.h"
#include "domain/clock/stage_clock.h"

namespace gridwarden::casework {

absl::StatusOr<v1::Case> Bear(db::Transaction& tx, const rpc::Call& call, const domain::Policy& policy,
                              const domain::Ground& ground, CaseFile& file, const Step& cause) {
  Step step = cause;
  step.action = v1::FILE;
  step.ended_clock.clear();
  step.ended_late = false;
  file.state = v1::Case::STATE_UNSPECIFIED;
  file.file_time = call.now;
  file.held = v1::Case::HELD_UNSPECIFIED;
  file.rule_version = policy.version;
  file.total_due_time = domain::TotalDue(file.event_time, policy.TypeOf(file.category), policy.calendar);
  GW_RETURN_IF_ERROR(Advance(policy, file, step));

  // Last, because the number's row is held until the commit.
  const int year = static_cast<int>(absl::ToCivilYear(call.now, domain::CalendarZone()).year());
  GW_ASSIGN_OR_RETURN(file.case_no,
                      TakeCaseNumber(tx, CountyCode(ground, file.place.division, call.now), year));
  return Record(tx, call, policy, file, step);
}

}  // namespace gridwarden::casework
