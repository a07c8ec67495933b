#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

#include "absl/status/statusor.h"
#include "domain/ground/ground.h"
#include "grid/boundary_index.h"
#include "grid/point_index.h"
#include "platform/db/database.h"

// The index of all outlines and known points: one immutable value, built anew beside the old one when
// something has changed and put in its place as a whole. Nobody who asks waits for that.
namespace gridwarden::grid {

struct Outlines {
  Outlines(std::vector<IndexedBoundary> of, std::vector<KnownPoint> known, int64_t newest)
      : boundaries(std::move(of)), points(std::move(known)), revision(newest) {}
  const BoundaryIndex boundaries;
  const PointIndex points;
  const int64_t revision;  // of the newest change in it
};

class BoundaryCache {
 public:
  explicit BoundaryCache(db::Database& database) : database_(database) {}
  ~BoundaryCache();  // stops and joins the thread that builds

  enum class Wait { kForTheFirst, kForTheNewest };
  // The outlines at hand; where the database has newer ones, their building begins and is waited for only
  // when asked, or when there are none yet. UNAVAILABLE when the database is away, DEADLINE_EXCEEDED.
  absl::StatusOr<std::shared_ptr<const Outlines>> Get(absl::Time deadline, Wait wait = Wait::kForTheFirst);

 private:
  void Build();
  // Reads what changed after the last time. Only the building thread calls these.
  absl::Status Fetch();
  std::shared_ptr<const Outlines> Index() const;

  db::Database& database_;
  std::mutex mutex_;  // guards everything down to thread_; held for moments only
  std::condition_variable changed_;
  int64_t wanted_ = 0;  // somebody saw this revision in the database
  int64_t tried_ = -1;  // the last revision that was built, or tried in vain
  uint64_t failures_ = 0;
  absl::Status failure_;
  bool stopping_ = false;
  std::shared_ptr<const Outlines> outlines_;
  std::thread thread_;

  // Of the building thread alone.
  struct Stored {
    BoundaryShape shape;
    domain::Level level = domain::Level::kUnspecified;
    absl::Time until;
  };
  int64_t read_boundaries_ = 0, read_points_ = 0;
  std::map<std::pair<Uuid, absl::Time>, Stored> shapes_;  // by division and since when
  std::map<std::pair<Uuid, std::string>, KnownPoint> points_;
};

}  // namespace gridwarden::grid
