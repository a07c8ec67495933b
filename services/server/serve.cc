#include "server/serve.h"

#include <grpc/support/log.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
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
#include "gateway/http_server.h"
#include "journal/log.h"
#include "nlohmann/json.hpp"
#include "platform/crypto/hmac.h"
#include "platform/rpc/page.h"
#include "platform/rpc/server.h"
#include "platform/runtime/log.h"
#include "platform/runtime/metrics.h"
#include "server/area_channels.h"
#include "server/hop_secret.h"
#include "server/modules.h"
#include "server/policy_store.h"
#include "server/readiness.h"
#include "server/version.h"

namespace gridwarden::server {
namespace {

constexpr std::chrono::seconds kRetry{1};

std::string TextOf(const absl::Status& status) { return std::string(status.message()); }

// gRPC's own words go where ours go.
void LogOfGrpc(gpr_log_func_args* line) {
  if (line->severity == GPR_LOG_SEVERITY_ERROR) Log(LogLevel::kWarning, "grpc", {{"detail", line->message}});
}

// What must be true before areas are built. A fault that waiting cannot cure is told apart by IsHopeless.
struct Ground {
  std::unique_ptr<db::Database> database;
  std::vector<db::Migration> migrations;
  std::shared_ptr<const domain::Policy> policy;
};

bool IsHopeless(const absl::Status& status) {
  const std::string reason = ReasonOf(status);
  return reason == "NOT_DEMO" || reason == "JOURNAL_ALTERED";
}

absl::Status Prepare(const ServeOptions& options, Ground& ground) {
  if (ground.database == nullptr) {
    GW_ASSIGN_OR_RETURN(ground.database, db::Database::Open(options.database));
  }
  GW_RETURN_IF_ERROR(db::CheckSafe(*ground.database));
  GW_RETURN_IF_ERROR(db::CheckSchema(*ground.database, ground.migrations));
  GW_RETURN_IF_ERROR(journal::OpenLog(*ground.database, options.log_name, options.demo).status());
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

// One process from start to stop. Members are destroyed from the last to the first: what calls before what is
// called.
class Process {
 public:
  Process(const ServeOptions& options, const StopSignal& stop) : options_(options), stop_(stop) {}

  absl::Status Run() {
    GW_RETURN_IF_ERROR(MakeDataDir(options_.data_dir));
    GW_ASSIGN_OR_RETURN(hop_secret_, LoadHopSecret(options_.hop_secret_file));
    rpc::SetPageTokenKey(crypto::HmacSha256(hop_secret_, "page tokens"));
    GW_ASSIGN_OR_RETURN(ground_.migrations, db::ReadMigrations(options_.migrations_dir));
    for (const auto& [area, address] : options_.peers) {
      channels_.AddRemote(area, rpc::DialNetwork(address, hop_secret_));
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
  absl::Status StartHttp() {
    if (!options_.listen_http) return absl::OkStatus();
    gateway::GatewayOptions edge{
        .not_ready = [this] { return readiness_.Reasons(); },
        .metrics = [this] { return metrics_.Text(); },
        .version = kVersion,
        .demo = options_.demo,
        .trusted_proxies = options_.trusted_proxies,
    };
    if (options_.gateway) {
      edge.channel = [this](const google::protobuf::MethodDescriptor& method) {
        return channels_.ForMethod(method);
      };
      if (!options_.static_dir.empty()) {
        GW_ASSIGN_OR_RETURN(edge.files, gateway::StaticFiles::Read(options_.static_dir));
      }
    }
    gateway_ = std::make_unique<gateway::Gateway>(std::move(edge));
    gateway::HttpServer::Site site{
        .handle = [this](
                      gateway::HttpRequest request,
                      gateway::Respond respond) { gateway_->Handle(std::move(request), std::move(respond)); },
        .body_limit = [this](const gateway::HttpRequest& head) { return gateway_->BodyLimit(head); },
        .too_large = [this](const gateway::HttpRequest& head) { return gateway_->TooLarge(head); },
        .too_busy = [this](const gateway::HttpRequest&) { return gateway_->TooBusy(); },
    };
    GW_ASSIGN_OR_RETURN(
        http_, gateway::HttpServer::Start(
                   {.address = options_.listen_http->host, .port = options_.listen_http->port}, site));
    metrics_.AddGauge("gridwarden_http_connections", "Open HTTP connections.",
                      [this] { return http_->connections(); });
    Log(LogLevel::kInfo, "http_listening", {{"port", absl::StrCat(http_->port())}});
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
                                      .hop_secret = hop_secret_};
    server_options.observe = [this](const rpc::CallRecord& record) {
      metrics_.CountCall(record);
      LogCall(record, options_.log_calls);
    };
    server_ = std::make_unique<rpc::Server>(
        registry_, [this](std::string_view token, absl::Time now) { return authenticate_(token, now); },
        [this](const rpc::Call& call) { return access::AllowCall(*directory_->ground(), call); }, clock_,
        server_options);
    for (const std::string& area : options_.areas) channels_.AddLocal(area, server_->channel());
    directory_ = std::make_unique<access::Directory>(channels_.To("grid"), channels_.To("identity"));
    authenticate_ = access::MakeAuthenticate(*directory_);
    context_ = std::make_unique<AreaContext>(AreaContext{
        .database = *ground_.database,
        .directory = *directory_,
        .clock = clock_,
        .policy = ground_.policy,
        .channel = [this](std::string_view area) -> rpc::Channel& { return channels_.To(area); },
        .data_dir = options_.data_dir,
        .demo = options_.demo,
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
    metrics_.AddGauge("gridwarden_rpc_shed", "Calls turned away since the start.",
                      [this] { return static_cast<double>(server_->load().shed); });
    directory_->Start();
    return absl::OkStatus();
  }

  std::vector<std::string> NotReady() const {
    std::vector<std::string> reasons;
    if (options_.areas.empty()) return reasons;
    if (const absl::Status status = db::CheckSafe(*ground_.database); !status.ok()) {
      reasons.push_back(absl::StrCat("database: ", TextOf(status)));
      return reasons;
    }
    if (const absl::Status status = db::CheckSchema(*ground_.database, ground_.migrations); !status.ok()) {
      reasons.push_back(absl::StrCat("schema: ", TextOf(status)));
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
    if (http_ != nullptr) http_->Drain(options_.drain_grace);
    if (server_ != nullptr) server_->Drain(options_.drain_grace);
    StopWorkers();
    if (!options_.ready_file.empty()) unlink(options_.ready_file.c_str());
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
  std::string hop_secret_;
  Ground ground_;
  AreaChannels channels_;
  rpc::Registry registry_;
  rpc::Authenticate authenticate_;
  std::unique_ptr<AreaContext> context_;
  Metrics metrics_;  // counts calls of the server as long as the directory makes any
  std::unique_ptr<rpc::Server> server_;
  std::unique_ptr<access::Directory> directory_;
  std::vector<std::unique_ptr<Worker>> workers_;
  int grpc_port_ = 0;
  Readiness readiness_;
  std::unique_ptr<gateway::Gateway> gateway_;
  std::unique_ptr<gateway::HttpServer> http_;
};

}  // namespace

absl::Status Serve(const ServeOptions& options, const StopSignal& stop) {
  gpr_set_log_function(LogOfGrpc);
  return Process(options, stop).Run();
}

}  // namespace gridwarden::server
