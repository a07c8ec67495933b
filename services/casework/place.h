#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "casework/case_file.h"
#include "casework/casework.h"
#include "domain/ground/ground.h"

// Which ground something happened on.
namespace gridwarden::casework {

struct Located {
  Place place;
  double confidence = 1;  // 1 when the division was named, else how sure the polygons are
};

// The place of a division of the ground as it stood at the event, with a point when there is one.
Place PlaceAt(const domain::Ground& ground, const Uuid& division, std::optional<type::v1::Position> position,
              absl::Time event_time);

// Finds the place from the division as spelled or, when none is given, from the point by the grid area's
// polygons: the division that held the ground at the event. INVALID_FIELD for an unknown division or when
// neither is given, DIVISION_ENDED or DIVISION_NOT_YET with the candidates when the one named did not exist
// then and several could be meant, POSITION_OUT_OF_AREA when no polygon holds the point. Calls another area:
// never inside a transaction.
absl::StatusOr<Located> Locate(const Casework& casework, const rpc::Call& call, const domain::Ground& ground,
                               std::string_view division, const std::optional<type::v1::Position>& position,
                               absl::Time event_time);

// The county that the ground of a division lies in at `at`; the city where there are no counties; the
// division itself above that.
Uuid CountyOf(const domain::Ground& ground, const Uuid& division, absl::Time at);
// The code that stands before a case number: the first six digits of the county's code at `at`.
std::string CountyCode(const domain::Ground& ground, const Uuid& division, absl::Time at);

}  // namespace gridwarden::casework
