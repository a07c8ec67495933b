#include <openssl/ssl.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/time/clock.h"
#include "base/status.h"
#include "common/connect_client.h"
#include "gateway/edge_certificate.h"
#include "gateway/gateway.h"
#include "gateway/http_server.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "platform/tls/edge_files.h"
#include "platform/tls/pair_files.h"
#include "support/http_client.h"
#include "support/tls_client.h"

// The edge over TLS: real handshakes on loopback, with the certificates of a local authority.
namespace gridwarden::gateway {
namespace {

namespace fs = std::filesystem;
using testing::Fetch;
using testing::HttpAnswer;
using testing::HttpConnection;
using testing::TlsConnection;

constexpr char kSignIn[] = "/gridwarden.identity.v1.IdentityService/SignIn";

// Polls until `holds`, ten seconds at most.
bool Eventually(const std::function<bool()>& holds) {
  const absl::Time give_up = absl::Now() + absl::Seconds(10);
  while (!holds()) {
    if (absl::Now() > give_up) return false;
    absl::SleepFor(absl::Milliseconds(10));
  }
  return true;
}

class TlsEdge : public ::testing::Test {
 protected:
  TlsEdge() : folder_(fs::temp_directory_path() / absl::StrCat("gw_tls_", getpid())), now_(absl::Now()) {
    fs::remove_all(folder_);
    Renew({"localhost"}, {"127.0.0.1", "::1"});
    authority_ = tls::ReadPair(Stem("authority")).value();
    certificate_ = EdgeCertificate::Load(Stem("edge") + ".pem", Stem("edge") + ".key", now_).value();
  }
  ~TlsEdge() override {
    http_.reset();
    fs::remove_all(folder_);
  }

  std::string Stem(const std::string& name) const { return (folder_ / name).string(); }
  void Renew(std::vector<std::string> names, std::vector<std::string> addresses) {
    const auto care =
        tls::KeepEdge(folder_.string(), {"edge-host", std::move(names), std::move(addresses)}, now_);
    ASSERT_TRUE(care.ok()) << care.status();
  }
  // A certificate by our authority that the edge has on its disk from now on.
  void Place(const tls::Subject& subject) {
    ASSERT_TRUE(tls::WritePair(Stem("edge"), tls::IssueLeaf(authority_, subject).value()).ok());
  }

  void Start(HttpServerOptions http = {}, absl::Duration hsts = absl::ZeroDuration()) {
    http_.reset();
    gateway_ = std::make_unique<Gateway>(GatewayOptions{
        .metrics = [] { return std::string("gridwarden_up 1\n"); },
        .version = "test",
        .certificate = certificate_.get(),
        .hsts = hsts,
        .trust = TrustPages::Make(authority_.certificate + authority_.key, {"http://192.0.2.7:8443"}).value(),
    });
    http.tls = [this] { return certificate_->context(); };
    http_ =
        HttpServer::Start(
            http,
            {.handle = [this](HttpRequest request, Respond respond) { Handle(std::move(request), respond); },
             .body_limit = [this](const HttpRequest& head) { return gateway_->BodyLimit(head); },
             .too_large = [this](const HttpRequest& head) { return gateway_->TooLarge(head); },
             .too_busy = [this](const HttpRequest&) { return gateway_->TooBusy(); }})
            .value();
  }

  // Requests for /held wait until they are released.
  void Handle(HttpRequest request, Respond respond) {
    if (request.path != "/held") return gateway_->Handle(std::move(request), std::move(respond));
    std::lock_guard lock(mutex_);
    held_.push_back(std::move(respond));
  }
  size_t Held() {
    std::lock_guard lock(mutex_);
    return held_.size();
  }
  void Release() {
    std::lock_guard lock(mutex_);
    for (const Respond& respond : held_) respond({.body = "released"});
    held_.clear();
  }

  testing::TlsClientOptions Trusting() const { return {.authority = authority_.certificate}; }
  static std::string Get(const std::string& target) {
    return "GET " + target + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
  }
  HttpAnswer FetchSecurely(const std::string& target) {
    TlsConnection connection(http_->port(), Trusting());
    connection.Send(Get(target));
    return connection.Read();
  }
  // What a client without any other trust is told.
  absl::Status CallBy(const std::string& ca_file, const std::string& host = "127.0.0.1") {
    client::ConnectClient client(
        {.server = absl::StrCat("https://", host, ":", http_->port()), .ca_file = ca_file});
    return client.CallBytes("gridwarden.identity.v1.IdentityService/SignIn", "").status();
  }

  const fs::path folder_;
  const absl::Time now_;
  tls::KeyPair authority_;
  std::unique_ptr<EdgeCertificate> certificate_;
  std::unique_ptr<Gateway> gateway_;
  std::mutex mutex_;  // guards held_
  std::vector<Respond> held_;
  std::unique_ptr<HttpServer> http_;
};

TEST_F(TlsEdge, ServesHttpsWithNewProtocolsOnly) {
  Start();
  TlsConnection connection(http_->port(), Trusting());
  ASSERT_TRUE(connection.open()) << connection.error();
  EXPECT_EQ(connection.version(), "TLSv1.3");
  EXPECT_EQ(connection.protocol(), "http/1.1");
  for (int i = 0; i < 3; ++i) {  // one connection, several requests
    connection.Send(Get("/livez"));
    EXPECT_EQ(connection.Read().body, "ok\n");
  }
  auto options = Trusting();
  options.version_max = TLS1_2_VERSION;
  EXPECT_EQ(TlsConnection(http_->port(), options).version(), "TLSv1.2");
  options.version_max = TLS1_1_VERSION;
  EXPECT_FALSE(TlsConnection(http_->port(), options).open());
  options = Trusting();
  options.protocol = "h2";
  EXPECT_FALSE(TlsConnection(http_->port(), options).open()) << "we could not talk with it";
}

TEST_F(TlsEdge, LetsLargeAnswersAndRefusalsThrough) {
  Start();
  TlsConnection connection(http_->port(), Trusting());
  connection.Send(absl::StrCat("POST /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n",
                               std::string(200'000, 'x')));
  EXPECT_EQ(connection.Read().status, 400);
  EXPECT_TRUE(absl::StrContains(FetchSecurely("/trust").body, "</html>"));
}

TEST_F(TlsEdge, IsBelievedByWhoKnowsTheAuthorityOnly) {
  Start();
  // The edge has no areas here: UNIMPLEMENTED comes from beyond the handshake.
  EXPECT_EQ(CallBy(Stem("authority") + ".pem").code(), absl::StatusCode::kUnimplemented);
  EXPECT_EQ(CallBy(Stem("authority") + ".pem", "localhost").code(), absl::StatusCode::kUnimplemented);
  const tls::KeyPair other = tls::MakeAuthority({.common_name = "somebody else",
                                                 .not_before = now_ - absl::Hours(1),
                                                 .not_after = now_ + absl::Hours(24)})
                                 .value();
  ASSERT_TRUE(tls::WritePair(Stem("other"), other).ok());
  const absl::Status refused = CallBy(Stem("other") + ".pem");
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(absl::StrContains(std::string(refused.message()), "--ca FILE or GRIDWARDEN_CA")) << refused;
  EXPECT_TRUE(absl::StrContains(FactsOf(refused)->metadata.at("zh"), "证书不可信"));
}

TEST_F(TlsEdge, IsNotBelievedUnderAnotherNameOrAfterItsEnd) {
  Place({.common_name = "x",
         .dns_names = {"elsewhere.example"},
         .not_before = now_,
         .not_after = now_ + absl::Hours(9)});
  certificate_ = EdgeCertificate::Load(Stem("edge") + ".pem", Stem("edge") + ".key", now_).value();
  Start();
  EXPECT_EQ(CallBy(Stem("authority") + ".pem").code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(absl::StrContains(TlsConnection(http_->port(), Trusting()).error(), "IP address mismatch"));

  Place({.common_name = "x",
         .addresses = {"127.0.0.1"},
         .not_before = now_ - absl::Hours(9),
         .not_after = now_ - absl::Seconds(1)});
  // Served as it would be by who has not looked after it.
  certificate_ =
      EdgeCertificate::Load(Stem("edge") + ".pem", Stem("edge") + ".key", now_ - absl::Hours(2)).value();
  Start();
  EXPECT_EQ(CallBy(Stem("authority") + ".pem").code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(absl::StrContains(TlsConnection(http_->port(), Trusting()).error(), "expired"));
  const auto started = EdgeCertificate::Load(Stem("edge") + ".pem", Stem("edge") + ".key", now_);
  EXPECT_TRUE(absl::StrContains(std::string(started.status().message()), "ended at")) << started.status();
}

TEST_F(TlsEdge, TakesANewCertificateWhileServingAndCutsNobody) {
  Start();
  const std::string before = certificate_->sha256();
  TlsConnection old(http_->port(), Trusting());
  ASSERT_EQ(old.sha256(), before);
  old.Send(Get("/held"));
  ASSERT_TRUE(Eventually([&] { return Held() == 1; }));

  Renew({"localhost", "new-name"}, {"127.0.0.1"});
  certificate_->Look(now_);  // sees it
  EXPECT_EQ(certificate_->sha256(), before) << "it may still be written to";
  certificate_->Look(now_);  // finds it unchanged, takes it
  ASSERT_NE(certificate_->sha256(), before);
  EXPECT_EQ(TlsConnection(http_->port(), Trusting()).sha256(), certificate_->sha256());

  Release();
  EXPECT_EQ(old.Read().body, "released");
  old.Send(Get("/livez"));
  EXPECT_EQ(old.Read().status, 200) << "open connections keep theirs";
}

TEST_F(TlsEdge, KeepsTheOldCertificateWhenTheNewOneDoesNotServe) {
  Start();
  const std::string before = certificate_->sha256();
  const auto refuse = [&](int times) {
    certificate_->Look(now_);
    certificate_->Look(now_);
    certificate_->Look(now_);  // said once
    EXPECT_EQ(certificate_->refused(), times);
    EXPECT_EQ(certificate_->Notes(now_).size(), 1u) << "and an operator is told";
    EXPECT_EQ(certificate_->sha256(), before);
    EXPECT_EQ(TlsConnection(http_->port(), Trusting()).sha256(), before);
  };
  std::ofstream(Stem("edge") + ".pem") << "rubbish";
  refuse(1);
  fs::remove(Stem("edge") + ".pem");
  refuse(2);
  Place({.common_name = "x",
         .addresses = {"127.0.0.1"},
         .not_before = now_,
         .not_after = now_ + absl::Hours(9)});
  const tls::KeyPair good = tls::ReadPair(Stem("edge")).value();
  std::ofstream(Stem("edge") + ".key") << authority_.key;
  refuse(3);
  Place({.common_name = "x",
         .addresses = {"127.0.0.1"},
         .not_before = now_ - absl::Hours(2),
         .not_after = now_ - absl::Hours(1)});
  refuse(4);
  ASSERT_TRUE(tls::WritePair(Stem("edge"), good).ok());
  certificate_->Look(now_);
  certificate_->Look(now_);
  EXPECT_NE(certificate_->sha256(), before) << "and recovers by itself";
  EXPECT_EQ(certificate_->Notes(now_).size(), 1u) << "nine hours are left";
}

TEST_F(TlsEdge, SaysFourteenDaysBeforeTheCertificateEnds) {
  const absl::Time end = certificate_->subject().not_after;
  EXPECT_TRUE(certificate_->Notes(end - absl::Hours(24 * 14)).empty());
  EXPECT_TRUE(
      absl::StrContains(certificate_->Notes(end - absl::Hours(24 * 14 - 1)).at(0), "that of https ends on"));
  EXPECT_TRUE(absl::StrContains(certificate_->Notes(end).at(0), "that of https ended on"));
}

TEST_F(TlsEdge, ResumesSessionsByTicketUntilTheCertificateChanges) {
  Start();
  auto options = Trusting();
  std::shared_ptr<TlsConnection> first = std::make_shared<TlsConnection>(http_->port(), options);
  first->Send(Get("/livez"));
  EXPECT_EQ(first->Read().status, 200);  // the ticket has come with it
  EXPECT_FALSE(first->resumed());
  options.resume = first;
  EXPECT_TRUE(TlsConnection(http_->port(), options).resumed());
  Renew({"localhost", "new-name"}, {"127.0.0.1"});
  certificate_->Look(now_);
  certificate_->Look(now_);
  TlsConnection anew(http_->port(), options);
  EXPECT_TRUE(anew.open() && !anew.resumed());
}

TEST_F(TlsEdge, SendsPagesInClearToTheSamePageOverHttps) {
  Start();
  const auto location = [&](const std::string& host, const std::string& target) {
    HttpConnection connection(http_->port());
    connection.Send(absl::StrCat("GET ", target, " HTTP/1.1\r\nHost: ", host, "\r\n\r\n"));
    const HttpAnswer answer = connection.Read();
    return answer.headers.count("location") > 0
               ? absl::StrCat(answer.status, " ", answer.headers.at("location"))
               : absl::StrCat(answer.status);
  };
  EXPECT_EQ(location("127.0.0.1:8443", "/console/cases?state=OPEN&at=%2F"),
            "308 https://127.0.0.1:8443/console/cases?state=OPEN&at=%2F");
  EXPECT_EQ(location("LocalHost", "/"), "308 https://localhost/");
  EXPECT_EQ(location("[::1]:8443", "/livez"), "308 https://[::1]:8443/livez");
  EXPECT_EQ(location("localhost", "//evil.example/x"), "308 https://localhost//evil.example/x");
  for (const char* host : {"evil.example", "localhost.evil.example", "localhost@evil.example",
                           "localhost:8443@evil.example", "localhost:99999", "localhost:", "localhost:80x",
                           "", "127.0.0.2", "[::1", "[::1]evil.example", "localhost/evil", "0177.0.0.1"}) {
    EXPECT_EQ(location(host, "/"), "421") << host;
  }
  for (const char* host : {"localhost", "evil.example"}) {
    HttpConnection connection(http_->port());
    connection.Send(absl::StrCat("GET /inspector/ HTTP/1.1\r\nHost: ", host, "\r\n\r\n"));
    const std::string words = connection.Read().body;
    EXPECT_TRUE(absl::StrContains(words, "相机") && absl::StrContains(words, "no camera")) << words;
  }
  EXPECT_EQ(location("localhost", "http://evil.example/"), "400") << "a proxy's form of a request";
  EXPECT_EQ(Fetch(http_->port(), "HEAD", "/").status, 308);
  EXPECT_EQ(Fetch(http_->port(), "GET", "/metrics").status, 308) << "nothing of ours is shown in clear";
}

TEST_F(TlsEdge, TellsProgramsInClearToUseHttps) {
  Start();
  for (const size_t size : {size_t{10}, size_t{1'000'000}}) {
    const HttpAnswer answer = Fetch(http_->port(), "POST", kSignIn, "Content-Type: application/json\r\n",
                                    "{" + std::string(size, ' ') + "}");
    EXPECT_EQ(answer.status, 400);
    const auto error = nlohmann::json::parse(answer.body);
    EXPECT_EQ(error["code"], "failed_precondition");
    EXPECT_EQ(error["details"][0]["debug"]["reason"], "HTTPS_REQUIRED");
    EXPECT_TRUE(absl::StrContains(answer.body, "请使用 https"));
    EXPECT_EQ(answer.headers.at("connection"), "close");
  }
  EXPECT_EQ(Fetch(http_->port(), "GET", kSignIn).status, 400);
  client::ConnectClient client({.server = absl::StrCat("http://127.0.0.1:", http_->port())});
  EXPECT_EQ(ReasonOf(client.CallBytes("gridwarden.identity.v1.IdentityService/SignIn", "").status()),
            "HTTPS_REQUIRED");
}

TEST_F(TlsEdge, IsMissedWhereThereIsOnlyPlainHttp) {
  const auto plain = HttpServer::Start({}, {.handle = [](HttpRequest, Respond respond) { respond({}); },
                                            .body_limit = [](const HttpRequest&) { return size_t{1}; },
                                            .too_large = [](const HttpRequest&) { return HttpResponse{}; },
                                            .too_busy = [](const HttpRequest&) { return HttpResponse{}; }})
                         .value();
  client::ConnectClient client({.server = absl::StrCat("https://127.0.0.1:", plain->port())});
  const absl::Status status = client.CallBytes("gridwarden.identity.v1.IdentityService/SignIn", "").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(absl::StrContains(std::string(status.message()), "does it speak http only?")) << status;
}

TEST_F(TlsEdge, ShowsHowToTrustItBeforeThereIsTrust) {
  Start();
  const std::string fingerprint = tls::Describe(authority_.certificate)->sha256;
  std::string spaced = fingerprint;
  std::replace(spaced.begin(), spaced.end(), ':', ' ');
  const HttpAnswer page = Fetch(http_->port(), "GET", "/trust", "Accept-Language: zh-CN\r\n");
  EXPECT_EQ(page.status, 200);
  EXPECT_TRUE(absl::StrContains(absl::StrReplaceAll(page.body, {{"<b>", ""}, {"</b>", ""}}), spaced));
  EXPECT_TRUE(absl::StrContains(page.body, "先核对指纹"));
  EXPECT_TRUE(absl::StrContains(page.headers.at("content-security-policy"),
                                "default-src 'none'; style-src 'sha256-"));
  EXPECT_FALSE(absl::StrContains(page.body, "PRIVATE"));
  const HttpAnswer certificate = Fetch(http_->port(), "GET", "/trust/authority.crt");
  EXPECT_EQ(certificate.headers.at("content-type"), "application/x-x509-ca-cert");
  EXPECT_EQ(certificate.body, authority_.certificate) << "and not the key that stood behind it";
  EXPECT_EQ(tls::Describe(certificate.body)->sha256, fingerprint);
  const HttpAnswer profile = Fetch(http_->port(), "GET", "/trust/authority.mobileconfig");
  EXPECT_EQ(profile.headers.at("content-type"), "application/x-apple-aspen-config");
  EXPECT_FALSE(absl::StrContains(profile.body, "PRIVATE"));
  EXPECT_EQ(Fetch(http_->port(), "GET", "/trust/authority.key").status, 308);
  EXPECT_EQ(FetchSecurely("/trust/authority.key").status, 404);
  EXPECT_EQ(FetchSecurely("/trust").status, 200);
}

TEST_F(TlsEdge, TellsBrowsersToStayWithHttpsOnlyWhenAsked) {
  Start();
  EXPECT_EQ(FetchSecurely("/").headers.count("strict-transport-security"), 0u);
  Start({}, absl::Hours(1));
  EXPECT_EQ(FetchSecurely("/").headers.at("strict-transport-security"), "max-age=3600");
  EXPECT_EQ(Fetch(http_->port(), "GET", "/").headers.count("strict-transport-security"), 0u)
      << "in clear anybody could say it";
}

TEST_F(TlsEdge, CutsHandshakesThatDawdleOrAreNone) {
  Start({.handshake_timeout = absl::Milliseconds(50)});
  HttpConnection silent(http_->port());
  EXPECT_TRUE(silent.Ends());
  HttpConnection half(http_->port());
  half.Send(std::string("\x16\x03\x01\x02\x00\x01\x00", 7));
  EXPECT_TRUE(half.Ends());
  Start();
  HttpConnection rubbish(http_->port());
  rubbish.Send("\x16" + std::string(600, 'x'));
  EXPECT_TRUE(Eventually([&] { return http_->connections() == 0; }));
  EXPECT_EQ(FetchSecurely("/livez").status, 200);
}

TEST_F(TlsEdge, IsNotShutByHalfHandshakes) {
  Start({.connections_max = 8, .handshake_timeout = absl::Seconds(60)});
  std::vector<std::unique_ptr<HttpConnection>> halves;
  for (int i = 0; i < 8; ++i) {
    halves.push_back(std::make_unique<HttpConnection>(http_->port()));
    halves.back()->Send("\x16\x03\x01");
  }
  ASSERT_TRUE(Eventually([&] { return http_->connections() == 8; }));
  TlsConnection working(http_->port(), Trusting());  // may be turned away while they are fresh
  EXPECT_TRUE(Eventually([&] { return FetchSecurely("/livez").status == 200; }));
  EXPECT_TRUE(halves[0]->Ends()) << "who has waited longest makes room";
}

TEST_F(TlsEdge, NeverCutsAServedRequestToMakeRoom) {
  Start({.connections_max = 1});
  TlsConnection served(http_->port(), Trusting());
  served.Send(Get("/held"));
  ASSERT_TRUE(Eventually([&] { return Held() == 1; }));
  const absl::Time until = absl::Now() + absl::Milliseconds(1500);  // longer than the patience of who waits
  while (absl::Now() < until) EXPECT_NE(FetchSecurely("/livez").status, 200);
  EXPECT_GT(http_->turned_away(), 0u);
  Release();
  EXPECT_EQ(served.Read().body, "released");
}

TEST_F(TlsEdge, GivesOneAddressOnlySoManyConnections) {
  Start({.connections_per_address_max = 2});
  TlsConnection first(http_->port(), Trusting()), second(http_->port(), Trusting());
  EXPECT_FALSE(TlsConnection(http_->port(), Trusting()).open());
  first.Send(Get("/livez"));
  EXPECT_EQ(first.Read().status, 200);
  Start({.connections_per_address_max = 2,
         .addresses_without_limit = AddressSet::Parse({"127.0.0.0/8"}).value()});
  TlsConnection third(http_->port(), Trusting()), fourth(http_->port(), Trusting()),
      fifth(http_->port(), Trusting());
  EXPECT_TRUE(third.open() && fourth.open() && fifth.open());
}

TEST_F(TlsEdge, AnswersWhatIsUnderWayWhenItDrains) {
  Start();
  TlsConnection connection(http_->port(), Trusting());
  connection.Send(Get("/held"));
  ASSERT_TRUE(Eventually([&] { return Held() == 1; }));
  std::thread drain([&] { http_->Drain(absl::Seconds(20)); });
  ASSERT_TRUE(Eventually([&] { return !TlsConnection(http_->port(), Trusting()).open(); }));
  Release();
  const HttpAnswer answer = connection.Read();
  drain.join();
  EXPECT_EQ(answer.body, "released");
  EXPECT_EQ(answer.headers.at("connection"), "close");
}

}  // namespace
}  // namespace gridwarden::gateway
