#include <algorithm>

#include "base/status.h"
#include "casework/case_repository.h"
#include "casework/casework.h"
#include "casework/closing.h"
#include "casework/place.h"
#include "casework/rules.h"
#include "casework/step.h"
#include "domain/workflow/closing.h"
#include "domain/workflow/separation.h"
#include "platform/rpc/mutate.h"

namespace gridwarden::casework {
namespace {

// The unit of a seat; nil for the county's seats.
absl::StatusOr<Uuid> UnitOf(std::string_view seat) {
  if (seat == domain::kCountyLeader || seat == domain::kCountyCentre) return Uuid();
  return ParseResourceName("units", seat, "seat");
}

// The holder of the seat.
absl::StatusOr<access::Acting> AllowSeat(const domain::Ground& ground, const rpc::Call& call,
                                         const CaseFile& file, std::string_view seat, const Uuid& unit) {
  const Uuid county = CountyOf(ground, file.place.division, call.now);
  if (seat == domain::kCountyLeader) return AllowAs(ground, call, county, access::kGridLeaders);
  if (seat == domain::kCountyCentre) return AllowAs(ground, call, county, access::kDispatchers);
  const absl::StatusOr<access::Acting> of_unit = access::AllowAssigned(ground, call, unit);
  if (!of_unit.ok()) return NotAllowed("the caller may not do this here");
  return of_unit;
}

// One signature a seat, and one seat a person.
absl::Status CheckSeat(const domain::Ground& ground, const CaseFile& file,
                       const std::vector<std::string>& seats, const v1::Consent& mine) {
  if (std::find(seats.begin(), seats.end(), mine.seat()) == seats.end())
    return InvalidField("seat", "got a seat that this case's joint review has not, want one of its own");
  for (const v1::Consent& one : file.details.signatures()) {
    if (one.seat() == mine.seat() && one.agrees())
      return FailedPrecondition("ALREADY_DECIDED", "the seat has agreed");
    if (one.seat() != mine.seat() && one.person() == mine.person()) {
      return FailedPrecondition("ANOTHER_PERSON_NEEDED", "the person has another seat of this review",
                                {{"seat", SeatName(ground, mine.seat())}, {"seat_name", mine.seat()}});
    }
  }
  return absl::OkStatus();
}

// A seat that disagreed before may agree now; what it said then stands in the history.
void Put(const v1::Consent& consent, CaseFile& file) {
  for (v1::Consent& one : *file.details.mutable_signatures()) {
    if (one.seat() != consent.seat()) continue;
    one = consent;
    return;
  }
  *file.details.add_signatures() = consent;
}

}  // namespace

absl::StatusOr<v1::Case> CosignCase(const Casework& casework, const rpc::Call& call,
                                    const v1::CosignCaseRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = casework.directory.ground();
  GW_RETURN_IF_ERROR(CheckText("reason", request.reason(), !request.agrees()));
  GW_ASSIGN_OR_RETURN(const Uuid unit, UnitOf(request.seat()));
  return rpc::Mutate<v1::Case>(
      casework.database, call, request, [&](db::Transaction& tx) -> absl::StatusOr<v1::Case> {
        GW_ASSIGN_OR_RETURN(CaseFile file, LockCase(tx, request.name()));
        GW_ASSIGN_OR_RETURN(const access::Acting acting,
                            AllowSeat(*ground, call, file, request.seat(), unit));
        GW_RETURN_IF_ERROR(CheckEtag(request.etag(), file.subject.seq, request.name()));
        const std::vector<std::string> seats = SeatsOf(TypeOf(*casework.policy, *ground, file), file);

        Step step{.action = v1::COSIGN,
                  .acting = acting,
                  .event_time = call.now,
                  .received = call.now,
                  .request_id = request.request_id(),
                  .reason = request.reason()};
        GW_RETURN_IF_ERROR(Advance(*casework.policy, file, step));
        const v1::Consent consent =
            ConsentOf(request.seat(), call, acting, request.agrees(), request.reason());
        GW_RETURN_IF_ERROR(CheckSeat(*ground, file, seats, consent));
        GW_RETURN_IF_ERROR(TakeDuty(tx, file, call.principal.person, domain::Duty::kSigner, call.now));
        Put(consent, file);
        return Record(tx, call, *casework.policy, file, step);
      });
}

}  // namespace gridwarden::casework
