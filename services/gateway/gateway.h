#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "gateway/http.h"
#include "gateway/static_files.h"
#include "google/protobuf/descriptor.h"
#include "platform/rpc/channel.h"
#include "platform/rpc/registry.h"

// The edge (D15): the Connect protocol for every public rpc, by its descriptor, with no code per rpc; static
// files; the pages an operator asks for. Knows HTTP as values; http_server.h puts it on a socket.
namespace gridwarden::gateway {

struct GatewayOptions {
  // The way to the area that serves a method; null when no process of ours does. Null function: only the
  // operator's pages.
  std::function<rpc::Channel*(const google::protobuf::MethodDescriptor&)> channel;
  // Why this process is not ready; empty when it is.
  std::function<std::vector<std::string>()> not_ready;
  std::function<std::string()> metrics;
  StaticFiles files;
  std::string version;
  bool demo = false;
  // Addresses of proxies whose X-Forwarded-For is believed.
  std::vector<std::string> trusted_proxies;
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
  void Rpc(HttpRequest request, Respond respond) const;
  HttpResponse Page(const HttpRequest& request) const;
  HttpResponse Readiness() const;

  const GatewayOptions options_;
};

}  // namespace gridwarden::gateway
