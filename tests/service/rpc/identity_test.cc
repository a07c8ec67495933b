#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "base/status.h"
#include "gridwarden/grid/v1/grid_service.pb.h"
#include "gtest/gtest.h"
#include "platform/rpc/server.h"
#include "platform/tls/pair_files.h"

// Processes that prove to each other who they are: over real sockets, with real certificates.
namespace gridwarden::rpc {
namespace {

namespace fs = std::filesystem;
using grid::v1::Division;
using grid::v1::GetDivisionRequest;
using grid::v1::GetGroundRequest;
using grid::v1::GetGroundResponse;

constexpr char kGetDivision[] = "gridwarden.grid.v1.GridService/GetDivision";
constexpr char kGetGround[] = "gridwarden.grid.v1.GridInternalService/GetGround";
constexpr absl::Duration kDay = absl::Hours(24);

class Mutual : public ::testing::Test {
 protected:
  Mutual() : folder_(fs::temp_directory_path() / absl::StrCat("gw_mtls_", getpid())) {
    fs::remove_all(folder_);
    registry_.Add<GetDivisionRequest, Division>(
        kGetDivision, [](const Call& call, const GetDivisionRequest&) -> absl::StatusOr<Division> {
          Division division;
          division.set_name(call.peer);  // the outside caller's address, as this process believes it
          return division;
        });
    registry_.Add<GetGroundRequest, GetGroundResponse>(
        kGetGround, [](const Call& call, const GetGroundRequest&) -> absl::StatusOr<GetGroundResponse> {
          GetGroundResponse response;
          response.set_complete(call.principal.system);
          return response;
        });
    authority_ = NewAuthority();
    Write("authority", {.certificate = authority_.certificate});
  }
  ~Mutual() override {
    server_.reset();
    fs::remove_all(folder_);
  }

  static tls::KeyPair NewAuthority() {
    return tls::MakeAuthority({.common_name = "test",
                               .not_before = absl::Now() - kDay,
                               .not_after = absl::Now() + 30 * kDay})
        .value();
  }
  tls::KeyPair Leaf(const std::string& uri, absl::Duration from = -kDay, absl::Duration until = kDay) const {
    return tls::IssueLeaf(authority_,
                          {.common_name = "leaf",
                           .uris = uri.empty() ? std::vector<std::string>{} : std::vector<std::string>{uri},
                           .not_before = absl::Now() + from,
                           .not_after = absl::Now() + until})
        .value();
  }
  static std::string Id(const std::string& target, const std::string& installation = "411702") {
    return tls::SpiffeId({installation, target});
  }
  std::string Stem(const std::string& name) const { return (folder_ / name).string(); }
  void Write(const std::string& name, const tls::KeyPair& pair) const {
    ASSERT_TRUE(tls::WritePair(Stem(name), pair).ok());
  }
  CertificateFiles Files(const std::string& name, const std::string& authority = "authority") const {
    return {.certificate = Stem(name) + ".pem",
            .key = Stem(name) + ".key",
            .authority = Stem(authority) + ".pem"};
  }
  // The identity of a process with this certificate.
  std::shared_ptr<const Identity> As(const std::string& name, const tls::KeyPair& pair) const {
    Write(name, pair);
    auto identity = Identity::Load(Files(name), absl::Now(), 1);
    EXPECT_TRUE(identity.ok()) << identity.status();
    return identity.value_or(nullptr);
  }

  // The grid area: casework may read a division, and every area the ground for itself.
  void Serve() {
    server_ = std::make_unique<Server>(
        registry_, [](std::string_view, absl::Time) { return Principal{}; },
        [](const Call&) { return absl::OkStatus(); }, clock_,
        ServerOptions{.identity = As("grid", Leaf(Id("grid"))),
                      .allow_peer = [](std::string_view target, std::string_view method, bool system) {
                        return target == "casework" && (method == kGetGround) == system;
                      }});
    const auto port = server_->Listen("127.0.0.1:0");
    ASSERT_TRUE(port.ok()) << port.status();
    address_ = absl::StrCat("127.0.0.1:", *port);
  }
  std::unique_ptr<Channel> Dial(std::shared_ptr<const Identity> identity,
                                const std::string& target = "grid") const {
    return DialNetwork(address_, {.identity = std::move(identity), .target = target});
  }
  static Envelope Get(absl::Duration timeout = absl::Seconds(10)) {
    GetDivisionRequest request;
    request.set_name("divisions/1");
    return {.method = kGetDivision,
            .body = request.SerializeAsString(),
            .token = "x",
            .deadline = absl::Now() + timeout,
            .peer = "10.1.2.3:99"};
  }
  static Envelope Ground() {
    return {.method = kGetGround, .deadline = absl::Now() + absl::Seconds(10), .system = true};
  }
  absl::Status Answer(std::shared_ptr<const Identity> identity, const std::string& target = "grid") const {
    return Dial(std::move(identity), target)->Send(Get()).status();
  }
  // The answer once new files have been read: the first of this code, or the last one.
  absl::Status AnswerInTheEnd(const std::shared_ptr<const Identity>& identity, absl::StatusCode code) const {
    const absl::Time give_up = absl::Now() + absl::Seconds(20);
    absl::Status answer = Answer(identity);
    while (answer.code() != code && absl::Now() < give_up) {
      absl::SleepFor(absl::Milliseconds(50));
      answer = Answer(identity);
    }
    return answer;
  }

  const fs::path folder_;
  tls::KeyPair authority_;
  SystemClock clock_;
  Registry registry_;
  std::unique_ptr<Server> server_;
  std::string address_;
};

TEST_F(Mutual, AProcessOfTheListIsServedAndBelievedOfWhomItSpeaksFor) {
  Serve();
  const auto channel = Dial(As("casework", Leaf(Id("casework"))));
  const auto bytes = channel->Send(Get());
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  Division division;
  ASSERT_TRUE(division.ParseFromString(*bytes));
  EXPECT_EQ(division.name(), "10.1.2.3:99");
  const auto ground = channel->Send(Ground());
  ASSERT_TRUE(ground.ok()) << ground.status();
  GetGroundResponse response;
  ASSERT_TRUE(response.ParseFromString(*ground));
  EXPECT_TRUE(response.complete()) << "the system speaks by its certificate, not by a secret";
}

TEST_F(Mutual, AProcessThatIsNotOnTheListIsRefused) {
  Serve();
  for (const char* target : {"report", "gateway", "all"}) {
    const absl::Status refused = Answer(As(target, Leaf(Id(target))));
    EXPECT_EQ(refused.code(), absl::StatusCode::kPermissionDenied) << refused;
    EXPECT_EQ(ReasonOf(refused), "NOT_ALLOWED");
    EXPECT_TRUE(absl::StrContains(refused.message(), Id(target))) << refused;
  }
  // On the list for a user's sake, not for its own.
  Envelope envelope = Get();
  envelope.system = true;
  EXPECT_EQ(Dial(As("casework", Leaf(Id("casework"))))->Send(envelope).status().code(),
            absl::StatusCode::kPermissionDenied);
}

TEST_F(Mutual, AnotherInstallationsProcessOfTheSameAuthorityIsRefused) {
  Serve();
  // It would not speak to our grid by itself: its own name is what it expects of others.
  EXPECT_EQ(Answer(As("foreign", Leaf(Id("casework", "411725")))).code(), absl::StatusCode::kUnavailable);
  // One that speaks all the same is refused by us: a dialler of ours with a name of theirs in its files.
  const auto turned = As("casework", Leaf(Id("casework")));
  Write("casework", Leaf(Id("casework", "411725")));
  const absl::Status refused = AnswerInTheEnd(turned, absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(refused.code(), absl::StatusCode::kPermissionDenied) << refused;
}

TEST_F(Mutual, ACertificateWithoutAProcessNameIsRefused) {
  Serve();
  const auto turned = As("casework", Leaf(Id("casework")));
  Write("casework", Leaf("https://example.org/casework"));
  const absl::Status refused = AnswerInTheEnd(turned, absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(refused.code(), absl::StatusCode::kPermissionDenied) << refused;
}

TEST_F(Mutual, StrangersAreNotListenedTo) {
  Serve();
  // Without certificates, with the words and without.
  EXPECT_EQ(DialNetwork(address_)->Send(Get()).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(DialNetwork(address_, {.hop_secret = "a secret"})->Send(Ground()).status().code(),
            absl::StatusCode::kUnavailable);
  // With the right name from another authority; its owner trusts ours, so that it is ours that refuses.
  const tls::KeyPair own = authority_;
  authority_ = NewAuthority();
  const tls::KeyPair forged = Leaf(Id("casework"));
  Write("authority2", {.certificate = own.certificate + authority_.certificate});
  Write("forged", forged);
  const auto identity = Identity::Load(
      {Stem("forged") + ".pem", Stem("forged") + ".key", Stem("authority2") + ".pem"}, absl::Now(), 1);
  // The bundle's second authority signed it.
  ASSERT_TRUE(identity.ok()) << identity.status();
  EXPECT_EQ(Answer(*identity).code(), absl::StatusCode::kUnavailable);
}

TEST_F(Mutual, ACertificateThatHasEndedIsRefused) {
  Serve();
  const auto ending = As("casework", Leaf(Id("casework"), -kDay, absl::Seconds(4)));
  EXPECT_TRUE(Answer(ending).ok());
  const absl::Time give_up = absl::Now() + absl::Seconds(10);
  while (ending->UsableUntil(absl::Now()).ok() && absl::Now() < give_up)
    absl::SleepFor(absl::Milliseconds(10));
  EXPECT_EQ(Answer(ending).code(), absl::StatusCode::kUnavailable);
}

TEST_F(Mutual, ACallerSpeaksOnlyToTheProcessItMeans) {
  Serve();
  const auto casework = As("casework", Leaf(Id("casework")));
  EXPECT_EQ(Answer(casework, "journal").code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(Answer(casework, "grid").ok());
}

TEST_F(Mutual, FilesThatCannotBeUsedAreRefusedInPlainWords) {
  const auto refused = [&](const CertificateFiles& files) {
    const auto identity = Identity::Load(files, absl::Now(), 1);
    return identity.ok() ? "taken" : std::string(identity.status().message());
  };
  Write("good", Leaf(Id("grid")));
  Write("ended", Leaf(Id("grid"), -2 * kDay, -kDay));
  Write("early", Leaf(Id("grid"), kDay, 2 * kDay));
  Write("nameless", Leaf(""));
  const tls::KeyPair good = tls::ReadPair(Stem("good")).value();
  Write("mixed", {.certificate = good.certificate, .key = tls::ReadPair(Stem("ended"))->key});
  Write("other", {.certificate = NewAuthority().certificate});
  EXPECT_EQ(refused(Files("good")), "taken");
  EXPECT_TRUE(absl::StrContains(refused(Files("ended")), "ended at")) << refused(Files("ended"));
  EXPECT_TRUE(absl::StrContains(refused(Files("early")), "not valid before")) << refused(Files("early"));
  EXPECT_TRUE(absl::StrContains(refused(Files("nameless")), "spiffe://")) << refused(Files("nameless"));
  EXPECT_TRUE(absl::StrContains(refused(Files("mixed")), "the key is not")) << refused(Files("mixed"));
  EXPECT_TRUE(absl::StrContains(refused(Files("good", "other")), "issuer"))
      << refused(Files("good", "other"));
  EXPECT_TRUE(absl::StrContains(refused(Files("none")), "none.pem")) << refused(Files("none"));
  EXPECT_TRUE(absl::StrContains(refused(Files("good", "none")), "none.pem"))
      << refused(Files("good", "none"));
}

// New certificates on both sides, then a new authority, while calls run over old connections and new ones.
TEST_F(Mutual, FilesAreReplacedUnderLoadWithoutAFailedCall) {
  Serve();
  const auto casework = As("casework", Leaf(Id("casework")));
  std::atomic<bool> stop{false};
  std::atomic<int> answered{0};
  std::atomic<int> failed{0};
  std::vector<std::thread> callers;
  for (int i = 0; i < 3; ++i) {
    callers.emplace_back([&, i] {
      auto channel = Dial(casework);
      for (int calls = 1; !stop.load(); ++calls) {
        if (i > 0 && calls % 20 == 0) channel = Dial(casework);  // a new handshake
        if (channel->Send(Get()).ok()) {
          ++answered;
        } else {
          ++failed;
        }
      }
    });
  }
  // The files are looked at each second, and nobody tells when.
  const auto a_while = [] { absl::SleepFor(absl::Milliseconds(2500)); };
  for (int round = 0; round < 2; ++round) {
    Write("grid", Leaf(Id("grid")));
    Write("casework", Leaf(Id("casework")));
    a_while();
  }
  const tls::KeyPair before = authority_;
  authority_ = NewAuthority();
  Write("authority", {.certificate = authority_.certificate + before.certificate});
  a_while();
  Write("grid", Leaf(Id("grid")));
  Write("casework", Leaf(Id("casework")));
  a_while();
  Write("authority", {.certificate = authority_.certificate});
  a_while();
  const int before_the_last = answered.load();
  absl::SleepFor(absl::Milliseconds(200));
  stop.store(true);
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(failed.load(), 0) << "of " << answered.load();
  EXPECT_GT(answered.load(), before_the_last);
  // What was replaced is no longer good.
  authority_ = before;
  Write("late", Leaf(Id("casework")));
  const auto late = Identity::Load(Files("late"), absl::Now(), 1);
  EXPECT_FALSE(late.ok());
}

// A certificate that does not fit its key (a copy that was cut off) harms nobody for longer than it stands
// there.
TEST_F(Mutual, AMistakeInTheFilesIsCuredByTheNextOnes) {
  Serve();
  const auto casework = As("casework", Leaf(Id("casework")));
  const tls::KeyPair good = Leaf(Id("grid"));
  Write("grid", {.certificate = good.certificate, .key = Leaf(Id("grid")).key});
  absl::SleepFor(absl::Milliseconds(2500));
  Write("grid", {.certificate = "cut off", .key = good.key});
  absl::SleepFor(absl::Milliseconds(2500));
  Write("grid", good);
  const absl::Status answer = AnswerInTheEnd(casework, absl::StatusCode::kOk);
  EXPECT_TRUE(answer.ok()) << answer;
}

}  // namespace
}  // namespace gridwarden::rpc
