#include "domain/merkle/tree.h"

#include <bit>

#include "absl/strings/str_format.h"
#include "base/status.h"

namespace gridwarden::domain::merkle {
namespace {

// The largest power of two smaller than `size` (size > 1).
uint64_t SplitOf(uint64_t size) { return std::bit_floor(size - 1); }

// Hashes of complete subtrees and of ranges, from stored levels.
class Reader {
 public:
  Reader(HashBytes hash, const ReadHashes& read) : hash_(hash), read_(read) {}

  // Root over leaves [first, first + size); `first` is a multiple of the largest power of two in `size`.
  absl::StatusOr<std::string> Range(uint64_t first, uint64_t size) const {
    if (std::has_single_bit(size)) return Subtree(std::countr_zero(size), first);
    const uint64_t split = SplitOf(size);
    GW_ASSIGN_OR_RETURN(const std::string left, Range(first, split));
    GW_ASSIGN_OR_RETURN(const std::string right, Range(first + split, size - split));
    return NodeHash(hash_, left, right);
  }

 private:
  absl::StatusOr<std::string> Subtree(int level, uint64_t first_leaf) const {
    const int stored = level / kTileHeight * kTileHeight;
    const uint64_t count = uint64_t{1} << (level - stored);
    GW_ASSIGN_OR_RETURN(std::vector<std::string> row, read_(stored, first_leaf >> stored, count));
    if (row.size() != count) {
      return Internal(
          absl::StrFormat("%d of %d tree hashes are there at level %d", row.size(), count, stored));
    }
    while (row.size() > 1) {
      for (size_t i = 0; i < row.size() / 2; ++i) row[i] = NodeHash(hash_, row[2 * i], row[2 * i + 1]);
      row.resize(row.size() / 2);
    }
    return row[0];
  }

  HashBytes hash_;
  const ReadHashes& read_;
};

// PATH(m, D[n]) of RFC 6962 2.1.1 over leaves [first, first + size).
absl::Status Path(const Reader& reader, uint64_t index, uint64_t first, uint64_t size, Proof& proof) {
  if (size == 1) return absl::OkStatus();
  const uint64_t split = SplitOf(size);
  if (index < split) {
    GW_RETURN_IF_ERROR(Path(reader, index, first, split, proof));
    GW_ASSIGN_OR_RETURN(std::string other, reader.Range(first + split, size - split));
    proof.push_back(std::move(other));
  } else {
    GW_RETURN_IF_ERROR(Path(reader, index - split, first + split, size - split, proof));
    GW_ASSIGN_OR_RETURN(std::string other, reader.Range(first, split));
    proof.push_back(std::move(other));
  }
  return absl::OkStatus();
}

// SUBPROOF(m, D[n], b) of RFC 6962 2.1.2.
absl::Status SubProof(const Reader& reader, uint64_t old_size, uint64_t first, uint64_t size, bool whole,
                      Proof& proof) {
  if (old_size == size) {
    if (!whole) {
      GW_ASSIGN_OR_RETURN(std::string root, reader.Range(first, size));
      proof.push_back(std::move(root));
    }
    return absl::OkStatus();
  }
  const uint64_t split = SplitOf(size);
  if (old_size <= split) {
    GW_RETURN_IF_ERROR(SubProof(reader, old_size, first, split, whole, proof));
    GW_ASSIGN_OR_RETURN(std::string right, reader.Range(first + split, size - split));
    proof.push_back(std::move(right));
  } else {
    GW_RETURN_IF_ERROR(SubProof(reader, old_size - split, first + split, size - split, false, proof));
    GW_ASSIGN_OR_RETURN(std::string left, reader.Range(first, split));
    proof.push_back(std::move(left));
  }
  return absl::OkStatus();
}

}  // namespace

std::string LeafHash(HashBytes hash, std::string_view body) {
  std::string bytes(1, '\x00');
  bytes += body;
  return hash(bytes);
}

std::string NodeHash(HashBytes hash, std::string_view left, std::string_view right) {
  std::string bytes(1, '\x01');
  bytes += left;
  bytes += right;
  return hash(bytes);
}

std::string EmptyRoot(HashBytes hash) { return hash(""); }

absl::StatusOr<Frontier> Frontier::Parse(HashBytes hash, uint64_t size, std::string_view bytes) {
  const size_t count = std::popcount(size);
  if (bytes.size() != count * kHashSize) {
    return Internal(absl::StrFormat("the frontier of %d entries has %d bytes, want %d", size, bytes.size(),
                                    count * kHashSize));
  }
  Frontier frontier(hash);
  frontier.size_ = size;
  for (size_t i = 0; i < count; ++i) frontier.roots_.emplace_back(bytes.substr(i * kHashSize, kHashSize));
  return frontier;
}

void Frontier::Append(std::string_view leaf, const std::function<void(TileRoot)>& completed) {
  std::string root(leaf);
  // Each low bit that is set stands for a subtree as large as what has grown so far.
  int level = 0;
  for (uint64_t rest = size_; (rest & 1) == 1; rest >>= 1) {
    root = NodeHash(hash_, roots_.back(), root);
    roots_.pop_back();
    ++level;
    if (level % kTileHeight == 0 && completed) completed({level, size_ >> level, root});
  }
  roots_.push_back(std::move(root));
  ++size_;
}

std::string Frontier::Root() const {
  if (roots_.empty()) return EmptyRoot(hash_);
  std::string root = roots_.back();
  for (size_t i = roots_.size() - 1; i > 0; --i) root = NodeHash(hash_, roots_[i - 1], root);
  return root;
}

std::string Frontier::Bytes() const {
  std::string bytes;
  for (const std::string& root : roots_) bytes += root;
  return bytes;
}

std::string RootOf(HashBytes hash, std::span<const std::string> leaves) {
  Frontier frontier(hash);
  for (const std::string& leaf : leaves) frontier.Append(leaf);
  return frontier.Root();
}

absl::StatusOr<std::string> RootAt(HashBytes hash, uint64_t size, const ReadHashes& read) {
  if (size == 0) return EmptyRoot(hash);
  return Reader(hash, read).Range(0, size);
}

absl::StatusOr<Proof> InclusionProof(HashBytes hash, uint64_t index, uint64_t size, const ReadHashes& read) {
  if (index >= size) return InvalidField("index", absl::StrFormat("got %d, want less than %d", index, size));
  Proof proof;
  GW_RETURN_IF_ERROR(Path(Reader(hash, read), index, 0, size, proof));
  return proof;
}

absl::StatusOr<Proof> ConsistencyProof(HashBytes hash, uint64_t old_size, uint64_t size,
                                       const ReadHashes& read) {
  if (old_size > size)
    return InvalidField("old_size", absl::StrFormat("got %d, want at most %d", old_size, size));
  Proof proof;
  if (old_size == 0 || old_size == size) return proof;
  GW_RETURN_IF_ERROR(SubProof(Reader(hash, read), old_size, 0, size, true, proof));
  return proof;
}

// RFC 9162, 2.1.3.2.
bool VerifyInclusion(HashBytes hash, std::string_view leaf, uint64_t index, uint64_t size, const Proof& proof,
                     std::string_view root) {
  if (index >= size) return false;
  uint64_t node = index;
  uint64_t last = size - 1;
  std::string computed(leaf);
  for (const std::string& other : proof) {
    if (last == 0 || other.size() != kHashSize) return false;
    if ((node & 1) == 1 || node == last) {
      computed = NodeHash(hash, other, computed);
      while ((node & 1) == 0 && node != 0) {
        node >>= 1;
        last >>= 1;
      }
    } else {
      computed = NodeHash(hash, computed, other);
    }
    node >>= 1;
    last >>= 1;
  }
  return last == 0 && computed == root;
}

// RFC 9162, 2.1.4.2.
bool VerifyConsistency(HashBytes hash, uint64_t old_size, std::string_view old_root, uint64_t size,
                       std::string_view root, const Proof& proof) {
  if (old_size > size) return false;
  if (old_size == size) return proof.empty() && old_root == root;
  if (old_size == 0) return proof.empty() && old_root == EmptyRoot(hash);
  Proof path = proof;
  if (std::has_single_bit(old_size)) path.insert(path.begin(), std::string(old_root));
  if (path.empty()) return false;
  for (const std::string& other : path) {
    if (other.size() != kHashSize) return false;
  }
  uint64_t node = old_size - 1;
  uint64_t last = size - 1;
  while ((node & 1) == 1) {
    node >>= 1;
    last >>= 1;
  }
  std::string old_computed = path[0];
  std::string computed = path[0];
  for (size_t i = 1; i < path.size(); ++i) {
    if (last == 0) return false;
    if ((node & 1) == 1 || node == last) {
      old_computed = NodeHash(hash, path[i], old_computed);
      computed = NodeHash(hash, path[i], computed);
      while ((node & 1) == 0 && node != 0) {
        node >>= 1;
        last >>= 1;
      }
    } else {
      computed = NodeHash(hash, computed, path[i]);
    }
    node >>= 1;
    last >>= 1;
  }
  return last == 0 && old_computed == old_root && computed == root;
}

}  // namespace gridwarden::domain::merkle
