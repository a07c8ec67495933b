#include <benchmark/benchmark.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gridwarden/grid/v1/grid_service.pb.h"
#include "platform/rpc/server.h"
#include "platform/tls/pair_files.h"
#include "server/allowed_calls.h"

// What it costs that processes prove who they are: the same call from one area to another, sealed with the
// shared secret on plain loopback and with certificates on both sides. Client and server in one process, real
// sockets; the body does nothing.
namespace gridwarden::rpc {
namespace {

using grid::v1::BatchGetDivisionsRequest;
using grid::v1::BatchGetDivisionsResponse;

// One that the gateway may call.
constexpr char kMethod[] = "gridwarden.grid.v1.GridService/BatchGetDivisions";
constexpr char kSecret[] = "0123456789abcdef0123456789abcdef";

class Hop {
 public:
  explicit Hop(bool certificates) {
    registry_.Add<BatchGetDivisionsRequest, BatchGetDivisionsResponse>(
        kMethod,
        [](const Call&, const BatchGetDivisionsRequest&) -> absl::StatusOr<BatchGetDivisionsResponse> {
          return BatchGetDivisionsResponse();
        });
    ServerOptions options;
    if (certificates) {
      MakeCertificates();
      options.identity = identity_[0];
      options.allow_peer = server::MayCall;
    } else {
      options.hop_secret = kSecret;
    }
    server_ = std::make_unique<Server>(
        registry_, [](std::string_view, absl::Time) { return Principal{}; },
        [](const Call&) { return absl::OkStatus(); }, clock_, options);
    address_ = absl::StrCat("127.0.0.1:", server_->Listen("127.0.0.1:0").value());
  }

  std::unique_ptr<Channel> Dial() const {
    if (identity_.empty()) return DialNetwork(address_, {.hop_secret = kSecret});
    return DialNetwork(address_, {.identity = identity_[1], .target = "grid"});
  }

 private:
  void MakeCertificates() {
    const auto folder = std::filesystem::temp_directory_path() / absl::StrCat("gw_hop_bench_", getpid());
    const absl::Time now = absl::Now();
    const auto authority =
        tls::KeepAuthority((folder / "authority").string(), "bench", absl::Hours(24), now)->authority;
    for (const char* target : {"grid", "gateway"}) {
      const std::string stem = (folder / target).string();
      (void)tls::KeepLeaf(stem, authority,
                          {.common_name = target,
                           .dns_names = {target},
                           .uris = {tls::SpiffeId({"bench", target})},
                           .not_before = now,
                           .not_after = now + absl::Hours(1)},
                          now)
          .value();
      identity_.push_back(
          Identity::Load({stem + ".pem", stem + ".key", (folder / "authority.pem").string()}, now, 3600)
              .value());
    }
    std::filesystem::remove_all(folder);
  }

  SystemClock clock_;
  Registry registry_;
  std::vector<std::shared_ptr<const Identity>> identity_;  // the server's, the client's
  std::unique_ptr<Server> server_;
  std::string address_;
};

const Hop& TheHop(bool certificates) {
  static const Hop* const plain = new Hop(false);
  static const Hop* const proven = new Hop(true);
  return certificates ? *proven : *plain;
}

Envelope Request(size_t bytes) {
  BatchGetDivisionsRequest request;
  request.add_names(std::string(bytes, 'x'));
  return {.method = kMethod,
          .body = request.SerializeAsString(),
          .token = "x",
          .deadline = absl::Now() + absl::Seconds(60),
          .peer = "10.1.2.3"};
}

void OnAnOpenConnection(benchmark::State& state) {
  static std::unique_ptr<Channel> channels[2];
  std::unique_ptr<Channel>& channel = channels[state.range(0)];
  if (state.thread_index() == 0 && channel == nullptr) channel = TheHop(state.range(0) == 1).Dial();
  const Envelope envelope = Request(state.range(1));
  for (auto _ : state) {
    if (const auto answer = channel->Send(envelope); !answer.ok()) {
      state.SkipWithError(std::string(answer.status().message()).c_str());
      break;
    }
  }
}
BENCHMARK(OnAnOpenConnection)
    ->ArgsProduct({{0, 1}, {200, 51200}})
    ->MeasureProcessCPUTime()
    ->UseRealTime()
    ->Unit(benchmark::kMicrosecond);
BENCHMARK(OnAnOpenConnection)
    ->ArgsProduct({{0, 1}, {200}})
    ->Threads(16)
    ->MeasureProcessCPUTime()
    ->UseRealTime()
    ->Unit(benchmark::kMicrosecond);

void OnANewConnection(benchmark::State& state) {
  const Hop& hop = TheHop(state.range(0) == 1);
  for (auto _ : state) {
    if (const auto answer = hop.Dial()->Send(Request(200)); !answer.ok()) {
      state.SkipWithError(std::string(answer.status().message()).c_str());
      break;
    }
  }
}
BENCHMARK(OnANewConnection)
    ->Arg(0)
    ->Arg(1)
    ->MeasureProcessCPUTime()
    ->UseRealTime()
    ->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace gridwarden::rpc

BENCHMARK_MAIN();
