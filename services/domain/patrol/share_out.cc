#include "domain/patrol/share_out.h"

#include <algorithm>
#include <numeric>
#include <tuple>

namespace gridwarden::domain {
namespace {

// How many tasks each hand gets: one after the other to whoever has least.
std::vector<int> RoomOf(std::span<const Hand> hands, size_t tasks) {
  std::vector<int> order(hands.size());
  std::iota(order.begin(), order.end(), 0);
  std::vector<int> room(hands.size());
  const auto less = [&](int a, int b) {
    return std::tuple(hands[a].day_load + room[a], hands[a].open_load, hands[a].person) <
           std::tuple(hands[b].day_load + room[b], hands[b].open_load, hands[b].person);
  };
  for (size_t i = 0; i < tasks; ++i) ++room[*std::min_element(order.begin(), order.end(), less)];
  return room;
}

}  // namespace

std::vector<int> ShareOut(std::span<const Hand> hands, std::span<const Uuid> saw_last) {
  std::vector<int> given(saw_last.size(), -1);
  if (hands.empty()) return given;
  const int count = static_cast<int>(hands.size());
  std::vector<int> room = RoomOf(hands, saw_last.size());
  for (size_t task = 0; task < given.size(); ++task) {
    int best = -1;
    for (int hand = 0; hand < count; ++hand) {
      if (room[hand] == 0) continue;
      const auto rank = [&](int h) { return std::pair(hands[h].person == saw_last[task], -room[h]); };
      if (best < 0 || rank(hand) < rank(best)) best = hand;
    }
    given[task] = best;
    --room[best];
    if (hands[best].person != saw_last[task]) continue;
    // Only he has room: somebody who may do it changes places with him, if his task is none he saw last.
    for (size_t other = 0; other < task; ++other) {
      if (given[other] == best || saw_last[other] == hands[best].person) continue;
      std::swap(given[task], given[other]);
      break;
    }
  }
  return given;
}

}  // namespace gridwarden::domain
