#include "access/standing.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "access/permission.h"
#include "base/status.h"

namespace gridwarden::access {

namespace {

constexpr absl::Time kToday = absl::InfiniteFuture();
constexpr size_t kCandidatesNamed = 8;

// Whether all that is known of it begins after `at`. Not so for one whose setting up was withdrawn, or was
// not known yet: of that nothing is known at all.
bool BeginsAfter(const domain::Division& division, absl::Time at, absl::Time known) {
  if (division.placements.empty()) return division.valid.from > at;
  bool any = false;
  for (const domain::Placement& placement : division.placements) {
    if (!domain::StoodAt(placement, known)) continue;
    if (placement.valid.from <= at) return false;
    any = true;
  }
  return any;
}

std::string Named(const domain::Ground& ground, const std::vector<const domain::Division*>& divisions) {
  std::string names;
  for (size_t i = 0; i < divisions.size() && i < kCandidatesNamed; ++i) {
    if (i > 0) names += "、";
    names += ground.PathName(divisions[i]->id);
  }
  return names;
}

absl::Status Unknown(const domain::Ground& ground, std::string_view spelling, std::string_view field,
                     const std::vector<const domain::Division*>& meant) {
  const std::string why = meant.empty() ? "no such division" : "it could be any of " + Named(ground, meant);
  return MakeError(absl::StatusCode::kInvalidArgument, absl::StrFormat("%s: %s: %s", field, why, spelling),
                   {.reason = "DIVISION_CODE_UNKNOWN",
                    .metadata = {{"code", std::string(spelling)}},
                    .fields = {{std::string(field), why}}});
}

absl::StatusOr<const domain::Division*> FindSpelled(const domain::Ground& ground, std::string_view spelling,
                                                    absl::Time at, std::string_view field) {
  const std::vector<const domain::Division*> meant = ground.DivisionsOnceSpelled(spelling, at);
  if (meant.size() != 1) return Unknown(ground, spelling, field, meant);
  return meant.front();
}

}  // namespace

absl::StatusOr<const domain::Division*> DivisionAt(const domain::Ground& ground,
                                                   const domain::Division& meant, absl::Time at,
                                                   std::string_view field, absl::Time known) {
  std::vector<const domain::Division*> holders;
  for (const domain::Ground::Heir& heir : ground.HoldersOf(meant.id, at, known))
    holders.push_back(heir.division);
  if (holders.size() == 1) return holders.front();
  const bool ended = !BeginsAfter(meant, at, known);
  if (holders.empty() && !ended) return &meant;
  if (holders.empty()) {
    // Nobody took the ground over, as far as was known: the nearest that can be named are those it came from
    // by today's knowledge, or what it stood in.
    for (const domain::Lineage* link : ground.LineagesTo(meant.id)) {
      const domain::Division* from = ground.FindDivision(link->from);
      if (domain::StoodAt(*link, kToday) && from != nullptr && from != &meant) holders.push_back(from);
    }
    const domain::Division* above = ground.FindDivision(meant.parent);
    if (holders.empty() && above != nullptr) holders.push_back(above);
  }
  const std::string candidates = Named(ground, holders);
  return MakeError(absl::StatusCode::kFailedPrecondition,
                   absl::StrFormat("%s: %s did not exist at %s, want one of %s", field, meant.display_name,
                                   absl::FormatTime(at), candidates),
                   {.reason = ended ? "DIVISION_ENDED" : "DIVISION_NOT_YET",
                    .metadata = {{"division", meant.display_name}, {"candidates", candidates}},
                    .fields = {{std::string(field), "want one of " + candidates}}});
}

const domain::Division& LikeliestAt(const domain::Ground& ground, const domain::Division& meant,
                                    absl::Time at) {
  const std::vector<domain::Ground::Heir> heirs = ground.HoldersOf(meant.id, at, kToday);
  // Of equals the one whose ids come first, so that every process says the same.
  const auto largest = std::max_element(heirs.begin(), heirs.end(), [](const auto& a, const auto& b) {
    return std::pair(a.share, b.division->id) < std::pair(b.share, a.division->id);
  });
  return largest == heirs.end() ? meant : *largest->division;
}

absl::StatusOr<Standing> StandingOf(const domain::Ground& ground, std::string_view spelling, absl::Time at,
                                    std::string_view field) {
  GW_ASSIGN_OR_RETURN(const domain::Division* meant, FindSpelled(ground, spelling, at, field));
  GW_ASSIGN_OR_RETURN(const domain::Division* division, DivisionAt(ground, *meant, at, field));
  return StandingOf(ground, division->id, at);
}

absl::StatusOr<Standing> StandingOf(const domain::Ground& ground, const Uuid& division, absl::Time at) {
  Standing standing{.division = division, .ground_path = ground.PathKeyNear(division, at, kToday)};
  if (standing.ground_path.empty()) return NotFound(ResourceName("divisions", division));
  for (size_t from = 0; from < standing.ground_path.size(); from += 16) {
    const Uuid id = *Uuid::FromBytes(std::string_view(standing.ground_path).substr(from, 16));
    const domain::Division* above = ground.FindDivision(id);
    if (above != nullptr && above->level == domain::Level::kCity) standing.city = id;
  }
  return standing;
}

absl::StatusOr<std::vector<std::string>> PathKeysOf(const domain::Ground& ground, std::string_view spelling,
                                                    absl::Time now, std::string_view field) {
  if (spelling.empty()) return std::vector<std::string>{""};
  GW_ASSIGN_OR_RETURN(const domain::Division* division, FindSpelled(ground, spelling, now, field));
  return ground.PathKeysHeldBy(division->id, now);
}

absl::StatusOr<std::vector<std::string>> ListScope(const domain::Ground& ground, const rpc::Call& call,
                                                   const std::vector<std::string>& within) {
  std::vector<std::string> narrowed;
  for (const std::string& key : ScopeOf(ground, call)) {
    for (const std::string& wanted : within) {
      if (wanted.starts_with(key)) {
        narrowed.push_back(wanted);
      } else if (key.starts_with(wanted)) {
        narrowed.push_back(key);
      }
    }
  }
  if (narrowed.empty()) return NotAllowed("the caller may not do this here");
  return domain::WithoutInner(std::move(narrowed));
}

std::string EndOfSubtree(std::string_view ground_path) {
  // Ids are version 7 or derived from such: none begins with 0xff.
  return std::string(ground_path) + std::string(16, '\xff');
}

absl::Status Absent(const domain::Ground& ground, const rpc::Call& call, std::string_view resource) {
  const Permission* row = FindPermission(call.method);
  if (row != nullptr && row->scope == Scope::kAssigned) {
    const absl::Status assigned = AllowAssigned(ground, call, Uuid()).status();
    return assigned.ok() ? NotFound(resource) : assigned;
  }
  const absl::StatusOr<Acting> everywhere = AllowAt(ground, call, Uuid());
  if (everywhere.ok()) return NotFound(resource);
  const std::vector<std::string> scope = ScopeOf(ground, call);
  const std::vector<const domain::Division*> tops = ground.ChildrenOf(Uuid());
  const bool sees_all =
      !scope.empty() && std::all_of(tops.begin(), tops.end(), [&](const domain::Division* top) {
        return std::find(scope.begin(), scope.end(), ground.PathKey(top->id)) != scope.end();
      });
  return sees_all ? NotFound(resource) : everywhere.status();
}

}  // namespace gridwarden::access
