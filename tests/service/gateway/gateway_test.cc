#include "gateway/gateway.h"

#include <filesystem>
#include <fstream>
#include <future>
#include <string>
#include <thread>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/time/clock.h"
#include "base/status.h"
#include "gateway/gzip.h"
#include "gateway/http_server.h"
#include "google/rpc/error_details.pb.h"
#include "gridwarden/grid/v1/grid_service.pb.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "platform/rpc/server.h"
#include "support/http_client.h"
#include "support/test_server.h"

// The edge over real HTTP on loopback, before rpcs that stand in for real ones.
namespace gridwarden::gateway {
namespace {

using grid::v1::Division;
using grid::v1::GetDivisionRequest;
using grid::v1::ImportRequest;
using testing::Fetch;
using testing::HttpAnswer;
using testing::HttpConnection;

constexpr char kGetDivision[] = "/gridwarden.grid.v1.GridService/GetDivision";
constexpr char kImport[] = "/gridwarden.grid.v1.GridService/ImportDivisions";
constexpr char kJson[] = "Content-Type: application/json\r\n";
const std::string kToken =
    "Authorization: Bearer "
    "account:01920000-0000-7000-8000-000000000001:person:01920000-0000-7000-8000-000000000002\r\n";

class Edge : public ::testing::Test {
 protected:
  Edge() : clock_(absl::FromUnixSeconds(1'790'000'000)) {
    registry_.Add<GetDivisionRequest, Division>(
        "gridwarden.grid.v1.GridService/GetDivision",
        [this](const rpc::Call& call, const GetDivisionRequest& request) -> absl::StatusOr<Division> {
          if (request.name() == "gone") return NotFound("divisions/gone");
          if (request.name() == "slow") {
            while (absl::Now() < call.deadline) absl::SleepFor(absl::Milliseconds(1));
            return MakeError(absl::StatusCode::kDeadlineExceeded, "too slow", {.reason = "DEADLINE_PASSED"});
          }
          if (request.name() == "held") released_.wait();
          if (request.name() == "busy") return Overloaded("queue", absl::Milliseconds(1500));
          Division division;
          division.set_name(request.name());
          division.set_display_name("灈阳街道");
          division.set_level(Division::TOWNSHIP);
          division.mutable_valid_from()->set_seconds(absl::ToUnixSeconds(call.now));
          if (request.name() == "large") division.set_display_name(std::string(100'000, 'x'));
          return division;
        });
    registry_.Add<grid::v1::GetGroundRequest, grid::v1::GetGroundResponse>(
        "gridwarden.grid.v1.GridInternalService/GetGround",
        [](const rpc::Call&, const grid::v1::GetGroundRequest&)
            -> absl::StatusOr<grid::v1::GetGroundResponse> { return grid::v1::GetGroundResponse(); });
    registry_.Add<ImportRequest, type::v1::ImportReport>(
        "gridwarden.grid.v1.GridService/ImportDivisions",
        [](const rpc::Call&, const ImportRequest& request) -> absl::StatusOr<type::v1::ImportReport> {
          type::v1::ImportReport report;
          report.set_rows_read(static_cast<int32_t>(request.content().size()));
          return report;
        });
    Start({.demo = false});
  }

  void Start(rpc::ServerOptions options, StaticFiles files = {}, HttpServerOptions http = {}) {
    http_.reset();
    gateway_.reset();
    server_ = std::make_unique<rpc::Server>(
        registry_, [](std::string_view token, absl::Time) { return testing::ReadTestToken(token); },
        [](const rpc::Call&) { return absl::OkStatus(); }, clock_, options);
    gateway_ = std::make_unique<Gateway>(GatewayOptions{
        .channel = [this](const google::protobuf::MethodDescriptor&) { return &server_->channel(); },
        .not_ready = [this] { return not_ready_; },
        .refuses = [this](const google::protobuf::MethodDescriptor&,
                          int call_class) { return !server_->Admit(call_class).ok(); },
        .metrics = [] { return std::string("gridwarden_up 1\n"); },
        .files = std::move(files),
        .version = "test <1>",
    });
    http_ =
        HttpServer::Start(
            http,
            {.handle = [this](HttpRequest request,
                              Respond respond) { gateway_->Handle(std::move(request), std::move(respond)); },
             .body_limit = [this](const HttpRequest& head) { return gateway_->BodyLimit(head); },
             .too_large = [this](const HttpRequest& head) { return gateway_->TooLarge(head); },
             .too_busy = [this](const HttpRequest&) { return gateway_->TooBusy(); }})
            .value();
  }

  HttpAnswer Call(const std::string& path, const std::string& json, const std::string& headers = "") {
    return Fetch(http_->port(), "POST", path, kJson + kToken + headers, json);
  }
  // The reason of a Connect error; checks its form on the way.
  static std::string ReasonIn(const HttpAnswer& answer) {
    EXPECT_EQ(answer.headers.at("content-type"), "application/json");
    const auto error = nlohmann::json::parse(answer.body, nullptr, false);
    EXPECT_TRUE(error.contains("code") && error.contains("message")) << answer.body;
    for (const auto& detail : error.value("details", nlohmann::json::array())) {
      if (detail["type"] == "google.rpc.ErrorInfo") return detail["debug"]["reason"];
    }
    return "";
  }

  FakeClock clock_;
  std::promise<void> release_;  // ends the calls that ask for "held"
  std::shared_future<void> released_ = release_.get_future().share();
  rpc::Registry registry_;
  std::vector<std::string> not_ready_;
  std::unique_ptr<rpc::Server> server_;
  std::unique_ptr<Gateway> gateway_;
  std::unique_ptr<HttpServer> http_;
};

TEST_F(Edge, AnswersJsonWithEnumNamesAndRfc3339Times) {
  const HttpAnswer answer = Call(kGetDivision, R"({"name":"divisions/1"})");
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.headers.at("content-type"), "application/json");
  EXPECT_EQ(answer.headers.at("cache-control"), "no-store");
  const auto division = nlohmann::json::parse(answer.body);
  EXPECT_EQ(division["displayName"], "灈阳街道");
  EXPECT_EQ(division["level"], "TOWNSHIP");
  EXPECT_EQ(division["validFrom"], "2026-09-21T14:13:20Z");
}

TEST_F(Edge, AnswersBinaryWithBinary) {
  GetDivisionRequest request;
  request.set_name("divisions/1");
  const HttpAnswer answer =
      Fetch(http_->port(), "POST", kGetDivision, "Content-Type: application/proto\r\n" + kToken,
            request.SerializeAsString());
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.headers.at("content-type"), "application/proto");
  Division division;
  ASSERT_TRUE(division.ParseFromString(answer.body));
  EXPECT_EQ(division.name(), "divisions/1");
}

TEST_F(Edge, IgnoresFieldsThatOnlyNewerClientsKnow) {
  EXPECT_EQ(Call(kGetDivision, R"({"name":"divisions/1","newer":{"a":[1]}})").status, 200);
}

TEST_F(Edge, SaysInConnectFormWhatWasWrong) {
  const HttpAnswer answer = Call(kGetDivision, R"({"name":"gone"})");
  EXPECT_EQ(answer.status, 404);
  const auto error = nlohmann::json::parse(answer.body);
  EXPECT_EQ(error["code"], "not_found");
  EXPECT_EQ(ReasonIn(answer), "NOT_FOUND");
  // The typed detail is there for clients that know the proto.
  google::rpc::ErrorInfo info;
  std::string bytes;
  ASSERT_TRUE(absl::Base64Unescape(error["details"][0]["value"].get<std::string>(), &bytes));
  ASSERT_TRUE(info.ParseFromString(bytes));
  EXPECT_EQ(info.reason(), "NOT_FOUND");
  EXPECT_TRUE(absl::StrContains(answer.body, "没有找到"));
}

TEST_F(Edge, RefusesJsonThatIsNone) {
  for (const char* body :
       {"", "{", "[]", "rubbish", R"({"name":1,})", R"({"name":"a"} x)", "\xff\xfe", R"({"name":{}})"}) {
    const HttpAnswer answer = Call(kGetDivision, body);
    EXPECT_EQ(answer.status, 400) << body;
    EXPECT_EQ(ReasonIn(answer), "MALFORMED_REQUEST") << body;
  }
}

TEST_F(Edge, RefusesDeeplyNestedJsonWithoutFalling) {
  std::string nested;
  for (int i = 0; i < 50'000; ++i) nested += R"({"a":)";
  EXPECT_EQ(Call(kGetDivision, nested).status, 400);
  EXPECT_EQ(Call(kGetDivision, std::string(100'000, '[')).status, 400);
  EXPECT_EQ(Call(kGetDivision, R"({"name":"divisions/1"})").status, 200);
}

TEST_F(Edge, NamesEveryRequiredFieldThatIsMissing) {
  const HttpAnswer answer = Call(kGetDivision, "{}");
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(ReasonIn(answer), "REQUIRED_FIELD_MISSING");
  EXPECT_TRUE(absl::StrContains(answer.body, "google.rpc.BadRequest"));
}

TEST_F(Edge, AsksForAToken) {
  EXPECT_EQ(Fetch(http_->port(), "POST", kGetDivision, kJson, R"({"name":"x"})").status, 401);
  EXPECT_EQ(
      Fetch(http_->port(), "POST", kGetDivision, std::string(kJson) + "Authorization: Basic eDp5\r\n", "{}")
          .status,
      400);
}

TEST_F(Edge, HidesInternalServicesAndUnknownMethodsAlike) {
  for (const char* path :
       {"/gridwarden.grid.v1.GridInternalService/GetGround", "/gridwarden.grid.v1.GridService/NoSuch",
        "/gridwarden.no.v1.Service/Get", "/gridwarden.grid.v1.GridService/"}) {
    const HttpAnswer answer = Call(path, "{}");
    EXPECT_EQ(answer.status, 404) << path;
    EXPECT_EQ(nlohmann::json::parse(answer.body)["code"], "unimplemented") << path;
    EXPECT_EQ(ReasonIn(answer), "METHOD_UNKNOWN") << path;
  }
}

TEST_F(Edge, SaysWhichVerbAndTypesItTakes) {
  const HttpAnswer get = Fetch(http_->port(), "GET", kGetDivision);
  EXPECT_EQ(get.status, 405);
  EXPECT_EQ(get.headers.at("allow"), "POST");
  const HttpAnswer xml =
      Fetch(http_->port(), "POST", kGetDivision, "Content-Type: text/xml\r\n" + kToken, "<a/>");
  EXPECT_EQ(xml.status, 415);
  EXPECT_EQ(xml.headers.at("accept-post"), "application/json, application/proto");
}

TEST_F(Edge, TakesGzipAndGivesGzip) {
  const std::string packed = Gzip(R"({"name":"large"})");
  const HttpAnswer answer =
      Call(kGetDivision, packed, "Content-Encoding: gzip\r\nAccept-Encoding: br, gzip\r\n");
  ASSERT_EQ(answer.status, 200);
  EXPECT_EQ(answer.headers.at("content-encoding"), "gzip");
  EXPECT_LT(answer.body.size(), 2000u);
  const auto body = Gunzip(answer.body, 1 << 20);
  ASSERT_TRUE(body.ok());
  EXPECT_EQ(nlohmann::json::parse(*body)["displayName"].get<std::string>().size(), 100'000u);
  EXPECT_EQ(Call(kGetDivision, R"({"name":"large"})", "Accept-Encoding: gzip;q=0\r\n")
                .headers.count("content-encoding"),
            0u);
}

TEST_F(Edge, RefusesBrokenGzipAndBombs) {
  const std::string packed = Gzip(R"({"name":"divisions/1"})");
  const std::string gzip = "Content-Encoding: gzip\r\n";
  EXPECT_EQ(ReasonIn(Call(kGetDivision, packed.substr(0, packed.size() - 5), gzip)), "MALFORMED_REQUEST");
  EXPECT_EQ(ReasonIn(Call(kGetDivision, packed + "tail", gzip)), "MALFORMED_REQUEST");
  EXPECT_EQ(ReasonIn(Call(kGetDivision, "no gzip at all", gzip)), "MALFORMED_REQUEST");
  const std::string bomb = Gzip(std::string(200 << 20, ' '), 9);
  ASSERT_LT(bomb.size(), 300'000u);
  EXPECT_EQ(ReasonIn(Call(kGetDivision, bomb, gzip)), "MESSAGE_TOO_LARGE");
  EXPECT_EQ(ReasonIn(Call(kGetDivision, "{}", "Content-Encoding: br\r\n")), "MALFORMED_REQUEST");
}

TEST_F(Edge, LimitsRequestsByTheirMethod) {
  // Within the limit of the wire, beyond that of the message.
  const HttpAnswer larger = Call(kGetDivision, R"({"name":")" + std::string(300'000, 'x') + R"("})");
  EXPECT_EQ(larger.status, 400);
  EXPECT_EQ(ReasonIn(larger), "MESSAGE_TOO_LARGE");
  // Beyond that of the wire, told from the head alone.
  const HttpAnswer far_larger = Call(kGetDivision, std::string(2'000'000, 'x'));
  EXPECT_EQ(ReasonIn(far_larger), "MESSAGE_TOO_LARGE");
  // The same size is fine where the method takes it.
  const std::string content = absl::Base64Escape(std::string(1'000'000, 'x'));
  const HttpAnswer import =
      Call(kImport, R"({"requestId":"01920000-0000-7000-8000-000000000009","content":")" + content + R"("})");
  EXPECT_EQ(import.status, 200) << import.body.substr(0, 300);
  EXPECT_EQ(nlohmann::json::parse(import.body)["rowsRead"], 1'000'000);
}

TEST_F(Edge, LimitsABodyThatDoesNotSayItsSize) {
  HttpConnection connection(http_->port());
  connection.Send(std::string("POST ") + kGetDivision + " HTTP/1.1\r\nHost: x\r\n" + kJson + kToken +
                  "Transfer-Encoding: chunked\r\n\r\n");
  const std::string chunk = "10000\r\n" + std::string(0x10000, 'x') + "\r\n";
  for (int i = 0; i < 40 && connection.Send(chunk); ++i) {
  }
  EXPECT_EQ(ReasonIn(connection.Read()), "MESSAGE_TOO_LARGE");
}

TEST_F(Edge, HoldsOnlySoManyLargeBodiesOfWhomeverAtOnce) {
  Start({}, {}, {.bodies_bytes_max = 300'000});
  const std::string head = std::string("POST ") + kImport + " HTTP/1.1\r\nHost: x\r\n" + kJson +
                           "Content-Length: 200000\r\n\r\n" + std::string(190'000, ' ');
  {
    HttpConnection first(http_->port());
    ASSERT_TRUE(first.Send(head));
    absl::SleepFor(absl::Milliseconds(200));
    HttpConnection second(http_->port());
    ASSERT_TRUE(second.Send(head));
    const HttpAnswer refused = second.Read();
    EXPECT_EQ(refused.status, 429);
    EXPECT_EQ(ReasonIn(refused), "OVERLOADED");
    EXPECT_EQ(refused.headers.at("retry-after"), "2");
    EXPECT_EQ(Call(kGetDivision, R"({"name":"divisions/1"})").status, 200) << "small requests go on";
  }
  // The first has gone, and its room with it.
  absl::SleepFor(absl::Milliseconds(200));
  HttpConnection third(http_->port());
  ASSERT_TRUE(third.Send(head + std::string(10'000, ' ')));
  EXPECT_EQ(third.Read().status, 400);
}

TEST_F(Edge, SaysContinueToWhoAsksFirst) {
  HttpConnection connection(http_->port());
  const std::string body = R"({"name":"divisions/1"})";
  connection.Send(std::string("POST ") + kGetDivision + " HTTP/1.1\r\nHost: x\r\n" + kJson + kToken +
                  "Expect: 100-continue\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n");
  EXPECT_EQ(connection.Read().status, 100);
  connection.Send(body);
  EXPECT_EQ(connection.Read().status, 200);
}

TEST_F(Edge, KeepsAConnectionForFurtherCalls) {
  HttpConnection connection(http_->port());
  const std::string body = R"({"name":"divisions/1"})";
  const std::string request = std::string("POST ") + kGetDivision + " HTTP/1.1\r\nHost: x\r\n" + kJson +
                              kToken + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  for (int i = 0; i < 3; ++i) {
    connection.Send(request);
    EXPECT_EQ(connection.Read().status, 200);
  }
  connection.Send(request + request);  // two at once
  EXPECT_EQ(connection.Read().status, 200);
  EXPECT_EQ(connection.Read().status, 200);
}

TEST_F(Edge, HonoursTheCallersTimeout) {
  const HttpAnswer answer = Call(kGetDivision, R"({"name":"slow"})", "Connect-Timeout-Ms: 60\r\n");
  EXPECT_EQ(answer.status, 504);
  EXPECT_EQ(ReasonIn(answer), "DEADLINE_PASSED");
  EXPECT_EQ(Call(kGetDivision, "{}", "Connect-Timeout-Ms: soon\r\n").status, 400);
  EXPECT_EQ(Call(kGetDivision, "{}", "Connect-Protocol-Version: 2\r\n").status, 400);
}

TEST_F(Edge, SaysWhenToComeBackWhenOverloaded) {
  const HttpAnswer answer = Call(kGetDivision, R"({"name":"busy"})");
  EXPECT_EQ(answer.status, 429);
  EXPECT_EQ(answer.headers.at("retry-after"), "2");
  EXPECT_EQ(ReasonIn(answer), "OVERLOADED");
}

TEST_F(Edge, TurnsAwayAtOnceWhatItHasNoRoomForAndStillSaysHowItIs) {
  Start({.executor_threads = 1, .queue_limit = 2});
  std::vector<std::future<HttpAnswer>> held;
  const absl::Time give_up = absl::Now() + absl::Seconds(10);
  for (int waiting = 0; waiting <= 2; ++waiting) {  // one runs, two wait
    held.push_back(
        std::async(std::launch::async, [this] { return Call(kGetDivision, R"({"name":"held"})"); }));
    const auto there = [&] { return server_->load().running == 1 && server_->load().waiting == waiting; };
    while (!there() && absl::Now() < give_up) absl::SleepFor(absl::Milliseconds(1));
  }
  EXPECT_EQ(server_->load().waiting, 2);
  // The first is refused by the full queue, the others at the door; callers cannot tell.
  for (const char* path : {kGetDivision, kGetDivision, kImport}) {
    const HttpAnswer answer = Call(path, R"({"name":"one too many"})");
    EXPECT_EQ(answer.status, 429);
    EXPECT_EQ(ReasonIn(answer), "OVERLOADED");
    EXPECT_TRUE(absl::StrContains(answer.body, "google.rpc.RetryInfo"));
    EXPECT_GE(std::stoi(answer.headers.at("retry-after")), 1);
  }
  EXPECT_TRUE(server_->load().overloaded);
  EXPECT_EQ(server_->load().shed, 3u);
  EXPECT_EQ(server_->load().waiting, 2);
  EXPECT_EQ(Fetch(http_->port(), "GET", "/readyz").status, 200);
  release_.set_value();
  for (std::future<HttpAnswer>& answer : held) EXPECT_EQ(answer.get().status, 200);
}

TEST_F(Edge, PassesTheDemoClockOnToADemoServer) {
  const std::string demo = "Gridwarden-Demo-Time: 2026-03-01T08:00:00.000001+08:00\r\n";
  const auto time_of = [&] {
    return nlohmann::json::parse(Call(kGetDivision, R"({"name":"divisions/1"})", demo).body)["validFrom"];
  };
  EXPECT_EQ(time_of(), "2026-09-21T14:13:20Z");
  Start({.demo = true});
  EXPECT_EQ(time_of(), "2026-03-01T00:00:00Z");
  EXPECT_EQ(Call(kGetDivision, "{}", "Gridwarden-Demo-Time: yesterday\r\n").status, 400);
}

TEST_F(Edge, AnswersWhatIsNoHttpAndLivesOn) {
  for (const char* rubbish : {"\r\n\r\n\r\n\r\n", "GET\r\n\r\n", "\x16\x03\x01\x02 tls hello\r\n\r\n",
                              "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
                              "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"}) {
    HttpConnection connection(http_->port());
    connection.Send(rubbish);
    EXPECT_EQ(connection.Read().status, 400) << rubbish;
    EXPECT_TRUE(connection.Ends());
  }
  EXPECT_EQ(Fetch(http_->port(), "GET", "/livez").status, 200);
}

TEST_F(Edge, LimitsTheHeadOfARequest) {
  HttpConnection connection(http_->port());
  connection.Send("GET / HTTP/1.1\r\nHost: x\r\nX: " + std::string(40'000, 'x') + "\r\n\r\n");
  EXPECT_EQ(connection.Read().status, 431);
}

TEST_F(Edge, EndsConnectionsThatDawdle) {
  Start({}, {}, {.header_timeout = absl::Milliseconds(50), .idle_timeout = absl::Milliseconds(50)});
  HttpConnection half(http_->port());
  half.Send("GET / HTTP/1.1\r\nHo");
  EXPECT_TRUE(half.Ends());
  HttpConnection silent(http_->port());
  EXPECT_TRUE(silent.Ends());
}

TEST_F(Edge, LimitsHowManyConnectionsAreOpen) {
  Start({}, {}, {.connections_max = 2});
  HttpConnection first(http_->port()), second(http_->port());
  for (HttpConnection* connection : {&first, &second}) {
    connection->Send("GET /livez HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(connection->Read().status, 200);
  }
  HttpConnection third(http_->port());
  EXPECT_TRUE(third.Ends());
}

TEST_F(Edge, AnswersWhoHadConnectedWhenTheDrainBegan) {
  HttpConnection early(http_->port()), silent(http_->port());
  const absl::Time began = absl::Now();
  std::thread drain([&] { http_->Drain(absl::Seconds(20)); });
  // Nobody new gets in: the drain has begun.
  while (Fetch(http_->port(), "GET", "/livez").status == 200 && absl::Now() < began + absl::Seconds(5))
    continue;
  early.Send("GET /livez HTTP/1.1\r\nHost: x\r\n\r\n");
  const HttpAnswer answer = early.Read();
  drain.join();
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.headers.at("connection"), "close");
  EXPECT_LT(absl::Now() - began, absl::Seconds(10)) << "a silent connection held the drain up";
  http_.reset();
  EXPECT_TRUE(silent.Ends());
}

TEST_F(Edge, SaysWhetherItLivesAndWhyItIsNotReady) {
  EXPECT_EQ(Fetch(http_->port(), "GET", "/livez").body, "ok\n");
  EXPECT_EQ(Fetch(http_->port(), "GET", "/readyz").status, 200);
  not_ready_ = {"database: innodb_flush_log_at_trx_commit is 0, want 1"};
  const HttpAnswer answer = Fetch(http_->port(), "GET", "/readyz");
  EXPECT_EQ(answer.status, 503);
  EXPECT_TRUE(absl::StrContains(answer.body, "innodb_flush_log_at_trx_commit"));
  EXPECT_EQ(Fetch(http_->port(), "GET", "/livez").status, 200);
}

TEST_F(Edge, ShowsMetricsToTheInsideOnly) {
  EXPECT_EQ(Fetch(http_->port(), "GET", "/metrics").body, "gridwarden_up 1\n");
  EXPECT_EQ(Fetch(http_->port(), "GET", "/metrics", "X-Forwarded-For: 1.2.3.4\r\n").status, 403);
}

TEST_F(Edge, KnowsWhoComesFromInsideByNetwork) {
  const auto status = [&](const std::string& peer) {
    int got = 0;
    gateway_->Handle({.method = "GET", .path = "/metrics", .peer = peer},
                     [&got](const HttpResponse& response) { got = response.status; });
    return got;
  };
  for (const char* inside :
       {"127.0.0.1", "::1", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.7", "fd00::7"}) {
    EXPECT_EQ(status(inside), 200) << inside;
  }
  for (const char* outside :
       {"172.15.0.1", "172.32.0.1", "192.169.0.1", "8.8.8.8", "2001:db8::7", "fdx", ""}) {
    EXPECT_EQ(status(outside), 403) << outside;
  }
}

TEST_F(Edge, TakesAnIpv4CallerOfASocketForBothForOne) {
  Start({}, {}, {.address = "::ffff:127.0.0.1"});
  EXPECT_EQ(Fetch(http_->port(), "GET", "/metrics").status, 200);
}

TEST_F(Edge, HasAPageOfItsOwnInTwoLanguages) {
  const HttpAnswer answer = Fetch(http_->port(), "GET", "/");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.headers.at("content-type"), "text/html; charset=utf-8");
  EXPECT_TRUE(absl::StrContains(answer.body, "运行正常"));
  EXPECT_TRUE(absl::StrContains(answer.body, "What runs here"));
  EXPECT_TRUE(absl::StrContains(answer.body, "test &lt;1&gt;"));
  const HttpAnswer head = Fetch(http_->port(), "HEAD", "/");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.headers.at("content-length"), std::to_string(answer.body.size()));
}

TEST_F(Edge, SendsSecurityHeadersWithEveryAnswer) {
  for (const HttpAnswer& answer :
       {Fetch(http_->port(), "GET", "/"), Fetch(http_->port(), "GET", "/no/such"), Call(kGetDivision, "{}"),
        Call("/gridwarden.x.Y/Z", "{}"), Call(kGetDivision, std::string(2'000'000, 'x'))}) {
    EXPECT_TRUE(absl::StartsWith(answer.headers.at("content-security-policy"), "default-src 'none';"));
    EXPECT_TRUE(absl::EndsWith(answer.headers.at("content-security-policy"), "frame-ancestors 'none'"));
    EXPECT_EQ(answer.headers.at("x-content-type-options"), "nosniff");
    EXPECT_EQ(answer.headers.at("referrer-policy"), "no-referrer");
  }
}

class Files : public Edge {
 protected:
  Files() : folder_(std::filesystem::temp_directory_path() / ("gw_static_" + std::to_string(getpid()))) {
    std::filesystem::create_directories(folder_ / "dist/assets");
    std::filesystem::create_directories(folder_ / "dist/console");
    Write("secret.txt", "outside the folder");
    Write("dist/index.html", "<h1>inspector</h1>");
    Write("dist/console/index.html", "<h1>console</h1>");
    Write("dist/assets/app-1a2b.js", std::string(5000, ';'));
    Write("dist/.env", "hidden");
    std::filesystem::create_symlink(folder_ / "secret.txt", folder_ / "dist/link.txt");
    Start({}, StaticFiles::Read(folder_ / "dist").value());
  }
  ~Files() override { std::filesystem::remove_all(folder_); }

  void Write(const std::string& name, const std::string& bytes) { std::ofstream(folder_ / name) << bytes; }
  HttpAnswer Get(const std::string& path, const std::string& headers = "") {
    return Fetch(http_->port(), "GET", path, headers);
  }

  const std::filesystem::path folder_;
};

TEST_F(Files, AreServedWithTheirTypesAndLives) {
  const HttpAnswer index = Get("/");
  EXPECT_EQ(index.body, "<h1>inspector</h1>");
  EXPECT_EQ(index.headers.at("cache-control"), "no-cache");
  const std::string policy = index.headers.at("content-security-policy");
  EXPECT_TRUE(absl::StartsWith(policy, "default-src 'none'; script-src 'self';")) << policy;
  EXPECT_FALSE(absl::StrContains(policy, "eval")) << policy;
  EXPECT_EQ(index.headers.at("permissions-policy"), "geolocation=(self), camera=(self), microphone=()");
  const HttpAnswer script = Get("/assets/app-1a2b.js?v=1", "Accept-Encoding: gzip\r\n");
  EXPECT_EQ(script.headers.at("content-type"), "text/javascript; charset=utf-8");
  EXPECT_EQ(script.headers.at("cache-control"), "public, max-age=31536000, immutable");
  EXPECT_EQ(script.headers.at("content-encoding"), "gzip");
  EXPECT_EQ(Gunzip(script.body, 10'000).value().size(), 5000u);
}

TEST_F(Files, OnlyAssetsAreKeptWithoutAsking) {
  Write("dist/console/sw.js", "self");
  Write("dist/console/app.webmanifest", "{}");
  Start({}, StaticFiles::Read(folder_ / "dist").value());
  for (const char* path : {"/console/", "/console/sw.js", "/console/app.webmanifest", "/index.html"}) {
    EXPECT_EQ(Get(path).headers.at("cache-control"), "no-cache") << path;
  }
  EXPECT_EQ(Get("/console/app.webmanifest").headers.at("content-type"), "application/manifest+json");
  EXPECT_EQ(Get("/console/sw.js").headers.at("content-type"), "text/javascript; charset=utf-8");
}

TEST_F(Files, AreSentAsTheBuildPackedThemIfThatIsTheSame) {
  const std::string good(3000, 'a'), other(3000, 'b');
  Write("dist/good.css", good);
  Write("dist/good.css.gz", Gzip(good, 1));
  Write("dist/stale.css", good);
  Write("dist/stale.css.gz", Gzip(other, 1));
  Write("dist/broken.css", good);
  Write("dist/broken.css.gz", "no gzip at all");
  Start({}, StaticFiles::Read(folder_ / "dist").value());
  EXPECT_EQ(Get("/good.css", "Accept-Encoding: gzip\r\n").body, Gzip(good, 1));
  for (const char* path : {"/stale.css", "/broken.css"}) {
    const HttpAnswer answer = Get(path, "Accept-Encoding: gzip\r\n");
    EXPECT_EQ(Gunzip(answer.body, 10'000).value_or("no gzip"), good) << path;
  }
  EXPECT_EQ(Get("/good.css").body, good) << "for a caller who takes no gzip";
  EXPECT_EQ(Get("/good.css.gz").status, 404);
}

TEST_F(Files, OfTheReleaseBeforeStayForPagesThatWereOpenedBefore) {
  std::filesystem::create_directories(folder_ / "before/console/assets");
  std::filesystem::create_directories(folder_ / "before/assets");
  Write("before/assets/app-1a2b.js", "of before");
  Write("before/console/assets/old-9z.js", "old part");
  Write("before/console/index.html", "<h1>console of before</h1>");
  Write("before/console/gone.html", "gone");
  StaticFiles files = StaticFiles::Read(folder_ / "dist").value();
  ASSERT_TRUE(files.KeepAssetsOf(folder_ / "before").ok());
  Start({}, std::move(files));
  EXPECT_EQ(Get("/console/assets/old-9z.js").body, "old part");
  EXPECT_EQ(Get("/assets/app-1a2b.js").body.size(), 5000u) << "what this release has is this release's";
  EXPECT_EQ(Get("/console/").body, "<h1>console</h1>");
  EXPECT_EQ(Get("/console/gone.html").status, 404);
  EXPECT_FALSE(StaticFiles().KeepAssetsOf(folder_ / "nowhere").ok());
}

TEST_F(Files, AnApplicationBeginsBehindItsSlash) {
  const HttpAnswer answer = Get("/console?x=1");
  EXPECT_EQ(answer.status, 308);
  EXPECT_EQ(answer.headers.at("location"), "/console/?x=1");
  EXPECT_EQ(answer.headers.at("cache-control"), "no-cache");
  EXPECT_EQ(Get("/console/").body, "<h1>console</h1>");
  EXPECT_EQ(Get("//console").status, 404);
}

TEST_F(Files, AreListedByTheFirstPageAsTheApplicationsThatAreThere) {
  std::filesystem::remove(folder_ / "dist/index.html");
  std::filesystem::create_directories(folder_ / "dist/inspector");
  std::filesystem::create_directories(folder_ / "dist/review");  // without a page
  Write("dist/inspector/index.html", "<h1>inspector</h1>");
  Start({}, StaticFiles::Read(folder_ / "dist").value());
  const std::string page = Get("/", "Host: 10.1.2.3:8080\r\n").body;
  EXPECT_TRUE(absl::StrContains(page, "href=\"/inspector/\"") &&
              absl::StrContains(page, "href=\"/console/\""));
  EXPECT_FALSE(absl::StrContains(page, "href=\"/review/\""));
  EXPECT_TRUE(absl::StrContains(page, "手机应用须用 https") && absl::StrContains(page, "needs https"))
      << page;
  EXPECT_FALSE(absl::StrContains(Get("/", "Host: localhost:8080\r\n").body, "须用 https"))
      << "the machine itself is trusted";
}

TEST_F(Files, AreNotSentAgainWhenTheCallerHasThem) {
  const HttpAnswer first = Get("/index.html");
  const HttpAnswer again = Get("/index.html", "If-None-Match: " + first.headers.at("etag") + "\r\n");
  EXPECT_EQ(again.status, 304);
  EXPECT_EQ(again.body, "");
  EXPECT_EQ(Get("/index.html", "If-None-Match: \"other\"\r\n").status, 200);
}

TEST_F(Files, GiveAnApplicationsPageToItsOwnPathsOnly) {
  const std::string page = "Accept: text/html\r\n";
  EXPECT_EQ(Get("/console/cases/7", page).body, "<h1>console</h1>");
  EXPECT_EQ(Get("/tasks/today", page).body, "<h1>inspector</h1>");
  EXPECT_EQ(Get("/tasks/today").status, 404);
  EXPECT_EQ(Get("/assets/gone.js", page).status, 404);
  EXPECT_EQ(Get("/assets/gone", page).status, 404);
}

TEST_F(Files, NeverLeadOutOfTheFolder) {
  for (const char* path :
       {"/../secret.txt", "/%2e%2e/secret.txt", "/console/../../secret.txt", "/..%2fsecret.txt", "/.env",
        "/%2eenv", "/link.txt", "//etc/passwd", "/a%00.txt", "/..\\secret.txt", "/%zz", "/%", "secret.txt"}) {
    const HttpAnswer answer = Get(path);
    EXPECT_TRUE(answer.status == 404 || answer.status == 400) << path << " " << answer.status;
    EXPECT_FALSE(absl::StrContains(answer.body, "outside")) << path;
  }
}

TEST_F(Files, AreReadNotWritten) {
  EXPECT_EQ(Fetch(http_->port(), "POST", "/index.html", "", "x").status, 405);
  EXPECT_EQ(Fetch(http_->port(), "DELETE", "/index.html").status, 405);
}

}  // namespace
}  // namespace gridwarden::gateway
