#include "platform/tls/edge_files.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "platform/runtime/host_names.h"

namespace gridwarden::tls {
namespace {

namespace fs = std::filesystem;

class EdgeFiles : public ::testing::Test {
 protected:
  EdgeFiles() : folder_((fs::temp_directory_path() / absl::StrCat("gw_edge_", getpid())).string()) {
    fs::remove_all(folder_);
  }
  ~EdgeFiles() override { fs::remove_all(folder_); }

  EdgeCare Keep(absl::Time now, std::vector<std::string> addresses = {"127.0.0.1", "192.0.2.7"}) {
    const auto care = KeepEdge(folder_, {"county-1", {"county-1", "localhost"}, std::move(addresses)}, now);
    EXPECT_TRUE(care.ok()) << care.status();
    return care.value_or(EdgeCare{});
  }
  Described Of(const std::string& name) {
    return Describe(ReadPair(folder_ + "/" + name)->certificate).value();
  }

  const std::string folder_;
  const absl::Time now_ = absl::FromUnixSeconds(1'790'000'000);
};

TEST_F(EdgeFiles, AreMadeOnceAndKept) {
  const EdgeCare first = Keep(now_);
  EXPECT_TRUE(first.authority == Care::kMade && first.edge == Care::kMade && !first.foreign);
  const Described authority = Of("authority"), edge = Of("edge");
  EXPECT_EQ(authority.subject.common_name, "Gridwarden local authority county-1");
  EXPECT_GT(authority.subject.not_after, now_ + absl::Hours(24 * 3650));
  EXPECT_EQ(edge.subject.addresses, (std::vector<std::string>{"127.0.0.1", "192.0.2.7"}));
  EXPECT_LE(edge.subject.not_after - edge.subject.not_before, absl::Hours(24 * 397)) << "what phones take";
  EXPECT_TRUE(CheckSignedBy(ReadPair(folder_ + "/edge")->certificate,
                            ReadPair(folder_ + "/authority")->certificate, now_)
                  .ok());
  for (const char* key : {"/authority.key", "/edge.key"}) {
    struct stat state {};
    ASSERT_EQ(stat((folder_ + key).c_str(), &state), 0);
    EXPECT_EQ(state.st_mode & 0777, 0600u) << key;
  }
  const EdgeCare again = Keep(now_ + absl::Hours(24 * 200));
  EXPECT_TRUE(again.authority == Care::kKept && again.edge == Care::kKept);
  EXPECT_EQ(Of("edge").sha256, edge.sha256);
}

TEST_F(EdgeFiles, AreSignedAnewForOtherNamesAndBeforeTheirEndByTheSameAuthority) {
  Keep(now_);
  const std::string authority = Of("authority").sha256;
  EXPECT_EQ(Keep(now_, {"127.0.0.1", "192.0.2.8"}).edge, Care::kRenewed);
  EXPECT_EQ(Of("edge").subject.addresses.back(), "192.0.2.8");
  EXPECT_EQ(Keep(now_ + absl::Hours(24 * 368), {"127.0.0.1", "192.0.2.8"}).edge, Care::kRenewed)
      << "29 days left";
  EXPECT_EQ(Keep(now_ + absl::Hours(24 * 1500), {"127.0.0.1", "192.0.2.8"}).edge, Care::kRenewed)
      << "long ended";
  EXPECT_EQ(Of("authority").sha256, authority) << "phones would have to trust anew";
}

TEST_F(EdgeFiles, OfSomebodyElseAreNeverTouched) {
  const KeyPair other = MakeAuthority({.common_name = "county government",
                                       .not_before = now_ - absl::Hours(1),
                                       .not_after = now_ + absl::Hours(24 * 900)})
                            .value();
  const KeyPair theirs = IssueLeaf(other, {.common_name = "grid.example",
                                           .dns_names = {"grid.example"},
                                           .not_before = now_ - absl::Hours(1),
                                           .not_after = now_ + absl::Hours(24)})
                             .value();
  ASSERT_TRUE(WritePair(folder_ + "/edge", theirs).ok());
  EXPECT_TRUE(Keep(now_).foreign);
  EXPECT_FALSE(fs::exists(folder_ + "/authority.pem"));
  EXPECT_EQ(ReadPair(folder_ + "/edge")->certificate, theirs.certificate);

  fs::remove_all(folder_);
  Keep(now_);
  ASSERT_TRUE(WritePair(folder_ + "/edge", theirs).ok());
  EXPECT_TRUE(Keep(now_ + absl::Hours(100)).foreign) << "out of date, and still theirs";
  EXPECT_EQ(ReadPair(folder_ + "/edge")->key, theirs.key);
  std::ofstream(folder_ + "/edge.pem") << "a note to myself";
  EXPECT_TRUE(Keep(now_).foreign);
}

TEST(HostNames, AreThoseOfThisMachineAndFitIntoACertificate) {
  const HostNames names = OwnHostNames();
  EXPECT_TRUE(std::count(names.dns_names.begin(), names.dns_names.end(), "localhost"));
  EXPECT_TRUE(std::count(names.addresses.begin(), names.addresses.end(), "127.0.0.1"));
  EXPECT_TRUE(std::count(names.addresses.begin(), names.addresses.end(), "::1"));
  const std::string folder = (fs::temp_directory_path() / absl::StrCat("gw_names_", getpid())).string();
  const auto care = KeepEdge(folder, {names.host, names.dns_names, names.addresses}, absl::Now());
  EXPECT_TRUE(care.ok()) << care.status();
  EXPECT_EQ(KeepEdge(folder, {names.host, names.dns_names, names.addresses}, absl::Now())->edge, Care::kKept)
      << "the same order every time";
  fs::remove_all(folder);
  for (const char* good : {"a", "county-1", "a.b-c.example"}) EXPECT_TRUE(IsHostName(good)) << good;
  for (const char* bad : {"", ".", "a..b", "-a", "a-", "a_b", "a b", "a.", "县"})
    EXPECT_FALSE(IsHostName(bad)) << bad;
}

}  // namespace
}  // namespace gridwarden::tls
