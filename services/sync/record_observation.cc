#include <optional>

#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "domain/geo/datum.h"
#include "platform/rpc/mutate.h"
#include "sync/change_repository.h"
#include "sync/observation_repository.h"
#include "sync/operation_body.h"
#include "sync/operation_repository.h"
#include "sync/subject.h"
#include "sync/sync.h"
#include "sync/timestamps.h"

namespace gridwarden::sync {
namespace {

constexpr size_t kNoteMax = 2000;  // characters
constexpr int kEvidenceMax = 30;
constexpr absl::Duration kSkewMax = absl::Minutes(2);
constexpr std::string_view kMedia = "media/";

size_t Characters(std::string_view text) {
  size_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  return count;
}

absl::Status NormalisePosition(type::v1::Position& position) {
  GW_ASSIGN_OR_RETURN(const domain::Point point,
                      domain::ToWgs84({position.longitude(), position.latitude()},
                                      static_cast<domain::Datum>(position.datum()), "position"));
  if (!(position.accuracy_m() >= 0 && position.accuracy_m() < 1e6))
    return InvalidField("position.accuracy_m", "want 0 to 1,000,000 metres");
  position.set_given_datum(position.datum());
  position.set_datum(type::v1::Position::WGS84);
  position.set_longitude(point.longitude);
  position.set_latitude(point.latitude);
  return absl::OkStatus();
}

absl::StatusOr<v1::Observation> ReadContent(const v1::RecordObservationRequest& request) {
  if (request.kind() != v1::Observation::EVIDENCE && request.kind() != v1::Observation::EXPLANATION)
    return InvalidField("kind", absl::StrCat("got ", request.kind(), ", want EVIDENCE or EXPLANATION"));
  if (Characters(request.note()) > kNoteMax) return InvalidField("note", "want at most 2,000 characters");
  if (request.evidence_size() > kEvidenceMax) return InvalidField("evidence", "want at most 30");
  for (int i = 0; i < request.evidence_size(); ++i) {
    const std::string& media = request.evidence(i).media();
    if (!media.starts_with(kMedia) || !ParseDigest(std::string_view(media).substr(kMedia.size())))
      return InvalidField(absl::StrCat("evidence[", i, "].media"), "want media/{sha256}");
  }
  if (request.note().empty() && request.evidence().empty())
    return MakeError(absl::StatusCode::kInvalidArgument, "nothing is said and nothing shown",
                     {.reason = "NOTHING_OBSERVED", .fields = {{"note", "want words or evidence"}}});
  v1::Observation content;
  content.set_kind(request.kind());
  content.set_subject(request.subject());
  content.set_note(request.note());
  *content.mutable_evidence() = request.evidence();
  if (request.has_position()) {
    *content.mutable_position() = request.position();
    GW_RETURN_IF_ERROR(NormalisePosition(*content.mutable_position()));
  }
  return content;
}

// As the caller says, of a call that came over the line; a replayed one was judged before.
absl::StatusOr<v1::JudgedTime> TimeOf(const rpc::Call& call, const v1::RecordObservationRequest& request) {
  absl::Time latest = call.now;
  if (request.has_event_time()) {
    const std::optional<absl::Time> time = ReadTime(request.event_time());
    if (!time) return InvalidField("event_time", "want a time from 2000 to 2100");
    if (*time > call.now + kSkewMax)
      return FailedPrecondition("EVENT_TIME_IN_FUTURE", "event_time is after now", {{"field", "event_time"}});
    latest = std::min(*time, call.now);
  }
  absl::Time earliest = latest;
  if (request.has_earliest_time()) {
    const std::optional<absl::Time> time = ReadTime(request.earliest_time());
    if (!time || *time > latest + kSkewMax) return InvalidField("earliest_time", "want not after event_time");
    earliest = std::min(*time, latest);
  }
  v1::JudgedTime judged;
  SetTime(earliest, judged.mutable_earliest_time());
  SetTime(latest, judged.mutable_latest_time());
  SetTime(latest, judged.mutable_estimated_time());
  SetTime(call.now, judged.mutable_receive_time());
  judged.set_grade(request.has_event_time() ? v1::C : v1::A);
  return judged;
}

// Who may see the subject, or worked on it, may add to it; where it stands, as far as that is known.
absl::StatusOr<Uuid> AllowSubject(const Sync& sync, const rpc::Call& call, const std::string& name) {
  const absl::StatusOr<Subject> seen = ReadSubject(sync, call, name);
  if (seen.ok()) return seen->division;
  if (!absl::IsPermissionDenied(seen.status()) && !absl::IsNotFound(seen.status())) return seen.status();
  const std::optional<Uuid> id = Uuid::Parse(std::string_view(name).substr(name.find('/') + 1));
  const std::shared_ptr<const domain::Ground> ground = sync.directory.ground();
  std::vector<Uuid> holders;
  if (!call.principal.person.IsNil()) {
    for (const domain::Holding& holding :
         ground->HoldingsOf(call.principal.person, call.now, absl::InfiniteFuture())) {
      holders.push_back(holding.post->id);
      if (!holding.post->unit.IsNil()) holders.push_back(holding.post->unit);
    }
  }
  bool allowed = false;
  Uuid division;
  GW_RETURN_IF_ERROR(sync.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
    GW_ASSIGN_OR_RETURN(allowed, WorkedOn(tx, call.principal.person, name));
    if (!allowed && id && !holders.empty()) {
      GW_ASSIGN_OR_RETURN(allowed, WasAssigned(tx, *id, holders));
    }
    if (!allowed || !id) return absl::OkStatus();
    GW_ASSIGN_OR_RETURN(const auto record, FindRecord(tx, KindOf(name), *id));
    if (record) division = record->division;
    return absl::OkStatus();
  }));
  if (!allowed) return seen.status();
  return division;
}

}  // namespace

absl::StatusOr<v1::Observation> RecordObservation(const Sync& sync, const rpc::Call& call,
                                                  const v1::RecordObservationRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = sync.directory.ground();
  GW_ASSIGN_OR_RETURN(const Uuid id, rpc::RequestId(request.request_id()));
  GW_ASSIGN_OR_RETURN(v1::Observation content, ReadContent(request));
  GW_ASSIGN_OR_RETURN(*content.mutable_time(), TimeOf(call, request));
  GW_ASSIGN_OR_RETURN(const Uuid division, AllowSubject(sync, call, request.subject()));
  return rpc::Mutate<v1::Observation>(
      sync.database, call, request, [&](db::Transaction& tx) -> absl::StatusOr<v1::Observation> {
        ObservationRow row{.id = id,
                           .account = call.principal.account,
                           .person = call.principal.person,
                           .division = division,
                           .received = call.now,
                           .content = content};
        if (call.operation) {
          GW_ASSIGN_OR_RETURN(const std::optional<OperationRow> operation, FindOperation(tx, id));
          if (!operation) return Internal("a replayed operation is not kept");
          *row.content.mutable_time() = ShownTime(operation->time, operation->received);
          ShowFlags(operation->time.flags, row.content);
          row.post = operation->post;
          row.received = operation->received;
          if (row.division.IsNil()) row.division = operation->division;
        }
        row.content.set_post(ResourceName("posts", row.post));
        GW_RETURN_IF_ERROR(KeepObservation(tx, call, row));
        return ShownObservation(*ground, row);
      });
}

}  // namespace gridwarden::sync
