#pragma once

#include <memory>
#include <mutex>

#include "absl/status/statusor.h"
#include "access/ground_records.h"
#include "domain/ground/ground.h"
#include "platform/db/database.h"

// The grid area's own view of the ground, never older than the last commit: other processes may lag a second
// behind, the area that owns the tables may not.
namespace gridwarden::grid {

class GroundCache {
 public:
  explicit GroundCache(db::Database& database) : database_(database) {}

  // Asks the database for the newest revision and fetches what is missing. UNAVAILABLE when the database is
  // away.
  absl::StatusOr<std::shared_ptr<const domain::Ground>> Fresh(absl::Time deadline);

 private:
  db::Database& database_;
  std::mutex mutex_;  // guards everything below; held while fetching, so that a change is fetched once
  access::GroundRecords records_;
  std::shared_ptr<const domain::Ground> ground_;
};

}  // namespace gridwarden::grid
