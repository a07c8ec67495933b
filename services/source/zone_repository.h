#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "domain/geo/datum.h"
#include "gridwarden/source/v1/zone_service.pb.h"
#include "platform/db/database.h"
#include "platform/journal/stage.h"

// The SQL of zones.
namespace gridwarden::source {

inline constexpr std::string_view kOpenEnd = "9999-12-31";

struct ZoneFile {
  Uuid id;
  v1::Zone zone;  // name and etag unset; rings only where they were asked for
  std::vector<Uuid> divisions;
  absl::Time created;
  journal::Subject subject;
};

// zones/{uuid}. NOT_FOUND if there is none.
absl::StatusOr<ZoneFile> LockZone(db::Transaction& tx, std::string_view name);
absl::StatusOr<ZoneFile> ReadZone(db::Transaction& tx, std::string_view name);  // with its corners
absl::Status InsertZone(db::Transaction& tx, const ZoneFile& file);
absl::Status SaveZoneEnd(db::Transaction& tx, const ZoneFile& file);

// Newest first, after `after` when it is not null; `day` "" = whenever they hold.
struct ZoneKey {
  int64_t time_us = 0;
  Uuid id;
};
absl::StatusOr<std::vector<ZoneFile>> ListZoneFiles(db::Transaction& tx, const std::vector<int>& kinds,
                                                    const std::string& day, const ZoneKey* after, int limit);
// Those that hold on the day and whose list names one of the divisions.
absl::StatusOr<std::vector<ZoneFile>> ZonesOfDivisions(db::Transaction& tx,
                                                       const std::vector<Uuid>& divisions,
                                                       const std::string& day);
// Those that hold on the day and whose box contains the point, with their corners.
absl::StatusOr<std::vector<ZoneFile>> ZonesAround(db::Transaction& tx, const domain::Point& point,
                                                  const std::string& day);

}  // namespace gridwarden::source
