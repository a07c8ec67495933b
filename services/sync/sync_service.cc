#include "sync/sync_service.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "platform/journal/consumer.h"
#include "sync/change_fold.h"
#include "sync/gap_worker.h"
#include "sync/numbers.h"
#include "sync/phone_watch.h"
#include "sync/pull.h"
#include "sync/sync.h"

namespace gridwarden::sync {
namespace {

// `name` is "Service/Rpc" of the area's package.
template <typename Request, typename Response>
void Add(rpc::Registry& registry, const std::shared_ptr<const Sync>& sync, std::string_view name,
         absl::StatusOr<Response> (*body)(const Sync&, const rpc::Call&, const Request&)) {
  registry.Add<Request, Response>(
      absl::StrCat("gridwarden.sync.v1.", std::string(name)),
      [sync, body](const rpc::Call& call, const Request& request) { return body(*sync, call, request); });
}

// Folds what phones have to be told. The name is the key of its cursor and is never changed.
std::unique_ptr<Worker> FollowChanges(const AreaContext& context, const std::shared_ptr<const Sync>& sync) {
  return journal::Consumer::InTransaction(
      context.database, context.channel("journal"), context.clock,
      {.name = std::string(kChangesConsumer), .kinds = KindsOfChanges(), .demo = context.demo},
      [sync](const rpc::Call&, db::Transaction& tx, const journal::FeedEntry& entry) -> absl::Status {
        if (!sync->directory.loaded()) {
          return Unavailable("DATABASE_UNAVAILABLE", "the ground is not loaded yet", absl::Seconds(1));
        }
        return FoldChange(*sync->directory.ground(), *sync->policy, tx, entry);
      });
}

}  // namespace

std::vector<std::unique_ptr<Worker>> Install(const AreaContext& context, rpc::Registry& registry) {
  const auto sync = std::make_shared<const Sync>(Sync{context.database, context.directory, context.clock,
                                                      context.policy, context.channel, context.demo,
                                                      std::make_shared<KeyRing>(context.data_dir)});
  Add(registry, sync, "DeviceService/RegisterDevice", RegisterDevice);
  Add(registry, sync, "DeviceService/GetDevice", GetDevice);
  Add(registry, sync, "DeviceService/ListDevices", ListDevices);
  Add(registry, sync, "DeviceService/RevokeDevice", RevokeDevice);
  Add(registry, sync, "DeviceService/CountDevices", CountDevices);
  Add(registry, sync, "DeviceService/GetSyncKey", GetSyncKey);
  Add(registry, sync, "DeviceService/ListOperations", ListOperations);
  Add(registry, sync, "DeviceService/GetOperation", GetOperation);
  Add(registry, sync, "SyncService/Push", Push);
  Add(registry, sync, "SyncService/Pull", Pull);
  Add(registry, sync, "SyncService/RecordObservation", RecordObservation);
  Add(registry, sync, "SyncService/ListObservations", ListObservations);

  ShowNumbers();
  std::vector<std::unique_ptr<Worker>> workers;
  workers.push_back(FollowChanges(context, sync));
  workers.push_back(std::make_unique<GapWorker>(sync));
  workers.push_back(std::make_unique<PhoneWatch>(context.database, context.clock));
  return workers;
}

}  // namespace gridwarden::sync
