#include <array>
#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/status.h"
#include "google/protobuf/descriptor.h"
#include "grpcpp/alarm.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/grpcpp.h"
#include "platform/rpc/callback_threads.h"
#include "platform/rpc/executor.h"
#include "platform/rpc/grpc_listener.h"
#include "platform/rpc/grpc_status.h"
#include "platform/rpc/hop_seal.h"
#include "platform/rpc/retry_budget.h"
#include "platform/rpc/server.h"
#include "platform/runtime/log.h"

namespace gridwarden::rpc {
namespace {

constexpr int kAttemptsMax = 3;
constexpr int kAnswerBytesMax = 64 * 1024 * 1024;
constexpr absl::Duration kBackoff = absl::Milliseconds(40);
constexpr absl::Duration kTimeoutDefault = absl::Seconds(5);
constexpr absl::Duration kTimeoutExport = absl::Seconds(60);
constexpr absl::Duration kSaidAgainAfter = absl::Seconds(10);

const google::protobuf::MethodDescriptor* DescriptorOf(const std::string& name) {
  std::string dotted = name;
  const size_t slash = dotted.rfind('/');
  if (slash == std::string::npos) return nullptr;
  dotted[slash] = '.';
  return google::protobuf::DescriptorPool::generated_pool()->FindMethodByName(dotted);
}

// For a call whose caller named no deadline: as long as the server would give it.
absl::Duration TimeoutOf(const std::string& name) {
  const auto* descriptor = DescriptorOf(name);
  if (descriptor == nullptr) return kTimeoutDefault;
  Method method;
  ReadMethodOptions(*descriptor, method);
  return method.call_class == kExportClass ? kTimeoutExport : kTimeoutDefault;
}

// Whether a request that may have arrived can be sent again: it carries its own id, or it only reads.
bool MaySendAgain(const std::string& name) {
  const auto* method = DescriptorOf(name);
  if (method == nullptr) return false;
  if (method->input_type()->FindFieldByName("request_id") != nullptr) return true;
  const auto& verb = method->name();
  for (const char* read : {"Get", "BatchGet", "List", "Resolve", "Locate", "Read", "Download"}) {
    if (verb.rfind(read, 0) == 0) return true;
  }
  return false;
}

// gRPC's own words for a call that nobody served: the process was not there, or stopped in the moment the
// call came (CANCELLED; we never cancel). What a server of ours says has details.
bool IsUnserved(const grpc::Status& status) {
  return status.error_details().empty() && (status.error_code() == grpc::StatusCode::UNAVAILABLE ||
                                            status.error_code() == grpc::StatusCode::CANCELLED);
}

// Names the method, not the address: callers outside read this too.
absl::Status Unserved(const std::string& method) {
  return Unavailable("DATABASE_UNAVAILABLE", absl::StrCat("nobody serves ", method, " just now"),
                     absl::Seconds(1));
}

// What the calls of one channel share.
struct Line {
  std::string address;
  DialOptions options;
  std::shared_ptr<grpc::Channel> channel;
  RetryBudget budget;
  std::atomic<int64_t> said_us{0};  // when the log was last told why nobody answers

  // Why nobody answers (a refused certificate, say) is for the log only, and not for every call.
  void SayUnserved(const grpc::Status& status) {
    const int64_t now_us = absl::ToUnixMicros(absl::Now());
    int64_t said = said_us.load();
    if (now_us - said < absl::ToInt64Microseconds(kSaidAgainAfter)) return;
    if (!said_us.compare_exchange_strong(said, now_us)) return;
    Log(LogLevel::kWarning, "unserved",
        {{"target", options.target}, {"address", address}, {"detail", status.error_message()}});
  }
};

// One call with its attempts; keeps itself alive until it has answered.
class Attempts : public std::enable_shared_from_this<Attempts> {
 public:
  Attempts(std::shared_ptr<Line> line, Envelope envelope, Answer done)
      : line_(std::move(line)),
        stub_(line_->channel),
        envelope_(std::move(envelope)),
        hop_(line_->options.identity == nullptr ? SealHop(line_->options.hop_secret, envelope_) : ""),
        done_(std::move(done)) {}

  void Start() {
    context_.emplace();
    context_->set_deadline(absl::ToChronoTime(envelope_.deadline));
    if (!envelope_.token.empty()) context_->AddMetadata(kTokenKey, kBearer + envelope_.token);
    if (!envelope_.trace_id.empty()) context_->AddMetadata(kTraceKey, envelope_.trace_id);
    if (envelope_.demo_now != absl::InfinitePast()) {
      context_->AddMetadata(kDemoTimeKey,
                            absl::FormatTime(absl::RFC3339_full, envelope_.demo_now, absl::UTCTimeZone()));
    }
    if (!hop_.empty()) context_->AddMetadata(kHopKey, hop_);
    if (line_->options.identity != nullptr) {
      if (envelope_.system) context_->AddMetadata(kSystemKey, "1");
      if (!envelope_.peer.empty()) context_->AddMetadata(kPeerKey, envelope_.peer);
      if (envelope_.operation) context_->AddMetadata(kOperationKey, envelope_.operation->Encode());
    }
    const grpc::Slice slice(envelope_.body);
    request_ = grpc::ByteBuffer(&slice, 1);
    response_.Clear();
    stub_.UnaryCall(&*context_, "/" + envelope_.method, grpc::StubOptions(), &request_, &response_,
                    [self = shared_from_this()](grpc::Status status) { self->Finished(status); });
  }

 private:
  void Finished(const grpc::Status& status) {
    const bool unserved = IsUnserved(status);
    const bool passing = unserved || status.error_code() == grpc::StatusCode::UNAVAILABLE;
    if (passing) said_ = unserved ? Unserved(envelope_.method) : FromGrpc(status);
    if (passing && ++attempt_ < kAttemptsMax && MaySendAgain(envelope_.method)) {
      const absl::Time again = absl::Now() + Wait();
      if (again < envelope_.deadline && line_->budget.Spend()) {
        waiting_ = shared_from_this();
        // Not by the callback itself: an alarm keeps it after it has run, and would keep us and the channel.
        alarms_[attempt_].Set(absl::ToChronoTime(again), [this](bool) {
          const std::shared_ptr<Attempts> self = std::move(waiting_);
          self->Start();
        });
        return;
      }
    }
    if (unserved) {
      line_->SayUnserved(status);
      return done_(Unserved(envelope_.method));
    }
    // Time that ran out over another attempt says less than why there was another one.
    if (status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED && !said_.ok()) return done_(said_);
    if (!status.ok()) return done_(FromGrpc(status));
    std::vector<grpc::Slice> slices;
    std::string bytes;
    if (!response_.Dump(&slices).ok()) return done_(Internal("answer cannot be read"));
    for (const grpc::Slice& slice : slices)
      bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
    done_(std::move(bytes));
  }

  absl::Duration Wait() const {
    thread_local std::minstd_rand random{std::random_device{}()};
    return kBackoff * (1 << attempt_) * std::uniform_real_distribution<double>(0.5, 1.0)(random);
  }

  const std::shared_ptr<Line> line_;
  grpc::GenericStub stub_;
  const Envelope envelope_;
  const std::string hop_;
  const Answer done_;
  int attempt_ = 0;
  absl::Status said_;                  // what the last attempt that may pass by itself was told
  std::shared_ptr<Attempts> waiting_;  // ourselves, while an alarm is all that knows of us
  std::optional<grpc::ClientContext> context_;
  grpc::ByteBuffer request_;
  grpc::ByteBuffer response_;
  std::array<grpc::Alarm, kAttemptsMax>
      alarms_;  // one per attempt: an alarm may still be in its callback when the next is set
};

class NetworkChannel final : public Channel {
 public:
  NetworkChannel(const std::string& address, DialOptions options) : line_(std::make_shared<Line>()) {
    KeepCallbackThreads();
    line_->address = address;
    line_->options = std::move(options);
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
    arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 20'000);
    arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 5'000);
    arguments.SetInt(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
    arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
    arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
    arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 2'000);
    // A name may have several replicas behind it (dns:///): each gets its share, and one that ends is left
    // out.
    arguments.SetLoadBalancingPolicyName("round_robin");
    arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);  // ours knows which calls may be sent again
    arguments.SetMaxReceiveMessageSize(kAnswerBytesMax);
    arguments.SetMaxSendMessageSize(kAnswerBytesMax);
    // The name asked for in the handshake; without it gRPC's server writes of an address that is no name.
    if (line_->options.identity != nullptr) arguments.SetSslTargetNameOverride(line_->options.target);
    line_->channel = grpc::CreateCustomChannel(
        address,
        line_->options.identity == nullptr ? grpc::InsecureChannelCredentials()
                                           : line_->options.identity->ForCallsTo(line_->options.target),
        arguments);
  }

  absl::StatusOr<std::string> Send(const Envelope& envelope) override {
    std::mutex mutex;
    std::condition_variable ready;
    std::optional<absl::StatusOr<std::string>> answer;
    SendAsync(envelope, [&](absl::StatusOr<std::string> got) {
      std::lock_guard lock(mutex);
      answer = std::move(got);
      ready.notify_one();
    });
    std::unique_lock lock(mutex);
    ready.wait(lock, [&] { return answer.has_value(); });
    return *std::move(answer);
  }

  void SendAsync(Envelope envelope, std::function<void(absl::StatusOr<std::string>)> done) override {
    if (envelope.deadline == absl::InfiniteFuture() || envelope.deadline == absl::Time()) {
      envelope.deadline = absl::Now() + TimeoutOf(envelope.method);
    }
    line_->budget.Earn();
    std::make_shared<Attempts>(line_, std::move(envelope), std::move(done))->Start();
  }

 private:
  const std::shared_ptr<Line> line_;
};

}  // namespace

std::unique_ptr<Channel> DialNetwork(const std::string& address, DialOptions options) {
  return std::make_unique<NetworkChannel>(address, std::move(options));
}

}  // namespace gridwarden::rpc
