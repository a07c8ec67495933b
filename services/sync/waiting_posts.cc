#include "sync/waiting_posts.h"

#include <algorithm>
#include <initializer_list>
#include <string>
#include <string_view>

#include "base/id.h"
#include "base/status.h"
#include "domain/workflow/closing.h"

namespace gridwarden::sync {
namespace {

using domain::Level;
using domain::PostKind;

// The chain from the division up, as it was at `at` and known then.
std::vector<const domain::Division*> ChainOf(const domain::Ground& ground, const Uuid& division,
                                             absl::Time at) {
  std::vector<const domain::Division*> chain = ground.AncestorsAt(division, at, at);
  return chain.empty() ? ground.AncestorsOf(division) : chain;
}

// The posts of these kinds of the nearest division at or above `division` that is no lower than `bottom` and
// has any.
void AddNearest(const domain::Ground& ground, const Uuid& division, std::initializer_list<PostKind> kinds,
                Level bottom, absl::Time at, std::vector<Uuid>& posts) {
  for (const domain::Division* step : ChainOf(ground, division, at)) {
    if (step->level > bottom) continue;
    const size_t before = posts.size();
    for (const domain::Post* post : ground.PostsAt(step->id)) {
      if (std::find(kinds.begin(), kinds.end(), post->kind) != kinds.end() &&
          ground.PostExisted(*post, at, at))
        posts.push_back(post->id);
    }
    if (posts.size() > before) return;
  }
}

// The level that filed: where the post stood that did, else where the case stands.
Uuid FilingDivision(const domain::Ground& ground, const casework::v1::Case& about, const Uuid& filed_by) {
  const domain::Post* post = ground.FindPost(filed_by);
  const Uuid filed = post == nullptr ? Uuid() : ground.DivisionOf(*post);
  return filed.IsNil() ? ParseResourceName("divisions", about.division()).value_or(Uuid()) : filed;
}

}  // namespace

std::vector<Uuid> SigningPosts(const domain::Ground& ground, const domain::Policy& policy,
                               const casework::v1::Case& about, const Uuid& filed_by, absl::Time at) {
  const std::initializer_list<PostKind> leaders = {PostKind::kGridLeader, PostKind::kFirstGridLeader};
  const std::initializer_list<PostKind> centre = {PostKind::kCampaignOffice};
  const Uuid division = ParseResourceName("divisions", about.division()).value_or(Uuid());
  const domain::CaseType& type = policy.TypeOf(about.category());
  const auto disposition = static_cast<domain::Disposition>(about.disposition());
  const domain::SigningRule rule =
      domain::SigningOf(type, {.disposition = disposition,
                               .rework_count = about.rework_count(),
                               .disputed = about.disputed() && !about.has_reclose_time(),
                               .listed = about.listed()});
  std::vector<Uuid> posts;
  if (rule.county_centre) {
    AddNearest(ground, division, centre, rule.one_level_up ? Level::kCity : Level::kCounty, at, posts);
  } else {
    Uuid filed = FilingDivision(ground, about, filed_by);
    const std::vector<const domain::Division*> chain = ChainOf(ground, filed, at);
    if (rule.one_level_up && chain.size() > 1) filed = chain[1]->id;
    AddNearest(ground, filed, leaders, Level::kGroup, at, posts);
  }
  const std::vector<std::string> units(about.cooperators().begin(), about.cooperators().end());
  for (const std::string& seat : domain::CosignSeats(type, disposition, units, rule)) {
    if (seat == domain::kCountyLeader) {
      AddNearest(ground, division, leaders, Level::kCounty, at, posts);
    } else if (!seat.starts_with("units/")) {  // cooperating units hold it anyway
      AddNearest(ground, division, centre, Level::kCounty, at, posts);
    }
  }
  return posts;
}

}  // namespace gridwarden::sync
