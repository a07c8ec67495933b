#include "server/serve.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "platform/rpc/server.h"
#include "server/hop_secret.h"
#include "server/modules.h"
#include "server/policy_store.h"
#include "support/http_client.h"
#include "support/test_database.h"

// Whole processes on loopback, in both shapes.
namespace gridwarden::server {
namespace {

namespace fs = std::filesystem;
using testing::Fetch;
using testing::TestDatabase;

// A folder of its own, and the processes started in it.
class Processes : public ::testing::Test {
 protected:
  Processes() : folder_(fs::temp_directory_path() / absl::StrCat("gw_serve_", getpid())) {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  ~Processes() override {
    for (const auto& [name, pid] : pids_) {
      kill(pid, SIGKILL);
      waitpid(pid, nullptr, 0);
    }
    fs::remove_all(folder_);
  }

  std::vector<std::string> DatabaseArguments() {
    return {"--db-socket=" + database_.options().unix_socket, "--db-user=root",
            "--db-name=" + database_.options().database};
  }

  // Starts `gridwarden serve` in a process of its own, with a log file beside its other files.
  void Start(const std::string& name, std::vector<std::string> arguments) {
    for (const std::string& argument : DatabaseArguments()) arguments.push_back(argument);
    arguments.push_back(absl::StrCat("--data-dir=", (folder_ / "data").string()));
    arguments.push_back(absl::StrCat("--ready-file=", ReadyFile(name)));
    arguments.push_back("--migrations-dir=" + testing::SourceDir() + "/db/migrations");
    std::vector<char*> argv = {const_cast<char*>(kProgram), const_cast<char*>("serve")};
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    const pid_t pid = fork();
    if (pid == 0) {
      const int log = open((folder_ / (name + ".log")).c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
      dup2(log, 2);
      execv(argv[0], argv.data());
      _exit(127);
    }
    pids_[name] = pid;
  }

  // The ports of a process once it is ready; the log of one that does not get there.
  nlohmann::json Ready(const std::string& name) {
    const absl::Time give_up = absl::Now() + absl::Seconds(60);
    while (absl::Now() < give_up) {
      std::ifstream in(ReadyFile(name));
      if (in) return nlohmann::json::parse(in);
      absl::SleepFor(absl::Milliseconds(10));
    }
    ADD_FAILURE() << name << " is not ready: " << Log(name);
    return {{"http", 0}, {"grpc", 0}};
  }

  // Asks it to stop; answers its exit code, or as a shell does 128 and the signal that killed it.
  int Stop(const std::string& name) {
    kill(pids_.at(name), SIGTERM);
    return ExitOf(name);
  }
  // How a process ended, within half a minute; -1 when it did not, which the log then explains.
  int ExitOf(const std::string& name) {
    const absl::Time give_up = absl::Now() + absl::Seconds(30);
    int state = 0;
    while (waitpid(pids_.at(name), &state, WNOHANG) == 0) {
      if (absl::Now() > give_up) return -1;  // TearDown ends it
      absl::SleepFor(absl::Milliseconds(5));
    }
    pids_.erase(name);
    return WIFEXITED(state) ? WEXITSTATUS(state) : 128 + WTERMSIG(state);
  }

  std::string ReadyFile(const std::string& name) const { return (folder_ / (name + ".ready")).string(); }
  std::string Log(const std::string& name) const {
    std::ifstream in(folder_ / (name + ".log"));
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void StoreShippedPolicy() {
    const auto files = ReadPolicyFolder(testing::SourceDir() + "/db/policy");
    ASSERT_TRUE(files.ok()) << files.status();
    const auto stored = StorePolicy(*database_, *files, absl::Now());
    ASSERT_TRUE(stored.ok()) << stored.status();
  }
  std::string SignIn(int port) {
    return Fetch(port, "POST", "/gridwarden.identity.v1.IdentityService/SignIn",
                 "Content-Type: application/json\r\n", R"({"login":"nobody","password":"wrong password 1"})")
        .body;
  }

  static constexpr const char* kProgram = GW_BINARY_DIR "/gridwarden";
  TestDatabase database_;
  const fs::path folder_;
  std::map<std::string, pid_t> pids_;
};

TEST_F(Processes, AllInOneIsReadyOnAnEmptyDatabaseAndStopsInOrder) {
  StoreShippedPolicy();
  Start("all", {"--listen-http=127.0.0.1:0"});
  const int port = Ready("all")["http"];
  EXPECT_EQ(Fetch(port, "GET", "/readyz").status, 200);
  EXPECT_TRUE(absl::StrContains(Fetch(port, "GET", "/").body, "运行正常"));
  EXPECT_TRUE(absl::StrContains(SignIn(port), "SIGN_IN_REFUSED"));
  EXPECT_TRUE(absl::StrContains(Fetch(port, "GET", "/metrics").body, "gridwarden_rpc_seconds_count"));
  EXPECT_EQ(Stop("all"), 0) << Log("all");
  EXPECT_FALSE(fs::exists(ReadyFile("all")));
}

// A load balancer sees "not ready" before calls are turned away.
TEST_F(Processes, SaysNotReadyAndServesOnForAWhileWhenItIsAskedToStop) {
  StoreShippedPolicy();
  Start("all", {"--listen-http=127.0.0.1:0", "--drain-wait=3"});
  const int port = Ready("all")["http"];
  kill(pids_.at("all"), SIGTERM);
  const absl::Time give_up = absl::Now() + absl::Seconds(10);
  while (Fetch(port, "GET", "/readyz").status != 503 && absl::Now() < give_up)
    absl::SleepFor(absl::Milliseconds(10));
  EXPECT_EQ(Fetch(port, "GET", "/readyz").status, 503);
  EXPECT_TRUE(absl::StrContains(SignIn(port), "SIGN_IN_REFUSED"));
  EXPECT_EQ(ExitOf("all"), 0) << Log("all");
}

TEST_F(Processes, WaitsForThePolicyAndSaysSo) {
  Start("all", {"--listen-http=127.0.0.1:0"});
  const absl::Time give_up = absl::Now() + absl::Seconds(30);
  int port = 0;
  while (absl::Now() < give_up && !absl::StrContains(Log("all"), "no policy is loaded")) {
    absl::SleepFor(absl::Milliseconds(10));
  }
  const std::string log = Log("all");
  const size_t at = log.find("http_listening\",\"port\":\"");
  ASSERT_NE(at, std::string::npos) << log;
  port = std::atoi(log.c_str() + at + sizeof("http_listening\",\"port\":\"") - 1);
  EXPECT_EQ(Fetch(port, "GET", "/readyz").status, 503);
  EXPECT_TRUE(absl::StrContains(Fetch(port, "GET", "/readyz").body, "no policy is loaded"));
  EXPECT_EQ(Fetch(port, "GET", "/livez").status, 200);
  EXPECT_TRUE(absl::StrContains(SignIn(port), "unavailable"));
  StoreShippedPolicy();
  Ready("all");
  EXPECT_EQ(Stop("all"), 0) << Log("all");
}

TEST_F(Processes, RefusesDemoOnALogThatIsNotDemo) {
  StoreShippedPolicy();
  Start("all", {"--listen-http=127.0.0.1:0"});
  Ready("all");
  EXPECT_EQ(Stop("all"), 0) << Log("all");
  Start("demo", {"--listen-http=127.0.0.1:0", "--demo"});
  EXPECT_EQ(ExitOf("demo"), 1) << Log("demo") << Log("all");
}

TEST_F(Processes, SplitUpTheyServeTheSame) {
  StoreShippedPolicy();
  // Peers need addresses before anybody listens: unix sockets in our folder.
  const auto address = [&](std::string_view area) {
    return absl::StrCat("unix:", (folder_ / std::string(area)).string());
  };
  std::vector<std::string> peers;
  for (const Module& module : Modules()) {
    peers.push_back(absl::StrCat("--peer=", std::string(module.name), "=", address(module.name)));
  }
  for (const Module& module : Modules()) {
    const std::string name(module.name);
    std::vector<std::string> arguments = {"--target=" + name, "--listen-grpc=" + address(name), "--db-pool=4",
                                          "--threads=4"};
    for (const std::string& peer : peers) {
      if (!absl::StrContains(peer, "=" + name + "=")) arguments.push_back(peer);
    }
    Start(name, arguments);
  }
  std::vector<std::string> edge = peers;
  edge.push_back("--target=gateway");
  edge.push_back("--listen-http=127.0.0.1:0");
  Start("gateway", edge);
  for (const Module& module : Modules()) Ready(std::string(module.name));
  const int port = Ready("gateway")["http"];
  EXPECT_TRUE(absl::StrContains(SignIn(port), "SIGN_IN_REFUSED")) << SignIn(port);
  // A stranger on the socket is nobody's system.
  const auto stranger = rpc::DialNetwork(address("grid"));
  const rpc::Envelope envelope{.method = "gridwarden.grid.v1.GridInternalService/GetGround",
                               .deadline = absl::Now() + absl::Seconds(10),
                               .system = true};
  EXPECT_EQ(stranger->Send(envelope).status().code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(Stop("gateway"), 0) << Log("gateway");
  for (const Module& module : Modules())
    EXPECT_EQ(Stop(std::string(module.name)), 0) << Log(std::string(module.name));
}

TEST(HopSecret, IsMadeOnceAndKeptFromOthers) {
  const fs::path folder = fs::temp_directory_path() / absl::StrCat("gw_hop_", getpid());
  const std::string path = (folder / "hop.secret").string();
  const auto first = LoadHopSecret(path);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->size(), 32u);
  EXPECT_EQ(*LoadHopSecret(path), *first);
  chmod(path.c_str(), 0644);
  EXPECT_FALSE(LoadHopSecret(path).ok());
  chmod(path.c_str(), 0600);
  std::ofstream(path) << "short";
  EXPECT_FALSE(LoadHopSecret(path).ok());
  fs::remove_all(folder);
}

TEST(PolicyStore, KeepsEveryVersionAndGoesByTheNewest) {
  TestDatabase database;
  EXPECT_FALSE(LoadPolicy(*database).ok());
  auto files = ReadPolicyFolder(testing::SourceDir() + "/db/policy").value();
  const absl::Time now = absl::Now();
  EXPECT_EQ(StorePolicy(*database, files, now)->size(), files.size());
  EXPECT_TRUE(StorePolicy(*database, files, now + absl::Seconds(1))->empty());
  const std::string version = LoadPolicy(*database).value()->version;
  files["work_calendar.json"] += "\n";
  EXPECT_EQ(StorePolicy(*database, files, now + absl::Seconds(2)).value(),
            std::vector<std::string>{"work_calendar.json"});
  EXPECT_NE(LoadPolicy(*database).value()->version, version);
  EXPECT_EQ(database.Ask("SELECT COUNT(*) FROM policy_document WHERE file_name = 'work_calendar.json'"), "2");
}

TEST(PolicyStore, ChangesNothingWhenTheRulesDoNotParse) {
  TestDatabase database;
  auto files = ReadPolicyFolder(testing::SourceDir() + "/db/policy").value();
  files["work_calendar.json"] = "{";
  EXPECT_FALSE(StorePolicy(*database, files, absl::Now()).ok());
  EXPECT_EQ(database.Ask("SELECT COUNT(*) FROM policy_document"), "0");
}

}  // namespace
}  // namespace gridwarden::server
