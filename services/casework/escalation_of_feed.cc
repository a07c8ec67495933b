#include <algorithm>

#include "access/standing.h"
#include "base/status.h"
#include "casework/escalation_subject.h"
#include "casework/rules.h"
#include "casework/rung.h"
#include "casework/supervision.h"
#include "casework/supervision_service.h"
#include "casework/timestamps.h"
#include "domain/clock/stage_clock.h"
#include "domain/policy/escalation_rules.h"
#include "gridwarden/casework/v1/case_event.pb.h"

namespace gridwarden::casework {
namespace {

constexpr std::string_view kCountOverdue = R"(
  SELECT COUNT(*) FROM (
    SELECT 1 FROM case_file FORCE INDEX (case_ground)
    WHERE state IN (1, 2, 3, 4, 6, 7, 8) AND ground_path >= ? AND ground_path < ? AND due_us <= ? LIMIT ?) overdue)";

// Fires once what no clock counts; it is due the moment it happened.
absl::Status FireOnce(const Casework& casework, const rpc::Call& call, db::Transaction& tx, TimerKey key,
                      v1::Rung::Level level, absl::Time at, int count, EscalationFacts facts) {
  GW_ASSIGN_OR_RETURN(const bool fired, HasFired(tx, key, 0));
  if (fired) return absl::OkStatus();
  const OwedRung owed{.key = std::move(key),
                      .level = level,
                      .start = at,
                      .due = at,
                      .at = at,
                      .fire = call.now,
                      .count = count,
                      .facts = std::move(facts)};
  return FireRungs(tx, call, *casework.directory.ground(), *casework.policy, {owed});
}

absl::Status FireForCase(const Casework& casework, const rpc::Call& call, db::Transaction& tx,
                         const Uuid& case_id, std::string_view what, int cycle, v1::Rung::Level level,
                         absl::Time at, int count) {
  GW_ASSIGN_OR_RETURN(std::optional<EscalationFacts> facts, ReadCaseFacts(tx, case_id));
  if (!facts || facts->over) return absl::OkStatus();  // history that is only read now escalates nothing
  return FireOnce(casework, call, tx, {case_id, std::string(what), cycle}, level, at, count,
                  *std::move(facts));
}

// Weeks since the Monday of the week of 1970-01-01, in China: a township is escalated once in each.
int WeekOf(absl::Time time) {
  const absl::CivilDay monday(1969, 12, 29);
  return static_cast<int>((absl::ToCivilDay(time, domain::CalendarZone()) - monday) / 7);
}

absl::Status CountTownship(const Casework& casework, const rpc::Call& call, db::Transaction& tx,
                           const Uuid& division) {
  const std::shared_ptr<const domain::Ground> ground = casework.directory.ground();
  const int enough = casework.policy->escalation->overdue_in_township;
  const domain::Division* township = nullptr;
  for (const domain::Division* level : ground->AncestorsAt(division, call.now, absl::InfiniteFuture())) {
    if (level->level == domain::Level::kTownship) township = level;
  }
  if (township == nullptr || enough <= 0) return absl::OkStatus();
  const std::string path = ground->PathKeyAt(township->id, call.now, absl::InfiniteFuture());
  TimerKey key{township->id, "OVERDUE", WeekOf(call.now)};
  GW_ASSIGN_OR_RETURN(const bool fired, HasFired(tx, key, 0));
  if (fired) return absl::OkStatus();
  GW_ASSIGN_OR_RETURN(const auto count, tx.QueryOne(
                                            kCountOverdue, [](const db::Row& row) { return row.Int(0); },
                                            path, access::EndOfSubtree(path), call.now, enough));
  if (count.value_or(0) < enough) return absl::OkStatus();
  EscalationFacts facts{
      .name = ResourceName("divisions", township->id), .ground_path = path, .division = township->id};
  return FireOnce(casework, call, tx, std::move(key), v1::Rung::R4, call.now, static_cast<int>(*count),
                  std::move(facts));
}

}  // namespace

absl::Status EscalateOnStep(const Casework& casework, const rpc::Call& call, db::Transaction& tx,
                            const journal::FeedEntry& entry) {
  v1::CaseEvent event;
  if (casework.policy->escalation == nullptr || !entry.ReadEvent(&event)) return absl::OkStatus();
  const domain::EscalationRules& rules = *casework.policy->escalation;
  const v1::Case& after = event.after();
  if (event.action() == v1::REWORK && after.rework_count() >= rules.rework_press) {
    const bool county = after.rework_count() >= rules.rework_county;
    return FireForCase(casework, call, tx, entry.subject(), "REWORK", after.rework_count(),
                       county ? v1::Rung::R4 : v1::Rung::R3, EntryTime(entry), after.rework_count());
  }
  if (after.state() != v1::Case::REBOUNDED || !after.has_close_time()) return absl::OkStatus();
  const absl::Time closed =
      FromTimestamp(after.has_reclose_time() ? after.reclose_time() : after.close_time());
  if (EntryTime(entry) - closed > rules.rebound_within) return absl::OkStatus();
  // The new case carries it: that is the one somebody works at.
  GW_ASSIGN_OR_RETURN(Uuid subject, ParseResourceName("cases", after.rebounded_into(), "rebounded_into"));
  if (subject.IsNil()) subject = entry.subject();
  return FireForCase(casework, call, tx, subject, "REBOUND", 0, v1::Rung::R4, EntryTime(entry), 1);
}

absl::Status ActOnRung(const Casework& casework, const rpc::Call& call, db::Transaction& tx,
                       const journal::FeedEntry& entry) {
  v1::RungEvent event;
  if (casework.policy->escalation == nullptr || !entry.ReadEvent(&event)) return absl::OkStatus();
  const v1::Rung& rung = event.rung();
  if (rung.clock_ended() || !rung.subject().starts_with("cases/")) return absl::OkStatus();
  GW_ASSIGN_OR_RETURN(const Uuid subject, ParseResourceName("cases", rung.subject(), "subject"));
  if (rung.level() == v1::Rung::R3 || rung.level() == v1::Rung::R4) {
    const std::vector<std::string>& clocks = OrderRulesOf(*casework.policy).proposed_by;
    if (std::find(clocks.begin(), clocks.end(), rung.clock()) == clocks.end()) return absl::OkStatus();
    return ProposeOrder(
        casework, call, tx, subject,
        rung.level() == v1::Rung::R3 ? v1::SupervisionOrder::PRESS : v1::SupervisionOrder::COUNTY_LIMIT,
        rung.name());
  }
  if (rung.level() != v1::Rung::R2) return absl::OkStatus();
  GW_ASSIGN_OR_RETURN(const Uuid division, ParseResourceName("divisions", rung.division(), "division"));
  return CountTownship(casework, call, tx, division);
}

}  // namespace gridwarden::casework
