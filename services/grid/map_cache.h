#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "domain/ground/ground.h"
#include "grid/boundary_cache.h"
#include "gridwarden/grid/v1/grid_service.pb.h"

namespace gridwarden::grid {

// Maps as they were made, as long as ground and outlines are the same. May be used on several threads; two
// that lack the same map at once both make it.
class MapCache {
 public:
  using Map = std::shared_ptr<const v1::GridMap>;

  // The map by that key of this ground and these outlines; `make` makes it where there is none.
  Map Get(const std::shared_ptr<const domain::Ground>& ground,
          const std::shared_ptr<const Outlines>& outlines, const std::string& key,
          const std::function<v1::GridMap()>& make);

 private:
  std::mutex mutex_;  // guards all below
  std::shared_ptr<const domain::Ground> ground_;
  std::shared_ptr<const Outlines> outlines_;
  std::map<std::string, Map> maps_;
};

}  // namespace gridwarden::grid
