#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "domain/sync/claimed_time.h"

// The log of a phone: numbers without gaps, each operation naming the one before. A gap shows that something
// was deleted or has not come; a fork shows a copied phone. Both are for people to look at, never refusals.
namespace gridwarden::domain {

// Numbers that have not come while later ones have; both included.
struct SeqGap {
  int64_t from = 0, to = 0;
  friend bool operator==(const SeqGap&, const SeqGap&) = default;
};

// What is known of the numbers of a phone.
struct SeqLog {
  int64_t last = 0;          // the highest that came
  std::vector<SeqGap> gaps;  // below it, in order, apart from each other

  // All up to this one came.
  int64_t Contiguous() const { return gaps.empty() ? last : gaps.front().from - 1; }
  int64_t Missing() const;
};

// Beyond so many the numbers of a phone say nothing any more: no further gap is kept.
inline constexpr size_t kGapsMax = 1000;

// Takes in one more number.
void TakeSeq(SeqLog& log, int64_t seq);

// How an operation hangs on those that came before it.
struct ChainLink {
  bool gap = false;
  bool fork = false;
};
// `prev_hash` is what it names; `before` the hash of the number before, if that came; `after_names` what the
// number after names, if that came; `twin` whether another operation has the same number.
ChainLink LinkOf(int64_t seq, std::string_view prev_hash, std::string_view hash,
                 const std::optional<std::string>& before, const std::optional<std::string>& after_names,
                 bool twin);

// A place and when somebody was there.
struct Fix {
  double longitude = 0, latitude = 0;
  absl::Time at;
};
// What two neighbouring fixes of a phone say: the very same coordinates, or a speed that no car has.
OperationFlags CompareFixes(const Fix& before, const Fix& now);

}  // namespace gridwarden::domain
