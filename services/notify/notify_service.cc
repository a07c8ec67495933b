#include "notify/notify_service.h"

#include <atomic>
#include <functional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "notify/delivery_worker.h"
#include "notify/digest_worker.h"
#include "notify/inbox_channel.h"
#include "notify/notices_of_feed.h"
#include "notify/notify.h"
#include "notify/tell.h"
#include "notify/webhook_channel.h"
#include "platform/journal/consumer.h"

namespace gridwarden::notify {
namespace {

template <typename Request, typename Response>
void Add(rpc::Registry& registry, const AreaContext& context, std::string_view name,
         absl::StatusOr<Response> (*body)(const AreaContext&, const rpc::Call&, const Request&)) {
  registry.Add<Request, Response>(absl::StrCat("gridwarden.notify.v1.NotifyService/", std::string(name)),
                                  [&context, body](const rpc::Call& call, const Request& request) {
                                    return body(context, call, request);
                                  });
}

// What time it is for deliveries: in a demo, whose entries carry times of their own, that of the newest
// entry.
class Now {
 public:
  explicit Now(const AreaContext& context) : context_(context) {}
  absl::Time operator()() const {
    return context_.demo ? absl::FromUnixMicros(newest_us_.load()) : context_.clock.Now();
  }
  void Saw(absl::Time at) {
    int64_t before = newest_us_.load();
    const int64_t us = absl::ToUnixMicros(at);
    while (before < us && !newest_us_.compare_exchange_weak(before, us)) {
    }
  }

 private:
  const AreaContext& context_;
  std::atomic<int64_t> newest_us_{0};
};

}  // namespace

std::vector<std::unique_ptr<Worker>> Install(const AreaContext& context, rpc::Registry& registry) {
  Add(registry, context, "ListNotices", ListNotices);
  Add(registry, context, "GetUnreadCount", GetUnreadCount);
  Add(registry, context, "MarkRead", MarkRead);
  Add(registry, context, "MarkAllRead", MarkAllRead);
  Add(registry, context, "MarkUnread", MarkUnread);
  Add(registry, context, "GetNoticeSettings", GetNoticeSettings);
  Add(registry, context, "SetNoticeSettings", SetNoticeSettings);
  Add(registry, context, "ListDeliveries", ListDeliveries);
  Add(registry, context, "RetryDeliveries", RetryDeliveries);
  Add(registry, context, "SetDutyShifts", SetDutyShifts);
  Add(registry, context, "ListDutyShifts", ListDutyShifts);
  Add(registry, context, "WhoIsOnDuty", WhoIsOnDuty);

  const auto now = std::make_shared<Now>(context);
  const auto time = [now] { return (*now)(); };
  std::vector<std::unique_ptr<Worker>> workers;
  workers.push_back(journal::Consumer::InTransaction(
      context.database, context.channel("journal"), context.clock,
      {.name = "notify.feed", .kinds = KindsOfFeed(), .demo = context.demo},
      [&context, now](const rpc::Call& call, db::Transaction& tx, const journal::FeedEntry& entry) {
        now->Saw(entry.received());
        return TellOfEntry(context, call, tx, entry);
      }));
  workers.push_back(std::make_unique<DeliveryWorker>(context, std::make_unique<InboxChannel>(), time));
  if (context.webhook != nullptr) {
    workers.push_back(std::make_unique<DeliveryWorker>(
        context, std::make_unique<WebhookChannel>(context.webhook, context.policy, context.directory), time));
  }
  workers.push_back(std::make_unique<DigestWorker>(context, time));
  return workers;
}

}  // namespace gridwarden::notify
