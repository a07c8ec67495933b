#include "report/fold_feed.h"

#include <map>

#include "absl/strings/str_cat.h"
#include "gridwarden/casework/v1/case_event.pb.h"

namespace gridwarden::report {
namespace {

using domain::Fact;

std::optional<int64_t> Micros(bool is_set, const google::protobuf::Timestamp& time) {
  if (!is_set) return std::nullopt;
  return time.seconds() * 1000000 + time.nanos() / 1000;
}

absl::Status Unreadable(uint64_t index, std::string_view why) {
  return Internal(absl::StrCat("entry ", index, " cannot be counted: ", std::string(why)));
}

absl::Time RecordedTime(const journal::v1::Entry& entry) { return absl::FromUnixMicros(entry.received_us()); }

// The entry says where it counts, whatever has become of the ground since. Entries from before they said so
// count where the division stood at the event, as known when they were made; thus a rebuild at any index
// gives the same numbers.
absl::Status PlaceFact(uint64_t index, std::string_view division, std::string_view ground_path,
                       absl::Time recorded, const domain::Ground& ground, Fact& fact) {
  const absl::StatusOr<Uuid> id = ParseResourceName("divisions", division);
  if (!id.ok() || id->IsNil()) return Unreadable(index, "no division");
  fact.division = *id;
  if (!ground_path.empty()) {
    if (ground_path.size() % 16 != 0 || !ground_path.ends_with(id->Bytes()))
      return Unreadable(index, "a path that does not end at the division");
    fact.path = std::string(ground_path);
    return absl::OkStatus();
  }
  const absl::Time event = fact.event_us ? absl::FromUnixMicros(*fact.event_us) : recorded;
  fact.path = ground.PathKeyNear(*id, event, recorded);
  if (fact.path.empty()) {
    return Unavailable("DATABASE_UNAVAILABLE",
                       absl::StrCat("entry ", index, " stands at a division not known yet"),
                       absl::Seconds(1));
  }
  return absl::OkStatus();
}

void TakeSignal(const casework::v1::SignalEvent& event, FoldStep& step) {
  const auto& after = event.after();
  step.next.kind = domain::FactKind::kSignal;
  step.next.category = after.category();
  step.next.state = after.state();
  step.next.event_us = Micros(after.has_event_time(), after.event_time());
}

void TakeCase(const casework::v1::CaseEvent& event, FoldStep& step) {
  const auto& after = event.after();
  step.next.kind = domain::FactKind::kCase;
  step.next.category = after.category();
  step.next.state = after.state();
  step.next.case_no = after.case_no();
  step.next.event_us = Micros(after.has_event_time(), after.event_time());
  step.next.file_us = Micros(after.has_file_time(), after.file_time());
  step.next.close_us = Micros(after.has_close_time(), after.close_time());
  // A closing by force that was opened again is no closing; a first closing stays one, whatever came later.
  const bool only_forced = after.forced() && !after.has_reclose_time();
  if (only_forced && domain::IsOpen(step.next)) step.next.close_us.reset();
  step.next.due_us = Micros(after.has_due_time(), after.due_time());
  step.next.total_due_us = Micros(after.has_total_due_time(), after.total_due_time());
  step.next.rework = after.rework_count();
  step.next.closed_on_time = after.closed_on_time();
  step.next.held = static_cast<domain::FactHeld>(after.held());
  step.forced_now = event.action() == casework::v1::FORCE_CLOSE && only_forced;
}

// Adds what a fact counts to the changes of its own place.
void Change(const Fact& fact, int64_t n, CounterChanges& changes) {
  const domain::Counts counts = domain::CountsOf(fact);
  for (int i = 0; i < domain::kCounts; ++i) {
    if (counts[i] != 0) changes[{fact.path, fact.category, i}] += n * counts[i];
  }
}

}  // namespace

absl::StatusOr<std::optional<FoldStep>> StepOf(uint64_t index, const journal::v1::Entry& entry,
                                               const domain::Ground& ground) {
  FoldStep step;
  std::string division, ground_path;
  if (entry.kind() == "signal.transition") {
    casework::v1::SignalEvent event;
    if (!event.ParseFromString(entry.event())) return Unreadable(index, "not a SignalEvent");
    division = event.after().division();
    ground_path = event.ground_path();
    TakeSignal(event, step);
  } else if (entry.kind() == "case.transition") {
    casework::v1::CaseEvent event;
    if (!event.ParseFromString(entry.event())) return Unreadable(index, "not a CaseEvent");
    division = event.after().division();
    ground_path = event.ground_path();
    TakeCase(event, step);
  } else {
    return std::nullopt;
  }
  const std::optional<Uuid> subject = Uuid::FromBytes(entry.subject());
  if (!subject || subject->IsNil()) return Unreadable(index, "no subject");
  step.next.subject = *subject;
  step.next.index = index;
  GW_RETURN_IF_ERROR(PlaceFact(index, division, ground_path, RecordedTime(entry), ground, step.next));
  return step;
}

absl::Status FoldSteps(db::Transaction& tx, int64_t generation, uint64_t start, uint64_t next_index,
                       std::span<const FoldStep> steps) {
  GW_ASSIGN_OR_RETURN(const Generation locked, LockGeneration(tx, generation));
  if (locked.next_index != start) return absl::FailedPreconditionError("cursor moved");
  std::map<Uuid, size_t> subjects;
  for (const FoldStep& step : steps) subjects.try_emplace(step.next.subject, subjects.size());
  std::vector<Uuid> ids;
  for (const auto& [id, n] : subjects) ids.push_back(id);
  GW_ASSIGN_OR_RETURN(auto facts, ReadFacts(tx, generation, ids));
  std::vector<Version> versions;
  CounterChanges changes;
  std::map<Uuid, Fact> changed;  // in the order of ids, so that two folders could not deadlock
  for (const FoldStep& step : steps) {
    const auto known = facts.find(step.next.subject);
    const std::optional<Fact> before =
        known == facts.end() ? std::nullopt : std::optional<Fact>(known->second);
    std::optional<Fact> after = domain::Succeed(before, step.next, step.forced_now);
    if (!after) continue;
    if (before) {
      versions.push_back({*before, step.next.index});
      Change(*before, -1, changes);
    }
    Change(*after, 1, changes);
    changed.insert_or_assign(after->subject, *after);
    facts.insert_or_assign(after->subject, *std::move(after));
  }
  std::vector<Fact> rows;
  for (auto& [id, fact] : changed) rows.push_back(std::move(fact));
  GW_RETURN_IF_ERROR(SaveFacts(tx, generation, rows));
  GW_RETURN_IF_ERROR(SaveVersions(tx, generation, versions));
  GW_RETURN_IF_ERROR(AddToCounters(tx, generation, changes));
  return SaveCursor(tx, generation, next_index);
}

}  // namespace gridwarden::report
