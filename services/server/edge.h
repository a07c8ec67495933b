#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/clock.h"
#include "gateway/gateway.h"
#include "gateway/http_server.h"
#include "platform/runtime/metrics.h"
#include "server/flags.h"

namespace gridwarden::server {

// Where and how a process speaks HTTP. From the command line, checked.
struct EdgeOptions {
  HostPort listen;
  std::string certificate_file, key_file;  // "": no TLS
  std::string authority_file;  // certificate of the local authority that people are shown; "": none
  absl::Duration hsts;
  int connections_per_address_max = 0;
  gateway::AddressSet trusted_proxies;
};

std::span<const Flag> EdgeFlags();
// `serves_api`: not only the operator's pages. INVALID_ARGUMENT for what cannot be meant, and for an API that
// others than this machine could reach in clear without anybody having said that this is meant.
absl::StatusOr<EdgeOptions> ReadEdgeFlags(const Flags& flags, bool serves_api);

// The HTTP server of a process with its certificate, its gateway and its numbers.
class Edge {
 public:
  // `options` of the gateway: what it serves; who may be believed and TLS are filled in here. The clock and
  // the metrics outlive it. FAILED_PRECONDITION for a certificate that does not serve, UNAVAILABLE when the
  // port is taken.
  static absl::StatusOr<std::unique_ptr<Edge>> Start(const EdgeOptions& edge, gateway::GatewayOptions options,
                                                     const Clock& clock, Metrics& metrics);

  int port() const { return http_->port(); }
  void Drain(absl::Duration grace) { http_->Drain(grace); }

 private:
  Edge() = default;
  absl::Status OpenTls(const EdgeOptions& edge, gateway::GatewayOptions& options, const Clock& clock,
                       Metrics& metrics);

  std::unique_ptr<gateway::EdgeCertificate> certificate_;  // null: no TLS
  std::unique_ptr<gateway::Gateway> gateway_;
  std::unique_ptr<gateway::HttpServer> http_;
};

}  // namespace gridwarden::server
