#include "domain/workflow/routing.h"

#include <algorithm>

#include "domain/clock/stage_clock.h"

namespace gridwarden::domain {
namespace {

constexpr int kParentsMax = 8;

// The category, its parents, "*": from the particular to the general.
std::vector<std::string> FromParticular(const Policy& policy, const std::string& category) {
  std::vector<std::string> codes;
  std::string code = category;
  for (int i = 0; i < kParentsMax && !code.empty(); ++i) {
    codes.push_back(code);
    const Category* found = policy.FindCategory(code);
    code = found == nullptr ? "" : found->parent;
  }
  codes.push_back("*");
  return codes;
}

std::vector<const Division*> ChainOf(const Ground& ground, const RoutingQuestion& question) {
  std::vector<const Division*> chain =
      ground.AncestorsAt(question.division, question.at, absl::InfiniteFuture());
  return chain.empty() ? ground.AncestorsOf(question.division) : chain;
}

bool HoldsHere(const DutyItem& item, const std::vector<const Division*>& chain, absl::Time at) {
  const std::string day = absl::FormatCivilTime(absl::ToCivilDay(at, CalendarZone()));
  if (day < item.valid_from || (!item.valid_to.empty() && day >= item.valid_to)) return false;
  if (item.code_prefix.empty()) return true;
  return std::any_of(chain.begin(), chain.end(), [&](const Division* division) {
    return std::any_of(division->codes.begin(), division->codes.end(), [&](const DivisionCode& code) {
      return code.valid.Contains(at) && code.code.starts_with(item.code_prefix);
    });
  });
}

bool Among(const std::vector<const Division*>& chain, const Uuid& division) {
  return std::any_of(chain.begin(), chain.end(), [&](const Division* one) { return one->id == division; });
}

template <typename T>
bool Has(const std::vector<T>& values, const T& value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

bool IsOneOf(const DutyList& list, const Unit& unit, const std::vector<std::string>& bodies) {
  return std::any_of(bodies.begin(), bodies.end(), [&](const std::string& body) {
    return list.IsCalled(unit.display_name, body) ||
           std::any_of(unit.aliases.begin(), unit.aliases.end(),
                       [&](const std::string& alias) { return list.IsCalled(alias, body); });
  });
}

bool PostIsHeld(const Ground& ground, const Uuid& post, absl::Time now) {
  return ground.HolderOf(post, now, absl::InfiniteFuture()) != nullptr;
}

// The bearers that the chain has, nearest first.
std::vector<Bearer> BearersOn(const Ground& ground, const DutyList& list, const DutyBearer& bearer,
                              const std::vector<const Division*>& chain, absl::Time now) {
  std::vector<Bearer> out;
  for (const Division* division : chain) {
    if (!bearer.posts.empty() && Has(bearer.levels, division->level)) {
      for (const Post* post : ground.PostsAt(division->id)) {
        if (!Has(bearer.posts, post->kind) || !ground.PostExisted(*post, now, absl::InfiniteFuture()))
          continue;
        out.push_back({post->id, false, PostIsHeld(ground, post->id, now)});
      }
    }
    if (bearer.units.empty()) continue;
    for (const Unit& unit : ground.units()) {
      if (unit.division != division->id || !IsOneOf(list, unit, bearer.units)) continue;
      const std::vector<const Post*> posts = ground.PostsOfUnit(unit.id);
      const bool held = std::any_of(posts.begin(), posts.end(),
                                    [&](const Post* post) { return PostIsHeld(ground, post->id, now); });
      out.push_back({unit.id, true, held});
    }
  }
  return out;
}

// Whether the bearer means this unit or post on this chain. A post of a unit acts for the unit. A grid below
// the case's own division is of that ground too.
bool Names(const Ground& ground, const DutyList& list, const DutyBearer& bearer,
           const RoutingQuestion& question, const std::vector<const Division*>& chain, const Uuid& handler,
           bool is_unit) {
  const Post* post = is_unit ? nullptr : ground.FindPost(handler);
  if (!is_unit && post == nullptr) return false;
  const Uuid unit_id = is_unit ? handler : post->unit;
  if (const Unit* unit = unit_id.IsNil() ? nullptr : ground.FindUnit(unit_id); unit != nullptr) {
    return Among(chain, unit->division) && IsOneOf(list, *unit, bearer.units);
  }
  if (post == nullptr || !Has(bearer.posts, post->kind)) return false;
  const Division* division = ground.FindDivision(post->division);
  if (division == nullptr || !Has(bearer.levels, division->level)) return false;
  return Among(chain, division->id) || ground.IsWithin(division->id, question.division);
}

}  // namespace

std::vector<const DutyItem*> ItemsFor(const Policy& policy, const Ground& ground,
                                      const RoutingQuestion& question) {
  std::vector<const DutyItem*> items;
  if (policy.duty_list == nullptr) return items;
  const std::vector<const Division*> chain = ChainOf(ground, question);
  for (const std::string& code : FromParticular(policy, question.category)) {
    for (const DutyItem& item : policy.duty_list->items) {
      if (Has(item.categories, code) && !Has<const DutyItem*>(items, &item) &&
          HoldsHere(item, chain, question.at))
        items.push_back(&item);
    }
  }
  return items;
}

std::vector<Route> RoutesFor(const Policy& policy, const Ground& ground, const RoutingQuestion& question,
                             absl::Time now) {
  std::vector<Route> routes;
  const std::vector<const Division*> chain = ChainOf(ground, question);
  for (const DutyItem* item : ItemsFor(policy, ground, question)) {
    Route route{.item = item, .leads = BearersOn(ground, *policy.duty_list, item->lead, chain, now)};
    for (const DutyBearer& bearer : item->cooperate) {
      for (const Bearer& one : BearersOn(ground, *policy.duty_list, bearer, chain, now)) {
        if (one.is_unit) route.cooperators.push_back(one);
      }
    }
    routes.push_back(std::move(route));
  }
  return routes;
}

const DutyItem* ItemOfLead(const Policy& policy, const Ground& ground, const RoutingQuestion& question,
                           const Uuid& handler, bool is_unit) {
  const std::vector<const Division*> chain = ChainOf(ground, question);
  const DutyItem* names = nullptr;
  for (const DutyItem* item : ItemsFor(policy, ground, question)) {
    if (!Names(ground, *policy.duty_list, item->lead, question, chain, handler, is_unit)) continue;
    if (item->kind == DutyItem::Kind::kTakenBack) return nullptr;
    if (names == nullptr && item->kind == DutyItem::Kind::kBasic) names = item;
  }
  return names;
}

bool LeadsBy(const Policy& policy, const Ground& ground, const RoutingQuestion& question,
             std::string_view item_id, const Uuid& handler, bool is_unit) {
  const std::vector<const Division*> chain = ChainOf(ground, question);
  for (const DutyItem* item : ItemsFor(policy, ground, question)) {
    if (item->id == item_id) {
      return item->kind == DutyItem::Kind::kBasic &&
             Names(ground, *policy.duty_list, item->lead, question, chain, handler, is_unit);
    }
  }
  return false;
}

}  // namespace gridwarden::domain
