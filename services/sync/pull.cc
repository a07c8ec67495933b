#include "sync/pull.h"

#include <algorithm>
#include <span>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_format.h"
#include "base/status.h"
#include "google/protobuf/util/time_util.h"
#include "gridwarden/journal/v1/journal_service.pb.h"
#include "sync/change_repository.h"
#include "sync/device_repository.h"
#include "sync/display_names.h"
#include "sync/numbers.h"
#include "sync/pull_cursor.h"
#include "sync/pull_fetch.h"
#include "sync/pull_page.h"
#include "sync/pull_repository.h"
#include "sync/scope.h"
#include "sync/time_token.h"

namespace gridwarden::sync {
namespace {

// A page ends early rather than being larger: a phone on a slow link must get through with one.
constexpr size_t kPageBytesMax = 2 * 1024 * 1024;
// The row of a device is written at most this often for its pulls.
constexpr absl::Duration kNoteSyncEvery = absl::Minutes(1);

// After this a phone that was refused very much begins again.
constexpr absl::Duration kBeginAgain = absl::Minutes(10);

// What was read in one snapshot.
struct Snapshot {
  v1::ResetReason reset = v1::RESET_REASON_UNSPECIFIED;
  Cursor cursor;
  Changes changes;
  Page page;
  std::vector<Told> again;  // what was withheld before: perhaps it is shown by now
  DigestSum digest;
  absl::Time synced;
};

absl::StatusOr<int> PageSize(const v1::PullRequest& request) {
  if (request.page_size() < 0)
    return InvalidField("page_size", absl::StrFormat("got %d, want >= 0", request.page_size()));
  return request.page_size() == 0 ? kPullPageDefault : std::min(request.page_size(), kPullPageMax);
}

// What was closed until then is not for the phone. While it fetches for the first time that stays as it was
// when it began.
int64_t HorizonOf(const Cursor& cursor, absl::Time now) {
  return cursor.first ? cursor.closed_us : std::max(cursor.closed_us, absl::ToUnixMicros(now - kClosedStay));
}

std::string HexOf(uint64_t sum) { return absl::StrFormat("%016x", sum); }

v1::PullResponse Reset(v1::ResetReason reason) {
  v1::PullResponse response;
  response.set_reset(true);
  response.set_reset_reason(reason);
  response.set_more(true);
  return response;
}

// Why a cursor cannot be gone on from; unspecified when it can.
v1::ResetReason WhyReset(const Cursor& cursor, const Scope& scope, const Changes& changes, absl::Time now) {
  if (cursor.log != changes.log || cursor.next > changes.next_index) return v1::OTHER_LOG;
  if (cursor.made + kCursorLife < now) return v1::CURSOR_OLD;
  if (cursor.scope != scope.hash) return v1::SCOPE_CHANGED;
  // More was withheld than is asked for again one by one: the areas did not know the caller's posts yet,
  // perhaps.
  if (cursor.withheld_many && !cursor.first && cursor.made + kBeginAgain < now) return v1::DRIFT;
  return v1::RESET_REASON_UNSPECIFIED;
}

v1::Tombstone::Reason ReasonOf(const Told& one) {
  if (!one.standing) return one.holders.empty() ? v1::Tombstone::OUT_OF_SCOPE : v1::Tombstone::REASSIGNED;
  return one.of_ground ? v1::Tombstone::OUT_OF_SCOPE : v1::Tombstone::REVOKED;
}

void Bury(v1::Record::Kind kind, const Uuid& id, v1::Tombstone::Reason reason, uint64_t index,
          v1::PullResponse& response) {
  v1::Tombstone& tombstone = *response.add_tombstones();
  tombstone.set_kind(kind);
  tombstone.set_name(NameOf(kind, id));
  tombstone.set_reason(reason);
  tombstone.set_index(index);
}

// A record that the feed says the caller holds, and the areas do not show: the digest does not count it.
void Withhold(const Told& one, Snapshot& snapshot) {
  Cursor& cursor = snapshot.cursor;
  if (!one.open) return;
  if (cursor.withheld.size() == kWithheldMax) {
    cursor.withheld_many = true;
    return;
  }
  cursor.withheld.push_back(one.id);
}

void AddRecord(const Told& one, Fetched fetched, v1::PullResponse& response) {
  v1::Record& record = *response.add_records();
  record.set_kind(one.kind);
  record.set_name(NameOf(one.kind, one.id));
  record.set_revision(one.revision);
  record.set_index(one.index);
  record.set_open(one.open);
  record.set_assigned(one.open && WaitsForAny(fetched.waiting, one.holders));
  record.set_json(std::move(fetched.json));
  record.set_events(std::move(fetched.events));
}

// One part of a page, fetched at once. Answers how many bytes it has.
absl::StatusOr<size_t> FillSome(const Sync& sync, const rpc::Call& call, std::span<const Told> told,
                                Snapshot& snapshot, NamesSeen& names, v1::PullResponse& response) {
  std::vector<Wanted> wanted;
  for (const Told& one : told) {
    if (one.standing) wanted.push_back({one.kind, one.id});
  }
  GW_ASSIGN_OR_RETURN(auto fetched, FetchRecords(sync, call, wanted, names));
  size_t bytes = 0;
  for (const Told& one : told) {
    const uint64_t digest = DigestOf(one.kind, one.id, one.revision);
    const bool was_withheld = std::erase(snapshot.cursor.withheld, one.id) != 0;
    const auto found = fetched.find(one.id);
    if (found == fetched.end()) {
      if (!was_withheld) Bury(one.kind, one.id, ReasonOf(one), one.index, response);
      if (one.standing) Withhold(one, snapshot);
      if (one.standing && one.open && !was_withheld) snapshot.digest -= digest;
      continue;
    }
    bytes += found->second.json.size() + found->second.events.size();
    AddRecord(one, std::move(found->second), response);
    if (one.open && was_withheld) snapshot.digest += digest;
  }
  return bytes;
}

// Fills records and tombstones in the order of their indexes, some at a time; stops where the page has become
// large.
absl::Status Fill(const Sync& sync, const rpc::Call& call, const domain::Ground& ground, Snapshot& snapshot,
                  v1::PullResponse& response) {
  const std::span<const Told> told = snapshot.page.told;
  NamesSeen names;
  size_t bytes = 0;
  for (size_t at = 0; at < told.size(); at += kFetchAtOnce) {
    if (bytes > kPageBytesMax) {
      snapshot.page.more = true;
      snapshot.page.next = told[at].index;
      break;
    }
    const std::span<const Told> some = told.subspan(at, std::min<size_t>(kFetchAtOnce, told.size() - at));
    GW_ASSIGN_OR_RETURN(const size_t more, FillSome(sync, call, some, snapshot, names, response));
    bytes += more;
  }
  if (!snapshot.page.more) {
    GW_RETURN_IF_ERROR(FillSome(sync, call, snapshot.again, snapshot, names, response).status());
  }
  FillNames(ground, names, *response.mutable_display_names());
  return absl::OkStatus();
}

// What has been closed for so long that it leaves the phone, each record once.
void BuryArchived(const Changes& changes, v1::PullResponse& response) {
  absl::flat_hash_set<Uuid> buried;
  for (const HeldRow& row : changes.archived) {
    if (buried.insert(row.id).second)
      Bury(row.kind, row.id, v1::Tombstone::CLOSED_ARCHIVED, row.last, response);
  }
}

// The phone has heard everything: does it hold what it should?
bool HasDrifted(const v1::PullRequest& request, const Snapshot& snapshot) {
  const Changes& changes = snapshot.changes;
  if (!request.has_held() || snapshot.cursor.first || snapshot.cursor.withheld_many) return false;
  if (snapshot.page.more || !changes.rows.empty() || !changes.archived.empty()) return false;
  return request.held().count() != snapshot.digest.count ||
         request.held().hash() != HexOf(snapshot.digest.sum);
}

// What was withheld before and is not in this page anyway: one statement more, when there is any.
absl::StatusOr<std::vector<HeldRow>> ReadHeldAgain(db::Transaction& tx, const Scope& scope,
                                                   const Snapshot& snapshot) {
  std::vector<Uuid> records = snapshot.cursor.withheld;
  std::erase_if(records, [&](const Uuid& id) {
    return std::any_of(snapshot.page.told.begin(), snapshot.page.told.end(),
                       [&](const Told& one) { return one.id == id; });
  });
  return ReadHeld(tx, scope, records);
}

// Three statements; some more when a phone begins.
absl::Status ReadSnapshot(db::Transaction& tx, const rpc::Call& call, const v1::PullRequest& request,
                          const Scope& scope, const std::optional<Cursor>& given, int page_size,
                          Snapshot& snapshot) {
  GW_ASSIGN_OR_RETURN(const DeviceRow device, ReadOwnDevice(tx, call, request.device()));
  snapshot.synced = device.synced;
  if (!given) {
    snapshot.reset = v1::CURSOR_INVALID;
    return absl::OkStatus();
  }
  snapshot.cursor = *given;
  Cursor& cursor = snapshot.cursor;
  const int64_t horizon_us = HorizonOf(cursor, call.now);
  const bool begins = request.cursor().empty();
  if (begins) {
    GW_ASSIGN_OR_RETURN(const Changes head, ReadChanges(tx, Scope(), cursor, horizon_us, 1));
    cursor.log = head.log;
    cursor.scope = scope.hash;
    cursor.base = head.next_index;
    GW_RETURN_IF_ERROR(FitScope(tx, scope, horizon_us, head.next_index, kRecordsMax, cursor));
  }
  GW_ASSIGN_OR_RETURN(snapshot.changes, ReadChanges(tx, scope, cursor, horizon_us, page_size));
  snapshot.reset = WhyReset(cursor, scope, snapshot.changes, begins ? absl::InfinitePast() : call.now);
  // Half of what left the phone cannot be told.
  if (snapshot.changes.archived_cut && snapshot.reset == v1::RESET_REASON_UNSPECIFIED)
    snapshot.reset = v1::DRIFT;
  if (snapshot.reset != v1::RESET_REASON_UNSPECIFIED) return absl::OkStatus();
  snapshot.page = CutPage(snapshot.changes, horizon_us, page_size);
  if (snapshot.page.more) return absl::OkStatus();
  // Nothing changed: it adds up to what it did before.
  if (cursor.digest && snapshot.changes.rows.empty() && cursor.withheld.empty()) {
    snapshot.digest = *cursor.digest;
  } else {
    GW_ASSIGN_OR_RETURN(snapshot.digest, SumOpen(tx, scope, cursor));
  }
  GW_ASSIGN_OR_RETURN(const std::vector<HeldRow> held, ReadHeldAgain(tx, scope, snapshot));
  snapshot.again = ByRecord(held);
  // What nobody of the scope holds any more is not asked for again.
  std::erase_if(cursor.withheld, [&](const Uuid& id) {
    const auto is_it = [&](const Told& one) { return one.id == id; };
    return std::none_of(snapshot.again.begin(), snapshot.again.end(), is_it) &&
           std::none_of(snapshot.page.told.begin(), snapshot.page.told.end(), is_it);
  });
  if (HasDrifted(request, snapshot)) snapshot.reset = v1::DRIFT;
  return absl::OkStatus();
}

// Of the log, for whoever wants proofs later; without one while the journal is away.
std::string NewestCheckpoint(const Sync& sync, const rpc::Call& call) {
  constexpr std::string_view kMethod = "gridwarden.journal.v1.JournalService/GetCheckpoint";
  const auto checkpoint = rpc::Send<journal::v1::Checkpoint>(sync.channel("journal"), call, kMethod,
                                                             journal::v1::GetCheckpointRequest());
  return checkpoint.ok() ? checkpoint->note() : "";
}

// Where the phone goes on, and on the last page what it should hold now.
void Close(const Sync& sync, const rpc::Call& call, const Uuid& device, Snapshot& snapshot,
           v1::PullResponse& response) {
  Cursor& cursor = snapshot.cursor;
  cursor.closed_us = HorizonOf(cursor, call.now);
  cursor.next = snapshot.page.next;
  cursor.made = call.now;
  response.set_more(snapshot.page.more);
  response.set_as_of_index(cursor.next == 0 ? 0 : cursor.next - 1);
  cursor.digest.reset();
  if (!snapshot.page.more) {
    cursor.first = false;
    cursor.digest = snapshot.digest;
    response.set_left_out(cursor.left_out);
    if (!cursor.withheld_many) {
      response.mutable_scope_digest()->set_count(static_cast<int32_t>(snapshot.digest.count));
      response.mutable_scope_digest()->set_hash(HexOf(snapshot.digest.sum));
    }
    response.set_checkpoint(NewestCheckpoint(sync, call));
  }
  response.set_next_cursor(WriteCursor(device, cursor));
}

absl::Status NoteThatItSynced(const Sync& sync, const rpc::Call& call, const Uuid& device,
                              absl::Time before) {
  if (before + kNoteSyncEvery > call.now) return absl::OkStatus();
  return sync.database.Run(db::RunOptions{.deadline = call.deadline},
                           [&](db::Transaction& tx) { return NoteSync(tx, device, call.now); });
}

}  // namespace

absl::StatusOr<v1::PullResponse> Pull(const Sync& sync, const rpc::Call& call,
                                      const v1::PullRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = sync.directory.ground();
  GW_ASSIGN_OR_RETURN(const Uuid device, ParseResourceName("devices", request.device(), "device"));
  GW_ASSIGN_OR_RETURN(const int page_size, PageSize(request));
  GW_ASSIGN_OR_RETURN(const Scope scope, ScopeOf(*ground, call));
  std::optional<Cursor> given;
  if (request.cursor().empty()) {
    given = Cursor{.closed_us = absl::ToUnixMicros(call.now - kClosedStay)};
  } else {
    given = ReadCursor(device, request.cursor());
  }
  Snapshot snapshot;
  GW_RETURN_IF_ERROR(sync.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
    snapshot = Snapshot();
    return ReadSnapshot(tx, call, request, scope, given, page_size, snapshot);
  }));

  v1::PullResponse response;
  if (snapshot.reset != v1::RESET_REASON_UNSPECIFIED) {
    CountReset(snapshot.reset);
    response = Reset(snapshot.reset);
  } else {
    // The records themselves, from the areas that own them: outside our transaction.
    GW_RETURN_IF_ERROR(Fill(sync, call, *ground, snapshot, response));
    BuryArchived(snapshot.changes, response);
    Close(sync, call, device, snapshot, response);
    if (request.cursor().empty()) *response.mutable_posts() = {scope.posts.begin(), scope.posts.end()};
  }
  GW_RETURN_IF_ERROR(NoteThatItSynced(sync, call, device, snapshot.synced));
  *response.mutable_server_time() =
      google::protobuf::util::TimeUtil::MicrosecondsToTimestamp(absl::ToUnixMicros(call.now));
  GW_ASSIGN_OR_RETURN(*response.mutable_time_token(), MakeTimeToken(sync, call.now, device));
  return response;
}

}  // namespace gridwarden::sync
