#include "domain/merkle/tree.h"

#include <gtest/gtest.h>

#include <bit>
#include <random>

#include "absl/strings/escaping.h"
#include "platform/crypto/digest.h"

namespace gridwarden::domain::merkle {
namespace {

constexpr HashBytes kHash = crypto::Sha256;

std::string Hex(const std::string& bytes) { return absl::BytesToHexString(bytes); }

std::vector<std::string> Leaves(size_t count) {
  std::vector<std::string> leaves;
  for (size_t i = 0; i < count; ++i) leaves.push_back(LeafHash(kHash, "leaf " + std::to_string(i)));
  return leaves;
}

// The definition of RFC 6962, 2.1, word by word.
std::string Mth(std::span<const std::string> leaves) {
  if (leaves.empty()) return EmptyRoot(kHash);
  if (leaves.size() == 1) return leaves[0];
  size_t k = 1;
  while (k * 2 < leaves.size()) k *= 2;
  return NodeHash(kHash, Mth(leaves.first(k)), Mth(leaves.subspan(k)));
}

// Stored levels as the database holds them: complete subtrees only.
ReadHashes Stored(const std::vector<std::string>& leaves) {
  return [&leaves](int level, uint64_t first, uint64_t count) -> absl::StatusOr<std::vector<std::string>> {
    std::vector<std::string> row;
    const uint64_t width = uint64_t{1} << level;
    for (uint64_t i = first; i < first + count && (i + 1) * width <= leaves.size(); ++i) {
      row.push_back(Mth(std::span(leaves).subspan(i * width, width)));
    }
    return row;
  };
}

TEST(MerkleTree, MatchesTheVectorsOfCertificateTransparency) {
  const std::vector<std::string> bodies = {"",         std::string(1, '\0'), "\x10", " !", "01", "@ABC",
                                           "PQRSTUVW", "`abcdefghijklmno"};
  const std::vector<std::string> roots = {"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                                          "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
                                          "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
                                          "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
                                          "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
                                          "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
                                          "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
                                          "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};
  EXPECT_EQ(Hex(EmptyRoot(kHash)), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  Frontier frontier(kHash);
  for (size_t i = 0; i < bodies.size(); ++i) {
    frontier.Append(LeafHash(kHash, bodies[i]));
    EXPECT_EQ(Hex(frontier.Root()), roots[i]) << i;
  }
}

TEST(MerkleTree, TheFrontierGivesTheRootOfTheDefinitionAtEverySize) {
  const std::vector<std::string> leaves = Leaves(600);
  Frontier frontier(kHash);
  for (size_t size = 0; size <= leaves.size(); ++size) {
    EXPECT_EQ(frontier.Root(), Mth(std::span(leaves).first(size))) << size;
    const auto again = Frontier::Parse(kHash, size, frontier.Bytes());
    ASSERT_TRUE(again.ok());
    EXPECT_EQ(again->Root(), frontier.Root());
    EXPECT_EQ(frontier.Bytes().size(), kHashSize * std::popcount(size));
    if (size < leaves.size()) frontier.Append(leaves[size]);
  }
}

TEST(MerkleTree, ReportsEachStoredSubtreeOnceWithItsRoot) {
  const std::vector<std::string> leaves = Leaves(65'536 + 300);
  std::vector<TileRoot> completed;
  Frontier frontier(kHash);
  for (const std::string& leaf : leaves)
    frontier.Append(leaf, [&](TileRoot root) { completed.push_back(std::move(root)); });
  ASSERT_EQ(completed.size(), 257u + 1u);
  for (const TileRoot& root : {completed[0], completed[100], completed[256], completed[257]}) {
    const uint64_t width = uint64_t{1} << root.level;
    EXPECT_EQ(root.hash, Mth(std::span(leaves).subspan(root.index * width, width)));
  }
  EXPECT_EQ(completed[255].level, 8);
  EXPECT_EQ(completed[256].level, 16);
  EXPECT_EQ(completed[256].index, 0u);
  EXPECT_EQ(completed[257].index, 256u);
}

TEST(MerkleTree, RefusesAFrontierThatDoesNotFitItsSize) {
  EXPECT_FALSE(Frontier::Parse(kHash, 3, std::string(32, 'x')).ok());
  EXPECT_FALSE(Frontier::Parse(kHash, 0, "x").ok());
}

TEST(InclusionProof, HoldsForEveryLeafOfEverySizeAndForNothingElse) {
  const std::vector<std::string> all = Leaves(70);
  for (size_t size = 1; size <= all.size(); ++size) {
    const std::vector<std::string> leaves(all.begin(), all.begin() + size);
    const ReadHashes read = Stored(leaves);
    const std::string root = Mth(leaves);
    ASSERT_EQ(*RootAt(kHash, size, read), root);
    for (size_t index = 0; index < size; ++index) {
      const auto proof = InclusionProof(kHash, index, size, read);
      ASSERT_TRUE(proof.ok()) << proof.status();
      ASSERT_TRUE(VerifyInclusion(kHash, leaves[index], index, size, *proof, root))
          << index << " of " << size;
      EXPECT_FALSE(VerifyInclusion(kHash, all[index == 0 ? 1 : 0], index, size, *proof, root));
      for (const uint64_t other : {uint64_t{0}, uint64_t{index + 1}, uint64_t{size}}) {
        if (other != index) EXPECT_FALSE(VerifyInclusion(kHash, leaves[index], other, size, *proof, root));
      }
      Proof longer = *proof;
      longer.push_back(root);
      EXPECT_FALSE(VerifyInclusion(kHash, leaves[index], index, size, longer, root));
      for (size_t i = 0; i < proof->size(); ++i) {
        Proof changed = *proof;
        changed[i][7] ^= 1;
        EXPECT_FALSE(VerifyInclusion(kHash, leaves[index], index, size, changed, root));
        Proof shorter = *proof;
        shorter.erase(shorter.begin() + i);
        EXPECT_FALSE(VerifyInclusion(kHash, leaves[index], index, size, shorter, root));
      }
    }
    EXPECT_FALSE(InclusionProof(kHash, size, size, read).ok());
  }
}

TEST(ConsistencyProof, HoldsBetweenEveryTwoSizesAndForNothingElse) {
  const std::vector<std::string> all = Leaves(48);
  for (size_t size = 0; size <= all.size(); ++size) {
    const std::vector<std::string> leaves(all.begin(), all.begin() + size);
    const ReadHashes read = Stored(leaves);
    const std::string root = Mth(leaves);
    for (size_t old_size = 0; old_size <= size; ++old_size) {
      const std::string old_root = Mth(std::span(all).first(old_size));
      const auto proof = ConsistencyProof(kHash, old_size, size, read);
      ASSERT_TRUE(proof.ok()) << proof.status();
      ASSERT_TRUE(VerifyConsistency(kHash, old_size, old_root, size, root, *proof))
          << old_size << " to " << size;
      std::string forged = old_root;
      forged[0] ^= 1;
      EXPECT_FALSE(VerifyConsistency(kHash, old_size, forged, size, root, *proof));
      if (old_size != size && old_size != 0) {
        std::string forked = root;
        forked[31] ^= 1;
        EXPECT_FALSE(VerifyConsistency(kHash, old_size, old_root, size, forked, *proof));
        EXPECT_FALSE(VerifyConsistency(kHash, old_size, old_root, size, root, {}));
        for (size_t i = 0; i < proof->size(); ++i) {
          Proof changed = *proof;
          changed[i][0] ^= 1;
          EXPECT_FALSE(VerifyConsistency(kHash, old_size, old_root, size, root, changed));
        }
      }
    }
    EXPECT_FALSE(ConsistencyProof(kHash, size + 1, size, read).ok());
  }
}

TEST(Proofs, HoldInALargeTreeOverStoredSubtrees) {
  const std::vector<std::string> leaves = Leaves(70'000);
  std::vector<std::vector<std::string>> levels(17);
  levels[0] = leaves;
  Frontier frontier(kHash);
  for (const std::string& leaf : leaves) {
    frontier.Append(leaf, [&](TileRoot root) {
      ASSERT_EQ(levels[root.level].size(), root.index);
      levels[root.level].push_back(root.hash);
    });
  }
  uint64_t reads = 0;
  const ReadHashes read = [&](int level, uint64_t first,
                              uint64_t count) -> absl::StatusOr<std::vector<std::string>> {
    reads += count;
    const auto& row = levels[level];
    return std::vector<std::string>(row.begin() + first,
                                    row.begin() + std::min<size_t>(first + count, row.size()));
  };
  std::mt19937 random(7);
  for (int i = 0; i < 30; ++i) {
    const uint64_t size = 1 + random() % leaves.size();
    const std::string root = RootOf(kHash, std::span(leaves).first(size));
    const uint64_t index = random() % size;
    reads = 0;
    const auto inclusion = InclusionProof(kHash, index, size, read);
    ASSERT_TRUE(inclusion.ok()) << inclusion.status();
    EXPECT_LT(reads, 1100u);
    EXPECT_TRUE(VerifyInclusion(kHash, leaves[index], index, size, *inclusion, root));
    const uint64_t old_size = random() % (size + 1);
    const auto consistency = ConsistencyProof(kHash, old_size, size, read);
    ASSERT_TRUE(consistency.ok());
    EXPECT_TRUE(VerifyConsistency(kHash, old_size, RootOf(kHash, std::span(leaves).first(old_size)), size,
                                  root, *consistency));
  }
}

TEST(Proofs, SayWhenStoredHashesAreMissing) {
  const std::vector<std::string> leaves = Leaves(5);
  EXPECT_FALSE(RootAt(kHash, 9, Stored(leaves)).ok());
}

}  // namespace
}  // namespace gridwarden::domain::merkle
