#pragma once

#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/id.h"
#include "domain/ground/ground.h"

// Who is on duty (值班).
namespace gridwarden::domain {

// Values equal those of notify.v1.DutyShift.Kind.
enum class DutyKind : uint8_t { kUnspecified, kCentre, kField };

struct Shift {
  Uuid division;
  DutyKind kind = DutyKind::kUnspecified;
  Uuid post;  // exactly one of post and person
  Uuid person;
  Interval time;

  const Uuid& who() const { return post.IsNil() ? person : post; }
  // The same division, kind, post or person and time always give the same id.
  Uuid Id() const;
};

inline constexpr absl::Duration kShiftMax = absl::Hours(24);

// Two shifts of one post or person that overlap, of whichever kind: nobody sits at the centre and is out in
// the field at once. By position; none when there are none. Shifts that touch do not overlap.
std::optional<std::pair<size_t, size_t>> FindOverlap(std::span<const Shift> shifts);

// Whether a post or person may be planned for a division: it stands, or somebody's post stands, at the
// division or below it at that time, as known today.
bool MayStandFor(const Ground& ground, const Shift& shift);

// Who is on duty: the person, or whoever holds the post at `at`; nil while it is vacant.
Uuid PersonOf(const Ground& ground, const Shift& shift, absl::Time at);

}  // namespace gridwarden::domain
