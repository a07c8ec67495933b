#include "sync/change_fold.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "domain/workflow/case_workflow.h"
#include "domain/workflow/closing.h"
#include "gridwarden/casework/v1/case_event.pb.h"
#include "gridwarden/patrol/v1/patrol_event.pb.h"
#include "gridwarden/source/v1/source_event.pb.h"
#include "sync/waiting_posts.h"

namespace gridwarden::sync {
namespace {

using casework::v1::Case;
using casework::v1::Signal;
using patrol::v1::PatrolTask;

constexpr size_t kIdBytes = 16;

absl::Status Unreadable(const journal::FeedEntry& entry, std::string_view why) {
  return Internal(absl::StrCat("entry ", entry.index, " cannot be folded: ", std::string(why)));
}

absl::Status NotKnownYet(std::string_view what) {
  return Unavailable("DATABASE_UNAVAILABLE", absl::StrCat(std::string(what), " is not known yet"),
                     absl::Seconds(1));
}

Uuid IdOf(std::string_view collection, const std::string& name) {
  return ParseResourceName(collection, name).value_or(Uuid());
}

Uuid ActorPost(const journal::FeedEntry& entry) {
  return Uuid::FromBytes(entry.entry.actor().post()).value_or(Uuid());
}

void Add(const Uuid& id, std::vector<Uuid>& ids) {
  if (!id.IsNil() && std::find(ids.begin(), ids.end(), id) == ids.end()) ids.push_back(id);
}

Uuid HandlerOf(const std::string& name) { return IdOf(name.starts_with("units/") ? "units" : "posts", name); }

// A closed case is followed as long as rechecks are to come.
bool IsFollowed(Case::State state) {
  return domain::IsOpen(static_cast<domain::CaseState>(state)) || state == Case::MONITORING;
}

// It waits for a decision of whoever filed it.
bool WaitsForItsOffice(Case::State state) {
  return state == Case::FILED || state == Case::RETURNED || state == Case::FEEDBACK;
}

void TakeCase(const domain::Ground& ground, const domain::Policy& policy, const journal::FeedEntry& entry,
              const casework::v1::CaseEvent& event, Change& change) {
  const Case& after = event.after();
  change.record.division = IdOf("divisions", after.division());
  change.record.ground_path = event.ground_path();
  change.record.open = IsFollowed(after.state());
  if (event.action() == casework::v1::FILE) change.record.filing_post = ActorPost(entry);
  Add(HandlerOf(after.handler()), change.holders);
  for (const std::string& unit : after.cooperators()) Add(HandlerOf(unit), change.holders);
  Add(IdOf("posts", after.check_post()), change.holders);
  if (after.state() == Case::SUSPENDED) Add(IdOf("posts", after.suspension().post()), change.holders);
  if (WaitsForItsOffice(after.state())) Add(change.record.filing_post, change.holders);
  if (after.state() == Case::SIGN_OFF) {
    for (const Uuid& post : SigningPosts(ground, policy, after, change.record.filing_post, entry.received()))
      Add(post, change.holders);
  }
}

void TakeSignal(const journal::FeedEntry& entry, const casework::v1::SignalEvent& event, Change& change) {
  const Signal& after = event.after();
  change.record.division = IdOf("divisions", after.division());
  change.record.ground_path = event.ground_path();
  change.record.open = domain::IsOpen(static_cast<domain::SignalState>(after.state()));
  // Whoever found it follows it.
  if (event.action() == casework::v1::SUBMIT) change.record.filing_post = ActorPost(entry);
  Add(change.record.filing_post, change.holders);
  Add(IdOf("posts", after.onsite_check().post()), change.holders);
}

void TakeTask(const patrol::v1::PatrolTaskEvent& event, Change& change) {
  const PatrolTask& after = event.after();
  change.record.division = IdOf("divisions", after.division());
  // A late visit to a missed one is still taken, but nobody waits for it.
  change.record.open = after.state() == PatrolTask::PLANNED || after.state() == PatrolTask::ISSUED ||
                       after.state() == PatrolTask::STARTED;
  Add(IdOf("posts", after.post()), change.holders);
}

void TakeSource(const source::v1::SourceEvent& event, Change& change) {
  change.record.division = IdOf("divisions", event.after().division());
  change.record.open = event.after().state() == source::v1::Source::ACTIVE ||
                       event.after().state() == source::v1::Source::STOPPED;
}

// Where it stands, when the entry does not say: as long as the division stays the same, where it stood first.
absl::Status Place(const domain::Ground& ground, const journal::FeedEntry& entry,
                   const std::optional<ChangedRecord>& before, ChangedRecord& record) {
  if (record.division.IsNil()) return Unreadable(entry, "no division");
  if (!record.ground_path.empty()) {
    if (record.ground_path.size() % kIdBytes != 0) return Unreadable(entry, "a path that is none");
    return absl::OkStatus();
  }
  if (before && before->division == record.division) {
    record.ground_path = before->ground_path;
    return absl::OkStatus();
  }
  record.ground_path = ground.PathKeyNear(record.division, entry.received(), entry.received());
  if (record.ground_path.empty()) return NotKnownYet(ResourceName("divisions", record.division));
  return absl::OkStatus();
}

}  // namespace

std::vector<std::string> KindsOfChanges() {
  return {"case.transition", "signal.transition", "patrol_task", "source"};
}

absl::StatusOr<std::optional<Change>> ReadChange(const domain::Ground& ground, const domain::Policy& policy,
                                                 const journal::FeedEntry& entry,
                                                 const std::optional<ChangedRecord>& before) {
  Change change;
  ChangedRecord& record = change.record;
  if (before) record.filing_post = before->filing_post;
  const std::string& kind = entry.entry.kind();
  if (kind == "case.transition") {
    casework::v1::CaseEvent event;
    if (!entry.ReadEvent(&event)) return Unreadable(entry, "not a CaseEvent");
    record.kind = v1::Record::CASE;
    TakeCase(ground, policy, entry, event, change);
  } else if (kind == "signal.transition") {
    casework::v1::SignalEvent event;
    if (!entry.ReadEvent(&event)) return Unreadable(entry, "not a SignalEvent");
    record.kind = v1::Record::SIGNAL;
    TakeSignal(entry, event, change);
  } else if (kind == "patrol_task") {
    patrol::v1::PatrolTaskEvent event;
    if (!entry.ReadEvent(&event)) return Unreadable(entry, "not a PatrolTaskEvent");
    record.kind = v1::Record::PATROL_TASK;
    TakeTask(event, change);
  } else if (kind == "source") {
    source::v1::SourceEvent event;
    if (!entry.ReadEvent(&event)) return Unreadable(entry, "not a SourceEvent");
    record.kind = v1::Record::SOURCE;
    TakeSource(event, change);
  } else {
    return std::nullopt;
  }
  record.id = entry.subject();
  if (record.id.IsNil()) return Unreadable(entry, "no subject");
  record.revision = static_cast<int64_t>(entry.entry.subject_seq());
  record.index = entry.index;
  GW_RETURN_IF_ERROR(Place(ground, entry, before, record));
  if (!record.open)
    record.closed_us = before && before->closed_us ? *before->closed_us : entry.entry.received_us();
  return change;
}

absl::StatusOr<Uuid> AreaOf(const domain::Ground& ground, std::string_view ground_path) {
  Uuid area;
  for (size_t at = 0; at + kIdBytes <= ground_path.size(); at += kIdBytes) {
    const Uuid id = *Uuid::FromBytes(ground_path.substr(at, kIdBytes));
    const domain::Division* division = ground.FindDivision(id);
    if (division == nullptr) return NotKnownYet(ResourceName("divisions", id));
    if (division->level <= domain::Level::kTownship || area.IsNil()) area = id;
  }
  return area;
}

absl::StatusOr<RecordWithInterests> Succeed(const domain::Ground& ground,
                                            std::optional<RecordWithInterests> before, Change change) {
  RecordWithInterests after{.record = std::move(change.record)};
  if (before) after.interests = std::move(before->interests);
  const ChangedRecord& record = after.record;

  struct Wanted {
    Uuid holder;
    bool is_ground;
  };
  GW_ASSIGN_OR_RETURN(const Uuid area, AreaOf(ground, record.ground_path));
  std::vector<Wanted> wanted{{area, true}};
  for (const Uuid& holder : change.holders) wanted.push_back({holder, false});

  const auto is_wanted = [&](const Interest& one) {
    return one.ground_path == record.ground_path &&
           std::any_of(wanted.begin(), wanted.end(), [&](const Wanted& want) {
             return want.holder == one.holder && want.is_ground == one.is_ground;
           });
  };
  for (Interest& one : after.interests) {
    if (one.to || is_wanted(one)) continue;
    one.to = one.last = record.index;
  }
  for (const Wanted& want : wanted) {
    const auto known = std::find_if(after.interests.begin(), after.interests.end(), [&](const Interest& one) {
      return one.holder == want.holder && one.ground_path == record.ground_path;
    });
    if (known == after.interests.end()) {
      after.interests.push_back({.holder = want.holder,
                                 .ground_path = record.ground_path,
                                 .is_ground = want.is_ground,
                                 .from = record.index,
                                 .last = record.index});
      continue;
    }
    if (known->to) known->from = record.index;  // back again
    known->to.reset();
    known->last = record.index;
  }
  return after;
}

absl::Status FoldChange(const domain::Ground& ground, const domain::Policy& policy, db::Transaction& tx,
                        const journal::FeedEntry& entry) {
  GW_ASSIGN_OR_RETURN(std::optional<RecordWithInterests> before, ReadRecord(tx, entry.subject()));
  if (before && entry.index <= before->record.index) return absl::OkStatus();
  const std::optional<ChangedRecord> last = before ? std::optional(before->record) : std::nullopt;
  GW_ASSIGN_OR_RETURN(std::optional<Change> change, ReadChange(ground, policy, entry, last));
  if (!change) return absl::OkStatus();
  GW_ASSIGN_OR_RETURN(const RecordWithInterests after,
                      Succeed(ground, std::move(before), *std::move(change)));
  return SaveRecord(tx, after);
}

}  // namespace gridwarden::sync
