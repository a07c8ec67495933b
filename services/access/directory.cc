#include "access/directory.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/time/clock.h"
#include "access/ground_records.h"
#include "base/status.h"
#include "gridwarden/grid/v1/grid_service.pb.h"
#include "gridwarden/identity/v1/identity_service.pb.h"
#include "platform/rpc/call.h"
#include "platform/runtime/instruments.h"

namespace gridwarden::access {
namespace {

constexpr std::string_view kGetGround = "gridwarden.grid.v1.GridInternalService/GetGround";
constexpr std::string_view kGetAccess = "gridwarden.identity.v1.IdentityInternalService/GetAccess";
constexpr auto kRefreshInterval = std::chrono::milliseconds(1000);
// A province's ground takes a while to build anew: a quarter of the time at most goes into it, and a removal
// still acts within 5 s.
constexpr int kRestOfBuilds = 3;
constexpr auto kRefreshIntervalMax = std::chrono::milliseconds(3000);
// Until there is a first snapshot: a process that starts waits for nothing else.
constexpr auto kFirstInterval = std::chrono::milliseconds(100);
constexpr char kRevision[] = "gridwarden_directory_revision";
constexpr char kRevisionHelp[] =
    "Revision of what this process knows of divisions and posts, and of accounts.";
constexpr absl::Duration kRefreshTimeout = absl::Seconds(10);
// Sessions that ended are only of interest while their access tokens live (10 min); asking for everything
// again now and then lets the set shrink.
constexpr absl::Duration kAccessRebuildInterval = absl::Minutes(20);

absl::Status ApplyAccess(const identity::v1::GetAccessResponse& changes, AccessState& state) {
  for (const identity::v1::Account& message : changes.accounts()) {
    GW_ASSIGN_OR_RETURN(const Uuid id, ParseResourceName("accounts", message.name()));
    GW_ASSIGN_OR_RETURN(const Uuid person, ParseResourceName("persons", message.person(), "person"));
    state.accounts[id] = {
        .person = person, .administrator = message.administrator(), .disabled = message.disabled()};
  }
  for (const std::string& text : changes.ended_sessions()) {
    const std::optional<Uuid> session = Uuid::Parse(text);
    if (!session) return Internal("the identity area sent a session that is no id");
    state.ended_sessions.insert(*session);
  }
  for (const auto& [key, public_key] : changes.token_keys()) state.token_keys[key] = public_key;
  return absl::OkStatus();
}

}  // namespace

// Where the snapshots come from and how far they have come.
struct Directory::Source {
  rpc::Channel& grid;
  rpc::Channel& identity;
  std::mutex refreshing;  // one refresh at a time; guards everything below
  GroundRecords records;
  bool ground_loaded = false;
  int64_t access_revision = 0;
  absl::Time access_rebuilt = absl::InfinitePast();
  bool access_loaded = false;
};

Directory::Directory(rpc::Channel& grid, rpc::Channel& identity)
    : source_(new Source{.grid = grid, .identity = identity}),
      ground_(std::make_shared<const domain::Ground>()),
      access_(std::make_shared<const AccessState>()) {}

Directory::Directory(std::shared_ptr<const domain::Ground> ground, std::shared_ptr<const AccessState> access)
    : ground_(std::move(ground)), access_(std::move(access)), loaded_(true) {}

Directory::~Directory() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

absl::Status Directory::Refresh() {
  if (source_ == nullptr) return absl::OkStatus();
  const std::lock_guard<std::mutex> lock(source_->refreshing);
  // Both are tried, so that one area being away does not make the other stale.
  const absl::Status ground = RefreshGround();
  const absl::Status access = RefreshAccess();
  GW_RETURN_IF_ERROR(ground);
  GW_RETURN_IF_ERROR(access);
  static Gauge refreshed("gridwarden_directory_refreshed_timestamp_seconds",
                         "When divisions, posts and accounts were last known to be current, Unix time.");
  static Gauge ground_revision(kRevision, kRevisionHelp, {{"part", "ground"}});
  static Gauge access_revision(kRevision, kRevisionHelp, {{"part", "access"}});
  refreshed.SetToNow();
  ground_revision.Set(static_cast<double>(source_->records.revision()));
  access_revision.Set(static_cast<double>(source_->access_revision));
  const std::lock_guard<std::mutex> state(mutex_);
  loaded_ = true;
  return absl::OkStatus();
}

absl::Status Directory::RefreshGround() {
  const int64_t before = source_->records.revision();
  bool complete = false;
  while (!complete) {
    const rpc::Call call = rpc::Call::System(kGetGround, absl::Now(), kRefreshTimeout);
    grid::v1::GetGroundRequest request;
    request.set_after_revision(source_->records.revision());
    GW_ASSIGN_OR_RETURN(const grid::v1::GetGroundResponse changes,
                        rpc::Send<grid::v1::GetGroundResponse>(source_->grid, call, kGetGround, request));
    if (!changes.complete() && changes.revision() <= source_->records.revision()) {
      return Internal("the grid area answers without getting on");
    }
    GW_RETURN_IF_ERROR(source_->records.Apply(changes));
    complete = changes.complete();
  }
  if (source_->records.revision() == before && source_->ground_loaded) return absl::OkStatus();
  std::shared_ptr<const domain::Ground> ground = source_->records.Build();
  source_->ground_loaded = true;
  const std::lock_guard<std::mutex> state(mutex_);
  ground_.swap(ground);  // the old value goes when its last reader lets it
  return absl::OkStatus();
}

absl::Status Directory::RefreshAccess() {
  const absl::Time now = absl::Now();
  const bool rebuild = now - source_->access_rebuilt > kAccessRebuildInterval;
  const rpc::Call call = rpc::Call::System(kGetAccess, now, kRefreshTimeout);
  identity::v1::GetAccessRequest request;
  request.set_after_revision(rebuild ? 0 : source_->access_revision);
  GW_ASSIGN_OR_RETURN(
      const identity::v1::GetAccessResponse changes,
      rpc::Send<identity::v1::GetAccessResponse>(source_->identity, call, kGetAccess, request));
  const bool same = changes.accounts().empty() && changes.ended_sessions().empty() &&
                    changes.revision() == source_->access_revision;
  auto next = std::make_shared<AccessState>();
  if (!rebuild) *next = *access();
  if (same && !rebuild && changes.token_keys_size() == static_cast<int>(next->token_keys.size()))
    return absl::OkStatus();
  GW_RETURN_IF_ERROR(ApplyAccess(changes, *next));
  source_->access_revision = changes.revision();
  if (rebuild) source_->access_rebuilt = now;
  const std::lock_guard<std::mutex> state(mutex_);
  access_ = std::move(next);
  return absl::OkStatus();
}

void Directory::Start() {
  if (source_ == nullptr || thread_.joinable()) return;
  thread_ = std::thread([this] {
    std::unique_lock<std::mutex> lock(mutex_);
    while (!stopping_) {
      lock.unlock();
      // An area that is away keeps the last snapshot in force; the next second tries again.
      const auto began = std::chrono::steady_clock::now();
      Refresh().IgnoreError();
      const auto took =
          std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began);
      const auto rest = std::clamp(kRestOfBuilds * took, kRefreshInterval, kRefreshIntervalMax);
      lock.lock();
      wake_.wait_for(lock, loaded_ ? rest : kFirstInterval, [this] { return stopping_; });
    }
  });
}

bool Directory::loaded() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return loaded_;
}

std::shared_ptr<const domain::Ground> Directory::ground() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return ground_;
}

std::shared_ptr<const AccessState> Directory::access() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return access_;
}

}  // namespace gridwarden::access
