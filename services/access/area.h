#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "access/directory.h"
#include "base/clock.h"
#include "domain/policy/policy.h"
#include "platform/db/database.h"
#include "platform/rpc/channel.h"
#include "platform/rpc/registry.h"
#include "platform/runtime/worker.h"

// What every area is given at start, and what it gives back. services/server/modules.cc is the only caller.
namespace gridwarden {

namespace media {
class ObjectStore;
}
namespace notify {
struct Webhook;
}

struct AreaContext {
  db::Database& database;
  access::Directory& directory;
  const Clock& clock;
  std::shared_ptr<const domain::Policy> policy;
  // Reaches another area: channel("grid").
  std::function<rpc::Channel&(std::string_view area)> channel;
  std::string data_dir;  // photos, the log's key
  bool demo = false;
  // Where the bytes of photos are kept; null: in data_dir.
  std::shared_ptr<media::ObjectStore> photos;
  // Where notices go besides the inbox; null: nowhere.
  std::shared_ptr<const notify::Webhook> webhook;
};

// An area: registers its rpcs, answers its workers. Each area has one function of this shape,
// e.g. gridwarden::grid::Install in services/grid/grid_service.h.
using InstallArea = std::vector<std::unique_ptr<Worker>> (*)(const AreaContext& context,
                                                             rpc::Registry& registry);

}  // namespace gridwarden
