#include "platform/rpc/server.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <optional>
#include <random>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/status.h"
#include "platform/rpc/executor.h"
#include "platform/rpc/grpc_listener.h"

namespace gridwarden::rpc {
namespace {

// Spread, so that those who were turned away together do not come back together.
constexpr double kRetryAfterShedMin = 0.5, kRetryAfterShedMax = 2.0;
constexpr absl::Duration kRetryAfterDrain = absl::Seconds(2);

absl::Status MethodUnknown(const std::string& name) {
  return MakeError(absl::StatusCode::kUnimplemented, absl::StrCat("no such method here: ", name),
                   {.reason = "METHOD_UNKNOWN"});
}

absl::Status TooBusy() {
  thread_local std::minstd_rand random{std::random_device{}()};
  return Overloaded(
      "more calls come than can be served",
      absl::Seconds(std::uniform_real_distribution<double>(kRetryAfterShedMin, kRetryAfterShedMax)(random)));
}

absl::Status DeadlinePassed(const char* where) {
  return MakeError(absl::StatusCode::kDeadlineExceeded, absl::StrCat("deadline passed ", where),
                   {.reason = "DEADLINE_PASSED"});
}

absl::Status TooLarge(size_t got, size_t limit) {
  return MakeError(
      absl::StatusCode::kInvalidArgument, absl::StrCat("request of ", got, " bytes, want <= ", limit),
      {.reason = "MESSAGE_TOO_LARGE", .metadata = {{"limit", absl::StrCat(limit / 1024, " KiB")}}});
}

// What the caller is told of an error, and what only the log is told: the text of an internal fault stays in
// the house.
struct Told {
  absl::Status status;
  std::string log_id;
  std::string detail;
};

Told TellCaller(const absl::Status& status) {
  absl::Status with_facts = status;
  if (!FactsOf(status)) with_facts = DecodeStatusDetails(status.code(), std::string(status.message()), "");
  ErrorFacts facts = *FactsOf(with_facts);
  if (facts.reason != "INTERNAL_FAULT" || facts.metadata.count("log_id") > 0) return {.status = with_facts};
  Told told;
  told.log_id = Uuid::Make(absl::Now()).ToString();
  told.detail = absl::StrCat(absl::StatusCodeToString(status.code()), ": ", status.message());
  facts.metadata["log_id"] = told.log_id;
  told.status =
      MakeError(absl::StatusCode::kInternal, absl::StrCat("internal fault, log id ", told.log_id), facts);
  return told;
}

}  // namespace

class Server::Core final : public Channel {
 public:
  Core(const Registry& registry, Authenticate authenticate, Allow allow, const Clock& clock,
       ServerOptions options)
      : registry_(registry),
        authenticate_(std::move(authenticate)),
        allow_(std::move(allow)),
        clock_(clock),
        options_(std::move(options)),
        executor_(options_.executor_threads, options_.queue_limit) {}

  absl::StatusOr<std::string> Send(const Envelope& envelope) override {
    CallRecord record = RecordOf(envelope);
    const absl::Time came = absl::Now();
    absl::StatusOr<std::string> answer = Perform(envelope, came, record);
    return Finished(std::move(record), came, std::move(answer));
  }

  void SendAsync(Envelope envelope, std::function<void(absl::StatusOr<std::string>)> done) override {
    const absl::Time came = absl::Now();
    const absl::StatusOr<const Method*> method = FindFor(envelope);
    if (!method.ok()) return done(Finished(RecordOf(envelope), came, method.status()));
    if (draining_.load()) return done(Finished(RecordOf(envelope), came, Draining()));
    // One shared state for the two ends of the job, of which exactly one is used.
    struct Waiting {
      Envelope envelope;
      std::function<void(absl::StatusOr<std::string>)> done;
    };
    auto waiting = std::make_shared<Waiting>(Waiting{std::move(envelope), std::move(done)});
    executor_.Submit({
        .call_class = (*method)->call_class,
        .run =
            [this, waiting, came] {
              CallRecord record = RecordOf(waiting->envelope);
              record.waited = absl::Now() - came;
              absl::StatusOr<std::string> answer = Perform(waiting->envelope, came, record);
              waiting->done(Finished(std::move(record), came, std::move(answer)));
            },
        .refuse =
            [this, waiting, came] {
              const absl::Status why = draining_.load() ? Draining() : TooBusy();
              waiting->done(Finished(RecordOf(waiting->envelope), came, why));
            },
    });
  }

  absl::StatusOr<int> Listen(const std::string& address) {
    GW_ASSIGN_OR_RETURN(listener_, GrpcListener::Start(registry_, address,
                                                       {.hop_secret = options_.hop_secret,
                                                        .identity = options_.identity,
                                                        .allow_peer = options_.allow_peer,
                                                        .reflection = options_.reflection},
                                                       [this](Envelope envelope, Answer done) {
                                                         SendAsync(std::move(envelope), std::move(done));
                                                       }));
    return listener_->port();
  }

  void SetServing(bool serving) {
    if (listener_ != nullptr) listener_->SetServing(serving);
  }

  void Drain(absl::Duration grace) {
    const absl::Time deadline = absl::Now() + grace;
    SetServing(false);
    draining_.store(true);
    if (listener_ != nullptr) listener_->Shutdown(deadline);
    executor_.Drain(absl::ToChronoMilliseconds(std::max(deadline - absl::Now(), absl::ZeroDuration())));
  }

  ServerLoad load() const {
    return {.waiting = executor_.waiting(),
            .running = executor_.running(),
            .running_max = executor_.running_max(),
            .overloaded = executor_.overloaded(),
            .shed = executor_.shed(),
            .shed_by_class = executor_.shed_by_class()};
  }

  absl::Status Admit(int call_class) {
    return executor_.RefusesNow(call_class) ? TooBusy() : absl::OkStatus();
  }

 private:
  static absl::Status Draining() {
    return Unavailable("DRAINING", "this process is stopping", kRetryAfterDrain);
  }

  // The method a caller of this kind may name at all.
  absl::StatusOr<const Method*> FindFor(const Envelope& envelope) const {
    const Method* method = registry_.Find(envelope.method);
    if (method == nullptr) return MethodUnknown(envelope.method);
    if (method->internal && !envelope.system) return NotAllowed("only for the system's own processes");
    return method;
  }

  absl::Time DeadlineOf(const Envelope& envelope, const Method& method, absl::Time came) const {
    if (envelope.deadline == absl::Time() || envelope.deadline == absl::InfiniteFuture()) {
      return came + (method.call_class == kExportClass ? options_.timeout_export : options_.timeout_default);
    }
    return std::min(envelope.deadline, came + options_.timeout_max);
  }

  absl::StatusOr<Principal> PrincipalOf(const Envelope& envelope, const Method& method) const {
    if (envelope.system) {
      Principal system;
      system.system = true;
      return system;
    }
    if (envelope.token.empty()) {
      if (method.anonymous) return Principal{};
      return MakeError(absl::StatusCode::kUnauthenticated, "no access token", {.reason = "NOT_SIGNED_IN"});
    }
    absl::StatusOr<Principal> principal = authenticate_(envelope.token, clock_.Now());
    // Whoever signs in again may still send the token that has just expired.
    if (!principal.ok() && method.anonymous) return Principal{};
    return principal;
  }

  // Everything between coming in and the answer; notes in `record` who called.
  absl::StatusOr<std::string> Perform(const Envelope& envelope, absl::Time came, CallRecord& record) const {
    GW_ASSIGN_OR_RETURN(const Method* method, FindFor(envelope));
    const absl::Time deadline = DeadlineOf(envelope, *method, came);
    if (deadline <= absl::Now()) return DeadlinePassed("before the call was served");
    if (envelope.body.size() > method->max_request_bytes) {
      return TooLarge(envelope.body.size(), method->max_request_bytes);
    }
    GW_ASSIGN_OR_RETURN(Principal principal, PrincipalOf(envelope, *method));
    record.account = principal.account.ToString();
    const bool demo = options_.demo && envelope.demo_now != absl::InfinitePast();
    const Call call{.principal = std::move(principal),
                    .method = method->name,
                    .now = demo ? envelope.demo_now : clock_.Now(),
                    .deadline = deadline,
                    .token = envelope.token,
                    .trace_id = record.trace_id,
                    .peer = envelope.peer,
                    .operation = envelope.operation};
    GW_RETURN_IF_ERROR(allow_(call));
    // Not before: a stranger does not make us read 16 MiB.
    const std::unique_ptr<google::protobuf::Message> request = method->new_request();
    if (!request->ParseFromString(envelope.body)) {
      return MakeError(absl::StatusCode::kInvalidArgument,
                       absl::StrCat("request is no ", request->GetDescriptor()->full_name()),
                       {.reason = "MALFORMED_REQUEST"});
    }
    GW_RETURN_IF_ERROR(Validate(*request));
    try {
      absl::StatusOr<std::unique_ptr<google::protobuf::Message>> response = method->body(call, *request);
      if (!response.ok()) return response.status();
      return (*response)->SerializeAsString();
    } catch (const std::exception& fault) {
      return Internal(absl::StrCat("exception: ", fault.what()));
    }
  }

  static CallRecord RecordOf(const Envelope& envelope) {
    return {.method = envelope.method,
            .trace_id = envelope.trace_id.empty() ? Uuid::Make(absl::Now()).ToString() : envelope.trace_id};
  }

  // The last step of every call: what the caller is told, and one record of it.
  absl::StatusOr<std::string> Finished(CallRecord record, absl::Time came,
                                       absl::StatusOr<std::string> answer) const {
    record.elapsed = absl::Now() - came;
    const Method* method = registry_.Find(record.method);
    if (method != nullptr) record.call_class = method->call_class;
    if (!answer.ok()) {
      Told told = TellCaller(answer.status());
      record.code = told.status.code();
      record.reason = ReasonOf(told.status);
      record.log_id = std::move(told.log_id);
      record.detail = std::move(told.detail);
      if (method == nullptr) {  // anybody can invent names; metrics must not grow by them
        record.detail = absl::StrCat("no such method: ", record.method.substr(0, 200));
        record.method = "unknown";
      }
      answer = std::move(told.status);
    }
    if (options_.observe) options_.observe(record);
    return answer;
  }

  const Registry& registry_;
  const Authenticate authenticate_;
  const Allow allow_;
  const Clock& clock_;
  const ServerOptions options_;
  std::atomic<bool> draining_{false};
  std::unique_ptr<GrpcListener> listener_;
  Executor executor_;  // destroyed first: its jobs use everything above
};

Server::Server(const Registry& registry, Authenticate authenticate, Allow allow, const Clock& clock,
               ServerOptions options)
    : core_(std::make_unique<Core>(registry, std::move(authenticate), std::move(allow), clock,
                                   std::move(options))) {}

Server::~Server() { Drain(absl::Seconds(5)); }

absl::StatusOr<int> Server::Listen(const std::string& address) { return core_->Listen(address); }

Channel& Server::channel() { return *core_; }

void Server::SetServing(bool serving) { core_->SetServing(serving); }

void Server::Drain(absl::Duration grace) { core_->Drain(grace); }

absl::Status Server::Admit(int call_class) { return core_->Admit(call_class); }

ServerLoad Server::load() const { return core_->load(); }

}  // namespace gridwarden::rpc
