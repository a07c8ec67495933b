#include "journal/signer.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "base/status.h"
#include "platform/crypto/digest.h"

namespace gridwarden::journal {
namespace {

namespace merkle = domain::merkle;
constexpr char kOrigin[] = "gridwarden.test/journal";

class SignerTest : public ::testing::Test {
 protected:
  SignerTest() {
    char name[] = "/tmp/gw_signer_XXXXXX";
    folder_ = mkdtemp(name);
    for (int i = 0; i < 40; ++i) leaves_.push_back(merkle::LeafHash(crypto::Sha256, std::to_string(i)));
  }
  ~SignerTest() override { std::filesystem::remove_all(folder_); }

  std::unique_ptr<Signer> Open() {
    auto signer = Signer::Open(folder_, kOrigin);
    EXPECT_TRUE(signer.ok()) << signer.status();
    return *std::move(signer);
  }
  merkle::Checkpoint At(uint64_t size) const {
    return {kOrigin, size, merkle::RootOf(crypto::Sha256, std::span(leaves_).first(size))};
  }
  merkle::Proof Between(uint64_t old_size, uint64_t size) const {
    const merkle::ReadHashes read = [&](int, uint64_t first,
                                        uint64_t count) -> absl::StatusOr<std::vector<std::string>> {
      return std::vector<std::string>(leaves_.begin() + first, leaves_.begin() + first + count);
    };
    return *merkle::ConsistencyProof(crypto::Sha256, old_size, size, read);
  }

  std::string folder_;
  std::vector<std::string> leaves_;
};

TEST_F(SignerTest, SignsAGrowingTreeAndRemembersItOverARestart) {
  {
    auto signer = Open();
    const auto note = signer->Sign(At(5), {});
    ASSERT_TRUE(note.ok()) << note.status();
    const auto verifier = merkle::ParseVerifierKey(crypto::Sha256, signer->VerifierKey());
    ASSERT_TRUE(verifier.ok());
    EXPECT_EQ(*merkle::OpenNote(crypto::Sha256, *note, *verifier, crypto::Verify), At(5));
  }
  auto signer = Open();
  EXPECT_EQ(signer->last(), At(5));
  EXPECT_TRUE(signer->Sign(At(23), Between(5, 23)).ok());
  EXPECT_EQ(signer->last(), At(23));
}

TEST_F(SignerTest, RefusesASmallerTree) {
  auto signer = Open();
  ASSERT_TRUE(signer->Sign(At(9), {}).ok());
  const auto smaller = signer->Sign(At(8), {});
  EXPECT_EQ(ReasonOf(smaller.status()), "JOURNAL_ALTERED");
  EXPECT_EQ(signer->last(), At(9));
}

TEST_F(SignerTest, RefusesATreeThatChangedWhatWasSigned) {
  auto signer = Open();
  ASSERT_TRUE(signer->Sign(At(9), {}).ok());
  leaves_[3] = leaves_[4];
  EXPECT_EQ(ReasonOf(signer->Sign(At(12), Between(9, 12)).status()), "JOURNAL_ALTERED");
  EXPECT_EQ(ReasonOf(signer->Sign(At(9), {}).status()), "JOURNAL_ALTERED");
}

TEST_F(SignerTest, RefusesAGrownTreeWithoutAProof) {
  auto signer = Open();
  ASSERT_TRUE(signer->Sign(At(9), {}).ok());
  EXPECT_FALSE(signer->Sign(At(12), {}).ok());
}

TEST_F(SignerTest, TheSameTreeGivesTheSameNote) {
  auto signer = Open();
  const auto first = signer->Sign(At(9), {});
  const auto second = signer->Sign(At(9), {});
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(*first, *second);
}

TEST_F(SignerTest, ItsKeyIsReadableByItsOwnerOnly) {
  Open();
  struct stat info;
  ASSERT_EQ(stat((folder_ + "/signer.key").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  ASSERT_EQ(chmod((folder_ + "/signer.key").c_str(), 0644), 0);
  EXPECT_EQ(Signer::Open(folder_, kOrigin).status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(SignerTest, RefusesTheMemoryOfAnotherLogOrALostKey) {
  ASSERT_TRUE(Open()->Sign(At(4), {}).ok());
  EXPECT_FALSE(Signer::Open(folder_, "gridwarden.other/journal").ok());
  std::filesystem::remove(folder_ + "/signer.key");
  EXPECT_FALSE(Signer::Open(folder_, kOrigin).ok());
}

TEST_F(SignerTest, RefusesAForgedMemory) {
  ASSERT_TRUE(Open()->Sign(At(4), {}).ok());
  std::ofstream(folder_ + "/signer.note") << "gridwarden.test/journal\n1\n";
  EXPECT_FALSE(Signer::Open(folder_, kOrigin).ok());
}

}  // namespace
}  // namespace gridwarden::journal
