#include "support/tls_client.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <csignal>
#include <cstdio>

namespace gridwarden::testing {

TlsConnection::TlsConnection(int port, const TlsClientOptions& options)
    : HttpConnection(port), context_(SSL_CTX_new(TLS_client_method())), tls_(nullptr) {
  std::signal(SIGPIPE, SIG_IGN);  // the library writes to sockets that others close
  BIO* bio = BIO_new_mem_buf(options.authority.data(), static_cast<int>(options.authority.size()));
  while (X509* one = PEM_read_bio_X509(bio, nullptr, nullptr, nullptr)) {
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context_), one);
    X509_free(one);
  }
  BIO_free(bio);
  ERR_clear_error();
  SSL_CTX_set_verify(context_, SSL_VERIFY_PEER, nullptr);
  if (options.version_max != 0) {
    SSL_CTX_set_security_level(context_, 0);  // so that old versions are really offered
    SSL_CTX_set_max_proto_version(context_, options.version_max);
  }
  tls_ = SSL_new(context_);
  const std::string protocol = static_cast<char>(options.protocol.size()) + options.protocol;
  SSL_set_alpn_protos(tls_, reinterpret_cast<const unsigned char*>(protocol.data()),
                      static_cast<unsigned>(protocol.size()));
  if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls_), options.host.c_str()) != 1) {
    SSL_set1_host(tls_, options.host.c_str());
    SSL_set_tlsext_host_name(tls_, options.host.c_str());
  }
  if (options.resume != nullptr) SSL_set_session(tls_, SSL_get0_session(options.resume->tls_));
  SSL_set_fd(tls_, socket_);
  ERR_clear_error();
  if (SSL_connect(tls_) == 1) return;
  const long verified = SSL_get_verify_result(tls_);
  const char* reason = ERR_reason_error_string(ERR_peek_error());
  error_ = verified != X509_V_OK ? X509_verify_cert_error_string(verified)
           : reason != nullptr   ? reason
                                 : "closed";
  ERR_clear_error();
}

TlsConnection::~TlsConnection() {
  if (open()) SSL_shutdown(tls_);
  SSL_free(tls_);
  SSL_CTX_free(context_);
  ERR_clear_error();
}

ssize_t TlsConnection::Receive(char* into, size_t size) {
  return open() ? SSL_read(tls_, into, static_cast<int>(size)) : 0;
}

ssize_t TlsConnection::Transmit(const char* from, size_t size) {
  return open() ? SSL_write(tls_, from, static_cast<int>(size)) : 0;
}

std::string TlsConnection::version() const { return SSL_get_version(tls_); }

std::string TlsConnection::protocol() const {
  const unsigned char* chosen = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(tls_, &chosen, &size);
  return {chosen, chosen + size};
}

bool TlsConnection::resumed() const { return SSL_session_reused(tls_) == 1; }

std::string TlsConnection::sha256() const {
  X509* certificate = SSL_get1_peer_certificate(tls_);
  if (certificate == nullptr) return "";
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  X509_digest(certificate, EVP_sha256(), digest, &size);
  X509_free(certificate);
  std::string text;
  char pair[4];
  for (unsigned i = 0; i < size; ++i) {
    std::snprintf(pair, sizeof(pair), i == 0 ? "%02X" : ":%02X", digest[i]);
    text += pair;
  }
  return text;
}

}  // namespace gridwarden::testing
