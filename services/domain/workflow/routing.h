#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "domain/ground/ground.h"
#include "domain/policy/duty_list.h"
#include "domain/policy/policy.h"

// Type x place x date -> who leads and who cooperates, with the duty item it rests on (beyond.md B13).
namespace gridwarden::domain {

// What is to be routed.
struct RoutingQuestion {
  std::string category;
  Uuid division;  // of the case
  absl::Time at;  // the event: the list as of then, the ground as of then, as known today
};

// A post or a unit that a duty item names on this ground.
struct Bearer {
  Uuid id;
  bool is_unit = false;
  bool held = false;  // somebody holds the post, or a post of the unit, now
};

struct Route {
  const DutyItem* item = nullptr;
  std::vector<Bearer> leads;        // nearest to the ground first; empty when the ground has none of them
  std::vector<Bearer> cooperators;  // units only
};

// The items that hold for the question: of the category itself before those of its parents before those for
// every category, each in the order of the list. TAKEN_BACK items are among them.
std::vector<const DutyItem*> ItemsFor(const Policy& policy, const Ground& ground,
                                      const RoutingQuestion& question);

// The same with the bearers that the ground has. `now` says who holds them.
std::vector<Route> RoutesFor(const Policy& policy, const Ground& ground, const RoutingQuestion& question,
                             absl::Time now);

// The item by which `handler` (a unit, or a post) leads; null when the list does not name it. What was taken
// back from a level is not its duty, whatever the general items say.
const DutyItem* ItemOfLead(const Policy& policy, const Ground& ground, const RoutingQuestion& question,
                           const Uuid& handler, bool is_unit);

// Whether the handler leads by this very item.
bool LeadsBy(const Policy& policy, const Ground& ground, const RoutingQuestion& question,
             std::string_view item_id, const Uuid& handler, bool is_unit);

}  // namespace gridwarden::domain
