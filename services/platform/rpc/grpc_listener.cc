#include "platform/rpc/grpc_listener.h"

#include <deque>
#include <map>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/status.h"
#include "grpcpp/ext/proto_server_reflection_plugin.h"
#include "grpcpp/grpcpp.h"
#include "grpcpp/health_check_service_interface.h"
#include "grpcpp/impl/codegen/server_callback_handlers.h"
#include "grpcpp/impl/server_builder_option.h"
#include "grpcpp/impl/service_type.h"
#include "platform/rpc/callback_threads.h"
#include "platform/rpc/grpc_status.h"
#include "platform/rpc/hop_seal.h"
#include "platform/runtime/log.h"

namespace gridwarden::rpc {
namespace {

// Whose word is taken for what a phone signed: the area that replays it, and a process that serves several.
bool SpeaksForPhones(std::string_view target) { return target == "sync" || target == "all"; }

constexpr int kAnswerBytesMax = 64 * 1024 * 1024;
constexpr int kEnvelopeSlack =
    64 * 1024;  // the exact limit of each method is the server's to say, with a reason

std::string MetadataOf(const grpc::CallbackServerContext& context, const char* key) {
  const auto found = context.client_metadata().find(key);
  return found == context.client_metadata().end() ? ""
                                                  : std::string(found->second.data(), found->second.size());
}

std::string BytesOf(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  std::string bytes;
  if (!buffer.Dump(&slices).ok()) return bytes;
  bytes.reserve(buffer.Length());
  for (const grpc::Slice& slice : slices)
    bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  return bytes;
}

// What the sender's secret proves on a plain connection.
void ReadSeal(const grpc::CallbackServerContext& context, const std::string& hop_secret, Envelope& envelope) {
  const auto hop =
      OpenHop(hop_secret, MetadataOf(context, kHopKey), envelope.method, envelope.body, absl::Now());
  if (!hop) return;
  envelope.system = hop->system;
  if (!hop->peer.empty()) envelope.peer = hop->peer;
  envelope.operation = hop->operation;
}

// What the sender's certificate proves, and whether the sender is on the list. A process of the list is
// believed what it says of the outside caller's address.
absl::Status ReadSender(const grpc::CallbackServerContext& context, const ListenOptions& options,
                        Envelope& envelope) {
  const auto ids = context.auth_context()->FindPropertyValues(GRPC_PEER_SPIFFE_ID_PROPERTY_NAME);
  const std::string id = ids.size() == 1 ? std::string(ids[0].data(), ids[0].size()) : "";
  const auto sender = tls::ReadSpiffeId(id);
  envelope.system = MetadataOf(context, kSystemKey) == "1";
  const bool ours = sender && sender->installation == options.identity->name().installation;
  if (!ours || !options.allow_peer(sender->target, envelope.method, envelope.system)) {
    Log(LogLevel::kWarning, "process_refused",
        {{"process", id}, {"method", envelope.method}, {"system", envelope.system ? "yes" : "no"}});
    return NotAllowed(absl::StrCat(id.empty() ? "a process without a name" : id, " may not call ",
                                   envelope.method, envelope.system ? " for itself" : ""));
  }
  if (std::string peer = MetadataOf(context, kPeerKey); !peer.empty()) envelope.peer = std::move(peer);
  if (SpeaksForPhones(sender->target)) {
    envelope.operation = DeviceOperation::Decode(MetadataOf(context, kOperationKey));
  }
  return absl::OkStatus();
}

absl::StatusOr<Envelope> EnvelopeOf(const grpc::CallbackServerContext& context, const std::string& method,
                                    const grpc::ByteBuffer& request, const ListenOptions& options) {
  Envelope envelope;
  envelope.method = method;
  envelope.body = BytesOf(request);
  const auto deadline = context.deadline();
  envelope.deadline = deadline == std::chrono::system_clock::time_point::max() ? absl::InfiniteFuture()
                                                                               : absl::FromChrono(deadline);
  const std::string authorization = MetadataOf(context, kTokenKey);
  if (authorization.rfind(kBearer, 0) == 0) envelope.token = authorization.substr(sizeof(kBearer) - 1);
  envelope.trace_id = MetadataOf(context, kTraceKey).substr(0, 64);
  if (const std::string demo_now = MetadataOf(context, kDemoTimeKey); !demo_now.empty()) {
    std::string error;
    if (!absl::ParseTime(absl::RFC3339_full, demo_now, &envelope.demo_now, &error)) {
      envelope.demo_now = absl::InfinitePast();
    }
  }
  envelope.peer = context.peer();
  if (options.identity == nullptr) {
    ReadSeal(context, options.hop_secret, envelope);
  } else {
    GW_RETURN_IF_ERROR(ReadSender(context, options, envelope));
  }
  return envelope;
}

// Linking gRPC's reflection turns it on for every server; this turns it off again.
class WithoutReflection final : public grpc::ServerBuilderOption {
 public:
  void UpdateArguments(grpc::ChannelArguments*) override {}
  void UpdatePlugins(std::vector<std::unique_ptr<grpc::ServerBuilderPlugin>>* plugins) override {
    std::erase_if(*plugins, [](const auto& plugin) { return plugin->name() == "proto_server_reflection"; });
  }
};

// One proto service, its methods by their descriptors.
class AreaService final : public grpc::Service {
 public:
  AreaService(const std::vector<const Method*>& methods, const ListenOptions& options, const Serve& serve) {
    for (const Method* method : methods) {
      names_.push_back("/" + method->name);
      const int index = static_cast<int>(names_.size()) - 1;
      AddMethod(new grpc::internal::RpcServiceMethod(names_.back().c_str(),
                                                     grpc::internal::RpcMethod::NORMAL_RPC, nullptr));
      MarkMethodRawCallback(
          index, new grpc::internal::CallbackUnaryHandler<grpc::ByteBuffer, grpc::ByteBuffer>(
                     [name = method->name, &options, &serve](grpc::CallbackServerContext* context,
                                                             const grpc::ByteBuffer* request,
                                                             grpc::ByteBuffer* response) {
                       grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
                       absl::StatusOr<Envelope> envelope = EnvelopeOf(*context, name, *request, options);
                       if (!envelope.ok()) {
                         reactor->Finish(ToGrpc(envelope.status()));
                         return reactor;
                       }
                       serve(*std::move(envelope), [reactor, response](absl::StatusOr<std::string> answer) {
                         if (!answer.ok()) return reactor->Finish(ToGrpc(answer.status()));
                         const grpc::Slice slice(*answer);
                         *response = grpc::ByteBuffer(&slice, 1);
                         reactor->Finish(grpc::Status::OK);
                       });
                       return reactor;
                     }));
    }
  }

 private:
  std::deque<std::string> names_;  // gRPC keeps pointers to them
};

}  // namespace

struct GrpcListener::State {
  ListenOptions options;
  Serve serve;
  std::vector<std::unique_ptr<AreaService>> services;
  std::unique_ptr<grpc::Server> server;
  int port = 0;
};

GrpcListener::GrpcListener(std::unique_ptr<State> state) : state_(std::move(state)) {}

absl::StatusOr<std::unique_ptr<GrpcListener>> GrpcListener::Start(const Registry& registry,
                                                                  const std::string& address,
                                                                  ListenOptions options, Serve serve) {
  static const bool plugins = [] {
    grpc::EnableDefaultHealthCheckService(true);
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
    return true;
  }();
  static_cast<void>(plugins);
  KeepCallbackThreads();

  auto state = std::make_unique<State>();
  state->options = std::move(options);
  state->serve = std::move(serve);
  std::map<std::string, std::vector<const Method*>> by_service;
  size_t request_bytes_max = 0;
  for (const auto& [name, method] : registry.methods()) {
    by_service[method.descriptor->service()->full_name()].push_back(&method);
    request_bytes_max = std::max(request_bytes_max, method.max_request_bytes);
  }
  grpc::ServerBuilder builder;
  builder.AddListeningPort(address,
                           state->options.identity == nullptr ? grpc::InsecureServerCredentials()
                                                              : state->options.identity->ForServer(),
                           &state->port);
  if (!state->options.reflection) builder.SetOption(std::make_unique<WithoutReflection>());
  builder.SetMaxReceiveMessageSize(static_cast<int>(request_bytes_max) + kEnvelopeSlack);
  builder.SetMaxSendMessageSize(kAnswerBytesMax);
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT,
                             0);  // a second server on the port is an error, not a lottery
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, 16 * 1024);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_MS, 30 * 60 * 1000);
  // Longer than any call may last.
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS, 11 * 60 * 1000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 60 * 1000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10 * 1000);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 10 * 1000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  for (const auto& [service, methods] : by_service) {
    state->services.push_back(std::make_unique<AreaService>(methods, state->options, state->serve));
    builder.RegisterService(state->services.back().get());
  }
  state->server = builder.BuildAndStart();
  const bool is_unix = address.rfind("unix:", 0) == 0;
  if (state->server == nullptr || (!is_unix && state->port == 0)) {
    return Unavailable("INTERNAL_FAULT", absl::StrCat("cannot listen on ", address), absl::Seconds(1));
  }
  if (is_unix) state->port = 0;
  auto listener = std::unique_ptr<GrpcListener>(new GrpcListener(std::move(state)));
  listener->SetServing(false);
  return listener;
}

GrpcListener::~GrpcListener() { Shutdown(absl::Now()); }

int GrpcListener::port() const { return state_->port; }

void GrpcListener::SetServing(bool serving) {
  state_->server->GetHealthCheckService()->SetServingStatus(serving);
}

void GrpcListener::Shutdown(absl::Time deadline) { state_->server->Shutdown(absl::ToChronoTime(deadline)); }

}  // namespace gridwarden::rpc
