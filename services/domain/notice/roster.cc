#include "domain/notice/roster.h"

#include <algorithm>
#include <numeric>

#include "absl/strings/str_cat.h"

namespace gridwarden::domain {

Uuid Shift::Id() const {
  return Uuid::Derive(
      division,
      absl::StrCat("duty.", static_cast<int>(kind), post.IsNil() ? ".person." : ".post.", who().ToString(),
                   ".", absl::ToUnixMicros(time.from), ".", absl::ToUnixMicros(time.to)));
}

std::optional<std::pair<size_t, size_t>> FindOverlap(std::span<const Shift> shifts) {
  std::vector<size_t> order(shifts.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    if (shifts[a].who() != shifts[b].who()) return shifts[a].who() < shifts[b].who();
    return shifts[a].time.from < shifts[b].time.from;
  });
  for (size_t i = 1; i < order.size(); ++i) {
    const Shift& before = shifts[order[i - 1]];
    const Shift& after = shifts[order[i]];
    if (before.who() == after.who() && before.time.Overlaps(after.time))
      return std::pair(std::min(order[i - 1], order[i]), std::max(order[i - 1], order[i]));
  }
  return std::nullopt;
}

bool MayStandFor(const Ground& ground, const Shift& shift) {
  const auto stands = [&](const Post& post) {
    return ground.AnswersFor(shift.division, ground.DivisionOf(post), shift.time.from);
  };
  if (!shift.post.IsNil()) {
    const Post* post = ground.FindPost(shift.post);
    return post != nullptr && stands(*post);
  }
  const std::vector<Holding> holdings =
      ground.HoldingsOf(shift.person, shift.time.from, absl::InfiniteFuture());
  return std::any_of(holdings.begin(), holdings.end(),
                     [&](const Holding& held) { return stands(*held.post); });
}

Uuid PersonOf(const Ground& ground, const Shift& shift, absl::Time at) {
  if (shift.post.IsNil()) return shift.person;
  const Tenure* tenure = ground.HolderOf(shift.post, at, absl::InfiniteFuture());
  return tenure == nullptr ? Uuid() : tenure->person;
}

}  // namespace gridwarden::domain
