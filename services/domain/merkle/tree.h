#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

// The Merkle tree of RFC 6962, section 2: roots, inclusion proofs and consistency proofs over leaf hashes.
// Pure: the hash is given (the domain knows no cryptography), stored hashes are read through a function.
namespace gridwarden::domain::merkle {

// SHA-256 of some bytes, 32 bytes.
using HashBytes = std::string (*)(std::string_view bytes);

inline constexpr size_t kHashSize = 32;
// Stored levels: the leaves, and the roots of complete subtrees of 256, 65,536 ... leaves.
inline constexpr int kTileHeight = 8;

std::string LeafHash(HashBytes hash, std::string_view body);  // hash(0x00 || body)
std::string NodeHash(HashBytes hash, std::string_view left,
                     std::string_view right);  // hash(0x01 || left || right)
std::string EmptyRoot(HashBytes hash);         // hash("")

// The root of a complete subtree, to be stored when its last leaf has come.
struct TileRoot {
  int level = 0;       // kTileHeight, 2 * kTileHeight ...
  uint64_t index = 0;  // covers leaves [index << level, (index + 1) << level)
  std::string hash;
  friend bool operator==(const TileRoot&, const TileRoot&) = default;
};

// The right-hand edge of a growing tree: the roots of its complete subtrees, at most 64.
class Frontier {
 public:
  explicit Frontier(HashBytes hash) : hash_(hash) {}
  // `bytes` as Bytes() gave them; INTERNAL when they do not fit `size`.
  static absl::StatusOr<Frontier> Parse(HashBytes hash, uint64_t size, std::string_view bytes);

  // Appends a leaf hash; reports each stored subtree it completes.
  void Append(std::string_view leaf, const std::function<void(TileRoot)>& completed = {});

  uint64_t size() const { return size_; }
  std::string Root() const;
  // The subtree roots, largest first, 32 bytes each.
  std::string Bytes() const;

 private:
  HashBytes hash_;
  uint64_t size_ = 0;
  std::vector<std::string> roots_;  // largest subtree first
};

std::string RootOf(HashBytes hash, std::span<const std::string> leaves);

// Reads `count` consecutive stored hashes of a stored level (0, 8, 16 ...) from `first`.
using ReadHashes =
    std::function<absl::StatusOr<std::vector<std::string>>(int level, uint64_t first, uint64_t count)>;
using Proof = std::vector<std::string>;

absl::StatusOr<std::string> RootAt(HashBytes hash, uint64_t size, const ReadHashes& read);
// INVALID_ARGUMENT unless index < size.
absl::StatusOr<Proof> InclusionProof(HashBytes hash, uint64_t index, uint64_t size, const ReadHashes& read);
// INVALID_ARGUMENT unless old_size <= size. Empty for old_size 0 and for equal sizes.
absl::StatusOr<Proof> ConsistencyProof(HashBytes hash, uint64_t old_size, uint64_t size,
                                       const ReadHashes& read);

bool VerifyInclusion(HashBytes hash, std::string_view leaf, uint64_t index, uint64_t size, const Proof& proof,
                     std::string_view root);
bool VerifyConsistency(HashBytes hash, uint64_t old_size, std::string_view old_root, uint64_t size,
                       std::string_view root, const Proof& proof);

}  // namespace gridwarden::domain::merkle
