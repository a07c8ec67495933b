#include "intake/relocate_hotspots.h"

#include <condition_variable>
#include <mutex>
#include <thread>

#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "intake/hotspot_journal.h"
#include "intake/intake_service.h"
#include "intake/locate_hotspots.h"
#include "platform/journal/consumer.h"
#include "platform/journal/stage_all.h"
#include "platform/rpc/mutate.h"
#include "platform/runtime/log.h"

namespace gridwarden::intake {
namespace {

constexpr size_t kGoMax = 20'000;
constexpr int kPiece = 5'000;
// Other processes may note what is wanted: looked at this often without being told.
constexpr absl::Duration kLook = absl::Seconds(5);
constexpr absl::Duration kGoLimit = absl::Minutes(2);

// Does what is noted in hotspot_relocation.
class Relocator final : public Worker {
 public:
  explicit Relocator(const AreaContext& context) : context_(context) {}
  ~Relocator() override { Stop(); }

  void Start() override {
    thread_ = std::thread([this] { Loop(); });
  }
  void Stop() override {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    if (thread_.joinable()) thread_.join();
  }
  void Wake() {
    {
      const std::lock_guard lock(mutex_);
      woken_ = true;
    }
    wake_.notify_all();
  }

 private:
  void Loop() {
    std::unique_lock lock(mutex_);
    while (!stopping_) {
      lock.unlock();
      const absl::Status status = Go();
      lock.lock();
      if (!status.ok() && status != before_)
        Log(LogLevel::kWarning, "relocation_waits", {{"error", status.ToString()}});
      before_ = status;
      wake_.wait_for(lock, absl::ToChronoMilliseconds(kLook), [&] { return stopping_ || woken_; });
      woken_ = false;
    }
  }

  absl::Status Go() {
    Relocation relocation;
    GW_RETURN_IF_ERROR(
        context_.database.Read(absl::Now() + kGoLimit, [&](db::Transaction& tx) -> absl::Status {
          GW_ASSIGN_OR_RETURN(relocation, ReadRelocation(tx));
          return absl::OkStatus();
        }));
    if (relocation.done >= relocation.wanted || !context_.directory.loaded()) return absl::OkStatus();
    OutsideCursor from;
    int located = 0, looked_at = 0;
    for (bool more = true; more;) {
      const rpc::Call call = rpc::Call::System("intake.relocate", context_.clock.Now(), kGoLimit);
      GW_ASSIGN_OR_RETURN(const Relocatable found, FindRelocatable(context_, call, from));
      more = found.more;
      looked_at += found.looked_at;
      int saved = 0;
      GW_RETURN_IF_ERROR(
          context_.database.Run({.deadline = call.deadline}, [&](db::Transaction& tx) -> absl::Status {
            GW_ASSIGN_OR_RETURN(saved, SaveRelocated(tx, call, {}, "", found.located));
            return more ? absl::OkStatus() : SaveRelocation(tx, relocation.wanted);
          }));
      located += saved;
      const std::lock_guard lock(mutex_);
      if (stopping_) return absl::OkStatus();
    }
    Log(LogLevel::kInfo, "hotspots_located_again",
        {{"outside", absl::StrCat(looked_at)}, {"located", absl::StrCat(located)}});
    return absl::OkStatus();
  }

  const AreaContext& context_;
  std::mutex mutex_;  // guards stopping_ and woken_
  std::condition_variable wake_;
  bool stopping_ = false;
  bool woken_ = false;
  absl::Status before_;  // of the thread alone
  std::thread thread_;
};

// Notes that the ground changed; the relocator is woken when its transaction is through, or a moment before.
class Watch final : public Worker {
 public:
  Watch(const AreaContext& context, Relocator& relocator)
      : consumer_(journal::Consumer::InTransaction(
            context.database, context.channel("journal"), context.clock,
            {.name = "intake.outlines", .kinds = {"boundary", "point"}, .demo = context.demo},
            [&relocator](const rpc::Call&, db::Transaction& tx, const journal::FeedEntry& entry) {
              const absl::Status noted = WantRelocation(tx, entry.index + 1);
              relocator.Wake();
              return noted;
            })) {}
  void Start() override { consumer_->Start(); }
  void Stop() override { consumer_->Stop(); }

 private:
  std::unique_ptr<journal::Consumer> consumer_;
};

}  // namespace

absl::StatusOr<Relocatable> FindRelocatable(const AreaContext& context, const rpc::Call& call,
                                            OutsideCursor& from) {
  Relocatable found;
  while (found.located.size() < kGoMax) {
    std::vector<HotspotRecord> piece;
    GW_RETURN_IF_ERROR(context.database.Read(call.deadline, [&](db::Transaction& tx) -> absl::Status {
      GW_ASSIGN_OR_RETURN(piece, ReadOutside(tx, from.acquired, from.id, kPiece));
      return absl::OkStatus();
    }));
    if (piece.empty()) return found;
    from = {piece.back().row.acquired, piece.back().id};
    found.looked_at += static_cast<int>(piece.size());
    GW_RETURN_IF_ERROR(LocateHotspots(context, call, piece));
    for (HotspotRecord& record : piece) {
      if (record.state == v1::Hotspot::LOCATED) found.located.push_back(std::move(record));
    }
    if (piece.size() < static_cast<size_t>(kPiece)) return found;
  }
  found.more = true;
  return found;
}

absl::StatusOr<int> SaveRelocated(db::Transaction& tx, const rpc::Call& call, const access::Acting& acting,
                                  const std::string& request_id, const std::vector<HotspotRecord>& located) {
  if (located.empty()) return 0;
  GW_RETURN_IF_ERROR(PassGate(tx));
  std::vector<Uuid> ids;
  for (const HotspotRecord& record : located) ids.push_back(record.id);
  GW_ASSIGN_OR_RETURN(const auto outside, LockOutside(tx, ids));
  std::vector<journal::Sealed> entries;
  for (const HotspotRecord& found : located) {
    const auto still = outside.find(found.id);
    if (still == outside.end()) continue;
    HotspotRecord record = still->second;
    record.state = found.state;
    record.division = found.division;
    record.city = found.city;
    record.ground_path = found.ground_path;
    record.place_confidence = found.place_confidence;
    record.place_basis = found.place_basis;
    // The one it replaced lay outside as well, or is a signal under the same key: then that one stands.
    record.signal_stands = false;
    GW_ASSIGN_OR_RETURN(journal::Sealed sealed, SealHotspot(call, acting, request_id, record));
    entries.push_back(std::move(sealed));
    GW_RETURN_IF_ERROR(SaveLocated(tx, record));
  }
  GW_RETURN_IF_ERROR(journal::StageAll(tx, entries));
  return static_cast<int>(entries.size());
}

std::vector<std::unique_ptr<Worker>> RelocationWorkers(const AreaContext& context) {
  auto relocator = std::make_unique<Relocator>(context);
  auto watch = std::make_unique<Watch>(context, *relocator);
  std::vector<std::unique_ptr<Worker>> workers;
  workers.push_back(std::move(watch));  // stopped and gone first, for it wakes the other
  workers.push_back(std::move(relocator));
  return workers;
}

absl::StatusOr<v1::RelocateHotspotsResponse> RelocateHotspots(const AreaContext& context,
                                                              const rpc::Call& call,
                                                              const v1::RelocateHotspotsRequest& request) {
  GW_ASSIGN_OR_RETURN(const access::Acting acting,
                      access::AllowAt(*context.directory.ground(), call, Uuid()));
  GW_RETURN_IF_ERROR(rpc::RequestId(request.request_id()).status());
  OutsideCursor from;
  GW_ASSIGN_OR_RETURN(const Relocatable found, FindRelocatable(context, call, from));
  return rpc::Mutate<v1::RelocateHotspotsResponse>(
      context.database, call, request,
      [&](db::Transaction& tx) -> absl::StatusOr<v1::RelocateHotspotsResponse> {
        GW_ASSIGN_OR_RETURN(const int located,
                            SaveRelocated(tx, call, acting, request.request_id(), found.located));
        v1::RelocateHotspotsResponse response;
        response.set_outside(found.looked_at);
        response.set_located(located);
        response.set_more(found.more);
        return response;
      });
}

}  // namespace gridwarden::intake
