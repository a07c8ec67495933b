#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "gateway/address_set.h"
#include "gateway/edge_certificate.h"
#include "gateway/http.h"
#include "gateway/static_files.h"
#include "gateway/trust_page.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "platform/rpc/channel.h"
#include "platform/rpc/registry.h"

// The edge (D15): the Connect protocol for every public rpc, by its descriptor, with no code per rpc; static
// files; uploads and photos; the pages an operator asks for. Knows HTTP as values; http_server.h puts it on a
// socket.
namespace gridwarden::gateway {

struct GatewayOptions {
  // The way to the area that serves a method; null when no process of ours does. Null function: only the
  // operator's pages.
  std::function<rpc::Channel*(const google::protobuf::MethodDescriptor&)> channel;
  // Why this process is not ready; empty when it is.
  std::function<std::vector<std::string>()> not_ready;
  // What else its operator should know while it is; may be null.
  std::function<std::vector<std::string>()> notes;
  // Whether a call of this class would only be turned away now: it is told so before its body is looked at.
  // May be null.
  std::function<bool(const google::protobuf::MethodDescriptor&, int call_class)> refuses;
  // Told of each call that was not turned away for want of room; may be null.
  std::function<void(const google::protobuf::MethodDescriptor&, int call_class)> accepted;
  std::function<std::string()> metrics;
  StaticFiles files;
  std::string version;
  bool demo = false;
  // Proxies whose X-Forwarded-For is believed.
  AddressSet trusted_proxies;
  // Whose names we go by over TLS; null: we are served without TLS, and plain requests are answered.
  const EdgeCertificate* certificate = nullptr;
  absl::Duration hsts;  // how long browsers shall ask us over https only; zero: they are not told to
  TrustPages trust;
};

class Gateway {
 public:
  explicit Gateway(GatewayOptions options);

  // Answers once; rpcs on a thread of their channel.
  void Handle(HttpRequest request, Respond respond) const;
  // How large a body this request may have, from its head alone.
  size_t BodyLimit(const HttpRequest& head) const;
  // What to answer when the body is larger.
  HttpResponse TooLarge(const HttpRequest& head) const;
  // What to answer when other bodies leave no room for it: come back.
  HttpResponse TooBusy() const;

 private:
  // Whether a request came in clear although we speak TLS.
  bool InClear(const HttpRequest& request) const;
  void Rpc(HttpRequest request, Respond respond) const;
  // Uploads in pieces, and photos: HTTP of their own in front of rpcs of media.
  void Media(HttpRequest request, Respond respond) const;
  // An rpc in the name of whoever sent the request.
  void Send(const HttpRequest& request, const std::string& method, const google::protobuf::Message& message,
            std::function<void(absl::StatusOr<std::string>)> done) const;
  HttpResponse Trust(const HttpRequest& request) const;
  HttpResponse Page(const HttpRequest& request) const;
  HttpResponse Readiness() const;

  const GatewayOptions options_;
};

}  // namespace gridwarden::gateway
