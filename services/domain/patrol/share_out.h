#pragma once

#include <span>
#include <vector>

#include "base/id.h"

// One day's tasks of one division, shared out among the people who may do them.
namespace gridwarden::domain {

struct Hand {
  Uuid person;
  int day_load = 0;   // tasks he has that day already
  int open_load = 0;  // and altogether
};

// For each task the index of its hand, or -1 when there are none. Loads of the day end up as equal as they
// can; who has one more than another had fewer open tasks. `saw_last` is who saw the target of each task last
// (nil = nobody): he gets it again only when every way of sharing out these loads would give somebody
// a target he saw last.
std::vector<int> ShareOut(std::span<const Hand> hands, std::span<const Uuid> saw_last);

}  // namespace gridwarden::domain
