#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "access/standing.h"
#include "domain/geo/datum.h"
#include "domain/workflow/conditions.h"
#include "gridwarden/patrol/v1/patrol_event.pb.h"
#include "gridwarden/source/v1/source_service.pb.h"
#include "patrol/patrol_service.h"
#include "patrol/plan_repository.h"
#include "patrol/record_task.h"
#include "platform/rpc/channel.h"
#include "platform/rpc/mutate.h"

namespace gridwarden::patrol {
namespace {

constexpr int kNoteMax = 2000;
constexpr int kEvidenceMax = 30;
constexpr int kAnswersMax = 200;
constexpr std::string_view kMediaPrefix = "media/";

// The 32 bytes in "media/{sha256 in lower-case hex}".
absl::StatusOr<std::string> ParseMedia(std::string_view name, std::string_view field) {
  const auto bad = [&] {
    return InvalidField(field, absl::StrFormat("got \"%s\", want media/{sha256}", name.substr(0, 80)));
  };
  if (name.size() != kMediaPrefix.size() + 64 || !name.starts_with(kMediaPrefix)) return bad();
  std::string digest;
  for (size_t i = kMediaPrefix.size(); i < name.size(); i += 2) {
    int byte = 0;
    for (const char c : name.substr(i, 2)) {
      if (c >= '0' && c <= '9')
        byte = byte * 16 + (c - '0');
      else if (c >= 'a' && c <= 'f')
        byte = byte * 16 + (c - 'a' + 10);
      else
        return bad();
    }
    digest.push_back(static_cast<char>(byte));
  }
  return digest;
}

// Digests of all photos and documents of the visit, each once.
absl::StatusOr<std::vector<std::string>> MediaOf(const v1::Visit& visit) {
  std::vector<std::string> media;
  const auto add = [&](const std::string& name, const std::string& field) -> absl::Status {
    GW_ASSIGN_OR_RETURN(std::string digest, ParseMedia(name, field));
    if (std::find(media.begin(), media.end(), digest) == media.end()) media.push_back(std::move(digest));
    return absl::OkStatus();
  };
  for (int i = 0; i < visit.evidence_size(); ++i) {
    GW_RETURN_IF_ERROR(add(visit.evidence(i).media(), absl::StrFormat("visit.evidence[%d].media", i)));
  }
  for (int i = 0; i < visit.answers_size(); ++i) {
    for (int k = 0; k < visit.answers(i).media_size(); ++k) {
      GW_RETURN_IF_ERROR(
          add(visit.answers(i).media(k), absl::StrFormat("visit.answers[%d].media[%d]", i, k)));
    }
  }
  return media;
}

absl::Status CheckAnswers(const domain::Policy& policy, const v1::Visit& visit) {
  if (visit.answers_size() > kAnswersMax) {
    return InvalidField("visit.answers",
                        absl::StrFormat("got %d, want at most %d", visit.answers_size(), kAnswersMax));
  }
  std::vector<domain::Answer> answers;
  for (const type::v1::ChecklistAnswer& answer : visit.answers()) {
    answers.push_back(
        {answer.checklist(), answer.item(), answer.value(), {answer.media().begin(), answer.media().end()}});
  }
  return domain::ValidateAnswers(policy, answers, "visit.answers");
}

absl::Status CheckEvidence(const v1::Visit& visit) {
  if (visit.evidence_size() > kEvidenceMax) {
    return InvalidField("visit.evidence",
                        absl::StrFormat("got %d, want at most %d", visit.evidence_size(), kEvidenceMax));
  }
  if (visit.result() != v1::Visit::PROBLEM) return absl::OkStatus();
  std::vector<domain::Evidence> evidence;
  for (const type::v1::Evidence& item : visit.evidence()) {
    evidence.push_back({item.media(), static_cast<domain::EvidenceKind>(item.kind())});
  }
  return domain::SubmitEvidence(domain::Channel::kPatrol, evidence);
}

absl::Status NormalisePosition(v1::Visit& visit) {
  if (!visit.has_position()) return absl::OkStatus();
  type::v1::Position& position = *visit.mutable_position();
  GW_ASSIGN_OR_RETURN(const domain::Point point,
                      domain::ToWgs84({position.longitude(), position.latitude()},
                                      static_cast<domain::Datum>(position.datum()), "visit.position"));
  if (!(position.accuracy_m() >= 0 && position.accuracy_m() < 1e6)) {
    return InvalidField("visit.position.accuracy_m", "want 0 to 1,000,000 metres");
  }
  position.set_given_datum(position.datum());
  position.set_datum(type::v1::Position::WGS84);
  position.set_longitude(point.longitude);
  position.set_latitude(point.latitude);
  return absl::OkStatus();
}

// A visit may be about another source than the task's (one just registered): it must be in the ledger.
absl::Status CheckSource(const AreaContext& context, const rpc::Call& call, const std::string& name) {
  if (name.empty()) return absl::OkStatus();
  GW_RETURN_IF_ERROR(ParseResourceName("sources", name, "visit.source").status());
  source::v1::GetSourceRequest request;
  request.set_name(name);
  return rpc::Send<source::v1::Source>(context.channel("source"), call,
                                       "gridwarden.source.v1.SourceService/GetSource", request)
      .status();
}

bool MayNamePeople(const domain::Policy& policy, const type::v1::ChecklistAnswer& answer) {
  const domain::Checklist* checklist = policy.FindChecklist(answer.checklist());
  const domain::ChecklistItem* item = checklist == nullptr ? nullptr : checklist->Find(answer.item());
  return item == nullptr || item->answer == "text" || item->answer == "signature";
}

v1::VisitEvent EventOf(const domain::Policy& policy, const VisitRow& visit,
                       const domain::EventInterval& interval) {
  const v1::Visit& value = visit.value;
  v1::VisitEvent event;
  event.set_name(value.name());
  event.set_visit(visit.id.ToString());
  event.set_task(ResourceName("patrolTasks", visit.task));
  event.set_source(value.source());
  event.set_division(value.division());
  event.set_category(value.category());
  if (value.has_position()) *event.mutable_position() = value.position();
  *event.mutable_earliest_time() = ToTimestamp(interval.earliest);
  *event.mutable_latest_time() = ToTimestamp(interval.latest);
  *event.mutable_receive_time() = value.receive_time();
  event.set_result(value.result());
  *event.mutable_evidence() = value.evidence();
  *event.mutable_answers() = value.answers();
  for (type::v1::ChecklistAnswer& answer : *event.mutable_answers()) {
    if (MayNamePeople(policy, answer)) answer.clear_value();
  }
  event.set_finder(value.person());
  event.set_finder_post(value.post());
  event.set_late(value.late());
  return event;
}

// Whether `division` lies in the ground of the task's division as it was at `at`. A time before the first
// list is judged by the first list.
bool IsGroundOf(const domain::Ground& ground, const Uuid& of_task, const Uuid& division, absl::Time at) {
  const std::string path = ground.PathKeyNear(division, at, absl::InfiniteFuture());
  const auto holds = [&](const Uuid& holder) {
    return path.starts_with(ground.PathKeyNear(holder, at, absl::InfiniteFuture()));
  };
  const std::vector<domain::Ground::Heir> holders = ground.HoldersOf(of_task, at, absl::InfiniteFuture());
  if (holders.empty()) return holds(of_task);
  return std::any_of(holders.begin(), holders.end(),
                     [&](const domain::Ground::Heir& heir) { return holds(heir.division->id); });
}

// What the next plan goes by: who saw the source last, and whether something was wrong there.
absl::Status NoteSeen(db::Transaction& tx, const v1::Visit& visit, const Uuid& person, absl::Time at) {
  if (visit.source().empty()) return absl::OkStatus();
  GW_ASSIGN_OR_RETURN(const Uuid source, ParseResourceName("sources", visit.source()));
  return SaveSeen(tx, {source, at, person, visit.result() == v1::Visit::PROBLEM ? at : absl::InfinitePast()});
}

}  // namespace

absl::StatusOr<v1::Visit> SubmitVisit(const AreaContext& context, const rpc::Call& call,
                                      const v1::SubmitVisitRequest& request) {
  const std::shared_ptr<const domain::Ground> ground = context.directory.ground();
  GW_ASSIGN_OR_RETURN(const Uuid task_id, ParseResourceName("patrolTasks", request.parent(), "parent"));
  VisitRow visit;
  visit.value = request.visit();
  if (visit.value.result() == v1::Visit::RESULT_UNSPECIFIED)
    return InvalidField("visit.result", "got nothing, want a result");
  if (!visit.value.has_event_time()) return InvalidField("visit.event_time", "got nothing, want a time");
  GW_ASSIGN_OR_RETURN(const domain::EventInterval event,
                      IntervalOf(visit.value.event_time(),
                                 visit.value.has_earliest_time() ? &visit.value.earliest_time() : nullptr,
                                 call.now, "visit."));
  GW_RETURN_IF_ERROR(CheckText("visit.note", visit.value.note(), kNoteMax));
  GW_ASSIGN_OR_RETURN(const std::vector<std::string> media, MediaOf(visit.value));
  GW_RETURN_IF_ERROR(CheckAnswers(*context.policy, visit.value));
  GW_RETURN_IF_ERROR(CheckEvidence(visit.value));
  GW_RETURN_IF_ERROR(NormalisePosition(visit.value));
  if (!visit.value.category().empty() && context.policy->FindCategory(visit.value.category()) == nullptr) {
    return InvalidField("visit.category", absl::StrFormat("got \"%s\", want a category code of the policy",
                                                          visit.value.category().substr(0, 80)));
  }
  GW_RETURN_IF_ERROR(CheckSource(context, call, visit.value.source()));
  visit.id = Uuid::Make(call.now);
  if (!request.visit_id().empty()) {
    const std::optional<Uuid> id = Uuid::Parse(request.visit_id());
    if (!id || id->IsNil()) return InvalidField("visit_id", "want a UUID");
    visit.id = *id;
  }

  return rpc::Mutate<v1::Visit>(
      context.database, call, request, [&](db::Transaction& tx) -> absl::StatusOr<v1::Visit> {
        absl::StatusOr<TaskRow> locked = LockTask(tx, task_id);
        // Nobody is assigned to what is not there: the same words as for somebody else's task.
        if (absl::IsNotFound(locked.status())) return access::AllowAssigned(*ground, call, Uuid()).status();
        if (!locked.ok()) return locked.status();
        TaskRow task = *std::move(locked);
        GW_ASSIGN_OR_RETURN(const access::Acting acting, access::AllowAssigned(*ground, call, task.post));
        GW_RETURN_IF_ERROR(CheckEtag(task, request.etag()));
        const domain::TaskState from = StateOf(task);
        GW_ASSIGN_OR_RETURN(const domain::TaskState to,
                            domain::NextTaskState(from, domain::TaskAction::kSubmitVisit));

        VisitRow made = visit;
        v1::Visit& value = made.value;
        made.task = task.id;
        made.city = task.city;
        made.event_time = event.latest;
        // The ground may have passed on since the task was planned: the visit stands where it was made.
        const std::string spelled =
            value.division().empty() ? ResourceName("divisions", task.division) : value.division();
        GW_ASSIGN_OR_RETURN(const access::Standing standing,
                            access::StandingOf(*ground, spelled, event.latest, "visit.division"));
        if (!IsGroundOf(*ground, task.division, standing.division, event.latest)) {
          return InvalidField("visit.division", "want the task's division or one below it");
        }
        made.division = standing.division;
        made.ground_path = standing.ground_path;
        value.set_name(absl::StrCat(task.value.name(), "/visits/", made.id.ToString()));
        value.set_division(ResourceName("divisions", made.division));
        if (value.category().empty()) value.set_category(task.value.category());
        if (value.source().empty()) value.set_source(task.value.source());
        if (value.result() == v1::Visit::PROBLEM && value.category().empty()) {
          return InvalidField("visit.category",
                              "got nothing, want the category of the problem: the task names none");
        }
        *value.mutable_event_time() = ToTimestamp(event.latest);
        value.clear_earliest_time();
        if (event.earliest < event.latest) *value.mutable_earliest_time() = ToTimestamp(event.earliest);
        *value.mutable_receive_time() = ToTimestamp(call.now);
        value.set_person(ResourceName("persons", call.principal.person));
        value.set_post(ResourceName("posts", acting.post));
        value.set_late(domain::IsLate(event, task.due));
        made.subject.id = made.id;

        const v1::VisitEvent visit_event = EventOf(*context.policy, made, event);
        GW_ASSIGN_OR_RETURN(const journal::Sealed sealed,
                            journal::Seal(call, {.kind = "visit",
                                                 .before = made.subject,
                                                 .event = &visit_event,
                                                 .post = acting.post,
                                                 .tenure = acting.tenure,
                                                 .earliest = event.earliest,
                                                 .latest = event.latest,
                                                 .media = media,
                                                 .rule_version = context.policy->version,
                                                 .request_id = request.request_id()}));
        made.subject = sealed.after;
        GW_RETURN_IF_ERROR(InsertVisit(tx, made));
        GW_RETURN_IF_ERROR(journal::Stage(tx, sealed));

        if (value.result() == v1::Visit::NORMAL || value.result() == v1::Visit::PROBLEM)
          GW_RETURN_IF_ERROR(NoteSeen(tx, value, call.principal.person, event.latest));

        SetState(task, to);
        task.value.set_result(value.result());
        task.value.set_visit(value.name());
        *task.value.mutable_done_time() = value.event_time();
        task.value.set_late(value.late());
        task.value.clear_release();
        GW_RETURN_IF_ERROR(RecordTask(context, call, tx,
                                      {.action = domain::TaskAction::kSubmitVisit,
                                       .from = from,
                                       .event = event,
                                       .acting = acting,
                                       .request_id = request.request_id()},
                                      task)
                               .status());
        return value;
      });
}

}  // namespace gridwarden::patrol
