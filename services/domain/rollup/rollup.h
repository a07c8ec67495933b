#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "base/id.h"
#include "domain/rollup/fact.h"

// The counters of a board: every fact is counted in its division and in all above it, as its path has them,
// so that a parent is the sum of its children by construction. A division that moved has a cell for each
// division it stood under: what happened while it stood there stays there. Nothing in a cell depends on the
// time: "overdue" is asked of the due times.
namespace gridwarden::domain {

// The due times of open work, as a multiset that answers "how many before t" exactly: whole hours are summed,
// the hour of t is searched. About 20 us for a hundred days of hours.
class DueTimes {
 public:
  void Add(int64_t due_us, int64_t n);
  int64_t Before(int64_t us) const;
  int64_t size() const { return size_; }
  bool operator==(const DueTimes&) const = default;
  void ForEach(const std::function<void(int64_t due_us, int64_t n)>& each) const;

 private:
  struct Hour {
    int64_t total = 0;
    std::vector<std::pair<int64_t, int64_t>> times;  // (due, count), sorted; counts never 0
    bool operator==(const Hour&) const = default;
  };
  absl::btree_map<int64_t, Hour> hours_;
  int64_t size_ = 0;
};

struct Cell {
  Counts counts{};
  DueTimes due;
  bool operator==(const Cell&) const = default;
};

// What a row of the board shows. Linear in the facts, so rows may be added and taken from each other.
struct Numbers {
  Counts counts{};
  int64_t due_today = 0;
  int64_t overdue = 0;

  int64_t Get(Count count) const { return counts[static_cast<int>(count)]; }
  int64_t State(CaseFactState state) const {
    return counts[static_cast<int>(Count::kState) + static_cast<int>(state)];
  }
  int64_t Cases() const;
  int64_t Open() const;
  int64_t Of(Measure measure) const;
  bool IsZero() const { return *this == Numbers(); }
  Numbers& operator+=(const Numbers& other);
  Numbers& operator-=(const Numbers& other);
  bool operator==(const Numbers&) const = default;
};

Numbers NumbersOf(const Cell& cell, const Instant& at);

// One cell in which two rollups differ.
struct CellDifference {
  Uuid division;
  std::string category;
  std::string what;
  int64_t left = 0;
  int64_t right = 0;
};

class Rollup {
 public:
  Rollup() = default;
  // Keeps only the cells of these divisions.
  explicit Rollup(absl::flat_hash_set<Uuid> only) : only_(std::move(only)) {}

  // Counts a fact in (n = 1) or out (n = -1), in every division of its path.
  void Add(const Fact& fact, int64_t n);
  // The same for saved counters: n of one count, and n open works due then.
  void AddCount(std::string_view path, std::string_view category, int count, int64_t n);
  void AddDue(std::string_view path, std::string_view category, int64_t due_us, int64_t n);

  // The numbers of a division, wherever it stood; an empty list of categories = all. Zero for a division
  // without facts.
  Numbers Read(const Uuid& division, const std::vector<std::string>& categories, const Instant& at) const;
  // Only what was counted while it stood right under `parent` (nil: at the top).
  Numbers ReadUnder(const Uuid& parent, const Uuid& division, const std::vector<std::string>& categories,
                    const Instant& at) const;
  // A copy of the cells of these divisions only.
  Rollup Slice(const absl::flat_hash_set<Uuid>& divisions) const;
  // Codes of all categories seen, sorted.
  std::vector<std::string> Categories() const;

  // Every cell that differs, in the order of divisions and categories.
  static std::vector<CellDifference> Compare(const Rollup& left, const Rollup& right);

 private:
  // A division under the one it stood under.
  struct Edge {
    Uuid parent;
    Uuid division;
  };
  // (edge, category); every edge also has one cell for all categories together, so that the usual board reads
  // one a division.
  using Key = std::pair<int, int>;
  static constexpr int kAll = -1;
  std::string CodeOf(const Key& key) const;
  int CategoryOf(std::string_view category);
  int EdgeOf(const Uuid& parent, const Uuid& division);
  Numbers ReadEdge(int edge, const std::vector<std::string>& categories, const Instant& at) const;
  template <typename Do>
  void ForCells(std::string_view path, std::string_view category, Do act);

  std::optional<absl::flat_hash_set<Uuid>> only_;
  std::vector<std::string> categories_;
  absl::flat_hash_map<std::string, int> category_by_code_;
  std::vector<Edge> edges_;
  absl::flat_hash_map<Uuid, std::vector<int>> edges_by_division_;  // nearly always one
  absl::flat_hash_map<Key, Cell> cells_;
};

// Ids of a path, top first.
std::vector<Uuid> IdsOfPath(std::string_view path);

}  // namespace gridwarden::domain
