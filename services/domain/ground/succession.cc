#include "domain/ground/succession.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "absl/container/flat_hash_map.h"

namespace gridwarden::domain {
namespace {

// Longest first. What is left of a name must be at least one character.
constexpr std::string_view kVillageEndings[] = {
    "社区居民委员会", "社区村民委员会", "社区居委会", "社区委员会", "村民委员会", "居民委员会",
    "村民委会",       "村委会",         "居委会",     "委员会",     "社区",       "村"};
constexpr std::string_view kTownshipEndings[] = {"街道办事处", "管理委员会", "民族乡", "管委会", "办事处",
                                                 "街道",       "地区",       "镇",     "乡"};
constexpr std::string_view kCountyEndings[] = {"自治县", "市辖区", "市", "县", "区"};

// Kinds of settlement and of ground: every second village has one of them in its name.
constexpr std::string_view kCommon = "庄村寨楼湾岗营店集屯沟河铺寺庙桥园堂洼坡口塘镇乡区山城";

std::span<const std::string_view> EndingsOf(Level level) {
  switch (level) {
    case Level::kProvince:
    case Level::kCity:
    case Level::kCounty:
      return kCountyEndings;
    case Level::kTownship:
      return kTownshipEndings;
    case Level::kVillage:
    case Level::kGroup:
    case Level::kUnspecified:
      return kVillageEndings;
  }
  return {};
}

std::vector<std::string_view> CharactersOf(std::string_view text) {
  std::vector<std::string_view> characters;
  for (size_t at = 0; at < text.size();) {
    size_t end = at + 1;
    while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) ++end;
    characters.push_back(text.substr(at, end - at));
    at = end;
  }
  return characters;
}

bool IsCommon(std::string_view character) {
  return character.size() > 1 && kCommon.find(character) != std::string_view::npos;
}

struct Shared {
  int characters = 0;  // in order
  bool telling = false;
  int longer = 0;
};

// The longest common subsequence of both stems; names are short.
Shared Compare(std::string_view a, std::string_view b, Level level) {
  const std::vector<std::string_view> left = CharactersOf(StemOf(a, level));
  const std::vector<std::string_view> right = CharactersOf(StemOf(b, level));
  Shared shared{.longer = static_cast<int>(std::max(left.size(), right.size()))};
  std::vector<std::vector<int>> length(left.size() + 1, std::vector<int>(right.size() + 1, 0));
  for (size_t i = 0; i < left.size(); ++i) {
    for (size_t j = 0; j < right.size(); ++j) {
      length[i + 1][j + 1] =
          left[i] == right[j] ? length[i][j] + 1 : std::max(length[i][j + 1], length[i + 1][j]);
      shared.telling = shared.telling || (left[i] == right[j] && !IsCommon(left[i]));
    }
  }
  shared.characters = length[left.size()][right.size()];
  return shared;
}

// Matches names and codes step by step, from the surest on; each step takes only what the steps before have
// left.
class Comparison {
 public:
  Comparison(std::span<const StandingDivision> standing, std::span<const ListedDivision> listed, Level level)
      : standing_(standing), listed_(listed), level_(level), listed_of_(standing.size(), -1) {
    result_.standing_of.assign(listed.size(), -1);
    for (size_t i = 0; i < standing.size(); ++i) {
      by_code_.emplace(standing[i].code, static_cast<int>(i));
    }
    for (const ListedDivision& division : listed) ++listed_below_[division.parent];
  }

  Succession Run() {
    MatchCodes([](const StandingDivision& s, const ListedDivision& l, Level) {
      return s.display_name == l.display_name;
    });
    MatchCodes([](const StandingDivision& s, const ListedDivision& l, Level level) {
      return StemOf(s.display_name, level) == StemOf(l.display_name, level);
    });
    MatchNames([](std::string_view name, Level) { return name; });
    MatchNames([](std::string_view name, Level level) { return StemOf(name, level); });
    MatchCodes([](const StandingDivision& s, const ListedDivision& l, Level level) {
      return s.parent == l.parent && IsSamePlaceName(s.display_name, l.display_name, level);
    });
    MatchMoves();
    DoubtCodes();
    DoubtRest();
    return std::move(result_);
  }

 private:
  bool Free(int s, int l) const { return listed_of_[s] < 0 && result_.standing_of[l] < 0; }
  void Match(int s, int l) {
    listed_of_[s] = l;
    result_.standing_of[l] = s;
  }

  template <typename Same>
  void MatchCodes(Same same) {
    for (size_t l = 0; l < listed_.size(); ++l) {
      const auto found = by_code_.find(listed_[l].code);
      if (found == by_code_.end() || !Free(found->second, static_cast<int>(l))) continue;
      if (same(standing_[found->second], listed_[l], level_)) Match(found->second, static_cast<int>(l));
    }
  }

  // Under one parent, where exactly one on either side has the name, and both are left over.
  template <typename NameOf>
  void MatchNames(NameOf name_of) {
    using Key = std::pair<Uuid, std::string_view>;
    std::map<Key, std::pair<std::vector<int>, std::vector<int>>> named;
    for (size_t s = 0; s < standing_.size(); ++s)
      named[{standing_[s].parent, name_of(standing_[s].display_name, level_)}].first.push_back(
          static_cast<int>(s));
    for (size_t l = 0; l < listed_.size(); ++l)
      named[{listed_[l].parent, name_of(listed_[l].display_name, level_)}].second.push_back(
          static_cast<int>(l));
    for (const auto& [key, both] : named) {
      if (both.first.size() == 1 && both.second.size() == 1 && Free(both.first[0], both.second[0]))
        Match(both.first[0], both.second[0]);
    }
  }

  // The same whole name left over once on either side of one region, under different parents that the list
  // covers both. Sure when nothing else in the region has the name, or when a sure move goes the same way.
  void MatchMoves() {
    using Key = std::pair<Uuid, std::string_view>;
    std::map<Key, std::pair<std::vector<int>, std::vector<int>>> left;
    std::map<Key, int> in_region;
    for (size_t s = 0; s < standing_.size(); ++s) {
      const Key key{standing_[s].region, standing_[s].display_name};
      ++in_region[key];
      if (listed_of_[s] < 0 && listed_below_.contains(standing_[s].parent))
        left[key].first.push_back(static_cast<int>(s));
    }
    for (size_t l = 0; l < listed_.size(); ++l) {
      if (result_.standing_of[l] < 0)
        left[{listed_[l].region, listed_[l].display_name}].second.push_back(static_cast<int>(l));
    }
    std::vector<std::pair<int, int>> unsure;
    for (const auto& [key, both] : left) {
      if (key.first.IsNil() || both.first.size() != 1 || both.second.size() != 1) continue;
      const int s = both.first[0], l = both.second[0];
      if (standing_[s].parent == listed_[l].parent) continue;
      if (in_region[key] > 1) {
        unsure.emplace_back(s, l);
        continue;
      }
      Match(s, l);
      ways_.insert({standing_[s].parent, listed_[l].parent});
    }
    for (const auto& [s, l] : unsure) {
      if (ways_.contains({standing_[s].parent, listed_[l].parent})) Match(s, l);
    }
  }

  // A code that carries another name and whose neither name is found elsewhere.
  void DoubtCodes() {
    for (size_t i = 0; i < listed_.size(); ++i) {
      const int l = static_cast<int>(i);
      const auto found = by_code_.find(listed_[i].code);
      if (found == by_code_.end() || !Free(found->second, l)) continue;
      const int s = found->second;
      const double likeness = LikenessOf(standing_[s].display_name, listed_[i].display_name, level_);
      Match(s, l);
      Doubt doubt{.kind = DoubtKind::kRenamedOrReplaced, .standing = s, .listed = l};
      Doubt::Candidate renamed{.kind = LineageKind::kRename,
                               .confidence = 0.6 + 0.3 * likeness,
                               .reasons = {DoubtReason::kSameCode}};
      if (likeness > 0) renamed.reasons.push_back(DoubtReason::kSimilarName);
      doubt.candidates.push_back(std::move(renamed));
      doubt.candidates.push_back({.kind = LineageKind::kAbolish,
                                  .confidence = 0.3 - 0.2 * likeness,
                                  .reasons = {DoubtReason::kNoTrace}});
      result_.doubts.push_back(std::move(doubt));
    }
  }

  void DoubtRest() {
    std::map<Uuid, std::vector<int>> standing_below, listed_below;
    absl::flat_hash_map<Uuid, int> found_again;
    for (size_t s = 0; s < standing_.size(); ++s) {
      standing_below[standing_[s].parent].push_back(static_cast<int>(s));
      found_again[standing_[s].parent] += listed_of_[s] >= 0 ? 1 : 0;
    }
    for (size_t l = 0; l < listed_.size(); ++l)
      listed_below[listed_[l].parent].push_back(static_cast<int>(l));
    for (const auto& [parent, rows] : listed_below) {
      const auto stood = standing_below.find(parent);
      if (stood == standing_below.end()) continue;  // the first list of what stands there
      constexpr size_t kFew = 3;
      const bool whole = stood->second.size() <= kFew ||
                         2 * static_cast<size_t>(found_again[parent]) >= stood->second.size();
      if (!whole) result_.incomplete.push_back(parent);
      // So many more than ever stood there: it was what is stored that was not the whole list.
      const bool known = rows.size() <= kFew || rows.size() <= 2 * stood->second.size();
      for (const int s : stood->second) {
        if (whole && listed_of_[s] < 0) result_.doubts.push_back(Vanished(s, stood->second, rows));
      }
      for (const int l : rows) {
        if (known && result_.standing_of[l] < 0) result_.doubts.push_back(Appeared(l, stood->second));
      }
    }
  }

  Doubt Vanished(int s, const std::vector<int>& siblings, const std::vector<int>& rows) const {
    Doubt doubt{.kind = DoubtKind::kVanished, .standing = s};
    const StandingDivision& gone = standing_[s];
    for (const int l : rows) {
      if (result_.standing_of[l] < 0)
        AddAlike(gone, listed_[l].display_name, {.listed = l}, 0.3, 0.6, false, doubt);
    }
    for (const int other : siblings) {
      if (listed_of_[other] >= 0)
        AddAlike(gone, standing_[other].display_name, {.standing = other}, 0.1, 0.4, true, doubt);
    }
    for (size_t l = 0; l < listed_.size(); ++l)
      AddElsewhere(s, static_cast<int>(l), {.listed = static_cast<int>(l)}, doubt);
    doubt.candidates.push_back(
        {.kind = LineageKind::kAbolish, .confidence = 0.1, .reasons = {DoubtReason::kNoTrace}});
    return Sorted(std::move(doubt));
  }

  void AddAlike(const StandingDivision& gone, std::string_view name, Doubt::Candidate candidate, double base,
                double weight, bool only_alike, Doubt& doubt) const {
    const double likeness = LikenessOf(gone.display_name, name, level_);
    if (only_alike && likeness == 0) return;
    candidate.kind = LineageKind::kMerge;
    candidate.confidence = base + weight * likeness;
    candidate.reasons = {DoubtReason::kSameParent};
    if (likeness > 0) candidate.reasons.push_back(DoubtReason::kSimilarName);
    doubt.candidates.push_back(std::move(candidate));
  }

  // One that is left over here and one that is left over under another parent, with names that may be one:
  // not sure enough for a move.
  void AddElsewhere(int s, int l, Doubt::Candidate candidate, Doubt& doubt) const {
    const StandingDivision& from = standing_[s];
    const ListedDivision& to = listed_[l];
    if (!Free(s, l) || from.parent == to.parent || !listed_below_.contains(from.parent)) return;
    const bool same = from.display_name == to.display_name;
    if (!same && (from.region != to.region || !IsSamePlaceName(from.display_name, to.display_name, level_)))
      return;
    candidate.kind = LineageKind::kMerge;
    candidate.confidence = same ? (from.region == to.region ? 0.6 : 0.4) : 0.3;
    candidate.reasons = {same ? DoubtReason::kSameName : DoubtReason::kSimilarName,
                         DoubtReason::kOtherParent};
    if (same) candidate.reasons.push_back(DoubtReason::kNameNotUnique);
    if (ways_.contains({from.parent, to.parent})) {
      candidate.confidence += 0.3;
      candidate.reasons.push_back(DoubtReason::kNeighboursMovedThere);
    }
    doubt.candidates.push_back(std::move(candidate));
  }

  Doubt Appeared(int l, const std::vector<int>& siblings) const {
    Doubt doubt{.kind = DoubtKind::kAppeared, .listed = l};
    const std::string& name = listed_[l].display_name;
    for (const int s : siblings) {
      const double likeness = LikenessOf(standing_[s].display_name, name, level_);
      const bool gone = listed_of_[s] < 0;
      if (likeness == 0 && !gone) continue;
      Doubt::Candidate candidate{.kind = gone ? LineageKind::kMerge : LineageKind::kSplit,
                                 .standing = s,
                                 .confidence = (gone ? 0.3 : 0.2) + (gone ? 0.6 : 0.4) * likeness,
                                 .reasons = {DoubtReason::kSameParent}};
      if (likeness > 0) candidate.reasons.push_back(DoubtReason::kSimilarName);
      doubt.candidates.push_back(std::move(candidate));
    }
    for (size_t s = 0; s < standing_.size(); ++s)
      AddElsewhere(static_cast<int>(s), l, {.standing = static_cast<int>(s)}, doubt);
    doubt.candidates.push_back({.confidence = 0.25, .reasons = {DoubtReason::kNoTrace}});
    return Sorted(std::move(doubt));
  }

  // The likeliest few; the last resort of a doubt stays in it.
  static Doubt Sorted(Doubt doubt) {
    constexpr size_t kCandidatesMax = 6;
    const Doubt::Candidate last_resort = doubt.candidates.back();
    doubt.candidates.pop_back();
    std::stable_sort(doubt.candidates.begin(), doubt.candidates.end(),
                     [](const auto& a, const auto& b) { return a.confidence > b.confidence; });
    if (doubt.candidates.size() >= kCandidatesMax) doubt.candidates.resize(kCandidatesMax - 1);
    doubt.candidates.push_back(last_resort);
    std::stable_sort(doubt.candidates.begin(), doubt.candidates.end(),
                     [](const auto& a, const auto& b) { return a.confidence > b.confidence; });
    return doubt;
  }

  const std::span<const StandingDivision> standing_;
  const std::span<const ListedDivision> listed_;
  const Level level_;
  std::vector<int> listed_of_;
  absl::flat_hash_map<std::string_view, int> by_code_;
  absl::flat_hash_map<Uuid, int> listed_below_;
  std::set<std::pair<Uuid, Uuid>> ways_;
  Succession result_;
};

}  // namespace

std::string_view StemOf(std::string_view name, Level level) {
  bool again = true;
  while (again) {
    again = false;
    for (const std::string_view ending : EndingsOf(level)) {
      if (name.size() <= ending.size() || !name.ends_with(ending)) continue;
      name.remove_suffix(ending.size());
      again = true;
      break;
    }
  }
  return name;
}

double LikenessOf(std::string_view a, std::string_view b, Level level) {
  const Shared shared = Compare(a, b, level);
  return shared.longer == 0 ? 0 : static_cast<double>(shared.characters) / shared.longer;
}

bool IsSamePlaceName(std::string_view a, std::string_view b, Level level) {
  if (StemOf(a, level) == StemOf(b, level)) return true;
  const Shared shared = Compare(a, b, level);
  return shared.telling && 2 * shared.characters >= shared.longer;
}

Succession CompareLists(std::span<const StandingDivision> standing, std::span<const ListedDivision> listed,
                        Level level) {
  return Comparison(standing, listed, level).Run();
}

}  // namespace gridwarden::domain
