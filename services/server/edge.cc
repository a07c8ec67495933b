#include "server/edge.h"

#include <fstream>
#include <iterator>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "base/status.h"
#include "platform/runtime/log.h"

namespace gridwarden::server {
namespace {

constexpr absl::Duration kHstsStandard = absl::Hours(24 * 180);
constexpr size_t kAddressesShown = 4;

constexpr Flag kEdgeFlags[] = {
    {"--listen-http", "ADDRESS:PORT", "127.0.0.1:8080",
     "HTTP of the gateway; port 0 picks one. A target without gateway serves only /livez, /readyz and "
     "/metrics there, if given"},
    {"--tls-cert", "PATH", "",
     "PEM file of the certificate and its chain; with --tls-key, https. Replaced while serving: taken within "
     "seconds"},
    {"--tls-key", "PATH", "", "PEM file of its key, mode 0600"},
    {"--tls-authority", "PATH", "",
     "certificate of a local authority: /trust shows people how to trust it; none: a public authority signed "
     "--tls-cert"},
    {"--hsts", "SECONDS", "",
     "how long browsers shall come over https only; none: 180 days with a public authority, 0 with a local "
     "one"},
    {"--allow-plain-http", "", "false",
     "serve others than this machine without TLS: passwords and tokens can be read on the way"},
    {"--trusted-proxy", "ADDRESS", "",
     "proxy or network (10.0.0.0/8) whose X-Forwarded-For is believed and which ends TLS; repeat it"},
    {"--connections-per-address", "N", "128",
     "connections that one address may hold, besides proxies and this machine; 0: no limit"},
};

const gateway::AddressSet& ThisMachine() {
  static const gateway::AddressSet loopback = gateway::AddressSet::Parse({"127.0.0.0/8", "::1"}).value();
  return loopback;
}

std::vector<std::string> ProxiesOf(const Flags& flags) {
  std::vector<std::string> proxies;
  for (const std::string& value : flags.All("--trusted-proxy")) {
    for (const std::string& part : std::vector<std::string>(absl::StrSplit(value, ',', absl::SkipEmpty()))) {
      proxies.push_back(part);
    }
  }
  return proxies;
}

absl::Status ReadTlsFlags(const Flags& flags, EdgeOptions& options) {
  options.certificate_file = flags.Text("--tls-cert");
  options.key_file = flags.Text("--tls-key");
  options.authority_file = flags.Text("--tls-authority");
  const bool tls = !options.certificate_file.empty();
  if (tls == options.key_file.empty())
    return InvalidField("--tls-cert", "want --tls-cert and --tls-key together");
  if (!tls && !options.authority_file.empty())
    return InvalidField("--tls-authority", "want --tls-cert with it");
  if (tls && options.authority_file.empty()) options.hsts = kHstsStandard;
  if (!flags.Text("--hsts").empty()) {
    GW_ASSIGN_OR_RETURN(const int seconds, flags.Number("--hsts", 0, 63'072'000));
    if (!tls) return InvalidField("--hsts", "want --tls-cert with it");
    options.hsts = absl::Seconds(seconds);
  }
  return absl::OkStatus();
}

// Where people on other machines reach us, for their phones' cameras: plain HTTP, because that is before
// there is trust.
std::vector<std::string> AddressesToShow(const HostPort& listen, const tls::Subject& certificate) {
  const bool everywhere = listen.host == "0.0.0.0" || listen.host == "::";
  std::vector<std::string> shown;
  for (const std::string& address :
       everywhere ? certificate.addresses : std::vector<std::string>{listen.host}) {
    if (ThisMachine().Contains(address) || shown.size() == kAddressesShown) continue;
    const bool is_ipv6 = absl::StrContains(address, ":");
    if (is_ipv6 && listen.host == "0.0.0.0") continue;
    shown.push_back(
        absl::StrCat("http://", is_ipv6 ? "[" : "", address, is_ipv6 ? "]" : "", ":", listen.port));
  }
  return shown;
}

}  // namespace

std::span<const Flag> EdgeFlags() { return kEdgeFlags; }

absl::StatusOr<EdgeOptions> ReadEdgeFlags(const Flags& flags, bool serves_api) {
  EdgeOptions options;
  GW_ASSIGN_OR_RETURN(options.listen, ParseHostPort("--listen-http", flags.Text("--listen-http")));
  GW_RETURN_IF_ERROR(ReadTlsFlags(flags, options));
  const absl::StatusOr<gateway::AddressSet> proxies = gateway::AddressSet::Parse(ProxiesOf(flags));
  if (!proxies.ok()) return InvalidField("--trusted-proxy", std::string(proxies.status().message()));
  options.trusted_proxies = *proxies;
  GW_ASSIGN_OR_RETURN(options.connections_per_address_max,
                      flags.Number("--connections-per-address", 0, 100'000));
  const bool in_clear = options.certificate_file.empty() && options.trusted_proxies.empty() &&
                        !ThisMachine().Contains(options.listen.host);
  if (serves_api && in_clear && !flags.IsOn("--allow-plain-http")) {
    return InvalidField(
        "--listen-http",
        absl::StrCat(
            "got ", options.listen.host,
            ", which other machines reach, without TLS: passwords and tokens could be read on the way. Give "
            "--tls-cert and --tls-key, or name the proxy in front that ends TLS with --trusted-proxy, or say "
            "--allow-plain-http"));
  }
  return options;
}

absl::StatusOr<std::unique_ptr<Edge>> Edge::Start(const EdgeOptions& edge, gateway::GatewayOptions options,
                                                  const Clock& clock, Metrics& metrics) {
  std::unique_ptr<Edge> started(new Edge);
  Edge& self = *started;
  GW_RETURN_IF_ERROR(self.OpenTls(edge, options, clock, metrics));
  options.trusted_proxies = edge.trusted_proxies;
  self.gateway_ = std::make_unique<gateway::Gateway>(std::move(options));
  const gateway::Gateway* gateway = self.gateway_.get();
  gateway::HttpServer::Site site{
      .handle = [gateway](
                    gateway::HttpRequest request,
                    gateway::Respond respond) { gateway->Handle(std::move(request), std::move(respond)); },
      .body_limit = [gateway](const gateway::HttpRequest& head) { return gateway->BodyLimit(head); },
      .too_large = [gateway](const gateway::HttpRequest& head) { return gateway->TooLarge(head); },
      .too_busy = [gateway](const gateway::HttpRequest&) { return gateway->TooBusy(); },
  };
  gateway::HttpServerOptions http{.address = edge.listen.host,
                                  .port = edge.listen.port,
                                  .connections_per_address_max = edge.connections_per_address_max,
                                  .addresses_without_limit = ThisMachine().With(edge.trusted_proxies)};
  if (self.certificate_ != nullptr) {
    http.tls = [certificate = self.certificate_.get()] { return certificate->context(); };
  }
  GW_ASSIGN_OR_RETURN(self.http_, gateway::HttpServer::Start(http, site));
  const gateway::HttpServer* server = self.http_.get();
  metrics.AddGauge("gridwarden_http_connections", "Open HTTP connections.",
                   [server] { return server->connections(); });
  metrics.AddCounter("gridwarden_http_turned_away_total",
                     "Connections closed at once: too many, or too many of one address.", {},
                     [server] { return static_cast<double>(server->turned_away()); });
  Log(LogLevel::kInfo, "http_listening",
      {{"port", absl::StrCat(server->port())}, {"tls", self.certificate_ == nullptr ? "no" : "yes"}});
  return started;
}

absl::Status Edge::OpenTls(const EdgeOptions& edge, gateway::GatewayOptions& options, const Clock& clock,
                           Metrics& metrics) {
  if (edge.certificate_file.empty()) return absl::OkStatus();
  GW_ASSIGN_OR_RETURN(certificate_,
                      gateway::EdgeCertificate::Load(edge.certificate_file, edge.key_file, clock.Now()));
  certificate_->Watch(clock);
  options.certificate = certificate_.get();
  options.notes = [others = std::move(options.notes), certificate = certificate_.get(), &clock] {
    std::vector<std::string> notes = others ? others() : std::vector<std::string>{};
    for (std::string& note : certificate->Notes(clock.Now())) notes.push_back(std::move(note));
    return notes;
  };
  options.hsts = edge.hsts;
  if (!edge.authority_file.empty()) {
    std::ifstream in(edge.authority_file, std::ios::binary);
    const std::string pem(std::istreambuf_iterator<char>(in), {});
    if (!in) return InvalidField("--tls-authority", absl::StrCat("cannot read ", edge.authority_file));
    GW_ASSIGN_OR_RETURN(
        options.trust, gateway::TrustPages::Make(pem, AddressesToShow(edge.listen, certificate_->subject())));
  }
  const gateway::EdgeCertificate* certificate = certificate_.get();
  metrics.AddGauge("gridwarden_certificate_expires_seconds", "How long a certificate is still valid.",
                   {{"use", "edge"}}, [certificate, &clock] {
                     return absl::ToDoubleSeconds(certificate->subject().not_after - clock.Now());
                   });
  metrics.AddCounter("gridwarden_certificate_refused_total", "New certificate files that did not serve.",
                     {{"use", "edge"}},
                     [certificate] { return static_cast<double>(certificate->refused()); });
  return absl::OkStatus();
}

}  // namespace gridwarden::server
