#pragma once

#include <boost/asio/ssl/context.hpp>
#include <memory>

#include "absl/status/statusor.h"
#include "platform/tls/certificate.h"

namespace gridwarden::tls {

// What a server needs to speak TLS as the holder of one certificate. Shared by the connections that began
// with it, so that a newer one takes nothing from them.
struct ServerContext {
  boost::asio::ssl::context context;
};

// TLS 1.2 and 1.3 with forward secrecy only, HTTP/1.1 as the only protocol that ALPN offers, resumption by
// tickets, no renegotiation. FAILED_PRECONDITION when certificate and key do not serve.
absl::StatusOr<std::shared_ptr<ServerContext>> MakeServerContext(const KeyPair& pair);

}  // namespace gridwarden::tls
