#include "server/flags.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "server/serve.h"

namespace gridwarden::server {
namespace {

absl::StatusOr<Flags> ParseAll(const std::vector<std::string>& arguments) {
  static const std::vector<Flag> known = [] {
    std::vector<Flag> flags(ServeFlags().begin(), ServeFlags().end());
    flags.insert(flags.end(), EdgeFlags().begin(), EdgeFlags().end());
    flags.insert(flags.end(), DatabaseFlags().begin(), DatabaseFlags().end());
    return flags;
  }();
  return Flags::Parse(known, arguments);
}

std::string ErrorOf(std::vector<std::string> arguments) {
  arguments.push_back("--db-socket=/s");
  const absl::StatusOr<Flags> flags = ParseAll(arguments);
  const absl::Status status = flags.ok() ? ReadServeFlags(*flags).status() : flags.status();
  return std::string(status.message());
}

TEST(Flags, TakeBothSpellingsAndKeepTheLastValue) {
  const auto flags = ParseAll({"--threads", "3", "--queue=7", "--demo", "--threads=4"});
  ASSERT_TRUE(flags.ok());
  EXPECT_EQ(flags->Text("--threads"), "4");
  EXPECT_EQ(flags->Text("--queue"), "7");
  EXPECT_TRUE(flags->IsOn("--demo"));
  EXPECT_EQ(flags->Text("--target"), "all");
}

TEST(Flags, NameWhatTheyDoNotUnderstand) {
  EXPECT_EQ(ErrorOf({"--no-such"}), "--no-such: no such flag; see --help");
  EXPECT_EQ(ErrorOf({"--threads=many"}), "--threads: got many, want a number from 1 to 256");
  EXPECT_EQ(ErrorOf({"--target=castle"}), "--target: no such area: castle");
  EXPECT_EQ(ErrorOf({"--target=all,grid"}), "--target: all stands alone");
  EXPECT_EQ(ErrorOf({"--listen-http=8080"}), "--listen-http: got 8080, want ADDRESS:PORT");
  EXPECT_EQ(ErrorOf({"--peer=castle=127.0.0.1:1"}), "--peer: got castle=127.0.0.1:1, want AREA=ADDRESS");
  EXPECT_EQ(ErrorOf({"--db-name=a;b"}), "--db-name: want letters, digits and _ only");
  EXPECT_EQ(ErrorOf({"--db-host=h:1"}), "--db-socket: want either --db-socket or --db-host");
  EXPECT_EQ(ParseAll({"--threads"}).status().message(), "--threads: want a value: N");
}

std::string DatabaseErrorOf(const std::vector<std::string>& arguments) {
  const absl::StatusOr<Flags> flags = ParseAll(arguments);
  const absl::Status status = flags.ok() ? ReadDatabaseFlags(*flags).status() : flags.status();
  return std::string(status.message());
}

TEST(DatabaseFlags, NothingGoesToAnotherMachineUnencrypted) {
  EXPECT_EQ(DatabaseErrorOf({"--db-host=127.0.0.1:3306"}), "");
  EXPECT_EQ(DatabaseErrorOf({"--db-host=db.example:3306", "--db-ca=/ca.pem"}), "");
  EXPECT_EQ(DatabaseErrorOf({"--db-host=db.example:3306"}),
            "--db-ca: want it: db.example is another machine, and nothing goes there unencrypted");
  EXPECT_EQ(DatabaseErrorOf({"--db-host=localhost:3306"}), "--db-host: got localhost, want 127.0.0.1");
  EXPECT_EQ(DatabaseErrorOf({"--db-socket=/s", "--db-ca=/ca.pem"}),
            "--db-ca: goes with --db-host; a socket needs none");
}

TEST(ServeFlags, WantAPeerForEveryAreaThatIsElsewhere) {
  EXPECT_EQ(
      ErrorOf({"--target=casework,grid,gateway", "--peer=identity=a:1,source=b:2", "--peer=journal=c:3"}),
      "--peer: want --peer for: patrol intake media report notify sync");
}

TEST(ServeFlags, OneListOfPeersServesEveryProcess) {
  std::string peers;
  for (const char* area : {"identity", "grid", "source", "patrol", "casework", "intake", "media", "journal",
                           "report", "notify", "sync"}) {
    peers += std::string(area) + "=127.0.0.1:7000,";
  }
  const auto options =
      ReadServeFlags(*ParseAll({"--db-socket=/s", "--target=casework,grid", "--peer=" + peers}));
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_EQ(options->peers.size(), 9u);
  EXPECT_EQ(options->peers.count("grid"), 0u);
}

TEST(ServeFlags, AllIsEveryAreaAndTheGateway) {
  const auto options = ReadServeFlags(*ParseAll({"--db-socket=/s", "--listen-http=[::1]:0"}));
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_EQ(options->areas.size(), 11u);
  EXPECT_TRUE(options->gateway);
  EXPECT_EQ(options->edge->listen.host, "::1");
  EXPECT_EQ(options->hop_secret_file, ".run/data/hop.secret");
}

TEST(EdgeFlags, LetNobodyServeOthersInClearUnawares) {
  const char* refusal = "--listen-http: got 0.0.0.0, which other machines reach, without TLS";
  EXPECT_EQ(ErrorOf({"--listen-http=0.0.0.0:8080"}).substr(0, std::string(refusal).size()), refusal);
  for (const char* address : {"[::]:1", "192.168.1.7:1", "10.0.0.1:1"}) {
    EXPECT_NE(ErrorOf({std::string("--listen-http=") + address}), "") << address;
  }
  EXPECT_EQ(ErrorOf({"--listen-http=0.0.0.0:8080", "--allow-plain-http"}), "");
  EXPECT_EQ(ErrorOf({"--listen-http=0.0.0.0:8080", "--trusted-proxy=10.244.0.0/16"}), "");
  EXPECT_EQ(ErrorOf({"--listen-http=0.0.0.0:8080", "--tls-cert=/c", "--tls-key=/k"}), "");
  EXPECT_EQ(ErrorOf({"--listen-http=127.0.0.2:8080"}), "");
  EXPECT_EQ(ErrorOf({"--listen-http=[::1]:8080"}), "");
  std::string peers;
  for (const char* area :
       {"identity", "grid", "source", "patrol", "intake", "media", "journal", "report", "notify", "sync"}) {
    peers += std::string(area) + "=127.0.0.1:7000,";
  }
  EXPECT_EQ(ErrorOf({"--target=casework", "--peer=" + peers, "--listen-http=0.0.0.0:9090"}), "")
      << "only the operator's pages";
}

TEST(EdgeFlags, WantWhatBelongsTogether) {
  EXPECT_EQ(ErrorOf({"--tls-cert=/c"}), "--tls-cert: want --tls-cert and --tls-key together");
  EXPECT_EQ(ErrorOf({"--tls-key=/k"}), "--tls-cert: want --tls-cert and --tls-key together");
  EXPECT_EQ(ErrorOf({"--tls-authority=/a"}), "--tls-authority: want --tls-cert with it");
  EXPECT_EQ(ErrorOf({"--hsts=60"}), "--hsts: want --tls-cert with it");
  EXPECT_NE(ErrorOf({"--trusted-proxy=proxy.example"}), "");
  EXPECT_NE(ErrorOf({"--connections-per-address=-1"}), "");
}

TEST(EdgeFlags, KeepBrowsersToHttpsOnlyWithAnAuthorityThatAllKnow) {
  const auto hsts = [](std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--db-socket=/s", "--tls-cert=/c", "--tls-key=/k"});
    return ReadServeFlags(*ParseAll(arguments))->edge->hsts;
  };
  EXPECT_EQ(hsts({}), absl::Hours(24 * 180));
  EXPECT_EQ(hsts({"--tls-authority=/a"}), absl::ZeroDuration());
  EXPECT_EQ(hsts({"--tls-authority=/a", "--hsts=60"}), absl::Seconds(60));
  EXPECT_EQ(hsts({"--hsts=0"}), absl::ZeroDuration());
}

TEST(ServeFlags, TheGatewayAloneNeedsNoDatabase) {
  std::string peers;
  for (const char* area : {"identity", "grid", "source", "patrol", "casework", "intake", "media", "journal",
                           "report", "notify", "sync"}) {
    peers += std::string(area) + "=127.0.0.1:7000,";
  }
  const auto options = ReadServeFlags(*ParseAll({"--target=gateway", "--peer=" + peers}));
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_TRUE(options->areas.empty());
  EXPECT_EQ(options->edge->listen.port, 8080);
}

}  // namespace
}  // namespace gridwarden::server
