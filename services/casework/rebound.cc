#include "casework/rebound.h"

#include "access/standing.h"
#include "casework/place.h"

namespace gridwarden::casework {

Place PlaceAgain(const domain::Ground& ground, const Place& old, const Uuid& acting_division,
                 absl::Time event_time) {
  const domain::Division* was = ground.FindDivision(old.division);
  if (was == nullptr) return old;
  const domain::Division* held = &access::LikeliestAt(ground, *was, event_time);
  std::vector<const domain::Division*> here;
  for (const domain::Ground::Heir& heir : ground.HoldersOf(was->id, event_time, absl::InfiniteFuture())) {
    if (ground.AnswersFor(acting_division, heir.division->id, event_time)) here.push_back(heir.division);
  }
  if (here.size() == 1) held = here.front();
  return PlaceAt(ground, held->id, old.position, event_time);
}

CaseFile RecurrenceOf(const CaseFile& old, const Uuid& id, absl::Time event_time, const Place& place,
                      const Proof& proof) {
  CaseFile file;
  file.id = id;
  file.chain = old.chain;
  file.rebound_of = old.id;
  file.category = old.category;
  file.place = place;
  if (proof.position) file.place.position = proof.position;
  file.source = old.source;
  file.description = old.description;
  file.event_time = event_time;
  file.filing_division = old.filing_division;
  file.filing_path = old.filing_path;
  file.disposition = old.disposition;
  return file;
}

}  // namespace gridwarden::casework
