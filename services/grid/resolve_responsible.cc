#include "absl/strings/str_format.h"
#include "access/standing.h"
#include "base/status.h"
#include "domain/policy/policy.h"
#include "grid/grid_proto.h"
#include "grid/grid_service.h"

namespace gridwarden::grid {
namespace {

// The division that is meant: named, or the most likely one of a point; by a name or code that was given up,
// the last that had it.
absl::StatusOr<const domain::Division*> DivisionMeant(GridArea& area, const rpc::Call& call,
                                                      const domain::Ground& ground,
                                                      const v1::ResolveResponsibleRequest& request,
                                                      absl::Time at) {
  if (request.division().empty() == !request.has_position()) {
    return InvalidField("division", "want exactly one of division and position");
  }
  if (!request.division().empty()) {
    const std::vector<const domain::Division*> meant = ground.DivisionsOnceSpelled(request.division(), at);
    if (meant.size() == 1) return meant.front();
    return FindDivision(ground, request.division(), at, "division");
  }
  v1::LocatePointRequest locate;
  *locate.mutable_position() = request.position();
  *locate.mutable_event_time() = request.event_time();
  GW_ASSIGN_OR_RETURN(const v1::LocatePointResponse located, LocatePoint(area, call, locate));
  if (located.candidates().empty()) {
    return FailedPrecondition("POSITION_OUT_OF_AREA", "the position lies outside every polygon");
  }
  GW_ASSIGN_OR_RETURN(const Uuid id, ParseResourceName("divisions", located.candidates(0).division()));
  const domain::Division* division = ground.FindDivision(id);
  if (division == nullptr) return NotFound(located.candidates(0).division());
  return division;
}

// Posts the preset asks for at a level that do not exist at all: neither held nor vacant.
void AddGaps(const domain::Ground& ground, const domain::Policy& policy, const domain::Division& division,
             absl::Time at, v1::ResolveResponsibleResponse& response) {
  for (const domain::PostPreset& preset : policy.post_presets) {
    if (preset.level != division.level) continue;
    bool exists = false;
    for (const domain::Post* post : ground.PostsAt(division.id)) {
      exists = exists || (post->kind == preset.kind && post->valid.Contains(at));
    }
    if (!exists)
      response.add_gaps(
          absl::StrFormat("%s: no post %s", division.display_name, domain::NameOf(preset.kind)));
  }
}

// The names from the top down as they were at `at`.
std::string PathThen(const domain::Ground& ground, const domain::Division& division, absl::Time at,
                     absl::Time known) {
  std::string path;
  for (const domain::Division* level : ground.AncestorsAt(division.id, at, known)) {
    path = path.empty() ? domain::NameAt(*level, at) : domain::NameAt(*level, at) + "/" + path;
  }
  return path;
}

}  // namespace

absl::StatusOr<v1::ResolveResponsibleResponse> ResolveResponsible(
    GridArea& area, const rpc::Call& call, const v1::ResolveResponsibleRequest& request) {
  GW_ASSIGN_OR_RETURN(const absl::Time at, ReadTime(request.event_time(), "event_time"));
  absl::Time known = absl::InfiniteFuture();  // everything known today
  if (request.has_known_at()) {
    GW_ASSIGN_OR_RETURN(known, ReadTime(request.known_at(), "known_at"));
  }
  domain::Regime regime = domain::Regime::kGeneral;
  if (!request.category().empty()) {
    if (area.policy->FindCategory(request.category()) == nullptr) {
      return InvalidField("category", absl::StrFormat("got \"%s\", want a category of the policy",
                                                      request.category().substr(0, 60)));
    }
    regime = area.policy->TypeOf(request.category()).regime;
  }
  GW_ASSIGN_OR_RETURN(const auto ground, area.ground.Fresh(call.deadline));
  GW_ASSIGN_OR_RETURN(const domain::Division* meant, DivisionMeant(area, call, *ground, request, at));
  // Ground that passed on: who answered for it then is asked of the division that held it then.
  GW_ASSIGN_OR_RETURN(const domain::Division* division,
                      access::DivisionAt(*ground, *meant, at, "division", known));

  v1::ResolveResponsibleResponse response;
  *response.mutable_division() = ToProto(*ground, *division);
  response.mutable_division()->set_display_name(domain::NameAt(*division, at));
  response.mutable_division()->set_path(PathThen(*ground, *division, at, known));
  for (const domain::Link& link : ground->ResolveResponsible(division->id, regime, at, known)) {
    v1::ResponsibleLink& to = *response.add_chain();
    to.set_division(ResourceName("divisions", link.division->id));
    to.set_division_display_name(domain::NameAt(*link.division, at));
    to.set_level(static_cast<v1::Division::Level>(link.division->level));
    to.set_post(ResourceName("posts", link.post->id));
    to.set_post_kind(static_cast<v1::Post::Kind>(link.post->kind));
    to.set_regime(static_cast<v1::Post::Regime>(link.post->regime));
    to.set_responsibility(static_cast<v1::Post::Responsibility>(link.post->responsibility));
    to.set_vacant(link.tenure == nullptr);
    if (link.tenure == nullptr) continue;
    to.set_tenure(ResourceName("tenures", link.tenure->id));
    to.set_tenure_kind(static_cast<v1::Tenure::Kind>(link.tenure->kind));
    to.set_document_no(link.tenure->document_no);
    to.set_person(ResourceName("persons", link.tenure->person));
    if (const domain::Person* person = ground->FindPerson(link.tenure->person)) {
      to.set_person_display_name(person->display_name);
    }
  }
  for (const domain::Division* level : ground->AncestorsAt(division->id, at, known))
    AddGaps(*ground, *area.policy, *level, at, response);
  return response;
}

}  // namespace gridwarden::grid
