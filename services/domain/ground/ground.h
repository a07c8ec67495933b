#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "base/id.h"

// The ground, the posts on it and who held them, as one immutable value in memory: permission and
// responsibility are look-ups here, never queries. Intervals are half-open; an open end is
// absl::InfiniteFuture().
namespace gridwarden::domain {

// Values equal those of grid.v1.
enum class Level : uint8_t { kUnspecified, kProvince, kCity, kCounty, kTownship, kVillage, kGroup };
enum class PostKind : uint8_t {
  kUnspecified,
  kGridLeader,
  kGridOfficer,
  kPatrolOfficer,
  kSupervisionOfficer,
  kCampaignOffice,
  kUnitHandler,
  kEnforcement,
  kDiscipline,
  kFirstGridLeader,
  kTownshipHead,
  kVillageHead,
  kRoadChief,
  kGridInspector
};
enum class Regime : uint8_t { kUnspecified, kGeneral, kSmallPolluter, kRoad, kSite };
enum class Responsibility : uint8_t { kUnspecified, kNone, kFirst, kDirectLeadership, kLeadership, kOverall };
enum class TenureKind : uint8_t { kUnspecified, kFormal, kActing };

// "CITY", "GRID_LEADER" ...: the names of the proto's values.
std::string_view NameOf(Level level);
std::string_view NameOf(PostKind kind);
std::string_view NameOf(Regime regime);
std::string_view NameOf(Responsibility responsibility);
std::optional<Level> ParseLevel(std::string_view name);
std::optional<PostKind> ParsePostKind(std::string_view name);
std::optional<Regime> ParseRegime(std::string_view name);

// "divisions/code:..." and paths are spellings for people; the canonical code of a level is unpadded (2, 4,
// 6, 9, 12 digits). Answers the unpadded form of a 12-digit padded code of `level`, or the code itself when
// it is no such thing.
std::string CanonicalCode(std::string_view code, Level level);

struct Interval {
  absl::Time from = absl::InfinitePast();
  absl::Time to = absl::InfiniteFuture();
  bool Contains(absl::Time t) const { return from <= t && t < to; }
  bool Overlaps(const Interval& other) const { return from < other.to && other.from < to; }
};

struct DivisionCode {
  std::string code;
  Interval valid;
};

struct Division {
  Uuid id;
  Uuid parent;  // nil for the top
  Level level = Level::kUnspecified;
  std::string display_name;
  std::vector<DivisionCode> codes;
  Interval valid;
  bool statistical = false;
  bool has_boundary = false;
  uint64_t revision = 0;
};

struct Person {
  Uuid id;
  std::string display_name;
  uint64_t revision = 0;
};

struct Unit {
  Uuid id;
  std::string display_name;
  std::vector<std::string> aliases;
  Uuid division;
  uint64_t revision = 0;
};

struct Post {
  Uuid id;
  PostKind kind = PostKind::kUnspecified;
  Regime regime = Regime::kGeneral;
  Responsibility responsibility = Responsibility::kNone;
  Uuid division;  // exactly one of division and unit
  Uuid unit;
  int ordinal = 1;
  Interval valid;
  uint64_t revision = 0;
};

struct Tenure {
  Uuid id;
  Uuid post;
  Uuid person;
  TenureKind kind = TenureKind::kFormal;
  Interval valid;
  absl::Time recorded;
  absl::Time revoked = absl::InfiniteFuture();
  std::string document_no;
  uint64_t revision = 0;
};

// Whether the record stood at `known`: made by then and not yet withdrawn. InfiniteFuture asks about today's
// knowledge.
inline bool StoodAt(const Tenure& tenure, absl::Time known) {
  return tenure.recorded <= known && (known < tenure.revoked || tenure.revoked == absl::InfiniteFuture());
}

// One link of the chain of responsibility; `tenure` is null when the post was vacant.
struct Link {
  const Division* division = nullptr;
  const Post* post = nullptr;
  const Tenure* tenure = nullptr;
};

// A post somebody holds.
struct Holding {
  const Post* post = nullptr;
  const Tenure* tenure = nullptr;
};

class Ground {
 public:
  Ground() = default;
  Ground(std::vector<Division> divisions, std::vector<Post> posts, std::vector<Tenure> tenures,
         std::vector<Person> persons, std::vector<Unit> units);
  Ground(const Ground&) = delete;
  Ground& operator=(const Ground&) = delete;

  const Division* FindDivision(const Uuid& id) const;
  // Accepts "divisions/{uuid}", "{uuid}", "divisions/code:{code}[@YYYY-MM-DD]", a bare code (padded or not)
  // and a path of names
  // ("驻马店市/遂平县", from any level, as long as it is unambiguous).
  // Null when it means nothing, or more than one division at `at`.
  const Division* FindDivisionBySpelling(std::string_view spelling, absl::Time at) const;
  // Every division the spelling could mean at `at`, for the words of an error.
  std::vector<const Division*> DivisionsBySpelling(std::string_view spelling, absl::Time at) const;
  const Post* FindPost(const Uuid& id) const;
  const Tenure* FindTenure(const Uuid& id) const;
  const Person* FindPerson(const Uuid& id) const;
  const Unit* FindUnit(const Uuid& id) const;

  const std::vector<Division>& divisions() const { return divisions_; }
  const std::vector<Post>& posts() const { return posts_; }
  const std::vector<Tenure>& tenures() const { return tenures_; }
  const std::vector<Person>& persons() const { return persons_; }
  const std::vector<Unit>& units() const { return units_; }

  std::vector<const Division*> ChildrenOf(const Uuid& id) const;   // nil: the tops
  std::vector<const Division*> AncestorsOf(const Uuid& id) const;  // itself first, the top last
  bool IsWithin(const Uuid& id, const Uuid& ancestor) const;       // true for itself
  // Ids from the top down to this, 16 bytes each: what rows store so that a subtree is a range of keys.
  std::string PathKey(const Uuid& id) const;
  std::string PathName(const Uuid& id) const;  // "驻马店市/遂平县/灈阳街道"

  std::vector<const Post*> PostsAt(const Uuid& division) const;
  std::vector<const Post*> PostsOfUnit(const Uuid& unit) const;
  // Everything ever recorded of a post or a person, withdrawn records included.
  std::vector<const Tenure*> TenuresOfPost(const Uuid& post) const;
  std::vector<const Tenure*> TenuresOfPerson(const Uuid& person) const;
  // Who held the post at `at`, as known at `known`: the acting holder before the formal one. Null when
  // vacant, and when the post itself did not exist then. `known` = InfiniteFuture is everything known today.
  const Tenure* HolderOf(const Uuid& post, absl::Time at, absl::Time known) const;
  // The posts a person held at `at`, as known at `known`.
  std::vector<Holding> HoldingsOf(const Uuid& person, absl::Time at, absl::Time known) const;
  // Where a post stands: its division, or its unit's.
  Uuid DivisionOf(const Post& post) const;

  // The whole chain from the division up, per level: the posts of the GENERAL regime and of `regime`, with
  // who held them at `at` as known at `known`; vacancies marked, never skipped.
  std::vector<Link> ResolveResponsible(const Uuid& division, Regime regime, absl::Time at,
                                       absl::Time known) const;

 private:
  std::vector<Division> divisions_;
  std::vector<Post> posts_;
  std::vector<Tenure> tenures_;
  std::vector<Person> persons_;
  std::vector<Unit> units_;
  absl::flat_hash_map<Uuid, int32_t> division_by_id_, post_by_id_, tenure_by_id_, person_by_id_, unit_by_id_;
  absl::flat_hash_map<Uuid, std::vector<int32_t>> children_, posts_by_division_, posts_by_unit_,
      tenures_by_post_, tenures_by_person_;
  absl::flat_hash_map<std::string, std::vector<int32_t>> divisions_by_code_, divisions_by_name_;
};

}  // namespace gridwarden::domain
