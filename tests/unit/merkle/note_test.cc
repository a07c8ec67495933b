#include "domain/merkle/note.h"

#include <gtest/gtest.h>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "platform/crypto/digest.h"

namespace gridwarden::domain::merkle {
namespace {

constexpr HashBytes kHash = crypto::Sha256;

class NoteTest : public ::testing::Test {
 protected:
  const crypto::KeyPair key_ = crypto::MakeKeyPair();
  const Verifier verifier_{"gridwarden.411700/journal", key_.public_key};
  const Checkpoint checkpoint_{"gridwarden.411700/journal", 36'500'123, std::string(32, '\x5a')};
  const std::string note_ =
      MakeNote(kHash, checkpoint_, verifier_, crypto::Sign(key_.private_key, CheckpointBody(checkpoint_)));
};

TEST_F(NoteTest, HasThreeLinesAnEmptyLineAndASignature) {
  EXPECT_EQ(CheckpointBody(checkpoint_),
            "gridwarden.411700/journal\n36500123\nWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlo=\n");
  EXPECT_EQ(note_.find(CheckpointBody(checkpoint_) + "\n\xe2\x80\x94 gridwarden.411700/journal "), 0u);
  EXPECT_EQ(note_.back(), '\n');
}

TEST_F(NoteTest, OpensWithItsKey) {
  const auto opened = OpenNote(kHash, note_, verifier_, crypto::Verify);
  ASSERT_TRUE(opened.ok()) << opened.status();
  EXPECT_EQ(*opened, checkpoint_);
}

TEST_F(NoteTest, IgnoresSignaturesOfOthers) {
  const std::string line = "\xe2\x80\x94 witness.example " + absl::Base64Escape(std::string(76, 'w')) + "\n";
  EXPECT_TRUE(OpenNote(kHash, note_ + line, verifier_, crypto::Verify).ok());
  const size_t gap = note_.find("\n\n") + 2;
  EXPECT_TRUE(
      OpenNote(kHash, note_.substr(0, gap) + line + note_.substr(gap), verifier_, crypto::Verify).ok());
}

TEST_F(NoteTest, AnyChangedByteIsFound) {
  for (size_t i = 0; i < note_.size(); ++i) {
    std::string changed = note_;
    changed[i] ^= 1;
    EXPECT_FALSE(OpenNote(kHash, changed, verifier_, crypto::Verify).ok()) << i;
  }
  for (size_t size = 0; size < note_.size(); ++size) {
    EXPECT_FALSE(OpenNote(kHash, note_.substr(0, size), verifier_, crypto::Verify).ok()) << size;
  }
}

TEST_F(NoteTest, AnotherKeyOfTheSameNameIsNotTheSigner) {
  const Verifier other{verifier_.name, crypto::MakeKeyPair().public_key};
  EXPECT_EQ(OpenNote(kHash, note_, other, crypto::Verify).status().code(), absl::StatusCode::kNotFound);
}

TEST_F(NoteTest, AWrongSignatureUnderTheRightKeyIsDataLoss) {
  Checkpoint other = checkpoint_;
  other.size = 7;
  const std::string forged =
      MakeNote(kHash, other, verifier_, crypto::Sign(key_.private_key, CheckpointBody(checkpoint_)));
  EXPECT_EQ(OpenNote(kHash, forged, verifier_, crypto::Verify).status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(NoteTest, TheVerifierKeyReadsBack) {
  const std::string text = VerifierKey(kHash, verifier_);
  const auto read = ParseVerifierKey(kHash, text);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->name, verifier_.name);
  EXPECT_EQ(read->public_key, verifier_.public_key);
  std::string changed = text;
  changed[changed.find('+') + 1] ^= 1;
  EXPECT_FALSE(ParseVerifierKey(kHash, changed).ok());
  EXPECT_FALSE(ParseVerifierKey(kHash, "").ok());
  EXPECT_FALSE(ParseVerifierKey(kHash, "a+b").ok());
}

// The example of c2sp.org/signed-note and golang.org/x/mod/sumdb/note.
TEST(SignedNote, ReadsTheKeyOfTheGoChecksumDatabase) {
  const auto read =
      ParseVerifierKey(kHash, "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8");
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->name, "sum.golang.org");
}

}  // namespace
}  // namespace gridwarden::domain::merkle
