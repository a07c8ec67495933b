#include <benchmark/benchmark.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gateway/edge_certificate.h"
#include "gateway/gateway.h"
#include "gateway/http_server.h"
#include "platform/tls/edge_files.h"
#include "support/http_client.h"
#include "support/tls_client.h"

// What TLS costs at the edge: the same request in clear and over https, client and server in one process. The
// answer is the gateway's own, so that nothing but the way is measured.
namespace gridwarden::gateway {
namespace {

class Edges {
 public:
  Edges()
      : folder_(
            (std::filesystem::temp_directory_path() / absl::StrCat("gw_edge_bench_", getpid())).string()) {
    (void)tls::KeepEdge(folder_, {"bench", {"localhost"}, {"127.0.0.1"}}, absl::Now()).value();
    certificate_ = EdgeCertificate::Load(folder_ + "/edge.pem", folder_ + "/edge.key", absl::Now()).value();
    authority_ = tls::ReadPair(folder_ + "/authority")->certificate;
    std::filesystem::remove_all(folder_);
    Open(nullptr, plain_gateway_, plain_);
    Open(certificate_.get(), secure_gateway_, secure_);
  }

  std::unique_ptr<testing::HttpConnection> Connect(bool secure) const {
    if (!secure) return std::make_unique<testing::HttpConnection>(plain_->port());
    return std::make_unique<testing::TlsConnection>(secure_->port(),
                                                    testing::TlsClientOptions{.authority = authority_});
  }

 private:
  static void Open(const EdgeCertificate* certificate, std::unique_ptr<Gateway>& gateway,
                   std::unique_ptr<HttpServer>& server) {
    gateway = std::make_unique<Gateway>(GatewayOptions{.version = "bench", .certificate = certificate});
    const Gateway* serves = gateway.get();
    HttpServerOptions options{.threads = 1, .connections_per_address_max = 0};
    if (certificate != nullptr) options.tls = [certificate] { return certificate->context(); };
    server = HttpServer::Start(options,
                               {.handle =
                                    [serves](HttpRequest request, Respond respond) {
                                      if (request.path == "/take") return respond({.body = "taken"});
                                      serves->Handle(std::move(request), std::move(respond));
                                    },
                                .body_limit = [](const HttpRequest&) { return size_t{1} << 20; },
                                .too_large = [](const HttpRequest&) { return HttpResponse{.status = 413}; },
                                .too_busy = [](const HttpRequest&) { return HttpResponse{.status = 429}; }})
                 .value();
  }

  const std::string folder_;
  std::string authority_;
  std::unique_ptr<EdgeCertificate> certificate_;
  std::unique_ptr<Gateway> plain_gateway_, secure_gateway_;
  std::unique_ptr<HttpServer> plain_, secure_;
};

const Edges& TheEdges() {
  static const Edges* const edges = new Edges;
  return *edges;
}

void Ask(benchmark::State& state, testing::HttpConnection& connection, const std::string& request) {
  if (!connection.Send(request) || connection.Read().status != 200) state.SkipWithError("no answer");
}

std::string Request(int64_t body_bytes) {
  return absl::StrCat("POST /take HTTP/1.1\r\nHost: localhost\r\nContent-Length: ", body_bytes, "\r\n\r\n",
                      std::string(static_cast<size_t>(body_bytes), 'x'));
}

// Arguments: over TLS, bytes of the body.
void OnAnOpenConnection(benchmark::State& state) {
  const auto connection = TheEdges().Connect(state.range(0) != 0);
  const std::string request = Request(state.range(1));
  for (auto _ : state) Ask(state, *connection, request);
}
BENCHMARK(OnAnOpenConnection)
    ->ArgsProduct({{0, 1}, {200, 100 * 1024}})
    ->MeasureProcessCPUTime()
    ->UseRealTime()
    ->Unit(benchmark::kMicrosecond);

void OnANewConnection(benchmark::State& state) {
  const std::string request = Request(200);
  for (auto _ : state) Ask(state, *TheEdges().Connect(state.range(0) != 0), request);
}
BENCHMARK(OnANewConnection)
    ->Arg(0)
    ->Arg(1)
    ->MeasureProcessCPUTime()
    ->UseRealTime()
    ->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace gridwarden::gateway

BENCHMARK_MAIN();
