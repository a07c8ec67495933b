#include <array>
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
#include "platform/rpc/grpc_listener.h"
#include "platform/rpc/grpc_status.h"
#include "platform/rpc/hop_seal.h"
#include "platform/rpc/server.h"

namespace gridwarden::rpc {
namespace {

constexpr int kAttemptsMax = 3;
constexpr int kAnswerBytesMax = 64 * 1024 * 1024;
constexpr absl::Duration kBackoff = absl::Milliseconds(40);
constexpr absl::Duration kTimeoutDefault = absl::Seconds(5);

// Whether a request that may have arrived can be sent again: it carries its own id, or it only reads.
bool MaySendAgain(const std::string& name) {
  std::string dotted = name;
  const size_t slash = dotted.rfind('/');
  if (slash == std::string::npos) return false;
  dotted[slash] = '.';
  const auto* method = google::protobuf::DescriptorPool::generated_pool()->FindMethodByName(dotted);
  if (method == nullptr) return false;
  if (method->input_type()->FindFieldByName("request_id") != nullptr) return true;
  const auto& verb = method->name();
  for (const char* read : {"Get", "List", "Resolve", "Locate", "Read", "Download"}) {
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

// One call with its attempts; keeps itself alive until it has answered.
class Attempts : public std::enable_shared_from_this<Attempts> {
 public:
  Attempts(std::shared_ptr<grpc::Channel> channel, Envelope envelope, std::string hop, Answer done)
      : stub_(std::move(channel)),
        envelope_(std::move(envelope)),
        hop_(std::move(hop)),
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
    if (passing && ++attempt_ < kAttemptsMax && MaySendAgain(envelope_.method)) {
      const absl::Time again = absl::Now() + Wait();
      if (again < envelope_.deadline) {
        alarms_[attempt_].Set(absl::ToChronoTime(again),
                              [self = shared_from_this()](bool) { self->Start(); });
        return;
      }
    }
    if (unserved) return done_(Unserved(envelope_.method));
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

  grpc::GenericStub stub_;
  const Envelope envelope_;
  const std::string hop_;
  const Answer done_;
  int attempt_ = 0;
  std::optional<grpc::ClientContext> context_;
  grpc::ByteBuffer request_;
  grpc::ByteBuffer response_;
  std::array<grpc::Alarm, kAttemptsMax>
      alarms_;  // one per attempt: an alarm may still be in its callback when the next is set
};

class NetworkChannel final : public Channel {
 public:
  NetworkChannel(const std::string& address, std::string hop_secret) : hop_secret_(std::move(hop_secret)) {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
    arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 20'000);
    arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 5'000);
    arguments.SetInt(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
    arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
    arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
    arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 2'000);
    arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);  // ours knows which calls may be sent again
    arguments.SetMaxReceiveMessageSize(kAnswerBytesMax);
    arguments.SetMaxSendMessageSize(kAnswerBytesMax);
    channel_ = grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
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
      envelope.deadline = absl::Now() + kTimeoutDefault;
    }
    std::string hop = SealHop(hop_secret_, envelope);
    std::make_shared<Attempts>(channel_, std::move(envelope), std::move(hop), std::move(done))->Start();
  }

 private:
  const std::string hop_secret_;
  std::shared_ptr<grpc::Channel> channel_;
};

}  // namespace

std::unique_ptr<Channel> DialNetwork(const std::string& address, const std::string& hop_secret) {
  return std::make_unique<NetworkChannel>(address, hop_secret);
}

}  // namespace gridwarden::rpc
