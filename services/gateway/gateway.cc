#include "gateway/gateway.h"

#include <algorithm>
#include <atomic>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "base/id.h"
#include "base/status.h"
#include "gateway/answers.h"
#include "gateway/connect_codec.h"
#include "gateway/gzip.h"
#include "gateway/landing_page.h"
#include "gateway/photos.h"
#include "gateway/plain_http.h"
#include "gateway/uploads.h"
#include "platform/rpc/deadline.h"

namespace gridwarden::gateway {
namespace {

constexpr char kJson[] = "application/json";
constexpr char kProto[] = "application/proto";
constexpr size_t kGzipWorthBytes = 1024;
constexpr size_t kPageBodyMax = 4096;  // pages take no body; what is sent anyway is read and dropped
constexpr absl::Duration kTimeoutMax = absl::Minutes(10);
constexpr absl::Duration kRetryAfterBusy = absl::Seconds(2);
constexpr absl::Duration kRetryAfterShed = absl::Milliseconds(500);

// Sent with every answer. Applications and our own pages bring a policy of their own; whatever else a browser
// shows loads nothing.
constexpr std::pair<const char*, const char*> kSecurityHeaders[] = {
    {kContentPolicy, "default-src 'none'; frame-ancestors 'none'"},
    {"X-Content-Type-Options", "nosniff"},
    {"X-Frame-Options", "DENY"},
    {"Referrer-Policy", "no-referrer"},
    {"Permissions-Policy", "geolocation=(self), camera=(self), microphone=()"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
};

enum class Coding { kJson, kProto };

// A public method by its path "/pkg.Service/Method"; null for anything else, internal services too.
const google::protobuf::MethodDescriptor* MethodOf(const std::string& path, rpc::Method& method) {
  const size_t slash = path.rfind('/');
  if (slash == 0 || slash == std::string::npos || path[0] != '/') return nullptr;
  std::string dotted = path.substr(1);
  dotted[slash - 1] = '.';
  const auto* descriptor = google::protobuf::DescriptorPool::generated_pool()->FindMethodByName(dotted);
  if (descriptor == nullptr || descriptor->client_streaming() || descriptor->server_streaming())
    return nullptr;
  method.name = path.substr(1);
  rpc::ReadMethodOptions(*descriptor, method);
  return method.internal ? nullptr : descriptor;
}

// "/a.b.C/D" looks like an rpc; "/assets/x.js" and "/index.html" do not.
bool LooksLikeRpc(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash != 0 && slash != std::string::npos && path.rfind("/gridwarden.", 0) == 0;
}

std::optional<Coding> CodingOf(std::string_view content_type) {
  const std::string type = absl::AsciiStrToLower(
      absl::StripAsciiWhitespace(std::string(content_type.substr(0, content_type.find(';')))));
  if (type == kJson) return Coding::kJson;
  if (type == kProto) return Coding::kProto;
  return std::nullopt;
}

// JSON is longer than the message it stands for: base64 by a third, names and digits by more.
size_t WireLimit(const rpc::Method& method) { return method.max_request_bytes * 2 + 4096; }

absl::Status MethodUnknown(const std::string& path) {
  return MakeError(absl::StatusCode::kUnimplemented, absl::StrCat("no such method: ", path.substr(0, 200)),
                   {.reason = "METHOD_UNKNOWN"});
}

absl::Status MessageTooLarge(size_t limit) {
  return MakeError(
      absl::StatusCode::kInvalidArgument, absl::StrCat("request is larger than ", limit, " bytes"),
      {.reason = "MESSAGE_TOO_LARGE", .metadata = {{"limit", absl::StrCat(limit / 1024, " KiB")}}});
}

absl::Status BadHeader(const char* name, const char* want) {
  return MakeError(absl::StatusCode::kInvalidArgument, absl::StrCat("header ", name, ": want ", want),
                   {.reason = "MALFORMED_REQUEST", .fields = {{name, want}}});
}

// The answer to a call that came when there was no room; made beforehand, because they are many then. The
// times to come back are spread, so that those who were turned away together do not come back together.
const HttpResponse& NoRoom() {
  static const std::vector<HttpResponse> responses = [] {
    std::vector<HttpResponse> made;
    for (int i = 0; i < 16; ++i) {
      made.push_back(ErrorResponse(
          Overloaded("more calls come than can be served", kRetryAfterShed * (1 + 3.0 * i / 15))));
    }
    return made;
  }();
  static std::atomic<size_t> turn{0};
  return responses[turn.fetch_add(7) % responses.size()];
}

// Packs the answer when the caller takes it and it gains something.
void Pack(bool accepts_gzip, HttpResponse& response) {
  response.headers.emplace_back("Vary", "Accept-Encoding");
  if (!accepts_gzip || response.body.size() < kGzipWorthBytes) return;
  response.body = Gzip(response.body);
  response.headers.emplace_back("Content-Encoding", "gzip");
}

void AddSecurityHeaders(HttpResponse& response) {
  const bool has_policy = std::any_of(response.headers.begin(), response.headers.end(),
                                      [](const auto& header) { return header.first == kContentPolicy; });
  for (const auto& [name, value] : kSecurityHeaders) {
    if (!has_policy || std::string_view(name) != kContentPolicy) response.headers.emplace_back(name, value);
  }
}

bool IsTrace(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '_';
  });
}

// What the headers say of a call besides its body. Errors name the header.
absl::Status ReadHeaders(const HttpRequest& request, rpc::Envelope& envelope) {
  const std::string_view version = request.Header("connect-protocol-version");
  if (!version.empty() && version != "1") return BadHeader("Connect-Protocol-Version", "1");
  if (const std::string timeout(request.Header("connect-timeout-ms")); !timeout.empty()) {
    int64_t ms = 0;
    if (timeout.size() > 10 || !absl::SimpleAtoi(timeout, &ms) || ms < 0) {
      return BadHeader("Connect-Timeout-Ms", "milliseconds, at most ten digits");
    }
    envelope.deadline = absl::Now() + rpc::LessAHop(std::min(absl::Milliseconds(ms), kTimeoutMax));
  }
  if (const std::string_view authorization = request.Header("authorization"); !authorization.empty()) {
    constexpr std::string_view kBearer = "bearer ";
    if (absl::AsciiStrToLower(std::string(authorization.substr(0, kBearer.size()))) != kBearer) {
      return BadHeader("Authorization", "Bearer and an access token");
    }
    envelope.token = std::string(authorization.substr(kBearer.size()));
  }
  if (const std::string demo(request.Header("gridwarden-demo-time")); !demo.empty()) {
    std::string error;
    if (!absl::ParseTime(absl::RFC3339_full, demo, &envelope.demo_now, &error)) {
      return BadHeader("Gridwarden-Demo-Time", "a time as RFC 3339");
    }
  }
  const std::string_view trace = request.Header("gridwarden-trace");
  envelope.trace_id = IsTrace(trace) ? std::string(trace) : Uuid::Make(absl::Now()).ToString();
  return absl::OkStatus();
}

std::string PeerOf(const HttpRequest& request, const AddressSet& trusted_proxies) {
  const std::string_view forwarded = request.Header("x-forwarded-for");
  if (forwarded.empty() || !trusted_proxies.Contains(request.peer)) return request.peer;
  const size_t comma = forwarded.rfind(',');
  const std::string last(comma == std::string_view::npos ? forwarded : forwarded.substr(comma + 1));
  return std::string(absl::StripAsciiWhitespace(last)).substr(0, 64);
}

// Whether a browser gives pages of this request what the applications need (camera, position, offline work):
// over https, or on the machine itself.
bool IsTrustworthy(const HttpRequest& request, const AddressSet& trusted_proxies) {
  const std::string_view host = request.Header("host");
  const std::string_view name = host.substr(0, host.rfind(':'));
  const bool by_proxy =
      trusted_proxies.Contains(request.peer) && request.Header("x-forwarded-proto") == "https";
  return request.secure || by_proxy || name == "localhost" || name == "127.0.0.1" || name == "[::1]";
}

// Operators' pages that say how busy we are are for the inside: not through a proxy, and from this machine or
// a private network.
bool FromInside(const HttpRequest& request) {
  static const AddressSet inside =
      AddressSet::Parse({"127.0.0.0/8", "::1", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fd00::/8"})
          .value();
  return request.Header("x-forwarded-for").empty() && inside.Contains(request.peer);
}

}  // namespace

Gateway::Gateway(GatewayOptions options) : options_(std::move(options)) {}

bool Gateway::InClear(const HttpRequest& request) const {
  return options_.certificate != nullptr && !request.secure;
}

size_t Gateway::BodyLimit(const HttpRequest& head) const {
  if (InClear(head)) return kPageBodyMax;
  if (IsUpload(head.path)) return UploadBodyLimit(head);
  rpc::Method method;
  return MethodOf(head.path, method) != nullptr ? WireLimit(method) : kPageBodyMax;
}

HttpResponse Gateway::TooLarge(const HttpRequest& head) const {
  rpc::Method method;
  if (!InClear(head) && IsUpload(head.path)) {
    HttpResponse refusal = UploadTooLarge(head);
    AddSecurityHeaders(refusal);
    return refusal;
  }
  HttpResponse response =
      InClear(head) ? AnswerPlain(head, options_.certificate->subject())
                    : ErrorResponse(MessageTooLarge(
                          MethodOf(head.path, method) != nullptr ? method.max_request_bytes : kPageBodyMax));
  AddSecurityHeaders(response);
  return response;
}

HttpResponse Gateway::TooBusy() const {
  HttpResponse response = ErrorResponse(Overloaded("too many large requests at once", kRetryAfterBusy));
  AddSecurityHeaders(response);
  return response;
}

void Gateway::Handle(HttpRequest request, Respond respond) const {
  const absl::Duration hsts = request.secure ? options_.hsts : absl::ZeroDuration();
  const Respond secured = [hsts, respond = std::move(respond)](HttpResponse response) {
    AddSecurityHeaders(response);
    if (hsts > absl::ZeroDuration()) {
      response.headers.emplace_back("Strict-Transport-Security",
                                    absl::StrCat("max-age=", absl::ToInt64Seconds(hsts)));
    }
    respond(std::move(response));
  };
  const bool reads = request.method == "GET" || request.method == "HEAD";
  if (reads && options_.trust.Has(request.path)) return secured(Trust(request));
  if (InClear(request)) return secured(AnswerPlain(request, options_.certificate->subject()));
  rpc::Method method;
  if (LooksLikeRpc(request.path) || MethodOf(request.path, method) != nullptr) {
    return Rpc(std::move(request), secured);
  }
  if (IsUpload(request.path) || IsPhoto(request.path)) return Media(std::move(request), secured);
  secured(Page(request));
}

void Gateway::Media(HttpRequest request, Respond respond) const {
  // One name for all that is done for this request, also in its answer.
  std::string& trace = request.headers["gridwarden-trace"];
  if (!IsTrace(trace)) trace = Uuid::Make(absl::Now()).ToString();
  const Respond traced = [trace, respond = std::move(respond)](HttpResponse response) {
    response.headers.emplace_back("Gridwarden-Trace", trace);
    respond(std::move(response));
  };
  HttpRequest caller{.peer = request.peer, .headers = request.headers};
  const SendRpc send = [this, caller = std::move(caller)](
                           const std::string& method, const google::protobuf::Message& message,
                           std::function<void(absl::StatusOr<std::string>)> done) {
    Send(caller, method, message, std::move(done));
  };
  if (IsPhoto(request.path)) return AnswerPhoto(request, send, traced);
  AnswerUpload(std::move(request), send, traced);
}

void Gateway::Send(const HttpRequest& request, const std::string& name,
                   const google::protobuf::Message& message,
                   std::function<void(absl::StatusOr<std::string>)> done) const {
  rpc::Method method;
  const auto* descriptor = MethodOf("/" + name, method);
  rpc::Channel* channel = descriptor != nullptr && options_.channel ? options_.channel(*descriptor) : nullptr;
  if (channel == nullptr) return done(MethodUnknown(name));
  if (options_.refuses && options_.refuses(*descriptor, method.call_class))
    return done(Overloaded("more calls come than can be served", kRetryAfterShed));
  rpc::Envelope envelope;
  envelope.method = method.name;
  envelope.peer = PeerOf(request, options_.trusted_proxies);
  if (const absl::Status status = ReadHeaders(request, envelope); !status.ok()) return done(status);
  envelope.body = message.SerializeAsString();
  channel->SendAsync(std::move(envelope), [this, descriptor, call_class = method.call_class,
                                           done = std::move(done)](absl::StatusOr<std::string> answer) {
    if (options_.accepted && ReasonOf(answer.status()) != "OVERLOADED")
      options_.accepted(*descriptor, call_class);
    done(std::move(answer));
  });
}

void Gateway::Rpc(HttpRequest request, Respond respond) const {
  rpc::Method method;
  const auto* descriptor = MethodOf(request.path, method);
  rpc::Channel* channel = descriptor != nullptr && options_.channel ? options_.channel(*descriptor) : nullptr;
  if (channel == nullptr) return respond(ErrorResponse(MethodUnknown(request.path)));
  if (request.method != "POST") {
    HttpResponse response = ErrorResponse(MakeError(
        absl::StatusCode::kUnimplemented, "rpcs are called with POST", {.reason = "METHOD_UNKNOWN"}));
    response.status = 405;
    response.headers.emplace_back("Allow", "POST");
    return respond(std::move(response));
  }
  if (options_.refuses && options_.refuses(*descriptor, method.call_class)) return respond(NoRoom());
  const std::optional<Coding> coding = CodingOf(request.Header("content-type"));
  if (!coding) {
    HttpResponse response = ErrorResponse(BadHeader("Content-Type", "application/json or application/proto"));
    response.status = 415;
    response.headers.emplace_back("Accept-Post", "application/json, application/proto");
    return respond(std::move(response));
  }

  rpc::Envelope envelope;
  envelope.method = method.name;
  envelope.peer = PeerOf(request, options_.trusted_proxies);
  if (const absl::Status status = ReadHeaders(request, envelope); !status.ok())
    return respond(ErrorResponse(status));

  const std::string_view packing = request.Header("content-encoding");
  if (packing == "gzip") {
    absl::StatusOr<std::string> body = Gunzip(request.body, WireLimit(method));
    if (!body.ok()) return respond(ErrorResponse(body.status()));
    request.body = *std::move(body);
  } else if (!packing.empty() && packing != "identity") {
    return respond(ErrorResponse(BadHeader("Content-Encoding", "gzip or identity")));
  }
  if (*coding == Coding::kJson) {
    absl::StatusOr<std::string> bytes = JsonToBytes(*descriptor->input_type(), request.body);
    if (!bytes.ok()) return respond(ErrorResponse(bytes.status()));
    envelope.body = *std::move(bytes);
  } else {
    envelope.body = std::move(request.body);
  }
  if (envelope.body.size() > method.max_request_bytes) {
    return respond(ErrorResponse(MessageTooLarge(method.max_request_bytes)));
  }

  const bool accepts_gzip = AcceptsGzip(request.Header("accept-encoding"));
  const std::string trace = envelope.trace_id;
  channel->SendAsync(
      std::move(envelope), [this, descriptor, call_class = method.call_class, coding = *coding, accepts_gzip,
                            trace, respond = std::move(respond)](absl::StatusOr<std::string> answer) {
        if (options_.accepted && ReasonOf(answer.status()) != "OVERLOADED")
          options_.accepted(*descriptor, call_class);
        if (answer.ok() && coding == Coding::kJson) answer = BytesToJson(*descriptor->output_type(), *answer);
        HttpResponse response =
            answer.ok() ? HttpResponse{.headers = {{"Content-Type", coding == Coding::kJson ? kJson : kProto},
                                                   {"Cache-Control", "no-store"}},
                                       .body = *std::move(answer)}
                        : ErrorResponse(answer.status());
        Pack(accepts_gzip, response);
        response.headers.emplace_back("Gridwarden-Trace", trace);
        respond(std::move(response));
      });
}

HttpResponse Gateway::Trust(const HttpRequest& request) const {
  const tls::Subject subject =
      options_.certificate == nullptr ? tls::Subject() : options_.certificate->subject();
  HttpResponse response = options_.trust.Answer(request, HostWithPort(request, subject));
  Pack(AcceptsGzip(request.Header("accept-encoding")), response);
  return response;
}

HttpResponse Gateway::Page(const HttpRequest& request) const {
  if (request.method != "GET" && request.method != "HEAD") {
    HttpResponse response = TextResponse(405, "pages are read with GET\n");
    response.headers.emplace_back("Allow", "GET, HEAD");
    return response;
  }
  if (request.path == "/livez") return TextResponse(200, "ok\n");
  if (request.path == "/readyz") return Readiness();
  if (request.path == "/metrics") {
    if (!FromInside(request)) return TextResponse(403, "metrics are for the inside\n");
    HttpResponse response{.headers = {{"Content-Type", "text/plain; version=0.0.4; charset=utf-8"},
                                      {"Cache-Control", "no-store"}},
                          .body = options_.metrics ? options_.metrics() : ""};
    Pack(AcceptsGzip(request.Header("accept-encoding")), response);
    return response;
  }
  if ((request.path == "/" || request.path == "/index.html") && !options_.files.HasIndex()) {
    HttpResponse response = HtmlResponse(
        LandingPage({.version = options_.version,
                     .demo = options_.demo,
                     .trust = options_.trust.Has("/trust"),
                     .trustworthy = IsTrustworthy(request, options_.trusted_proxies),
                     .applications = options_.files.Applications(),
                     .not_ready = options_.not_ready ? options_.not_ready() : std::vector<std::string>{}}));
    Pack(AcceptsGzip(request.Header("accept-encoding")), response);
    return response;
  }
  return options_.files.Answer(request);
}

HttpResponse Gateway::Readiness() const {
  const std::vector<std::string> reasons =
      options_.not_ready ? options_.not_ready() : std::vector<std::string>{};
  if (reasons.empty()) {
    const std::vector<std::string> notes = options_.notes ? options_.notes() : std::vector<std::string>{};
    return TextResponse(200, absl::StrCat("ready\n", notes.empty() ? "" : "- ", absl::StrJoin(notes, "\n- "),
                                          notes.empty() ? "" : "\n"));
  }
  return TextResponse(503, absl::StrCat("not ready\n- ", absl::StrJoin(reasons, "\n- "), "\n"));
}

}  // namespace gridwarden::gateway
