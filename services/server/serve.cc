#include "server/serve.h"

#include <grpc/support/log.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "access/area.h"
#include "access/permission.h"
#include "access/token.h"
#include "base/clock.h"
#include "base/status.h"
#include "gateway/gateway.h"
#include "gateway/throttle.h"
#include "gridwarden/type/v1/options.pb.h"
#include "journal/key_check.h"
#include "journal/log.h"
#include "media/store_watch.h"
#include "nlohmann/json.hpp"
#include "platform/crypto/hmac.h"
#include "platform/db/accounts.h"
#include "platform/journal/stage_room.h"
#include "platform/rpc/page.h"
#include "platform/rpc/server.h"
#include "platform/runtime/instruments.h"
#include "platform/runtime/log.h"
#include "platform/runtime/metrics.h"
#include "server/allowed_calls.h"
#include "server/area_channels.h"
#include "server/edge.h"
#include "server/hop_secret.h"
#include "server/modules.h"
#include "server/photo_store.h"
#include "server/policy_store.h"
#include "server/readiness.h"
#include "server/version.h"
#include "server/vitals.h"

namespace gridwarden::server {
namespace {

constexpr std::chrono::seconds kRetry{1};
constexpr absl::Duration kDrainLeast = absl::Seconds(2);

std::string TextOf(const absl::Status& status) { return std::string(status.message()); }

// gRPC's own words go where ours go.
void LogOfGrpc(gpr_log_func_args* line) {
  if (line->severity == GPR_LOG_SEVERITY_ERROR) Log(LogLevel::kWarning, "grpc", {{"detail", line->message}});
}

// What must be true before areas are built. A fault that waiting cannot cure is told apart by IsHopeless.
struct Ground {
  std::unique_ptr<db::Database> database;
  db::Rights rights;        // what the areas of this process need
  std::string more_rights;  // what the account has besides; "" as it should be
  std::vector<db::Migration> migrations;
  std::shared_ptr<const domain::Policy> policy;
};

bool IsHopeless(const absl::Status& status) {
  const std::string reason = ReasonOf(status);
  return reason == "NOT_DEMO" || reason == "JOURNAL_ALTERED";
}

// An account that may more than it needs works all the same: somebody should know.
absl::Status CheckRights(Ground& ground) {
  GW_ASSIGN_OR_RETURN(const db::RightsFound found, db::CompareRights(*ground.database, ground.rights));
  if (!found.missing.empty()) {
    return FailedPrecondition("INTERNAL_FAULT",
                              absl::StrCat(absl::StrJoin(found.missing, "; "),
                                           "; run `gridwarden migrate` with --accounts-dir as the owner"));
  }
  ground.more_rights = absl::StrJoin(found.surplus, "; ");
  return absl::OkStatus();
}

absl::Status Prepare(const ServeOptions& options, Ground& ground) {
  if (ground.database == nullptr) {
    GW_ASSIGN_OR_RETURN(ground.database, db::Database::Open(options.database));
  }
  GW_RETURN_IF_ERROR(db::CheckSafe(*ground.database));
  GW_RETURN_IF_ERROR(db::CheckSchema(*ground.database, ground.migrations));
  GW_RETURN_IF_ERROR(CheckRights(ground));
  // Only the journal area may found a log; the others wait for it.
  const bool founds = std::find(options.areas.begin(), options.areas.end(), "journal") != options.areas.end();
  GW_RETURN_IF_ERROR(founds ? journal::OpenLog(*ground.database, options.log_name, options.demo).status()
                            : journal::FindLog(*ground.database, options.demo).status());
  if (founds) GW_RETURN_IF_ERROR(journal::CheckKey(*ground.database, options.data_dir + "/journal"));
  GW_ASSIGN_OR_RETURN(ground.policy, LoadPolicy(*ground.database));
  return absl::OkStatus();
}

absl::Status MakeDataDir(const std::string& path) {
  std::error_code error;
  if (std::filesystem::create_directories(path, error)) chmod(path.c_str(), 0700);
  if (error)
    return FailedPrecondition("INTERNAL_FAULT", absl::StrCat("cannot make ", path, ": ", error.message()));
  return absl::OkStatus();
}

// Written aside and renamed, so that whoever waits for it reads all of it.
void WriteReadyFile(const std::string& path, int http_port, int grpc_port) {
  if (path.empty()) return;
  const nlohmann::json ready = {{"http", http_port}, {"grpc", grpc_port}, {"pid", getpid()}};
  const std::string aside = path + ".new";
  std::ofstream(aside) << ready.dump() << "\n";
  std::error_code error;
  std::filesystem::rename(aside, path, error);
  if (error) Log(LogLevel::kError, "ready_file", {{"path", path}, {"error", error.message()}});
}

// What can wait does while too much waits for its place in the journal; what field staff hand in is taken.
absl::Status WaitsForTheJournal(const rpc::Call& call, const rpc::Method& method) {
  if (method.call_class != type::v1::DECISION || call.principal.system || !journal::StageIsFull()) {
    return absl::OkStatus();
  }
  return Unavailable("JOURNAL_BEHIND", "decisions wait until the journal has caught up", absl::Seconds(30));
}

// One process from start to stop. Members are destroyed from the last to the first: what calls before what is
// called.
class Process {
 public:
  Process(const ServeOptions& options, const StopSignal& stop)
      : options_(options), stop_(stop), vitals_(options.vitals) {}

  absl::Status Run() {
    GW_RETURN_IF_ERROR(MakeDataDir(options_.data_dir));
    GW_ASSIGN_OR_RETURN(hop_secret_, LoadHopSecret(options_.hop_secret_file));
    vitals_.AddTo(metrics_);
    rpc::SetPageTokenKey(crypto::HmacSha256(hop_secret_, "page tokens"));
    GW_RETURN_IF_ERROR(TakeIdentity());
    GW_ASSIGN_OR_RETURN(ground_.migrations, db::ReadMigrations(options_.migrations_dir));
    GW_ASSIGN_OR_RETURN(const auto grants, db::ReadGrants(options_.grants));
    ground_.rights = db::RightsOf(grants, options_.areas);
    for (const auto& [area, address] : options_.peers) {
      channels_.AddRemote(
          area,
          rpc::DialNetwork(address, {.hop_secret = hop_secret_, .identity = identity_, .target = area}));
    }
    GW_RETURN_IF_ERROR(StartHttp());
    if (!options_.areas.empty()) {
      bool asked_to_stop = false;
      GW_RETURN_IF_ERROR(WaitForGround(asked_to_stop));
      if (asked_to_stop) return absl::OkStatus();
      GW_RETURN_IF_ERROR(StartAreas());
    }
    channels_.Open();
    for (const std::unique_ptr<Worker>& worker : workers_) worker->Start();
    readiness_.Watch([this] { return NotReady(); }, [this](bool ready) { ReadyChanged(ready); });
    const int signal = stop_.Wait();
    Log(LogLevel::kInfo, "stopping", {{"signal", absl::StrCat(signal)}});
    Stop();
    return absl::OkStatus();
  }

 private:
  // Who this process is to the others, from its certificate.
  absl::Status TakeIdentity() {
    GW_ASSIGN_OR_RETURN(identity_, LoadIdentity(options_.network, absl::Now()));
    if (identity_ == nullptr) return absl::OkStatus();
    metrics_.AddGauge(
        "gridwarden_process_certificate_seconds_left",
        "Until the certificate this process shows to the others ends; 0 when it cannot be used.", [this] {
          const absl::Time now = absl::Now();
          return absl::ToDoubleSeconds(identity_->UsableUntil(now).value_or(now) - now);
        });
    Log(LogLevel::kInfo, "identity", {{"name", tls::SpiffeId(identity_->name())}});
    return absl::OkStatus();
  }

  absl::Status StartHttp() {
    if (!options_.edge) return absl::OkStatus();
    gateway::GatewayOptions edge{
        .not_ready = [this] { return readiness_.Reasons(); },
        .notes = [this] { return Notes(); },
        .metrics = [this] { return metrics_.Text(); },
        .version = kVersion,
        .demo = options_.demo,
    };
    if (options_.gateway) {
      edge.channel = [this](const google::protobuf::MethodDescriptor& method) {
        return channels_.ForMethod(method);
      };
      // An area of this process says by itself what it has room for; of the others it is learnt.
      edge.refuses = [this](const google::protobuf::MethodDescriptor& method, int call_class) {
        if (!channels_.open()) return false;
        if (Serves(AreaOf(method))) return !server_->Admit(call_class).ok();
        return throttle_.Refuses(&method, call_class);
      };
      edge.accepted = [this](const google::protobuf::MethodDescriptor& method, int call_class) {
        if (!Serves(AreaOf(method))) throttle_.Accepted(&method, call_class);
      };
      for (int call_class = rpc::kHealthClass + 1; call_class < rpc::kCallClasses; ++call_class) {
        metrics_.AddCounter("gridwarden_gateway_shed_total",
                            "Calls the gateway turned away for an area that has no room, by class.",
                            {{"class", rpc::CallClassName(call_class)}}, [this, call_class] {
                              return static_cast<double>(throttle_.refused()[call_class]);
                            });
      }
      if (!options_.web_dir.empty()) {
        GW_ASSIGN_OR_RETURN(edge.files, gateway::StaticFiles::Read(options_.web_dir));
      }
      if (!options_.web_keep.empty()) GW_RETURN_IF_ERROR(edge.files.KeepAssetsOf(options_.web_keep));
    }
    GW_ASSIGN_OR_RETURN(http_, Edge::Start(*options_.edge, std::move(edge), clock_, metrics_));
    return absl::OkStatus();
  }

  // Tries until the database is there, safe, of this schema and has its policy; says in /readyz what it waits
  // for.
  absl::Status WaitForGround(bool& asked_to_stop) {
    std::string said;
    while (true) {
      const absl::Status status = Prepare(options_, ground_);
      if (status.ok() || IsHopeless(status)) return status;
      readiness_.Set({TextOf(status)});
      if (said != TextOf(status)) Log(LogLevel::kWarning, "waiting", {{"for", said = TextOf(status)}});
      asked_to_stop = stop_.WaitFor(kRetry) != 0;
      if (asked_to_stop) return absl::OkStatus();
    }
  }

  absl::Status StartAreas() {
    rpc::ServerOptions server_options{.executor_threads = options_.threads,
                                      .queue_limit = options_.queue,
                                      .demo = options_.demo,
                                      .hop_secret = hop_secret_,
                                      .identity = identity_,
                                      .allow_peer = MayCall,
                                      .reflection = options_.network.reflection || options_.demo};
    server_options.observe = [this](const rpc::CallRecord& record) {
      metrics_.CountCall(record);
      LogCall(record, options_.log_calls);
    };
    server_ = std::make_unique<rpc::Server>(
        registry_, [this](std::string_view token, absl::Time now) { return authenticate_(token, now); },
        [this](const rpc::Call& call) -> absl::Status {
          GW_RETURN_IF_ERROR(access::AllowCall(*directory_->ground(), call));
          const rpc::Method* method = registry_.Find(call.method);
          if (method == nullptr) return absl::OkStatus();
          GW_RETURN_IF_ERROR(WaitsForTheJournal(call, *method));
          return vitals_.Allow(*method);
        },
        clock_, server_options);
    for (const std::string& area : options_.areas) channels_.AddLocal(area, server_->channel());
    directory_ = std::make_unique<access::Directory>(channels_.To("grid"), channels_.To("identity"));
    authenticate_ = access::MakeAuthenticate(*directory_);
    GW_RETURN_IF_ERROR(OpenPhotoStore());
    context_ = std::make_unique<AreaContext>(AreaContext{
        .database = *ground_.database,
        .directory = *directory_,
        .clock = clock_,
        .policy = ground_.policy,
        .channel = [this](std::string_view area) -> rpc::Channel& { return channels_.To(area); },
        .data_dir = options_.data_dir,
        .demo = options_.demo,
        .photos = photos_,
        .webhook = options_.webhook,
    });
    for (const std::string& area : options_.areas) {
      for (std::unique_ptr<Worker>& worker : FindModule(area)->install(*context_, registry_)) {
        workers_.push_back(std::move(worker));
      }
    }
    if (const auto open = access::MethodsWithoutPermission(registry_); !open.empty()) {
      return Internal(absl::StrCat("methods without a permission row: ", absl::StrJoin(open, ", ")));
    }
    if (!options_.listen_grpc.empty()) {
      GW_ASSIGN_OR_RETURN(grpc_port_, server_->Listen(options_.listen_grpc));
      Log(LogLevel::kInfo, "grpc_listening",
          {{"address", options_.listen_grpc}, {"port", absl::StrCat(grpc_port_)}});
    }
    metrics_.AddGauge("gridwarden_rpc_waiting", "Calls in the queue.",
                      [this] { return server_->load().waiting; });
    metrics_.AddGauge("gridwarden_rpc_running", "Calls being served.",
                      [this] { return server_->load().running; });
    metrics_.AddGauge("gridwarden_rpc_running_max",
                      "Calls that may be served at once, besides health and exports; fewer in an overload.",
                      [this] { return server_->load().running_max; });
    metrics_.AddGauge("gridwarden_rpc_overloaded", "1 while more calls come than can be served.",
                      [this] { return server_->load().overloaded ? 1 : 0; });
    for (int call_class = rpc::kHealthClass; call_class < rpc::kCallClasses; ++call_class) {
      metrics_.AddCounter("gridwarden_rpc_shed_total", "Calls turned away for want of room, by class.",
                          {{"class", rpc::CallClassName(call_class)}}, [this, call_class] {
                            return static_cast<double>(server_->load().shed_by_class[call_class]);
                          });
    }
    directory_->Start();
    return absl::OkStatus();
  }

  // A bucket is opened only where photos are served, and watched from then on.
  absl::Status OpenPhotoStore() {
    if (!options_.photos || !Serves("media")) return absl::OkStatus();
    GW_ASSIGN_OR_RETURN(photos_, OpenBucket(*options_.photos, options_.data_dir));
    photo_watch_ = std::make_unique<media::StoreWatch>(photos_);
    photo_watch_->Start();
    metrics_.AddGauge("gridwarden_photo_store_up", "Whether the photo store would take an upload.",
                      [this] { return photo_watch_->last().ok() ? 1 : 0; });
    return absl::OkStatus();
  }

  bool Serves(std::string_view area) const {
    return std::find(options_.areas.begin(), options_.areas.end(), area) != options_.areas.end();
  }

  // What an operator should know of although traffic is welcome: whoever serves other areas too serves them
  // on while the photo store is away.
  std::vector<std::string> Notes() const {
    std::vector<std::string> notes = vitals_.Notes();
    if (channels_.open() && !ground_.more_rights.empty()) {
      notes.push_back(absl::StrCat("database account: ", ground_.more_rights,
                                   ", more than it needs; use the one of migrate (数据库账号权限过大)"));
    }
    for (const std::string& part : PartsInTrouble()) {
      notes.push_back(absl::StrCat("degraded: ", part, " stands still"));
    }
    if (photo_watch_ != nullptr && !photo_watch_->last().ok()) notes.push_back(TextOf(photo_watch_->last()));
    return notes;
  }

  std::vector<std::string> NotReady() {
    vitals_.Look(ground_.database.get());
    std::vector<std::string> reasons = vitals_.NotReady();
    if (identity_ != nullptr) {
      const auto until = identity_->UsableUntil(absl::Now());
      if (!until.ok()) reasons.push_back(absl::StrCat("certificate: ", TextOf(until.status())));
    }
    if (options_.areas.empty()) return reasons;
    if (const absl::Status status = db::CheckSafe(*ground_.database); !status.ok()) {
      reasons.push_back(absl::StrCat("database: ", TextOf(status)));
      return reasons;
    }
    if (const absl::Status status = db::CheckSchema(*ground_.database, ground_.migrations); !status.ok()) {
      reasons.push_back(absl::StrCat("schema: ", TextOf(status)));
    }
    if (photo_watch_ != nullptr && options_.areas.size() == 1 && !photo_watch_->last().ok()) {
      reasons.push_back(TextOf(photo_watch_->last()));
    }
    if (!directory_->loaded())
      reasons.emplace_back("directory: divisions, posts and accounts are not loaded yet");
    return reasons;
  }

  void ReadyChanged(bool ready) {
    if (server_ != nullptr) server_->SetServing(ready);
    Log(ready ? LogLevel::kInfo : LogLevel::kWarning, ready ? "ready" : "not_ready",
        {{"reasons", absl::StrJoin(readiness_.Reasons(), "; ")}});
    if (ready) WriteReadyFile(options_.ready_file, http_ == nullptr ? 0 : http_->port(), grpc_port_);
  }

  void Stop() {
    readiness_.StopWatch("stopping");
    if (server_ != nullptr) server_->SetServing(false);
    absl::SleepFor(options_.drain_wait);
    // One grace for both (G18: 25 s in all); what came over HTTP is mostly what the server has under way.
    const absl::Time deadline = absl::Now() + options_.drain_grace;
    if (http_ != nullptr) http_->Drain(options_.drain_grace);
    if (server_ != nullptr) server_->Drain(std::max(deadline - absl::Now(), kDrainLeast));
    StopWorkers();
    if (!options_.ready_file.empty()) unlink(options_.ready_file.c_str());
    // A long import, say. It is cut as by a crash, which loses nothing; waiting for it would only mean being
    // killed instead.
    if (const int left = server_ == nullptr ? 0 : server_->load().running; left > 0) {
      Log(LogLevel::kWarning, "stopped_while_serving", {{"calls", absl::StrCat(left)}});
      std::fflush(nullptr);
      std::_Exit(0);
    }
    Log(LogLevel::kInfo, "stopped");
  }

  // All at once: each may wait a second for the end of its read of the feed.
  void StopWorkers() {
    std::vector<std::thread> stops;
    for (const std::unique_ptr<Worker>& worker : workers_) stops.emplace_back([&worker] { worker->Stop(); });
    for (std::thread& thread : stops) thread.join();
  }

  const ServeOptions& options_;
  const StopSignal& stop_;
  const SystemClock clock_;
  Vitals vitals_;
  std::string hop_secret_;
  std::shared_ptr<const rpc::Identity> identity_;  // null: plain, on this machine
  Ground ground_;
  AreaChannels channels_;
  rpc::Registry registry_;
  rpc::Authenticate authenticate_;
  std::shared_ptr<media::ObjectStore> photos_;
  std::unique_ptr<AreaContext> context_;
  gateway::Throttle throttle_;
  Metrics metrics_{kVersion};  // counts calls of the server as long as the directory makes any
  std::unique_ptr<rpc::Server> server_;
  std::unique_ptr<access::Directory> directory_;
  std::vector<std::unique_ptr<Worker>> workers_;
  int grpc_port_ = 0;
  std::unique_ptr<media::StoreWatch> photo_watch_;
  Readiness readiness_;
  std::unique_ptr<Edge> http_;
};

}  // namespace

absl::Status Serve(const ServeOptions& options, const StopSignal& stop) {
  gpr_set_log_function(LogOfGrpc);
  return Process(options, stop).Run();
}

}  // namespace gridwarden::server
