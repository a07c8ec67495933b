#include "server/network.h"

#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gtest/gtest.h"
#include "platform/tls/pair_files.h"
#include "platform/tls/process_name.h"
#include "server/certificates.h"

namespace gridwarden::server {
namespace {

namespace fs = std::filesystem;

absl::StatusOr<NetworkOptions> Read(const std::vector<std::string>& arguments, const std::string& listen,
                                    const std::map<std::string, std::string>& peers = {}) {
  const Flags flags = Flags::Parse(NetworkFlags(), arguments).value();
  return ReadNetworkFlags(flags, {"casework"}, false, listen, peers);
}

std::string ErrorOf(const absl::Status& status) { return std::string(status.message()); }

TEST(NetworkFlags, WithoutCertificatesNothingLeavesThisMachine) {
  for (const char* here :
       {"", "127.0.0.1:0", "127.8.0.1:7000", "localhost:7000", "[::1]:7000", "unix:/run/grid"}) {
    EXPECT_TRUE(Read({}, here).ok()) << here;
    EXPECT_TRUE(Read({}, "", {{"grid", *here == 0 ? "unix:x" : here}}).ok()) << here;
  }
  for (const char* beyond : {"0.0.0.0:7000", "[::]:7000", "10.0.0.7:7000", "grid:7000", "dns:///grid:7000",
                             "localhost.example.org:7000", "127example.org:7000"}) {
    const absl::Status refused = Read({}, beyond).status();
    EXPECT_EQ(refused.code(), absl::StatusCode::kInvalidArgument) << beyond;
    EXPECT_TRUE(absl::StrContains(refused.message(), "--tls-dir")) << refused;
    EXPECT_EQ(Read({}, "", {{"grid", beyond}}).status().code(), absl::StatusCode::kInvalidArgument) << beyond;
    EXPECT_TRUE(Read({"--tls-dir=/tls"}, beyond, {{"grid", beyond}}).ok()) << beyond;
  }
}

TEST(NetworkFlags, AFolderHoldsOneCertificateForEachTarget) {
  EXPECT_EQ(Read({"--tls-dir=/tls"}, "")->certificates->certificate, "/tls/internal/casework.pem");
  EXPECT_EQ(Read({"--tls-dir=/tls"}, "")->certificates->authority, "/tls/internal/authority.pem");
  const Flags flags = Flags::Parse(NetworkFlags(), {"--tls-dir=/tls"}).value();
  EXPECT_EQ(ReadNetworkFlags(flags, {}, true, "", {})->certificates->key, "/tls/internal/gateway.key");
  EXPECT_EQ(ReadNetworkFlags(flags, {"grid", "media"}, false, "", {})->target, "all");
  EXPECT_EQ(ReadNetworkFlags(flags, {"grid"}, true, "", {})->target, "all");
}

TEST(NetworkFlags, FilesAreGivenAllThreeOrByFolder) {
  EXPECT_TRUE(Read({"--grpc-cert=/c", "--grpc-key=/k", "--grpc-ca=/a"}, "0.0.0.0:1").ok());
  EXPECT_FALSE(Read({"--grpc-cert=/c", "--grpc-key=/k"}, "").ok());
  EXPECT_FALSE(Read({"--grpc-ca=/a"}, "").ok());
  EXPECT_FALSE(Read({"--tls-dir=/tls", "--grpc-cert=/c", "--grpc-key=/k", "--grpc-ca=/a"}, "").ok());
}

// `gridwarden certificates` and `gridwarden serve --tls-dir` fit together.
class CertificatesCommand : public testing::Test {
 protected:
  CertificatesCommand() : folder_(fs::temp_directory_path() / absl::StrCat("gw_certificates_", getpid())) {
    fs::remove_all(folder_);
  }
  ~CertificatesCommand() override { fs::remove_all(folder_); }

  absl::Status Run(std::vector<std::string> arguments) const {
    arguments.push_back("--dir=" + folder_.string());
    const auto flags = Flags::Parse(CertificateFlags(), arguments);
    return flags.ok() ? RunCertificates(*flags) : flags.status();
  }
  absl::StatusOr<std::shared_ptr<const rpc::Identity>> Load(const std::vector<std::string>& areas) const {
    const Flags flags = Flags::Parse(NetworkFlags(), {"--tls-dir=" + folder_.string()}).value();
    return LoadIdentity(*ReadNetworkFlags(flags, areas, areas.empty(), "", {}), absl::Now());
  }
  std::string Pem(const std::string& target) const { return (folder_ / "internal" / target).string(); }

  const fs::path folder_;
};

TEST_F(CertificatesCommand, MakesOneForEachTargetAndKeepsIt) {
  ASSERT_TRUE(Run({"--name=411702"}).ok());
  for (const char* target : {"identity", "grid", "source", "patrol", "casework", "intake", "media", "journal",
                             "report", "notify", "sync"}) {
    const auto identity = Load({target});
    ASSERT_TRUE(identity.ok()) << identity.status();
    EXPECT_EQ((*identity)->name(), (tls::ProcessName{"411702", target}));
  }
  EXPECT_EQ((*Load({}))->name().target, "gateway");
  EXPECT_EQ((*Load({"grid", "media"}))->name().target, "all");
  const std::string before = tls::ReadPair(Pem("grid"))->certificate;
  ASSERT_TRUE(Run({"--name=411702"}).ok());
  EXPECT_EQ(tls::ReadPair(Pem("grid"))->certificate, before);
  EXPECT_EQ((*Load({"grid"}))->UsableUntil(absl::Now()).value(), tls::Describe(before)->subject.not_after);
}

TEST_F(CertificatesCommand, SaysWhoseCertificateWasTakenForWhose) {
  ASSERT_TRUE(Run({"--name=411702", "--targets=grid"}).ok());
  fs::rename(Pem("grid") + ".pem", Pem("media") + ".pem");
  fs::rename(Pem("grid") + ".key", Pem("media") + ".key");
  EXPECT_TRUE(
      absl::StrContains(ErrorOf(Load({"media"}).status()), "got the certificate of grid, want that of media"))
      << Load({"media"}).status();
  EXPECT_TRUE(absl::StrContains(ErrorOf(Load({"grid"}).status()), "grid.pem")) << Load({"grid"}).status();
}

TEST_F(CertificatesCommand, RefusesWhatCannotBeMeant) {
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{},
                                             {"--name=Zhumadian"},
                                             {"--name=a/b"},
                                             {"--name=411702", "--targets=nobody"},
                                             {"--name=411702", "--hours=0"},
                                             {"--name=411702", "--hours=9000"},
                                             {"--name=411702", "--authority-days=0"}}) {
    EXPECT_EQ(Run(arguments).code(), absl::StatusCode::kInvalidArgument);
  }
  EXPECT_FALSE(fs::exists(folder_ / "internal" / "authority.pem"));
}

}  // namespace
}  // namespace gridwarden::server
