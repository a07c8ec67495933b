#include "grid/map_cache.h"

#include <utility>

namespace gridwarden::grid {
namespace {

// A county's map is some 100 KB.
constexpr size_t kMapsMax = 500;

}  // namespace

MapCache::Map MapCache::Get(const std::shared_ptr<const domain::Ground>& ground,
                            const std::shared_ptr<const Outlines>& outlines, const std::string& key,
                            const std::function<v1::GridMap()>& make) {
  {
    const std::lock_guard lock(mutex_);
    if (ground != ground_ || outlines != outlines_) {
      maps_.clear();
      ground_ = ground;
      outlines_ = outlines;
    }
    if (const auto found = maps_.find(key); found != maps_.end()) return found->second;
  }
  auto map = std::make_shared<const v1::GridMap>(make());
  const std::lock_guard lock(mutex_);
  if (maps_.size() >= kMapsMax) maps_.clear();
  if (ground == ground_ && outlines == outlines_) maps_[key] = map;
  return map;
}

}  // namespace gridwarden::grid
