#include "access/standing.h"
#include "base/status.h"
#include "casework/casework.h"
#include "casework/conflict_rules.h"
#include "casework/proof.h"
#include "casework/timestamps.h"
#include "platform/rpc/mutate.h"

namespace gridwarden::casework {
namespace {

// persons/, units/ or sources/; the ground knows the first two.
absl::Status ReadCounterpart(const domain::Ground& ground, std::string_view name, ConflictFile& conflict) {
  constexpr std::string_view kField = "counterpart";
  if (name.starts_with("persons/")) {
    GW_ASSIGN_OR_RETURN(conflict.counterpart, ParseResourceName("persons", name, kField));
    conflict.kind = CounterpartKind::kPerson;
    if (ground.FindPerson(conflict.counterpart) == nullptr)
      return InvalidField(kField, "got an unknown person, want one of the ground");
  } else if (name.starts_with("units/")) {
    GW_ASSIGN_OR_RETURN(conflict.counterpart, ParseResourceName("units", name, kField));
    conflict.kind = CounterpartKind::kUnit;
    if (ground.FindUnit(conflict.counterpart) == nullptr)
      return InvalidField(kField, "got an unknown unit, want one of the ground");
  } else {
    GW_ASSIGN_OR_RETURN(conflict.counterpart, ParseResourceName("sources", name, kField));
    conflict.kind = CounterpartKind::kSource;
  }
  if (conflict.counterpart.IsNil())
    return InvalidField(kField, "got nobody, want a person, a unit or a source");
  if (conflict.counterpart == conflict.person)
    return InvalidField(kField, "got the person himself, want somebody else");
  return absl::OkStatus();
}

// Himself in any post; another in whose scope one of that person's posts stands.
absl::StatusOr<access::Acting> AllowAbout(const domain::Ground& ground, const rpc::Call& call,
                                          const Uuid& person) {
  const std::vector<domain::Holding> holdings = ground.HoldingsOf(person, call.now, absl::InfiniteFuture());
  for (const domain::Holding& holding : holdings) {
    const Uuid division = ground.DivisionOf(*holding.post);
    if (person == call.principal.person)
      return access::Acting{holding.post->id, holding.tenure->id, holding.post->kind, division};
    absl::StatusOr<access::Acting> office = AllowOffice(ground, call, division);
    if (!office.ok()) continue;
    office->division = division;  // where the person stands
    return office;
  }
  return NotAllowed("neither about oneself nor about somebody in scope");
}

}  // namespace

absl::StatusOr<v1::Conflict> DeclareConflict(const Casework& casework, const rpc::Call& call,
                                             const v1::DeclareConflictRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = casework.directory.ground();
  GW_ASSIGN_OR_RETURN(Uuid person, ParseResourceName("persons", request.person(), "person"));
  if (person.IsNil()) person = call.principal.person;
  GW_RETURN_IF_ERROR(CheckText("reason", request.reason(), true));
  GW_ASSIGN_OR_RETURN(const access::Acting acting, AllowAbout(*ground, call, person));
  ConflictFile declared{.person = person,
                        .reason = request.reason(),
                        .declarer = call.principal.person,
                        .declarer_post = acting.post,
                        .declared = call.now,
                        .division = acting.division};
  GW_RETURN_IF_ERROR(ReadCounterpart(*ground, request.counterpart(), declared));
  if (request.has_valid_until_time()) {
    declared.valid_until = FromTimestamp(request.valid_until_time());
    if (*declared.valid_until <= call.now)
      return InvalidField("valid_until_time", "got a time that has passed");
  }
  GW_ASSIGN_OR_RETURN(const access::Standing standing,
                      access::StandingOf(*ground, acting.division, call.now));
  declared.ground_path = standing.ground_path;
  return rpc::Mutate<v1::Conflict>(
      casework.database, call, request, [&](db::Transaction& tx) -> absl::StatusOr<v1::Conflict> {
        ConflictFile conflict = declared;
        conflict.id = Uuid::Make(call.now);
        return RecordConflict(tx, call, *casework.policy, conflict, v1::ConflictEvent::DECLARE, acting,
                              request.request_id());
      });
}

}  // namespace gridwarden::casework
