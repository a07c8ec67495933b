#pragma once

#include <memory>
#include <string>

#include "support/http_client.h"

struct ssl_st;
struct ssl_ctx_st;

namespace gridwarden::testing {

class TlsConnection;

struct TlsClientOptions {
  std::string authority;           // PEM; what is believed
  std::string host = "127.0.0.1";  // an address or a name that the certificate must be for
  int version_max = 0;             // 0: the newest, else TLS1_1_VERSION and so on
  std::string protocol = "http/1.1";
  std::shared_ptr<TlsConnection> resume;  // whose session is to go on
};

// The same over TLS, with the certificate checked as a browser does.
class TlsConnection : public HttpConnection {
 public:
  TlsConnection(int port, const TlsClientOptions& options);
  ~TlsConnection() override;

  bool open() const { return error_.empty(); }
  const std::string& error() const { return error_; }  // why the handshake failed
  std::string version() const;                         // "TLSv1.3"
  std::string protocol() const;                        // what ALPN chose
  bool resumed() const;
  std::string sha256() const;  // of the server's certificate, hex in pairs with colons

 protected:
  ssize_t Receive(char* into, size_t size) override;
  ssize_t Transmit(const char* from, size_t size) override;

 private:
  ssl_ctx_st* context_;
  ssl_st* tls_;
  std::string error_;
};

}  // namespace gridwarden::testing
