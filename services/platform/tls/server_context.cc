#include "platform/tls/server_context.h"

#include <openssl/ssl.h>

#include <boost/asio/buffer.hpp>

#include "absl/strings/str_cat.h"
#include "base/status.h"

namespace gridwarden::tls {
namespace {

namespace ssl = boost::asio::ssl;
using boost::system::error_code;

constexpr char kCiphersOfTls12[] = "ECDHE+AESGCM:ECDHE+CHACHA20";
constexpr unsigned char kProtocols[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
constexpr unsigned char kSessionContext[] = "gridwarden";

// A client that names its protocols and not HTTP/1.1 could not talk with us.
int ChooseProtocol(SSL*, const unsigned char** chosen, unsigned char* size, const unsigned char* offered,
                   unsigned int offered_size, void*) {
  unsigned char* match = nullptr;
  if (SSL_select_next_proto(&match, size, kProtocols, sizeof(kProtocols), offered, offered_size) !=
      OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  *chosen = match;
  return SSL_TLSEXT_ERR_OK;
}

absl::Status Unfit(const char* what, const std::string& why) {
  return FailedPrecondition("INTERNAL_FAULT", absl::StrCat("TLS: ", what, ": ", why));
}

}  // namespace

absl::StatusOr<std::shared_ptr<ServerContext>> MakeServerContext(const KeyPair& pair) {
  auto made = std::make_shared<ServerContext>(ServerContext{ssl::context(ssl::context::tls_server)});
  error_code error;
  made->context.use_certificate_chain(boost::asio::buffer(pair.certificate), error);
  if (error) return Unfit("certificate", error.message());
  made->context.use_private_key(boost::asio::buffer(pair.key), ssl::context::pem, error);
  if (error) return Unfit("key", error.message());
  SSL_CTX* context = made->context.native_handle();
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                   SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);          // an idle connection keeps none
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);  // tickets hold what a session needs
  SSL_CTX_set_alpn_select_cb(context, ChooseProtocol, nullptr);
  if (SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1 ||
      SSL_CTX_set_cipher_list(context, kCiphersOfTls12) != 1 || SSL_CTX_set_num_tickets(context, 1) != 1 ||
      SSL_CTX_set_session_id_context(context, kSessionContext, sizeof(kSessionContext) - 1) != 1) {
    return Unfit("settings", "refused by the library");
  }
  return made;
}

}  // namespace gridwarden::tls
