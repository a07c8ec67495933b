#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "gateway/address_set.h"
#include "gateway/http.h"

namespace gridwarden::tls {
struct ServerContext;
}

// HTTP/1.1 on a socket, with TLS or without: one coroutine a connection, a few threads for all of them, a
// limit on everything a stranger can make grow. HTTP/2 is for the proxy in front.
namespace gridwarden::gateway {

struct HttpServerOptions {
  std::string address = "127.0.0.1";
  int port = 0;  // 0: any
  int threads = 2;
  // Asked at each new connection; null: no TLS. A caller who speaks plain HTTP all the same is served too,
  // and its requests are not `secure`.
  std::function<std::shared_ptr<tls::ServerContext>()> tls;
  // When so many are open, whoever has waited longest for a request makes room; further ones are closed at
  // once.
  int connections_max = 1024;
  // Of one address, in IPv6 of one /64 network. 0: no limit.
  int connections_per_address_max = 128;
  AddressSet addresses_without_limit;  // proxies, which bring many callers
  size_t header_bytes_max = 16 * 1024;
  size_t bodies_bytes_max =
      256 << 20;  // of all larger bodies being read or worked on; further ones come back later
  absl::Duration handshake_timeout = absl::Seconds(10);  // of TLS, from the connection on
  absl::Duration header_timeout =
      absl::Seconds(10);  // from the first byte of a request to the end of its head
  absl::Duration body_timeout = absl::Seconds(120);  // a photo over a bad network
  absl::Duration idle_timeout = absl::Seconds(75);   // between requests
  absl::Duration write_timeout = absl::Seconds(120);
};

class HttpServer {
 public:
  // All may be called on several threads at once.
  struct Site {
    std::function<void(HttpRequest, Respond)> handle;
    std::function<size_t(const HttpRequest& head)> body_limit;
    std::function<HttpResponse(const HttpRequest& head)> too_large;
    std::function<HttpResponse(const HttpRequest& head)> too_busy;  // no room for its body now
  };

  // Listens and serves. UNAVAILABLE when the port is taken.
  static absl::StatusOr<std::unique_ptr<HttpServer>> Start(const HttpServerOptions& options, Site site);
  ~HttpServer();

  int port() const;
  int connections() const;
  uint64_t turned_away() const;  // connections that were closed at once since the start
  // Takes no new connections; tells those that are open to close after the answer under way. Who has just
  // connected still gets the answer to a first request, if it comes within half a second. Waits at most
  // `grace`, then closes.
  void Drain(absl::Duration grace);

 private:
  class Core;
  explicit HttpServer(std::shared_ptr<Core> core);
  std::shared_ptr<Core> core_;
};

}  // namespace gridwarden::gateway
