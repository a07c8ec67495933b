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

bool Contains(const std::vector<Uuid>& ids, const Uuid& id) {
  return std::find(ids.begin(), ids.end(), id) != ids.end();
}

// units/{uuid} or posts/{uuid}
Uuid HolderOf(const std::string& name) {
  return ParseResourceName(name.starts_with("units/") ? "units" : "posts", name).value_or(Uuid());
}

domain::SigningRule RuleOf(const domain::Policy& policy, const casework::v1::Case& about) {
  return domain::SigningOf(policy.TypeOf(about.category()),
                           {.disposition = static_cast<domain::Disposition>(about.disposition()),
                            .rework_count = about.rework_count(),
                            .disputed = about.disputed() && !about.has_reclose_time(),
                            .listed = about.listed()});
}

std::vector<std::string> SeatsOf(const domain::Policy& policy, const casework::v1::Case& about) {
  const std::vector<std::string> units(about.cooperators().begin(), about.cooperators().end());
  return domain::CosignSeats(policy.TypeOf(about.category()),
                             static_cast<domain::Disposition>(about.disposition()), units,
                             RuleOf(policy, about));
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
  const domain::SigningRule rule = RuleOf(policy, about);
  std::vector<Uuid> posts;
  if (rule.county_centre) {
    AddNearest(ground, division, centre, rule.one_level_up ? Level::kCity : Level::kCounty, at, posts);
  } else {
    Uuid filed = FilingDivision(ground, about, filed_by);
    const std::vector<const domain::Division*> chain = ChainOf(ground, filed, at);
    if (rule.one_level_up && chain.size() > 1) filed = chain[1]->id;
    AddNearest(ground, filed, leaders, Level::kGroup, at, posts);
  }
  for (const std::string& seat : SeatsOf(policy, about)) {
    if (seat == domain::kCountyLeader) {
      AddNearest(ground, division, leaders, Level::kCounty, at, posts);
    } else if (!seat.starts_with("units/")) {  // cooperating units hold it anyway
      AddNearest(ground, division, centre, Level::kCounty, at, posts);
    }
  }
  return posts;
}

Waiting WaitingOf(const domain::Policy& policy, const casework::v1::Case& about) {
  using casework::v1::Case;
  Waiting waiting;
  const Uuid handler = HolderOf(about.handler());
  waiting.named = {handler, HolderOf(about.check_post())};
  for (const std::string& unit : about.cooperators()) waiting.named.push_back(HolderOf(unit));
  switch (about.state()) {
    case Case::FILED:
    case Case::RETURNED:
    case Case::FEEDBACK:
      waiting.office = true;
      break;
    case Case::DISPATCHED:
      waiting.holders = {handler};
      break;
    case Case::HANDLING:
      waiting.holders = {handler};
      for (const casework::v1::DisposalTask& part : about.disposals()) {
        if (part.state() == casework::v1::DisposalTask::OPEN)
          waiting.holders.push_back(HolderOf(part.unit()));
      }
      break;
    case Case::SUSPENDED:
      waiting.holders = {handler, HolderOf(about.suspension().post())};
      break;
    case Case::CHECKING:
      waiting.holders = {HolderOf(about.check_post())};
      break;
    case Case::SIGN_OFF:
      waiting.office = true;
      for (const std::string& seat : SeatsOf(policy, about)) {
        const bool signed_already =
            std::any_of(about.signatures().begin(), about.signatures().end(),
                        [&](const casework::v1::Consent& signature) { return signature.seat() == seat; });
        if (seat.starts_with("units/") && !signed_already) waiting.holders.push_back(HolderOf(seat));
      }
      break;
    default:
      break;
  }
  return waiting;
}

Waiting WaitingOf(const casework::v1::Signal& about) {
  Waiting waiting;
  const bool asked = about.state() == casework::v1::Signal::ONSITE_CHECK &&
                     about.onsite_check().result() == casework::v1::Signal::OnsiteCheck::RESULT_UNSPECIFIED;
  if (asked) waiting.holders = {HolderOf(about.onsite_check().post())};
  return waiting;
}

Waiting WaitingOf(const patrol::v1::PatrolTask& about) {
  Waiting waiting;
  if (about.state() == patrol::v1::PatrolTask::ISSUED || about.state() == patrol::v1::PatrolTask::STARTED)
    waiting.holders = {HolderOf(about.post())};
  return waiting;
}

bool WaitsForAny(const Waiting& waiting, const std::vector<Uuid>& holders) {
  return std::any_of(holders.begin(), holders.end(), [&](const Uuid& holder) {
    return Contains(waiting.holders, holder) || (waiting.office && !Contains(waiting.named, holder));
  });
}

}  // namespace gridwarden::sync
