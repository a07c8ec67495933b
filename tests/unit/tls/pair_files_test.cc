#include "platform/tls/pair_files.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace gridwarden::tls {
namespace {

namespace fs = std::filesystem;

const absl::Time kNow = absl::FromCivil(absl::CivilSecond(2026, 3, 1, 8, 0, 0), absl::UTCTimeZone());
constexpr absl::Duration kDay = absl::Hours(24);

Subject Casework(absl::Time now) {
  return {.common_name = "casework",
          .uris = {"spiffe://gridwarden.411702/area/casework"},
          .not_before = now,
          .not_after = now + kDay};
}

class PairFiles : public testing::Test {
 protected:
  PairFiles() : folder_(fs::temp_directory_path() / absl::StrCat("gw_pairs_", getpid())) {
    fs::remove_all(folder_);
  }
  ~PairFiles() override { fs::remove_all(folder_); }

  std::string Stem(const char* name) const { return (folder_ / "internal" / name).string(); }
  AuthorityCare Authority(absl::Time now) const {
    return KeepAuthority(Stem("authority"), "Gridwarden 411702", 3650 * kDay, now).value();
  }
  Care Leaf(const KeyPair& authority, absl::Time now) const {
    return KeepLeaf(Stem("casework"), authority, Casework(now), now).value();
  }

  const fs::path folder_;
};

TEST_F(PairFiles, AreMadeOnceAndKeptWhileTheyLive) {
  EXPECT_EQ(Authority(kNow).care, Care::kMade);
  const AuthorityCare again = Authority(kNow + kDay);
  EXPECT_EQ(again.care, Care::kKept);
  EXPECT_EQ(Leaf(again.authority, kNow), Care::kMade);
  const std::string first = ReadPair(Stem("casework"))->certificate;
  EXPECT_EQ(Leaf(again.authority, kNow + absl::Hours(15)), Care::kKept);
  EXPECT_EQ(ReadPair(Stem("casework"))->certificate, first);
}

TEST_F(PairFiles, KeepTheirKeysFromOthers) {
  Leaf(Authority(kNow).authority, kNow);
  for (const char* name : {"authority", "casework"}) {
    struct stat state {};
    ASSERT_EQ(stat((Stem(name) + ".key").c_str(), &state), 0);
    EXPECT_EQ(state.st_mode & 0777, 0600u) << name;
  }
  for (const auto& entry : fs::directory_iterator(folder_ / "internal")) {
    EXPECT_TRUE(entry.path().extension() == ".pem" || entry.path().extension() == ".key") << entry.path();
  }
}

TEST_F(PairFiles, ALeafIsRenewedWhenAThirdOfItsLifeIsLeft) {
  const KeyPair authority = Authority(kNow).authority;
  Leaf(authority, kNow);
  const absl::Time late = kNow + absl::Hours(16) + absl::Seconds(1);
  EXPECT_EQ(Leaf(authority, late), Care::kRenewed);
  EXPECT_EQ(Describe(ReadPair(Stem("casework"))->certificate)->subject.not_after, late + kDay);
  EXPECT_EQ(Leaf(authority, late), Care::kKept);
}

TEST_F(PairFiles, ALeafIsRenewedWhenItIsDamagedForeignOrOfOtherNames) {
  const KeyPair authority = Authority(kNow).authority;
  Leaf(authority, kNow);
  fs::remove(Stem("casework") + ".key");
  EXPECT_EQ(Leaf(authority, kNow), Care::kRenewed);
  std::ofstream(Stem("casework") + ".pem") << "rubbish";
  EXPECT_EQ(Leaf(authority, kNow), Care::kRenewed);
  const KeyPair other =
      MakeAuthority({.common_name = "other", .not_before = kNow, .not_after = kNow + 10 * kDay}).value();
  EXPECT_EQ(Leaf(other, kNow), Care::kRenewed);
  EXPECT_EQ(Leaf(authority, kNow), Care::kRenewed);
  Subject renamed = Casework(kNow);
  renamed.uris = {"spiffe://gridwarden.411725/area/casework"};
  EXPECT_EQ(KeepLeaf(Stem("casework"), authority, renamed, kNow).value(), Care::kRenewed);
}

TEST_F(PairFiles, ANewAuthorityLeavesTheOldOneBehindItUntilThatEnds) {
  const KeyPair old = Authority(kNow).authority;
  Leaf(old, kNow);
  const std::string signed_before = ReadPair(Stem("casework"))->certificate;
  const absl::Time late = kNow + (3650 - 29) * kDay;
  const AuthorityCare renewed = Authority(late);
  EXPECT_EQ(renewed.care, Care::kRenewed);
  // The bundle holds both; the new one signs.
  EXPECT_NE(renewed.authority.certificate.find(old.certificate), std::string::npos);
  EXPECT_NE(renewed.authority.certificate.find(old.certificate), 0u);
  EXPECT_EQ(Authority(late + kDay).care, Care::kKept);
  EXPECT_EQ(Leaf(renewed.authority, late), Care::kRenewed);
  // The renewal after that drops the one that has ended.
  const AuthorityCare third = Authority(late + (3650 - 29) * kDay);
  EXPECT_EQ(third.care, Care::kRenewed);
  EXPECT_EQ(third.authority.certificate.find(old.certificate), std::string::npos);
}

TEST_F(PairFiles, ADamagedAuthorityIsAPersonsToJudge) {
  Authority(kNow);
  fs::remove(Stem("authority") + ".key");
  EXPECT_FALSE(KeepAuthority(Stem("authority"), "Gridwarden 411702", kDay, kNow).ok());
  std::ofstream(Stem("authority") + ".key") << "rubbish";
  EXPECT_FALSE(KeepAuthority(Stem("authority"), "Gridwarden 411702", kDay, kNow).ok());
}

TEST_F(PairFiles, ALeafEndsWithItsAuthorityAtTheLatest) {
  const KeyPair authority = KeepAuthority(Stem("authority"), "short", absl::Hours(5), kNow)->authority;
  EXPECT_EQ(Leaf(authority, kNow), Care::kMade);
  EXPECT_EQ(Describe(ReadPair(Stem("casework"))->certificate)->subject.not_after, kNow + absl::Hours(5));
}

TEST_F(PairFiles, SayWhichFileCannotBeWritten) {
  fs::create_directories(folder_);
  std::ofstream(folder_ / "internal") << "a file where a folder should be";
  const auto refused = KeepAuthority(Stem("authority"), "Gridwarden 411702", kDay, kNow).status();
  EXPECT_NE(refused.message().find((folder_ / "internal").string()), absl::string_view::npos) << refused;
}

}  // namespace
}  // namespace gridwarden::tls
