#include "casework/rung.h"

#include "base/status.h"
#include "casework/timestamps.h"
#include "casework/vacancy.h"
#include "domain/policy/escalation_rules.h"
#include "platform/journal/stage_all.h"

namespace gridwarden::casework {
namespace {

v1::Rung RungOf(const OwedRung& owed) {
  v1::Rung rung;
  rung.set_name(ResourceName("rungs", RungId(owed.key, owed.percent)));
  rung.set_subject(owed.facts.name);
  rung.set_clock(owed.key.clock);
  rung.set_cycle(owed.key.cycle);
  rung.set_percent(owed.percent);
  rung.set_level(owed.level);
  *rung.mutable_start_time() = ToTimestamp(owed.start);
  *rung.mutable_due_time() = ToTimestamp(owed.due);
  *rung.mutable_rung_time() = ToTimestamp(owed.at);
  *rung.mutable_fire_time() = ToTimestamp(owed.fire);
  rung.set_clock_ended(owed.clock_ended);
  rung.set_division(ResourceName("divisions", owed.facts.division));
  rung.set_category(owed.facts.category);
  rung.set_case_no(owed.facts.case_no);
  rung.set_count(owed.count);
  return rung;
}

// Whoever is told is told now: the posts' holders today, not those of the day the clock began.
domain::Resolved Tell(const domain::Ground& ground, const domain::Policy& policy, const OwedRung& owed,
                      v1::Rung& rung) {
  const auto level = policy.escalation->recipients.find(static_cast<domain::EscalationLevel>(owed.level));
  if (level == policy.escalation->recipients.end()) return {};
  domain::Resolved resolved = domain::ResolveRecipients(
      ground, SubjectOf(ground, policy, owed.facts, owed.key.clock), level->second, owed.fire);
  for (const domain::Told& told : resolved.told) {
    v1::Rung::Recipient& recipient = *rung.add_recipients();
    recipient.set_post(ResourceName("posts", told.post));
    recipient.set_person(ResourceName("persons", told.person));
    recipient.set_instead_of(
        ResourceName(ground.FindUnit(told.instead_of) == nullptr ? "posts" : "units", told.instead_of));
  }
  for (const Uuid& post : resolved.vacant) rung.add_vacant_posts(ResourceName("posts", post));
  for (const domain::Level skipped : resolved.skipped)
    rung.add_skipped_levels(std::string(domain::NameOf(skipped)));
  return resolved;
}

}  // namespace

absl::Status FireRungs(db::Transaction& tx, const rpc::Call& call, const domain::Ground& ground,
                       const domain::Policy& policy, const std::vector<OwedRung>& owed) {
  if (owed.empty()) return absl::OkStatus();
  std::vector<RungRow> rows;
  std::vector<journal::Sealed> entries;
  std::vector<VacantPost> vacancies;
  rpc::Call then = call;
  for (const OwedRung& one : owed) {
    RungRow row{.key = one.key,
                .percent = one.percent,
                .id = RungId(one.key, one.percent),
                .level = one.level,
                .due = one.at,
                .fire = one.fire,
                .ground_path = one.facts.ground_path};
    *row.event.mutable_rung() = RungOf(one);
    row.event.set_ground_path(one.facts.ground_path);
    for (const Uuid& post : Tell(ground, policy, one, *row.event.mutable_rung()).vacant)
      vacancies.push_back({post, row.id, one.facts.name, one.fire});
    then.now = one.fire;
    GW_ASSIGN_OR_RETURN(journal::Sealed sealed, journal::Seal(then, {.kind = "rung",
                                                                     .before = {.id = row.id},
                                                                     .event = &row.event,
                                                                     .rule_version = policy.version}));
    row.entry_id = sealed.entry_id;
    entries.push_back(std::move(sealed));
    rows.push_back(std::move(row));
  }
  GW_RETURN_IF_ERROR(InsertRungs(tx, rows));
  GW_RETURN_IF_ERROR(NoteVacancies(tx, call, ground, policy, std::move(vacancies), entries));
  return journal::StageAll(tx, entries);
}

void TakeOwed(Timer& timer, absl::Time now, bool at_its_time, const EscalationFacts& facts,
              std::vector<OwedRung>& owed) {
  timer.next.reset();
  for (const v1::TimerPlan::Step& step : timer.plan.steps()) {
    if (step.percent() <= timer.fired) continue;
    const absl::Time at = absl::FromUnixMicros(step.time_us());
    if (timer.end && at > *timer.end) return;
    if (at > now) {
      timer.next = at;
      return;
    }
    owed.push_back({.key = timer.key,
                    .percent = step.percent(),
                    .level = step.level(),
                    .start = timer.start,
                    .due = timer.due,
                    .at = at,
                    .fire = at_its_time ? at : now,
                    .clock_ended = timer.end.has_value(),
                    .facts = facts});
    timer.fired = step.percent();
  }
}

}  // namespace gridwarden::casework
