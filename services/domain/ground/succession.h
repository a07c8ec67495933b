#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/id.h"
#include "domain/ground/ground.h"

// What a later list of divisions says about the stored one. Codes are re-used, names are rewritten, places
// move: what is sure is matched, what is not becomes a doubt that somebody decides. Nothing is guessed.
namespace gridwarden::domain {

// The name without the words that only say what kind of place it is: 郭楼 of 郭楼镇 and of 郭楼街道, 文楼 of
// 文楼村民委员会.
std::string_view StemOf(std::string_view name, Level level);
// How much two names have in common, 0 to 1, by the characters of their stems in order.
double LikenessOf(std::string_view a, std::string_view b, Level level);
// Whether one name is the other written differently: the same stem, or at least half of it, counting at least
// one character that is not merely a kind of settlement (庄, 寨, 河 ...).
bool IsSamePlaceName(std::string_view a, std::string_view b, Level level);

// All of one call stand on one level. `region` is what the parent stands under: a move within it can be sure.
struct StandingDivision {
  Uuid id;
  Uuid parent;
  Uuid region;
  std::string code;
  std::string display_name;
};
struct ListedDivision {
  Uuid parent;
  Uuid region;
  std::string code;
  std::string display_name;
};

// Values equal those of grid.v1.DivisionProposal.
enum class DoubtKind : uint8_t { kUnspecified, kVanished, kAppeared, kRenamedOrReplaced };
enum class DoubtReason : uint8_t {
  kUnspecified,
  kSameName,
  kSimilarName,
  kSameCode,
  kSameParent,
  kOtherParent,
  kNameNotUnique,
  kNeighboursMovedThere,
  kNoTrace
};

struct Doubt {
  struct Candidate {
    // MERGE: of the vanished one into the other, or of the other into the one that appeared. SPLIT: off from
    // the other. RENAME: the same place. ABOLISH: it ended. Unspecified: new ground.
    LineageKind kind = LineageKind::kUnspecified;
    int standing = -1;  // at most one of both
    int listed = -1;
    double confidence = 0;
    std::vector<DoubtReason> reasons;
  };
  DoubtKind kind = DoubtKind::kUnspecified;
  int standing = -1;                  // VANISHED, RENAMED_OR_REPLACED
  int listed = -1;                    // APPEARED, RENAMED_OR_REPLACED
  std::vector<Candidate> candidates;  // the likeliest first
};

struct Succession {
  // For each listed division the standing one it is; -1: none of them, so it is new.
  std::vector<int> standing_of;
  std::vector<Doubt> doubts;
  // Parents with rows in the list of whose places so few are found again that the list cannot be meant to be
  // whole: what is missing below them is no doubt.
  std::vector<Uuid> incomplete;
};

// The list covers every parent that has a row in it. A listed division in a doubt RENAMED_OR_REPLACED is
// matched to the standing one with its code; its name waits for the decision.
Succession CompareLists(std::span<const StandingDivision> standing, std::span<const ListedDivision> listed,
                        Level level);

}  // namespace gridwarden::domain
